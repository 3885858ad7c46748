"""The stand-in helpdesk is as strict as its rules, and delivers as they say."""

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from standardwebhooks import Webhook

from sandbox.desk import DeskSandbox
from tests.channels.platform import Answer, Platform, running_platform

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "whsec_HxAdHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="
EPOCH = datetime.fromtimestamp(0, UTC)


class Seconds:
    """A clock that goes only when it is told to; near the real one, since the library reads that."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def desk(seconds: Seconds) -> AsyncIterator[DeskSandbox]:
    sandbox = DeskSandbox([SECRET], clock=seconds)
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def hook() -> AsyncIterator[Platform]:
    async with running_platform() as running:
        yield running


def result(**data: Any) -> dict[str, Any]:
    known = {
        "ticket": {"id": "T-1"},
        "verbs": ["score"],
        "value": 5,
        "symbol": "",
        "label": "",
        "scale": "",
        "then": "none",
    }
    return {"type": "rating.result", "timestamp": "2026-01-02T03:04:05Z", "data": {**known, **data}}


async def send(desk: DeskSandbox, content: Any, secret: str = SECRET, sent: float | None = None, **headers: str) -> int:
    """Post to the callback, signed by the library; the status."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    at = datetime.fromtimestamp(int(desk.clock() if sent is None else sent), UTC)
    message_id = headers.pop("webhook_id", "msg_1")
    signed = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode(errors="replace")),
    }
    signed |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as session, session.post(desk.callback_url, data=body, headers=signed) as answer:
        await answer.read()
        return answer.status


async def test_a_result_is_taken_once(desk: DeskSandbox) -> None:
    ticket = desk.add_ticket("T-1")
    note = result(verbs=["note"], note="seen")
    for name in ("value", "symbol", "label", "scale"):
        del note["data"][name]
    assert [await send(desk, note), await send(desk, note)] == [200, 200]
    assert ticket.notes == ["seen"]
    assert await send(desk, result(), webhook_id="msg_2") == 200
    assert ticket.score == 5
    assert await send(desk, result(value=1), webhook_id="msg_2") == 409, "one id, two results"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        ([], 422),
        ({**result(), "type": "rating.received"}, 422),
        ({**result(), "more": 1}, 422),
        ({**result(), "timestamp": "2026-01-02T03:04:05"}, 422),
        (result(verbs=["dance"]), 422),
        (result(verbs=["score", "score"]), 422),
        (result(verbs=[{}]), 422),
        (result(verbs=[]), 422),
        (result(comment="unasked"), 422),
        (result(then="close"), 422),
        (result(verbs=["score", "close"]), 422),
        (result(value="5"), 422),
        (result(value=True), 422),
        (result(ticket={"id": "T-2"}), 404),
        (result(ticket="T-1"), 422),
    ],
)
async def test_what_is_no_result_is_refused(desk: DeskSandbox, content: Any, status: int) -> None:
    desk.add_ticket("T-1")
    assert await send(desk, content) == status
    assert desk.tickets["T-1"].score is None
    assert desk.calls("/callbacks", ok=False)


async def test_who_is_not_proven_is_refused(desk: DeskSandbox) -> None:
    desk.add_ticket("T-1")
    assert await send(desk, result(), OTHER) == 401
    assert await send(desk, result(), sent=desk.clock() - 301) == 401
    assert await send(desk, result(), sent=desk.clock() + 302) == 401
    assert await send(desk, result(), webhook_id="msg.1") == 400
    assert await send(desk, result(), webhook_signature="nonsense") == 400
    assert await send(desk, result(), webhook_signature="v2,abc") == 401
    assert await send(desk, result(), webhook_timestamp="now") == 400
    assert await send(desk, result(), Content_Type="text/plain") == 415
    assert await send(desk, result(), webhook_signature=f"v1,AAAA {Webhook(SECRET).sign('m', EPOCH, '')}") == 401
    assert desk.tickets["T-1"].score is None
    assert await send(desk, result()) == 200


async def test_it_fails_as_it_is_told(desk: DeskSandbox) -> None:
    desk.add_ticket("T-1")
    desk.fail_next(503, times=2)
    assert [await send(desk, result()) for _ in range(3)] == [503, 503, 200]
    assert [call.status for call in desk.calls("/callbacks")] == [503, 503, 200]


async def test_a_closing_is_signed_and_posted(desk: DeskSandbox, hook: Platform) -> None:
    desk.connect(hook.url)
    desk.add_ticket("T-1", subject="Где заказ?")
    desk.events.secrets = [OTHER, SECRET]
    message_id = desk.close("T-1")
    await desk.settled()
    (request,) = hook.requests
    told = Webhook(SECRET).verify(request.body, dict(request.headers))
    assert Webhook(OTHER).verify(request.body, dict(request.headers)) == told
    assert told["type"] == "ticket.closed"
    assert (told["data"]["id"], told["data"]["subject"]) == ("T-1", "Где заказ?")
    assert request.headers["webhook-id"] == message_id
    desk.reopen("T-1")
    await desk.settled()
    assert json.loads(hook.requests[-1].body)["type"] == "ticket.reopened"


async def test_it_tries_again_under_the_same_id_and_a_new_signature(
    desk: DeskSandbox, hook: Platform, seconds: Seconds
) -> None:
    hook.behaviour, hook.then = Answer(500), [Answer(302), Answer(429, b"", (("Retry-After", "4000"),)), Answer(202)]
    desk.connect(hook.url)
    desk.add_ticket("T-1")
    desk.close("T-1")
    await desk.settled()
    for _ in range(3):
        seconds.now += 10
        await desk.redeliver_now()
        await desk.settled()
    first, *_, last = hook.requests
    assert first.headers["webhook-id"] == last.headers["webhook-id"]
    assert first.body == last.body
    assert int(last.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 30
    assert [(one.status, one.again_in) for one in desk.attempts] == [(500, 5), (302, 300), (429, 4000), (202, None)]
    await desk.redeliver_now()
    assert len(hook.requests) == 4


async def test_a_410_ends_all_deliveries_until_it_is_connected_again(desk: DeskSandbox, hook: Platform) -> None:
    hook.behaviour, hook.then = Answer(410), [Answer(200)]
    desk.connect(hook.url)
    desk.add_ticket("T-1")
    for _ in range(2):
        desk.close("T-1")
        await desk.settled()
    assert len(hook.requests) == 1
    desk.connect(hook.url)
    desk.close("T-1")
    await desk.settled()
    assert len(hook.requests) == 2


async def test_everything_can_come_twice(desk: DeskSandbox, hook: Platform) -> None:
    desk.connect(hook.url)
    desk.add_ticket("T-1")
    desk.deliver_twice = True
    desk.close("T-1")
    await desk.settled()
    assert len({request.headers["webhook-id"] for request in hook.requests}) == 1
    assert len(hook.requests) == 2
