"""Charts in a real browser: drawn under the pages' own rules, each mark a way to its rows; pictures where no script runs."""

import re
import socket
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from bot.assembly import listening, running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.pages.office import Office
from tests.pages.places import examples


@pytest.fixture
async def served(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[tuple[str, Office]]:
    """The service on a port of loopback, with a little of everything in it."""
    assert browser.is_connected()
    parts = make_parts(sqlite_url, clock, max_body=65_536)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with running(parts, work=False), listening(parts, [bound]):
            office = Office(parts, clock)
            examples(office)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}", office
            await office.close()


async def test_charts_are_drawn_and_lead_to_their_rows(browser: Browser, served: tuple[str, Office]) -> None:
    home, _ = served
    trouble: list[str] = []
    async with await browser.new_context(locale="en-GB", timezone_id="Pacific/Auckland") as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-manager", "url": home}])
        page = await context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        await page.goto(f"{home}/?form=sales")
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
        await page.goto(f"{home}/agents")
        await everything_drawn(page)
        await page.goto(f"{home}/")
        await everything_drawn(page)
        assert abs(height - await page.evaluate("document.documentElement.scrollHeight")) < 400
        # A word of the sentence sends it; days of one's own only show their fields.
        await page.select_option("select[name=period]", "days")
        assert await page.locator("input[name=from]").is_visible()
        await page.select_option("select[name=form]", "sales")
        await page.wait_for_url("**form=sales**")
        assert "from=" in page.url
    assert trouble == []


async def test_without_scripts_there_are_pictures_and_tables(browser: Browser, served: tuple[str, Office]) -> None:
    home, _ = served
    async with await browser.new_context(java_script_enabled=False) as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-manager", "url": home}])
        page = await context.new_page()
        # One is enough to see: each is drawn by a process of its own.
        await page.route(re.compile(r"/charts/(?!distribution)"), lambda route: route.abort())
        async with page.expect_response("**/charts/distribution.svg*") as answered:
            await page.goto(home)
        assert (await (await answered.value).body()).startswith(b"<svg")
        await page.locator("section:has([data-chart=distribution]) summary").click()
        assert await page.get_by_role("row").filter(has_text="Very bad").first.is_visible()
        assert await page.locator("input[name=from]").is_visible()


async def everything_drawn(page: Page) -> None:
    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))")  # also what is out of sight
    await expect(page.locator("[data-chart]:not([data-drawn])")).to_have_count(0)
    assert await page.locator("[data-chart] svg.marks").count() == await page.locator("[data-chart]").count() > 0


async def test_a_new_rating_appears_by_itself(browser: Browser, served: tuple[str, Office]) -> None:
    home, office = served
    async with await browser.new_context(locale="en-GB") as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-manager", "url": home}])
        page = await context.new_page()
        async with page.expect_response("**/ratings/live"):
            await page.goto(home)
        await everything_drawn(page)
        figure = page.locator("[data-card=ratings] .figure")
        assert await figure.inner_text() == "6"
        await figure.locator("a").focus()
        made = office.world.close("T-new", form="sales", customer={"id": "c-new"}).invitation_id
        office.world.work()
        office.world.tap(made, 1)
        office.world.number()
        await expect(figure).to_have_text("7")
        await expect(figure.locator("a")).to_be_focused()
        bars = page.locator("[data-chart=distribution] text").filter(has_text="2 (29%)")
        await bars.first.wait_for()
