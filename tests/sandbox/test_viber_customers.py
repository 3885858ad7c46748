"""The customers' side: taps and keyboards as the phone has them, and the JSON that the page with the phones shows."""

import asyncio
from functools import partial
from typing import Any

import aiohttp
import pytest

from sandbox.phones.serving import LoopbackServer
from sandbox.telegram import TelegramSandbox
from sandbox.viber import NotPossibleError, ViberSandbox

from .conftest import TOKEN
from .viber_kit import VIBER_TOKEN, ViberApi, ViberReceiver, viber_keyboard, viber_text

ANNA, CLARA = 1, 3


@pytest.fixture
async def send(viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver) -> Any:
    async def one(who: int = ANNA, text: str = "Rate", **fields: Any) -> int:
        answer = await viber_api("send_message", **viber_text(viber.user_id(who), text, **fields))
        assert answer["status"] == 0, answer
        assert receiver_of_viber.server.url
        token: int = answer["message_token"]
        return token

    return one


# --- taps ------------------------------------------------------------------------------------------------------------


async def test_a_silent_tap_stays_out_of_the_chat(viber: ViberSandbox, send: Any) -> None:
    await send(keyboard=viber_keyboard("k:1", "k:2"))
    tapped = viber.tap(ANNA, "k:2")
    assert (tapped.text, tapped.silent) == ("k:2", True)
    assert [message.text for message in viber.messages(ANNA)] == ["Rate"]


async def test_an_older_phone_shows_the_body_of_the_button_as_its_customers_words(
    viber: ViberSandbox, send: Any, receiver_of_viber: ViberReceiver
) -> None:
    old = viber.add_customer("Old", api_version=1).number
    await send(old, keyboard=viber_keyboard("k:1"))
    viber.tap(old, 0)
    await viber.settled()
    assert [message.text for message in viber.messages(old)] == ["Rate", "k:1"]
    assert receiver_of_viber.of("message")[0]["silent"] is False


async def test_a_button_that_is_not_silent_is_shown_on_every_phone(viber: ViberSandbox, send: Any) -> None:
    await send(keyboard={"Type": "keyboard", "Buttons": [{"ActionBody": "k:1", "Text": "1"}]})
    viber.tap(ANNA, 0)
    assert viber.messages(ANNA)[-1].text == "k:1"


async def test_a_keyboard_stays_until_the_next_message(viber: ViberSandbox, send: Any) -> None:
    await send(keyboard=viber_keyboard("a"))
    viber.tap(ANNA, "a")
    viber.write(ANNA, "Hello")
    viber.tap(ANNA, "a")  # it is still there, and nothing tells the two apart but the message token
    await send(keyboard=viber_keyboard("b"))
    with pytest.raises(NotPossibleError, match="no such button"):
        viber.tap(ANNA, "a")
    viber.tap(ANNA, "b")
    await send(text="Thanks")
    with pytest.raises(NotPossibleError, match="no such button"):
        viber.tap(ANNA, "b")
    assert [viber.tap(ANNA, body, other_device=True).text for body in ("a", "b")] == ["a", "b"]
    with pytest.raises(NotPossibleError):
        viber.tap(ANNA, "c", other_device=True)


async def test_a_bubble_with_buttons_can_be_tapped_for_ever(viber: ViberSandbox, send: Any) -> None:
    bubble = {"Type": "rich_media", "ButtonsGroupColumns": 6, "ButtonsGroupRows": 2, "Buttons": [{"ActionBody": "r"}]}
    token = await send(type="rich_media", rich_media=bubble, min_api_version=2)
    await send(keyboard=viber_keyboard("k"))
    assert viber.tap(ANNA, 0).text == "k"
    assert viber.tap(ANNA, 0, message_token=token).text == "r"
    assert viber.tap(ANNA, "r").text == "r"
    with pytest.raises(LookupError):
        viber.tap(ANNA, 0, message_token=5)


async def test_some_buttons_send_nothing(viber: ViberSandbox, send: Any) -> None:
    buttons = [
        {"ActionType": "none", "ActionBody": "n"},
        {"ActionType": "open-url", "ActionBody": "https://example.com/r"},
    ]
    await send(keyboard={"Type": "keyboard", "Buttons": buttons})
    with pytest.raises(NotPossibleError, match="sends nothing"):
        viber.tap(ANNA, "n")
    assert viber.tap(ANNA, 1).text == "https://example.com/r"


