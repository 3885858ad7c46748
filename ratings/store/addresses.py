"""What is known of the addresses that a batch hears from: opted out, unreachable, politely answered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from ratings.store.schema import addresses
from ratings.store.unit import Row, Unit
from ratings.times import DAY

Key = tuple[str, str]

_FACTS = ("opted_out_at", "unreachable_at", "unreachable_code", "polite_at")
_UPDATE = (
    update(addresses)
    .where(addresses.c.account == bindparam("of_account"), addresses.c.address == bindparam("of_address"))
    .values({name: bindparam(f"new_{name}") for name in _FACTS})
)


class Addresses:
    """The addresses of a batch: made where they are new, locked in sorted order, changed, written at once."""

    def __init__(self, unit: Unit, keys: Sequence[Key]) -> None:
        self._unit = unit
        self._rows: dict[Key, Row] = {}
        self._changed: set[Key] = set()
        wanted = sorted(set(keys))
        if wanted:
            unit.insert_missing(addresses, [new_address(account, address) for account, address in wanted])
        for account in dict.fromkeys(account for account, _ in wanted):
            theirs = [address for of, address in wanted if of == account]
            statement = select(addresses).where(addresses.c.account == account, addresses.c.address.in_(theirs))
            for row in unit.rows(unit.lock(statement.order_by(addresses.c.address))):
                self._rows[row.account, row.address] = {name: getattr(row, name) for name in _FACTS}

    def refuse(self, account: str, address: str, *, asked: bool) -> None:
        """No more messages: the customer asked for it, or blocked us."""
        if asked:
            self._set((account, address), opted_out_at=self._unit.now)
        else:
            self._set((account, address), unreachable_at=self._unit.now, unreachable_code="blocked")

    def allow(self, account: str, address: str, *, asked: bool) -> bool:
        """Messages again. Only the customer's own word lifts an opt-out. Returns whether it was one."""
        was_out = self._rows[account, address]["opted_out_at"] is not None
        self._set((account, address), unreachable_at=None, unreachable_code=None)
        if asked:
            self._set((account, address), opted_out_at=None)
        return was_out

    def heard(self, account: str, address: str) -> None:
        """Whoever writes to us can be written to."""
        if self._rows[account, address]["unreachable_at"] is not None:
            self._set((account, address), unreachable_at=None, unreachable_code=None)

    def may_be_polite(self, account: str, address: str) -> bool:
        """True once a day: then this address may be told that it writes to a robot."""
        last = self._rows[account, address]["polite_at"]
        if last is not None and self._unit.now - last < DAY:
            return False
        self._set((account, address), polite_at=self._unit.now)
        return True

    def store(self) -> None:
        """Write what changed."""
        rows = [
            {"of_account": key[0], "of_address": key[1], **{f"new_{name}": self._rows[key][name] for name in _FACTS}}
            for key in sorted(self._changed)
        ]
        self._unit.many(_UPDATE, rows)

    def _set(self, key: Key, **facts: Any) -> None:
        self._rows[key].update(facts)
        self._changed.add(key)


def new_address(account: str, address: str) -> Row:
    """Return the row of an address of which nothing is known."""
    return {"account": account, "address": address, "next_send_at": 0}
