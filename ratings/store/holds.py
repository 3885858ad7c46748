"""Accounts of channels and desks that an admin holds: nothing is sent by them, in no process, until they are released.

What comes in is taken all the while. Jobs stay as they are and are not handed out: on release they are due at once, each as
the pace allows, and what is not wanted any more is dropped then as it always is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import ColumnElement, Connection, bindparam, literal_column, or_, select, update

from ratings.lifecycle import State
from ratings.store.audit import note_change
from ratings.store.loading import DESK_PREFIX
from ratings.store.schema import accounts, invitations
from ratings.store.surveys import HELD_OFF
from ratings.store.unit import Unit
from ratings.store.writer import Operation

HELD = "held"
"""Why a scheduled prompt waits: its account is held."""

_SCHEDULED: ColumnElement[str] = literal_column(f"'{State.SCHEDULED.value}'")
"""As the partial index has it."""

_THEIRS = (invitations.c.state == _SCHEDULED, invitations.c.account == bindparam("of_account"))
# Whoever switches the survey on again looks for its own reason.
_SAY = (
    update(invitations)
    .where(*_THEIRS, or_(invitations.c.state_reason.is_(None), invitations.c.state_reason != HELD_OFF))
    .values(state_reason=HELD)
)
_UNSAY = update(invitations).where(*_THEIRS, invitations.c.state_reason == HELD).values(state_reason=None)
_ALL_HELD = select(accounts.c.account).where(accounts.c.held_at.is_not(None))


@dataclass(frozen=True, slots=True)
class HoldAccount(Operation[bool]):
    """Hold everything that would be sent by an account, or (`held` False) release it. Returns False where it was so already.

    `account` is a channel's, such as telegram.support, or what `desk_account` returns for a desk.
    """

    account: str
    held: bool
    by: str

    order: ClassVar[int] = 37

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["HoldAccount"]) -> Sequence[bool]:
        """Hold and release one after another."""
        return [_hold(unit, operation) for operation in operations]


def held_accounts(connection: Connection) -> frozenset[str]:
    """Return the accounts that are held."""
    return frozenset(connection.execute(_ALL_HELD).scalars())


def _hold(unit: Unit, wanted: HoldAccount) -> bool:
    account = wanted.account
    unit.insert_missing(accounts, [{"account": account, "paused_until": 0, "next_send_at": 0}])
    row = unit.connection.execute(unit.lock(select(accounts).where(accounts.c.account == account))).one()
    if (row.held_at is not None) == wanted.held:
        return False
    values = {"held_at": unit.now, "held_by": wanted.by} if wanted.held else {"held_at": None, "held_by": None}
    unit.connection.execute(update(accounts).where(accounts.c.account == account).values(**values))
    unit.connection.execute(_SAY if wanted.held else _UNSAY, {"of_account": account})
    kind = "desk" if account.startswith(DESK_PREFIX) else "channel"
    what = "held" if wanted.held else "released"
    note_change(unit, wanted.by, what, kind, account.removeprefix(DESK_PREFIX))
    unit.woken.add(account)
    return True
