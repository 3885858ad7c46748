"""The values of a task's fields, whatever their type: flattened, and read as texts, people and choices. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from desks.pyrus.shapes import FieldOfTask

MAX_FIELDS = 5_000  # of one task; more is no form
_KEPT = frozenset(
    {"number", "money", "multiple_choice", "checkmark", "date", "time", "due_date", "due_date_time", "flag", "step"}
)
"""Types whose values say nothing personal."""

_NAMES = ("name", "subject", "choice_value", "item_name")


def flatten(fields: Iterable[FieldOfTask] | None) -> dict[int, FieldOfTask]:
    """Every field by its id: sections and choices contain fields, tables rows of cells (the first row counts)."""
    found: dict[int, FieldOfTask] = {}
    waiting = deque(fields or ())
    while waiting and len(found) < MAX_FIELDS:
        one = waiting.popleft()
        found.setdefault(one.id, one)
        for inner in _inside(one.value):
            try:
                waiting.append(msgspec.convert(inner, FieldOfTask))
            except msgspec.ValidationError:
                continue  # not a field we could read; the others still are
    return found


def text(field: FieldOfTask | None) -> str:
    """A value as people read it; "" for none."""
    return "" if field is None else ", ".join(texts(field))


def texts(field: FieldOfTask | None) -> list[str]:
    """A value as people read it: one text, or one for each choice that was made."""
    value = None if field is None else field.value
    if isinstance(value, dict):
        return _of_object(value)
    if value is None or isinstance(value, bool | list):
        return []
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return [str(value)] if str(value).strip() else []


def choice_ids(field: FieldOfTask | None) -> list[int]:
    """The options of a choice that are set."""
    value = None if field is None else field.value
    if not isinstance(value, dict):
        return []
    ids = value.get("choice_ids")
    if not isinstance(ids, list):
        ids = [value.get("choice_id")]
    return [one for one in ids if type(one) is int]


def party(field: FieldOfTask | None) -> dict[str, object] | None:
    """A person, a role, a catalog's item, a choice or a text as `{id, name, email}`; None for an empty field."""
    value = None if field is None else field.value
    name = text(field)
    if not isinstance(value, dict):
        return {"id": name, "name": name} if name else None
    ids = [value.get("id"), value.get("item_id"), *choice_ids(field)]
    found = next((one for one in ids if type(one) is int), None)
    if found is None and not name:
        return None
    email = value.get("email") if isinstance(value.get("email"), str) else None
    return {"id": found if found is not None else name, "name": name or None, "email": email or None}


def kept(fields: Mapping[int, FieldOfTask]) -> dict[str, object]:
    """The values for the ticket's `fields`, by the field's id: of those types alone that hold no one's words or address."""
    found: dict[str, object] = {}
    for one in fields.values():
        if one.type in _KEPT and (read := texts(one)):
            found[str(one.id)] = read if one.type == "multiple_choice" else read[0]
    return found


def _inside(value: Any) -> list[Any]:
    """The fields that a value contains: a section's or choice's `fields`, the cells of a table's rows."""
    if isinstance(value, dict):
        fields = value.get("fields")
        return fields if isinstance(fields, list) else []
    cells: list[Any] = []
    if isinstance(value, list):
        for row in value:
            found = row.get("cells") if isinstance(row, dict) else None
            cells += found if isinstance(found, list) else []
    return cells


def _of_object(value: dict[str, Any]) -> list[str]:
    names = value.get("choice_names")
    if isinstance(names, list):
        return [str(name) for name in names if isinstance(name, str) and name]
    if "first_name" in value or "last_name" in value:
        parts = (value.get("first_name"), value.get("last_name"))
        joined = " ".join(part for part in parts if isinstance(part, str) and part)
        return [joined] if joined else []
    columns = value.get("values")  # of a catalog's item
    if isinstance(columns, list) and columns and isinstance(columns[0], str) and columns[0]:
        return [columns[0]]
    checked = value.get("checkmark")
    if isinstance(checked, str):
        return [checked]
    for name in _NAMES:
        found = value.get(name)
        if isinstance(found, str) and found:
            return [found]
    number = value.get("choice_id", value.get("item_id", value.get("id")))
    return [str(number)] if type(number) is int else []
