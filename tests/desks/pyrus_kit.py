"""What the tests of the Pyrus desk share: a Pyrus with one form, people on both sides, and a desk that is set up for it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from desks.base import Result, Told, Verb
from desks.pyrus.adapter import Pyrus
from desks.pyrus.config import PyrusConfig
from net.hooks import HookRequest
from ratings.ticket import ticket_to_dict
from sandbox.pyrus import Bot, Field, Person, PyrusSandbox, Task
from sandbox.pyrus.delivery import sign
from tests.desks.row import ADDRESS, NOW, WORDS

FORM = 345
LOGIN, KEY = "bot@rating.example", "pyrus-security-key-0001"
SUBJECT, PRIORITY, AGENT, GROUP, TELEGRAM = 11, 12, 13, 14, 15
SCORE, COMMENT, RATED_AT, TAGS, SCORE_CHOICE, RATED_DAY = 21, 22, 23, 24, 25, 26
QUEUE_LIST = 77
MAIL = {"type": "email", "from": {"email": "anna@example.org", "name": "Анна"}}
TO_ANNA = {"type": "email", "to": {"email": "anna@example.org", "name": "Анна"}}
SETTINGS: dict[str, Any] = {
    "subject_field": SUBJECT,
    "priority_field": PRIORITY,
    "priorities": {"Высокий": "high"},
    "agent_field": AGENT,
    "group_field": GROUP,
    "addresses": [{"channel": "telegram.support", "field": TELEGRAM}, {"channel": "email.support", "from": "channel"}],
    "score_field": SCORE,
    "comment_field": COMMENT,
    "rated_at_field": RATED_AT,
    "tag_field": TAGS,
    "form_ids": [FORM],
}


def fields() -> list[Field]:
    return [
        Field(SUBJECT, "text", "Тема"),
        Field(PRIORITY, "multiple_choice", "Приоритет", {1: "Высокий", 2: "Низкий"}, section="Детали"),
        Field(AGENT, "person", "Специалист", section="Детали"),
        Field(GROUP, "text", "Группа"),
        Field(TELEGRAM, "text", "Telegram"),
        Field(SCORE, "number", "Оценка"),
        Field(COMMENT, "text", "Комментарий"),
        Field(RATED_AT, "due_date_time", "Дата оценки"),
        Field(TAGS, "multiple_choice", "Метки", {1: "vip", 2: "rated-1", 3: "rated-2"}, several=True),
        Field(SCORE_CHOICE, "multiple_choice", "Оценка словом", {51: "1", 55: "Отлично"}),
        Field(RATED_DAY, "date", "День оценки"),
    ]


@dataclass
class Clock:
    """Seconds, as the stand-in has them; `ms` as we have them."""

    now: float = NOW / 1000

    def __call__(self) -> float:
        return self.now

    @property
    def ms(self) -> int:
        return int(self.now * 1000)


@dataclass
class Scene:
    """A Pyrus, a bot in it, an agent, a closed-to-be task and our desk."""

    pyrus: PyrusSandbox
    clock: Clock
    bot: Bot
    agent: Person
    task: Task
    desk: Pyrus
    others: list[Pyrus] = field(default_factory=list)

    def another(self, **keys: Any) -> Pyrus:
        desk = make_desk(self.pyrus.auth_url, **keys)
        desk.clock = lambda: self.clock.ms
        self.others.append(desk)
        return desk

    def close(self, **keys: Any) -> dict[str, Any]:
        comment: dict[str, Any] = self.pyrus.close(self.task, self.agent, **keys)
        return comment

    def hook(self, bot: Bot | None = None) -> HookRequest:
        """The call that Pyrus would make of the task as it stands."""
        return hook_of(self.pyrus, self.task, bot or self.bot)

    def told(self, request: HookRequest | None = None) -> Told:
        request = request or self.hook()
        self.desk.verify(request, self.clock.ms)
        (told,) = self.desk.parse(request, self.clock.ms)
        return told

    def result(self, *verbs: Verb, **keys: Any) -> Result:
        """What a rating of the task's present closing makes of it."""
        told = self.told()
        ticket = getattr(told, "ticket", None)
        snapshot = {} if ticket is None else ticket_to_dict(ticket)
        known: dict[str, Any] = {
            "value": 1,
            "symbol": "😡",
            "label": "Плохо",
            "comment": WORDS,
            "rated_at": NOW,
            "tag": "rated-1",
            "untag": ("rated-2",),
            "note": "Оценка 1",
            "ticket": snapshot,
        }
        return Result("result-1", str(self.task.id), frozenset(verbs), **{**known, **keys})


def hook_of(pyrus: PyrusSandbox, task: Task, bot: Bot) -> HookRequest:
    from sandbox.pyrus.rendering import task_json  # noqa: PLC0415 - what only this needs

    content = {
        "event": "comment",
        "access_token": "tok-of-the-bot-that-nobody-may-see",
        "task_id": task.id,
        "user_id": bot.person.id,
        "task": task_json(pyrus.world, task, only_last=bot.only_last_comment),
    }
    return signed(json.dumps(content, ensure_ascii=False).encode(), bot.secret)


def signed(body: bytes, secret: str = KEY) -> HookRequest:
    headers = {"content-type": "application/json", "x-pyrus-sig": sign(secret, body), "x-pyrus-retry": "1/3"}
    return HookRequest("POST", headers, body)


def make_desk(auth_url: str, timeout: float = 5.0, **keys: Any) -> Pyrus:
    known = {"login": LOGIN, "security_key": SecretStr(KEY), "auth_url": auth_url, "timeout": timeout}
    return Pyrus("pyrus.main", PyrusConfig.model_validate({**known, **SETTINGS, **keys}))


@asynccontextmanager
async def scene(*, limit: int | None = None, native_survey: bool = False, **keys: Any) -> AsyncIterator[Scene]:
    clock = Clock()
    pyrus = PyrusSandbox(clock=clock, limit=limit)
    bot = pyrus.add_bot(LOGIN, KEY, {FORM})
    agent = pyrus.add_person("Мария", "Ким", email="m.kim@example.com")
    pyrus.add_form(FORM, "Обращения", fields(), native_survey=native_survey)
    pyrus.add_list(QUEUE_LIST)
    values = {
        SUBJECT: WORDS,
        PRIORITY: {"choice_ids": [1]},
        AGENT: {"id": agent.id},
        GROUP: "Поддержка",
        TELEGRAM: ADDRESS,
        TAGS: {"choice_ids": [1, 3]},
    }
    task = pyrus.create_task(FORM, "Не работает", channel=MAIL, values=values, responsible=agent)
    await pyrus.start()
    desk = make_desk(pyrus.auth_url, **keys)
    desk.clock = lambda: clock.ms
    made = Scene(pyrus, clock, bot, agent, task, desk)
    try:
        yield made
    finally:
        for one in (desk, *made.others):
            await one.close()
        await pyrus.stop()
