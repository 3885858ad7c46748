"""The customers' side over HTTP, as the page with the phones and scripts use it."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox.telegram import NotPossibleError, TelegramSandbox

from .conftest import ANNA, TOKEN, Api, keyboard


@pytest.fixture
def act(sandbox: TelegramSandbox, http: aiohttp.ClientSession) -> Any:
    async def post(path: str, **content: Any) -> tuple[int, dict[str, Any]]:
        async with http.post(f"{sandbox.url}/customers{path}", json=content) as response:
            return response.status, await response.json()

    return post


async def test_a_customer_added_taps_and_writes(
    sandbox: TelegramSandbox, http: aiohttp.ClientSession, api: Api, act: Any
) -> None:
    assert await act("", id=7, first_name="<b>Vera</b>", language_code="uk") == (200, {"id": 7})
    await api("sendMessage", chat_id=7, text="Rate", reply_markup=keyboard("a", "b"))
    status, answer = await act("/7/tap", bot="csat_bot", message_id=1, button=[0, 1])
    tap = sandbox.chat(7).last_tap
    assert tap is not None
    assert (status, tap.tap_id) == (200, answer["tap_id"])
    await act("/7/write", text="Fine", reply_to=1)

    async with http.get(f"{sandbox.url}/customers") as response:
        text = await response.text()
        phones = await response.json()
    assert TOKEN not in text
    (vera,) = [customer for customer in phones["customers"] if customer["id"] == 7]
    (chat,) = vera["chats"]
    assert [(m["mine"], m["text"], m["reply_to"]) for m in chat["messages"]] == [
        (False, "Rate", None),
        (True, "Fine", 1),
    ]
    assert chat["messages"][0]["keyboard"][0][1] == {"text": "2", "data": "b", "url": None}
    assert chat["tap"] == {"id": answer["tap_id"], "message_id": 1, "data": "b", "waiting": True}

    await api("answerCallbackQuery", callback_query_id=answer["tap_id"], text="Thanks", show_alert=True)
    async with http.get(f"{sandbox.url}/customers") as response:
        (vera,) = [customer for customer in (await response.json())["customers"] if customer["id"] == 7]
    shown = vera["chats"][0]["tap"]
    assert (shown["waiting"], shown["text"], shown["alert"]) == (False, "Thanks", True)


async def test_every_act_tells_the_bot(sandbox: TelegramSandbox, api: Api, act: Any) -> None:
    acts: list[tuple[str, dict[str, Any]]] = [
        ("start", {"payload": "ref"}),
        ("stop", {}),
        ("photo", {"caption": "Look"}),
        ("voice", {}),
        ("sticker", {}),
        ("edit", {"message_id": 1, "text": "/start again"}),
        ("block", {}),
        ("unblock", {}),
    ]
    for name, content in acts:
        assert (await act(f"/{ANNA}/{name}", **content))[0] == 200, name
    updates = (await api("getUpdates"))[1]["result"]
    assert updates[0]["message"]["text"] == "/start ref"
    assert updates[0]["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert updates[1]["message"]["text"] == "/stop"
    assert (updates[2]["message"]["caption"], "text" in updates[2]["message"]) == ("Look", False)
    assert "voice" in updates[3]["message"]
    assert "sticker" in updates[4]["message"]
    assert updates[5]["edited_message"]["text"] == "/start again"
    statuses = [update["my_chat_member"]["new_chat_member"]["status"] for update in updates[6:]]
    assert statuses == ["kicked", "member"]
    ids = [update["update_id"] for update in updates]
    assert ids == list(range(ids[0], ids[0] + 8))

    await act(f"/{ANNA}/clear")
    assert sandbox.messages(ANNA) == []


REFUSED = [
    ("/999/write", {"text": "Hi"}, 404, "no such chat in the sandbox"),
    (f"/{ANNA}/write", {"text": "Hi", "bot": "nobody"}, 404, "no such bot in the sandbox"),
    (f"/{ANNA}/write", {}, 400, "text is missing"),
    (f"/{ANNA}/write", {"text": " "}, 409, "an empty message cannot be sent"),
    (f"/{ANNA}/tap", {"message_id": 5, "button": [0, 0]}, 404, "no such message in the sandbox"),
    (f"/{ANNA}/dance", {}, 404, "no such act"),
    ("/anna/write", {"text": "Hi"}, 400, "that is not what this act takes"),
    ("/1/2/3", {}, 404, "not found"),
]


@pytest.mark.parametrize(("path", "content", "status", "words"), REFUSED)
async def test_refuses(act: Any, path: str, content: dict[str, Any], status: int, words: str) -> None:
    assert await act(path, **content) == (status, {"error": words})


async def test_a_form_of_a_foreign_page_is_refused(sandbox: TelegramSandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{sandbox.url}/customers/{ANNA}/write", data='{"text": "Hi"}') as response:
        assert response.status == 415
    assert sandbox.messages(ANNA) == []


async def test_waits_for_the_next_change(sandbox: TelegramSandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{sandbox.url}/customers") as response:
        version = (await response.json())["version"]

    async def changed() -> Any:
        async with http.get(f"{sandbox.url}/customers", params={"since": version, "wait": 20}) as response:
            return await response.json()

    waiting = asyncio.create_task(changed())
    while not (sandbox.world.changes._waiting or waiting.done()):  # noqa: ASYNC110 - the request tells nobody that it waits
        await asyncio.sleep(0)
    sandbox.write(ANNA, "Hello")
    phones = await asyncio.wait_for(waiting, 5)
    assert phones["version"] > version


async def test_a_blocked_bot_cannot_be_written_to(sandbox: TelegramSandbox) -> None:
    sandbox.block(ANNA)
    with pytest.raises(NotPossibleError, match="unblock"):
        sandbox.write(ANNA, "Hello")
    sandbox.press_start(ANNA)
    assert sandbox.messages(ANNA)[-1].text == "/start"


async def test_the_log_can_be_bounded_or_off() -> None:
    for keep, kept in ((None, 3), (2, 2), (0, 0)):
        sandbox = TelegramSandbox(keep_log=keep, limits=None)
        sandbox.add_bot(TOKEN)
        await sandbox.start()
        async with aiohttp.ClientSession() as http:
            for _ in range(3):
                async with http.get(f"{sandbox.url}/bot{TOKEN}/getMe") as response:
                    assert response.status == 200
        assert len(sandbox.requests) == kept
        await sandbox.stop()
