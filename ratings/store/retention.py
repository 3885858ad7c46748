"""Erasing what is older than it is to be kept, a portion a transaction; and what would be erased by other periods."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, Integer, bindparam, delete, func, literal_column, select

from ratings.lifecycle import JobKind
from ratings.retention import SETTING, Retention, change_retention, read_retention
from ratings.store.erasing import clear_index, erase_jobs, erase_on_disk, erase_person, erase_words
from ratings.store.erasure import Place, cancel_and_drop, forget_people
from ratings.store.people_tables import audit, settings
from ratings.store.schema import comments, inbound_events, invitations, jobs
from ratings.store.settings import SaveSetting, load_setting, lock_setting, save_setting
from ratings.store.unit import Unit
from ratings.store.writer import IDS_PER_OPERATION, Operation
from ratings.times import DAY, MINUTE, Duration, Instant

PORTION = 300
"""Tickets erased in one transaction: others wait for it."""

LATE: Duration = 10 * MINUTE
"""How much later than its instant a decision may become visible: what another process is writing just now."""

_MARK = "retention_mark"
"""Among the settings: up to which decision everything is erased. Who looks begins there, and not at the first of all."""

_OLD = (
    select(
        invitations.c.id, invitations.c.decided_at, invitations.c.customer, invitations.c.account, invitations.c.address
    )
    .where(
        invitations.c.decided_at >= bindparam("since"),
        invitations.c.decided_at < bindparam("before"),
        invitations.c.erased_at.is_(None),
    )
    .order_by(invitations.c.decided_at, invitations.c.id)
    .limit(bindparam("most", type_=Integer))
)
_OLD_WORDS = (
    select(comments.c.invitation_id)
    .where(comments.c.at < bindparam("before"))
    .order_by(comments.c.at)
    .limit(bindparam("most", type_=Integer))
)
_OLD_AUDIT = (
    select(audit.c.id)
    .where(audit.c.at < bindparam("before"))
    .order_by(audit.c.id)
    .limit(bindparam("most", type_=Integer))
)
_OLD_MESSAGES = (
    select(jobs.c.id, jobs.c.error)
    .where(
        jobs.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")]),
        jobs.c.kind.in_([JobKind.NOTICE.value, JobKind.TEST.value]),
        jobs.c.finished_at < bindparam("before"),
        jobs.c.address != "",
    )
    .limit(bindparam("most", type_=Integer))
)
_SOMEWHERE = select(invitations.c.id).where(
    invitations.c.account == bindparam("account"), invitations.c.address == bindparam("address")
)
_SOMEBODY = select(invitations.c.customer).where(invitations.c.customer.in_(bindparam("names", expanding=True)))


def load_retention(connection: Connection) -> Retention:
    """Return the periods that are set."""
    return read_retention(load_setting(connection, SETTING))


@dataclass(frozen=True, slots=True)
class SetRetention(Operation[Retention]):
    """Set the periods that `changes` names, by `ratings.retention`'s names; returns all as they are now. Raises InvalidInput."""

    changes: Mapping[str, int | None]
    by: str

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SetRetention"]) -> Sequence[Retention]:
        """Set one after another."""
        return [_set(unit, operation) for operation in operations]


def _set(unit: Unit, operation: SetRetention) -> Retention:
    periods = change_retention(read_retention(lock_setting(unit, SETTING, operation.by)), operation.changes)
    save_setting(unit, SaveSetting(SETTING, periods.to_dict(), operation.by))
    return periods


@dataclass(frozen=True, slots=True)
class ApplyRetention(Operation[int]):
    """Erase a portion of what is older than it is to be kept. Returns how many rows were: 0 when all is done."""

    order: ClassVar[int] = 91

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ApplyRetention"]) -> Sequence[int]:
        """Do it once, whoever asked."""
        return [_apply(unit)] * len(operations)

    def ids_wanted(self) -> int:
        """An event and a job for each asking that is cancelled."""
        return 4 * PORTION + IDS_PER_OPERATION


