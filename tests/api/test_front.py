"""What is outside of /api/v1: pages, health, hooks; and a store that hangs, wherever it is met."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from bot.answers import Answers
from bot.web import app
from bot.web.api import waiting
from bot.web.api.errors import LastResort
from bot.web.hooks import Hooks
from bot.web.patience import Patience
from channels.base import Mode
from channels.registry import load
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from tests.api.service import ACCOUNT, Service, make_parts
from tests.conftest import Clock

HOME = "http://tapfive.test"
HOOK = f"{HOME}/hooks/channels/telegram/support"
SECRET = "a-secret-of-the-hook"
PROBLEM = "application/problem+json"
STOP = {
    "update_id": 7,
    "message": {
        "message_id": 1,
        "date": 1_790_000_000,
        "chat": {"id": 5, "type": "private"},
        "from": {"id": 5},
        "text": "/stop",
        "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
    },
}


class Gate(Operation[None]):
    """Keeps the writer until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Gate"]) -> Sequence[None]:  # noqa: ARG003 - inherited
        for gate in operations:
            gate.reached.set()
            assert gate.open.wait(30)
        return [None] * len(operations)


GoOn = Callable[[], Awaitable[None]]


@pytest.fixture
async def go_on(local: Service) -> AsyncIterator[GoOn]:
    """A store that hangs; call this to let it go on."""
    gate = Gate()
    done = local.store.writer.queue(gate)
    await asyncio.to_thread(gate.reached.wait, 30)

    async def open_gate() -> None:
        gate.open.set()
        await done

    yield open_gate
    await open_gate()


@pytest.fixture
async def hook(local: Service) -> AsyncIterator[Callable[[], Awaitable[httpx.Response]]]:
    """Send an update to the hook of an account that hears."""
    config = local.parts.channels[ACCOUNT].config.model_copy(update={"mode": Mode.RELAY})
    channel = load("telegram")(ACCOUNT, config, (SECRET,))
    endpoint = Hooks({ACCOUNT: channel}, local.parts.answers, local.parts.metrics, 10_000)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint)) as client:
        yield lambda: client.post(HOOK, json=STOP, headers={"x-telegram-bot-api-secret-token": SECRET})


def next_queued(service: Service, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """An event that is set when something waits to be written."""
    queued, put = asyncio.Event(), service.store.writer._put

    def put_and_tell(operation: Any) -> None:
        put(operation)
        queued.set()

    monkeypatch.setattr(service.store.writer, "_put", put_and_tell)
    return queued


def is_problem(response: httpx.Response, status: int) -> None:
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM), response.text
    assert response.json()["status"] == status


# --- every error is a problem


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
async def test_another_method_is_a_problem(local: Service, path: str) -> None:
    response = await local.client.post(HOME + path)
    is_problem(response, 405)
    assert "GET" in response.headers["allow"]


async def test_a_page_that_is_not_there_is_a_problem(local: Service) -> None:
    is_problem(await local.client.get(f"{HOME}/nothing"), 404)


