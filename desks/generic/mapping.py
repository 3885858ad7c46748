"""The mapping of a desk's JSON to our ticket: a table of paths, constants and tables of values. Declarative and pure.

`compile_mapping` reads the table when the settings are loaded and names what is wrong with it; `Mapping.ticket` then applies
it to one document. What a document does not say is left out; what it says wrongly is left to `ratings.ticket` to name.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from desks.base import Source
from desks.generic.paths import Path, parse_path, text_of
from ratings.ticket import Ticket
from ratings.times import format_instant

Json = dict[str, Any]

_PARTY = ("id", "name", "email")
_PARTS: dict[str, tuple[str, ...]] = {
    "form": _PARTY,
    "group": _PARTY,
    "agent": _PARTY,
    "customer": ("id", "name", "language", "timezone", "email", "phone"),
    "thread": ("message_id", "references"),
    "last_message_at": ("customer", "agent"),
    "messages": ("customer", "agent"),
    "address": ("channel", "id"),
}
_BARE = {"form", "group"}  # may be a name alone
_FIELDS = (*(name for name in Ticket.__slots__ if name != "desk"), "address")
_CONDITIONS = ("when", "reopened_when", "own_when")
_OTHERS = ("reopened_at", "event_id", *_CONDITIONS)
_LEAF_KEYS = frozenset({"path", "value", "values", "default", "split", "time", "zone", "received"})
_TIMES = ("iso", "unix", "unix_ms", "local")


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One value: a constant, the moment of receipt, or the first of some paths that says something."""

    paths: tuple[Path, ...] = ()
    constant: Any = None
    received: bool = False
    values: dict[str, Any] | None = None
    default: Any = None
    split: str = ""
    convert: Callable[[Any], Any] | None = None

    def read(self, root: Any, now: int) -> tuple[str, Any]:
        """Where the value is from, and the value; None for nothing."""
        if self.received:
            return "received", format_instant(now)
        if not self.paths:
            return "constant", self.constant
        for path in self.paths:
            value = path.find(root)
            if value is not None and value != "":
                return path.written, self._turned(value)
        return "default", self.default

    def _turned(self, value: Any) -> Any:
        if self.values is not None:
            return self.values.get(text_of(value), self.default)
        if self.split and isinstance(value, str):
            return [part for one in value.split(self.split) if (part := one.strip())]
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class _Condition:
    path: Path
    among: frozenset[str] | None
    not_among: frozenset[str] | None
    present: bool | None

    def holds(self, root: Any) -> bool:
        found = self.path.find(root)
        texts = {text_of(one) for one in found} if isinstance(found, list) else {text_of(found)}
        if self.present is not None and self.present is (found is None):
            return False
        if self.among is not None and not texts & self.among:
            return False
        return self.not_among is None or not texts & self.not_among


_Node = Any  # a _Leaf, a dict of nodes, or a list of nodes


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping that was read. Conditions that are not given are None."""

    fields: dict[str, _Node]
    others: dict[str, _Leaf] = field(default_factory=dict)
    conditions: dict[str, tuple[_Condition, ...]] = field(default_factory=dict)

    def holds(self, name: str, root: Any) -> bool | None:
        """Whether `when`, `reopened_when` or `own_when` holds; None where it is not given."""
        conditions = self.conditions.get(name)
        return None if conditions is None else all(one.holds(root) for one in conditions)

    def ticket(self, root: Any, now: int) -> tuple[Json, list[Source]]:
        """The ticket's JSON, as far as the document says it, and where each value of it is from."""
        sources: list[Source] = []
        return _read(self.fields, root, now, "", sources) or {}, sources

    def other(self, name: str, root: Any, now: int) -> Any:
        """The value of `reopened_at` or `event_id`; None for nothing."""
        leaf = self.others.get(name)
        return None if leaf is None else leaf.read(root, now)[1]


def compile_mapping(table: dict[str, Any]) -> Mapping:
    """Read `mapping` of the settings. Raises ValueError, naming the key, for what cannot be one."""
    known = (*_FIELDS, *_OTHERS)
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"write the ticket's fields, {' and '.join(_OTHERS)}; {name} is none{hint}")
    if "id" not in table:
        raise ValueError('write at least id, such as id = "data.ticket.id"')
    return Mapping(
        {name: _node(value, name, name) for name, value in table.items() if name in _FIELDS},
        {name: _leaf(table[name], name) for name in ("reopened_at", "event_id") if name in table},
        {name: _conditions(table[name], name) for name in _CONDITIONS if name in table},
    )


# --- reading the table -------------------------------------------------------------------------------------------


def _node(value: Any, name: str, where: str) -> _Node:
    if name == "fields" and isinstance(value, dict) and not _is_leaf(value):
        return {key: _node(one, "fields", f"{where}.{key}") for key, one in value.items()}
    if name == "addresses" and isinstance(value, list):
        return [_node(one, "address", f"{where}[{index}]") for index, one in enumerate(value)]
    if name == "tags" and isinstance(value, list):
        return [_leaf(one, f"{where}[{index}]") for index, one in enumerate(value)]
    members = _PARTS.get(name)
    if members is None or (name in _BARE and (isinstance(value, str) or _is_leaf(value))):
        return _leaf(value, where)
    if not isinstance(value, dict) or not set(value) <= set(members):
        raise ValueError(f"write {where} as a table of {', '.join(members)}")
    if name == "address":
        if set(value) != set(members):
            raise ValueError(f'write {where} as {{ channel = "telegram.support", id = "a.path" }}')
        channel = value["channel"]  # an account's slug, not a path
        return {"channel": _Leaf(constant=channel) if isinstance(channel, str) else _leaf(channel, f"{where}.channel"),
                "id": _leaf(value["id"], f"{where}.id")}  # fmt: skip
    return {key: _leaf(one, f"{where}.{key}") for key, one in value.items()}


