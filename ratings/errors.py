"""What is wrong with an input, field by field: the caller learns of every wrong field at once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

MAX_SHOWN = 40  # characters of a found text that an error repeats


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: an RFC 6901 pointer to it ("" is the whole document), what was found and what is allowed."""

    pointer: str
    detail: str


class InvalidInput(ValueError):
    """An input with wrong fields; `errors` lists every one of them."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{error.pointer or '/'}: {error.detail}" for error in self.errors))


def found(value: object) -> str:
    """Name a JSON value in an error: a short one as it is written, a long one by its type alone."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    if value is None or isinstance(value, (str, bool, int, float)):
        if isinstance(value, int) and value.bit_length() > MAX_SHOWN * 3:  # str() refuses integers of 4300 digits
            return "a very long integer"
        written = json.dumps(value, ensure_ascii=not (isinstance(value, str) and value.isprintable()))
        return written if len(written) <= MAX_SHOWN + 2 else f"a text of {len(str(value))} characters"
    return f"a {type(value).__name__}"


def found_type(value: object) -> str:
    """Name a JSON value by its type alone: for fields that hold addresses or people's words."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "a number"
    return found(value)


def step(pointer: str, key: str | int) -> str:
    """Go from a pointer to one member of what it points at (RFC 6901 writes ~ as ~0 and / as ~1)."""
    written = str(key).encode("utf-8", "backslashreplace").decode()  # a lone surrogate would break the answer itself
    return f"{pointer}/{written.replace('~', '~0').replace('/', '~1')}"
