"""The stand-in of Pyrus: what Pyrus refuses it refuses, and what a careless client suffers it lets it suffer."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.changes import Changes
from sandbox.phones.serving import LoopbackServer
from sandbox.pyrus import Field, PyrusSandbox, Task

from .conftest import Clock

FORM, LOGIN, KEY = 345, "bot@example.org", "the-key"
MAIL = {"type": "email", "from": {"email": "anna@example.org"}}
Api = Callable[..., Coroutine[Any, Any, tuple[int, dict[str, Any]]]]


class Receiver:
    """A bot: keeps what came, and answers with these statuses, then 200."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.answer = b""
        self.changes = Changes()
        self.server = LoopbackServer({"/": self.take})

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.came.append((dict(request.headers), await request.read()))
        self.changes.notify()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, body=self.answer if status == 200 else b"")

    def tasks(self) -> list[dict[str, Any]]:
        return [json.loads(body)["task"] for _, body in self.came]


@pytest.fixture
async def pyrus(clock: Clock) -> AsyncIterator[PyrusSandbox]:
    pyrus = PyrusSandbox(clock=clock)
    fields = [
        Field(1, "number", "Score"),
        Field(2, "text", "Words"),
        Field(3, "multiple_choice", "Tags", {1: "a", 2: "b"}),
        Field(4, "date", "Day"),
        Field(5, "person", "Agent"),
        Field(6, "note", "Note"),
        Field(7, "text", "Gone", deleted=True),
        Field(8, "text", "Locked", locked=True),
        Field(9, "text", "Cause"),
        Field(10, "due_date_time", "Moment"),
    ]
    pyrus.add_form(FORM, "Requests", fields, native_survey=True)
    pyrus.add_form(FORM + 1, "Others", [])
    pyrus.add_bot(LOGIN, KEY, {FORM})
    pyrus.add_list(77)
    await pyrus.start()
    yield pyrus
    await pyrus.stop()


@pytest.fixture
async def api(pyrus: PyrusSandbox, http: aiohttp.ClientSession) -> Api:
    async with http.post(f"{pyrus.auth_url}auth", json={"login": LOGIN, "security_key": KEY}) as response:
        told = await response.json()

    async def call(path: str, content: Any = None, *, token: str = told["access_token"]) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        method = "GET" if content is None else "POST"
        async with http.request(method, told["api_url"] + path, json=content, headers=headers) as response:
            return response.status, await response.json()

    return call


@pytest.fixture
def task(pyrus: PyrusSandbox) -> Task:
    return pyrus.create_task(FORM, "Help", channel=MAIL)


@pytest.fixture
async def receiver(pyrus: PyrusSandbox) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.server.start()
    pyrus.world.bots[LOGIN].url = f"{receiver.server.url}/hook"
    yield receiver
    await pyrus.delivery.close()
    await receiver.server.stop()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "empty_body"),
        ({"colour": "red"}, "invalid_json"),
        ({"text": 5}, "invalid_json"),
        ({"text": "a", "formatted_text": "b"}, "invalid_json"),
        ({"text": "a", "skip_satisfaction": "y"}, "invalid_json"),
        ({"action": "closed"}, "invalid_json"),
        ({"field_updates": {"id": 1, "value": 1}}, "invalid_json"),
        ({"field_updates": [{"id": 1}]}, "field_identity_missing"),
        ({"field_updates": [{"id": 99, "value": 1}]}, "invalid_field_id"),
        ({"field_updates": [{"id": 7, "value": "x"}]}, "deleted_field"),
        ({"field_updates": [{"id": 8, "value": "x"}]}, "unable_to_edit_field"),
        ({"field_updates": [{"id": 6, "value": "x"}]}, "type_is_not_supported"),
        ({"field_updates": [{"id": 1, "value": 1}, {"id": 1, "value": 2}]}, "duplicate_field"),
        ({"field_updates": [{"id": 1, "value": "1"}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 1, "value": True}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 2, "value": 1}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 2, "value": "x" * 20_001}]}, "text_field_value_limit_exceeded"),
        ({"field_updates": [{"id": 3, "value": {"choice_ids": [9]}}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 3, "value": {"choice_ids": [1, 2]}}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 4, "value": "31.01.2026"}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 10, "value": "2026-01-31"}]}, "invalid_value_format"),
        ({"field_updates": [{"id": 5, "value": {"name": "x"}}]}, "person_identity_missing"),
        ({"reassign_to": {"id": 9}}, "invalid_person_id"),
        ({"added_list_ids": [78]}, "access_denied_project"),
    ],
)
async def test_a_comment_that_does_not_fit_changes_nothing(
    api: Api, task: Task, content: dict[str, Any], code: str
) -> None:
    before = repr(task)
    status, answer = await api(f"tasks/{task.id}/comments", content)
    assert (status >= 400, answer["error_code"]) == (True, code)
    assert repr(task) == before


