"""Pyrus's row in the contract suite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from desks.base import Desk, Result, Verb
from net.hooks import HookRequest
from ratings.times import format_instant
from sandbox.pyrus import PyrusSandbox
from tests.desks import pyrus_kit as kit
from tests.desks.row import ADDRESS, WORDS, World, with_header, without_each

KEY = kit.KEY


class PyrusWorld(World):
    def __init__(self, made: kit.Scene) -> None:
        self.made = made
        self.task = made.task
        self.ticket_id = str(made.task.id)
        self.task.values |= {kit.SCORE: 2, kit.COMMENT: "an earlier comment"}
        made.close()
        self.queue = made.pyrus.add_person("Очередь", kind="role")
        self.desk = made.another(queue=self.queue.id)

    def done(self, verb: Verb, result: Result) -> bool:
        values, task = self.task.values, self.task
        tags = (values.get(kit.TAGS) or {"choice_ids": []})["choice_ids"]
        at = None if result.rated_at is None else format_instant(result.rated_at)
        return {
            Verb.SCORE: values.get(kit.SCORE) == result.value,
            Verb.COMMENT: values.get(kit.COMMENT) == (result.comment or None),
            Verb.RATED_AT: values.get(kit.RATED_AT) == at,
            Verb.TAG: {1, 2} <= set(tags),
            Verb.UNTAG: 1 in tags and 3 not in tags,
            Verb.REOPEN_KEEP: task.closed is None and task.responsible is self.made.agent,
            Verb.REOPEN_CLEAR: task.closed is None and task.responsible is self.queue,
            Verb.CLOSE: task.closed is not None,
            Verb.CLOSE_UNRATED: task.closed is not None,
            Verb.NOTE: any(one.get("text") == result.note and "channel" not in one for one in task.comments),
            Verb.SUPPRESS_NATIVE: task.native_surveys == 0,
        }[verb]

    def snapshot(self) -> Any:
        return repr(self.task)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with kit.scene() as made:
        yield PyrusWorld(made)


def make(url: str, timeout: float) -> Desk:
    return kit.make_desk(f"{url}/api/v4/", timeout)


def closing(now: int) -> HookRequest:
    """A call of Pyrus about a task that an agent closed."""
    clock = kit.Clock(now / 1000)
    pyrus = PyrusSandbox(clock=clock)
    bot, agent = pyrus.add_bot(kit.LOGIN, kit.KEY, {kit.FORM}), pyrus.add_person("Мария", "Ким")
    pyrus.add_form(kit.FORM, "Обращения", kit.fields())
    values = {kit.SUBJECT: WORDS, kit.TELEGRAM: ADDRESS, kit.PRIORITY: {"choice_ids": [1]}}
    task = pyrus.create_task(kit.FORM, "Не работает", channel=kit.MAIL, values=values, responsible=agent)
    pyrus.close(task, agent)
    return kit.hook_of(pyrus, task, bot)


def forged(request: HookRequest) -> list[HookRequest]:
    signature = request.headers["x-pyrus-sig"]
    return [
        *without_each(request, "x-pyrus-sig"),
        *with_header(request, "x-pyrus-sig", "", "ü" * 40, signature[:-1], signature + "0", "0" * 40),
        kit.signed(request.body, "another key"),
        replace(request, method="GET"),
    ]
