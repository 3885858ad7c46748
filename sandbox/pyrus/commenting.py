"""Comments: what Pyrus takes, what it refuses, and what each does to its task.

https://pyrus.com/en/help/api/tasks

A comment is applied as a whole or not at all. On a closed task it opens the task, unless it says skip_auto_reopen.
"""

import re
from typing import Any

from .refusals import RefusedError
from .state import Bot, Field, Form, Json, Person, Task, World, written

MAX_COMMENTS = 10_000
MAX_TEXT = 20_000
KEYS = frozenset(
    {
        "text",
        "formatted_text",
        "field_updates",
        "action",
        "reassign_to",
        "approval_choice",
        "approvals_added",
        "approvals_removed",
        "approvals_rerequested",
        "approval_steps",
        "added_list_ids",
        "removed_list_ids",
        "subscribers_added",
        "subscribers_removed",
        "spent_minutes",
        "edit_comment_id",
        "skip_satisfaction",
        "skip_notification",
        "skip_auto_reopen",
        "channel",
    }
)
_FLAGS = ("skip_satisfaction", "skip_notification", "skip_auto_reopen")
_DATE = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").fullmatch
_WRITABLE = frozenset(
    {"text", "number", "money", "date", "due_date", "due_date_time", "multiple_choice", "person", "email", "phone"}
)


def apply(world: World, bot: Bot, task: Task, content: Json) -> Json:
    """Check everything, then change the task. Returns the new comment. Raises RefusedError, and nothing was changed."""
    if unknown := content.keys() - KEYS:
        raise RefusedError("invalid_json", f"Unknown parameters: {', '.join(sorted(unknown))}.")
    if not content:
        raise RefusedError("empty_body")
    if len(task.comments) >= MAX_COMMENTS:
        raise RefusedError("too_many_comments")
    if "text" in content and "formatted_text" in content:
        raise RefusedError("invalid_json", "Either text or formatted_text can be set.")
    for flag in _FLAGS:
        if flag in content and type(content[flag]) is not bool:
            raise RefusedError("invalid_json", f"{flag} must be a boolean.")
    if not isinstance(content.get("text", ""), str):
        raise RefusedError("invalid_json", "text must be a string.")
    values = _updates(world, task, content.get("field_updates", []))
    lists = _lists(world, content)
    target = _person(world, content["reassign_to"]) if "reassign_to" in content else None
    _check_action(world, bot, task, content.get("action"), values)
    shown: Json = {name: content[name] for name in ("text", "action", "field_updates", "channel") if content.get(name)}
    if content.get("skip_satisfaction"):
        shown["skip_satisfaction"] = True
    if target is not None:
        shown["reassigned_to"] = target.json()
        task.responsible = target
    task.values.update(values)
    task.list_ids = (task.list_ids | lists[0]) - lists[1]
    quiet = bool(content.get("skip_auto_reopen"))
    return add(
        world,
        task,
        bot.person,
        shown,
        native=not content.get("skip_satisfaction"),
        opens=not quiet,
        notify=not content.get("skip_notification"),
    )


def add(
    world: World,
    task: Task,
    author: Person,
    shown: Json,
    *,
    native: bool = True,
    opens: bool = True,
    notify: bool = True,
    tells: bool = True,
) -> Json:
    """Put a comment below a task, with what follows from it. `tells` False: a task that it opens is opened without a word."""
    now = world.clock()
    action = shown.get("action")
    if action is None and task.closed is not None and opens:
        task.closed = None
        if tells:
            shown["action"] = "reopened"
    elif action == "reopened":
        task.closed = None
    elif action == "finished":
        task.closed = now
        form = None if task.form_id is None else world.forms[task.form_id]
        if native and form is not None and form.native_survey:
            task.native_surveys += 1
    comment: Json = {"id": world.next_id(), "create_date": written(now), "author": author.json(), **shown}
    task.comments.append(comment)
    task.modified = now
    task.notifications += notify
    world.changes.notify()
    return comment


