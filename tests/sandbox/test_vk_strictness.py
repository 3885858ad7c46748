"""What the API of VK refuses, this stand-in refuses: always with status 200, by code and words."""

import json
from typing import Any

import aiohttp
import pytest

from sandbox.vk import Limits, VkSandbox

from .conftest import Clock
from .vk_kit import EMPTY, GLEB, GROUP_ID, VERA, VK_TOKEN, VkApi, button, five, keyboard

HI = {"peer_id": VERA, "random_id": 1, "message": "Hi"}
INVALID = "One of the parameters specified was missing or invalid: "
BOARD = "Keyboard format is invalid: "
NONE = json.dumps({"inline": True})
MIXED = {"peer_id": VERA, "message": "Hi", "keyboard": EMPTY}

REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    # method, parameters, code, words
    ("messages.sendThings", {}, 3, "Unknown method passed"),
    ("messages.send", {**HI, "v": ""}, 8, "Invalid request: v is required"),
    ("messages.send", {**HI, "v": "5.92"}, 8, "Invalid request: versions below 5.103 are deprecated."),
    ("messages.send", {**HI, "token": ""}, 5, "User authorization failed: no access_token passed."),
    ("messages.send", {**HI, "token": "other"}, 5, "User authorization failed: invalid access_token (4)."),
    ("messages.send", {"peer_id": VERA, "message": "Hi"}, 100, INVALID + "random_id is a required parameter"),
    ("messages.send", {**HI, "random_id": "b7e2-uuid"}, 100, INVALID + "random_id not integer"),
    ("messages.send", {**HI, "random_id": 2**31}, 100, INVALID + "random_id is out of range"),
    ("messages.send", {"random_id": 1, "message": "Hi"}, 100, INVALID + "you should specify peer_id, user_id"),
    ("messages.send", {**HI, "peer_ids": ",".join("1" * 101)}, 100, INVALID + "peer_ids should contain"),
    ("messages.send", {**HI, "message": " \n"}, 100, INVALID + "message is empty or invalid"),
    ("messages.send", {**HI, "message": "я" * 4097}, 914, "Message is too long"),
    ("messages.send", {**HI, "peer_id": 2_000_000_001}, 917, "You don't have access to this chat"),
    ("messages.send", {**HI, "peer_id": 1}, 901, "Can't send messages for users without permission"),
    ("messages.send", {**HI, "peer_id": GLEB}, 901, "Can't send messages for users without permission"),
    ("messages.send", {**HI, "payload": "{"}, 100, INVALID + "payload contains incorrect JSON"),
    ("messages.send", {**HI, "payload": json.dumps("a" * 999)}, 100, INVALID + "payload is too long"),
    ("messages.send", {**HI, "reply_to": 5}, 100, INVALID + "reply_to"),
    # keyboards: no JSON is 100, JSON that is no keyboard is 911
    ("messages.send", {**HI, "keyboard": {"inline": True, "buttons": []}}, 100, INVALID + "keyboard contains incorrect"),
    ("messages.send", {**HI, "keyboard": "null"}, 911, BOARD + "keyboard should be array"),
    ("messages.send", {**HI, "keyboard": "[]"}, 911, BOARD + "keyboard should be array"),
    ("messages.send", {**HI, "keyboard": NONE}, 911, BOARD + "there is no buttons field"),
    ("messages.send", {**HI, "keyboard": keyboard([button()], one_time=True)}, 911, BOARD + "inline keyboard can not"),
    ("messages.send", {**HI, "keyboard": keyboard([button()], rows=1)}, 911, BOARD + "keyboard contains unknown fields"),
    ("messages.send", {**HI, "keyboard": keyboard([])}, 911, BOARD + "row 0 should contain at least one button"),
    ("messages.send", {**HI, "keyboard": keyboard([button()] * 6)}, 911, BOARD + "row 0 contains too much columns"),
    ("messages.send", {**HI, "keyboard": keyboard(*[[button()]] * 7)}, 911, BOARD + "too much rows"),
    ("messages.send", {**HI, "keyboard": keyboard(*[[button()] * 4] * 3)}, 911, BOARD + "too much buttons"),
    ("messages.send", {**HI, "keyboard": keyboard(*[[button()]] * 11, inline=False)}, 911, BOARD + "too much rows"),
    ("messages.send", {**HI, "keyboard": keyboard(*[[button()] * 5] * 9, inline=False)}, 911, BOARD + "too much buttons"),
    ("messages.send", {**HI, "keyboard": keyboard([button(kind="magic")])}, 911, BOARD + "button [0][0] has incorrect action"),
    ("messages.send", {**HI, "keyboard": keyboard([{"label": "a"}])}, 911, BOARD + "button [0][0] should contain action"),
    ("messages.send", {**HI, "keyboard": keyboard([button(color="pink")])}, 911, BOARD + "button [0][0] has incorrect color"),
    ("messages.send", {**HI, "keyboard": keyboard([button(size=2)])}, 911, BOARD + "action contains unknown fields"),
    (
        "messages.send",
        {**HI, "keyboard": keyboard([{"action": {"type": "open_link", "label": "a", "link": "b"}, "color": "primary"}])},
        911,
        BOARD + "button [0][0] can not have color",
    ),
    ("messages.send", {**HI, "keyboard": keyboard([button(""), button("b")])}, 911, BOARD + "button [0][0] label should be at least 1"),
    ("messages.send", {**HI, "keyboard": keyboard([button("я" * 41)])}, 911, BOARD + "button [0][0] label should be no longer"),
    ("messages.send", {**HI, "keyboard": keyboard([button(payload=None)])}, 911, BOARD + "button [0][0] payload should be string"),
    ("messages.send", {**HI, "keyboard": keyboard([button(payload={"r": 5})])}, 911, BOARD + "button [0][0] payload should be string"),
    ("messages.send", {**HI, "keyboard": keyboard([button(payload="r5")])}, 911, BOARD + "button [0][0] payload should be valid JSON"),
    ("messages.send", {**HI, "keyboard": keyboard([button(payload=json.dumps("a" * 254))])}, 911, BOARD + "button [0][0] payload should be no longer"),
    # edits
    ("messages.edit", MIXED, 100, INVALID + "message_id or conversation_message_id is required"),
    ("messages.edit", {**MIXED, "cmid": 99}, 15, "Access denied"),
    ("messages.edit", {**MIXED, "message_id": 2}, 15, "Access denied"),  # a cmid
    ("messages.edit", {**MIXED, "cmid": 1}, 15, "Access denied"),  # the customer's own
    ("messages.edit", {**MIXED, "cmid": 2, "message": ""}, 100, INVALID + "message is empty or invalid"),
    ("messages.edit", {**MIXED, "cmid": 2, "keyboard": "[]"}, 911, BOARD + "keyboard should be array"),
    # settings
    ("messages.isMessagesFromGroupAllowed", {"group_id": 8, "user_id": VERA}, 15, "Access denied"),
    ("groups.getLongPollServer", {"group_id": GROUP_ID}, 100, INVALID + "longpoll for this group is not enabled"),
    ("groups.getById", {"group_ids": "nobody"}, 125, "Invalid group id"),
    ("groups.addCallbackServer", {"group_id": GROUP_ID, "url": "ftp://a", "title": "a"}, 100, INVALID + "url is invalid"),
    ("groups.addCallbackServer", {"group_id": GROUP_ID, "url": "http://a", "title": "a" * 15}, 100, INVALID + "title should"),
    (
        "groups.addCallbackServer",
        {"group_id": GROUP_ID, "url": "http://a", "title": "a", "secret_key": "a" * 51},
        100,
        INVALID + "secret_key should be no longer than 50 letters",
    ),
    ("groups.setCallbackSettings", {"group_id": GROUP_ID, "server_id": 3, "message_new": 1}, 104, "Not found"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "parameters", "code", "words"), REFUSED)
