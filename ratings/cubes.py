"""Cubes: by which parts of a place days are counted, and what a count adds to each. Pure.

One cube by everything would have as many cells as closings; each of these is small, and a report is read from the smallest that
knows what it asks for. What none of them knows is counted row by row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from ratings.spans import Unit, spans_of
from ratings.tallies import DIMENSIONS, Place, Tally, read_rating_key


@dataclass(frozen=True, slots=True)
class Cube:
    """A cube: its number, which is stored, the dimensions that it keeps, and whether it knows hours."""

    number: int
    dimensions: frozenset[str]
    hours: bool = False

    def cell(self, place: Place) -> Place:
        """Return the place with what the cube leaves out as ""."""
        return tuple(  # type: ignore[return-value] # as many texts as a place has
            part if name in self.dimensions else "" for name, part in zip(DIMENSIONS, place, strict=True)
        )


VERSION = 2
"""Of what is counted, here and in `ratings.tallies`: whoever changes that raises it, and every store is counted anew."""

CUBES = (
    Cube(0, frozenset({"survey"}), hours=True),
    Cube(6, frozenset({"survey", "channel"}), hours=True),
    Cube(7, frozenset({"survey", "form"}), hours=True),
    Cube(4, frozenset({"survey", "form", "priority"})),
    Cube(5, frozenset({"survey", "form", "agent"})),
    Cube(1, frozenset({"survey", "channel", "form", "group"}), hours=True),
    Cube(2, frozenset({"survey", "channel", "form", "group", "priority"})),
    Cube(3, frozenset({"survey", "channel", "form", "group", "agent"})),
)
"""The smallest first."""


def cube_for(dimensions: Iterable[str], *, hours: bool = False) -> Cube | None:
    """Return the smallest cube that knows some dimensions; None where there is none."""
    wanted = frozenset(dimensions)
    return next((cube for cube in CUBES if wanted <= cube.dimensions and (cube.hours or not hours)), None)


Cell = tuple[int, Place]
"""A cube's number and the place in it."""

Span = tuple[Unit, Cell, int]
"""A unit, a cell, and the span's first day."""

_HOURS = frozenset(cube.number for cube in CUBES if cube.hours)


@lru_cache(maxsize=50_000)
def _cells(place: Place) -> tuple[Cell, ...]:
    return tuple((cube.number, cube.cell(place)) for cube in CUBES)


@dataclass(slots=True)
class Tables:
    """Sums by the tables that keep them: of closings and askings, of ratings by value and by hour (with the satisfied), the rest."""

    tickets: dict[Span, dict[str, int]] = field(default_factory=dict)
    ratings: dict[tuple[Span, str, int], list[int]] = field(default_factory=dict)
    hours: dict[tuple[Span, str, int], list[int]] = field(default_factory=dict)
    others: dict[tuple[Span, str], int] = field(default_factory=dict)


class Sums:
    """What tallies add to the spans of all cubes."""

    def __init__(self) -> None:
        self._spans: dict[Span, dict[str, int]] = {}

    def add(self, added: Iterable[Tally]) -> None:
        """Add tallies."""
        # By steps, each of which leaves less to do: millions of rows go through here when everything is counted anew.
        places: dict[tuple[Place, int], dict[str, int]] = {}
        for place, day, what, many in added:
            counts = places.setdefault((place, day), {})
            counts[what] = counts.get(what, 0) + many
        cells: dict[tuple[Cell, int], dict[str, int]] = {}
        for (place, day), counts in places.items():
            for cell in _cells(place):
                _join(cells.setdefault((cell, day), {}), counts)
        for (cell, day), counts in cells.items():
            for unit, start in spans_of(day):
                _join(self._spans.setdefault((unit, cell, start), {}), counts)

    @property
    def cells(self) -> set[Cell]:
        """Every cell that something was added to."""
        return {cell for _, cell, _ in self._spans}

    def tables(self) -> Tables:
        """Return the sums by tables."""
        tables = Tables()
        for span, counts in self._spans.items():
            hours = span[1][0] in _HOURS
            for what, many in counts.items():
                kind, _, kept_apart = what.partition(":")
                if kind == "rating":
                    value, satisfied, hour, scale = read_rating_key(what)
                    happy = many if satisfied else 0
                    _rate(tables.ratings, (span, scale, value), many, happy)
                    if hours:
                        _rate(tables.hours, (span, scale, hour), many, happy)
                elif kept_apart:
                    tables.others[span, what] = many
                else:
                    tables.tickets.setdefault(span, {})[what] = many
        return tables


def _join(sums: dict[str, int], counts: Mapping[str, int]) -> None:
    for what, many in counts.items():
        sums[what] = sums.get(what, 0) + many


def _rate(table: dict[tuple[Span, str, int], list[int]], key: tuple[Span, str, int], many: int, happy: int) -> None:
    counts = table.setdefault(key, [0, 0])
    counts[0] += many
    counts[1] += happy
