"""What Viber refuses, the stand-in refuses: HTTP 200, the status, and nothing sent."""

import json
from typing import Any

import aiohttp
import pytest

from sandbox.viber import ViberSandbox

from .conftest import Clock
from .viber_kit import OTHER_TOKEN, VIBER_TOKEN, ViberApi, ViberReceiver, viber_keyboard, viber_text

ANNA, CLARA = 1, 3


def one_button(**fields: Any) -> dict[str, Any]:
    return {"Type": "keyboard", "Buttons": [{"ActionBody": "a", "Text": "A", **fields}]}


def without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != name}


GOOD = viber_keyboard("a", "b")
BUBBLE = {"Type": "rich_media", "Buttons": [{"ActionBody": "a"}]}

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    # what differs from a good message (None: left out), the status, a part of its words
    ({"receiver": None}, 4, "receiver"),
    ({"receiver": 5}, 3, "receiver"),
    ({"receiver": "nobody="}, 5, "receiverNotRegistered"),
    ({"type": None}, 4, "type"),
    ({"type": "dance"}, 3, "type"),
    ({"sender": None}, 4, "sender"),
    ({"sender": {}}, 4, "sender.name"),
    ({"sender": "Support"}, 3, "sender"),
    ({"sender": {"name": "n" * 29}}, 3, "sender.name"),
    ({"text": None}, 4, "text"),
    ({"text": ""}, 4, "text"),
    ({"text": 5}, 3, "text"),
    ({"text": "t" * 7001}, 3, "text"),
    ({"tracking_data": "t" * 4001}, 3, "tracking_data"),
    ({"min_api_version": "4"}, 3, "min_api_version"),
    ({"min_api_version": 0}, 3, "min_api_version"),
    ({"min_api_version": 11}, 13, "apiVersionNotSupported"),  # her device has 10
    ({"type": "picture"}, 4, "media"),
    ({"type": "sticker"}, 4, "sticker_id"),
    ({"type": "keyboard", "keyboard": None}, 4, "keyboard"),
    ({"keyboard": []}, 3, "keyboard is not valid"),
    ({"keyboard": without(GOOD, "Type")}, 3, '[object has missing required properties (["Type"])]'),
    ({"keyboard": {**GOOD, "Type": "Keyboard"}}, 3, "not found in enum"),
    ({"keyboard": without(GOOD, "Buttons")}, 3, '(["Buttons"])'),
    ({"keyboard": {**GOOD, "Buttons": []}}, 3, "array is too short"),
    ({"keyboard": {**GOOD, "Buttons": ["a"]}}, 3, "instance type"),
    ({"keyboard": {**GOOD, "InputFieldState": "hidden"}}, 3, '["InputFieldState"]'),  # min_api_version is 1
    ({"keyboard": {**GOOD, "ButtonsGroupColumns": 5}}, 3, '["ButtonsGroupColumns"]'),
    ({"keyboard": {**GOOD, "InputFieldState": "gone"}, "min_api_version": 4}, 3, "not found in enum"),
    ({"keyboard": {**GOOD, "ButtonsGroupColumns": 7}, "min_api_version": 4}, 3, "(maximum: 6, found: 7)"),
    ({"keyboard": {**GOOD, "ButtonsGroupColumns": 5}, "min_api_version": 4}, 3, "(maximum: 5, found: 6)"),
    ({"keyboard": {**GOOD, "BgColor": "red"}}, 3, "BgColor"),
    ({"keyboard": {**GOOD, "DefaultHeight": "no"}}, 3, "DefaultHeight"),
    ({"keyboard": one_button(Columns=7)}, 3, "(maximum: 6, found: 7)"),
    ({"keyboard": one_button(Columns=0)}, 3, "(minimum: 1, found: 0)"),
    ({"keyboard": one_button(Columns="6")}, 3, "Columns"),
    ({"keyboard": one_button(Rows=3)}, 3, "(maximum: 2, found: 3)"),
    ({"keyboard": viber_keyboard(*"abcdefghijklm")}, 3, "(maximum: 12, found: 13)"),
    ({"keyboard": one_button(ActionBody=None)}, 3, '(["ActionBody"])'),
    ({"keyboard": one_button(ActionBody="")}, 3, '(["ActionBody"])'),
    ({"keyboard": one_button(ActionType="dance")}, 3, "not found in enum"),
    ({"keyboard": one_button(ActionType="share-phone")}, 3, "not found in enum"),  # passes from level 3 on
    ({"keyboard": one_button(ActionType="open-url")}, 3, "URL"),
    ({"keyboard": one_button(Silent="true")}, 3, "Silent"),
    ({"keyboard": one_button(TextSize="huge")}, 3, "not found in enum"),
    ({"keyboard": one_button(BgColor="#12345")}, 3, "BgColor"),
    ({"keyboard": one_button(Text="t" * 251)}, 3, "too long"),
    ({"keyboard": one_button(Text=5)}, 3, "Text"),
    ({"keyboard": one_button(Text="I <3 it")}, 3, "mark-up"),
    ({"keyboard": one_button(Text="<b>bold")}, 3, "mark-up"),
    ({"keyboard": one_button(Text="<b>bold</i>")}, 3, "mark-up"),
    ({"keyboard": one_button(Text="<a href='x'>link</a>")}, 3, "mark-up"),
    ({"type": "rich_media", "rich_media": BUBBLE}, 14, "incompatibleWithVersion"),  # min_api_version is 1
    ({"type": "rich_media", "min_api_version": 2}, 3, "rich_media is not valid"),
    (
        {"type": "rich_media", "rich_media": {**BUBBLE, "ButtonsGroupRows": 8}, "min_api_version": 2},
        3,
        "(maximum: 7, found: 8)",
    ),
    ({"text": "t" * 7000, "padding": "я" * 12_000}, 3, "too long"),  # 30 KB, counted in bytes
]


