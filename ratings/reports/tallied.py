"""Reading what was counted by days: from the smallest cube that knows what is asked, with the changes that are not in it yet.

Where no cube knows it, or the days of another zone are asked for, or the first count is not over, the same is counted row by
row: slower, and equal to the number.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, TextClause, func, select, text, union

from ratings.cubes import Cube, cube_for
from ratings.reports.figures import Days
from ratings.reports.filters import Filters, day_end, day_start
from ratings.spans import Run, Unit, cover, number_of
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
from ratings.store.roll_up_keeping import roll_up_state_of
from ratings.store.schema import invitations, ratings
from ratings.tallies import DIMENSIONS, Place, Tally, moments, read_rating_key, tallies

Group = tuple[str, ...]
"""The values of the dimensions that were grouped by, in the order asked for."""

Step = Callable[[int], int]
"""What a day is put together with: itself, or the first day of its month, or 0 for all days."""

_COLUMNS = dict(zip(DIMENSIONS, PLACE, strict=True))


@dataclass(slots=True)
class Tallied:
    """What was counted of one group: closings and askings, ratings by (scale, value) and by (scale, hour), and the rest."""

    tickets: dict[str, int] = field(default_factory=dict)
    values: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    hours: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, many: int) -> None:
        """Count a tally."""
        kind, _, kept_apart = what.partition(":")
        if kind == "rating":
            value, satisfied, hour, scale = read_rating_key(what)
            self.rate(self.values, scale, value, many, many if satisfied else 0)
            self.rate(self.hours, scale, hour, many, many if satisfied else 0)
        elif kept_apart:
            self.others[what] = self.others.get(what, 0) + many
        else:
            self.tickets[what] = self.tickets.get(what, 0) + many

    @staticmethod
    def rate(table: dict[tuple[str, int], list[int]], scale: str, which: int, many: int, satisfied: int) -> None:
        """Count ratings of a value, or in an hour."""
        counts = table.setdefault((scale, which), [0, 0])
        counts[0] += many
        counts[1] += satisfied

    def join(self, other: "Tallied") -> None:
        """Add another's counts."""
        for name, many in other.tickets.items():
            self.tickets[name] = self.tickets.get(name, 0) + many
        for name, many in other.others.items():
            self.others[name] = self.others.get(name, 0) + many
        for mine, theirs in ((self.values, other.values), (self.hours, other.hours)):
            for (scale, which), (many, satisfied) in theirs.items():
                self.rate(mine, scale, which, many, satisfied)


Found = dict[tuple[Group, int], Tallied]
"""By group and by the first day of the span (0: all days)."""

TICKETS, VALUES, HOURS, OTHERS = "tickets", "values", "hours", "others"
FIGURES = frozenset({TICKETS, VALUES})
WITH_OTHERS = frozenset({TICKETS, VALUES, OTHERS})
"""The kinds of counts, as `Tallied` has them."""

ALL, DAY, MONTH = "all", "day", "month"
_STEPS: Mapping[str, Step] = {
    ALL: lambda _day: 0,
    DAY: lambda day: day,
    MONTH: lambda day: day - day % 100 + 1,
}


