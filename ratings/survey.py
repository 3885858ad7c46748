"""A survey: what an admin sets for some forms. On or off, scale, texts, conditions and timing.

`parse_survey` reads a new one, or with `base` a change in the manner of a JSON merge patch (RFC 7396): what is not
named stays, objects are merged, null goes back to the default. What means something only as a whole is taken whole: the
scale, a condition, hours. Durations are ms inside and whole seconds in JSON.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, get_args

from ratings import reading
from ratings.alerting import Alerts, alerts_to_dict, read_alerts
from ratings.builtin_texts import BUILT_IN
from ratings.conditions import Condition, condition_to_dict, parse_condition
from ratings.errors import FieldError, InvalidInput, found, found_type, step
from ratings.hours import zone_named
from ratings.outcomes import Outcomes, outcomes_to_dict, read_outcomes
from ratings.release import Release, read_release, release_to_dict
from ratings.scale import DEFAULT_SCALE, Scale
from ratings.send_rules import SendRules, read_rules, rules_to_dict
from ratings.texts import LANGUAGES, OWN_KEYS, REACTION, check_text, reaction_value
from ratings.times import Instant
from ratings.timing import Timing, read_timing, timing_to_dict

MAX_NAME = 200
MAX_BOUND = 1_000
MAX_LANGUAGES = 50
MAX_POSITION = 1_000_000
FALLBACK_LANGUAGE = "en"

OptOut = Literal["channel", "everywhere"]
WhenPaused = Literal["hold", "cancel"]

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}").fullmatch
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}").fullmatch


@dataclass(frozen=True, slots=True)
class Survey:
    """`desks`, `forms` (phone lines among them), `groups` and `channels` are what it is bound to; () is every one. `texts` are an admin's own words over the built-in ones: language → key → template.

    `language` serves customers whose language is not known. `reverse` shows the largest value first. With `fallback` a
    prompt that one address does not take goes to the ticket's next one. With `confirm_links` a link that nobody touched
    the page of never counts. `opt_out` is what a customer's "never" covers: that channel, or everywhere. `timezone` serves
    customers whose own is not known ("": the installation's). `when_paused` says what switching it off does to prompts that
    are scheduled. `greeting`: the first message to an address says first who asks. `paused_at` is told by the store.
    """

    id: str
    name: str
    enabled: bool = True
    version: int = 1
    desks: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    position: int = 0
    company: str = ""
    language: str = "ru"
    timezone: str = ""
    scale: Scale = DEFAULT_SCALE
    reverse: bool = False
    fallback: bool = False
    confirm_links: bool = False
    opt_out: OptOut = "channel"
    when_paused: WhenPaused = "hold"
    greeting: bool = False
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ask_when: Condition | None = None
    skip_when: Condition | None = None
    rules: SendRules = field(default_factory=SendRules)
    timing: Timing = field(default_factory=Timing)
    outcomes: Outcomes = field(default_factory=Outcomes)
    alerts: Alerts = field(default_factory=Alerts)
    release: Release = field(default_factory=Release)
    paused_at: Instant | None = field(default=None, compare=False)

    @property
    def bound(self) -> tuple[str, ...]:
        """The names of its bindings: the more of them, the more specific it is."""
        return tuple(name for name in BINDINGS if getattr(self, name))

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that it can speak: the built-in ones and the admin's own."""
        return tuple(dict.fromkeys((*LANGUAGES, *self.texts)))

    def text(self, key: str, language: str) -> str:
        """The template of a text in a language, else in the survey's own, else in English. Raises KeyError for no key."""
        for tongue in (language, self.language, FALLBACK_LANGUAGE):
            for layer in (self.texts, BUILT_IN):
                words = layer.get(tongue)
                if words is not None and key in words:
                    return words[key]
        raise KeyError(key)

    def reminder(self, number: int, language: str) -> str:
        """The template of a reminder, the first being 1: its own words, else those of the first in the same language."""
        own = f"reminder_{number}"
        for tongue in (language, self.language, FALLBACK_LANGUAGE):
            for layer in (self.texts, BUILT_IN):
                words = layer.get(tongue, {})
                if own in words or "reminder" in words:
                    return words.get(own) or words["reminder"]
        raise KeyError(own)  # pragma: no cover - every reminder is built in

    def reaction(self, value: int, language: str) -> str | None:
        """The admin's own words after a rating of this value; "" says nothing, None leaves it to the thanks.

        The thanks in the customer's language go before a reaction in another one.
        """
        for tongue in (language, self.language, FALLBACK_LANGUAGE):
            own = self.texts.get(tongue, {})
            words = own.get(f"{REACTION}{value}")
            if words is not None or "thanks" in own or tongue in BUILT_IN:
                return words
        return None  # pragma: no cover - the fallback is built in


DEFAULT_SURVEY = Survey("default", "Default")
"""Made once, by the first migration: bound to every form, on, asking at once."""

BINDINGS = ("desks", "forms", "groups", "channels")
_NEW = replace(DEFAULT_SURVEY, id="")
_NEVER_NULL = frozenset({"name", "enabled"})  # nobody means a default by these
_KEYS = tuple(one.name for one in fields(Survey) if one.name != "paused_at")


def parse_survey(data: object, *, base: Survey | None = None) -> Survey:
    """Read a survey, or a change of `base`. Raises InvalidInput with every wrong field, unknown keys among them.

    The store counts versions: a change keeps that of `base` whatever the data say. An id never changes.
    """
    if not isinstance(data, dict):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object, the survey")])
    unknown = [key for key in data if key not in _KEYS]
    errors = [FieldError(step("", key), f"unknown key; a survey has {', '.join(_KEYS)}") for key in unknown]
    start = base or _NEW
    read: dict[str, object] = {"id": _id(errors, data, base)}
    if base is None and "name" not in data:
        read["name"] = read["id"]
    if "version" in data and base is None:
        read["version"] = _whole(errors, data["version"], "/version", 1)
    if "position" in data:
        given = data["position"]
        read["position"] = _NEW.position if given is None else _whole(errors, given, "/position", 0)
    for key, reader in _READERS.items():
        if key in data:
            to_default = data[key] is None and key not in _NEVER_NULL
            read[key] = getattr(_NEW, key) if to_default else reader(errors, data[key], start)
    if errors:
        raise InvalidInput(errors)
    survey = replace(start, **read)  # type: ignore[arg-type]  # each reader returns its own field's type
    errors.extend(_contradictions(survey))
    if errors:
        raise InvalidInput(errors)
    return survey


def _contradictions(survey: Survey) -> list[FieldError]:
    """What is wrong between the parts of a survey, each of which is right by itself."""
    errors: list[FieldError] = []
    if survey.timing.delay >= survey.timing.expires_after:
        detail = "as long as expires_after_s or longer; expected less: the prompt would be expired when it comes"
        errors.append(FieldError("/timing/delay_s", detail))
    values = survey.scale.values
    errors.extend(
        FieldError(
            f"/outcomes/levels/{value}", f"the scale has no {value}; expected one of {', '.join(map(str, values))}"
        )
        for value in survey.outcomes.levels
        if value not in values
    )
    errors.extend(
        FieldError(
            step(f"/texts/{language}", key),
            f"the scale has no such value; expected one of {', '.join(map(str, values))}",
        )
        for language, words in survey.texts.items()
        for key in words
        if (value := reaction_value(key)) is not None and value not in values
    )
    return errors


def survey_to_dict(survey: Survey) -> dict[str, object]:
    """Write a survey as the JSON data that `parse_survey` reads back to an equal one."""
    return {
        "id": survey.id,
        "name": survey.name,
        "enabled": survey.enabled,
        "version": survey.version,
        **{name: list(getattr(survey, name)) for name in BINDINGS},
        "position": survey.position,
        "company": survey.company,
        "language": survey.language,
        "timezone": survey.timezone,
        "scale": survey.scale.to_dict(),
        "reverse": survey.reverse,
        "fallback": survey.fallback,
        "confirm_links": survey.confirm_links,
        "opt_out": survey.opt_out,
        "when_paused": survey.when_paused,
        "greeting": survey.greeting,
        "texts": {language: dict(words) for language, words in survey.texts.items()},
        "ask_when": None if survey.ask_when is None else condition_to_dict(survey.ask_when),
        "skip_when": None if survey.skip_when is None else condition_to_dict(survey.skip_when),
        "rules": rules_to_dict(survey.rules),
        "timing": timing_to_dict(survey.timing),
        "outcomes": outcomes_to_dict(survey.outcomes),
        "alerts": alerts_to_dict(survey.alerts),
        "release": release_to_dict(survey.release),
    }


# --- readers: each takes the errors to add to, the value found, and the survey that it changes --------------------

Reader = Callable[[reading.Errors, object, Survey], object]


def _id(errors: reading.Errors, data: dict[str, object], base: Survey | None) -> str:
    value = data.get("id")
    if base is not None:
        if "id" in data and value != base.id:
            errors.append(FieldError("/id", f"{found(value)}; expected {found(base.id)}: an id never changes"))
        return base.id
    if isinstance(value, str) and _ID(value):
        return value
    detail = "1 to 64 small letters, digits, hyphens and underscores"
    errors.append(FieldError("/id", f"{'missing' if 'id' not in data else found(value)}; expected {detail}"))
    return "-"


def _whole(errors: reading.Errors, value: object, pointer: str, least: int) -> int:
    if type(value) is int and least <= value <= MAX_POSITION:
        return value
    errors.append(FieldError(pointer, f"{found(value)}; expected a whole number from {least} to {MAX_POSITION}"))
    return least


def _name(errors: reading.Errors, value: object, start: Survey) -> str:
    read = reading.text(errors, value, "/name", MAX_NAME)
    if value is None or value == "" or (read is not None and not read.strip()):
        errors.append(FieldError("/name", f"{found(value)}; expected 1 to {MAX_NAME} characters"))
    return read or start.name


def _switch(pointer: str) -> Reader:
    def read(errors: reading.Errors, value: object, _start: Survey) -> bool:
        if not isinstance(value, bool):
            errors.append(FieldError(pointer, f"{found(value)}; expected true or false"))
        return value is True

    return read


def _word_of(pointer: str, allowed: tuple[str, ...]) -> Reader:
    def read(errors: reading.Errors, value: object, _start: Survey) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        errors.append(FieldError(pointer, f"{found(value)}; expected {' or '.join(allowed)}"))
        return allowed[0]

    return read


def _ids(pointer: str) -> Reader:
    def read(errors: reading.Errors, value: object, _start: Survey) -> tuple[str, ...]:
        if isinstance(value, list):  # a desk's ids may be numbers, as on its tickets
            value = [str(item) if type(item) is int and item.bit_length() <= MAX_NAME else item for item in value]
        return () if value is None else reading.texts(errors, value, pointer, MAX_BOUND, reading.MAX_ID)

    return read


def _company(errors: reading.Errors, value: object, _start: Survey) -> str:
    return reading.text(errors, value, "/company", MAX_NAME) or ""


def _timezone(errors: reading.Errors, value: object, _start: Survey) -> str:
    zone = reading.text(errors, value, "/timezone", MAX_NAME) or ""
    if zone and zone_named(zone) is None:
        errors.append(
            FieldError("/timezone", f"{found(value)}; expected an IANA zone such as Europe/Warsaw, or nothing")
        )
    return zone


def _language(errors: reading.Errors, value: object, start: Survey) -> str:
    if isinstance(value, str) and _LANGUAGE(value.lower()):
        return value.lower()
    errors.append(FieldError("/language", f"{found(value)}; expected a language such as ru or pt-br"))
    return start.language


def _scale(errors: reading.Errors, value: object, start: Survey) -> Scale:
    try:
        return Scale.from_dict(value, "/scale")
    except InvalidInput as wrong:
        errors.extend(wrong.errors)
        return start.scale


def _condition(pointer: str) -> Reader:
    def read(errors: reading.Errors, value: object, _start: Survey) -> Condition | None:
        try:
            return None if value is None else parse_condition(value, pointer)
        except InvalidInput as wrong:
            errors.extend(wrong.errors)
            return None

    return read


def _texts(errors: reading.Errors, value: object, start: Survey) -> dict[str, dict[str, str]]:
    """The admin's words merged into those there are: null takes one of them, or a whole language, back."""
    if value is None:
        return {}
    texts = {language: dict(words) for language, words in start.texts.items()}
    for tag, words in reading.members(errors, value, "/texts").items():
        at, language = step("/texts", tag), str(tag).lower()
        if not _LANGUAGE(language):
            errors.append(FieldError(at, "no language; expected one such as ru or pt-br"))
        elif words is None:
            texts.pop(language, None)
        else:
            own = texts.setdefault(language, {})
            for key, template in reading.members(errors, words, at).items():
                _word(errors, own, key, template, step(at, key))
            if not own:
                texts.pop(language)
    if len(texts) > MAX_LANGUAGES:
        errors.append(FieldError("/texts", f"{len(texts)} languages; expected at most {MAX_LANGUAGES}"))
    return texts


def _word(errors: reading.Errors, own: dict[str, str], key: str, template: object, pointer: str) -> None:
    if key not in OWN_KEYS and reaction_value(key) is None:
        errors.append(FieldError(pointer, f"unknown text; expected one of {', '.join(OWN_KEYS)}, or reaction.<value>"))
    elif template is None:
        own.pop(key, None)
    elif not isinstance(template, str):
        errors.append(FieldError(pointer, f"{found_type(template)}; expected a string"))
    else:
        errors.extend(FieldError(pointer, detail) for detail in check_text(template, key))
        own[key] = template


_READERS: dict[str, Reader] = {
    "name": _name,
    "enabled": _switch("/enabled"),
    **{name: _ids(f"/{name}") for name in BINDINGS},
    "company": _company,
    "language": _language,
    "timezone": _timezone,
    "scale": _scale,
    "reverse": _switch("/reverse"),
    "fallback": _switch("/fallback"),
    "confirm_links": _switch("/confirm_links"),
    "opt_out": _word_of("/opt_out", get_args(OptOut)),
    "when_paused": _word_of("/when_paused", get_args(WhenPaused)),
    "greeting": _switch("/greeting"),
    "texts": _texts,
    "ask_when": _condition("/ask_when"),
    "skip_when": _condition("/skip_when"),
    "rules": lambda errors, value, start: read_rules(errors, value, start.rules, "/rules"),
    "timing": lambda errors, value, start: read_timing(errors, value, start.timing, "/timing"),
    "outcomes": lambda errors, value, start: read_outcomes(errors, value, start.outcomes, "/outcomes"),
    "alerts": lambda errors, value, start: read_alerts(errors, value, start.alerts, "/alerts"),
    "release": lambda errors, value, start: read_release(errors, value, start.release, "/release"),
}