@pytest.mark.usefixtures("receiver_of_viber")
@pytest.mark.parametrize(("change", "status", "words"), REFUSED)
async def test_refuses(
    viber: ViberSandbox, viber_api: ViberApi, change: dict[str, Any], status: int, words: str
) -> None:
    message = viber_text(viber.user_id(ANNA), keyboard=GOOD) | change
    parameters = {name: value for name, value in message.items() if value is not None}

    answer = await viber_api("send_message", **parameters)

    assert answer["status"] == status
    assert words in answer["status_message"]
    assert "message_token" not in answer
    assert viber.messages(ANNA) == []
    assert viber.calls("send_message", ok=True) == []


PASSES: list[dict[str, Any]] = [
    {"sender": {"name": "n" * 28}, "text": "t" * 7000},
    {"tracking_data": "t" * 4000, "min_api_version": 10},
    {"keyboard": {**GOOD, "CustomNonsense": 1, "Buttons": [{"ActionBody": "a", "Nonsense": []}]}, "nonsense": True},
    {"keyboard": viber_keyboard(*"abcde", columns=1)},  # a sixth cell stays empty
    {"keyboard": viber_keyboard(*"abcde", columns=1, ButtonsGroupColumns=5), "min_api_version": 4},
    {"keyboard": viber_keyboard("a", InputFieldState="hidden"), "min_api_version": 4},
    {"keyboard": one_button(Text='<font color="#7F00FF"><b>A</b></font><br>&lt;3')},
    {"keyboard": one_button(ActionType="share-phone"), "min_api_version": 3},
    {"type": "rich_media", "rich_media": BUBBLE, "min_api_version": 2},
    {"type": "keyboard", "keyboard": GOOD},
    {"type": "picture", "media": "https://example.com/a.jpg"},
    {"type": "sticker", "sticker_id": 40126},
]


@pytest.mark.usefixtures("receiver_of_viber")
@pytest.mark.parametrize("change", PASSES)
async def test_passes(viber: ViberSandbox, viber_api: ViberApi, change: dict[str, Any]) -> None:
    answer = await viber_api("send_message", **viber_text(viber.user_id(ANNA)) | change)
    assert (answer["status"], answer["status_message"]) == (0, "ok")
    assert viber.chat(ANNA).messages[-1].message_token == answer["message_token"]


@pytest.mark.usefixtures("receiver_of_viber")
async def test_a_message_that_is_only_a_keyboard_shows_no_message(viber: ViberSandbox, viber_api: ViberApi) -> None:
    parameters = {"receiver": viber.user_id(ANNA), "sender": {"name": "Support"}, "keyboard": GOOD}
    assert (await viber_api("send_message", **parameters))["status"] == 0
    assert viber.messages(ANNA) == []
    assert viber.chat(ANNA).keyboard == GOOD


