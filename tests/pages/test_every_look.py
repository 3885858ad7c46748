"""Every page in a real browser: axe finds nothing, nothing is wider than the window, no script fails.

One window for all of them; themes and languages alternate from page to page, and both widths are looked at.
"""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped] # it ships no types
from playwright.async_api import Browser, ConsoleMessage, Page

from ratings.rights import Role, Viewer, may
from tests.conftest import Clock
from tests.pages.office import Office
from tests.pages.places import EVERYBODY, PLACES, SIGNED_IN, Place, address, examples
from tests.pages.serving import served_office

AXE = """() => axe.run({ resultTypes: ['violations'] }).then((found) => found.violations
    .filter((each) => each.impact !== 'minor')
    .flatMap((each) => each.nodes.map((node) => `${each.id} (${each.impact}): ${node.html}`)))"""
WIDTHS = (390, 1280)
LOOKS = (("light", "en"), ("dark", "ru"), ("light", "ru"), ("dark", "en"))


@pytest.fixture
async def served(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[tuple[Office, str]]:
    """The service on a port of loopback, with a little of everything in it."""
    assert browser.is_connected()
    async with served_office(sqlite_url, clock) as (office, home):
        yield office, home


@pytest.mark.timeout(600)  # some sixty pages: minutes on a machine that is busy
async def test_every_page_can_be_read_by_everybody(browser: Browser, served: tuple[Office, str]) -> None:
    office, home = served
    filled = examples(office)
    problems: list[str] = []
    ours = (home, "data:", "blob:")
    async with await browser.new_context(reduced_motion="reduce", locale="en-US") as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        page.on("console", lambda said: problems.append(f"{page.url}: {said.text}") if is_trouble(said) else None)
        page.on("request", lambda asked: None if asked.url.startswith(ours) else problems.append(asked.url))
        for number, (path, place, role) in enumerate(looked_at()):
            theme, language = LOOKS[number % len(LOOKS)]
            await context.clear_cookies()
            if role:
                await context.add_cookies([{"name": "tapfive", "value": f"secret-of-{role}", "url": home}])
            await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            where = address(path, place, filled)
            answered = await page.goto(f"{home}{where}{'&' if '?' in where else '?'}lang={language}")
            if answered is None or answered.status != place.status:
                problems.append(f"{where}: {answered and answered.status}")
            problems += [f"{where} ({theme}, {language}): {each}" for each in await flaws(page)]
    assert problems == []


def is_trouble(said: ConsoleMessage) -> bool:
    """True for what a browser complains of, but for the status of a page, which is looked at anyway."""
    return said.type == "error" and not said.text.startswith("Failed to load resource: the server responded")


def looked_at() -> list[tuple[str, Place, str]]:
    """Return each page with the first role that it is for, and those of several roles as each of them sees it."""
    found: list[tuple[str, Place, str]] = []
    for path, place in PLACES.items():
        if place.get is None or place.endless or place.unseen:
            continue
        if place.get == EVERYBODY:
            found.append((path, place, ""))
        elif place.get == SIGNED_IN:
            found += [(path, place, name) for name in ("owner", "agent")]
        else:
            wanted = place.get
            found.append((path, place, next(role.value for role in Role if may(Viewer(1, "", role), wanted))))
    return found


async def flaws(page: Page) -> list[str]:
    """What axe finds at the width of a phone, and what is wider than a phone's or a desk's window."""
    found: list[str] = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{wide} px too wide at {width}")
    await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    await page.evaluate(Axe().axe_script)
    worse: list[str] = await page.evaluate(AXE)
    return found + worse