async def test_refuses(
    vk: VkSandbox, call: VkApi, method: str, parameters: dict[str, Any], code: int, words: str
) -> None:
    vk.write(VERA, "Hello")
    await call("messages.send", peer_id=VERA, random_id=7, message="Rate", keyboard=five())
    before = [repr(message) for message in vk.messages(VERA)]

    answer = await call(method, **parameters)

    assert answer["error"]["error_code"] == code
    assert answer["error"]["error_msg"].startswith(words)
    echo = {one["key"]: one["value"] for one in answer["error"]["request_params"]}
    assert echo["method"] == method
    assert VK_TOKEN not in json.dumps(answer)  # the rest of the request is echoed
    assert [repr(message) for message in vk.messages(VERA)] == before


async def test_at_the_limit_everything_passes(vk: VkSandbox, call: VkApi) -> None:
    buttons = [button("я" * 40, json.dumps("a" * 253), color="positive") for _ in range(5)]
    answer = await call("messages.send", **{**HI, "message": "я" * 4096, "keyboard": keyboard(buttons, buttons)})
    assert vk.messages(VERA)[0].message_id == answer["response"]
    assert len(vk.messages(VERA)[0].data) == 10


async def test_a_json_body_holds_no_parameters(vk: VkSandbox, http: aiohttp.ClientSession) -> None:
    body = {**HI, "v": "5.199", "access_token": VK_TOKEN}
    async with http.post(f"{vk.url}/method/messages.send", json=body) as response:
        assert response.status == 200
        assert (await response.json())["error"]["error_code"] == 8


