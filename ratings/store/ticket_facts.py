"""What the store knows of the customers of a batch of tickets: where they take no prompts, and what they wish."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from ratings.store.addresses import by_account
from ratings.store.schema import addresses, customers
from ratings.store.unit import Unit
from ratings.ticket import Ticket
from ratings.times import Instant

_CLOSED_ADDRESSES = select(addresses.c.address, addresses.c.opted_out_at, addresses.c.unreachable_at).where(
    addresses.c.account == bindparam("account"), addresses.c.address.in_(bindparam("wanted", expanding=True))
)
_CLOSED_CUSTOMERS = select(customers).where(customers.c.customer.in_(bindparam("wanted", expanding=True)))


class TicketFacts:
    """Which addresses of a batch's tickets take no prompts, and what their customers wish."""

    def __init__(self, unit: Unit, reported: Sequence[Ticket]) -> None:
        wanted = {(address.channel, address.id) for ticket in reported for address in ticket.addresses}
        self.opted_out: set[tuple[str, str]] = set()
        self.unreachable: set[tuple[str, str]] = set()
        for account, ids in by_account(wanted).items():
            for row in unit.rows(_CLOSED_ADDRESSES, {"account": account, "wanted": ids}):
                if row.opted_out_at is not None:
                    self.opted_out.add((account, row.address))
                if row.unreachable_at is not None:
                    self.unreachable.add((account, row.address))
        keys = sorted({key for ticket in reported for key in _customer_keys(ticket)})
        self._wishes = {row.customer: row for row in unit.rows(_CLOSED_CUSTOMERS, {"wanted": keys})} if keys else {}

    def customer_out(self, ticket: Ticket) -> bool:
        """True when the ticket's customer wants to be asked nowhere."""
        return any(wish.opted_out_at is not None for wish in self._wishes_of(ticket))

    def resting_until(self, ticket: Ticket) -> Instant | None:
        """Return until when the ticket's customer wants to be left alone."""
        return max((wish.resting_until for wish in self._wishes_of(ticket) if wish.resting_until), default=None)

    def _wishes_of(self, ticket: Ticket) -> list[Any]:
        return [self._wishes[key] for key in _customer_keys(ticket) if key in self._wishes]


def _customer_keys(ticket: Ticket) -> set[str]:
    """Return by what names the ticket's customer may be known: without an id of the desk's, by any of the addresses."""
    return {ticket.customer_key(address.channel, address.id) for address in ticket.addresses}