async def test_the_tracking_data_is_that_of_the_last_message_whatever_it_was_about(
    viber: ViberSandbox, send: Any, receiver_of_viber: ViberReceiver
) -> None:
    await send(keyboard=viber_keyboard("k:1"), tracking_data="survey")
    await send(text="Your parcel is here", keyboard=viber_keyboard("k:1"), tracking_data="agent")
    viber.tap(ANNA, "k:1")
    await send(text="Bye")
    viber.write(ANNA, "Bye")
    await viber.settled()
    first, second = receiver_of_viber.of("message")
    assert first["message"]["tracking_data"] == "agent"
    assert "tracking_data" not in second["message"]


# --- the input field -------------------------------------------------------------------------------------------------


async def test_a_hidden_input_field_takes_no_words_until_another_message_shows_it(
    viber: ViberSandbox, send: Any
) -> None:
    await send(keyboard=viber_keyboard("a", InputFieldState="hidden"), min_api_version=4)
    viber.tap(ANNA, "a")
    for act in (partial(viber.write, ANNA, "Hi"), partial(viber.send_picture, ANNA), partial(viber.send_sticker, ANNA)):
        with pytest.raises(NotPossibleError, match="hides the input field"):
            act()
    assert viber.write(ANNA, "a", other_device=True).text == "a"  # whoever types the body of a button can

    await send(text="Why?", keyboard=viber_keyboard("skip", InputFieldState="minimized"), min_api_version=4)
    assert viber.chat(ANNA).input == "minimized"
    viber.write(ANNA, "Because")
    await send(text="Thanks")
    assert viber.chat(ANNA).input == "regular"
    viber.write(ANNA, "Bye")
    with pytest.raises(NotPossibleError, match="empty"):
        viber.write(ANNA, " ")


async def test_pictures_and_stickers_reach_the_bot(viber: ViberSandbox, receiver_of_viber: ViberReceiver) -> None:
    viber.send_picture(ANNA, "Look")
    viber.send_sticker(ANNA, 42)
    await viber.settled()
    picture, sticker = (event["message"] for event in receiver_of_viber.of("message"))
    assert (picture["type"], picture["text"], picture["media"][:8]) == ("picture", "Look", "https://")
    assert sticker == {"type": "sticker", "sticker_id": 42}


def test_a_person_is_found_by_number_and_by_what_each_bot_calls_them(viber: ViberSandbox) -> None:
    at_helpdesk = viber.user_id(ANNA, "helpdesk")
    assert viber.chat(at_helpdesk).bot.uri == "helpdesk"
    assert viber.chat(at_helpdesk) is viber.chat(ANNA, "helpdesk")
    for who, bot in (("nobody=", None), (99, None), (ANNA, "nobody"), (at_helpdesk, "support")):
        with pytest.raises(LookupError):
            viber.chat(who, bot)
    viber.deactivate(ANNA)
    with pytest.raises(NotPossibleError, match="deleted"):
        viber.write(ANNA, "Hello")


# --- the JSON --------------------------------------------------------------------------------------------------------


@pytest.fixture
def act(viber: ViberSandbox, http: aiohttp.ClientSession) -> Any:
    async def post(path: str, **content: Any) -> tuple[int, dict[str, Any]]:
        async with http.post(f"{viber.url}/viber/customers{path}", json=content) as response:
            return response.status, await response.json()

    return post


@pytest.fixture
def phones(viber: ViberSandbox, http: aiohttp.ClientSession) -> Any:
    async def get() -> dict[str, Any]:
        async with http.get(f"{viber.url}/viber/customers") as response:
            assert VIBER_TOKEN not in await response.text()
            content: dict[str, Any] = await response.json()
            return content

    return get


async def test_a_customer_added_taps_and_writes(viber: ViberSandbox, send: Any, act: Any, phones: Any) -> None:
    status, added = await act("", id=7, name="<b>Vera</b>", language="uk")
    assert (status, added["id"], added["user_ids"]["support"]) == (200, 7, viber.user_id(7))
    buttons = viber_keyboard("k:1", "k:2", columns=3, InputFieldState="minimized")
    buttons["Buttons"][0] |= {"Text": '<b>1</b> <font size="12" color="#102030">&lt;3</font>', "BgColor": "#FFD75E"}
    token = await send(7, keyboard=buttons, min_api_version=4)

    (vera,) = [customer for customer in (await phones())["customers"] if customer["id"] == 7]
    assert (vera["kind"], vera["name"]) == ("viber", "<b>Vera</b>")
    chat = vera["chats"][0]
    assert (chat["user_id"], chat["input"], chat["tap"]) == (viber.user_id(7), "minimized", None)
    assert chat["keyboard"]["columns"] == 6
    ((first, second),) = chat["keyboard"]["rows"]
    assert first == {"text": "1 <3", "data": "k:1", "url": None, "columns": 3, "color": "#FFD75E", "ink": "#102030"}
    (message,) = chat["messages"]
    assert (message["id"], message["mine"], message["keyboard"]) == (str(token), False, [])  # no number: 2^53

    assert (await act("/7/tap", bot="support", data=second["data"]))[0] == 200
    status, written = await act("/7/write", text="Fine")
    assert (status, written["message_id"]) == (200, str(viber.messages(7)[-1].message_token))
    chat = (await phones())["customers"][-1]["chats"][0]
    assert [(message["mine"], message["text"]) for message in chat["messages"]] == [(False, "Rate"), (True, "Fine")]