WAYS_OUT: list[tuple[str, int]] = [
    ("deny", 901),
    ("block", 900),
    ("set_private", 902),
    ("deactivate", 18),
]


@pytest.mark.parametrize(("act", "code"), WAYS_OUT)
async def test_who_may_not_be_written_to(vk: VkSandbox, call: VkApi, act: str, code: int) -> None:
    vk.write(VERA, "Hello")
    getattr(vk, act)(VERA)
    assert (await call("messages.send", **HI))["error"]["error_code"] == code
    (inside,) = (await call("messages.send", peer_ids=VERA, random_id=2, message="Hi"))["response"]
    assert (inside["peer_id"], inside["message_id"], inside["error"]["code"]) == (VERA, 0, code)
    assert len(vk.messages(VERA)) == 1


async def test_writing_or_allowing_opens_the_door(vk: VkSandbox, call: VkApi) -> None:
    asked = {"group_id": GROUP_ID, "user_id": GLEB}
    assert (await call("messages.isMessagesFromGroupAllowed", **asked))["response"] == {"is_allowed": 0}
    vk.allow(GLEB)
    assert (await call("messages.isMessagesFromGroupAllowed", **asked))["response"] == {"is_allowed": 1}
    vk.deny(GLEB)
    assert (await call("messages.send", **{**HI, "peer_id": GLEB}))["error"]["error_code"] == 901
    vk.write(GLEB, "Help")
    assert "response" in await call("messages.send", **{**HI, "peer_id": GLEB})


async def test_every_peer_has_its_own_answer(vk: VkSandbox, call: VkApi) -> None:
    vk.write(VERA, "Hello")
    vera, gleb = (await call("messages.send", peer_ids=f"{VERA},{GLEB}", random_id=3, message="Hi"))["response"]
    message = vk.messages(VERA)[-1]
    assert vera == {"peer_id": VERA, "message_id": message.message_id, "conversation_message_id": 2}
    assert gleb["error"] == {"code": 901, "description": "Can't send messages for users without permission"}
    assert "conversation_message_id" not in gleb
    assert message.message_id > 10_000_000  # far from any cmid


async def test_the_same_random_id_sends_once_to_each_peer(vk: VkSandbox, call: VkApi) -> None:
    first = await call("messages.send", **HI)
    assert await call("messages.send", **{**HI, "message": "Hi again"}) == first
    vk.allow(GLEB)
    other = await call("messages.send", **{**HI, "peer_id": GLEB})
    assert other != first
    assert [message.text for message in vk.messages(VERA)] == ["Hi"]
    for _ in range(2):
        await call("messages.send", **{**HI, "random_id": 0})
    assert len(vk.messages(VERA)) == 3  # 0 protects from nothing


async def test_a_timeout_after_delivery_and_a_retry_make_one_message(vk: VkSandbox, call: VkApi) -> None:
    vk.drop_after("messages.send")
    with pytest.raises(aiohttp.ClientError):
        await call("messages.send", **HI)
    assert (await call("messages.send", **HI))["response"] == vk.messages(VERA)[0].message_id
    assert len(vk.messages(VERA)) == 1


async def test_edits_within_a_day(vk: VkSandbox, call: VkApi, clock: Clock) -> None:
    await call("messages.send", **HI, keyboard=five())
    assert (await call("messages.edit", peer_id=VERA, cmid=1, message="Hello"))["response"] == 1
    (message,) = vk.messages(VERA)
    assert (message.text, len(message.data)) == ("Hello", 5)  # without `keyboard` the old one stays
    clock.now += 24 * 3600
    edit = {"peer_id": VERA, "message_id": message.message_id, "message": "Thanks", "keyboard": EMPTY}
    assert (await call("messages.edit", **edit))["response"] == 1
    assert (message.text, message.rows) == ("Thanks", [])
    clock.now += 1
    assert (await call("messages.edit", **edit))["error"]["error_code"] == 909


