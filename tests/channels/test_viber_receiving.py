"""Hooks that are proven by their signature, and whose webhook is set and removed."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from channels.base import HookRequest, Mode
from channels.viber.adapter import SIGNATURE_HEADER, Viber
from channels.viber.config import ViberConfig
from channels.viber.events import EVENT_TYPES
from net.errors import DeliveryError, Misconfigured, Throttled, Unreachable, WebhookRejected
from tests.channels.platform import Answer, Drop, Hang, Platform

BOT = "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"
HOOK = "https://rate.example.com/hooks/channels/viber/support"
THEIRS = "https://desk.example.com/viber/key-of-theirs"

Make = Callable[..., Viber]


def answer(status: int = 0, **content: Any) -> Answer:
    return Answer(200, json.dumps({"status": status, "status_message": "x", **content}).encode())


def account(webhook: str | None, **more: Any) -> Answer:
    told: dict[str, Any] = {} if webhook is None else {"webhook": webhook}
    return answer(id="pa:75346594275468546724", name="Acme", uri="acme", **told, **more)


@pytest.fixture
async def make(platform: Platform) -> AsyncIterator[Make]:
    made: list[Viber] = []

    def one(mode: Mode = Mode.WEBHOOK, **keys: Any) -> Viber:
        known = {"token": SecretStr(BOT), "api_url": platform.url + "/pa", "mode": mode}
        made.append(Viber("viber.support", ViberConfig.model_validate({**known, **keys}), ()))
        return made[-1]

    yield one
    for channel in made:
        await channel.close()


def signed(body: bytes, key: str = BOT) -> HookRequest:
    signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return HookRequest("POST", {SIGNATURE_HEADER: signature}, body)


# --- what proves a hook


@pytest.mark.parametrize("mode", [Mode.WEBHOOK, Mode.RELAY])
def test_the_signature_is_over_the_bytes_as_they_came(make: Make, mode: Mode) -> None:
    channel = make(mode)
    body = b'{ "event" : "webhook",\n "timestamp":1790000050000, "message_token":5741311803571721087, "\\u0061":"/" }\n'
    channel.verify(signed(body))
    re_encoded = json.dumps(json.loads(body)).encode()
    with pytest.raises(WebhookRejected):
        channel.verify(HookRequest("POST", signed(body).headers, re_encoded))


def test_another_bots_signature_proves_nothing(make: Make) -> None:
    with pytest.raises(WebhookRejected):
        make().verify(signed(b"{}", key="another-bots-token"))


def test_a_signature_elsewhere_proves_nothing(make: Make) -> None:
    good = signed(b"{}")
    with pytest.raises(WebhookRejected):
        make().verify(HookRequest("POST", {}, b"{}", {"sig": good.headers[SIGNATURE_HEADER]}))


def test_an_hour_old_event_is_taken(make: Make) -> None:
    # Viber repeats for an hour what was not answered; what came already is known by its id.
    body = json.dumps({"event": "webhook", "timestamp": 1_000_000_000_000, "message_token": 1}).encode()
    make().verify(signed(body))


def test_the_answer_to_a_hook_is_empty(make: Make) -> None:
    # A body would be sent to whoever opens the chat, as a welcome.
    reply = make().reply(signed(b"{}"))
    assert (reply.status, reply.body) == (200, b"")


# --- the webhook


def asked(platform: Platform, index: int = -1) -> tuple[str, dict[str, Any]]:
    request = platform.requests[index]
    return request.path, json.loads(request.body)


@pytest.mark.parametrize("installed", [None, "", HOOK])
async def test_install(make: Make, platform: Platform, installed: str | None) -> None:
    platform.behaviour, platform.then = account(installed), [answer(event_types=list(EVENT_TYPES))]
    await make().install(HOOK)
    assert [request.path for request in platform.requests] == ["/pa/get_account_info", "/pa/set_webhook"]
    assert asked(platform)[1] == {
        "url": HOOK,
        "event_types": ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"],
        "send_name": False,
        "send_photo": False,
    }


async def test_a_foreign_webhook_is_left_alone(make: Make, platform: Platform) -> None:
    platform.behaviour = account(THEIRS)
    with pytest.raises(Misconfigured, match=r"desk\.example\.com") as refused:
        await make().install(HOOK)
    assert "key-of-theirs" not in refused.value.text
    with pytest.raises(Misconfigured):
        await make().uninstall(HOOK)
    assert {request.path for request in platform.requests} == {"/pa/get_account_info"}


async def test_takeover_replaces_it(make: Make, platform: Platform) -> None:
    platform.behaviour, platform.then = account(THEIRS), [answer()]
    await make(takeover=True).install(HOOK)
    assert asked(platform)[1]["url"] == HOOK


@pytest.mark.parametrize("mode", [Mode.RELAY, Mode.SEND_ONLY])
async def test_no_webhook_is_set_where_another_program_holds_the_bot(
    make: Make, platform: Platform, mode: Mode
) -> None:
    with pytest.raises(Misconfigured):
        await make(mode).install(HOOK)
    assert not platform.requests


async def test_a_hook_that_does_not_answer_yet_is_tried_again(make: Make, platform: Platform) -> None:
    platform.behaviour, platform.then = account(""), [answer(1)]
    with pytest.raises(Unreachable) as away:
        await make().install(HOOK)
    assert away.value.again
    assert away.value.platform_code == "1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(2), Misconfigured),
        (answer(3), Misconfigured),
        (answer(12), Throttled),
        (answer(99), Unreachable),
        (Answer(500), Unreachable),
        (Answer(404), Misconfigured),
        (Answer(200, b"<html>"), Unreachable),
        (Drop(), Unreachable),
        (Hang(), Unreachable),
    ],
)
async def test_a_webhook_that_is_not_set(
    *, make: Make, platform: Platform, given: Any, expected: type[DeliveryError]
) -> None:
    platform.behaviour, platform.then = account(""), [given]
    with pytest.raises(expected) as failure:
        await make(timeout=0.3).install(HOOK)
    assert BOT not in str(failure.value)
    if isinstance(failure.value, Throttled):
        assert failure.value.scope == "account"


async def test_uninstall(make: Make, platform: Platform) -> None:
    channel = make()
    platform.behaviour, platform.then = account(""), [answer(), account(HOOK), answer(), account("")]
    await channel.install(HOOK)
    await channel.uninstall()
    assert asked(platform) == ("/pa/set_webhook", {"url": ""})
    await channel.uninstall(HOOK)
    assert len(platform.requests) == 5, "nothing to remove"


# --- check


async def test_check(make: Make, platform: Platform) -> None:
    platform.behaviour = account(HOOK, event_types=["delivered", "seen", "failed"], subscribers_count=3)
    findings = await make().check(HOOK)
    assert [(finding.id, finding.level) for finding in findings] == [
        ("viber.token", "ok"),
        ("viber.webhook", "ok"),
        ("viber.event_types", "ok"),
    ]
    assert "Acme" in findings[0].text


async def test_check_without_a_good_token(make: Make, platform: Platform) -> None:
    platform.behaviour = answer(2)
    (finding,) = await make().check(HOOK)
    assert (finding.id, finding.level) == ("viber.token", "error")
    assert finding.hint
