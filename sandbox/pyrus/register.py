"""A form's register: its filters, and rows as thin as Pyrus's.

https://pyrus.com/en/help/api/endpoints
"""

import re
from datetime import UTC, datetime
from typing import Any

from .refusals import RefusedError
from .rendering import row_json
from .state import Form, Json, Task, World

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").fullmatch
_TIMES = {f"{what}_{side}": (what, side) for what in ("created", "modified", "closed") for side in ("after", "before")}
_OTHERS = frozenset({"include_archived", "field_ids", "task_ids", "item_count", "sort"})
MAX_ITEMS = 20_000


def select(world: World, form: Form, filters: Json) -> list[Json]:
    """The rows of a form's tasks that pass all filters. Raises RefusedError for a filter that is none."""
    for name in filters:
        if name not in _TIMES and name not in _OTHERS:
            raise RefusedError("filter_type_is_not_supported", f"Unknown filter {name}.")
    if filters.get("sort", "id") != "id":
        raise RefusedError("filter_type_is_not_supported", "Only sorting by id is supported.")
    archived = _archived(filters.get("include_archived", False))
    count = filters.get("item_count", MAX_ITEMS)
    if type(count) is not int or not 1 <= count <= MAX_ITEMS:
        raise RefusedError("invalid_value_format", "item_count is not valid.")
    task_ids, field_ids = _ids(filters, "task_ids"), _ids(filters, "field_ids")
    bounds = [(what, side, _time(filters[name])) for name, (what, side) in _TIMES.items() if name in filters]
    found = [
        task
        for task in sorted(world.tasks.values(), key=lambda task: task.id)
        if task.form_id == form.id
        and (archived or task.closed is None)
        and (task_ids is None or task.id in task_ids)
        and all(_within(task, what, side, at) for what, side, at in bounds)
    ]
    return [row_json(world, task, field_ids) for task in found[:count]]


def _within(task: Task, what: str, side: str, at: float) -> bool:
    held = {"created": task.created, "modified": task.modified, "closed": task.closed}[what]
    if held is None:
        return False
    return held >= at if side == "after" else held <= at


def _archived(value: Any) -> bool:
    if value not in {True, False, "y", "n"}:
        raise RefusedError("invalid_value_format", "include_archived is not valid.")
    return value in {True, "y"}


def _ids(filters: Json, name: str) -> list[int] | None:
    value = filters.get(name)
    if isinstance(value, str):
        value = [int(part) for part in value.split(",") if part.isdigit()]
    if value is not None and not (isinstance(value, list) and all(type(one) is int for one in value)):
        raise RefusedError("invalid_value_format", f"{name} is not valid.")
    return value


def _time(value: Any) -> float:
    if not isinstance(value, str) or not _TIME(value):
        raise RefusedError("invalid_value_format", "A time must be yyyy-MM-ddTHH:mm:ssZ.")
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
