"""The filters of every list, summary and export: one set of names, read from text, turned into SQL conditions.

Ranges are half-open; a bare date is a day of the installation's zone. Form, agent and group are ids.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Select, Table, case, literal, literal_column, or_, select, text

from ratings.errors import FieldError, InvalidInput
from ratings.lifecycle import State
from ratings.rights import EVERYTHING, Sight
from ratings.store.schema import ratings, ticket_tags
from ratings.times import DAY, HOUR, Instant, parse_instant
from ratings.votes import VoteState
from ratings.weekly import HOURS, MONDAY, WEEKDAYS, Offset, Weekly, offsets_of

RANGES = ("rated", "asked", "closed")
NAMES = (
    "survey",
    "form",
    "scale",
    "value",
    "value_max",
    *(f"{name}_{end}" for name in RANGES for end in ("from", "to")),
    "weekday",
    "hour",
    "channel",
    "agent",
    "group",
    "priority",
    "without",
    "tag",
    "has_comment",
    "q",
    "state",
)
"""Every filter, as it is named in a URL."""

STATES = tuple(state.value for state in VoteState)
INVITATION_STATES = tuple(state.value for state in State)
IDS = ("survey", "form", "channel", "agent", "group", "priority", "tag", "scale")
"""Those whose values are anybody's ids: a comma in one is written `\\,`."""

MAX_VALUES = 100
MAX_WORDS = 20


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open range of instants."""

    start: Instant | None = None
    end: Instant | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show. Empty: everything that `sight` lets be seen: every report's rights are in its query.

    `without` names what a ticket has none of; beside ids of the same name it is one of these or none. `weekly` is about when it
    was rated, within the range of that.
    """

    equal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    value_max: int | None = None
    ranges: Mapping[str, Range] = field(default_factory=dict)
    weekly: Weekly | None = None
    tags: tuple[str, ...] = ()
    has_comment: bool | None = None
    words: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    sight: Sight = EVERYTHING

    def seen_by(self, sight: Sight) -> "Filters":
        """Return the same filters, over what somebody may see."""
        return replace(self, sight=sight)

    @property
    def is_about_places(self) -> bool:
        """True where nothing but survey, form, channel, agent, group, priority and time is asked about: what days are counted by."""
        answers = self.scales or self.values or self.words or self.value_max is not None or self.has_comment is not None
        return not (answers or self.states or self.tags or self.weekly)

    @property
    def places(self) -> frozenset[str]:
        """What of a ticket is asked about: survey, form, channel, agent, group, priority."""
        return frozenset({*self.equal, *self.without})

    def of_places(self) -> "Filters":
        """Return what of the filters days are counted by; `tags` are left out, too."""
        return Filters(equal=self.equal, without=self.without, sight=self.sight)

    def about_tickets(self, table: Table, column: "ColumnOf | None" = None) -> list[ColumnElement[bool]]:
        """Return the conditions on what was copied at closing (survey, form, channel, agent, group, priority, tag), and on sight.

        `column` names a column of the table that is one of so many values, where the planner is to be told something by it.
        """
        column = column or (lambda name, _many: table.c[name])
        conditions: list[ColumnElement[bool]] = []
        for name, copied in _COLUMNS.items():
            wanted, none = self.equal.get(name, ()), name in self.without
            named = column(copied, len(wanted) + none)
            found: list[ColumnElement[bool]] = [named.in_(wanted)] if name in self.equal else []
            if none:  # counts of days write it as an empty text
                found.append(named.is_(None) if table.c[copied].nullable else named == "")
            conditions += [or_(*found)] if found else []
        if self.sight.forms is not None:
            conditions.append(column("form", len(self.sight.forms)).in_(self.sight.forms))
        if self.tags:
            conditions.append(
                table.c.id.in_(select(ticket_tags.c.invitation_id).where(ticket_tags.c.tag.in_(self.tags)))
            )
        return conditions

    def between(self, name: str, column: ColumnElement[int]) -> list[ColumnElement[bool]]:
        """Return the conditions that put an instant into the range of a name: rated, asked or closed."""
        wanted = self.ranges.get(name, Range())
        conditions: list[ColumnElement[bool]] = []
        if wanted.start is not None:
            conditions.append(column >= wanted.start)
        if wanted.end is not None:
            conditions.append(column < wanted.end)
        if name == "rated" and self.weekly is not None:
            conditions += _weekly(self.weekly, column, offsets_of(self.weekly.zone, wanted.start, wanted.end))
        return conditions

    def about_answers(self, *, sqlite: bool) -> list[ColumnElement[bool]]:
        """Return the conditions on what the customer said: scale, value, comment, words. They never touch a denominator."""
        conditions: list[ColumnElement[bool]] = []
        if self.scales:
            conditions.append(ratings.c.scale.in_(self.scales))
        if self.values:
            conditions.append(ratings.c.value.in_(self.values))
        if self.value_max is not None:
            conditions.append(ratings.c.value <= self.value_max)
        if self.has_comment is not None:
            conditions.append(ratings.c.comment.is_not(None) if self.has_comment else ratings.c.comment.is_(None))
        if self.words:
            conditions.append(_words(self.words, sqlite=sqlite))
        return conditions


