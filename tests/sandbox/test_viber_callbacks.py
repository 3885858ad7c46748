"""Callbacks on their way to a bot: set up, signed, in order, again the same, and gone after an hour."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.viber import ViberSandbox

from .conftest import Clock
from .viber_kit import (
    OTHER_TOKEN,
    VIBER_TOKEN,
    ViberApi,
    ViberReceiver,
    signature_of,
    viber_keyboard,
    viber_text,
)

ANNA, BORIS, CLARA = 1, 2, 3


# --- set_webhook -----------------------------------------------------------------------------------------------------


async def test_set_webhook_asks_the_url_first(viber: ViberSandbox, viber_api: ViberApi) -> None:
    receiver = ViberReceiver()
    await receiver.server.start()
    answer = await viber_api("set_webhook", url=receiver.server.url)
    assert (answer["status"], answer["status_message"]) == (0, "ok")
    (event,) = receiver.events
    assert (event["event"], type(event["timestamp"]), type(event["message_token"])) == ("webhook", int, int)
    assert receiver.signatures == [signature_of(receiver.bodies[0])]

    assert (await viber_api("set_webhook", url=""))["status"] == 0
    viber.write(ANNA, "Hello")
    await viber.settled()
    assert receiver.kinds == ["webhook"]  # nothing waits for a bot without a webhook
    await receiver.server.stop()


async def test_set_webhook_before_the_server_answers_fails_and_changes_nothing(
    viber_api: ViberApi, receiver_of_viber: ViberReceiver
) -> None:
    good = (await viber_api("get_account_info"))["webhook"]
    receiver_of_viber.replies = [web.Response(status=404), web.Response(status=302, headers={"Location": good})]
    bad = ["http://127.0.0.1:1/hook", good, good, "ftp://example.com", "example.com", "http://[", 5]
    answers = [await viber_api("set_webhook", url=url) for url in bad]
    assert [answer["status"] for answer in answers] == [1] * len(bad)
    assert "hc:404" in answers[1]["status_message"]
    assert (await viber_api("get_account_info"))["webhook"] == good
    assert (await viber_api("set_webhook"))["status"] == 4
    assert (await viber_api("set_webhook", url=good, event_types=["dance"]))["status"] == 3
    assert (await viber_api("set_webhook", url=good, event_types="seen"))["status"] == 3
    assert (await viber_api("set_webhook", url=good, send_name="yes"))["status"] == 3


async def test_set_webhook_gives_up_on_silence(clock: Clock, http: aiohttp.ClientSession) -> None:
    viber = ViberSandbox(clock=clock, webhook_timeout=0.05)
    viber.add_bot(VIBER_TOKEN)
    await viber.start()
    receiver = ViberReceiver()
    receiver.gate = asyncio.Event()
    await receiver.server.start()
    body = {"auth_token": VIBER_TOKEN, "url": receiver.server.url}
    async with http.post(f"{viber.url}/pa/set_webhook", json=body) as response:
        assert (await response.json())["status"] == 1
    receiver.gate.set()
    await viber.stop()
    await receiver.server.stop()


async def test_the_real_platform_wants_tls(http: aiohttp.ClientSession) -> None:
    viber = ViberSandbox(local=False)
    viber.add_bot(VIBER_TOKEN)
    await viber.start()
    body = {"auth_token": VIBER_TOKEN, "url": "http://127.0.0.1:1/hook"}
    async with http.post(f"{viber.url}/pa/set_webhook", json=body) as response:
        assert (await response.json())["status"] == 1
    assert not viber.attempts
    await viber.stop()


EVENT_TYPES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"delivered", "seen", "failed", "conversation_started"}),
    ({"event_types": []}, set()),
    ({"event_types": ["seen"]}, {"seen"}),
    ({"event_types": ["seen", "message", "webhook"]}, {"seen"}),
]


@pytest.mark.parametrize(("wish", "optional"), EVENT_TYPES)
async def test_only_the_events_that_were_asked_for_come(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver, wish: dict[str, Any], optional: set[str]
) -> None:
    answer = await viber_api("set_webhook", url=receiver_of_viber.server.url, **wish)
    assert set(answer["event_types"]) == {"message", "subscribed", "unsubscribed", *optional}
    receiver_of_viber.clear()
    await viber_api("send_message", **viber_text(viber.user_id(ANNA)))
    viber.refuse_on_device()
    await viber_api("send_message", **viber_text(viber.user_id(ANNA)))
    viber.see(ANNA)
    viber.open_chat(CLARA)
    viber.subscribe(CLARA)
    viber.unsubscribe(CLARA)
    viber.write(CLARA, "Hello")
    await viber.settled()
    assert set(receiver_of_viber.kinds) == {"message", "subscribed", "unsubscribed", *optional}


# --- what comes ------------------------------------------------------------------------------------------------------


async def test_a_tap_is_an_ordinary_message_signed_over_its_raw_bytes(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver, clock: Clock
) -> None:
    message = viber_text(viber.user_id(ANNA), keyboard=viber_keyboard("k:1", "k:2"), tracking_data="s:1")
    await viber_api("send_message", **message)
    tapped = viber.tap(ANNA, 1)
    await viber.settled()

    assert receiver_of_viber.signatures == [signature_of(body) for body in receiver_of_viber.bodies]
    raw = receiver_of_viber.bodies[-1]
    again = json.dumps(json.loads(raw)).encode()
    assert (again != raw, signature_of(again) != signature_of(raw)) == (True, True)  # never write it anew
    assert signature_of(raw, OTHER_TOKEN) != receiver_of_viber.signatures[-1]

    (event,) = receiver_of_viber.of("message")
    assert event == {
        "event": "message",
        "timestamp": round(clock.now * 1000),
        "chat_hostname": "SN-CALLBACK-03_",
        "message_token": tapped.message_token,
        "sender": {
            "id": viber.user_id(ANNA),
            "name": "Анна",
            "language": "ru",
            "country": "UA",
            "api_version": 10,
        },
        "message": {"type": "text", "text": "k:2", "tracking_data": "s:1"},
        "silent": True,
    }


async def test_a_name_and_a_photo_come_only_when_they_were_asked_for(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver
) -> None:
    await viber_api("set_webhook", url=receiver_of_viber.server.url, send_photo=True)
    viber.write(ANNA, "Hello")
    await viber.settled()
    sender = receiver_of_viber.of("message")[0]["sender"]
    assert (sender["name"], "avatar" in sender) == ("Subscriber", True)


async def test_receipts_come_once_a_device(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver
) -> None:
    two = viber.add_customer("Two", devices=2)
    token = (await viber_api("send_message", **viber_text(viber.user_id(two.number))))["message_token"]
    viber.see(two.number)
    viber.see(two.number)
    await viber.settled()
    assert receiver_of_viber.kinds == ["delivered", "delivered", "seen", "seen"]
    for event in receiver_of_viber.events:
        assert (event["message_token"], event["user_id"]) == (token, viber.user_id(two.number))


async def test_a_device_may_refuse_what_the_api_took(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver
) -> None:
    viber.refuse_on_device("message validation failed")
    answer = await viber_api("send_message", **viber_text(viber.user_id(ANNA), keyboard=viber_keyboard("a")))
    await viber.settled()
    assert answer["status"] == 0
    (event,) = receiver_of_viber.events
    assert (event["event"], event["message_token"]) == ("failed", answer["message_token"])
    assert (event["desc"], event["user_id"]) == ("message validation failed", viber.user_id(ANNA))
    assert (viber.messages(ANNA), viber.chat(ANNA).keyboard) == ([], None)


async def test_comings_and_goings(viber: ViberSandbox, receiver_of_viber: ViberReceiver) -> None:
    viber.open_chat(CLARA, "promo")
    viber.write(CLARA, "Hello")  # subscribes without a word
    viber.unsubscribe(CLARA)
    viber.unsubscribe(CLARA)
    viber.subscribe(CLARA)
    await viber.settled()
    assert receiver_of_viber.kinds == ["conversation_started", "message", "unsubscribed", "subscribed"]
    started, _, left, back = receiver_of_viber.events
    clara = viber.user_id(CLARA)
    assert (started["type"], started["context"], started["subscribed"]) == ("open", "promo", False)
    assert (started["user"]["id"], left["user_id"], back["user"]["id"]) == (clara, clara, clara)
    assert len({event["message_token"] for event in receiver_of_viber.events}) == 4


WELCOMES: list[tuple[bytes, list[str]]] = [
    (
        json.dumps(without_receiver := {"type": "text", "text": "Welcome", "sender": {"name": "Support"}}).encode(),
        ["Welcome"],
    ),
    (json.dumps({**without_receiver, "min_api_version": 11}).encode(), []),
    (json.dumps({"type": "text", "text": "No sender"}).encode(), []),
    (b"ok", []),
    (b"[]", []),
]


@pytest.mark.parametrize(("reply", "shown"), WELCOMES)
async def test_the_reply_to_an_opened_chat_may_be_a_welcome_which_allows_no_more(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver, reply: bytes, shown: list[str]
) -> None:
    receiver_of_viber.replies = [web.Response(body=reply)]
    viber.open_chat(CLARA)
    await viber.settled()
    assert [message.text for message in viber.messages(CLARA)] == shown
    assert (await viber_api("send_message", **viber_text(viber.user_id(CLARA))))["status"] == 6

    receiver_of_viber.replies = [web.Response(body=reply)]
    viber.write(CLARA, "Hello")
    await viber.settled()
    assert [message.text for message in viber.messages(CLARA)] == [*shown, "Hello"]  # no other event is answered so


# --- again, and too late ---------------------------------------------------------------------------------------------


async def test_what_is_not_answered_200_comes_again_the_same_for_an_hour(
    viber: ViberSandbox, receiver_of_viber: ViberReceiver, clock: Clock
) -> None:
    receiver_of_viber.replies = [web.Response(status=status) for status in (500, 204, 302)]
    viber.write(ANNA, "Hello")
    await viber.settled()
    for _ in range(4):
        await viber.redeliver_now()
        await viber.settled()
    assert [attempt.status for attempt in viber.attempts] == [500, 204, 302, 200]
    assert [attempt.again_in for attempt in viber.attempts] == [5, 30, 60, None]
    assert len(set(receiver_of_viber.bodies)) == 1
    assert len(set(receiver_of_viber.signatures)) == 1

    receiver_of_viber.replies = [web.Response(status=500) for _ in range(9)]
    viber.write(ANNA, "Lost")
    await viber.settled()
    clock.now += 3599
    await viber.redeliver_now()
    await viber.settled()
    clock.now += 1
    await viber.redeliver_now()
    await viber.redeliver_now()
    assert [json.loads(body)["message"]["text"] for body in receiver_of_viber.bodies[4:]] == ["Lost", "Lost"]


async def test_the_tries_of_an_hour_are_counted(viber: ViberSandbox, receiver_of_viber: ViberReceiver) -> None:
    receiver_of_viber.replies = [web.Response(status=500) for _ in range(20)]
    viber.write(ANNA, "Hello")
    await viber.settled()
    for _ in range(10):
        await viber.redeliver_now()
        await viber.settled()
    pauses = [attempt.again_in for attempt in viber.attempts]
    assert pauses == [5, 30, 60, 300, 600, 1200, 1200, None]
    assert sum(pause or 0 for pause in pauses) < 3600


async def test_silence_is_no_200(clock: Clock, http: aiohttp.ClientSession) -> None:
    viber = ViberSandbox(clock=clock, webhook_timeout=0.2)
    viber.add_bot(VIBER_TOKEN)
    viber.add_customer("Анна")
    await viber.start()
    receiver = ViberReceiver()
    await receiver.server.start()
    body = {"auth_token": VIBER_TOKEN, "url": receiver.server.url}
    async with http.post(f"{viber.url}/pa/set_webhook", json=body) as response:
        assert (await response.json())["status"] == 0
    receiver.gate = asyncio.Event()
    written = viber.write(ANNA, "Hello")
    await viber.wait_for(lambda: len(viber.attempts) == 2)
    receiver.gate.set()
    await viber.redeliver_now()
    await viber.settled()
    assert [event["message_token"] for event in receiver.of("message")] == [written.message_token] * 2
    assert [attempt.status for attempt in viber.attempts] == [200, 0, 200]
    await viber.stop()
    await receiver.server.stop()


async def test_what_waits_for_its_next_try_is_overtaken(viber: ViberSandbox, receiver_of_viber: ViberReceiver) -> None:
    receiver_of_viber.replies = [web.Response(status=500)]
    for text in ("first", "second"):
        viber.write(ANNA, text)
    await viber.settled()
    await viber.redeliver_now()
    await viber.settled()
    assert [event["message"]["text"] for event in receiver_of_viber.events] == ["first", "second", "first"]


async def test_one_customer_waits_for_no_other(viber: ViberSandbox, receiver_of_viber: ViberReceiver) -> None:
    receiver_of_viber.gate = asyncio.Event()
    for text in ("first", "second"):
        viber.write(ANNA, text)
    viber.write(BORIS, "other")
    await receiver_of_viber.came.wait_for(lambda: len(receiver_of_viber.bodies) == 2, 5)
    assert [event["message"]["text"] for event in receiver_of_viber.events] == ["first", "other"]
    receiver_of_viber.gate.set()
    await viber.settled()
    assert [event["message"]["text"] for event in receiver_of_viber.events] == ["first", "other", "second"]


async def test_the_same_event_on_demand(viber: ViberSandbox, receiver_of_viber: ViberReceiver) -> None:
    viber.deliver_twice = True
    event = viber.write(ANNA, "Hello").event
    await viber.settled()
    viber.deliver_twice = False
    assert event is not None
    viber.deliver_again(event)
    await viber.settled()
    assert len(receiver_of_viber.bodies) == 3
    assert len(set(receiver_of_viber.bodies)) == 1


async def test_kinds_can_be_held_back(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver
) -> None:
    viber.hold_queue("delivered")
    await viber_api("send_message", **viber_text(viber.user_id(ANNA)))
    viber.write(ANNA, "Hello")
    await viber.settled()
    viber.release_queue("delivered")
    await viber.settled()
    assert receiver_of_viber.kinds == ["seen", "message", "delivered"]
