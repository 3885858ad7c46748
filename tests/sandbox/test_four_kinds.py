"""All stand-ins behind one address: the page with the phones shows their customers side by side."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from sandbox import phones
from sandbox.mail import MailSandbox
from sandbox.phones.serving import LoopbackServer
from sandbox.telegram import TelegramSandbox
from sandbox.viber import ViberSandbox
from sandbox.vk import VkSandbox


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    telegram, vk, viber, mail = TelegramSandbox(), VkSandbox(), ViberSandbox(), MailSandbox()
    telegram.add_bot("42:" + "T" * 35)
    vk.add_community("vk1.a." + "V" * 40, 7)
    viber.add_bot("viber-token")
    for number in (1, 2, 3):
        telegram.add_customer(number, f"Anna {number}")
    for number in (1, 2):
        vk.add_customer(number, f"Ivan {number}")
    viber.add_customer("Oksana", number=1)
    mail.add_customer("paul@customers.example", "Paul")
    server = LoopbackServer({**telegram.routes, **vk.routes, **viber.routes, **mail.routes, **phones.routes()})
    await server.start()
    async with await browser.new_context(locale="en-US", viewport={"width": 1500, "height": 820}) as context:
        page = await context.new_page()
        await page.goto(server.url)
        yield page
    for stand_in in (telegram, vk, viber, mail):
        await stand_in.stop()
    await server.stop()


async def test_one_of_each_kind_stands_side_by_side_then_the_next_of_each(page: Page) -> None:
    await expect(page.locator(".phone")).to_have_count(7)
    names = ["Anna 1", "Ivan 1", "Oksana", "Paul", "Anna 2", "Ivan 2", "Anna 3"]
    await expect(page.locator(".owner-name")).to_have_text(names)
    await expect(page.locator(".chip")).to_have_text(names)
    first = page.locator(".phone")
    boxes = [await first.nth(number).bounding_box() for number in range(4)]
    assert len({box["y"] for box in boxes if box}) == 1
    kinds = [await first.nth(number).locator(".badge").inner_text() for number in range(4)]
    assert [kind.removeprefix("● ") for kind in kinds] == ["Telegram", "VK", "Viber", "E-mail"]
