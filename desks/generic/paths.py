"""Paths into JSON: where a value of somebody else's document is. Declared, read once, and never executed.

`data.ticket.id` goes from member to member, `tags[0]` and `comments[-1]` into a list, `labels[*].name` over every item,
`fields[id=42].value` to the first item with that member, `["a.b"].c` through a name with dots.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MAX_STEPS = 20

_STEP = re.compile(
    r"""
    (?:^|\.) (?P<name> [^.\[\]"\s]+ (?:\ [^.\[\]"\s]+)* )
    | \[ (?P<index> -?[0-9]{1,6} ) \]
    | (?P<every> \[\*\] )
    | \[ "(?P<quoted> [^"]+ )" \]
    | \[ (?P<member> [^\[\]"=]+ ) = (?P<text> [^\[\]"]* ) \]
    """,
    re.VERBOSE,
)
_Step = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Path:
    """A path as it was written. `every`: it leads to a list of all that was found."""

    written: str
    steps: tuple[_Step, ...]
    every: int | None
    """The number of steps before the first `[*]`."""

    def find(self, root: Any) -> Any:
        """What is there; None where nothing is, or null."""
        return _follow(self.steps, self.every, root)


def parse_path(written: str) -> Path:
    """Read a path. Raises ValueError where it is none."""
    steps: list[_Step] = []
    every: int | None = None
    at = 0
    while at < len(written):
        match = _STEP.match(written, at)
        if match is None or len(steps) == MAX_STEPS:
            break
        if match["every"]:
            if every is not None:
                raise ValueError(f"write a path with one [*] at the most: {written}")
            every = len(steps)
        else:
            steps.append(_step(match))
        at = match.end()
    if at < len(written) or not written:
        raise ValueError(f"write a path such as data.ticket.id, tags[0] or fields[id=42].value: {written or 'empty'}")
    return Path(written, tuple(steps), every)


def text_of(value: Any) -> str:
    """A scalar as tables of values and conditions write it: true, 5, solved; "" for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 1000:  # noqa: PLR2004 - Python refuses to write out 4300 digits
        return ""
    return str(value) if isinstance(value, str | int | float) else ""


def _follow(steps: Sequence[_Step], every: int | None, value: Any) -> Any:
    for number, step in enumerate(steps):
        if number == every:
            break
        value = step(value)
    if every is None or not isinstance(value, list):
        return None if every is not None else value
    found = (_follow(steps[every:], None, item) for item in value)
    return [one for one in found if one is not None]


def _step(match: re.Match[str]) -> _Step:
    if match["index"] is not None:
        return _item(int(match["index"]))
    if match["member"] is not None:
        return _item_where(match["member"].strip(), match["text"].strip())
    return _member(match["name"] or match["quoted"])


def _member(name: str) -> _Step:
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _item(index: int) -> _Step:
    return lambda value: value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None


def _item_where(name: str, text: str) -> _Step:
    def find(value: Any) -> Any:
        items = value if isinstance(value, list) else []
        return next((one for one in items if isinstance(one, dict) and text_of(one.get(name)) == text), None)

    return find
