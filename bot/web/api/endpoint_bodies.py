"""The bodies about endpoints: a new one, a change, a rotation. Every wrong field is named at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.web.api.queries import MAX_NUMBER
from net.guard import MAX_URL
from ratings import reading
from ratings.deliveries import KEEP_SECRET, EndpointState
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.lifecycle import EventType
from ratings.store.endpoints import KEEP, Keep
from ratings.times import DAY, SECOND, Duration

MAX_DESCRIPTION = 200
MAX_KEEP_S = 7 * DAY // SECOND
TYPES = tuple(kind.value for kind in EventType)
STATES = (EndpointState.ACTIVE.value, EndpointState.PAUSED.value)
_KEYS = ("url", "types", "description", "state", "since")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What a new endpoint is to be."""

    url: str
    types: tuple[str, ...] | None
    description: str
    state: EndpointState
    since: int | None


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is to change; KEEP is what was not named."""

    url: str | Keep
    types: tuple[str, ...] | Keep | None
    description: str | Keep
    state: EndpointState | Keep
    since: int | Keep


def read_new(data: Any) -> NewEndpoint:
    """Read a new endpoint. Raises InvalidInput."""
    change = _read(data, required=("url",))
    return NewEndpoint(
        url=_given(change.url, ""),
        types=_given(change.types, None),
        description=_given(change.description, ""),
        state=_given(change.state, EndpointState.ACTIVE),
        since=None if isinstance(change.since, Keep) else change.since,
    )


def read_change(data: Any) -> EndpointChange:
    """Read a change. Raises InvalidInput."""
    return _read(data, required=())


def read_rotation(data: Any) -> Duration:
    """Read for how long the secrets before the new one still sign. Raises InvalidInput."""
    errors = _errors(data, ("keep_s",))
    keep = data.get("keep_s", KEEP_SECRET // SECOND)
    if not _is_whole(keep, MAX_KEEP_S):
        errors.append(FieldError("/keep_s", f"{found(keep)}; expected whole seconds from 0 to {MAX_KEEP_S}"))
    if errors:
        raise InvalidInput(errors)
    return int(keep) * SECOND


def _read(data: Any, required: Sequence[str]) -> EndpointChange:
    errors = _errors(data, _KEYS)
    errors += [FieldError(f"/{name}", "missing") for name in required if name not in data]
    change = EndpointChange(
        url=_url(errors, data),
        types=_types(errors, data),
        description=_description(errors, data),
        state=_state(errors, data),
        since=_since(errors, data),
    )
    if errors:
        raise InvalidInput(errors)
    return change


def _errors(data: Any, known: Sequence[str]) -> list[FieldError]:
    if not isinstance(data, dict):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with {', '.join(known)}")])
    return [FieldError(step("", key), f"unknown key; expected {', '.join(known)}") for key in data if key not in known]


def _url(errors: list[FieldError], data: Mapping[str, Any]) -> str | Keep:
    if "url" not in data:
        return KEEP
    value = data["url"]
    if not isinstance(value, str) or not value or len(value) > MAX_URL:
        errors.append(FieldError("/url", f"{_hidden(value)}; expected a URL of at most {MAX_URL} characters"))
        return KEEP
    return value


def _types(errors: list[FieldError], data: Mapping[str, Any]) -> tuple[str, ...] | Keep | None:
    if "types" not in data:
        return KEEP
    value = data["types"]
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        errors.append(FieldError("/types", f"{found(value)}; expected a list of types, or null for all"))
        return KEEP
    for at, each in enumerate(value):
        if each not in TYPES:
            errors.append(FieldError(f"/types/{at}", f"{found(each)}; expected one of {', '.join(TYPES)}"))
        elif each in value[:at]:
            errors.append(FieldError(f"/types/{at}", f"{found(each)} stands there already"))
    return tuple(each for each in value if isinstance(each, str))


def _description(errors: list[FieldError], data: Mapping[str, Any]) -> str | Keep:
    if "description" not in data:
        return KEEP
    return reading.text(errors, data["description"], "/description", MAX_DESCRIPTION) or ""


def _state(errors: list[FieldError], data: Mapping[str, Any]) -> EndpointState | Keep:
    value = data.get("state", KEEP)
    if isinstance(value, Keep):
        return KEEP
    if not isinstance(value, str) or value not in STATES:
        errors.append(FieldError("/state", f"{found(value)}; expected {' or '.join(STATES)}"))
        return KEEP
    return EndpointState(value)


def _since(errors: list[FieldError], data: Mapping[str, Any]) -> int | Keep:
    value = data.get("since", KEEP)
    if isinstance(value, Keep):
        return KEEP
    if not _is_whole(value, MAX_NUMBER):
        errors.append(FieldError("/since", f"{found(value)}; expected the number of an event, or 0"))
        return KEEP
    return int(value)


def _is_whole(value: object, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _given(value: Value | Keep, default: Value) -> Value:
    return default if isinstance(value, Keep) else value


def _hidden(value: object) -> str:
    """Name a value that may hold a secret path."""
    return f"a text of {len(value)} characters" if isinstance(value, str) else found(value)
