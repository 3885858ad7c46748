"""VK on the page with the customers' phones: its JSON, and the page in a real browser, beside Telegram's phones."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from sandbox import phones
from sandbox.phones.serving import LoopbackServer
from sandbox.telegram import TelegramSandbox
from sandbox.vk import VkSandbox
from tests.browser import faultless_page

from .vk_kit import EMPTY, GLEB, VERA, VK_TOKEN, VkApi, button, five, keyboard

WILD = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b>"
RATE = {"peer_id": VERA, "random_id": 1, "message": "Rate"}


@pytest.fixture
def act(vk: VkSandbox, http: aiohttp.ClientSession) -> Any:
    async def post(path: str, **content: Any) -> tuple[int, dict[str, Any]]:
        async with http.post(f"{vk.url}/vk/customers{path}", json=content) as response:
            return response.status, await response.json()

    return post


async def test_a_customer_added_taps_and_writes(
    vk: VkSandbox, http: aiohttp.ClientSession, call: VkApi, act: Any
) -> None:
    assert await act("", id=7, first_name="Old", callback_buttons=False) == (200, {"id": 7})
    await call("messages.send", **{**RATE, "peer_id": 7}, keyboard=five("text"))
    assert await act("/7/tap", message_id=1, button=[0, 4], bot="help") == (200, {"message_id": 2})
    await call("messages.send", **RATE, keyboard=keyboard([button("a", "1"), button("b", "2", color="positive")]))
    status, answer = await act(f"/{VERA}/tap", message_id=1, button=[0, 1])
    tap = vk.chat(VERA).last_tap
    assert tap is not None
    assert (status, answer["tap_id"], tap.data) == (200, tap.event_id, "2")
    await act(f"/{VERA}/write", text="Fine", reply_to=1)

    async with http.get(f"{vk.url}/vk/customers") as response:
        text = await response.text()
        shown = await response.json()
    assert VK_TOKEN not in text
    (vera,) = [customer for customer in shown["customers"] if customer["id"] == VERA]
    (chat,) = vera["chats"]
    assert (vera["kind"], chat["bot"], chat["title"], chat["denied"]) == ("vk", "help", "Help", False)
    assert [(one["mine"], one["text"], one["reply_to"]) for one in chat["messages"]] == [
        (False, "Rate", None),
        (True, "Fine", 1),
    ]
    assert chat["messages"][0]["keyboard"][0][1] == {
        "text": "b",
        "data": "2",
        "url": None,
        "colour": "positive",
        "place": [0, 1],
    }
    assert chat["tap"] == {"id": tap.event_id, "message_id": 1, "data": "2", "waiting": True}


async def test_every_act(vk: VkSandbox, act: Any) -> None:
    acts: list[tuple[str, dict[str, Any]]] = [
        ("start", {}),
        ("photo", {"caption": "Look"}),
        ("voice", {}),
        ("sticker", {}),
        ("edit", {"message_id": 1, "text": "Hello"}),
        ("deny", {}),
        ("allow", {}),
        ("block", {}),
        ("unblock", {}),
        ("clear", {}),
    ]
    for name, content in acts:
        assert (await act(f"/{VERA}/{name}", **content))[0] == 200, name
    assert vk.messages(VERA) == []
    assert [message.text for message in vk.chat(VERA).messages.values()] == ["Hello", "Look", "", ""]


REFUSED = [
    ("/999/write", {"text": "Hi"}, 404, "no such customer in the sandbox"),
    (f"/{VERA}/write", {"text": "Hi", "bot": "nobody"}, 404, "no such community in the sandbox"),
    (f"/{VERA}/write", {}, 400, "text is missing"),
    (f"/{VERA}/write", {"text": " "}, 409, "an empty message cannot be sent"),
    (f"/{VERA}/tap", {"message_id": 5, "button": [0, 0]}, 404, "no such message in the sandbox"),
    (f"/{VERA}/tap", {"message_id": 5, "data": "{"}, 400, "that is not what this act takes"),
    (f"/{VERA}/dance", {}, 404, "no such act"),
    ("/1/2/3", {}, 404, "not found"),
]


@pytest.mark.parametrize(("path", "content", "status", "words"), REFUSED)
async def test_refuses(act: Any, path: str, content: dict[str, Any], status: int, words: str) -> None:
    assert await act(path, **content) == (status, {"error": words})


async def test_a_form_of_a_foreign_page_is_refused(vk: VkSandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{vk.url}/vk/customers/{VERA}/write", data='{"text": "Hi"}') as response:
        assert response.status == 415
    assert vk.messages(VERA) == []


async def test_waits_for_the_next_change(vk: VkSandbox, http: aiohttp.ClientSession) -> None:
    async def shown(**asked: int) -> Any:
        async with http.get(f"{vk.url}/vk/customers", params=asked) as response:
            return await response.json()

    version = (await shown())["version"]
    waiting = asyncio.create_task(shown(since=version, wait=20))
    vk.write(VERA, "Hello")
    assert (await asyncio.wait_for(waiting, 5))["version"] > version


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def page(browser: Browser, vk: VkSandbox) -> AsyncIterator[Page]:
    """The page of one server that stands in for VK and Telegram at once."""
    telegram = TelegramSandbox(limits=None)
    telegram.add_bot("42:TEST", "csat_bot")
    telegram.add_customer(1, "Anna")
    server = LoopbackServer({**telegram.routes, **vk.routes, **phones.routes()})
    await server.start()
    async with faultless_page(browser, server.url) as page:
        yield page
    await server.stop()
    await telegram.stop()


async def test_a_person_taps_reads_the_snackbar_and_writes(vk: VkSandbox, call: VkApi, page: Page) -> None:
    phone = page.locator(f"#phone-vk-{VERA}")
    await expect(page.locator("#phone-telegram-1")).to_be_visible()
    await expect(phone.locator(".badge")).to_have_text("VK")
    row = [button("😡", '{"r":1}', color="negative"), button("😍", '{"r":5}', color="positive")]
    await call("messages.send", **{**RATE, "message": f"Rate {WILD}"}, keyboard=keyboard(row))
    await expect(phone.locator(".theirs .text")).to_have_text(f"Rate {WILD}")  # as text, never as markup

    key = phone.locator(".keyboard .key").nth(1)
    await expect(key).to_have_class("key positive")
    await key.click()
    tap = await vk.wait_for(lambda: vk.chat(VERA).last_tap)
    assert tap.data == '{"r":5}'
    await expect(key).to_have_class("key positive waiting")
    snackbar = '{"type": "show_snackbar", "text": "Thank you!"}'
    ids = {"event_id": tap.event_id, "user_id": VERA, "peer_id": VERA}
    assert await call("messages.sendMessageEventAnswer", **ids, event_data=snackbar) == {"response": 1}
    await expect(phone.locator(".toast")).to_have_text("Thank you!")
    await expect(key).to_have_class("key positive")

    await call("messages.edit", peer_id=VERA, cmid=1, message="Anything to add?", keyboard=EMPTY)
    await expect(phone.locator(".keyboard")).to_have_count(0)
    await phone.locator("textarea").fill(WILD)
    await page.keyboard.press("Enter")
    await expect(phone.locator(".mine .text")).to_have_text(WILD)
    assert vk.messages(VERA)[-1].text == WILD


async def test_text_buttons_in_the_message_and_below_the_field(vk: VkSandbox, call: VkApi, page: Page) -> None:
    phone = page.locator(f"#phone-vk-{VERA}")
    await call("messages.send", **RATE, keyboard=five("text"))
    await phone.locator(".keyboard .key").last.click()
    await expect(phone.locator(".mine .text")).to_have_text("😍")
    assert vk.messages(VERA)[-1].payload == '{"k": "Zk3v9Q", "r": 5}'
    below = keyboard([button("Agent", '{"a":1}', "text", color="primary")], inline=False)
    await call("messages.send", **{**RATE, "random_id": 2}, keyboard=below)
    await phone.locator(".quick .key").click()
    await expect(phone.locator(".mine .text").last).to_have_text("Agent")
    assert vk.messages(VERA)[-1].payload == '{"a":1}'
    await call("messages.send", **{**RATE, "random_id": 3}, keyboard=keyboard(inline=False))
    await expect(phone.locator(".quick")).to_be_hidden()


async def test_allows_forbids_and_blocks(vk: VkSandbox, page: Page) -> None:
    phone = page.locator(f"#phone-vk-{GLEB}")
    await expect(phone.locator(".start")).to_be_visible()  # never wrote
    await phone.locator(".start").click()
    await expect(phone.locator(".mine .text")).to_have_text("Начать")
    for name, state in (("deny", "may not write to you"), ("allow", "bot"), ("block", "you blocked this bot")):
        await phone.locator(".menu summary").click()
        await phone.locator(f"[data-act={name}]").click()
        await expect(phone.locator(".bar-state")).to_have_text(state)
    assert vk.chat(GLEB).blacklisted
