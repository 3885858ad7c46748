"""The mailboxes' page and the mail app on the phones, in a real browser, with a mail that wants to do harm."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Browser, FrameLocator, Page, expect

from sandbox.mail import MailSandbox
from sandbox.phones.serving import LoopbackServer

from .mail_kit import ANNA, BORIS, INBOX, PASSWORD, mail, people, send

HARM = "fetch('/harm'); parent.document.title='owned'; top.location='/harm'"
HOSTILE = f"""<base href="{{site}}/"><meta http-equiv="refresh" content="0;url={{site}}/harm">
<link rel="stylesheet" href="{{site}}/harm.css"><style>@import url({{site}}/harm2.css); p {{{{ background: url({{site}}/harm.gif) }}}}</style>
<script>{HARM}</script><script src="{{site}}/harm.js"></script>
<img src="{{site}}/harm.png" onerror="{HARM}"><img src="data:," onerror="{HARM}"><svg onload="{HARM}"></svg>
<iframe src="{{site}}/harm"></iframe><iframe srcdoc="<script>{HARM.replace('"', "")}</script>"></iframe><object data="{{site}}/harm"></object>
<form action="{{site}}/harm" id="form" method="post"><input name="a" autofocus onfocus="{HARM}"><button id="post">Post</button></form>
<a id="script" href="javascript:{HARM}">script</a><a id="top" href="{{site}}/harm-top" target="_top" onclick="{HARM}">top</a>
<p id="words">Rate us</p><a id="good" target="_self" rel="opener" ping="{{site}}/harm-ping" href="{{site}}/r/x/5">😍 5</a>"""


class Site:
    """Where a mail's links lead. Remembers what was asked of it."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.server = LoopbackServer({"/": self.handle})

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.raw_path != "/favicon.ico":  # a tab of its own asks for one
            self.paths.append(f"{request.method} {request.raw_path}")
        text = "<title>Thanks</title><p id=opener></p><script>document.querySelector('#opener').textContent = String(window.opener)</script>"
        return web.Response(text=text, content_type="text/html")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.server.start()
    yield site
    await site.server.stop()


@pytest.fixture
async def sandbox() -> AsyncIterator[MailSandbox]:
    sandbox = people(MailSandbox())
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    problems: list[str] = []
    async with await browser.new_context(locale="en-US") as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        yield page
    assert problems == []


@pytest.mark.parametrize("where", ["page", "alone", "phone"])
async def test_a_hostile_mail_does_nothing_and_its_honest_link_works(
    sandbox: MailSandbox, site: Site, page: Page, where: str
) -> None:
    raw = mail(
        HOSTILE.format(site=site.server.url),
        text=f"<script>{HARM}</script>",
        Subject=f"<script>{HARM}</script>",
        From=f'"<img src=x onerror={HARM.split(";", maxsplit=1)[0]}>" <a@b.test>',
    )
    await send(sandbox, raw)
    mail_id = sandbox.mails(ANNA)[0].mail_id
    inside: Page | FrameLocator = page
    if where == "phone":
        await page.goto(sandbox.url)
        await page.locator(".mail-row").first.click()
        inside = page.frame_locator(".mail-frame")
    elif where == "page":
        await page.goto(f"{sandbox.url}/mail/{mail_id}")
        inside = page.frame_locator("main iframe")
    else:
        await page.goto(f"{sandbox.url}/mail/{mail_id}/html")
    await expect(inside.locator("#words")).to_have_text("Rate us")
    title, here = await page.title(), page.url
    await inside.locator("#post").click()
    await inside.locator("#script").click()
    await expect(inside.locator("#top")).to_have_attribute("target", "_blank")
    await expect(inside.locator("#good")).to_have_attribute("rel", "noopener noreferrer")

    async with page.context.expect_page() as opened:
        await inside.locator("#good").click()
    thanks = await opened.value
    await expect(thanks.locator("#opener")).to_have_text("null")  # its scripts run: the new tab is no prisoner
    assert site.paths == ["GET /r/x/5"]
    assert (await page.title(), page.url) == (title, here)


async def test_the_page_lists_and_opens_by_keyboard_and_changes_nothing(sandbox: MailSandbox, page: Page) -> None:
    await send(sandbox, mail("<p>Rate</p>", Message_ID=""))
    await send(sandbox, mail(text="plain & <b>simple</b>", Subject="Второе"))
    await page.goto(f"{sandbox.url}/mail/")
    await expect(page.locator("nav section")).to_have_count(3)
    link = page.get_by_role("link", name="Второе")
    await link.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("main pre")).to_have_text("plain & <b>simple</b>\n")
    await expect(page.locator("[aria-current=page]")).to_contain_text("Второе")
    await expect(page.locator("iframe")).to_have_count(0)
    await page.get_by_role("link", name="How was it?").click()
    await expect(page.locator(".problems")).to_have_text("Message-ID is missing")
    await page.get_by_text("Headers").click()
    await expect(page.get_by_role("row", name="From")).to_contain_text("desk@tapfive.test")
    assert [got.seen for got in sandbox.mails(ANNA)] == [False, False]
    assert PASSWORD not in await page.content()


async def test_says_no_to_anything_else(sandbox: MailSandbox) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/mail/7", "/mail/x", "/mail/1/html/x", "/mail/../server.py", "/mail/7/html"):
            async with http.get(sandbox.url + path) as response:
                assert response.status == 404, path
        async with http.post(f"{sandbox.url}/mail/") as response:
            assert response.status == 405
        async with http.get(f"{sandbox.url}/mail/") as response:
            assert "script-src" not in response.headers["Content-Security-Policy"]
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert "<script" not in await response.text()


async def test_a_person_reads_and_answers_on_the_phone(sandbox: MailSandbox, page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 780})
    await page.goto(sandbox.url)
    phone = page.locator(f'[id="phone-email-{ANNA}"]')
    await expect(phone.locator(".quiet")).to_have_text("No mails yet")
    await send(sandbox, mail("<h1>Rate us</h1>", Reply_To=INBOX))
    row = phone.locator(".mail-row")
    await expect(row).to_contain_text("How was it?")
    await expect(phone.locator(".bar-state")).to_have_text("1 unread")
    await row.focus()
    await page.keyboard.press("Enter")
    await expect(phone.frame_locator(".mail-frame").locator("h1")).to_have_text("Rate us")
    await sandbox.wait_for(lambda: sandbox.mails(ANNA)[0].seen)
    await expect(row).to_have_count(0)
    await phone.locator("textarea").fill("5 <b>thanks</b>")
    await phone.locator("select").select_option("yandex")
    await phone.locator(".mail-send").click()
    await expect(phone.locator(".toast")).to_have_text("Sent")
    await expect(phone.locator(".mail-card.mine .mail-text")).to_contain_text("5 <b>thanks</b>")
    arrived = await sandbox.wait_for_mail(INBOX)
    assert arrived.content.text.startswith("5 <b>thanks</b>\n")
    assert "> Five lines" in arrived.content.text
    await phone.locator("textarea").press("Escape")
    await expect(row).to_be_focused()
    await row.click()
    await phone.locator(".menu summary").click()
    await expect(phone.locator("[data-act=unsubscribe]")).to_be_hidden()
    await phone.locator("[data-act=bounce]").click()
    await expect(phone.locator(".toast")).to_contain_text("Not delivered: 550")
    await send(sandbox, mail(Message_ID="<second@tapfive.test>", References="<first@tapfive.test>"))
    await expect(phone.locator(".mail-card")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await expect(page.locator(f'[id="phone-email-{BORIS}"] .quiet')).to_have_count(1)