def _apply(unit: Unit) -> int:
    periods = load_retention(unit.connection)
    gone = 0
    if periods.personal_data_days is not None:
        erase_on_disk(unit)
        gone += _erase_people(unit, unit.now - periods.personal_data_days * DAY)
    if periods.comments_days is not None:
        erase_on_disk(unit)
        before = {"before": unit.now - periods.comments_days * DAY, "most": PORTION}
        ids = sorted({row.invitation_id for row in unit.rows(_OLD_WORDS, before)})
        if ids:
            erase_words(unit, ids)
        gone += len(ids)
    if 0 < gone < PORTION:
        clear_index(unit)  # once, and not after each portion
    if periods.audit_days is not None:
        before = {"before": unit.now - periods.audit_days * DAY, "most": PORTION}
        old = [row.id for row in unit.rows(_OLD_AUDIT, before)]
        if old:
            unit.connection.execute(delete(audit).where(audit.c.id.in_(old)))
        gone += len(old)
    return gone


def _erase_people(unit: Unit, before: Instant) -> int:
    messages = unit.rows(_OLD_MESSAGES, {"before": before, "most": PORTION})
    erase_jobs(unit, messages)
    rows = unit.rows(_OLD, {"since": _mark(unit), "before": before, "most": PORTION})
    ids = sorted(row.id for row in rows)
    if ids:
        if cancel_and_drop(unit, ids, places=_places(rows)).in_hand:
            return len(messages)  # a message is on its way: the next look erases them
        erase_words(unit, ids)
        erase_person(unit, ids)
        _forget_unknown(unit, rows)
    whole = len(rows) == PORTION
    _set_mark(unit, rows[-1].decided_at if whole else before - LATE)
    return len(rows) + len(messages)


def _places(rows: Sequence[Any]) -> set[Place]:
    return {(row.account, row.address) for row in rows if row.account is not None and row.address is not None}


def _forget_unknown(unit: Unit, rows: Sequence[Any]) -> None:
    """Forget addresses and customers of whom no ticket tells any more."""
    gone = {
        (account, address)
        for account, address in _places(rows)
        if not unit.rows(_SOMEWHERE.limit(1), {"account": account, "address": address})
    }
    names = {row.customer for row in rows if row.customer is not None}
    names -= {row.customer for row in unit.rows(_SOMEBODY, {"names": sorted(names)})} if names else set()
    forget_people(unit, names, gone)


def _mark(unit: Unit) -> Instant:
    found = load_setting(unit.connection, _MARK)
    return int(found) if found is not None else 0


def _set_mark(unit: Unit, at: Instant) -> None:
    if at > _mark(unit):
        row = {"name": _MARK, "value": json.dumps(at), "changed_at": unit.now, "changed_by": "service"}
        unit.upsert(settings, [row])


def would_erase(connection: Connection, periods: Retention, now: Instant) -> dict[str, int]:
    """Return how many rows the periods would erase now: of tickets with somebody's data, comments, inbound events, the audit log."""

    def count(column: Any, *conditions: Any) -> int:
        found: int = connection.execute(select(func.count(column)).where(*conditions)).scalar_one()
        return found

    would = dict.fromkeys(("tickets", "comments", "inbound", "audit"), 0)
    if periods.personal_data_days is not None:
        before = now - periods.personal_data_days * DAY
        would["tickets"] = count(invitations.c.id, invitations.c.decided_at < before, invitations.c.erased_at.is_(None))
    if periods.comments_days is not None:
        words = comments.c.at < now - periods.comments_days * DAY
        would["comments"] = count(comments.c.invitation_id.distinct(), words)
    if periods.inbound_days is not None:
        would["inbound"] = count(inbound_events.c.event_id, inbound_events.c.at < now - periods.inbound)
    if periods.audit_days is not None:
        would["audit"] = count(audit.c.id, audit.c.at < now - periods.audit_days * DAY)
    return would
