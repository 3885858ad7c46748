"""Readers of JSON values: each takes the errors to add to, the value found, its pointer, and returns None when it is wrong.

They never raise, so that one pass lists every wrong field, and never repeat a text in an error: it may hold an address
or people's words. Plain functions with exact type tests (`type(x) is str`): they run a dozen times a ticket.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ratings.errors import FieldError, found, found_type, step
from ratings.times import MAX_INSTANT, MINUTE, Duration, Instant, parse_instant

MAX_ID = 200
MAX_URL = 2_000
MAX_NUMBER = 1_000_000_000  # seconds or messages: thirty years, and it fits every engine's integer
MAX_DEPTH = 20  # objects and lists inside one another
MAX_AHEAD: Duration = 5 * MINUTE  # how far a desk's clock may be ahead of ours

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode
_TOO_DEEP = f"nested too deep; expected at most {MAX_DEPTH} levels"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]").search
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?").fullmatch

Errors = list[FieldError]


def text(errors: Errors, value: object, pointer: str, limit: int) -> str | None:
    """A string of at most `limit` characters; None when it is empty, too."""
    if type(value) is str:
        if len(value) <= limit and "\0" not in value and (value.isascii() or encodable(value)):
            return value or None
        if len(value) > limit:
            errors.append(FieldError(pointer, f"{len(value)} characters; expected at most {limit}"))
        else:
            errors.append(FieldError(pointer, "a text with NUL or half a surrogate pair; expected Unicode text"))
    elif value is not None:
        errors.append(FieldError(pointer, f"{found_type(value)}; expected a string"))
    return None


def identity(errors: Errors, value: object, pointer: str, limit: int = MAX_ID, *, required: bool = False) -> str | None:
    """A string or an integer, as a string: desks number what they name in either way."""
    if type(value) is str and 0 < len(value) <= limit and value.isascii() and "\0" not in value:
        return value
    if type(value) is int:
        # Guarded by its bits first: writing out an integer of a megabyte takes seconds, and Python refuses it.
        if value.bit_length() <= 4 * limit and len(written := str(value)) <= limit:
            return written
        errors.append(FieldError(pointer, f"too long an integer; expected at most {limit} digits"))
        return None
    if value is not None and type(value) is not str:
        errors.append(FieldError(pointer, f"{found_type(value)}; expected a string or an integer"))
        return None
    if required and not value:
        errors.append(FieldError(pointer, "missing; expected a string or an integer"))
        return None
    return text(errors, value, pointer, limit)


def encodable(value: str) -> bool:
    """True when a text can be written as UTF-8: it holds no half of a surrogate pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def url(errors: Errors, value: object, pointer: str) -> str | None:
    """A web link: pages show it as one, so no other scheme may stand there."""
    read = text(errors, value, pointer, MAX_URL)
    if read is not None and not read.startswith(("https://", "http://")):
        errors.append(FieldError(pointer, "no web link; expected one that starts with https:// or http://"))
    elif read is not None and _CONTROLS(read):
        # An alert's line or a header must not go on where the link ends.
        errors.append(FieldError(pointer, "a link with a line end or another control character in it"))
    return read


def one_of(errors: Errors, value: object, pointer: str, allowed: Sequence[str]) -> str | None:
    """One of a closed set of words; None when it is empty, too."""
    if value in allowed and type(value) is str:
        return value
    if value != "":
        errors.append(FieldError(pointer, f"{found(value)}; expected one of {', '.join(allowed)}"))
    return None


def instant(errors: Errors, value: object, pointer: str) -> Instant | None:
    """An RFC 3339 time with an offset, of 1970 or later; None when it is empty, too."""
    if type(value) is not str:
        errors.append(FieldError(pointer, f"{found(value)}; expected an RFC 3339 time such as 2026-01-31T12:00:00Z"))
        return None
    if not value:
        return None
    try:
        read = parse_instant(value)
    except (ValueError, OverflowError):
        wanted = "expected an offset at its end (Z, +03:00)" if _LOCAL_TIME(value) else "expected an RFC 3339 time"
        errors.append(FieldError(pointer, f"{found(value)}; {wanted} such as 2026-01-31T12:00:00Z"))
        return None
    if not 0 <= read <= MAX_INSTANT:
        errors.append(FieldError(pointer, f"{found(value)}; expected a time from 1970 to 9999"))
        return None
    return read


def past(errors: Errors, value: object, pointer: str, now: Instant) -> Instant:
    """A time that must be there and may be at most five minutes ahead of `now`; `now` when it is wrong."""
    if value is None or value == "":
        errors.append(FieldError(pointer, "missing; expected an RFC 3339 time such as 2026-01-31T12:00:00Z"))
        return now
    read = instant(errors, value, pointer)
    if read is None:
        return now
    if read > now + MAX_AHEAD:
        errors.append(FieldError(pointer, f"{found(value)} is in the future; expected at most 5 minutes from now"))
    return read


