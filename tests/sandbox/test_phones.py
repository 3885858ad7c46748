"""The page with the customers' phones, in a real browser."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from sandbox.telegram import TelegramSandbox
from tests.browser import faultless_page

from .conftest import ANNA, Api, keyboard

WILD = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b>"


@pytest.fixture
async def page(browser: Browser, sandbox: TelegramSandbox) -> AsyncIterator[Page]:
    async with faultless_page(browser, sandbox.url) as page:
        yield page


async def test_a_person_taps_and_writes(sandbox: TelegramSandbox, api: Api, page: Page) -> None:
    phone = page.locator(f"#phone-telegram-{ANNA}")
    await api("sendMessage", chat_id=ANNA, text=f"Rate {WILD}", reply_markup=keyboard("a", "b"))
    await expect(phone.locator(".theirs .text")).to_have_text(f"Rate {WILD}")  # as text, never as markup
    assert await page.title() == "Customers’ phones · Tapfive"

    key = phone.locator(".keyboard .key").nth(1)
    await key.focus()
    await page.keyboard.press("Enter")
    tap = await sandbox.wait_for(lambda: sandbox.chat(ANNA).last_tap)
    assert tap.data == "b"
    await expect(key).to_have_class("key waiting")
    await api("answerCallbackQuery", callback_query_id=tap.tap_id, text="Thank you!")
    await expect(phone.locator(".toast")).to_have_text("Thank you!")
    await expect(key).to_have_class("key")

    await api("editMessageText", chat_id=ANNA, message_id=1, text="Anything to add?")
    await expect(phone.locator(".keyboard")).to_have_count(0)
    await phone.locator(".theirs .bubble").click()
    await expect(phone.locator(".replying")).to_contain_text("Anything to add?")
    await phone.locator("textarea").fill(WILD)
    await page.keyboard.press("Enter")
    await expect(phone.locator(".mine .text")).to_have_text(WILD)
    written = sandbox.messages(ANNA)[-1]
    assert (written.text, written.reply_to) == (WILD, 1)

    await phone.locator(".menu summary").click()
    await phone.locator("[data-act=block]").click()
    await expect(phone.locator(".start")).to_have_text("Restart")
    assert sandbox.chat(ANNA).blocked
    await phone.locator(".start").click()
    await expect(phone.locator(".mine .text").last).to_have_text("/start")
    assert not sandbox.chat(ANNA).blocked


async def test_a_new_customer_gets_a_phone_and_a_narrow_page_shows_one_at_a_time(
    sandbox: TelegramSandbox, page: Page
) -> None:
    await page.set_viewport_size({"width": 390, "height": 780})
    sandbox.add_customer(9, "Vera")
    await expect(page.locator("#phone-telegram-9 .owner-name")).to_have_text("Vera")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.get_by_role("link", name="Vera").click()
    await expect(page.locator("#phone-telegram-9 textarea")).to_be_in_viewport()


async def test_says_that_there_are_no_phones_yet(browser: Browser) -> None:
    sandbox = TelegramSandbox()
    await sandbox.start()
    async with await browser.new_context(locale="ru-RU") as context:
        page = await context.new_page()
        await page.goto(sandbox.url)
        await expect(page.locator("#empty")).to_contain_text("Телефонов пока нет")
    await sandbox.stop()


async def test_the_page_runs_no_foreign_code(sandbox: TelegramSandbox, http: aiohttp.ClientSession) -> None:
    for path in ("/", "/phones.js", "/words.js", "/kinds.js", "/phones.css"):
        async with http.get(sandbox.url + path) as response:
            assert response.status == 200
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
            assert "//cdn" not in await response.text()
    async with http.get(f"{sandbox.url}/../server.py") as response:
        assert response.status == 404
