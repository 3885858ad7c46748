"""Tasks and forms as Pyrus writes them. Empty fields are left out.

https://pyrus.com/en/help/api/tasks
"""

from typing import Any

from .state import Field, Form, Json, Task, World, written


def task_json(world: World, task: Task, *, only_last: bool = False) -> Json:
    """A task with its comments, or with the newest alone."""
    made: Json = {
        "id": task.id,
        "text": task.text,
        "create_date": written(task.created),
        "last_modified_date": written(task.modified),
        "is_closed": task.closed is not None,
        "comments": task.comments[-1:] if only_last else list(task.comments),
    }
    if task.comments:
        made["last_note_id"] = task.comments[-1]["id"]
    if task.subject:
        made["subject"] = task.subject
    if task.closed is not None:
        made["close_date"] = written(task.closed)
    if task.responsible is not None:
        made["responsible"] = task.responsible.json()
    if task.list_ids:
        made["list_ids"] = sorted(task.list_ids)
    if task.form_id is not None:
        made["form_id"] = task.form_id
        made["fields"] = fields_json(world, world.forms[task.form_id], task)
    return made


def row_json(world: World, task: Task, field_ids: list[int] | None) -> Json:
    """A row of the register: no form, no comments, no approvals."""
    made: Json = {
        "id": task.id,
        "create_date": written(task.created),
        "last_modified_date": written(task.modified),
    }
    if task.closed is not None:
        made["close_date"] = written(task.closed)
    assert task.form_id is not None, "a register is a form's"
    fields = fields_json(world, world.forms[task.form_id], task)
    made["fields"] = [one for one in fields if field_ids is None or one["id"] in field_ids]
    return made


def fields_json(world: World, form: Form, task: Task) -> list[Json]:
    """The fields with a value; those of a section stand inside of it."""
    made: list[Json] = []
    sections: dict[str, Json] = {}
    for number, one in enumerate(form.fields):
        value = task.values.get(one.id)
        if value is None or one.deleted:
            continue
        shown = {"id": one.id, "type": one.type, "name": one.name, "value": _shown(world, one, value)}
        if not one.section:
            made.append(shown)
            continue
        if one.section not in sections:
            title = {"id": 900_000 + number, "type": "title", "name": one.section, "value": {"fields": []}}
            sections[one.section] = title
            made.append(title)
        sections[one.section]["value"]["fields"].append({**shown, "parent_id": sections[one.section]["id"]})
    return made


def form_json(form: Form) -> Json:
    """A form's template."""
    made: list[Json] = []
    sections: dict[str, Json] = {}
    for number, one in enumerate(form.fields):
        if one.deleted:
            continue
        info: Json = {}
        if one.type == "multiple_choice":
            options = [{"choice_id": key, "choice_value": name, "deleted": False} for key, name in one.options.items()]
            info = {"options": options, "multiple_choice": one.several}
        shown = {"id": one.id, "type": one.type, "name": one.name, "info": info}
        if not one.section:
            made.append(shown)
            continue
        if one.section not in sections:
            title = {"id": 900_000 + number, "type": "title", "name": one.section, "info": {"fields": []}}
            sections[one.section] = title
            made.append(title)
        sections[one.section]["info"]["fields"].append(shown)
    return {"id": form.id, "name": form.name, "fields": made, "steps": {"1": "Support"}}


def _shown(world: World, one: Field, value: Any) -> Any:
    if one.type == "multiple_choice":
        ids = value["choice_ids"]
        return {"choice_ids": ids, "choice_names": [one.options[key] for key in ids], "choice_id": ids[0]}
    if one.type == "person":
        return world.people[value["id"]].json()
    return value