async def test_a_failure_outside_of_the_api_is_a_problem_without_its_text(
    local: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("row of anna@example.com")

    monkeypatch.setattr(app, "outbox_depth", fail)
    response = await local.client.get(f"{HOME}/metrics")
    is_problem(response, 500)
    assert "anna" not in response.text + caplog.text


async def test_a_failure_of_a_hook_is_a_problem(
    hook: Callable[[], Awaitable[httpx.Response]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Answers, "receive", fail)
    is_problem(await hook(), 500)


async def test_what_fails_after_it_began_has_no_end_and_its_text_is_in_no_log() -> None:
    async def rows() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("anna@example.com")

    async def begins(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(rows())(scope, receive, send)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()  # the reader stays
        raise AssertionError

    scope = {"type": "http", "method": "GET", "path": "/file", "headers": [], "asgi": {"spec_version": "2.4"}}
    with capture_logs() as told:
        await LastResort(begins)(scope, receive, send)
    assert [message.get("body") for message in sent] == [None, b"half"]
    assert sent[-1]["more_body"], "a server that is not told of an end closes the connection"
    assert [line["error"] for line in told] == ["RuntimeError"]
    assert "anna" not in str(told)


# --- a store that is away


async def test_a_store_that_is_away_is_a_503_wherever_it_is_read(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    parts = make_parts(f"postgresql+psycopg://anna:secret@127.0.0.1:{port}/x", clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.application), base_url=HOME) as client:
        listed = await client.get("/api/v1/ratings", headers={"authorization": "Bearer tf_0a1b2c3d_secret"})
        is_problem(listed, 503)
        assert listed.json()["detail"] == "the store is away; come again"
        page = await client.get("/ratings", headers={"cookie": "tapfive=session"})
    assert (page.status_code, "busy" in page.text) == (503, True)
    assert {listed.headers["retry-after"], page.headers["retry-after"]} == {"2"}
    assert "the store could not be read: OperationalError" in caplog.text
    assert "secret" not in caplog.text
    parts.store.stop()


# --- a store that hangs


async def test_a_hook_says_when_to_come_again_and_its_event_counts_once(
    local: Service,
    hook: Callable[[], Awaitable[httpx.Response]],
    go_on: GoOn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, passed, queued = asyncio.get_running_loop(), 0.0, next_queued(local, monkeypatch)
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + passed)
    asking = asyncio.ensure_future(hook())
    await queued.wait()
    passed = 60.0
    late = await asking
    is_problem(late, 503)
    assert late.headers["retry-after"] == "1"
    await go_on()
    assert (await hook()).status_code == 200
    assert (await local.close(1, address={"channel": ACCOUNT, "id": "5"}))["reason"] == "opted_out"
    assert local.parts.metrics.inbound.labels(ACCOUNT, "duplicate")._value.get() == 1


async def test_the_api_says_when_to_come_again_and_the_decision_is_the_same(
    local: Service, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"idempotency-key": "k"}
    loop, passed, queued = asyncio.get_running_loop(), 0.0, next_queued(local, monkeypatch)
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + passed)
    asking = asyncio.create_task(local.ask("POST", "/v1/tickets/closed", json=local.ticket(1), headers=headers))
    await queued.wait()
    passed = waiting.WAIT_SECONDS
    late = await asking
    is_problem(late, 503)
    assert late.headers["retry-after"] == "1"
    await go_on()
    again = await local.ask("POST", "/v1/tickets/closed", json=local.ticket(1), headers=headers)
    assert (again.status_code, again.json()["decision"]) == (200, "ask")


async def test_a_reader_that_hangs_is_a_503(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr("bot.web.api.surveys.load_surveys", lambda _connection: gate.wait(30) and [])
    try:
        is_problem(await local.ask("GET", "/v1/surveys"), 503)
    finally:
        gate.set()


async def test_a_slow_body_is_not_the_stores_fault(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    time, late = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: time() + late)

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal late
        yield b" "
        late += 60.0  # a minute passes
        for _ in range(10):
            await asyncio.sleep(0)
        yield b'{"id": "T-1"}'

    response = await local.ask("POST", "/v1/tickets/reopened", content=slowly())
    assert (late, response.status_code) == (60.0, 200)


async def test_a_store_that_hangs_is_not_ready_and_its_probes_do_not_pile_up(
    local: Service, go_on: GoOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(app, "READY_SECONDS", 0.1)
        for _ in range(5):
            is_problem(await local.client.get(f"{HOME}/readyz"), 503)
    assert local.store.writer.waiting <= 1
    await go_on()
    ready = await local.client.get(f"{HOME}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_a_store_whose_writer_has_stopped_is_not_ready(local: Service) -> None:
    assert (await local.client.get(f"{HOME}/readyz")).status_code == 200
    local.store.writer.stop()
    is_problem(await local.client.get(f"{HOME}/readyz"), 503)


async def test_metrics_of_a_store_that_hangs(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(app, "METRICS_SECONDS", 0.1)
    monkeypatch.setattr(app, "outbox_depth", lambda *_arguments: gate.wait(30) and [])
    try:
        is_problem(await local.client.get(f"{HOME}/metrics"), 503)
    finally:
        gate.set()


# --- patience


async def test_patience_ends_the_late_alone() -> None:
    patience = Patience(0.1)
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with pytest.raises(TimeoutError):
        await patience.wait(never)
    assert never.cancelled()
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr] # a test runs in a task
    assert await patience.wait(asyncio.sleep(0, "in time")) == "in time"


async def test_patience_hides_nobody_elses_cancellation() -> None:
    patience = Patience(60)
    waiting_task = asyncio.create_task(patience.wait(asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    waiting_task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting_task
    with pytest.raises(KeyError):
        await patience.wait(_fail())


async def _fail() -> None:
    raise KeyError
