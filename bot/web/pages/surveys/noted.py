"""A survey's settings one by one, as the audit log notes them: what each is called, and what it is. Pure, in the reader's language.

A name is where a setting stands in the survey's JSON: `rules.every_s`. It is called by the sentence that the editor shows around its field.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.web.pages.speech import Speech, mark
from bot.web.pages.surveys import sentences as said
from bot.web.pages.surveys.text_titles import TITLES
from bot.web.pages.surveys.words import (
    CLOSERS,
    WRITABLE,
    condition_said,
    hours_said,
    language_name,
    lasting,
    listed,
    opening_said,
    quoted,
    values_said,
)
from bot.web.pages.surveys.words import THENS as DOES
from ratings.conditions import parse_condition
from ratings.errors import FieldError, InvalidInput
from ratings.hours import read_hours, read_opening
from ratings.outcomes import Then
from ratings.scale import Scale
from ratings.texts import REACTION
from ratings.times import SECOND

WHOLE = frozenset({"scale", "ask_when", "skip_when", "rules.opening", "timing.hours", "alerts.hours"})
"""What means something only as a whole."""

UNTOLD = frozenset({"id"})
"""What the log says beside these."""

_CALLED = {
    "/name": mark("Name of the survey"),
    "/enabled": mark("It is on."),
    "/version": mark("Version"),
    "/position": mark("Place"),
    "/company": mark("The company's name"),
    "/language": mark("Language"),
    "/timezone": mark("Time zone"),
    "/scale": mark("Scale"),
    "/opt_out": mark("When a customer says “never”"),
    "/when_paused": mark("When it is switched off"),
    "/ask_when": mark("Ask only when"),
    "/skip_when": mark("Do not ask when"),
    "/rules/closed_by": said.CLOSED_BY,
    "/rules/opening": mark("Opening hours, by the survey's clock"),
    "/rules/share": said.SHARE,
    "/timing/reminders_s": mark("Reminders, each so long after the message before it"),
    "/timing/hours": mark("Questions and reminders, by the customer's clock"),
    "/outcomes/enabled": mark("Ratings close and reopen tickets."),
    "/outcomes/tag_below": mark("Tag ratings below"),
    "/outcomes/tag": mark("The tag"),
    "/outcomes/write": mark("Into the desk's own fields go:"),
    "/alerts/value_max": said.TOLD_OF,
    "/alerts/words": mark("Comments with a word that begins with one of these are told, whatever the value:"),
    "/alerts/to": mark("They are told to:"),
    "/alerts/per_hour": said.PER_HOUR,
    "/alerts/hours": mark("Alerts, by the survey's clock"),
    "/release/to_agents": mark("Agents see what was said of them."),
    "/release/after_ratings": mark("Ratings that gather first"),
    "/release/after_days": mark("Days at the most"),
    **said.LASTING,
    **said.COUNTS,
    **said.LISTS,
    **{pointer: words[0] for pointer, words in said.SWITCHES.items()},
}
"""What each setting is called; texts and what a rating does have names of their own."""

NOTHING = "—"


class NotedSurvey:
    """Says the settings of surveys in one language."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._say = speech.say

    def title(self, name: str) -> str | None:
        """Return what a setting is called; None where nobody thought of it."""
        part, *rest = name.split(".", 2)
        if part == "texts" and len(rest) == 2:  # noqa: PLR2004 - a language and a key, which may have a dot of its own
            return f"{self._text(rest[1])} ({rest[0]})"
        if name.startswith("outcomes.levels."):
            text = self._say("A rating of %(value)s %(it)s.", value=rest[-1], it="…")
        elif (called := _CALLED.get(_pointer(name))) is not None:
            text = self._say(called, it="…") if "%(it)s" in called else self._say(called)
        else:
            return None
        return text.rstrip(" .…:")

    def value(self, name: str, value: Any) -> str:
        """Return what a setting is, in words; as it is written, where it is none that could be saved today."""
        if value in (None, "", [], {}):
            return NOTHING
        try:
            return self._value(name, value)
        except (InvalidInput, KeyError, TypeError, ValueError):
            return _written(value)

    def _value(self, name: str, value: Any) -> str:
        pointer, say, speech = _pointer(name), self._say, self._speech
        if isinstance(value, bool):
            return say("yes") if value else say("no")
        if pointer in said.LASTING:
            return lasting(speech, value * SECOND) if value else NOTHING
        if pointer in said.WORDS:
            return say(said.WORDS[pointer][value]).removesuffix(".")
        if pointer in _SPOKEN:
            return _SPOKEN[pointer](speech, value)
        if name.startswith("outcomes.levels."):
            return say(DOES[Then(value)])
        if isinstance(value, list):
            return quoted(speech, value)
        return value if isinstance(value, str) else speech.number(value)

    def _text(self, key: str) -> str:
        if key.startswith(REACTION):
            return self._say("After a rating of %(value)s", value=key.removeprefix(REACTION))
        return self._say(TITLES[key]) if key in TITLES else key


def _pointer(name: str) -> str:
    return f"/{name.replace('.', '/')}"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _condition(speech: Speech, value: Any) -> str:
    return condition_said(speech, parse_condition(value))


def _hours(speech: Speech, value: Any) -> str:
    errors: list[FieldError] = []
    hours = read_hours(errors, value, "")
    if hours is None or errors:
        raise InvalidInput(errors)
    return hours_said(speech, hours)


def _opening(speech: Speech, value: Any) -> str:
    errors: list[FieldError] = []
    opening = read_opening(errors, value, "")
    if opening is None or errors:
        raise InvalidInput(errors)
    return opening_said(speech, opening)


def _scale(speech: Speech, value: Any) -> str:
    scale = Scale.from_dict(value)
    choices = ", ".join(said.choice_said(choice, speech.language) for choice in scale.choices)
    satisfied = values_said(choice.value for choice in scale.choices if choice.satisfied)
    parts = [
        f"{quoted(speech, [scale.name])}: {choices}.",
        speech.say("Satisfied is: %(values)s.", values=satisfied or NOTHING),
    ]
    if scale.one_is_best:
        parts.append(speech.say("The smallest value is the best one; it is counted as the largest."))
    return " ".join(parts).removesuffix(".")


_SPOKEN: Mapping[str, Callable[[Speech, Any], str]] = {
    "/scale": _scale,
    "/ask_when": _condition,
    "/skip_when": _condition,
    "/rules/opening": _opening,
    "/timing/hours": _hours,
    "/alerts/hours": _hours,
    "/language": language_name,
    "/rules/share": said.share_said,
    "/rules/closed_by": lambda speech, value: listed(speech, (speech.say(CLOSERS[one]) for one in value), one_of=True),
    "/timing/reminders_s": lambda speech, value: listed(speech, (lasting(speech, one * SECOND) for one in value)),
    "/outcomes/write": lambda speech, value: listed(speech, (speech.say(WRITABLE[one]) for one in value)),
}
"""What is said in a way of its own."""
