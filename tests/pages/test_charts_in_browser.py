"""Charts in a real browser: drawn under the pages' own rules, each mark a way to its rows; pictures where no script runs."""

import socket
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Page

from bot.assembly import listening, running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.pages.office import Office
from tests.pages.places import examples

DRAWN = "document.querySelectorAll('[data-chart][data-drawn] svg.marks').length === document.querySelectorAll('[data-chart]').length"


@pytest.fixture
async def served(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[str]:
    """The service on a port of loopback, with a little of everything in it."""
    assert browser.is_connected()
    parts = make_parts(sqlite_url, clock, max_body=65_536)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with running(parts, work=False), listening(parts, [bound]):
            office = Office(parts, clock)
            examples(office)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
            await office.close()


async def test_charts_are_drawn_and_lead_to_their_rows(browser: Browser, served: str) -> None:
    trouble: list[str] = []
    async with await browser.new_context(locale="en-GB", timezone_id="Pacific/Auckland") as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-manager", "url": served}])
        page = await context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        await page.goto(f"{served}/?form=sales")
        await everything_drawn(page)
        height = await page.evaluate("document.documentElement.scrollHeight")
        assert await page.evaluate(
            "getComputedStyle(document.querySelector('[data-chart=distribution] path[fill]')).fill"
        )
        bar = page.locator("[data-chart=distribution] .mark-rect path").first
        await bar.hover()
        await page.locator("#vg-tooltip-element.visible").wait_for()
        assert "Ratings" in await page.locator("#vg-tooltip-element").inner_text()
        await bar.click()
        await page.wait_for_url("**/ratings?**")
        query = parse_qs(urlsplit(page.url).query)
        assert (query["form"], query["value"]) == (["sales"], ["1"])
        assert query["rated_to"]
        trouble.clear()  # whatever the registry has to say
        await page.goto(f"{served}/agents")
        await everything_drawn(page)
        await page.goto(f"{served}/")
        await everything_drawn(page)
        assert abs(height - await page.evaluate("document.documentElement.scrollHeight")) < 400
        # A word of the sentence sends it; days of one's own only show their fields.
        await page.select_option("select[name=period]", "days")
        assert await page.locator("input[name=from]").is_visible()
        await page.select_option("select[name=form]", "sales")
        await page.wait_for_url("**form=sales**")
        assert "from=" in page.url
    assert trouble == []


async def test_without_scripts_there_are_pictures_and_tables(browser: Browser, served: str) -> None:
    async with await browser.new_context(java_script_enabled=False) as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-manager", "url": served}])
        page = await context.new_page()
        async with page.expect_response("**/charts/distribution.svg*") as answered:
            await page.goto(served)
        assert (await (await answered.value).body()).startswith(b"<svg")
        await page.locator("section:has([data-chart=distribution]) summary").click()
        assert await page.get_by_role("row").filter(has_text="Very bad").first.is_visible()
        assert await page.locator("input[name=from]").is_visible()


async def everything_drawn(page: Page) -> None:
    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))")  # also what is out of sight
    await page.wait_for_function(DRAWN)
