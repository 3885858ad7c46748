"""Erasing one customer: first nothing more is asked of them, then nothing of them is left but numbers, and their wish to be left alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import bindparam, delete, or_, select, update

from ratings.lifecycle import erased
from ratings.store.audit import note_change
from ratings.store.erasing import ERASED, OF_JOBS, clear_index, erase_jobs, erase_on_disk, erase_person, erase_words
from ratings.store.forgotten import hashing_key, name_hash, remember_wishes
from ratings.store.loading import Invitations
from ratings.store.schema import (
    addresses,
    customers,
    deliveries,
    held_texts,
    idempotency_keys,
    invitations,
    jobs,
    unreadable_events,
)
from ratings.store.unit import Row, Unit
from ratings.store.writer import IDS_PER_OPERATION, Operation
from ratings.ticket import place_key
from ratings.times import Instant

Place = tuple[str, str]

_IDS: Any = bindparam("ids", expanding=True)
_NAMED = select(invitations.c.id).where(invitations.c.customer.in_(bindparam("names", expanding=True)))
_JOBS = select(jobs).where(*OF_JOBS).order_by(jobs.c.id)
_MESSAGES = select(jobs).where(jobs.c.id.in_(_IDS)).order_by(jobs.c.id)
_DROP = (
    update(jobs).where(jobs.c.id == bindparam("of")).values(state="dropped", error=ERASED, finished_at=bindparam("at"))
)
_PLACE = (addresses.c.account == bindparam("of_account"), addresses.c.address == bindparam("of_address"))
_ADDRESS = select(addresses).where(*_PLACE)
_ADDRESS_GONE = delete(addresses).where(
    addresses.c.account == bindparam("of_account"),
    or_(addresses.c.address == bindparam("of_address"), addresses.c.moved_to == bindparam("of_address")),
)
_HELD_GONE = delete(held_texts).where(
    held_texts.c.account == bindparam("of_account"), held_texts.c.address == bindparam("of_address")
)
_CUSTOMERS = select(customers).where(customers.c.customer.in_(bindparam("names", expanding=True)))
_CUSTOMERS_GONE = delete(customers).where(customers.c.customer.in_(bindparam("names", expanding=True)))
_REPLIES = update(deliveries).where(deliveries.c.id.in_(_IDS)).values(reply=None, problem=None)
_UNREADABLE_GONE = delete(unreadable_events).where(
    unreadable_events.c.account == bindparam("of_account"), unreadable_events.c.event_id == bindparam("of_event")
)
_ANSWER_GONE = delete(idempotency_keys).where(
    idempotency_keys.c.api_key == bindparam("of_key"),
    idempotency_keys.c.path == bindparam("of_path"),
    idempotency_keys.c.key == bindparam("of_name"),
)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many tickets were erased, how many askings were cancelled first, how many messages are on their way just now.

    While one is, nothing was erased: its answer still belongs somewhere. Do it again when it has come.
    """

    tickets: int
    cancelled: int
    in_hand: int


@dataclass(frozen=True, slots=True)
class EraseCustomer(Operation[Erased]):
    """Erase a customer who was found: tickets, names and addresses, and the rows that are no ticket's.

    `how` says by what they were looked for and `name` is all of that: the audit log keeps a keyed hash of it.
    """

    tickets: frozenset[int]
    names: frozenset[str]
    places: frozenset[Place]
    messages: tuple[int, ...]
    deliveries: tuple[int, ...]
    unreadable: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str, str], ...]
    how: str
    name: str
    by: str

    order: ClassVar[int] = 70

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["EraseCustomer"]) -> Sequence[Erased]:
        """Erase one after another."""
        return [_erase(unit, operation) for operation in operations]

    def ids_wanted(self) -> int:
        """An event and a job for each asking that is cancelled."""
        return 4 * len(self.tickets) + IDS_PER_OPERATION