async def test_every_act_tells_the_bot(viber: ViberSandbox, act: Any, receiver_of_viber: ViberReceiver) -> None:
    acts: list[tuple[str, dict[str, Any]]] = [
        ("start", {"payload": "ref"}),
        ("write", {"text": "Hi"}),
        ("photo", {"caption": "Look"}),
        ("sticker", {}),
        ("deny", {}),
        ("allow", {}),
        ("see", {}),
        ("clear", {}),
    ]
    for name, content in acts:
        assert (await act(f"/{CLARA}/{name}", **content))[0] == 200, name
    await viber.settled()
    messages = ["message"] * 3
    assert receiver_of_viber.kinds == ["conversation_started", *messages, "unsubscribed", "subscribed"]
    assert viber.messages(CLARA) == []


REFUSED = [
    ("/99/write", {"text": "Hi"}, 404, "no such customer in the sandbox"),
    (f"/{ANNA}/write", {"text": "Hi", "bot": "nobody"}, 404, "no such bot in the sandbox"),
    (f"/{ANNA}/write", {}, 400, "text is missing"),
    (f"/{ANNA}/write", {"text": " "}, 409, "an empty message cannot be sent"),
    (f"/{ANNA}/tap", {"data": "x"}, 409, "the phone shows no such button"),
    (f"/{ANNA}/tap", {"message_id": "5", "data": "x"}, 404, "no such bubble with buttons in the sandbox"),
    (f"/{ANNA}/tap", {"message_id": "five", "data": "x"}, 400, "that is not what this act takes"),
    (f"/{ANNA}/dance", {}, 404, "no such act"),
    ("/anna/write", {"text": "Hi"}, 400, "that is not what this act takes"),
    ("/1/2/3", {}, 404, "not found"),
]


@pytest.mark.parametrize(("path", "content", "status", "words"), REFUSED)
async def test_refuses(act: Any, path: str, content: dict[str, Any], status: int, words: str) -> None:
    assert await act(path, **content) == (status, {"error": words})


async def test_a_form_of_a_foreign_page_is_refused(viber: ViberSandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{viber.url}/viber/customers/{ANNA}/write", data='{"text": "Hi"}') as response:
        assert response.status == 415
    assert viber.messages(ANNA) == []


async def test_waits_for_the_next_change(viber: ViberSandbox, http: aiohttp.ClientSession, phones: Any) -> None:
    version = (await phones())["version"]

    async def changed() -> Any:
        async with http.get(f"{viber.url}/viber/customers", params={"since": version, "wait": 20}) as response:
            return await response.json()

    waiting = asyncio.create_task(changed())
    viber.write(ANNA, "Hello")
    assert (await asyncio.wait_for(waiting, 5))["version"] > version


# --- beside the others -----------------------------------------------------------------------------------------------


async def test_one_server_holds_several_stand_ins(http: aiohttp.ClientSession) -> None:
    telegram, viber = TelegramSandbox(), ViberSandbox()
    telegram.add_bot(TOKEN)
    telegram.add_customer(5, "Vera")
    viber.add_bot(VIBER_TOKEN)
    viber.add_customer("Vera")
    server = LoopbackServer({**telegram.routes, **viber.routes})
    await server.start()
    async with http.get(f"{server.url}/customers") as response:
        assert [customer["id"] for customer in (await response.json())["customers"]] == [5]
    async with http.get(f"{server.url}/viber/customers") as response:
        assert [customer["id"] for customer in (await response.json())["customers"]] == [1]
    async with http.get(f"{server.url}/pa/get_account_info", headers={"X-Viber-Auth-Token": VIBER_TOKEN}) as response:
        assert (await response.json())["status"] == 0
    await server.stop()


@pytest.mark.parametrize(("keep", "kept"), [(None, 3), (2, 2), (0, 0)])
async def test_the_log_can_be_bounded_or_off(http: aiohttp.ClientSession, keep: int | None, kept: int) -> None:
    viber = ViberSandbox(keep_log=keep)
    viber.add_bot(VIBER_TOKEN)
    await viber.start()
    for _ in range(3):
        async with http.post(f"{viber.url}/pa/get_account_info", json={"auth_token": VIBER_TOKEN}) as response:
            assert response.status == 200
    assert len(viber.requests) == kept
    await viber.stop()