async def test_one_comment_changes_all_or_nothing(api: Api, pyrus: PyrusSandbox, task: Task) -> None:
    pyrus.world.bots[LOGIN].may_close = False
    content: dict[str, Any] = {"field_updates": [{"id": 1, "value": 5}], "action": "finished", "added_list_ids": [77]}
    status, answer = await api(f"tasks/{task.id}/comments", content)
    assert (status, answer["error_code"], task.values, task.list_ids) == (403, "access_denied_close_task", {}, set())
    pyrus.world.bots[LOGIN].may_close = True
    pyrus.world.forms[FORM].fields[8].required_to_close = True
    status, answer = await api(f"tasks/{task.id}/comments", content)
    assert (status, answer["error_code"]) == (400, "required_field_missing")
    content["field_updates"].append({"id": 9, "value": "because"})
    status, answer = await api(f"tasks/{task.id}/comments", content)
    assert (status, answer["task"]["is_closed"], task.list_ids) == (200, True, {77})
    assert [one["value"] for one in answer["task"]["fields"]] == [5, "because"]


async def test_a_careless_comment_opens_a_closed_task(api: Api, pyrus: PyrusSandbox, task: Task) -> None:
    agent = pyrus.add_person("Ann")
    pyrus.close(task, agent)
    quiet = {"text": "score 5", "skip_auto_reopen": True}
    assert (await api(f"tasks/{task.id}/comments", quiet))[1]["task"]["is_closed"] is True
    _, answer = await api(f"tasks/{task.id}/comments", {"text": "score 5"})
    assert answer["task"]["is_closed"] is False
    assert "close_date" not in answer["task"]
    assert task.actions == ["finished", "reopened"]
    pyrus.world.bots[LOGIN].may_reopen = False
    assert (await api(f"tasks/{task.id}/comments", {"action": "reopened"}))[0] == 403


async def test_a_careless_close_sends_pyruss_own_survey(api: Api, task: Task) -> None:
    await api(f"tasks/{task.id}/comments", {"action": "finished", "skip_satisfaction": True})
    assert task.native_surveys == 0
    await api(f"tasks/{task.id}/comments", {"action": "finished"})
    assert task.native_surveys == 1


