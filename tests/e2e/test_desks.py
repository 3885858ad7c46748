"""The whole way and back: a desk closes a ticket, the customer taps, and the ticket says and does what follows."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.web.desk_hooks import desk_hook_path
from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations
from ratings.store.lapses import RunLapses
from ratings.store.schema import jobs, unreadable_events
from ratings.times import DAY, MINUTE, SECOND
from sandbox.desk import DeskSandbox
from sandbox.pyrus import Field, Person, PyrusSandbox, Task
from sandbox.telegram import TelegramSandbox
from tests.e2e.conftest import ANN, Serve, telegram
from tests.e2e.kit import GoingClock, Service, the_invitation, until
from tests.e2e.test_telegram import the_prompt

FORM, SCORE, COMMENT, TAGS, ADDRESS = 345, 21, 22, 24, 15
LOGIN, KEY = "bot@rating.example", "pyrus-security-key-0001"
SIGNING = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
PYRUS, SHOP = "pyrus.main", "generic.shop"
OUTCOMES = {"write": ["score", "comment"], "tag_below": 3, "tag": "rated-{value}", "close_lapsed": True, "note": True}
DELAY = 61 * SECOND


@dataclass
class Office:
    """A Pyrus with one form, a bot of ours, an agent, and a customer in Telegram."""

    pyrus: PyrusSandbox
    agent: Person

    def task(self) -> Task:
        """A task of Ann's."""
        return self.pyrus.create_task(FORM, "Printer", values={ADDRESS: str(ANN)}, responsible=self.agent)

    def keys(self, **more: Any) -> dict[str, Any]:
        """The settings of the desk."""
        return {
            "login": LOGIN,
            "security_key": "env:PYRUS_KEY",
            "auth_url": self.pyrus.auth_url,
            "form_ids": [FORM],
            "addresses": [{"channel": "telegram.support", "field": ADDRESS}],
            "score_field": SCORE,
            "comment_field": COMMENT,
            "tag_field": TAGS,
            "timeout": 5,
            **more,
        }


@pytest.fixture
async def office(clock: GoingClock) -> AsyncIterator[Office]:
    pyrus = PyrusSandbox(clock=clock.seconds, limit=None)
    pyrus.add_bot(LOGIN, KEY, {FORM})
    agent = pyrus.add_person("Maria", "Kim", email="m.kim@example.com")
    fields = [
        Field(ADDRESS, "text", "Telegram"),
        Field(SCORE, "number", "Score"),
        Field(COMMENT, "text", "Comment"),
        Field(TAGS, "multiple_choice", "Tags", {1: "rated-1", 2: "rated-2"}, several=True),
    ]
    pyrus.add_form(FORM, "Requests", fields)
    await pyrus.start()
    yield Office(pyrus, agent)
    await pyrus.stop()


@pytest.fixture
async def shop(clock: GoingClock) -> AsyncIterator[DeskSandbox]:
    desk = DeskSandbox([SIGNING], clock=clock.seconds)
    await desk.start()
    yield desk
    await desk.stop()


async def run(
    serve: Serve, sandbox: TelegramSandbox, store_url: str, desks: dict[str, dict[str, Any]], **survey: Any
) -> Service:
    environ = {"PYRUS_KEY": KEY, "DESK_SECRET": SIGNING}
    accounts = {"telegram.support": telegram(sandbox)}
    service: Service = await serve(store_url, accounts, customer=ANN, environ=environ, desks=desks)
    await service.change_survey(outcomes=OUTCOMES, **survey)
    await sandbox.wait_for(lambda: sandbox.calls("setWebhook", ok=True))
    return service


def generic(shop: DeskSandbox) -> dict[str, Any]:
    return {"secret": "env:DESK_SECRET", "callback_url": shop.callback_url}


def hook(service: Service, name: str) -> str:
    return service.url + desk_hook_path(name)


async def rate(service: Service, sandbox: TelegramSandbox, value: int, number: int = 1) -> None:
    prompt = await the_prompt(sandbox, number=number)
    sandbox.tap(ANN, prompt.message_id, (0, value - 1))
    await the_invitation(service, state="answered")
    service.forward(DELAY)


