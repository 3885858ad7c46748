"""Keeping the roll-up: adding up what transactions wrote, and counting an existing database for the first time or anew.

The first count goes over the invitations by their ids, a portion a transaction. The position says how far it came: changes of
what lies behind it write their differences, what lies before it is counted when its turn comes. So nothing is missed or
counted twice, whoever votes meanwhile; and a count that was killed goes on where it stood.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, Integer, bindparam, delete, func, select, update

from ratings.cubes import VERSION, Sums
from ratings.store.directory import NAMES, entries_of, list_entries
from ratings.store.report_tables import PLACE, SPANS, roll_up_cells, roll_up_changes, roll_up_state
from ratings.store.roll_up import EVERYTHING, FACTS, facts_of, lock_counting, write_counts
from ratings.store.roll_up_cells import add_sums
from ratings.store.schema import invitations
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.tallies import Tally, moments, tallies

CHANGES = 20_000
"""Changes that are added up in one transaction."""

PORTION = 5_000
"""Invitations that the service counts in one transaction: others wait for it."""

CLEARED = 200
"""Cells that are emptied in one transaction."""

CLEARING = -1
"""The position while what was counted for another zone is taken away."""

_LOCK = 7_461_706_668  # PostgreSQL's advisory lock of who keeps the roll-up: one process at a time
_TRY_LOCK = select(func.pg_try_advisory_xact_lock(_LOCK))
_WAIT_LOCK = select(func.pg_advisory_xact_lock(_LOCK))
_STATE = select(roll_up_state.c.zone, roll_up_state.c.version, roll_up_state.c.position)
_BEGIN = update(roll_up_state).values(zone=bindparam("new_zone"), version=VERSION, position=CLEARING)
_MOVE = update(roll_up_state).values(position=bindparam("new_position"))
_TAKEN = (
    delete(roll_up_changes)
    .where(
        roll_up_changes.c.id.in_(
            select(roll_up_changes.c.id)
            .order_by(roll_up_changes.c.id)
            .limit(bindparam("most", type_=Integer))
            .scalar_subquery()
        )
    )
    .returning(*(roll_up_changes.c[name] for name in (*PLACE, "day", "what", "many")))
)
_NEXT = (
    FACTS.add_columns(*(invitations.c[name] for name in NAMES))
    .where(invitations.c.id > bindparam("position", type_=BigInteger))
    .limit(bindparam("most", type_=Integer))
)
_CELLS = select(roll_up_cells.c.id).order_by(roll_up_cells.c.id).limit(CLEARED)


@dataclass(frozen=True, slots=True)
class RollUpState:
    """For which zone days are counted, and whether all of them are."""

    zone: str
    version: int
    position: int

    @property
    def ready(self) -> bool:
        """True when no invitation waits to be counted for the first time, and it is counted as this program counts."""
        return self.position == EVERYTHING and self.version == VERSION

    @property
    def clearing(self) -> bool:
        """True while what was counted before is taken away."""
        return self.position == CLEARING


def count_closings(connection: Connection) -> int:
    """Return how many closings there are to count."""
    return connection.execute(select(func.count()).select_from(invitations)).scalar_one()


def roll_up_state_of(connection: Connection) -> RollUpState:
    """Return where the roll-up stands."""
    row = connection.execute(_STATE).one()
    return RollUpState(row.zone, row.version, row.position)


@dataclass(frozen=True, slots=True)
class KeepRollUp(Operation[int]):
    """Bring the roll-up of a zone's days one step further. Returns 0 when there is nothing to do, else 1 and what it went through.

    `anew`: throw away what was counted, and count from the beginning. `patient`: wait for another process that is at it,
    instead of leaving it to that.
    """

    zone: str
    portion: int = PORTION
    anew: bool = False
    patient: bool = False

    order: ClassVar[int] = 95

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["KeepRollUp"]) -> Sequence[int]:
        """Take one step, whoever asked."""
        anew = any(operation.anew for operation in operations)
        portion = max(operation.portion for operation in operations)
        if unit.is_postgresql:
            if any(operation.patient for operation in operations):
                unit.rows(_WAIT_LOCK)
            elif not unit.connection.execute(_TRY_LOCK).scalar_one():
                return [0] * len(operations)
        write_counts(unit)  # as the position was when it happened
        return [_step(unit, operations[-1].zone, portion, anew=anew)] * len(operations)


def _step(unit: Unit, zone: str, portion: int, *, anew: bool) -> int:
    ((counted_for, version, position),) = unit.rows(_STATE)
    if version > VERSION and not anew:
        return 0  # a newer program keeps it: each would else begin anew what the other has just counted
    if anew or (counted_for, version) != (zone, VERSION):
        count_anew(unit, zone)
        return 1
    if position == CLEARING:
        return _clear(unit)
    if position != EVERYTHING:
        return _count(unit, zone, position, portion)
    return _fold_changes(unit)


def count_anew(unit: Unit, zone: str = "") -> None:
    """Forget what was counted: whoever keeps the roll-up next counts everything, for its zone.

    For who writes many closings past `unit.counts`, at the end and in a transaction of its own.
    """
    lock_counting(unit)
    unit.connection.execute(delete(roll_up_changes))
    unit.connection.execute(_BEGIN, {"new_zone": zone})


def _clear(unit: Unit) -> int:
    """Empty some cells. Nothing is written to them meanwhile: no position lies before -1."""
    ids = [row.id for row in unit.rows(_CELLS)]
    if ids:
        for table in SPANS:
            unit.connection.execute(delete(table).where(table.c.unit.in_([0, 1, 2]), table.c.cell.in_(ids)))
        unit.connection.execute(delete(roll_up_cells).where(roll_up_cells.c.id.in_(ids)))
    else:
        unit.connection.execute(_MOVE, {"new_position": 0})
    return len(ids) + 1


def _count(unit: Unit, zone: str, position: int, portion: int) -> int:
    """Count some invitations for the first time."""
    lock_counting(unit)
    rows = unit.rows(_NEXT, {"position": position, "most": portion})
    moment = _moments(zone)
    _add(unit, (tally for row in rows for tally in tallies(facts_of(row), moment)))
    list_entries(unit, {entry for row in rows for entry in entries_of(row)})
    last = rows[-1].id if len(rows) == portion else EVERYTHING
    unit.connection.execute(_MOVE, {"new_position": last})
    return len(rows) + 1


def _fold_changes(unit: Unit) -> int:
    rows = unit.connection.execute(_TAKEN, {"most": CHANGES}).all()
    if not rows:
        return 0
    size = len(PLACE)
    _add(unit, ((tuple(row[:size]), row.day, row.what, row.many) for row in rows))
    return len(rows) + 1


def _add(unit: Unit, added: Iterable[Tally]) -> None:
    sums = Sums()
    sums.add(added)
    add_sums(unit, sums)


@lru_cache(maxsize=8)
def _moments(zone: str) -> Any:
    return moments(ZoneInfo(zone))
