"""Cubes: by which parts of a place days are counted, and what a count adds to each. Pure.

One cube by everything would have as many cells as closings; each of these is small, and a report is read from the smallest that
knows what it asks for. What none of them knows is counted row by row.
"""

from collections.abc import Iterable
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


CUBES = (
    Cube(0, frozenset({"survey"}), hours=True),
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


@dataclass(slots=True)
class Sums:
    """What tallies add to the cells of all cubes, by the tables that keep it."""

    tickets: dict[Span, dict[str, int]] = field(default_factory=dict)
    ratings: dict[tuple[Span, str, int], list[int]] = field(default_factory=dict)
    hours: dict[tuple[Span, str, int], list[int]] = field(default_factory=dict)
    others: dict[tuple[Span, str], int] = field(default_factory=dict)

    def add(self, added: Iterable[Tally]) -> None:
        """Add tallies. The fewer of them the better: add up those of a day first."""
        for place, day, what, many in added:
            kind, _, kept_apart = what.partition(":")
            if kind == "rating":
                self._rate(_spans(place, day), what, many)
            elif kept_apart:
                others = self.others
                for span, _hours in _spans(place, day):
                    others[span, what] = others.get((span, what), 0) + many
            else:
                tickets = self.tickets
                for span, _hours in _spans(place, day):
                    counts = tickets.get(span)
                    if counts is None:
                        counts = tickets[span] = {}
                    counts[what] = counts.get(what, 0) + many

    def _rate(self, spans: Iterable[tuple[Span, bool]], what: str, many: int) -> None:
        value, satisfied, hour, scale = read_rating_key(what)
        for span, hours in spans:
            for table, which, kept in ((self.ratings, value, True), (self.hours, hour, hours)):
                if kept:
                    counts = table.setdefault((span, scale, which), [0, 0])
                    counts[0] += many
                    counts[1] += many if satisfied else 0

    @property
    def cells(self) -> set[Cell]:
        """Every cell that something was added to."""
        return {
            *(cell for _, cell, _ in self.tickets),
            *(span[1] for span, _, _ in self.ratings),
            *(span[1] for span, _ in self.others),
        }


@lru_cache(maxsize=16_384)
def _spans(place: Place, day: int) -> tuple[tuple[Span, bool], ...]:
    """Return every span that a place's day belongs to, with whether its cube knows hours: a closing has many tallies a day."""
    spans = spans_of(day)
    return tuple(((unit, cell, start), hours) for cell, hours in _cells(place) for unit, start in spans)


@lru_cache(maxsize=16_384)
def _cells(place: Place) -> tuple[tuple[Cell, bool], ...]:
    """Return the cell of a place in each cube, and whether the cube knows hours."""
    return tuple(((cube.number, cube.cell(place)), cube.hours) for cube in CUBES)
