"""Events on their way to a bot by the Callback API: confirmed first, then again and again until the answer is `ok`."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from sandbox.vk import VkSandbox

from .conftest import Clock
from .vk_kit import EMPTY, GROUP_ID, SECRET, VERA, VkApi, VkReceiver, five

OK_OR_NOT: list[tuple[web.Response, bool]] = [
    (web.Response(text="ok"), True),
    (web.Response(text='"ok"'), False),
    (web.Response(text="ok\n"), False),
    (web.Response(text="OK"), False),
    (web.json_response({"ok": True}), False),
    (web.Response(text=""), False),
    (web.Response(status=204), False),
    (web.Response(status=201, text="ok"), False),
    (web.Response(status=403, text="ok"), False),
    (web.Response(status=500), False),
]


@pytest.mark.parametrize(("reply", "taken"), OK_OR_NOT, ids=lambda value: getattr(value, "text", None))
async def test_only_ok_is_ok(vk: VkSandbox, callback_server: VkReceiver, reply: web.Response, taken: bool) -> None:
    callback_server.replies = [reply]
    vk.write(VERA, "Hello")
    await vk.settled()
    assert (vk.attempts[0].again_in is None) is taken
    await vk.redeliver_now()
    await vk.settled()
    assert len(callback_server.events) == (1 if taken else 2)
    assert len(set(callback_server.ids)) == 1


async def test_what_is_not_taken_comes_again_with_a_count(vk: VkSandbox, callback_server: VkReceiver) -> None:
    callback_server.replies = [web.Response(status=500) for _ in range(8)]
    vk.write(VERA, "Hello")
    await vk.settled()
    while callback_server.replies:
        await vk.redeliver_now()
    await vk.redeliver_now()
    await vk.settled()
    assert [attempt.again_in for attempt in vk.attempts] == [1, 2, 4, 8, 16, 32, 60, 60, None]
    counters = [headers.get("X-Retry-Counter") for headers in callback_server.headers]
    assert counters == [None, "1", "2", "3", "4", "5", "6", "7", "8"]


async def test_the_receivers_retry_after_is_a_date(vk: VkSandbox, callback_server: VkReceiver, clock: Clock) -> None:
    def postponed(seconds: int, status: int = 503) -> web.Response:
        at = format_datetime(datetime.fromtimestamp(clock.now + seconds, UTC), usegmt=True)
        return web.Response(status=status, headers={"Retry-After": at})

    callback_server.replies = [
        postponed(600, 410),
        postponed(700, 429),
        postponed(800),
        postponed(3 * 3600),  # too far ahead
        postponed(900, 500),  # a status that postpones nothing
        web.Response(status=503, headers={"Retry-After": "120"}),  # no date
    ]
    vk.write(VERA, "Hello")
    await vk.settled()
    for _ in range(5):
        await vk.redeliver_now()
    assert [attempt.again_in for attempt in vk.attempts] == [600, 700, 800, 8, 16, 32]


async def test_silence_and_a_closed_port_count_as_failures(clock: Clock) -> None:
    vk = VkSandbox(clock=clock, webhook_timeout=0.05)
    vk.add_community("token", GROUP_ID)
    vk.add_customer(VERA, "Vera")
    receiver = VkReceiver()
    receiver.gate = asyncio.Event()
    await receiver.server.start()
    vk.add_server(receiver.server.url)
    event = vk.write(VERA, "Hello")
    await vk.settled()
    assert [(attempt.status, attempt.again_in) for attempt in vk.attempts] == [(0, 1)]
    receiver.gate.set()
    await receiver.server.stop()
    await vk.redeliver_now()
    assert vk.attempts[-1].status == 0
    assert event.cmid == 1
    await vk.stop()


async def test_a_server_that_keeps_failing_is_switched_off(clock: Clock) -> None:
    vk = VkSandbox(clock=clock, failures_allowed=3)
    vk.add_community("token", GROUP_ID)
    vk.add_customer(VERA, "Vera")
    receiver = VkReceiver()
    receiver.replies = [web.Response(text="no") for _ in range(5)]
    await receiver.server.start()
    server = vk.add_server(receiver.server.url)
    vk.write(VERA, "one")
    await vk.settled()
    vk.write(VERA, "two")
    await vk.settled()
    await vk.redeliver_now()
    assert server.status == "failed"
    delivered = len(receiver.events)
    vk.write(VERA, "three")
    await vk.redeliver_now()
    await vk.settled()
    assert len(receiver.events) == delivered
    await vk.stop()
    await receiver.server.stop()


async def test_remove_takes_the_server_away(vk: VkSandbox, callback_server: VkReceiver) -> None:
    callback_server.replies = [web.Response(text="remove")]
    vk.write(VERA, "one")
    await vk.settled()
    vk.write(VERA, "two")
    await vk.settled()
    assert len(callback_server.events) == 1
    assert vk.world.community().servers == {}


# --- the handshake ------------------------------------------------------------------------------------------------


@pytest.fixture
async def receiver(vk: VkSandbox) -> AsyncIterator[VkReceiver]:
    receiver = VkReceiver()
    await receiver.server.start()
    yield receiver
    await vk.delivery.close()
    await receiver.server.stop()


async def _install(vk: VkSandbox, call: VkApi, receiver: VkReceiver, **events: int) -> int:
    group = {"group_id": GROUP_ID}
    receiver.code = (await call("groups.getCallbackConfirmationCode", **group))["response"]["code"]
    added = await call("groups.addCallbackServer", **group, url=receiver.server.url, title="Tapfive", secret_key=SECRET)
    server_id: int = added["response"]["server_id"]
    if events:
        done = await call("groups.setCallbackSettings", **group, server_id=server_id, api_version="5.199", **events)
        assert done == {"response": 1}
    await vk.settled()
    return server_id


async def _status(call: VkApi, server_id: int) -> str:
    found = await call("groups.getCallbackServers", group_id=GROUP_ID, server_ids=server_id)
    (server,) = found["response"]["items"]
    assert server["title"] == "Tapfive"
    return str(server["status"])


async def test_nothing_comes_before_the_code_was_right(vk: VkSandbox, call: VkApi, receiver: VkReceiver) -> None:
    server_id = await _install(vk, call, receiver, message_new=1)
    assert await _status(call, server_id) == "ok"
    assert receiver.confirmations == [{"type": "confirmation", "group_id": GROUP_ID}]  # without the secret

    edited = {"group_id": GROUP_ID, "server_id": server_id, "url": receiver.server.url, "title": "Tapfive"}
    await call("groups.editCallbackServer", **edited)  # by the old code, which has changed
    await vk.settled()
    assert await _status(call, server_id) == "failed"
    vk.write(VERA, "lost")
    await vk.settled()
    assert receiver.events == []

    receiver.code = (await call("groups.getCallbackConfirmationCode", group_id=GROUP_ID))["response"]["code"]
    vk.confirm_with_secret = True
    await call("groups.editCallbackServer", **edited, secret_key="other")
    await vk.settled()
    assert receiver.confirmations[-1]["secret"] == "other"
    vk.write(VERA, "heard")
    await vk.settled()
    assert [event["secret"] for event in receiver.events] == ["other"]


async def test_each_kind_is_off_until_it_is_switched_on(vk: VkSandbox, call: VkApi, receiver: VkReceiver) -> None:
    server_id = await _install(vk, call, receiver, message_new=1, message_allow=1)
    await call("messages.send", peer_id=VERA, random_id=1, message="Rate", keyboard=five())
    vk.tap(VERA, 1, (0, 4))
    vk.write(VERA, "Hello")
    vk.deny(VERA)
    vk.allow(VERA, key="k")
    await vk.settled()
    assert sorted(receiver.kinds) == ["message_allow", "message_new"]  # no tap, and no error

    group = {"group_id": GROUP_ID, "server_id": server_id}
    await call("groups.setCallbackSettings", **group, message_event=1, message_allow=0)
    settings = (await call("groups.getCallbackSettings", **group))["response"]
    assert settings["api_version"] == "5.199"
    switched = {name for name, on in settings["events"].items() if on}
    assert switched == {"message_new", "message_event"}
    vk.tap(VERA, 1, (0, 4))
    await vk.settled()
    assert receiver.kinds[-1] == "message_event"


async def test_ten_servers_each_get_everything(vk: VkSandbox, call: VkApi, receiver: VkReceiver) -> None:
    servers = [await _install(vk, call, receiver, message_new=1) for _ in range(10)]
    refused = await call("groups.addCallbackServer", group_id=GROUP_ID, url=receiver.server.url, title="one more")
    assert refused["error"]["error_code"] == 2000
    await call("groups.deleteCallbackServer", group_id=GROUP_ID, server_id=servers[0])
    vk.write(VERA, "Hello")
    await vk.settled()
    assert len(receiver.events) == 9
    assert len(set(receiver.ids)) == 1


async def test_an_older_version_has_another_shape(vk: VkSandbox, call: VkApi, receiver: VkReceiver) -> None:
    server_id = await _install(vk, call, receiver, message_new=1)
    await call("groups.setCallbackSettings", group_id=GROUP_ID, server_id=server_id, api_version="5.92")
    vk.write(VERA, "Hello")
    await vk.settled()
    (event,) = receiver.events
    assert (event["v"], event["object"]["text"]) == ("5.92", "Hello")


# --- what events say ----------------------------------------------------------------------------------------------


async def test_a_tap_has_two_ids(vk: VkSandbox, call: VkApi, callback_server: VkReceiver) -> None:
    await call("messages.send", peer_id=VERA, random_id=1, message="Rate", keyboard=five())
    tap = vk.tap(VERA, 1, (0, 4))
    await vk.settled()
    event = callback_server.events[-1]
    assert (event["type"], event["group_id"], event["secret"]) == ("message_event", GROUP_ID, SECRET)
    assert event["event_id"] != tap.event_id
    assert event["object"] == {
        "user_id": VERA,
        "peer_id": VERA,
        "event_id": tap.event_id,
        "payload": {"k": "Zk3v9Q", "r": 5},
        "conversation_message_id": 1,
    }
    vk.payload_as_text = True
    vk.tap(VERA, 1, '{"k": "forged"}')
    await vk.settled()
    assert callback_server.events[-1]["object"]["payload"] == '{"k": "forged"}'
    below = five().replace('"inline": true', '"inline": false')
    await call("messages.send", peer_id=VERA, random_id=2, message="Rate", keyboard=below)
    vk.tap(VERA, 2, (0, 4))
    await vk.settled()
    assert "conversation_message_id" not in callback_server.events[-1]["object"]


async def test_a_text_button_writes_its_label_with_its_payload(
    vk: VkSandbox, call: VkApi, callback_server: VkReceiver
) -> None:
    vk.add_customer(1, "Old phone", callback_buttons=False)
    await call("messages.send", peer_id=1, random_id=1, message="Rate", keyboard=five())
    with pytest.raises(Exception, match="does not know callback buttons"):
        vk.tap(1, 1, (0, 4))
    await call("messages.send", peer_id=1, random_id=2, message="Rate", keyboard=five("text"))
    written = vk.tap_text(1, 2, (0, 4))
    await vk.settled()
    said = callback_server.events[-1]["object"]
    assert (said["message"]["text"], said["message"]["payload"]) == ("😍", '{"k": "Zk3v9Q", "r": 5}')
    assert said["message"]["id"] == written.message_id
    assert "callback" not in said["client_info"]["button_actions"]
    assert said["client_info"]["inline_keyboard"] is True


async def test_words_replies_pictures_and_corrections(vk: VkSandbox, call: VkApi, callback_server: VkReceiver) -> None:
    await call("messages.send", peer_id=VERA, random_id=5, message="Rate")
    vk.write(VERA, "Quick, thanks", reply_to=1)
    vk.send_photo(VERA, "Look")
    vk.send_voice(VERA)
    vk.send_sticker(VERA)
    vk.edit_text(VERA, 2, "Quick!")
    vk.react(VERA, 1, 7)
    vk.operator_writes(VERA, "Anything else?")
    await call("messages.edit", peer_id=VERA, cmid=1, message="Thanks", keyboard=EMPTY)
    await vk.settled()
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for event in callback_server.events:
        by_kind.setdefault(event["type"], []).append(event["object"])
    said, photo, voice, sticker = [one["message"] for one in by_kind["message_new"]]
    assert (said["text"], said["from_id"], said["peer_id"], said["out"]) == ("Quick, thanks", VERA, VERA, 0)
    assert said["reply_message"]["text"] == "Rate"
    assert (photo["text"], photo["attachments"][0]["type"]) == ("Look", "photo")
    assert (voice["text"], voice["attachments"][0]["type"]) == ("", "audio_message")
    assert sticker["attachments"][0]["type"] == "sticker"
    own, operator = by_kind["message_reply"]
    assert (own["from_id"], own["out"], own["random_id"]) == (-GROUP_ID, 1, 5)
    assert (operator["text"], operator["admin_author_id"]) == ("Anything else?", 1)
    assert [one["text"] for one in by_kind["message_edit"]] == ["Quick!", "Thanks"]
    assert by_kind["message_reaction_event"] == [{"peer_id": VERA, "cmid": 1, "reacted_id": VERA, "reaction_id": 7}]


async def test_an_event_may_come_twice_and_others_may_overtake_it(
    vk: VkSandbox, call: VkApi, callback_server: VkReceiver
) -> None:
    await call("messages.send", peer_id=VERA, random_id=1, message="Rate", keyboard=five())
    vk.hold("message_event")
    vk.tap(VERA, 1, (0, 0))
    vk.write(VERA, "Thanks")
    await vk.settled()
    vk.deliver_twice = True
    vk.release("message_event")
    await vk.settled()
    assert callback_server.kinds == ["message_reply", "message_new", "message_event", "message_event"]
    assert callback_server.ids[-1] == callback_server.ids[-2]
    chat = {"peer_id": 2_000_000_001, "from_id": VERA, "text": "in a group", "conversation_message_id": 4}
    vk.deliver_twice = False
    event = vk.emit("message_new", {"message": chat, "client_info": {}})
    vk.deliver_again(event)
    await vk.settled()
    assert callback_server.ids[-2:] == [event.event_id] * 2


async def test_blacklists_and_clearing_are_the_customers_own(
    vk: VkSandbox, call: VkApi, callback_server: VkReceiver
) -> None:
    await call("messages.send", peer_id=VERA, random_id=1, message="Rate")
    vk.clear(VERA)
    assert vk.messages(VERA) == []
    assert await call("messages.edit", peer_id=VERA, cmid=1, message="Thanks") == {"response": 1}
    vk.block(VERA)
    with pytest.raises(Exception, match="blacklist"):
        vk.write(VERA, "Hello")
    vk.press_start(VERA)
    await vk.settled()
    started = callback_server.events[-1]["object"]["message"]
    assert (started["text"], started["payload"]) == ("Начать", '{"command":"start"}')
