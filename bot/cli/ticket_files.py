"""A file of closed tickets: one as JSON, a JSON array, or NDJSON (one ticket a line). Told apart by what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import msgspec

_BOM = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Entry:
    """One ticket of a file: where it stands, its data, or why it could not be read (`problem`)."""

    place: str
    data: Any = None
    problem: str = ""


class NotTickets(ValueError):
    """The file is no JSON at all. The text says why."""


def read_tickets(stream: BinaryIO) -> Iterator[Entry]:
    """Read entries. NDJSON is read line by line, whatever its size. Raises NotTickets before the first one."""
    lines = enumerate(stream, start=1)
    first = next(((number, text) for number, line in lines if (text := line.removeprefix(_BOM).strip())), None)
    if first is None:
        raise NotTickets("it is empty")
    number, text = first
    whole_line = _read(text)
    if whole_line is not None and isinstance(whole_line, dict):
        return _lines(chain([first], lines))
    rest = list(lines)
    document = text + b"\n" + b"".join(line for _, line in rest)
    try:
        found = _decode(document)
    except (ValueError, RecursionError) as error:
        if text.startswith(b"{") and _is_ndjson(line for _, line in rest):
            return _lines(chain([first], rest))
        raise NotTickets(f"it is no JSON: {error}") from None
    if isinstance(found, list):
        return (Entry(f"item {index}", data) for index, data in enumerate(found, start=1))
    return iter([Entry(f"line {number}", found)])


def _lines(lines: Iterator[tuple[int, bytes]]) -> Iterator[Entry]:
    for number, line in lines:
        if text := line.strip():
            try:
                yield Entry(f"line {number}", _decode(text))
            except (ValueError, RecursionError) as error:
                yield Entry(f"line {number}", problem=f"no JSON: {error}")


def _read(text: bytes) -> Any:
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return None


def _is_ndjson(lines: Iterator[bytes]) -> bool:
    """True when a later line holds a whole ticket: then only the first line is broken, not the file."""
    return any(isinstance(_read(line.strip()), dict) for line in lines)
