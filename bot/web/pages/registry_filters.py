"""The filter bar of the registry: its choices, and the active filters as chips that can be taken off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.exporting.words import REASONS, STATES, VOTE_STATES
from bot.web.pages.periods import PERIODS, RANGES, days_of
from bot.web.pages.registry_hours import hours_said, weekdays_said
from bot.web.pages.registry_query import Query
from bot.web.pages.speech import Speech, mark
from ratings.decisions import SkipReason
from ratings.reports.filters import read_id, write_id
from ratings.reports.registry import Show
from ratings.survey import Survey
from ratings.weekly import HOURS, WEEKDAYS

SHOWN: Mapping[Show, str] = {
    Show.RATED: mark("rated"),
    Show.UNANSWERED: mark("asked, no answer"),
    Show.NOT_ASKED: mark("not asked"),
    Show.ALL: mark("all closings"),
}

RANGE_TITLES: Mapping[str, str] = {"rated": mark("Rated"), "closed": mark("Closed"), "asked": mark("Asked")}

PLACES: Mapping[str, tuple[str, str, str]] = {
    "agent": (mark("agent"), mark("any agent"), mark("no agent")),
    "group": (mark("group"), mark("any group"), mark("no group")),
    "form": (mark("form"), mark("any form"), mark("no form")),
    "channel": (mark("channel"), mark("any channel"), mark("no channel")),
    "survey": (mark("survey"), mark("any survey"), mark("no survey")),
    "priority": (mark("priority"), mark("any priority"), mark("no priority")),
    "scale": (mark("scale"), mark("any scale"), ""),
}
"""Each filter by something that has a name: its own name, what is said where it is not set, and where there is none ("" for never)."""

OF_EVERY_RATING = frozenset({"channel", "survey"})
"""What everything has that was rated."""

TRUTHS: Mapping[str, tuple[str, str, str, str]] = {
    "has_comment": (
        mark("Comment"),
        mark("with or without a comment"),
        mark("with a comment"),
        mark("without a comment"),
    ),
    "delivered": (mark("Delivery"), mark("delivered or not"), mark("delivered"), mark("not known to be delivered")),
    "has_first_response": (
        mark("First response"),
        mark("first response known or not"),
        mark("first response known"),
        mark("first response not known"),
    ),
    "has_handling": (
        mark("Handling"),
        mark("handling time known or not"),
        mark("handling time known"),
        mark("handling time not known"),
    ),
}
"""Each filter that is true or false: its name, and what is said where it is not set, true, false."""

DECISIONS: Mapping[str, str] = {"ask": mark("decided to ask"), "skip": mark("decided not to ask")}

SKIPS = {reason.value: REASONS[reason.value] for reason in SkipReason}
STATES_OF_INVITATIONS = {code: words for code, words in STATES.items() if code != "skipped"}


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Choosing:
    """A filter with several choices. `said` is what the bar says of it, `none` the choice of what has none of it."""

    name: str
    title: str
    said: str
    options: tuple[Option, ...]
    none: Option | None = None

    @property
    def is_set(self) -> bool:
        """True when something is chosen."""
        return any(option.chosen for option in (*self.options, *([self.none] if self.none else [])))


@dataclass(frozen=True, slots=True)
class Weekly:
    """The filter by hours of the week."""

    said: str
    weekdays: tuple[Option, ...]
    hours: tuple[Option, ...]

    @property
    def is_set(self) -> bool:
        """True when something is chosen."""
        return any(option.chosen for option in (*self.weekdays, *self.hours))


@dataclass(frozen=True, slots=True)
class Dates:
    """A filter by days: a period by name, or two days."""

    name: str
    title: str
    said: str
    period: str
    first: str
    last: str
    options: tuple[Option, ...]

    @property
    def is_set(self) -> bool:
        """True when it leaves something out."""
        return bool(self.period or self.first or self.last)


@dataclass(frozen=True, slots=True)
class ValueOption:
    """A value of some scale: its symbol, its place (tone 1, the worst, to 5) and its words."""

    value: int
    symbol: str
    tone: int
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter in words, and the address without it."""

    text: str
    address: str


def tone_of(place: int, of: int) -> int:
    """Return the tone (1 the worst to 5 the best) of a place among so many choices."""
    return 1 + round(4 * place / (of - 1)) if of > 1 else 5