def _is_leaf(value: Any) -> bool:
    return isinstance(value, dict) and bool({"path", "value", "received"} & set(value))


def _leaf(value: Any, where: str) -> _Leaf:
    if isinstance(value, str):
        return _Leaf((_path(value, where),))
    if not _is_leaf(value) or not set(value) <= _LEAF_KEYS:
        raise ValueError(f"write {where} as a path, or as a table of {', '.join(sorted(_LEAF_KEYS))}")
    if "value" in value:
        if len(value) > 1:
            raise ValueError(f"write {where}.value alone: a constant comes from nowhere else")
        return _Leaf(constant=value["value"])
    if "received" in value:
        if len(value) > 1 or value["received"] is not True:
            raise ValueError(f"write {where} as {{ received = true }}")
        return _Leaf(received=True)
    paths = value["path"] if isinstance(value["path"], list) else [value["path"]]
    values = value.get("values")
    if values is not None and not isinstance(values, dict):
        raise ValueError(f"write {where}.values as a table of what is found and what it means")
    split = value.get("split", "")
    if not isinstance(split, str):
        raise ValueError(f"write {where}.split as the text between two values")  # noqa: TRY004 - pydantic reports ValueErrors
    convert = _converter(value.get("time"), value.get("zone"), where)
    return _Leaf(tuple(_path(one, where) for one in paths), values=values, default=value.get("default"), split=split, convert=convert)  # fmt: skip


def _path(written: Any, where: str) -> Path:
    if not isinstance(written, str):
        raise ValueError(f"write {where} as a path, such as data.ticket.id")  # noqa: TRY004 - pydantic reports ValueErrors
    try:
        return parse_path(written)
    except ValueError as error:
        raise ValueError(f"{error}, in {where}") from None


def _conditions(value: Any, where: str) -> tuple[_Condition, ...]:
    listed = value if isinstance(value, list) else [value]
    found = []
    for one in listed:
        keys = set(one) if isinstance(one, dict) else set()
        if (
            "path" not in keys
            or not {"in", "not_in", "present"} & keys
            or not keys <= {"path", "in", "not_in", "present"}
        ):
            raise ValueError(f'write {where} as {{ path = "data.status", in = ["solved"] }}, or with not_in or present')
        texts = {key: _texts(one[key], f"{where}.{key}") for key in ("in", "not_in") if key in one}
        present = one.get("present")
        if not isinstance(present, bool | None):
            raise ValueError(f"write {where}.present as true or false")  # noqa: TRY004 - as above
        found.append(_Condition(_path(one["path"], where), texts.get("in"), texts.get("not_in"), present))
    return tuple(found)


def _texts(value: Any, where: str) -> frozenset[str]:
    if not isinstance(value, list) or not value or any(isinstance(one, list | dict) for one in value):
        raise ValueError(f"write {where} as a list of values")
    return frozenset(text_of(one) for one in value)


def _converter(how: Any, zone: Any, where: str) -> Callable[[Any], Any] | None:
    if how is None and zone is None:
        return None
    if how not in _TIMES or (how == "local") is (zone is None):
        raise ValueError(f"write {where}.time as {', '.join(_TIMES)}; local wants a zone, and no other does")
    if how != "local":
        return {"iso": _iso, "unix": _unix(1000), "unix_ms": _unix(1)}[how]
    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError, TypeError):
        raise ValueError(f"write {where}.zone as an IANA zone such as Europe/Warsaw") from None
    return lambda value: _iso(value, place)


# --- applying it -------------------------------------------------------------------------------------------------


def _read(node: _Node, root: Any, now: int, pointer: str, sources: list[Source]) -> Any:
    """The value of a node; None where nothing is said."""
    if isinstance(node, _Leaf):
        path, value = node.read(root, now)
        if value is None:
            return None
        if pointer == "/tags":
            value = [_tag(one) for one in (value if isinstance(value, list) else [value])]
        sources.append(Source(pointer, path, value))
        return value
    if isinstance(node, list):
        items = (_read(one, root, now, f"{pointer}/{index}", sources) for index, one in enumerate(node))
        listed = [one for one in items if one is not None]
        return [_tag(one) for one in listed] if pointer == "/tags" else listed or None
    mark = len(sources)
    found = {name: _read(one, root, now, f"{pointer}/{name}", sources) for name, one in node.items()}
    said = {name: value for name, value in found.items() if value is not None}
    if pointer.startswith("/address") and "id" not in said:  # the customer is not there: no address, and no mistake
        del sources[mark:]
        return None
    return said or None


def _tag(value: Any) -> Any:
    return text_of(value) if isinstance(value, int) else value


def _unix(factor: int) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        try:
            number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
            return format_instant(round(number * factor))
        except (ValueError, OverflowError, OSError):
            return value  # the ticket's own reader says what is wrong with it

    return convert


def _iso(value: Any, zone: ZoneInfo | None = None) -> Any:
    try:
        at = datetime.fromisoformat(value.strip())
        if at.tzinfo is None and zone is None:
            return value
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, AttributeError):
        return value