ColumnOf = Callable[[str, int], ColumnElement[Any]]

_COLUMNS = {
    "survey": "survey_id",
    "form": "form",
    "channel": "account",
    "agent": "agent_id",
    "group": "group_id",
    "priority": "priority",
}
PLACES = tuple(_COLUMNS)
"""What a ticket may have none of."""


def column_of(name: str) -> str:
    """Return the column that has what a filter by survey, form, channel, agent, group or priority is about."""
    return _COLUMNS[name]


def split_ids(text_: str) -> list[str]:
    """Take a parameter apart at its commas, but for those of ids, which stand behind a backslash."""
    return [item for item in _COMMA.split(text_) if item]


def write_id(found: str) -> str:
    """Write an id as a parameter has it: a comma in it separates nothing."""
    return found.replace(",", "\\,")


def read_id(written: str) -> str:
    """Read what `write_id` wrote."""
    return written.replace("\\,", ",")


_COMMA = re.compile(r"(?<!\\),")


def parse_filters(
    parameters: Mapping[str, Sequence[str]], zone: ZoneInfo, *, states: Iterable[str] = STATES, also: Iterable[str] = ()
) -> Filters:
    """Read filters from query parameters (each a list: repeated, or separated by commas where they are ids or values).

    `also` names parameters that the caller reads itself. Raises InvalidInput that lists every wrong one.
    """
    reader = _Reader(parameters, zone, tuple(states))
    known = {*NAMES, *also}
    for name in parameters:
        if name not in known:
            reader.wrong(name, f"there is no such parameter; there are {', '.join(sorted(known))}")
    filters = reader.read()
    if reader.errors:
        raise InvalidInput(tuple(reader.errors))
    return filters