async def test_a_tap_is_answered_once_and_within_a_minute(vk: VkSandbox, call: VkApi, clock: Clock) -> None:
    await call("messages.send", **HI, keyboard=five())
    tap = vk.tap(VERA, 1, (0, 4))
    answer = {"event_id": tap.event_id, "user_id": VERA, "peer_id": VERA}
    wrong: list[dict[str, Any]] = [
        {"event_data": json.dumps({"type": "show_snackbar", "text": "я" * 91})},
        {"event_data": json.dumps({"type": "show_alert", "text": "a"})},
        {"event_data": json.dumps({"type": "open_link", "link": "a" * 1000})},
        {"event_data": {"type": "show_snackbar", "text": "an object, no JSON"}},
        {"event_id": "f" * 12},
        {"user_id": GLEB, "peer_id": GLEB},
    ]
    for one in wrong:
        refused = await call("messages.sendMessageEventAnswer", **{**answer, **one})
        assert refused["error"]["error_code"] == 100, one
    assert repr(tap.answer) == "None"
    snackbar = json.dumps({"type": "show_snackbar", "text": "я" * 90}, ensure_ascii=False)
    assert await call("messages.sendMessageEventAnswer", **answer, event_data=snackbar) == {"response": 1}
    assert tap.answer is not None
    assert tap.answer.text == "я" * 90
    again = await call("messages.sendMessageEventAnswer", **answer)
    assert again["error"]["error_msg"] == INVALID + "invalid event_id"

    late = vk.tap(VERA, 1, (0, 0))
    clock.now += 61
    refused = await call("messages.sendMessageEventAnswer", **{**answer, "event_id": late.event_id})
    assert refused["error"]["error_msg"] == INVALID + "invalid event_id"


async def test_bot_capabilities_off_refuses_keyboards_alone(vk: VkSandbox, call: VkApi) -> None:
    vk.world.community().bot_capabilities = False
    assert (await call("messages.send", **HI, keyboard=five()))["error"]["error_code"] == 912
    assert "response" in await call("messages.send", **HI)


async def test_twenty_requests_a_second(vk: VkSandbox, call: VkApi, clock: Clock) -> None:
    vk.limits = Limits()
    for _ in range(20):
        assert "response" in await call("groups.getById")
    assert (await call("groups.getById"))["error"]["error_code"] == 6
    clock.now += 1
    assert "response" in await call("groups.getById")


async def test_scopes(vk: VkSandbox, call: VkApi) -> None:
    vk.add_community("narrow", 10, scopes=["messages"])
    refused = await call("groups.getCallbackServers", token="narrow", group_id=10)
    assert refused["error"]["error_code"] == 15
    (permissions,) = (await call("groups.getTokenPermissions", token="narrow"))["response"]["permissions"]
    assert permissions == {"name": "messages", "setting": 4096}
    (group,) = (await call("groups.getById"))["response"]["groups"]
    assert (group["id"], group["name"], group["screen_name"]) == (GROUP_ID, "Help", "help")


@pytest.mark.parametrize("code", [1, 6, 9, 10, 14, 29, 943, 950])
async def test_errors_on_demand(vk: VkSandbox, call: VkApi, code: int) -> None:
    vk.fail_next("messages.send", code=code)
    error = (await call("messages.send", **HI))["error"]
    assert error["error_code"] == code
    assert ("captcha_sid" in error) is (code == 14)
    assert vk.messages(VERA) == []
    assert "response" in await call("messages.send", **HI)
    assert [request.code for request in vk.calls("messages.send")] == [code, 0]
    assert "access_token" not in vk.requests[0].parameters


async def test_garbage_a_proxys_page_and_silence(vk: VkSandbox, http: aiohttp.ClientSession, call: VkApi) -> None:
    form = {**HI, "v": "5.199", "access_token": VK_TOKEN}
    for status, body in ((502, b"<html>Bad Gateway</html>"), (200, b"{"), (200, b"[]")):
        vk.answer_next("messages.send", status=status, body=body)
        async with http.post(f"{vk.url}/method/messages.send", data=form) as response:
            assert (response.status, await response.read()) == (status, body)
    vk.drop_before("messages.send")
    with pytest.raises(aiohttp.ClientError):
        await call("messages.send", **HI)
    assert vk.messages(VERA) == []

    released = vk.hang("messages.send")
    with pytest.raises(TimeoutError):
        await http.post(f"{vk.url}/method/messages.send", data=form, timeout=aiohttp.ClientTimeout(total=0.05))
    released.set()
    assert len(vk.messages(VERA)) == 1
