"""How what is set is said: durations, hours, conditions, lists, languages. Pure, in the reader's language."""

from collections.abc import Iterable

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names

from bot.web.pages.speech import NO_BREAK, Speech, mark
from ratings.conditions import All, Condition, Scalar, Test
from ratings.hours import Hours, Opening, hours_to_dict, opening_to_dict
from ratings.outcomes import Then
from ratings.times import SECOND, Duration

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
"""The units that durations are given in, and the seconds of each; the largest first."""

SHOWN = 5
"""Entries of a list that are shown where it is to be short."""

FIELDS = {
    "priority": mark("the priority"),
    "form": mark("the form"),
    "group": mark("the group"),
    "kind": mark("the kind"),
    "direction": mark("the direction"),
    "channel": mark("the channel"),
    "tags": mark("a tag"),
    "talk_s": mark("the seconds of talk"),
    "closed_by": mark("whoever closed it"),
}
"""What a condition looks at; a desk's own fields have names of their own."""

OPERATORS = {
    "is": mark("is"),
    "is_not": mark("is not"),
    "in": mark("is one of"),
    "not_in": mark("is none of"),
    "ge": mark("is at least"),
    "le": mark("is at most"),
    "has": mark("has the value"),
}

CLOSERS = {"agent": mark("an agent"), "customer": mark("the customer"), "auto": mark("a rule of the desk")}
THENS = {
    Then.LEAVE: mark("leaves the ticket as it is"),
    Then.CLOSE: mark("closes the ticket"),
    Then.REOPEN: mark("reopens the ticket"),
}
WRITABLE = {"score": mark("the value"), "comment": mark("the comment"), "rated_at": mark("when it was rated")}


def in_unit(seconds: int) -> tuple[int, str]:
    """Return a duration as a whole number of the largest unit that it is whole in: 90 → (90, "s"), 120 → (2, "min")."""
    for unit, length in UNITS:
        if seconds and seconds % length == 0:
            return seconds // length, unit
    return seconds, "s"


def lasting(speech: Speech, duration: Duration) -> str:
    """Write a duration to the second, in the one unit that it is whole in: 7 days, 36 h, 90 s."""
    number, unit = in_unit(duration // SECOND)
    if unit == "d":
        return speech.plural("%(number)s day", "%(number)s days", number).replace(" ", NO_BREAK)
    return f"{speech.number(number)}{NO_BREAK}{unit_name(speech, unit)}"


def unit_name(speech: Speech, unit: str) -> str:
    """Return how a unit is written beside a number of it."""
    several = 7  # of which languages have one form
    days = speech.plural("%(number)s day", "%(number)s days", several).removeprefix(str(several)).strip()
    names = {"d": days, "h": speech.say("h"), "min": speech.say("min"), "s": speech.say("s")}
    return names[unit]


def listed(speech: Speech, items: Iterable[str], *, short: bool = False, one_of: bool = False) -> str:
    """Write a list: a, b and c; with `one_of` a, b or c. A short one is cut, and says how many there are more."""
    names = list(items)
    if short and len(names) > SHOWN + 1:
        more = speech.plural("%(number)s more", "%(number)s more", len(names) - SHOWN)
        names = [*names[:SHOWN], more]
    if len(names) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(names)
    some = ", ".join(names[:-1])
    if one_of:
        return speech.say("%(some)s or %(last)s", some=some, last=names[-1])
    return speech.say("%(some)s and %(last)s", some=some, last=names[-1])


def quoted(speech: Speech, texts: Iterable[str], *, short: bool = False, one_of: bool = False) -> str:
    """Write a list of texts as they were typed, each in quotes."""
    return listed(speech, (speech.say("“%(words)s”", words=text) for text in texts), short=short, one_of=one_of)


def language_name(speech: Speech, tag: str) -> str:
    """Return a language's name in the reader's own, and its tag: Russian (ru)."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name(speech.language)
    except (ValueError, UnknownLocaleError):
        name = None
    return f"{name} ({tag})" if name else tag


def weekday_names(speech: Speech) -> list[str]:
    """Return the short names of the weekdays, Monday first."""
    names = get_day_names("abbreviated", context="stand-alone", locale=speech.language)
    return [names[day] for day in range(7)]


def hours_said(speech: Speech, hours: Hours) -> str:
    """Write when something may go out."""
    quiet = hours_to_dict(hours)["quiet"]
    parts = []
    if isinstance(quiet, dict):
        # They are quiet from the first up to the second, and so may go from the second up to the first.
        parts.append(speech.say("from %(first)s to %(last)s", first=quiet["to"], last=quiet["from"]))
    if hours.weekdays:
        parts.append(_on_weekdays(speech, hours.weekdays))
    return ", ".join(parts) or speech.say("at any time")


def opening_said(speech: Speech, opening: Opening) -> str:
    """Write a desk's opening hours."""
    ends = opening_to_dict(opening)
    said = speech.say("from %(first)s to %(last)s", first=ends["from"], last=ends["to"])
    return f"{said}, {_on_weekdays(speech, opening.weekdays)}" if opening.weekdays else said


def condition_said(speech: Speech, condition: Condition, *, inside: bool = False) -> str:
    """Write a condition as the end of “only when …”; groups inside groups stand in brackets."""
    if isinstance(condition, Test):
        return _test_said(speech, condition)
    parts = [condition_said(speech, one, inside=True) for one in condition.conditions]
    joint = speech.say("and") if isinstance(condition, All) else speech.say("or")
    said = f" {joint} ".join(parts)
    return f"({said})" if inside and len(parts) > 1 else said


def field_name(speech: Speech, field: str) -> str:
    """Return what a condition looks at, in words."""
    if field in FIELDS:
        return speech.say(FIELDS[field])
    return speech.say("the field “%(name)s”", name=field.removeprefix("fields."))


def values_said(values: Iterable[int]) -> str:
    """Write values of a scale: 1–3, 5."""
    runs: list[tuple[int, int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], value
        else:
            runs.append((value, value))
    return ", ".join(
        str(first) if first == last else f"{first}, {last}" if last == first + 1 else f"{first}–{last}"
        for first, last in runs
    )


def _on_weekdays(speech: Speech, weekdays: tuple[int, ...]) -> str:
    names = weekday_names(speech)
    first, last = weekdays[0], weekdays[-1]
    if last - first + 1 == len(weekdays) > 2:  # noqa: PLR2004 - two are named, more are a span
        return f"{names[first - 1]}–{names[last - 1]}"
    return ", ".join(names[day - 1] for day in weekdays)


def _test_said(speech: Speech, test: Test) -> str:
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    said = listed(speech, (_scalar_said(speech, test.field, value) for value in values), one_of=True)
    return f"{field_name(speech, test.field)} {speech.say(OPERATORS[test.op])} {said}"


def _scalar_said(speech: Speech, field: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return speech.say("yes") if value else speech.say("no")
    if isinstance(value, str):
        known = speech.say(CLOSERS[value]) if field == "closed_by" and value in CLOSERS else None
        return known or speech.say("“%(words)s”", words=value)
    return str(value)
