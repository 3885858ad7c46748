"""What is known of addresses: opted out, unreachable, moved, resting, politely answered. Locked in sorted order, written at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from ratings.store.schema import addresses
from ratings.store.unit import Row, Unit
from ratings.times import DAY, Instant

Key = tuple[str, str]

MAX_CLIENT = 100
MAX_BOUNCES = 3
"""So many messages in a row that came back for a passing reason make an address unreachable."""

_FACTS = (
    "opted_out_at",
    "unreachable_at",
    "unreachable_code",
    "moved_to",
    "next_send_at",
    "paused_until",
    "polite_at",
    "client",
    "bounces",
    "greeted_by",
)
_LOAD = (
    select(addresses)
    .where(addresses.c.account == bindparam("account"), addresses.c.address.in_(bindparam("wanted", expanding=True)))
    .order_by(addresses.c.address)
)
_LOCK = _LOAD.with_for_update(key_share=True)
_UPDATE = (
    update(addresses)
    .where(addresses.c.account == bindparam("of_account"), addresses.c.address == bindparam("of_address"))
    .values({name: bindparam(f"new_{name}") for name in _FACTS})
)


class Addresses:
    """The addresses of a batch: made where they are new, locked, changed, written by `store`."""

    def __init__(self, unit: Unit, keys: Iterable[Key]) -> None:
        self._unit = unit
        self._rows: dict[Key, Row] = {}
        self._changed: set[Key] = set()
        grouped = by_account(keys)
        unit.insert_missing(
            addresses,
            [
                {"account": account, "address": address, "next_send_at": 0, "paused_until": 0}
                for account in sorted(grouped)
                for address in sorted(grouped[account])
            ],
        )
        for account in sorted(grouped):
            statement = _LOCK if unit.is_postgresql else _LOAD
            for row in unit.rows(statement, {"account": account, "wanted": grouped[account]}):
                self._rows[account, row.address] = {name: getattr(row, name) for name in _FACTS}

    def keys(self) -> Iterable[Key]:
        """Return the (account, address) of each."""
        return self._rows.keys()

    def opted_out(self, key: Key) -> bool:
        """True when the customer wants no messages there."""
        return self._rows[key]["opted_out_at"] is not None

    def unreachable(self, key: Key) -> bool:
        """True when messages are not taken there."""
        return self._rows[key]["unreachable_at"] is not None

    def client(self, key: Key) -> str:
        """Return what the app at this address told of itself."""
        return self._rows[key]["client"] or ""

    def moved_to(self, key: Key) -> str | None:
        """Return the address that replaced this one."""
        moved: str | None = self._rows[key]["moved_to"]
        return moved

    def free_at(self, key: Key, interval: float) -> Instant:
        """Return when the next message may go there, at one an `interval` (ms).

        A pace that lies further ahead than it can was written by a clock that has been set back since: it is not obeyed. What
        the platform asked to wait is.
        """
        row = self._rows[key]
        next_send_at, paused_until = int(row["next_send_at"]), int(row["paused_until"])
        return max(paused_until, next_send_at if next_send_at <= self._unit.now + interval else 0)

    def sent(self, key: Key, next_at: Instant) -> None:
        """A message goes out; the next may follow at `next_at`."""
        self._set(key, next_send_at=next_at)

    def pause(self, key: Key, until: Instant) -> None:
        """The platform asks to leave this one alone until then."""
        self._set(key, paused_until=max(until, self._rows[key]["paused_until"]))

    def move(self, key: Key, new_address: str) -> None:
        """Messages go to another address from now on."""
        self._set(key, moved_to=new_address)

    def lost(self, key: Key, code: str) -> None:
        """Messages are not taken there; later prompts are skipped."""
        self._set(key, unreachable_at=self._unit.now, unreachable_code=code)

    def refuse(self, key: Key) -> bool:
        """The customer wants no more messages. Returns whether that is news."""
        if self.opted_out(key):
            return False
        self._set(key, opted_out_at=self._unit.now)
        return True

    def allow(self, key: Key, *, asked: bool) -> bool:
        """Messages again. Only the customer's own word (`asked`) lifts an opt-out. Returns whether there was one."""
        was_out = self.opted_out(key)
        self._set(key, unreachable_at=None, unreachable_code=None)
        if asked:
            self._set(key, opted_out_at=None)
        return was_out

    def heard(self, key: Key, client: str | None = None) -> None:
        """Whoever writes to us can be written to. `client` is what their app tells of itself."""
        if self.unreachable(key) or self._rows[key]["bounces"]:
            self._set(key, unreachable_at=None, unreachable_code=None, bounces=0)
        if client is not None and client[:MAX_CLIENT] != self.client(key):
            self._set(key, client=client[:MAX_CLIENT])

    def bounced(self, key: Key, *, gone: bool) -> None:
        """A message came back: the address is gone, or this is one more that may pass."""
        bounces = self._rows[key]["bounces"] + 1
        self._set(key, bounces=bounces)
        if gone or bounces >= MAX_BOUNCES:
            self.lost(key, "bounced")

    def delivered(self, key: Key) -> None:
        """A message arrived."""
        if self._rows[key]["bounces"]:
            self._set(key, bounces=0)

    def greets(self, key: Key, job_id: int) -> bool:
        """True when this job is the one that tells the address who asks: the first that was made to, until it fails."""
        if self._rows[key]["greeted_by"] is None:
            self._set(key, greeted_by=job_id)
        return bool(self._rows[key]["greeted_by"] == job_id)

    def not_greeted(self, key: Key, job_id: int) -> None:
        """The job that was to greet will not."""
        if self._rows[key]["greeted_by"] == job_id:
            self._set(key, greeted_by=None)

    def may_be_polite(self, key: Key) -> bool:
        """True once a day: then this address may be told that it writes to a robot."""
        last = self._rows[key]["polite_at"]
        if last is not None and 0 <= self._unit.now - last < DAY:
            return False
        self._set(key, polite_at=self._unit.now)
        return True

    def store(self) -> None:
        """Write what changed."""
        rows = [
            {"of_account": key[0], "of_address": key[1], **{f"new_{name}": self._rows[key][name] for name in _FACTS}}
            for key in sorted(self._changed)
        ]
        self._unit.many(_UPDATE, rows)
        self._changed.clear()

    def _set(self, key: Key, **facts: Any) -> None:
        self._rows[key].update(facts)
        self._changed.add(key)


def by_account(pairs: Iterable[Key]) -> Mapping[str, list[str]]:
    """Group (account, key) pairs, without repeats: a SELECT an account finds them by its index."""
    grouped: dict[str, dict[str, None]] = {}
    for account, key in pairs:
        grouped.setdefault(account, {})[key] = None
    return {account: list(keys) for account, keys in grouped.items()}