class _Reader:
    def __init__(self, parameters: Mapping[str, Sequence[str]], zone: ZoneInfo, states: tuple[str, ...]) -> None:
        self.parameters = parameters
        self.zone = zone
        self.states = states
        self.errors: list[FieldError] = []

    def wrong(self, name: str, detail: str) -> None:
        self.errors.append(FieldError(f"/{name}", detail))

    def read(self) -> Filters:
        value_max = self._one("value_max", _whole)
        has_comment = self._one("has_comment", _boolean)
        return Filters(
            equal={name: self._many(name) for name in _COLUMNS if name in self.parameters},
            scales=self._many("scale"),
            values=tuple(
                each
                for each in (self._convert("value", item, _whole) for item in self._many("value"))
                if each is not None
            ),
            value_max=value_max,
            without=self._without(),
            ranges={name: self._range(name) for name in RANGES},
            weekly=self._weekly(),
            tags=self._many("tag"),
            has_comment=has_comment,
            words=self._words(),
            states=self._states(),
        )

    def _many(self, name: str) -> tuple[str, ...]:
        found = [read_id(item) for text_ in self.parameters.get(name, ()) for item in split_ids(text_)]
        if name in self.parameters and not found:
            self.wrong(name, "it is empty; leave it out or give a value")
        if any("\0" in item for item in found):
            self.wrong(name, "it has a NUL character in it")
            return ()
        if len(found) > MAX_VALUES:
            self.wrong(name, f"{len(found)} values; at most {MAX_VALUES}")
        return tuple(dict.fromkeys(found))

    def _one(self, name: str, read: Callable[[str], Any]) -> Any:
        found = self.parameters.get(name, ())
        if len(found) > 1:
            self.wrong(name, "it is given more than once")
        return self._convert(name, found[0], read) if found else None

    def _convert(self, name: str, found: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(found)
        except (ValueError, OverflowError) as error:
            self.wrong(name, str(error))
            return None

    def _range(self, name: str) -> Range:
        start = self._one(f"{name}_from", lambda found: self._instant(found, end=False))
        end = self._one(f"{name}_to", lambda found: self._instant(found, end=True))
        if start is not None and end is not None and start > end:
            self.wrong(f"{name}_to", f"it is before {name}_from")
        return Range(start, end)

    def _instant(self, found: str, *, end: bool) -> Instant:
        """Read a time, or a day of the zone: the range includes the day that it ends with."""
        try:
            day = date.fromisoformat(found)
        except ValueError:
            try:
                return parse_instant(found)
            except ValueError:
                raise ValueError(
                    f"{found[:40]!r} is no time; write a day (2026-01-31) or a time with an offset (2026-01-31T09:00:00+03:00)"
                ) from None
        return day_end(day, self.zone) if end else day_start(day, self.zone)

    def _without(self) -> tuple[str, ...]:
        found = self._many("without")
        for name in found:
            if name not in _COLUMNS:
                self.wrong("without", f"{name[:40]!r} is none of {', '.join(_COLUMNS)}")
        return found

    def _weekly(self) -> Weekly | None:
        weekdays = self._numbers("weekday", WEEKDAYS, "a weekday from 1 (Monday) to 7 (Sunday)")
        hours = self._numbers("hour", HOURS, "an hour from 0 to 23: 17 is the one from 17:00 to 18:00")
        return Weekly(weekdays, hours, self.zone) if weekdays or hours else None

    def _numbers(self, name: str, allowed: range, what: str) -> tuple[int, ...]:
        """Read some numbers of a few, in order; () where none is named, and where all are."""
        found: set[int] = set()
        for text_ in self._many(name):
            if text_.isascii() and text_.isdecimal() and len(text_) <= 2 and int(text_) in allowed:  # noqa: PLR2004 - digits of the largest
                found.add(int(text_))
            else:
                self.wrong(name, f"{text_[:40]!r} is not {what}")
        return () if len(found) == len(allowed) else tuple(sorted(found))

    def _words(self) -> tuple[str, ...]:
        words = tuple(word for found in self.parameters.get("q", ()) for word in _split_words(found))
        if "q" in self.parameters and not words:
            self.wrong("q", "there is no word in it")
        if len(words) > MAX_WORDS:
            self.wrong("q", f"{len(words)} words; at most {MAX_WORDS}")
        return words

    def _states(self) -> tuple[str, ...]:
        found = self._many("state")
        for state in found:
            if state not in self.states:
                self.wrong("state", f"{state[:40]!r} is no state; there are {', '.join(self.states)}")
        return found


def day_start(day: date, zone: ZoneInfo) -> Instant:
    """Return when a day begins in a zone."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def day_end(day: date, zone: ZoneInfo) -> Instant:
    """Return when the next day begins. Raises OverflowError for the last day that there is."""
    return day_start(day + timedelta(days=1), zone)


def _whole(found: str) -> int:
    if not found.lstrip("-").isdecimal() or len(found) > 6:  # noqa: PLR2004 - a scale has two digits
        raise ValueError(f"{found[:40]!r} is no whole number")
    return int(found)


def _boolean(found: str) -> bool:
    if found not in {"true", "false"}:
        raise ValueError(f"{found[:40]!r} is neither true nor false")
    return found == "true"


def _split_words(found: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in found).split()


def _weekly(weekly: Weekly, column: ColumnElement[int], offsets: Sequence[Offset]) -> list[ColumnElement[bool]]:
    """Return the conditions that an instant lies in some hours of the week: whole numbers alone, the same on every engine."""
    since_monday = column + _ahead(column, offsets)
    conditions: list[ColumnElement[bool]] = []
    if weekly.weekdays:
        conditions.append((since_monday // DAY % 7).in_([weekday - 1 for weekday in weekly.weekdays]))
    if weekly.hours:
        conditions.append((since_monday // HOUR % 24).in_(weekly.hours))
    return conditions


def _ahead(column: ColumnElement[int], offsets: Sequence[Offset]) -> ColumnElement[int]:
    """Return how far the clock is ahead at an instant, from a Monday long ago: the right one of many by halving."""
    if len(offsets) == 1:
        return literal(offsets[0][1] + MONDAY, BigInteger)
    middle = len(offsets) // 2
    return case(
        (column < literal(offsets[middle][0], BigInteger), _ahead(column, offsets[:middle])),
        else_=_ahead(column, offsets[middle:]),
    )


def rows_with_words(words: Sequence[str], *, whole: bool = False) -> Select[Any]:
    """Return, on SQLite, the ids of ratings where every word begins a word of the comment; `whole`: where each is one."""
    query = " ".join(f'"{word}"' if whole else f'"{word}" *' for word in words)
    return (
        select(literal_column("rowid", BigInteger).label("id"))
        .select_from(text("rating_words"))
        .where(text("rating_words MATCH :words").bindparams(words=query))
    )


def _words(words: Sequence[str], *, sqlite: bool) -> ColumnElement[bool]:
    """Every word must begin a word of the comment: FTS5 prefix query, or to_tsquery's `:*`."""
    if sqlite:
        return ratings.c.id.in_(rows_with_words(words))
    query = " & ".join(f"{word}:*" for word in words)
    return text("ratings.words @@ to_tsquery('simple', :words)").bindparams(words=query)  # type: ignore[return-value] # a text clause is a condition


__all__ = ["INVITATION_STATES", "NAMES", "STATES", "Filters", "Range", "parse_filters"]
