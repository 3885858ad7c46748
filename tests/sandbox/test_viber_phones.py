"""A Viber phone on the page with the phones, in a real browser: the keyboard below the input field, and its moods."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.viber import ViberSandbox
from tests.browser import faultless_page

from .viber_kit import ViberApi, ViberReceiver, viber_keyboard, viber_text

ANNA, CLARA = 1, 3
WILD = "<img src=x onerror=\"document.title='owned'\"> & more"


@pytest.fixture
async def page(browser: Browser, viber: ViberSandbox) -> AsyncIterator[Page]:
    async with faultless_page(browser, viber.url) as page:
        yield page


@pytest.fixture
async def send(viber: ViberSandbox, viber_api: ViberApi, receiver_of_viber: ViberReceiver) -> Any:
    async def one(text: str, who: int = ANNA, **fields: Any) -> None:
        message = viber_text(viber.user_id(who), text, min_api_version=4, **fields)
        assert (await viber_api("send_message", **message))["status"] == 0
        assert receiver_of_viber.server.url

    return one


async def test_a_person_rates_and_comments(viber: ViberSandbox, send: Any, page: Page) -> None:
    phone = page.locator(f"#phone-viber-{ANNA}")
    board = phone.locator(".board")
    await expect(phone.locator(".badge")).to_have_text("Viber")
    await expect(phone.locator("textarea")).to_be_visible()
    await expect(board).to_be_hidden()

    faces = viber_keyboard("k:1", "k:2", "k:3", "k:4", "k:5", InputFieldState="hidden")
    for button, face in zip(faces["Buttons"], "😡🙁😐🙂😍", strict=True):
        button |= {"Text": f"<b>{face}</b>", "BgColor": "#ffd75e"}
    await send(f"Rate {WILD}", keyboard=faces)
    await expect(phone.locator(".theirs .text")).to_have_text(f"Rate {WILD}")
    await expect(board.locator(".key")).to_have_text(["😡", "🙁", "😐", "🙂", "😍"])
    await expect(phone.locator("textarea")).to_be_hidden()
    await expect(phone.locator(".theirs .bubble")).to_be_in_viewport()  # the keyboard does not push it away

    await board.locator(".key").nth(4).focus()
    await page.keyboard.press("Enter")
    tapped = await viber.wait_for(lambda: viber.chat(ANNA).messages[1:])
    assert (tapped[0].text, tapped[0].silent) == ("k:5", True)
    await expect(phone.locator(".mine")).to_have_count(0)
    await expect(board.locator(".key")).to_have_count(5)  # there is no acknowledgment, and the keyboard stays

    await send("Thank you! Anything to add?", keyboard=viber_keyboard("c:skip", InputFieldState="regular"))
    await expect(board.locator(".key")).to_have_text(["№1"])
    await phone.locator(".theirs .bubble").last.click()
    await expect(phone.locator(".replying")).to_be_hidden()  # a bot would not learn what was replied to
    await phone.locator("textarea").fill(WILD)
    await page.keyboard.press("Enter")
    await expect(phone.locator(".mine .text")).to_have_text(WILD)
    assert viber.messages(ANNA)[-1].text == WILD

    await send("Noted")
    await expect(board).to_be_hidden()


async def test_a_grid_leaves_a_cell_empty_and_a_bubble_keeps_its_buttons(
    viber: ViberSandbox, send: Any, page: Page
) -> None:
    phone = page.locator(f"#phone-viber-{ANNA}")
    bubble = {"Type": "rich_media", "Buttons": [{"ActionBody": "r:1", "Text": "Yes"}]}
    await send("", type="rich_media", rich_media=bubble)
    await send("Rate", keyboard=viber_keyboard(*"abcde", columns=1, InputFieldState="minimized"))
    keys = phone.locator(".board .key")
    await expect(keys).to_have_count(5)
    boxes = [box for box in [await keys.nth(place).bounding_box() for place in range(5)] if box]
    assert len({round(box["y"]) for box in boxes}) == 1
    row = await phone.locator(".board .row").bounding_box()
    assert row is not None
    assert row["x"] + row["width"] - (boxes[4]["x"] + boxes[4]["width"]) > boxes[4]["width"] * 0.9
    await expect(phone.locator(".composer")).to_have_class("composer minimized")

    await phone.locator(".theirs .keyboard .key").click()
    tapped = await viber.wait_for(lambda: [message for message in viber.chat(ANNA).messages if not message.from_bot])
    assert tapped[0].text == "r:1"
    await expect(phone.locator(".theirs .keyboard .key")).not_to_have_class("key waiting")


async def test_a_person_opens_the_chat_allows_and_forbids(viber: ViberSandbox, page: Page) -> None:
    phone = page.locator(f"#phone-viber-{CLARA}")
    await expect(phone.locator("textarea")).to_be_hidden()
    await phone.locator(".start").click()
    await expect(phone.locator("textarea")).to_be_visible()
    await expect(phone.locator(".bar-state")).to_have_text("may not write to you")
    for act, subscribed in (("allow", True), ("deny", False)):
        await phone.locator(".menu summary").click()
        await phone.locator(f"[data-act={act}]").click()
        await expect(phone.locator(f"[data-act={act}]")).to_be_hidden()
        assert viber.chat(CLARA).subscribed is subscribed
