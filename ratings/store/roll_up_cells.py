"""Adding sums to the cells of the roll-up: cells that are new get their row, spans grow by an upsert."""

from collections.abc import Iterable, Sequence
from functools import cache

from sqlalchemy import Insert, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from ratings.cubes import Cell, Sums
from ratings.store.report_tables import (
    PLACE,
    TICKET_COUNTS,
    roll_up_cells,
    roll_up_hours,
    roll_up_others,
    roll_up_ratings,
    roll_up_tickets,
)
from ratings.store.unit import Row, Unit

_CELLS = select(roll_up_cells).where(
    roll_up_cells.c.cube == bindparam("cube"), roll_up_cells.c.survey_id.in_(bindparam("surveys", expanding=True))
)
_NO_TICKETS = dict.fromkeys(TICKET_COUNTS, 0)


def add_sums(unit: Unit, sums: Sums) -> None:
    """Add sums to what the cells hold."""
    ids, tables = _cell_ids(unit, sums.cells), sums.tables()
    _grow(
        unit,
        roll_up_tickets,
        [
            {"unit": int(span[0]), "cell": ids[span[1]], "start": span[2], **_NO_TICKETS, **counts}
            for span, counts in tables.tickets.items()
            if any(counts.values())
        ],
    )
    for table, name, added in ((roll_up_ratings, "value", tables.ratings), (roll_up_hours, "hour", tables.hours)):
        _grow(
            unit,
            table,
            [
                {
                    "unit": int(span[0]),
                    "cell": ids[span[1]],
                    "start": span[2],
                    "scale": scale,
                    name: which,
                    "ratings": many,
                    "satisfied": satisfied,
                }
                for (span, scale, which), (many, satisfied) in added.items()
                if many or satisfied
            ],
        )
    _grow(
        unit,
        roll_up_others,
        [
            {"unit": int(span[0]), "cell": ids[span[1]], "start": span[2], "what": what, "many": many}
            for (span, what), many in tables.others.items()
            if many
        ],
    )


def _cell_ids(unit: Unit, wanted: Iterable[Cell]) -> dict[Cell, int]:
    cells = sorted(wanted)
    found = _known(unit, cells)
    missing = [cell for cell in cells if cell not in found]
    if missing:
        rows = [{"cube": cube, **dict(zip(PLACE, place, strict=True))} for cube, place in missing]
        unit.insert(roll_up_cells, rows)
        found = _known(unit, cells)
    return found


def _known(unit: Unit, cells: Sequence[Cell]) -> dict[Cell, int]:
    found: dict[Cell, int] = {}
    for cube in {cube for cube, _ in cells}:
        surveys = sorted({place[0] for number, place in cells if number == cube})
        for row in unit.rows(_CELLS, {"cube": cube, "surveys": surveys}):
            found[cube, tuple(getattr(row, name) for name in PLACE)] = row.id
    return found


def _grow(unit: Unit, table: Table, rows: Sequence[Row]) -> None:
    unit.many(_grown(table, unit.is_postgresql), rows)


@cache
def _grown(table: Table, is_postgresql: bool) -> Insert:
    statement = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    primary = [column.name for column in table.primary_key]
    grown = {name: table.c[name] + statement.excluded[name] for name in table.c.keys() if name not in primary}  # noqa: SIM118 - a collection of columns iterates over columns
    return statement.on_conflict_do_update(index_elements=primary, set_=grown)