async def test_the_token_may_be_in_the_header_or_in_the_body(viber: ViberSandbox, http: aiohttp.ClientSession) -> None:
    url = f"{viber.url}/pa/get_account_info"
    cases: list[tuple[dict[str, str], dict[str, Any], int, str]] = [
        ({"X-Viber-Auth-Token": VIBER_TOKEN}, {}, 0, "ok"),
        ({}, {"auth_token": VIBER_TOKEN}, 0, "ok"),
        ({}, {}, 2, "missing_auth_token"),
        ({"X-Viber-Auth-Token": "wrong"}, {"auth_token": VIBER_TOKEN}, 2, "invalidAuthToken"),
        ({}, {"auth_token": ["wrong"]}, 2, "invalidAuthToken"),
    ]
    for headers, body, status, words in cases:
        async with http.post(url, json=body, headers=headers) as response:
            answer = await response.json()
            assert (response.status, answer["status"], answer["status_message"]) == (200, status, words)
    assert VIBER_TOKEN not in repr(viber.requests)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"5"])
async def test_a_body_that_is_no_object_is_bad_data(
    viber: ViberSandbox, http: aiohttp.ClientSession, body: bytes
) -> None:
    headers = {"X-Viber-Auth-Token": VIBER_TOKEN}
    async with http.post(f"{viber.url}/pa/send_message", data=body, headers=headers) as response:
        assert (response.status, (await response.json())["status"]) == (200, 3)


async def test_nothing_is_sent_without_a_webhook(viber: ViberSandbox, viber_api: ViberApi) -> None:
    assert (await viber_api("send_message", **viber_text(viber.user_id(ANNA))))["status"] == 10


@pytest.mark.usefixtures("receiver_of_viber")
async def test_the_ids_of_another_bot_are_nobodys(viber: ViberSandbox, viber_api: ViberApi) -> None:
    at_helpdesk = viber.user_id(ANNA, "helpdesk")
    assert at_helpdesk != viber.user_id(ANNA)
    assert (await viber_api("send_message", **viber_text(at_helpdesk)))["status"] == 5
    assert (await viber_api("get_user_details", id=at_helpdesk))["status"] == 5


@pytest.mark.usefixtures("receiver_of_viber")
async def test_only_subscribers_get_messages(viber: ViberSandbox, viber_api: ViberApi) -> None:
    clara = viber_text(viber.user_id(CLARA))
    assert (await viber_api("send_message", **clara))["status"] == 6
    viber.open_chat(CLARA)  # which allows nothing
    assert (await viber_api("send_message", **clara))["status"] == 6
    viber.write(CLARA, "Hello")
    assert (await viber_api("send_message", **clara))["status"] == 0
    viber.unsubscribe(CLARA)
    assert (await viber_api("send_message", **clara))["status"] == 6
    viber.subscribe(CLARA)
    assert (await viber_api("send_message", **clara))["status"] == 0
    viber.chat(CLARA).customer.knows_bots = False
    assert (await viber_api("send_message", **clara))["status"] == 11
    viber.deactivate(CLARA)
    assert (await viber_api("send_message", **clara))["status"] == 5


@pytest.mark.usefixtures("receiver_of_viber")
async def test_a_hundred_messages_an_hour_go_without_a_reply(
    viber: ViberSandbox, viber_api: ViberApi, clock: Clock
) -> None:
    message = viber_text(viber.user_id(ANNA))
    for _ in range(100):
        assert (await viber_api("send_message", **message))["status"] == 0
    assert (await viber_api("send_message", **message))["status"] == 12
    assert (await viber_api("send_message", **viber_text(viber.user_id(2))))["status"] == 0  # each for themselves
    viber.write(ANNA, "Stop, please")
    assert (await viber_api("send_message", **message))["status"] == 0
    for _ in range(99):
        await viber_api("send_message", **message)
    assert (await viber_api("send_message", **message))["status"] == 12
    clock.now += 3600
    assert (await viber_api("send_message", **message))["status"] == 0


@pytest.mark.usefixtures("receiver_of_viber")
async def test_a_device_may_know_less_than_the_message_wants(viber: ViberSandbox, viber_api: ViberApi) -> None:
    old = viber.add_customer("Old", api_version=3)
    hidden = viber_keyboard("a", InputFieldState="hidden")
    message = viber_text(viber.user_id(old.number), keyboard=hidden, min_api_version=4)
    assert (await viber_api("send_message", **message))["status"] == 13
    plain = viber_text(viber.user_id(old.number), keyboard=viber_keyboard("a"), min_api_version=3)
    assert (await viber_api("send_message", **plain))["status"] == 0