async def written(service: Service, **wanted: Any) -> dict[str, Any]:
    """Wait until some ticket has these of us, and nothing more waits for it."""

    async def look() -> dict[str, Any] | None:
        page = await service.parts.store.read(list_invitations, Filters())
        for item in page.items:
            result = item["desk_result"]
            if result and not result["waiting"] and all(result[name] == value for name, value in wanted.items()):
                return dict(item)
        return None

    return await until(look)


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_close_ask_one_and_reopened_with_the_score_in_its_fields(
    serve: Serve, sandbox: TelegramSandbox, office: Office, store_url: str, mode: str
) -> None:
    pyrus, task = office.pyrus, office.task()
    keys = {"mode": mode, "poll_seconds": 5} if mode == "polling" else {}
    service = await run(serve, sandbox, store_url, {PYRUS: office.keys(**keys)})
    if mode == "webhook":
        pyrus.world.bots[LOGIN].url = hook(service, PYRUS)
    pyrus.close(task, office.agent)
    await rate(service, sandbox, 1)
    item = await written(service, outcome="reopen")
    assert (item["ticket"]["desk"], item["ticket"]["id"]) == (PYRUS, str(task.id))
    assert item["desk_result"]["refused"] == []
    assert task.closed is None
    assert task.actions == ["finished", "reopened"]
    assert (task.values[SCORE], task.values[TAGS]) == (1, {"choice_ids": [1]})
    assert any("1" in comment.get("text", "") for comment in task.comments)
    sandbox.write(ANN, "Nobody called back")

    async def commented() -> bool:
        return bool(task.values.get(COMMENT) == "Nobody called back")

    await until(commented)
    # Its own reopening comes back by the hook and is not taken for somebody else's.
    await until(lambda: _idle(pyrus))
    assert task.actions == ["finished", "reopened"]
    assert (await the_invitation(service))["state"] == "answered"


async def _idle(pyrus: PyrusSandbox) -> bool:
    return pyrus.delivery.idle


async def test_no_answer_a_reminder_and_closed_unrated_and_no_loop(
    serve: Serve, sandbox: TelegramSandbox, office: Office, store_url: str
) -> None:
    pyrus, task = office.pyrus, office.task()
    timing = {"reminders_s": [86_400], "lapse_after_s": 86_400}
    service = await run(serve, sandbox, store_url, {PYRUS: office.keys()}, timing=timing)
    pyrus.world.bots[LOGIN].url = hook(service, PYRUS)
    pyrus.close(task, office.agent)
    await the_prompt(sandbox)
    await the_invitation(service, state="asked")
    service.forward(DAY + MINUTE)
    await the_prompt(sandbox, number=2)
    service.forward(2 * DAY)
    await service.parts.store.writer.do(RunLapses())
    await written(service, outcome="close_unrated")
    assert SCORE not in task.values
    assert task.actions[-1] == "finished"
    await until(lambda: _idle(pyrus))
    page = await service.parts.store.read(list_invitations, Filters())
    assert [item["state"] for item in page.items] == ["lapsed"]


async def test_a_desk_that_is_down_delays_nobody_else_and_is_told_when_it_is_back(
    serve: Serve, sandbox: TelegramSandbox, office: Office, shop: DeskSandbox, store_url: str
) -> None:
    down, up = office.task(), shop.add_ticket("17", addresses=[{"channel": "telegram.support", "id": str(ANN)}])
    service = await run(serve, sandbox, store_url, {PYRUS: office.keys(), SHOP: generic(shop)})
    office.pyrus.world.bots[LOGIN].url = hook(service, PYRUS)
    shop.connect(hook(service, SHOP))
    office.pyrus.close(down, office.agent)
    first = await the_prompt(sandbox)
    shop.close("17")
    second = await the_prompt(sandbox, number=2)
    office.pyrus.fail_next("*", http=503, times=1000)
    for prompt in (first, second):
        sandbox.tap(ANN, prompt.message_id, (0, 1))
    await until(lambda: _answered(service, 2))
    service.forward(DELAY)
    item = await written(service, outcome="reopen")
    assert item["ticket"]["desk"] == SHOP
    assert (up.status, up.score, up.tags) == ("open", 2, ["rated-2"])
    assert up.notes == ["Оценка клиента: 🙁 2 — Плохо"]
    listed = await api(service, "GET", "/desks")
    of = {desk["name"]: desk for desk in listed["items"]}
    assert (of[SHOP]["waiting"], of[SHOP]["failed"]) == (0, 0)
    assert of[PYRUS]["waiting"] == 1
    assert of[PYRUS]["last_error"].startswith("unreachable")
    office.pyrus._faults.clear()
    service.forward(5 * SECOND)

    async def back() -> bool:
        service.forward(2 * SECOND)
        return bool(down.actions == ["finished", "reopened"])

    await until(back)
    await until(lambda: _nothing_waits(service))


