"""What the roll-up holds, against a count of every row: the two are always equal."""

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from ratings.cubes import Sums
from ratings.spans import Unit
from ratings.store.report_tables import (
    PLACE,
    TICKET_COUNTS,
    roll_up_cells,
    roll_up_changes,
    roll_up_hours,
    roll_up_others,
    roll_up_ratings,
    roll_up_tickets,
)
from ratings.store.roll_up import FACTS, facts_of
from ratings.store.roll_up_keeping import CLEARING, KeepRollUp, roll_up_state_of
from ratings.store.schema import invitations
from ratings.store.store import Store
from ratings.tallies import moments, tallies

ZONE = "Asia/Kathmandu"
"""Its days begin at a quarter past six in the evening, UTC."""


def keep_roll_up(store: Store, zone: str = ZONE, **more: Any) -> int:
    """Bring the roll-up up to date; return how many steps it took."""
    steps = 0
    while store.writer.do_now(KeepRollUp(zone, **more)):
        more.pop("anew", None)
        steps += 1
        assert steps < 10_000
    return steps


def assert_counted(connection: Connection) -> None:
    """Everything up to the position is counted as it is now, no more and no less."""
    state = roll_up_state_of(connection)
    if state.position == CLEARING:
        return
    assert _held(connection) == _recounted(connection, state.zone, state.position)


def _recounted(connection: Connection, zone: str, position: int) -> Counter[Any]:
    moment = moments(ZoneInfo(zone))
    sums = Sums()
    for row in connection.execute(FACTS.where(invitations.c.id <= position)):
        sums.add(tallies(facts_of(row), moment))
    return _flat(sums)


def _held(connection: Connection) -> Counter[Any]:
    sums = Sums()
    for row in connection.execute(select(roll_up_changes)):
        sums.add([(tuple(getattr(row, name) for name in PLACE), row.day, row.what, row.many)])
    held = _flat(sums)
    cells = {
        row.id: (row.cube, tuple(getattr(row, name) for name in PLACE))
        for row in connection.execute(select(roll_up_cells))
    }
    for row in connection.execute(select(roll_up_tickets)):
        span = Unit(row.unit), cells[row.cell], row.start
        held.update({(span, name): getattr(row, name) for name in TICKET_COUNTS})
    for table, name in ((roll_up_ratings, "value"), (roll_up_hours, "hour")):
        for row in connection.execute(select(table)):
            span = Unit(row.unit), cells[row.cell], row.start
            key = span, name, row.scale, getattr(row, name)
            held.update({(*key, "ratings"): row.ratings, (*key, "satisfied"): row.satisfied})
    for row in connection.execute(select(roll_up_others)):
        held.update({((Unit(row.unit), cells[row.cell], row.start), row.what): row.many})
    return Counter({key: many for key, many in held.items() if many})


def _flat(sums: Sums) -> Counter[Any]:
    flat: Counter[Any] = Counter()
    tables = sums.tables()
    for span, counts in tables.tickets.items():
        flat.update({(span, name): many for name, many in counts.items()})
    for name, table in (("value", tables.ratings), ("hour", tables.hours)):
        for (span, scale, which), (many, satisfied) in table.items():
            key = span, name, scale, which
            flat.update({(*key, "ratings"): many, (*key, "satisfied"): satisfied})
    flat.update({(span, what): many for (span, what), many in tables.others.items()})
    return Counter({key: many for key, many in flat.items() if many})
