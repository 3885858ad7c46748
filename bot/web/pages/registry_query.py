"""The address of the registry: the filter is in it, and nothing else is the filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bot.web.pages.periods import RANGES, expand
from ratings.reports.filters import MAX_VALUES, NAMES, split_ids
from ratings.reports.registry import Show, Wanted, parse_wanted
from ratings.reports.registry_query import OWN
from ratings.rights import Sight

FILTERS = (*NAMES, *OWN, *RANGES)
"""Every parameter that says which rows are shown, and in which order."""

RANGE = "range"
"""What a form sends in the place of a period where days are given beside it."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of an address, each name with its values; only those of the filter."""

    given: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "Query":
        """Read what a form or a link sends: empty fields say nothing, and a period stands for its days."""
        told: dict[str, list[str]] = {}
        for name, value in pairs:
            if name in FILTERS and value != "":
                told.setdefault(name, []).append(value)
        given = {name: _bounded(name, values) for name, values in told.items()}
        for name in RANGES:
            if given.get(name) == (RANGE,):
                del given[name]
            elif name in given:
                given.pop(f"{name}_from", None)
                given.pop(f"{name}_to", None)
        return cls(given)

    def get(self, name: str) -> tuple[str, ...]:
        """Return the values of a parameter, taken apart at commas where it may hold several; ids as `write_id` writes them."""
        return _parts(name, self.given.get(name, ()))

    def one(self, name: str) -> str:
        """Return the value of a parameter, "" where there is none."""
        return next(iter(self.given.get(name, ())), "")

    @property
    def pairs(self) -> Pairs:
        """The parameters as an address has them."""
        return tuple((name, value) for name, values in self.given.items() for value in values)

    @property
    def text(self) -> str:
        """The query of the address."""
        return urlencode(self.pairs)

    def with_(self, **changes: str | Sequence[str] | None) -> "Query":
        """Return the query with other values of some parameters; None leaves one out."""
        given = dict(self.given)
        for name, value in changes.items():
            if value is None or not list(value):
                given.pop(name, None)
            else:
                given[name] = (value,) if isinstance(value, str) else tuple(value)
        return Query(given)

    def without(self, name: str, value: str) -> "Query":
        """Return the query without one value of a parameter."""
        return self.with_(**{name: tuple(each for each in self.get(name) if each != value)})

    @property
    def show(self) -> Show:
        """Which closings are shown; what cannot be read is found by `wanted`."""
        shown = self.one("show")
        return Show(shown) if shown in set(Show) else Show.RATED

    def wanted(self, zone: ZoneInfo, today: date, sight: Sight) -> Wanted:
        """Read the whole filter. Raises InvalidInput."""
        return parse_wanted(expand(self.given, today), zone, seen_by=sight)


def _parts(name: str, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values if name in {"ticket", "q"} else (part for value in values for part in split_ids(value)))


def _bounded(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Leave out what is more than one too many: each value is a chip with an address of all the others."""
    parts = _parts(name, values)
    return parts[: MAX_VALUES + 1] if len(parts) > MAX_VALUES else tuple(values)