class Bar:
    """Everything that the bar shows. `names` are those of the directory, by kind, each an id with its name (or none)."""

    def __init__(
        self,
        query: Query,
        speech: Speech,
        today: date,
        names: Mapping[str, Sequence[tuple[str, str | None]]],
        surveys: Sequence[Survey],
    ) -> None:
        self._query = query
        self._speech = speech
        self._today = today
        self._names = names
        self._surveys = surveys

    @property
    def shown(self) -> tuple[Option, ...]:
        """Which closings can be shown."""
        return tuple(
            Option(show.value, self._speech.say(words), show is self._query.show) for show, words in SHOWN.items()
        )

    @property
    def values(self) -> tuple[ValueOption, ...]:
        """The values of all scales, the smallest first."""
        found: dict[int, ValueOption] = {}
        chosen = self._query.get("value")
        for survey in self._surveys:
            scale = survey.scale
            for place, value in enumerate(scale.values):
                choice = scale.get(scale.counted(value))
                if choice is not None and value not in found:
                    tone = tone_of(place, len(scale.values))
                    label = choice.label(self._speech.language)
                    found[value] = ValueOption(value, choice.symbol, tone, label, str(value) in chosen)
        for number in map(_number, chosen):
            if number is not None and number not in found:
                found[number] = ValueOption(number, "", 3, "", chosen=True)
        return tuple(found[value] for value in sorted(found))

    @property
    def said_of_values(self) -> str:
        """What the bar says of the filter by value."""
        numbers = map(_number, self._query.get("value"))
        parts = [self._value(number) for number in numbers if number is not None]
        most = self._query.one("value_max")
        if most:
            parts.append(f"≤\u00a0{most}")
        return ", ".join(parts) or self._speech.say("any rating")

    def _value(self, value: int) -> str:
        option = next((each for each in self.values if each.value == value), None)
        return f"{option.symbol}\u00a0{value}".strip() if option is not None else str(value)

    @property
    def dates(self) -> tuple[Dates, ...]:
        """The filters by days: those that mean something for what is shown, or that are set."""
        left_out = {Show.RATED: {"asked"}, Show.UNANSWERED: {"rated"}, Show.NOT_ASKED: {"rated", "asked"}}
        unseen = left_out.get(self._query.show, set())
        return tuple(dates for dates in map(self._dates, RANGES) if dates.is_set or dates.name not in unseen)

    @property
    def is_about_answers(self) -> bool:
        """True where filters by value and comment mean something, or are set."""
        names = ("scale", "value", "value_max", "has_comment", "q")
        return self._query.show in {Show.RATED, Show.ALL} or any(self._query.one(name) for name in names)

    @property
    def weekly(self) -> Weekly | None:
        """The filter by hours of the week, where it means something or is set."""
        weekdays, hours = self._numbers("weekday"), self._numbers("hour")
        if self._query.show not in {Show.RATED, Show.ALL} and not weekdays and not hours:
            return None
        said = " ".join(
            part for part in (weekdays_said(weekdays, self._speech), hours_said(hours, self._speech)) if part
        )
        return Weekly(
            said or self._speech.say("at any hour of the week"),
            tuple(Option(str(each), self._speech.weekday(each), each in weekdays) for each in WEEKDAYS),
            tuple(Option(str(each), f"{each:02}", each in hours) for each in HOURS),
        )

    def _numbers(self, name: str) -> list[int]:
        return sorted({number for number in map(_number, self._query.get(name)) if number is not None})

    @property
    def truths(self) -> tuple[Choosing, ...]:
        """The filters that are true or false: those that mean something for what is shown, or that are set."""
        show, say = self._query.show, self._speech.say
        meant = {
            "has_comment": self.is_about_answers,
            "delivered": show in {Show.UNANSWERED, Show.ALL},
            "has_first_response": show is Show.ALL,
            "has_handling": show is Show.ALL,
        }
        found = []
        for name, (title, unset, yes, no) in TRUTHS.items():
            given = self._query.one(name)
            if meant[name] or given:
                options = (Option("true", say(yes), given == "true"), Option("false", say(no), given == "false"))
                found.append(Choosing(name, say(title), say(unset), options))
        return tuple(found)

    def _dates(self, name: str) -> Dates:
        say = self._speech.say
        period = self._query.one(name)
        first, last = self._query.one(f"{name}_from"), self._query.one(f"{name}_to")
        options = tuple(Option(each, say(words), each == period) for each, words in PERIODS.items())
        return Dates(name, say(RANGE_TITLES[name]), self._said_of(period, first, last), period, first, last, options)

    def _said_of(self, period: str, first: str, last: str) -> str:
        say = self._speech.say
        if period in PERIODS:
            begin, end = days_of(period, self._today)
            return f"{say(PERIODS[period])} ({self._speech.days(begin, end)})"
        if first and last:
            days = _day(first), _day(last)
            return self._speech.days(days[0], days[1]) if days[0] and days[1] else f"{first} – {last}"
        if first:
            return say("from %(day)s", day=self._said_day(first))
        if last:
            return say("until %(day)s", day=self._said_day(last))
        return say("any time")

    def _said_day(self, text: str) -> str:
        day = _day(text)
        return text if day is None else self._speech.day(day)

    @property
    def places(self) -> tuple[Choosing, ...]:
        """The filters by agent, group, form and so on: those that there is anything to choose of, or that are set."""
        found = []
        for name, (title, unset, without) in PLACES.items():
            chosen = self._query.get(name)
            names = self._scales if name == "scale" else self._names.get(name, ())
            known = {write_id(each): words for each, words in names}
            known.update({each: None for each in chosen if each not in known})
            none = self._none(name, without)
            if not known and not (none and none.chosen):
                continue
            options = tuple(Option(each, known[each] or read_id(each), each in chosen) for each in known)
            said = ", ".join(option.label for option in (*options, *([none] if none else [])) if option.chosen)
            found.append(Choosing(name, self._speech.say(title), said or self._speech.say(unset), options, none))
        return tuple(found)

    def _none(self, name: str, words: str) -> Option | None:
        """Return the choice of what has none of something, where there may be such."""
        chosen = name in self._query.get("without")
        if not words or (name in OF_EVERY_RATING and self._query.show is Show.RATED and not chosen):
            return None
        return Option(name, self._speech.say(words), chosen)

    @property
    def _scales(self) -> Sequence[tuple[str, None]]:
        """The scales of surveys, where answers are shown and there are several."""
        names = dict.fromkeys(survey.scale.name for survey in self._surveys)
        return [(name, None) for name in names] if len(names) > 1 and self.is_about_answers else []

    @property
    def codes(self) -> tuple[Choosing, ...]:
        """The filters by state, and by why nobody was asked, where they mean something."""
        show = self._query.show
        states = VOTE_STATES if show is Show.RATED else STATES_OF_INVITATIONS if show is not Show.NOT_ASKED else STATES
        found = [self._coded("state", mark("state"), mark("any state"), states)]
        if show is Show.ALL or self._query.one("decision"):
            found.append(self._coded("decision", mark("decision"), mark("whatever was decided"), DECISIONS))
        if show in {Show.NOT_ASKED, Show.ALL}:
            found.append(self._coded("reason", mark("why not"), mark("for any reason"), SKIPS))
        return tuple(found)

    def _coded(self, name: str, title: str, unset: str, words: Mapping[str, str]) -> Choosing:
        say = self._speech.say
        chosen = self._query.get(name)
        options = tuple(Option(code, say(text), code in chosen) for code, text in words.items())
        said = ", ".join(option.label for option in options if option.chosen) or say(unset)
        return Choosing(name, say(title), said, options)

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The active filters, each with the address of the page without it."""
        say, query = self._speech.say, self._query
        found = list(self._times())
        for text in query.get("value"):
            number = _number(text)
            value = text if number is None else self._value(number)
            found.append(Chip(say("rating: %(value)s", value=value), query.without("value", text).text))
        most = query.one("value_max")
        if most:
            found.append(Chip(say("rating: %(value)s", value=f"≤\u00a0{most}"), query.with_(value_max=None).text))
        found += self._truths()
        if query.one("q"):
            words = say("words: %(words)s", words=" ".join(query.get("q")))
            found.append(Chip(words, query.with_(q=None).text))
        for choosing in (*self.places, *self.codes):
            for option in choosing.options:
                if option.chosen:
                    left = query.without(choosing.name, option.value)
                    found.append(Chip(f"{choosing.title}: {option.label}", left.text))
            if choosing.none is not None and choosing.none.chosen:
                found.append(Chip(choosing.none.label, query.without("without", choosing.name).text))
        for name, words in (("tag", mark("tag: %(value)s")), ("ticket", mark("ticket: %(value)s"))):
            for value in query.get(name):
                found.append(Chip(say(words, value=read_id(value)), query.without(name, value).text))
        return tuple(found)

    def _times(self) -> Iterator[Chip]:
        query = self._query
        for dates in self.dates:
            if dates.is_set:
                left = query.with_(**{dates.name: None, f"{dates.name}_from": None, f"{dates.name}_to": None})
                yield Chip(f"{dates.title}: {dates.said}", left.text)
        weekly = self.weekly
        if weekly is not None and weekly.is_set:
            left = query.with_(weekday=None, hour=None)
            yield Chip(f"{self._speech.say(RANGE_TITLES['rated'])}: {weekly.said}", left.text)

    def _truths(self) -> Iterator[Chip]:
        for truth in self.truths:
            for option in truth.options:
                if option.chosen:
                    yield Chip(option.label, self._query.with_(**{truth.name: None}).text)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


_DIGITS = 18  # more than any value has, and fewer than Python refuses to read


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
