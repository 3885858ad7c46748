"""What customers wish on every channel: never to be asked, not for a while, or again; and what that cancels.

Their rows are locked after all others, in sorted order: accounts, jobs, addresses, invitations, customers.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, select

from ratings.lifecycle import OPEN_STATES, opted_out
from ratings.store.loading import Invitations, Loaded
from ratings.store.schema import customers, invitations
from ratings.store.unit import Row, Unit
from ratings.times import Instant

IDS_TO_CANCEL = 500
"""Ids that one wish may need: an event for each invitation that it cancels."""

_FACTS = ("opted_out_at", "resting_until")
_OF_INVITATIONS = select(invitations.c.customer).where(
    invitations.c.id.in_(bindparam("ids", expanding=True)), invitations.c.decision == "ask"
)
_OPEN_OF_CUSTOMERS = select(invitations.c.id).where(
    invitations.c.customer.in_(bindparam("customers", expanding=True)),
    invitations.c.state.in_([state.value for state in OPEN_STATES]),
    invitations.c.expires_at > bindparam("now"),
)
_AT_ADDRESS = (
    select(invitations.c.customer)
    .where(invitations.c.account == bindparam("account"), invitations.c.address == bindparam("address"))
    .distinct()
)
_OUT = select(customers.c.customer).where(
    customers.c.customer.in_(bindparam("wanted", expanding=True)), customers.c.opted_out_at.is_not(None)
)


class Wishes:
    """The wishes of a batch, in the order of their arrival; written by `store`, after all else."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._new: dict[str, dict[str, Instant | None]] = {}

    def keep(self, customer: str, **facts: Instant | None) -> None:
        """Keep a wish of a customer; what is not named stays."""
        self._new.setdefault(customer, {}).update(facts)

    def ask_again(self, account: str, address: str) -> bool:
        """Whoever is at an address wants to be asked again: no wish of theirs stands against it. Returns whether one did."""
        unit = self._unit
        rows = unit.rows(_AT_ADDRESS, {"account": account, "address": address})
        theirs = sorted({row.customer for row in rows if row.customer is not None})
        out = {row.customer for row in unit.rows(_OUT, {"wanted": theirs})} if theirs else set()
        for customer in theirs:
            new = self._new.get(customer, {})
            if "opted_out_at" in new:  # this batch knows better
                (out.discard if new["opted_out_at"] is None else out.add)(customer)
        for customer in sorted(out):
            self.keep(customer, opted_out_at=None)
        return bool(out)

    def store(self) -> None:
        """Write what is new."""
        for customer in sorted(self._new):
            facts = self._new[customer]
            row: Row = {"customer": customer, **dict.fromkeys(_FACTS), **facts}
            self._unit.upsert(customers, [row], keep=tuple(name for name in _FACTS if name not in facts))
        self._new.clear()


def customers_of(unit: Unit, numbers: Iterable[int]) -> list[str]:
    """Return whom invitations ask."""
    ids = sorted(set(numbers))
    return sorted({row.customer for row in unit.rows(_OF_INVITATIONS, {"ids": ids})}) if ids else []


def open_of_customers(unit: Unit, wanted: Sequence[str]) -> list[int]:
    """Return the ids of what customers are still asked, on every channel.

    Read without a lock: what is decided meanwhile is dropped when it would be sent.
    """
    return [row.id for row in unit.rows(_OPEN_OF_CUSTOMERS, {"customers": wanted, "now": unit.now})] if wanted else []


def cancel_asking(known: Invitations, wanted: Iterable[Loaded]) -> None:
    """Cancel what is still open of invitations, because the customer wants none. They are loaded: all locks were taken at once."""
    for loaded in list(wanted):
        known.take(loaded, opted_out(loaded.invitation), by="customer")


def of_customer(known: Invitations, customer: str) -> list[Loaded]:
    """Return what a customer is asked, of what is loaded."""
    return [loaded for loaded in known.loaded.values() if loaded.row.customer == customer]