class Tallies:
    """What was counted of what some filters let through; knows by itself whether the roll-up can tell it."""

    def __init__(self, connection: Connection, filters: Filters, zone: ZoneInfo) -> None:
        self._connection = connection
        self._filters = filters
        self._zone = zone
        state = roll_up_state_of(connection)
        self.counted = state.ready and state.zone == zone.key and filters.is_about_places
        self._changes: Sequence[Any] | None = None
        self._cells: dict[tuple[Cube, tuple[str, ...]], Mapping[int, Group]] = {}
        self._rows_of: dict[Days, Mapping[tuple[Place, int, str], int]] = {}

    def knows(self, by: Iterable[str] = (), *, hours: bool = False) -> bool:
        """True where it need not go over the rows."""
        return self.counted and self._cube(by, hours=hours) is not None

    def read(self, days: Days, by: Sequence[str] = (), *, step: str = ALL, kinds: frozenset[str] = FIGURES) -> Found:
        """Return what was counted in some days, by dimensions and by day or month: of these kinds at least."""
        cube = self._cube(by, hours=HOURS in kinds)
        found: Found = {}
        if not self.counted or cube is None:
            for (place, day, what), many in self._live(days).items():
                _at(found, _group(place, by), _STEPS[step](day)).add(what, many)
            return found
        runs, cells = _runs(days, step), self._cells_of(cube, by)
        if runs and cells:
            _Reading(self._connection, found, cells, runs, step, parted=bool(by)).read(kinds)
        first, last = number_of(days.first), number_of(days.last)
        for place, day, what, many in self._unfolded():
            if first <= day <= last:
                _at(found, _group(place, by), _STEPS[step](day)).add(what, many)
        return found

    def _cube(self, by: Iterable[str], *, hours: bool) -> Cube | None:
        wanted = {*by, *self._filters.places}
        if self._filters.sight.forms is not None:
            wanted.add("form")
        return cube_for(wanted, hours=hours)

    def _cells_of(self, cube: Cube, by: Sequence[str]) -> Mapping[int, Group]:
        """Return the cells of a cube that the filters let through, each with its group."""
        key = cube, tuple(by)
        if key not in self._cells:
            columns = [roll_up_cells.c[_COLUMNS[name]] for name in by]
            conditions = [roll_up_cells.c.cube == cube.number, *self._filters.about_tickets(roll_up_cells)]
            rows = self._connection.execute(select(roll_up_cells.c.id, *columns).where(*conditions))
            self._cells[key] = {row[0]: tuple(row[1:]) for row in rows}
        return self._cells[key]

    def _unfolded(self) -> Iterable[Tally]:
        """Return what the cells do not hold yet."""
        if self._changes is None:
            columns = [*(roll_up_changes.c[name] for name in PLACE), roll_up_changes.c.day, roll_up_changes.c.what]
            statement = (
                select(*columns, func.sum(roll_up_changes.c.many).label("many"))
                .where(*self._filters.about_tickets(roll_up_changes))
                .group_by(*columns)
            )
            self._changes = self._connection.execute(statement).all()
        size = len(PLACE)
        return ((tuple(row[:size]), row.day, row.what, int(row.many)) for row in self._changes)

    def _live(self, days: Days) -> Mapping[tuple[Place, int, str], int]:
        """Count row by row, once for all that is asked of the same days."""
        if days not in self._rows_of:
            first, last = number_of(days.first), number_of(days.last)
            moment = moments(self._zone)
            channels = {*self._filters.equal.get("channel", ()), *([""] if "channel" in self._filters.without else [])}
            counted: dict[tuple[Place, int, str], int] = {}
            for row in self._connection.execute(self._rows(days)):
                for place, day, what, many in tallies(facts_of(row), moment):
                    # A rating may have come by another channel than the invitation's last.
                    if first <= day <= last and (not channels or place[1] in channels):
                        counted[place, day, what] = counted.get((place, day, what), 0) + many
            self._rows_of[days] = counted
        return self._rows_of[days]

    def _rows(self, days: Days) -> Select[Any]:
        start, end = day_start(days.first, self._zone), day_end(days.last, self._zone)
        equal = {name: wanted for name, wanted in self._filters.equal.items() if name != "channel"}
        without = tuple(name for name in self._filters.without if name != "channel")
        dated = union(
            select(invitations.c.id).where(invitations.c.closed_at >= start, invitations.c.closed_at < end),
            select(invitations.c.id).where(invitations.c.asked_at >= start, invitations.c.asked_at < end),
            select(ratings.c.id).where(ratings.c.rated_at >= start, ratings.c.rated_at < end),
        )
        conditions = replace(self._filters, equal=equal, without=without).about_tickets(invitations)
        return FACTS.where(*conditions, invitations.c.id.in_(dated))


