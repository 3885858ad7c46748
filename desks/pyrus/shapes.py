"""Pyrus's JSON, as far as it is read: https://pyrus.com/en/help/api/tasks. The token in a webhook's body has no place here.

Empty fields are left out of answers: absence means empty. Times are UTC, `2026-01-31T12:00:00Z`.
"""

from collections import deque
from typing import Any

from msgspec import Struct, field

FINISHED, REOPENED = "finished", "reopened"


class Person(Struct, frozen=True):
    """A user, a bot or a role, as `type` says."""

    id: int
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    type: str | None = None
    department_id: int | None = None
    department_name: str | None = None

    @property
    def name(self) -> str:
        """First and last name."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


class Correspondent(Struct, frozen=True):
    """Who wrote from, or was written to, outside of Pyrus."""

    email: str | None = None
    name: str | None = None


class Channel(Struct, frozen=True):
    """The channel that a comment came or went by."""

    type: str | None = None
    sender: Correspondent | None = field(default=None, name="from")
    to: Correspondent | None = None
    phone: str | None = None
    direction: str | None = None


class Comment(Struct, frozen=True):
    """One entry of a task's history."""

    id: int
    create_date: str | None = None
    author: Person | None = None
    action: str | None = None
    text: str | None = None
    channel: Channel | None = None


class FieldOfTask(Struct, frozen=True):
    """One field with its value; what a value looks like depends on `type`."""

    id: int
    type: str | None = None
    name: str | None = None
    value: Any = None


class Task(Struct, frozen=True):
    """A task with its fields and comments; the register's rows have neither form nor comments."""

    id: int
    form_id: int | None = None
    subject: str | None = None
    text: str | None = None
    create_date: str | None = None
    last_modified_date: str | None = None
    close_date: str | None = None
    is_closed: bool | None = None
    responsible: Person | None = None
    fields: list[FieldOfTask] | None = None
    comments: list[Comment] | None = None
    list_ids: list[int] | None = None
    last_note_id: int | None = None


class Call(Struct, frozen=True):
    """The body of a bot's webhook. `user_id` is not documented beyond its name."""

    event: str | None = None
    task_id: int | None = None
    user_id: int | None = None
    task: Task | None = None


class Choice(Struct, frozen=True):
    """One option of a choice field; it may bring fields of its own."""

    choice_id: int
    choice_value: str | None = None
    deleted: bool | None = None
    fields: list["FieldOfForm"] | None = None


class FieldInfo(Struct, frozen=True):
    """What a form says of a field."""

    options: list[Choice] | None = None
    fields: list["FieldOfForm"] | None = None
    columns: list["FieldOfForm"] | None = None
    multiple_choice: bool | None = None


class FieldOfForm(Struct, frozen=True):
    """A field of a form's template."""

    id: int
    type: str | None = None
    name: str | None = None
    info: FieldInfo | None = None


class Form(Struct, frozen=True):
    """A form's template."""

    id: int
    name: str | None = None
    fields: list[FieldOfForm] | None = None

    def all_fields(self) -> dict[int, FieldOfForm]:
        """Every field by its id, those inside of sections and options too. Columns of tables are not among them."""
        found: dict[int, FieldOfForm] = {}
        waiting = deque(self.fields or ())
        while waiting:
            one = waiting.popleft()
            found.setdefault(one.id, one)
            if one.info is not None:
                waiting += one.info.fields or ()
                for option in one.info.options or ():
                    waiting += option.fields or ()
        return found


class TaskAnswer(Struct, frozen=True):
    """What answers a question for a task, and a comment."""

    task: Task


class RegisterAnswer(Struct, frozen=True):
    """A form's register. No tasks: the key may be missing."""

    tasks: list[Task] | None = None


class Profile(Struct, frozen=True):
    """Who the token belongs to."""

    person_id: int


class Token(Struct, frozen=True):
    """The answer to a login."""

    access_token: str
    api_url: str | None = None


class Failure(Struct, frozen=True):
    """A refusal. `error_code` never changes its meaning; `error` is in words that do."""

    error_code: str | None = None
    error: str | None = None
