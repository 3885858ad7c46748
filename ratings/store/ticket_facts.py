"""What the store knows of the customers of a batch of tickets: where they take no prompts, what they wish, when they were asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select

from ratings.lifecycle import State
from ratings.store.addresses import by_account
from ratings.store.driver import one_of
from ratings.store.forgotten import recall_wishes
from ratings.store.schema import addresses, customers, invitations
from ratings.store.unit import Unit
from ratings.ticket import Ticket, place_key
from ratings.times import Instant

_CLOSED_ADDRESSES = select(addresses.c.address, addresses.c.opted_out_at, addresses.c.unreachable_at).where(
    addresses.c.account == bindparam("account"), one_of(addresses.c.address, "wanted")
)
_CLOSED_CUSTOMERS = select(customers).where(one_of(customers.c.customer, "wanted"))
_WERE_ASKED = (
    select(invitations.c.customer, func.max(invitations.c.asked_at).label("asked_at"))
    .where(invitations.c.customer.in_(bindparam("wanted", expanding=True)), invitations.c.asked_at.is_not(None))
    .group_by(invitations.c.customer)
)
_WILL_BE_ASKED = select(invitations.c.customer, invitations.c.id, invitations.c.due_at).where(
    invitations.c.customer.in_(bindparam("wanted", expanding=True)), invitations.c.state == State.SCHEDULED.value
)


_THERE = (
    invitations.c.account == bindparam("account"),
    invitations.c.address.in_(bindparam("wanted", expanding=True)),
)
_WERE_ASKED_THERE = (
    select(invitations.c.address, func.max(invitations.c.asked_at).label("asked_at"))
    .where(*_THERE, invitations.c.asked_at.is_not(None))
    .group_by(invitations.c.address)
)
_WILL_BE_ASKED_THERE = select(invitations.c.address, invitations.c.id, invitations.c.due_at).where(
    *_THERE, invitations.c.state == State.SCHEDULED.value
)


class TicketFacts:
    """Which addresses of a batch's tickets take no prompts, what their customers wish, and with `asks` when those were asked.

    What the batch itself decides is told by `asks` and `gives_back`, so that it counts for the tickets that follow.
    """

    def __init__(self, unit: Unit, reported: Sequence[Ticket], *, asks: bool = False) -> None:
        wanted = {(address.channel, address.id) for ticket in reported for address in ticket.addresses}
        keys = sorted({key for ticket in reported for key in _customer_keys(ticket)})
        recall_wishes(unit, wanted, keys)
        self.opted_out: set[tuple[str, str]] = set()
        self.unreachable: set[tuple[str, str]] = set()
        for account, ids in by_account(wanted).items():
            for row in unit.fetch(_CLOSED_ADDRESSES, {"account": account, "wanted": ids}):
                if row.opted_out_at is not None:
                    self.opted_out.add((account, row.address))
                if row.unreachable_at is not None:
                    self.unreachable.add((account, row.address))
        self._wishes = {row.customer: row for row in unit.fetch(_CLOSED_CUSTOMERS, {"wanted": keys})} if keys else {}
        self._counts = asks
        self._asked: dict[str, Instant] = {}
        self._scheduled: dict[str, dict[int, Instant]] = {}
        if asks and keys:
            self._load_asks(unit, keys, by_account(wanted))

    def _load_asks(self, unit: Unit, keys: list[str], places: Mapping[str, list[str]]) -> None:
        """Load who was asked, or is to be, by the customers' names and by their addresses."""
        # In this order: what another process sends meanwhile is seen by one of the two, or by both.
        for row in unit.rows(_WILL_BE_ASKED, {"wanted": keys}):
            self._scheduled.setdefault(row.customer, {})[row.id] = row.due_at
        for account, ids in places.items():
            for row in unit.rows(_WILL_BE_ASKED_THERE, {"account": account, "wanted": ids}):
                self._scheduled.setdefault(place_key(account, row.address), {})[row.id] = row.due_at
        self._asked = {row.customer: row.asked_at for row in unit.rows(_WERE_ASKED, {"wanted": keys})}
        for account, ids in places.items():
            for row in unit.rows(_WERE_ASKED_THERE, {"account": account, "wanted": ids}):
                key = place_key(account, row.address)
                self._asked[key] = max(row.asked_at, self._asked.get(key, 0))

    def last_ask(self, ticket: Ticket, now: Instant) -> Instant | None:
        """Return when the ticket's customer was last asked, or is to be. What is overdue, or held, comes now at the earliest."""
        if not self._counts:
            return None
        keys = ticket.asking_keys
        asked = [self._asked[key] for key in keys if key in self._asked]
        asked += [max(now, due_at) for key in keys for due_at in self._scheduled.get(key, {}).values()]
        return max(asked, default=None)

    def asks(self, customer: str, place: tuple[str, str], invitation_id: int, at: Instant) -> None:
        """Count an asking that was decided just now."""
        for key in (customer, place_key(*place)):
            self._scheduled.setdefault(key, {})[invitation_id] = at

    def gives_back(self, invitation_id: int) -> None:
        """Count an asking no more: it was cancelled before anybody was asked."""
        for askings in self._scheduled.values():
            askings.pop(invitation_id, None)

    def customer_out(self, ticket: Ticket) -> bool:
        """True when the ticket's customer wants to be asked nowhere."""
        return any(wish.opted_out_at is not None for wish in self._wishes_of(ticket))

    def resting_until(self, ticket: Ticket) -> Instant | None:
        """Return until when the ticket's customer wants to be left alone."""
        return max((wish.resting_until for wish in self._wishes_of(ticket) if wish.resting_until), default=None)

    def _wishes_of(self, ticket: Ticket) -> list[Any]:
        if not self._wishes:  # as it is for nearly every batch
            return []
        return [self._wishes[key] for key in _customer_keys(ticket) if key in self._wishes]


def _customer_keys(ticket: Ticket) -> set[str]:
    """Return by what names the ticket's customer may be known: without an id of the desk's, by any of the addresses."""
    return {ticket.customer_key(address.channel, address.id) for address in ticket.addresses}