def _check_action(world: World, bot: Bot, task: Task, action: Any, values: dict[int, Any]) -> None:
    if action is None:
        return
    if action not in {"finished", "reopened"}:
        raise RefusedError("invalid_json", "Unknown action.")
    if action == "reopened" and not bot.may_reopen:
        raise RefusedError("access_denied_reopen_task", "You have no rights to reopen the task.")
    if action == "finished" and not bot.may_close:
        raise RefusedError("access_denied_close_task", "You have no rights to close the task.")
    if action == "finished" and task.form_id is not None:
        held = {**task.values, **values}
        for one in world.forms[task.form_id].fields:
            if one.required_to_close and held.get(one.id) is None:
                raise RefusedError("required_field_missing", f"Required field {one.name} is missing.")


def _updates(world: World, task: Task, updates: Any) -> dict[int, Any]:
    if not isinstance(updates, list):
        raise RefusedError("invalid_json", "field_updates must be an array.")
    if updates and task.form_id is None:
        raise RefusedError("task_has_no_form")
    found: dict[int, Any] = {}
    for update in updates:
        if not isinstance(update, dict) or "id" not in update or "value" not in update:
            raise RefusedError("field_identity_missing")
        assert task.form_id is not None, "a task without a form was refused above"
        one = _field(world.forms[task.form_id], update["id"])
        if one.id in found:
            raise RefusedError("duplicate_field")
        found[one.id] = None if update["value"] is None else _value(world, one, update["value"])
    return found


def _field(form: Form, field_id: Any) -> Field:
    one = form.field(field_id) if type(field_id) is int else None
    if one is None:
        raise RefusedError("invalid_field_id", f"Field {field_id} does not exist.")
    if one.deleted:
        raise RefusedError("deleted_field", f"Field {field_id} was deleted.")
    if one.type not in _WRITABLE:
        raise RefusedError("type_is_not_supported", f"Fields of type {one.type} cannot be written.")
    if one.locked:
        raise RefusedError("unable_to_edit_field", f"Field {one.name} cannot be edited at this step.")
    return one


def _value(world: World, one: Field, value: Any) -> Any:
    wrong = RefusedError("invalid_value_format", f"Value '{value}' cannot be converted to {one.type}.")
    fits = {
        "number": type(value) in {int, float},
        "money": type(value) in {int, float},
        "date": isinstance(value, str) and bool(_DATE(value)),
        "due_date": isinstance(value, str) and bool(_DATE(value)),
        "due_date_time": isinstance(value, str) and bool(_MOMENT(value)),
        "person": isinstance(value, dict),
        "multiple_choice": isinstance(value, dict),
    }.get(one.type, isinstance(value, str))
    if not fits:
        raise wrong
    if one.type == "text" and len(value) > MAX_TEXT:
        raise RefusedError("text_field_value_limit_exceeded")
    if one.type == "person":
        return {"id": _person(world, value).id}
    if one.type == "multiple_choice":
        ids = value.get("choice_ids")
        if not isinstance(ids, list) or not ids or not set(ids) <= one.options.keys():
            raise wrong
        if len(ids) > 1 and not one.several:
            raise wrong
    return value


def _person(world: World, value: Any) -> Person:
    if not isinstance(value, dict) or not ({"id", "email"} & value.keys()):
        raise RefusedError("person_identity_missing")
    for person in world.people.values():
        if person.id == value.get("id") or (person.email and person.email == value.get("email")):
            return person
    raise RefusedError("invalid_person_id", f"Person {value.get('id')} does not exist.")


def _lists(world: World, content: Json) -> tuple[set[int], set[int]]:
    found: list[set[int]] = []
    for name in ("added_list_ids", "removed_list_ids"):
        ids = content.get(name, [])
        if not isinstance(ids, list) or not all(type(one) is int for one in ids):
            raise RefusedError("invalid_json", f"{name} must be an array of numbers.")
        if not set(ids) <= world.lists:
            raise RefusedError("access_denied_project", "You have no access to the list.")
        found.append(set(ids))
    return found[0], found[1]
