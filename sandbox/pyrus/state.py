"""What there is: people, bots, forms, tasks, tokens. Instants are seconds since the epoch."""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.changes import Changes

Json = dict[str, Any]

MAX_TOKENS = 10
"""A user's tokens: one more, and the oldest is revoked."""


@dataclass(slots=True)
class Person:
    """A user, a bot or a role, as `type` says."""

    id: int
    first_name: str
    last_name: str = ""
    email: str = ""
    type: str = "user"

    def json(self) -> Json:
        """As it stands in tasks and comments."""
        names = {"first_name": self.first_name, "last_name": self.last_name, "email": self.email}
        return {"id": self.id, **{name: value for name, value in names.items() if value}, "type": self.type}


@dataclass(slots=True)
class Field:
    """A field of a form. `section` names the title that it stands below; a locked one cannot be written by bots."""

    id: int
    type: str
    name: str
    options: dict[int, str] = field(default_factory=dict)
    several: bool = False
    required_to_close: bool = False
    deleted: bool = False
    locked: bool = False
    section: str = ""


@dataclass(slots=True)
class Form:
    """A form. `native_survey`: Pyrus's own rating extension is on."""

    id: int
    name: str
    fields: list[Field]
    native_survey: bool = False

    def field(self, field_id: int) -> Field | None:
        """The field, also a deleted one."""
        return next((one for one in self.fields if one.id == field_id), None)


@dataclass(slots=True)
class Bot:
    """A bot with its rights. `url` is where its calls go."""

    person: Person
    security_key: str
    forms: set[int]
    url: str = ""
    secret: str = ""
    may_close: bool = True
    may_reopen: bool = True
    only_last_comment: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Task:
    """A task. `values` are by the field's id; `native_surveys` counts what Pyrus's own extension sent."""

    id: int
    form_id: int | None
    text: str
    created: float
    modified: float
    subject: str = ""
    closed: float | None = None
    responsible: Person | None = None
    values: dict[int, Any] = field(default_factory=dict)
    comments: list[Json] = field(default_factory=list)
    list_ids: set[int] = field(default_factory=set)
    native_surveys: int = 0
    notifications: int = 0

    @property
    def actions(self) -> list[str]:
        """What closed and opened it, oldest first."""
        return [comment["action"] for comment in self.comments if "action" in comment]


@dataclass(slots=True)
class Token:
    """An access token. `died` is the code that its use is refused with."""

    text: str
    bot: Bot
    until: float
    died: str = ""


class World:
    """Everything that the stand-in knows."""

    def __init__(self, clock: Callable[[], float], seed: int, token_life: float) -> None:
        self.clock = clock
        self.changes = Changes()
        self.people: dict[int, Person] = {}
        self.bots: dict[str, Bot] = {}
        self.forms: dict[int, Form] = {}
        self.tasks: dict[int, Task] = {}
        self.lists: set[int] = set()
        self.tokens: dict[str, Token] = {}
        self.token_life = token_life
        self._random = random.Random(seed)
        self._ids = itertools.count(1001)

    def next_id(self) -> int:
        """A number that nothing has."""
        return next(self._ids)

    def make_token(self, bot: Bot) -> str:
        """A new token; a user has only so many."""
        token = Token(f"tok-{self._random.getrandbits(160):040x}", bot, self.clock() + self.token_life)
        self.tokens[token.text] = token
        living = [one for one in self.tokens.values() if one.bot is bot and not one.died]
        for oldest in living[:-MAX_TOKENS]:
            oldest.died = "revoked_token"
        return token.text


def written(at: float) -> str:
    """A time as Pyrus writes it: UTC, to the second."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