@pytest.mark.usefixtures("receiver_of_viber")
async def test_message_tokens_do_not_survive_a_float(viber: ViberSandbox, viber_api: ViberApi) -> None:
    answers = [await viber_api("send_message", **viber_text(viber.user_id(ANNA))) for _ in range(3)]
    tokens = [answer["message_token"] for answer in answers]
    assert len(set(tokens)) == 3
    assert all(2**53 < token < 2**63 for token in tokens)
    assert len({float(token) for token in tokens}) == 1


async def test_every_refusal_can_be_had_on_demand(viber: ViberSandbox, viber_api: ViberApi) -> None:
    for status, name in [(7, "publicAccountBlocked"), (23, "freeMessagesExceeded"), (24, "noBalance"), (99, "general")]:
        viber.fail_next("send_message", status=status)
        answer = await viber_api("send_message", **viber_text(viber.user_id(ANNA)))
        assert answer["status"] == status
        assert answer["status_message"].startswith(name)
    with pytest.raises(ValueError, match="name the status"):
        viber.fail_next("send_message")


@pytest.mark.usefixtures("receiver_of_viber")
async def test_faults_of_the_line(viber: ViberSandbox, viber_api: ViberApi, http: aiohttp.ClientSession) -> None:
    message = viber_text(viber.user_id(ANNA))
    headers = {"X-Viber-Auth-Token": VIBER_TOKEN}
    url = f"{viber.url}/pa/send_message"

    viber.fail_next("send_message", http=502)
    viber.fail_next("send_message", body=b"<html>captive portal</html>")
    for status in (502, 200):
        async with http.post(url, json=message, headers=headers) as response:
            assert (response.status, (await response.read())[:6]) == (status, b"<html>")
    viber.drop_before("send_message")
    with pytest.raises(aiohttp.ClientError):
        await viber_api("send_message", **message)
    assert viber.messages(ANNA) == []

    viber.drop_after("send_message")
    with pytest.raises(aiohttp.ClientError):
        await viber_api("send_message", **message)
    released = viber.hang("send_message")
    with pytest.raises(TimeoutError):
        await http.post(url, json=message, headers=headers, timeout=aiohttp.ClientTimeout(total=0.05))
    released.set()
    assert len(viber.messages(ANNA)) == 2  # delivered both times: nothing makes a send idempotent
    assert [request.status for request in viber.calls("send_message")] == [-1, -1, 0, 0]


async def test_who_the_bot_is_and_who_is_there(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{viber.url}/pa/get_account_info", headers={"X-Viber-Auth-Token": VIBER_TOKEN}) as response:
        info = await response.json()
    assert (info["name"], info["uri"], info["subscribers_count"]) == ("Support", "support", 2)
    assert info["webhook"] == f"{receiver_of_viber.server.url}/hook"
    assert "seen" in info["event_types"]
    assert (await viber_api("get_account_info", token=OTHER_TOKEN))["webhook"] == ""

    anna, clara = viber.user_id(ANNA), viber.user_id(CLARA)
    user = (await viber_api("get_user_details", id=anna))["user"]
    assert (user["id"], user["name"], user["api_version"]) == (anna, "Анна", 10)
    assert (await viber_api("get_user_details", id=clara))["status"] == 6
    viber.chat(2).customer.online_status = 1
    users = (await viber_api("get_online", ids=[anna, viber.user_id(2), clara, "nobody="]))["users"]
    assert [user["online_status_message"] for user in users] == ["online", "offline", "unavailable", "unavailable"]
    assert (await viber_api("get_online", ids=["x"] * 101))["status"] == 3
    assert (await viber_api("get_online"))["status"] == 4

    async with http.post(f"{viber.url}/pa/edit_message", json={}) as response:
        assert response.status == 404  # there is no such thing
    async with http.get(f"{viber.url}/pa/send_message") as response:
        assert response.status == 405


async def test_bills_what_is_sent_outside_a_session(
    viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver, clock: Clock
) -> None:
    message = viber_text(viber.user_id(ANNA))
    assert (await viber_api("send_message", **message))["billing_status"] == 2
    viber.write(ANNA, "Hello")
    assert (await viber_api("send_message", **message))["billing_status"] == 1
    clock.now += 24 * 3600
    assert (await viber_api("send_message", **message))["billing_status"] == 2
    assert json.loads(receiver_of_viber.bodies[0])["event"] == "delivered"


@pytest.mark.parametrize("token", ["", "with space", "ключ"])
def test_a_token_that_cannot_be_is_refused_at_once(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        ViberSandbox().add_bot(token)
