"""A real browser before a service on a port of loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Request

from bot.assembly import Parts, listening, running
from tests.conftest import Clock
from tests.web.site import Site

PHONE = {"width": 320, "height": 640}


class Visitor:
    """A tab of a browser. `sent` is every form and every script's post that left it."""

    def __init__(self, page: Page, home: str, site: Site) -> None:
        self.page = page
        self.home = home
        self.site = site
        self.sent: list[tuple[str, str]] = []
        self.problems: list[str] = []
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()
        page.on("request", self._requested)
        page.on("response", lambda response: self._ended(response.request))
        page.on("requestfailed", self._ended)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self._said(message.type, message.text))

    async def open(self, path: str) -> None:
        """Follow a link; TOKEN stands for the invitation's."""
        await self.page.goto(self.home + path.replace("TOKEN", self.site.token))

    async def settled(self) -> list[tuple[str, str]]:
        """What was sent, when everything that was on its way has been answered: (kind, value)."""
        await self.page.evaluate("() => fetch('/static/rate.css').then((file) => file.text())")
        await self._idle.wait()
        return self.sent

    async def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        width: int = await self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    def _requested(self, request: Request) -> None:
        if not request.url.startswith(self.home):
            self.problems.append(f"a request to another place: {request.url}")
        if request.method == "POST":
            self._open += 1
            self._idle.clear()
            fields = request.post_data_json or {}
            self.sent.append((fields.get("act") or fields.get("kind", "button"), fields.get("value", "")))

    def _ended(self, request: Request) -> None:
        if request.method == "POST":
            self._open -= 1
            if not self._open:
                self._idle.set()

    def _said(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not text.startswith("Failed to load resource"):
            self.problems.append(text)


@asynccontextmanager
async def served(parts: Parts, clock: Clock) -> AsyncIterator[tuple[Site, str]]:
    """The service on a port, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        home = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with running(parts, work=False), listening(parts, [bound]):
            site = Site(parts, clock)
            yield site, home
            await site.client.aclose()


async def context_of(browser: Browser, **more: Any) -> BrowserContext:
    """A window that nobody else has used."""
    return await browser.new_context(**{"locale": "en-US", **more})