async def _answered(service: Service, many: int) -> bool:
    page = await service.parts.store.read(list_invitations, Filters())
    return bool(sum(item["state"] == "answered" for item in page.items) == many)


async def _nothing_waits(service: Service) -> bool:
    rows = await service.rows(jobs, "kind", "state")
    return all(row["state"] in {"done", "dropped"} for row in rows if row["kind"] == "desk")


async def api(service: Service, method: str, path: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {service.key}"}
    response = await service.client.request(method, f"{service.url}/api/v1{path}", headers=headers, **more)
    assert response.status == 200, response.body
    return json.loads(response.body)


async def test_what_a_desk_refuses_is_seen_in_its_words_and_tried_anew(
    serve: Serve, sandbox: TelegramSandbox, shop: DeskSandbox, store_url: str
) -> None:
    ticket = shop.add_ticket("17", addresses=[{"channel": "telegram.support", "id": str(ANN)}])
    service = await run(serve, sandbox, store_url, {SHOP: generic(shop)})
    shop.connect(hook(service, SHOP))
    shop.refuse("reopen_keep", "locked", "The ticket is locked by accounting.")
    shop.close("17")
    await rate(service, sandbox, 1)
    item = await written(service, tag="rated-1")
    assert item["desk_result"]["refused"] == [
        {"verb": "reopen_keep", "code": "locked", "text": "The ticket is locked by accounting."}
    ]
    assert (ticket.status, ticket.score) == ("closed", 1)
    (desk,) = (await api(service, "GET", "/desks"))["items"]
    assert (desk["failed"], desk["last_error"]) == (1, "locked: The ticket is locked by accounting.")
    shop._refusals.clear()
    await api(service, "POST", f"/desks/{SHOP}/retry")
    await written(service, outcome="reopen", refused=[])
    assert ticket.status == "open"
    edited = await api(
        service, "POST", f"/invitations/{item['id']}/rating", json={"value": 4, "why": "she meant the courier"}
    )
    assert edited["history"][-1]["why"] == "she meant the courier"
    await written(service, value=4)
    assert (ticket.score, ticket.tags, ticket.status) == (4, [], "open")


async def test_a_hook_takes_what_is_signed_keeps_what_it_cannot_read_and_answers_a_handshake(
    serve: Serve, sandbox: TelegramSandbox, shop: DeskSandbox, sqlite_url: str
) -> None:
    service = await run(serve, sandbox, sqlite_url, {SHOP: generic(shop)})
    url = hook(service, SHOP)
    assert (await service.client.request("POST", url, json={"id": "17"})).status == 401
    assert (await service.client.request("POST", url + "x", json={})).status == 404
    large = await service.client.request("POST", url, data=b" " * 300_000)
    assert large.status == 413
    shaken = await service.client.request("OPTIONS", url, headers={"WebHook-Request-Origin": "events.example"})
    assert (shaken.status, shaken.headers.get("webhook-allowed-origin")) == (200, "events.example")
    shop.connect(url)
    shop.tell("ticket.closed", {"id": "17", "closed_at": "yesterday"})
    shop.tell("invoice.paid", {"id": "4"})

    async def kept() -> bool:
        return len(await service.rows(unreadable_events, "error")) == 1

    await until(kept)

    async def answered() -> bool:  # what it sent is stored before it has read our answer
        return len(shop.attempts) == 2

    await until(answered)
    assert {attempt.status for attempt in shop.attempts} == {200}
