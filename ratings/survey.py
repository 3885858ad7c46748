"""A survey: what an admin sets for some forms. On or off, scale, texts, conditions and timing.

`parse_survey` reads a new one, or with `base` a change in the manner of a JSON merge patch (RFC 7396): what is not
named stays, objects are merged, null goes back to the default. Durations are ms inside and whole seconds in JSON.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, get_args

from ratings import reading
from ratings.builtin_texts import BUILT_IN
from ratings.conditions import Condition, condition_to_dict, parse_condition
from ratings.errors import FieldError, InvalidInput, found, found_type, step
from ratings.scale import DEFAULT_SCALE, Scale
from ratings.texts import KEYS, LANGUAGES, check_text
from ratings.ticket import Ticket
from ratings.times import DAY, HOUR, MINUTE, SECOND, Duration

MAX_NAME = 200
MAX_FORMS = 1_000
MAX_LANGUAGES = 50
MAX_REMINDERS = 3
MAX_POSITION = 1_000_000
MAX_DURATION_S = 366 * DAY // SECOND
FALLBACK_LANGUAGE = "en"

OptOut = Literal["channel", "everywhere"]

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}").fullmatch
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}").fullmatch


@dataclass(frozen=True, slots=True)
class Timing:
    """When: the prompt after the closing, reminders after the prompt or the one before, and what ends when.

    `expires_after` counts from the closing, `lapse_after` from the last asking, `edit_window` and `comment_window` from
    the rating. A closing older than `max_age` when it is reported is not asked about.
    """

    delay: Duration = 0
    reminders: tuple[Duration, ...] = ()
    lapse_after: Duration = 7 * DAY
    expires_after: Duration = 30 * DAY
    edit_window: Duration = DAY
    comment_window: Duration = 15 * MINUTE
    max_age: Duration = 72 * HOUR


@dataclass(frozen=True, slots=True)
class Survey:
    """`forms` are ids, () is every form. `texts` are an admin's own words over the built-in ones: language → key → template.

    `language` serves customers whose language is not known. `reverse` shows the largest value first. With `fallback` a
    prompt that one address does not take goes to the ticket's next one. With `confirm_links` a link that nobody touched
    the page of never counts. `opt_out` is what a customer's "never" covers: that channel, or everywhere.
    """

    id: str
    name: str
    enabled: bool = True
    version: int = 1
    forms: tuple[str, ...] = ()
    position: int = 0
    language: str = "ru"
    scale: Scale = DEFAULT_SCALE
    reverse: bool = False
    fallback: bool = False
    confirm_links: bool = False
    opt_out: OptOut = "channel"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ask_when: Condition | None = None
    skip_when: Condition | None = None
    timing: Timing = field(default_factory=Timing)

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


DEFAULT_SURVEY = Survey("default", "Default")
"""Made once, by the first migration: bound to every form, on, asking at once."""

_NEW = replace(DEFAULT_SURVEY, id="")
_KEYS = tuple(one.name for one in fields(Survey))
_TIMING_KEYS = {f"{one.name}_s": one.name for one in fields(Timing)}
_POSITIVE = frozenset({"reminders", "lapse_after", "expires_after", "max_age"})  # none of these makes sense as 0


def choose_survey(surveys: Iterable[Survey], ticket: Ticket) -> Survey | None:
    """The survey of a ticket: one that is on before one that is off, one bound to its form before one for every form.

    Ties go by position, then by id. None when none covers the form; one that is off when only such do.
    """
    form = None if ticket.form is None else ticket.form.id
    covering = (survey for survey in surveys if not survey.forms or form in survey.forms)
    return min(covering, key=lambda one: (not one.enabled, not one.forms, one.position, one.id), default=None)


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
        read["position"] = _whole(errors, data["position"], "/position", 0)
    for key, reader in _READERS.items():
        if key in data:
            read[key] = reader(errors, data[key], start)
    if errors:
        raise InvalidInput(errors)
    survey = replace(start, **read)  # type: ignore[arg-type]  # each reader returns its own field's type
    if survey.timing.delay >= survey.timing.expires_after:
        detail = "as long as expires_after_s or longer; expected less: the prompt would be expired when it comes"
        raise InvalidInput([FieldError("/timing/delay_s", detail)])
    return survey


def survey_to_dict(survey: Survey) -> dict[str, object]:
    """Write a survey as the JSON data that `parse_survey` reads back to an equal one."""
    timing = survey.timing
    return {
        "id": survey.id,
        "name": survey.name,
        "enabled": survey.enabled,
        "version": survey.version,
        "forms": list(survey.forms),
        "position": survey.position,
        "language": survey.language,
        "scale": survey.scale.to_dict(),
        "reverse": survey.reverse,
        "fallback": survey.fallback,
        "confirm_links": survey.confirm_links,
        "opt_out": survey.opt_out,
        "texts": {language: dict(words) for language, words in survey.texts.items()},
        "ask_when": None if survey.ask_when is None else condition_to_dict(survey.ask_when),
        "skip_when": None if survey.skip_when is None else condition_to_dict(survey.skip_when),
        "timing": {
            "delay_s": timing.delay // SECOND,
            "reminders_s": [reminder // SECOND for reminder in timing.reminders],
            "lapse_after_s": timing.lapse_after // SECOND,
            "expires_after_s": timing.expires_after // SECOND,
            "edit_window_s": timing.edit_window // SECOND,
            "comment_window_s": timing.comment_window // SECOND,
            "max_age_s": timing.max_age // SECOND,
        },
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


def _opt_out(errors: reading.Errors, value: object, _start: Survey) -> OptOut:
    for allowed in get_args(OptOut):
        if value == allowed:
            found_one: OptOut = allowed
            return found_one
    errors.append(FieldError("/opt_out", f"{found(value)}; expected {' or '.join(get_args(OptOut))}"))
    return "channel"


def _forms(errors: reading.Errors, value: object, _start: Survey) -> tuple[str, ...]:
    if isinstance(value, list):  # a desk's form ids may be numbers, as on its tickets
        value = [str(item) if type(item) is int and item.bit_length() <= MAX_NAME else item for item in value]
    return () if value is None else reading.texts(errors, value, "/forms", MAX_FORMS, reading.MAX_ID)


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
    if key not in KEYS:
        errors.append(FieldError(pointer, f"unknown text; expected one of {', '.join(KEYS)}"))
    elif template is None:
        own.pop(key, None)
    elif not isinstance(template, str):
        errors.append(FieldError(pointer, f"{found_type(template)}; expected a string"))
    else:
        errors.extend(FieldError(pointer, detail) for detail in check_text(template, key))
        own[key] = template


def _timing(errors: reading.Errors, value: object, start: Survey) -> Timing:
    if value is None:
        return Timing()
    read: dict[str, object] = {}
    defaults = Timing()
    for key, given in reading.members(errors, value, "/timing").items():
        at, name = step("/timing", key), _TIMING_KEYS.get(key)
        if name is None:
            errors.append(FieldError(at, f"unknown key; expected one of {', '.join(_TIMING_KEYS)}"))
        elif given is None:
            read[name] = getattr(defaults, name)
        elif name != "reminders":
            read[name] = _duration(errors, given, at, least=int(name in _POSITIVE))
        elif not isinstance(given, list) or len(given) > MAX_REMINDERS:
            errors.append(FieldError(at, f"{found(given)}; expected a list of at most {MAX_REMINDERS} durations"))
        else:
            read[name] = tuple(_duration(errors, one, step(at, index), least=1) for index, one in enumerate(given))
    return replace(start.timing, **read)  # type: ignore[arg-type]  # the names come from Timing itself


def _duration(errors: reading.Errors, value: object, pointer: str, *, least: int) -> Duration:
    if type(value) is int and least <= value <= MAX_DURATION_S:
        return value * SECOND
    detail = f"{found(value)}; expected whole seconds from {least} to {MAX_DURATION_S}"
    errors.append(FieldError(pointer, detail))
    return SECOND


_READERS: dict[str, Reader] = {
    "name": _name,
    "enabled": _switch("/enabled"),
    "forms": _forms,
    "language": _language,
    "scale": _scale,
    "reverse": _switch("/reverse"),
    "fallback": _switch("/fallback"),
    "confirm_links": _switch("/confirm_links"),
    "opt_out": _opt_out,
    "texts": _texts,
    "ask_when": _condition("/ask_when"),
    "skip_when": _condition("/skip_when"),
    "timing": _timing,
}