def seconds(errors: Errors, value: object, pointer: str) -> float | None:
    """A number of seconds, not negative."""
    if (type(value) is int or type(value) is float) and 0 <= value <= MAX_NUMBER:  # NaN fails the comparison
        return value
    errors.append(FieldError(pointer, f"{found(value)}; expected a number of seconds from 0 to {MAX_NUMBER}"))
    return None


def count(errors: Errors, value: object, pointer: str) -> int | None:
    """A whole number, not negative."""
    if type(value) is int and 0 <= value <= MAX_NUMBER:
        return value
    if value is not None:
        errors.append(FieldError(pointer, f"{found(value)}; expected a whole number from 0 to {MAX_NUMBER}"))
    return None


def texts(errors: Errors, value: object, pointer: str, most: int, limit: int) -> tuple[str, ...]:
    """A list of at most `most` strings; empty ones and repetitions are dropped."""
    if type(value) is not list:
        errors.append(FieldError(pointer, f"{found_type(value)}; expected a list of strings"))
        return ()
    if len(value) > most:
        errors.append(FieldError(pointer, f"{len(value)} items; expected at most {most}"))
        return ()
    read: dict[str, None] = {}  # keeps the order
    for index, item in enumerate(value):
        if (one := text(errors, item, f"{pointer}/{index}", limit)) is not None:
            read[one] = None
        elif item is None:
            errors.append(FieldError(f"{pointer}/{index}", "null; expected a string"))
    return tuple(read)


def members(errors: Errors, value: object, pointer: str) -> dict[str, object]:
    """An object; {} when it is no object."""
    if type(value) is dict:
        return value
    errors.append(FieldError(pointer, f"{found_type(value)}; expected an object"))
    return {}


def changes(
    errors: Errors, value: object, pointer: str, names: Mapping[str, str], read: dict[str, Any], defaults: object
) -> Iterator[tuple[str, object, str]]:
    """Yield what an object changes of a record (name, value, pointer); `names` maps its keys to the record's fields.

    A null takes the field of `read` back to that of `defaults`; an unknown key is an error.
    """
    for key, given in members(errors, value, pointer).items():
        at, name = step(pointer, key), names.get(key)
        if name is None:
            errors.append(FieldError(at, f"unknown key; expected one of {', '.join(names)}"))
        elif given is None:
            read[name] = getattr(defaults, name)
        else:
            yield name, given, at


def whole(errors: Errors, value: object, pointer: str, least: int, most: int) -> int:
    """A whole number between two, both among them; the least where it is none."""
    if type(value) is int and least <= value <= most:
        return value
    errors.append(FieldError(pointer, f"{found(value)}; expected a whole number from {least} to {most}"))
    return least


def check_json(errors: Errors, value: object, pointer: str, limit: int) -> None:
    """Refuse JSON data of more than `limit` bytes or too deep, with NUL, half a surrogate pair or a number without end."""
    try:
        written = _encode(value)
        size = len(written) if written.isascii() else len(written.encode())
    except (ValueError, TypeError, RecursionError):
        detail = "no plain JSON; expected objects, lists, Unicode text and finite numbers"
        errors.append(FieldError(pointer, _TOO_DEEP if _deeper(value, MAX_DEPTH) else detail))
        return
    if size > limit:
        errors.append(FieldError(pointer, f"{size} bytes as JSON; expected at most {limit}"))
    elif written.count("[") + written.count("{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        errors.append(FieldError(pointer, _TOO_DEEP))
    elif "\\u0000" in written:
        errors.extend(FieldError(at, "a text with NUL; expected text without it") for at in _nul(value, pointer))


def _deeper(value: object, levels: int) -> bool:
    """True when more objects and lists are inside one another. Level by level: a sender must not use up our stack."""
    inside = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        if not inside:
            return False
        inside = [
            item
            for holder in inside
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
    return bool(inside)


def _nul(value: object, pointer: str) -> list[str]:
    """Where NUL characters stand, in a value that is not deeper than MAX_DEPTH."""
    if isinstance(value, str):
        return [pointer] if "\0" in value else []
    if isinstance(value, list):
        return [at for index, item in enumerate(value) for at in _nul(item, step(pointer, index))]
    if isinstance(value, dict):
        return [
            at
            for key, item in value.items()
            for at in (*_nul(key, step(pointer, key)), *_nul(item, step(pointer, key)))
        ]
    return []
