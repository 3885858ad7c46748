"""What a chart is: a specification for those who see it, and a table for everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol
from urllib.parse import urlencode

from babel.dates import format_date

from ratings.reports.figures import Days
from ratings.reports.filters import IDS, write_id
from ratings.scale import Scale

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
DOT = " · "


class Speaker(Protocol):
    """How to say it to the reader: words, numbers and days of their language."""

    @property
    def language(self) -> str:
        """The tag of the language: "en", "ru"."""

    def say(self, text: str, **values: object) -> str:
        """Return a text in the reader's language."""

    def number(self, value: float | None, digits: int = 0) -> str:
        """Write a number; no value is a dash."""

    def percent(self, share: float | None, digits: int = 0) -> str:
        """Write a share; no value is "no data"."""

    def interval(self, ends: tuple[float, float] | None, digits: int = 0) -> str:
        """Write an interval of shares."""

    def day(self, day: date) -> str:
        """Write a day."""

    def duration(self, seconds: float | None) -> str:
        """Write a duration."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the rows behind a number are: the registry, with the filters that hold already. `path` is of the registry.

    `scale` is that of the ratings that are counted, where others were given, too.
    """

    path: str
    held: Sequence[tuple[str, str]] = ()
    scale: str | None = None

    def on(self, scale: str | None) -> "Rows":
        """Return where the rows are of what is counted on one scale of several; None: there is one alone."""
        return replace(self, scale=scale)

    def address(self, **filters: str) -> str:
        """Return the registry's address with these filters over those that hold; it names each once."""
        kept = [(name, value) for name, value in self.held if name not in filters]
        pairs = [(name, write_id(value) if name in IDS else value) for name, value in (*kept, *filters.items())]
        return f"{self.path}?{urlencode(pairs)}"

    def closed(self, days: Days, **filters: str) -> str:
        """Return where the closings of a period are, whether or not anybody was asked."""
        return self.address(**{"show": "all"} | _range("closed", days) | filters)

    def asked(self, days: Days, **filters: str) -> str:
        """Return where those are who were asked in a period."""
        return self.address(**{"show": "all"} | _range("asked", days) | filters)

    def delivered(self, days: Days, **filters: str) -> str:
        """Return where those are who were asked in a period, and whom the message reached for all that is known."""
        return self.asked(days, **{"delivered": "true"} | filters)

    def to_be_asked(self, days: Days) -> str:
        """Return where those closings of a period are for which it was decided to ask."""
        return self.closed(days, decision="ask")

    def rated_of_closed(self, days: Days, **filters: str) -> str:
        """Return where those closings of a period are that were rated, whenever they were."""
        return self.closed(days, **{"state": "answered"} | filters)

    def answered(self, days: Days, **filters: str) -> str:
        """Return where the ratings are of those who were asked in a period, whenever they rated."""
        return self.address(**_range("asked", days) | filters)

    def rated(self, days: Days, **filters: str) -> str:
        """Return where the ratings of a period are."""
        scale = {} if self.scale is None else {"scale": self.scale}
        return self.address(**_range("rated", days) | scale | filters)


def _range(name: str, days: Days) -> dict[str, str]:
    return {f"{name}_from": days.first.isoformat(), f"{name}_to": days.last.isoformat()}


@dataclass(frozen=True, slots=True)
class Look:
    """For whom a chart is. `symbols` False: of pictures, whose machine may have no font with emoji."""

    speech: Speaker
    rows: Rows
    symbols: bool = True

    def on(self, scale: str | None) -> "Look":
        """Return the look of what is counted on one scale of several; None: there is one alone."""
        return replace(self, rows=self.rows.on(scale))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: text, and perhaps where the rows behind it are."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's twin: the same figures in words and digits. The first cell of a row is its heading."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `spec` None: there is nothing to show. `values` is the number of its scale's values, for their colours; `note` says in sight how to read it."""

    name: str
    title: str
    description: str
    spec: Spec | None
    table: Table
    values: int = 5
    note: str = ""

    @property
    def height(self) -> int:
        """How many pixels high it will be, about: its place is kept while it is not drawn yet."""
        return 0 if self.spec is None else int(self.spec["height"]) + _AROUND


_AROUND = 34
"""Pixels of an axis below, and of the padding."""


_AS_EMOJI = "\ufe0f"
"""Asks for the coloured picture: text fonts have some of the faces, too, in black."""


@dataclass(frozen=True, slots=True)
class Step:
    """A value of a scale as reports count it, with the choice that its customers saw."""

    value: int
    symbol: str
    label: str

    def text(self, *, symbols: bool = True) -> str:
        """Return it for an axis: symbol and digit; without symbols digit and words."""
        if symbols and self.symbol:
            return f"{self.symbol}{_AS_EMOJI} {self.value}"
        return f"{self.value} {self.label}" if self.label else str(self.value)


def steps(scale: Scale | None, counted: Mapping[int, int], language: str) -> tuple[Step, ...]:
    """Return the values of a scale, the worst first, and any other that was counted: a scale's old version may have had it."""
    found: dict[int, Step] = {}
    for value in scale.values if scale is not None else ():
        choice = scale.get(scale.counted(value)) if scale is not None else None
        assert choice is not None
        label = choice.label(language)
        found[value] = Step(value, choice.symbol, "" if label == choice.symbol else label)
    for value in counted:
        found.setdefault(value, Step(value, "", ""))
    return tuple(found[value] for value in sorted(found))


def whole(rows: Sequence[Mapping[str, Any]], height: int, description: str, **parts: Any) -> Spec:
    """Return a specification of these rows: as wide as its place, so many pixels high."""
    return {
        "$schema": SCHEMA,
        "description": description,
        "width": "container",
        "height": height,
        "data": {"values": [dict(row) for row in rows]},
        **parts,
    }


def told(*names: tuple[str, str]) -> list[dict[str, str]]:
    """Return a tooltip of (field, title) pairs; the fields hold texts as they are to be read."""
    return [{"field": field, "type": "nominal", "title": title} for field, title in names]


def to_rows() -> dict[str, str]:
    """Return the encoding of a mark's link: the rows behind it."""
    return {"field": "rows", "type": "nominal"}


def percent_axis(speech: Speaker, title: str | None = None) -> dict[str, Any]:
    """Return an axis of shares, written in per cent as the language does: no tick stands below none or above all."""
    gap = "" if speech.language == "en" else "\u00a0"
    text = f"format(datum.value * 100, '.0f') + '{gap}%'"
    return {"title": title, "labelExpr": f"datum.value < 0 || datum.value > 1 ? '' : {text}", "tickCount": 5}


def whole_axis(title: str | None = None) -> dict[str, Any]:
    """Return an axis of counts: no tick stands at half a rating."""
    return {
        "title": title,
        "labelExpr": "datum.value % 1 || datum.value < 0 ? '' : format(datum.value, ',d')",
        "tickCount": 5,
        "tickMinStep": 1,
        # A number that would not fit at the end of the axis is left out, not cut; so wide is half of a "0" at its beginning.
        "labelBound": 5,
    }


def unit_text(speech: Speaker, unit: str, start: date) -> str:
    """Say which day, week or month it is."""
    if unit == "month":
        return str(format_date(start, "LLLL y", locale=speech.language))
    day = speech.day(start)
    return speech.say("week from %(day)s", day=day) if unit == "week" else day


def room_for_texts(most: int) -> dict[str, Any]:
    """Return the scale of bars with a text beside each: room for it beside the longest, more of it on a phone."""
    return {"nice": False, "domainMin": 0, "domainMax": {"expr": f"{most} * (width < 400 ? 1.65 : 1.25)"}}
