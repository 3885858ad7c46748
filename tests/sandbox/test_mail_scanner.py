"""Scanners of the mail stand-in, let loose on a small page."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, get_args

import pytest
from aiohttp import web

from sandbox.mail import Behaviour, MailSandbox, Scanner
from sandbox.phones.serving import LoopbackServer

from .conftest import Clock
from .mail_kit import ANNA, BORIS, mail, people, send

PAGE = """<!doctype html><title>Rate</title><form method="post" action="/vote"><button type="button" hidden>never</button>
<input type="radio" name="score"><button>Rate</button></form>
<script>fetch("/auto" + location.pathname, { method: "POST" })</script>"""


class Site:
    """A page with a script and a button. Remembers what was asked of it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.server = LoopbackServer({"/": self.handle})

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append((request.method, request.raw_path))
        self.headers.append(dict(request.headers))
        await request.read()
        if request.raw_path == "/vote":
            return web.Response(status=303, headers={"Location": "/thanks"})
        return web.Response(text="Thanks" if request.raw_path == "/thanks" else PAGE, content_type="text/html")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.server.start()
    yield site
    await site.server.stop()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[MailSandbox]:
    sandbox = people(MailSandbox(clock=clock))
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def scanned(
    sandbox: MailSandbox, site: Site, behaviour: Behaviour, numbers: Sequence[int] = (1, 2, 1), **more: Any
) -> Scanner:
    """Let a scanner at a mail with these links and a trap."""
    url = site.server.url
    html = "".join(f'<a href="{url}/r/{n}">{n}</a>' for n in numbers)
    html += f'<a href="{url}/trap" style="display:none">.</a><a href="mailto:x@y.test">x</a>'
    async with Scanner(sandbox, ANNA, [behaviour], **more) as scanner:
        await send(sandbox, mail(html, text=f"5 - {url}/r/5"), ANNA, BORIS)
        await scanner.idle()
    return scanner


ALL = ["/r/1", "/r/2", "/trap", "/r/5"]


async def test_opens_all_links_in_order_hidden_ones_too(sandbox: MailSandbox, site: Site, clock: Clock) -> None:
    scanner = await scanned(sandbox, site, "all_links_in_order")
    assert site.seen == [("GET", path) for path in ALL]
    assert [(opened.url, opened.method, opened.status, opened.at) for opened in scanner.log] == [
        (site.server.url + path, "GET", 200, clock.now) for path in ALL
    ]
    assert "Sec-Purpose" not in site.headers[0]
    assert not sandbox.mails(ANNA)[0].seen


async def test_storms_with_heads(sandbox: MailSandbox, site: Site) -> None:
    await scanned(sandbox, site, "head_storm")
    assert sorted(site.seen) == sorted([("HEAD", path) for path in ALL] * 3)


async def test_prefetches(sandbox: MailSandbox, site: Site) -> None:
    await scanned(sandbox, site, "prefetch")
    assert site.seen == [("GET", path) for path in ALL]
    assert {headers["Sec-Purpose"] for headers in site.headers} == {"prefetch;prerender"}
    assert not any("Sec-Fetch-User" in headers for headers in site.headers)


async def test_steps_into_traps(sandbox: MailSandbox, site: Site) -> None:
    await scanned(sandbox, site, "trap")
    assert site.seen == [("GET", "/trap"), ("GET", "/r/1")]


async def test_runs_scripts_in_a_browser(sandbox: MailSandbox, site: Site, browser: Any) -> None:
    lingered: list[str] = []

    async def linger(page: Any) -> None:
        lingered.append(await page.title())

    scanner = await scanned(sandbox, site, "browser", browser=browser, linger=linger)
    asked = [each for each in site.seen if "favicon" not in each[1]]
    assert asked == [each for path in ALL for each in (("GET", path), ("POST", f"/auto{path}"))]
    assert lingered == ["Rate"] * 4
    assert ("POST", f"{site.server.url}/auto/r/1", 200) in [(one.method, one.url, one.status) for one in scanner.log]


async def test_clicks_the_visible_button_in_a_browser(sandbox: MailSandbox, site: Site, browser: Any) -> None:
    await scanned(sandbox, site, "clicking_browser", (), browser=browser)
    assert [each for each in site.seen if "thanks" in each[1] or "vote" in each[1]] == [
        ("POST", "/vote"),
        ("GET", "/thanks"),
    ] * 2


async def test_watches_only_while_it_runs_and_survives_dead_hosts(sandbox: MailSandbox, site: Site) -> None:
    url = site.server.url
    await site.server.stop()
    async with Scanner(sandbox, ANNA, ["head_storm", "trap"]) as scanner:
        await send(sandbox, mail(text=f"{url}/r/1"))
        await scanner.idle()
        assert [(opened.method, opened.status) for opened in scanner.log] == [("HEAD", None)] * 3 + [("GET", None)]
    await send(sandbox, mail(text=f"{url}/r/1"))
    assert len(scanner.log) == 4
    assert len(sandbox.mails(ANNA)) == 2


async def test_can_be_stopped_while_a_page_hangs(sandbox: MailSandbox) -> None:
    asked = asyncio.Event()

    async def hang(_request: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")

    server = LoopbackServer({"/": hang})
    await server.start()
    scanner = Scanner(sandbox, ANNA, ["all_links_in_order"])
    await scanner.start()
    await send(sandbox, mail(text=f"{server.url}/r/1"))
    await asyncio.wait_for(asked.wait(), 5)
    await asyncio.wait_for(scanner.stop(), 5)
    await server.stop()
    assert scanner.log == []


async def test_says_what_it_lacks(sandbox: MailSandbox) -> None:
    for behaviour in ("browser", "clicking_browser"):
        with pytest.raises(ValueError, match="needs a browser"):
            Scanner(sandbox, ANNA, [behaviour])
    with pytest.raises(ValueError, match="no such behaviour"):
        Scanner(sandbox, ANNA, ["polite"])  # type: ignore[list-item] # that is what is refused
    with pytest.raises(LookupError):
        Scanner(sandbox, "nobody@x.test", ["trap"])
    assert len(get_args(Behaviour)) == 6