def _erase(unit: Unit, wanted: EraseCustomer) -> Erased:
    erase_on_disk(unit)
    # What was reported between the search and now is theirs as well.
    now_theirs = {row.id for row in unit.rows(_NAMED, {"names": sorted(wanted.names)})}
    ids = sorted(wanted.tickets | now_theirs)
    messages = {"ids": list(wanted.messages)}
    dropped = cancel_and_drop(unit, ids, unit.rows(unit.lock(_MESSAGES), messages), wanted.places)
    if dropped.in_hand:
        return dropped
    forget_people(unit, wanted.names, wanted.places)
    erase_words(unit, ids)
    clear_index(unit)
    erase_person(unit, ids)
    erase_jobs(unit, unit.rows(_MESSAGES, messages))
    _forget_rest(unit, wanted)
    after = {"found_by": wanted.how, "tickets": len(ids), "cancelled": dropped.cancelled}
    note_change(unit, wanted.by, ERASED, "customer", customer_mark(unit, wanted.name), after=after)
    return Erased(len(ids), dropped.cancelled, 0)


def cancel_and_drop(
    unit: Unit, ids: Sequence[int], messages: Sequence[Any] = (), places: Iterable[Place] = ()
) -> Erased:
    """Ask nothing more by invitations, and drop their jobs and `messages` that wait. What is on its way is counted.

    All that is about to be erased is locked in the order that everybody keeps: jobs, `places`, invitations.
    """
    theirs = [*unit.rows(unit.lock(_JOBS), {"ids": list(ids)}), *messages]
    if unit.is_postgresql:
        for account, address in sorted(places):
            unit.rows(unit.lock(_ADDRESS), {"of_account": account, "of_address": address})
    cancelled = _cancel(unit, ids)
    # Cancelling may have made jobs: they are dropped with the others.
    made = unit.rows(_JOBS, {"ids": list(ids)})
    due = {row.id for row in (*theirs, *made) if row.state == "due"}
    unit.many(_DROP, [{"of": number, "at": unit.now} for number in sorted(due)])
    return Erased(0, cancelled, sum(row.state == "leased" for row in theirs))


def _cancel(unit: Unit, ids: Sequence[int]) -> int:
    known = Invitations(unit)
    known.load(ids)
    cancelled = 0
    for loaded in known.loaded.values():
        step = erased(loaded.invitation)
        cancelled += step.invitation is not loaded.invitation
        known.take(loaded, step, by=ERASED)
    known.store()
    return cancelled


def forget_people(unit: Unit, names: Iterable[str], places: Iterable[Place]) -> None:
    """Forget addresses, and customers by their names, but for their wishes to be left alone: these are kept under hashes."""
    names, places = sorted(names), sorted(places)
    wishes: dict[str, tuple[Instant | None, Instant | None]] = {
        row.customer: (row.opted_out_at, row.resting_until) for row in unit.rows(_CUSTOMERS, {"names": names})
    }
    for account, address in places:
        for row in unit.rows(_ADDRESS, {"of_account": account, "of_address": address}):
            out, resting = wishes.get(place_key(account, address), (None, None))
            wishes[place_key(account, address)] = (out if row.opted_out_at is None else row.opted_out_at, resting)
    remember_wishes(unit, wishes)
    for account, address in places:
        place: Row = {"of_account": account, "of_address": address}
        unit.connection.execute(_ADDRESS_GONE, place)
        unit.connection.execute(_HELD_GONE, place)
    unit.connection.execute(_CUSTOMERS_GONE, {"names": names})


def _forget_rest(unit: Unit, wanted: EraseCustomer) -> None:
    """Forget what is no ticket's: what subscribers answered, requests that nobody could read, answers to requests."""
    unit.connection.execute(_REPLIES, {"ids": list(wanted.deliveries)})
    for account, event_id in wanted.unreadable:
        unit.connection.execute(_UNREADABLE_GONE, {"of_account": account, "of_event": event_id})
    for api_key, path, key in wanted.answers:
        unit.connection.execute(_ANSWER_GONE, {"of_key": api_key, "of_path": path, "of_name": key})


@dataclass(frozen=True, slots=True)
class NoteExport(Operation[None]):
    """Note that what is known of a customer was given out."""

    how: str
    name: str
    tickets: int
    by: str

    order: ClassVar[int] = 71

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["NoteExport"]) -> Sequence[None]:
        """Note each."""
        for each in operations:
            after = {"found_by": each.how, "tickets": each.tickets}
            note_change(unit, each.by, "exported", "customer", customer_mark(unit, each.name), after=after)
        return [None] * len(operations)


def customer_mark(unit: Unit, name: str) -> str:
    """Return by what the audit log tells customers apart without naming them."""
    return name_hash(hashing_key(unit), name)[:12]