class _Reading:
    """Reading some spans of some cells, each table by one statement. `parted`: by the group of each cell, else all are one."""

    def __init__(
        self,
        connection: Connection,
        found: Found,
        cells: Mapping[int, Group],
        runs: Sequence[Run],
        step: str,
        *,
        parted: bool,
    ) -> None:
        self._connection = connection
        self._found = found
        self._cells = cells if parted else None
        self._step = step
        self._wanted: dict[str, Any]
        if connection.dialect.name == "sqlite":
            self._wanted = {"cells": json.dumps(list(cells)), "runs": json.dumps(runs)}
        else:
            units, firsts, lasts = zip(*runs, strict=True)
            self._wanted = {
                "cells": list(cells),
                "units": [int(unit) for unit in units],
                "firsts": list(firsts),
                "lasts": list(lasts),
            }

    def read(self, kinds: frozenset[str]) -> None:
        """Add what there is of some kinds of counts."""
        if TICKETS in kinds:
            for tallied, counts in self._rows(roll_up_tickets.name, TICKET_COUNTS):
                for name, many in zip(TICKET_COUNTS, counts, strict=True):
                    tallied.tickets[name] = tallied.tickets.get(name, 0) + many
        if VALUES in kinds:
            for tallied, row in self._rows(roll_up_ratings.name, ("ratings", "satisfied"), ("scale", "value")):
                tallied.rate(tallied.values, *row)
        if HOURS in kinds:
            for tallied, row in self._rows(roll_up_hours.name, ("ratings", "satisfied"), ("scale", "hour")):
                tallied.rate(tallied.hours, *row)
        if OTHERS in kinds:
            for tallied, (what, many) in self._rows(roll_up_others.name, ("many",), ("what",)):
                tallied.others[what] = tallied.others.get(what, 0) + many

    def _rows(self, table: str, counts: Sequence[str], more: Sequence[str] = ()) -> Iterator[tuple[Tallied, Any]]:
        """Return what each row belongs to, and what it says: `more`, then the counts."""
        names = (
            *(("cell",) if self._cells is not None else ()),
            *(("start",) if self._step != ALL else ()),
            *more,
        )
        statement = _sums(self._connection.dialect.name, table, names, tuple(counts))
        result = self._connection.execute(statement, self._wanted)
        rows = result.cursor.fetchall()  # the driver's own: nothing in them has to be converted
        result.close()
        own = len(names) - len(more)
        for row in rows:
            if row[-1] is None:
                continue  # there were none, and nothing to group by
            group = () if self._cells is None else self._cells[row[0]]
            day = 0 if self._step == ALL else _STEPS[self._step](row[own - 1])
            yield _at(self._found, group, day), row[own:]


_SPANS = {
    # Spans outside, cells inside: each is a search in the primary key, whose columns are unit, cell and start. As one
    # statement, whose text does not change with the period: a UNION of a year's spans is planned for longer than it is read.
    "sqlite": "WITH run AS MATERIALIZED (SELECT json_extract(value, '$[0]') AS unit, json_extract(value, '$[1]') AS first, "
    "json_extract(value, '$[2]') AS last FROM json_each(:runs)) "
    "SELECT {columns} FROM run CROSS JOIN {table} AS span WHERE span.unit = run.unit "
    "AND span.cell IN (SELECT value FROM json_each(:cells)) AND span.start BETWEEN run.first AND run.last{group}",
    "postgresql": "SELECT {columns} FROM unnest(CAST(:units AS integer[]), CAST(:firsts AS integer[]), "
    "CAST(:lasts AS integer[])) AS run(unit, first, last) JOIN {table} AS span ON span.unit = run.unit "
    "AND span.start BETWEEN run.first AND run.last WHERE span.cell = ANY(CAST(:cells AS bigint[])){group}",
}


@lru_cache(maxsize=200)
def _sums(dialect: str, table: str, names: tuple[str, ...], counts: tuple[str, ...]) -> TextClause:
    """Return the statement that adds up counts by some columns."""
    own = [f"span.{name}" for name in names]
    group = f" GROUP BY {', '.join(own)}" if own else ""
    columns = ", ".join([*own, *(f"CAST(sum(span.{name}) AS bigint)" for name in counts)])
    return text(_SPANS[dialect].format(columns=columns, table=table, group=group))


def _at(found: Found, group: Group, day: int) -> Tallied:
    return found.setdefault((group, day), Tallied())


def _group(place: Place, by: Sequence[str]) -> Group:
    return tuple(place[DIMENSIONS.index(name)] for name in by)


def _runs(days: Days, step: str) -> list[Run]:
    if step == DAY:
        return [Run(Unit.DAY, number_of(days.first), number_of(days.last))] if days.first <= days.last else []
    return cover(days.first, days.last)