async def test_logins_and_tokens(api: Api, pyrus: PyrusSandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
    for content in ({"login": LOGIN, "security_key": "no"}, {"login": LOGIN, "security_key": KEY, "person_id": 1}):
        async with http.post(f"{pyrus.auth_url}auth", json=content) as response:
            assert (response.status, (await response.json())["error_code"]) == (401, "invalid_credentials")
    assert (await api("profile"))[0] == 200
    assert (await api("profile", token=""))[1]["error_code"] == "token_not_specified"
    assert (await api("profile", token="x"))[1]["error_code"] == "invalid_token"
    clock.now += 86_400
    assert (await api("profile"))[1]["error_code"] == "expired_token"
    assert (await api("profile"))[0] == 401


async def test_a_user_has_so_many_requests_in_ten_minutes(pyrus: PyrusSandbox, api: Api, clock: Clock) -> None:
    pyrus.limit = 2
    clock.now += 1
    assert [(await api("profile"))[0] for _ in range(3)] == [200, 200, 429]
    clock.now += 599
    assert (await api("profile"))[1]["error_code"] == "too_many_requests"
    clock.now += 1
    assert (await api("profile"))[0] == 200


async def test_what_the_bot_may_not_see_is_refused(api: Api, pyrus: PyrusSandbox) -> None:
    hidden = pyrus.create_task(FORM + 1, "secret")
    assert (await api(f"forms/{FORM + 1}"))[1]["error_code"] == "access_denied_form"
    assert (await api(f"forms/{FORM + 1}/register", {}))[0] == 403
    assert (await api(f"tasks/{hidden.id}"))[1]["error_code"] == "access_denied_task"
    assert (await api("calendar"))[0] == 404


async def test_the_register_is_thin_and_shows_the_archive_on_request_alone(
    api: Api, pyrus: PyrusSandbox, task: Task, clock: Clock
) -> None:
    agent = pyrus.add_person("Ann")
    task.values[1] = 5
    opened = pyrus.create_task(FORM, "Other")
    clock.now += 60
    pyrus.close(task, agent)

    async def ids(**filters: Any) -> list[int]:
        status, answer = await api(f"forms/{FORM}/register", filters)
        assert status == 200, answer
        return [row["id"] for row in answer.get("tasks", [])]

    closed = "2026-09-21T14:14:20Z"
    assert await ids() == [opened.id]
    assert await ids(include_archived=True) == [task.id, opened.id]
    assert await ids(include_archived="y", closed_after=closed, closed_before=closed) == [task.id]
    assert await ids(include_archived=True, closed_after="2026-09-21T14:14:21Z") == []
    assert await ids(closed_after=closed) == [], "a closed task is archived"
    assert await ids(include_archived=True, task_ids=[task.id]) == [task.id]
    assert await ids(include_archived=True, item_count=1) == [task.id]
    _, answer = await api(f"forms/{FORM}/register", {"include_archived": True, "task_ids": [task.id]})
    assert answer["tasks"][0].keys() == {"id", "create_date", "last_modified_date", "close_date", "fields"}
    for wrong in ({"since": 1}, {"sort": "date"}, {"closed_after": "yesterday"}, {"item_count": 0}, {"task_ids": 5}):
        assert ((await api(f"forms/{FORM}/register", wrong))[0], wrong) == (400, wrong)


async def test_a_call_is_signed_and_brings_the_task(pyrus: PyrusSandbox, task: Task, receiver: Receiver) -> None:
    pyrus.close(task, pyrus.add_person("Ann"))
    await pyrus.settled()
    ((headers, body),) = receiver.came
    assert headers["X-Pyrus-Sig"] == hmac.new(KEY.encode(), body, hashlib.sha1).hexdigest()
    assert (headers["X-Pyrus-Retry"], headers["User-Agent"]) == ("1/3", "Pyrus-Bot-4")
    call = json.loads(body)
    assert (call["event"], call["task_id"]) == ("comment", task.id)
    assert call["access_token"]
    assert call["task"]["comments"][-1]["action"] == "finished"
    assert call["task"]["close_date"]


async def test_a_call_is_made_three_times_and_never_again(pyrus: PyrusSandbox, task: Task, receiver: Receiver) -> None:
    receiver.statuses = [500, 503, 500, 500]
    pyrus.close(task, pyrus.add_person("Ann"))
    await pyrus.settled()
    await pyrus.redeliver_now()
    await pyrus.redeliver_now()
    await pyrus.redeliver_now()
    assert [headers["X-Pyrus-Retry"] for headers, _ in receiver.came] == ["1/3", "2/3", "3/3"]
    assert len({body for _, body in receiver.came}) == 1, "the same bytes"
    assert [attempt.status for attempt in pyrus.attempts] == [500, 503, 500]


async def test_a_bots_own_comment_comes_back_to_it(
    api: Api, pyrus: PyrusSandbox, task: Task, receiver: Receiver
) -> None:
    await api(f"tasks/{task.id}/comments", {"text": "hello"})
    await pyrus.settled()
    (told,) = receiver.tasks()
    assert told["comments"][-1]["author"]["id"] == pyrus.world.bots[LOGIN].person.id


async def test_the_newest_comment_alone_and_everything_twice(
    pyrus: PyrusSandbox, task: Task, receiver: Receiver
) -> None:
    pyrus.world.bots[LOGIN].only_last_comment = True
    pyrus.deliver_twice = True
    pyrus.close(task, pyrus.add_person("Ann"))
    await pyrus.settled()
    assert [len(told["comments"]) for told in receiver.tasks()] == [1, 1]


async def test_what_a_bot_answers_is_a_comment(pyrus: PyrusSandbox, task: Task, receiver: Receiver) -> None:
    receiver.answer = b'{"text":"thanks","skip_auto_reopen":true}'
    pyrus.close(task, pyrus.add_person("Ann"))
    await pyrus.wait_for(lambda: task.comments[-1].get("text") == "thanks")
    receiver.answer = b""
    await pyrus.settled()


async def test_faults_on_demand(api: Api, pyrus: PyrusSandbox, task: Task) -> None:
    pyrus.fail_next("comment", "server_error")
    pyrus.fail_next("profile", http=502)
    assert (await api(f"tasks/{task.id}/comments", {"text": "a"}))[0] == 500
    pyrus.drop_after("comment")
    with pytest.raises(aiohttp.ClientError):
        await api(f"tasks/{task.id}/comments", {"text": "b"})
    assert [one.get("text") for one in task.comments] == ["Help", "b"]
    assert [(one.method, one.passed) for one in pyrus.calls("comment")] == [("comment", False), ("comment", True)]
