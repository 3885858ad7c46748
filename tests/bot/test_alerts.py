"""Alerts to a URL: signed so that the standard's own library takes them, and again until they are taken."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from standardwebhooks import Webhook

from bot import clock as system_clock
from bot.alerts import AlertHooks, hook_secret
from bot.event_delivery import EventSender
from bot.wake import Wake
from net.guard import Guard
from net.http import HttpClient
from ratings.store.alerts import SayAlerts
from ratings.store.schema import alerts, jobs
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.times import HOUR
from tests.bot.kit import until
from tests.conftest import Clock
from tests.receiver import Receiver, receiving, saying
from tests.store.world import World

NEW, OLD = b"n" * 32, b"o" * 32


@pytest.fixture
def clock() -> Clock:
    """The library reads the time itself: alerts are signed now."""
    return Clock(system_clock.now())


@pytest.fixture
def world(store: Store, clock: Clock) -> World:
    return World(store, clock)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def hooks(store: Store, clock: Clock) -> AsyncIterator[AlertHooks]:
    wake = Wake()
    await wake.start()
    sender = EventSender(HttpClient(guard=Guard(allow_private=True)), clock)
    worker = AlertHooks(store.writer, sender, [NEW, OLD], wake, clock)
    task = asyncio.create_task(worker.run())
    yield worker
    await worker.finish(5)
    await task
    await sender.close()


def rate_badly(world: World, url: str, *tickets: str) -> None:
    survey = parse_survey({"alerts": {"value_max": 2, "to": [url], "hours": {}}}, base=DEFAULT_SURVEY)
    world.store.writer.do_now(SaveSurvey(survey, None, "test"))
    for ticket in tickets:
        world.tap(world.asked(ticket, agent={"name": "Ivan"}), 1)
        world.write("Never again\n<b>")
        world.work()
    assert world.store.writer.do_now(SayAlerts(0, "UTC", frozenset())) == 1


async def test_an_alert_is_signed_by_each_server_secret(receiver: Receiver, hooks: AlertHooks, world: World) -> None:
    del hooks
    await asyncio.to_thread(rate_badly, world, receiver.url, "T-1", "T-2")

    async def came() -> bool:
        return bool(receiver.taken)

    await until(came)
    [message] = receiver.taken.values()
    for secret in (NEW, OLD):
        Webhook(hook_secret(secret, receiver.url)).verify(message.body, message.headers)
    told = json.loads(message.body)
    assert (told["type"], told["data"]["more"]) == ("rating.alert", 0)
    assert [rating["ticket"]["id"] for rating in told["data"]["ratings"]] == ["T-1", "T-2"]
    assert told["data"]["ratings"][0] | {"id": 0, "rated_at": "", "ticket": {}} == {
        "id": 0,
        "reasons": ["value"],
        "value": 1,
        "scale": "1-5",
        "comment": "Never again\n<b>",
        "rated_at": "",
        "survey": "default",
        "channel": "telegram.support",
        "agent": "Ivan",
        "ticket": {},
    }


async def test_what_is_not_taken_is_posted_again_with_the_same_id(
    receiver: Receiver, hooks: AlertHooks, world: World, clock: Clock
) -> None:
    del hooks
    receiver.answer = saying(500, 302)
    await asyncio.to_thread(rate_badly, world, receiver.url, "T-1")

    async def failed_or_done() -> str:
        [job] = await asyncio.to_thread(world.rows, jobs, kind="alert")
        clock.forward(HOUR if job["state"] == "due" and job["error"] else 0)
        return str(job["state"]) if job["state"] == "done" else ""

    await until(failed_or_done)
    assert len(receiver.messages) == 3
    assert {message.id for message in receiver.messages} == set(receiver.taken)
    [row] = await asyncio.to_thread(world.rows, alerts)
    assert row["said_by"] is not None


async def test_a_receiver_that_is_gone_is_not_asked_again(receiver: Receiver, hooks: AlertHooks, world: World) -> None:
    del hooks
    receiver.answer = saying(410)
    await asyncio.to_thread(rate_badly, world, receiver.url, "T-1")

    async def failed() -> bool:
        [job] = await asyncio.to_thread(world.rows, jobs, kind="alert")
        return bool(job["state"] == "failed")

    await until(failed)
    assert len(receiver.messages) == 1


def test_a_secret_is_of_one_url_and_one_server() -> None:
    urls = ("https://a.example/1", "https://a.example/2")
    assert len({hook_secret(secret, url) for secret in (NEW, OLD) for url in urls}) == 4
