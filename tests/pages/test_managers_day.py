"""A manager's day in a real browser: last week's bad ratings, one of them opened, all of them as a file, a new one arriving."""

from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl
import pytest
from playwright.async_api import Browser, Page, expect

from ratings.times import DAY, MINUTE
from tests.conftest import Clock
from tests.pages.office import Office
from tests.pages.serving import served_office

VALUES = (1, 5, 2, 4, 2, 3)


@pytest.fixture
async def served(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[tuple[Office, str]]:
    """The service on a port of loopback, with ratings of last week and one of today."""
    assert browser.is_connected()
    async with served_office(sqlite_url, clock) as (office, home):
        clock.now -= 5 * DAY
        for number, value in enumerate(VALUES):
            rate(office, f"T-{number}", value, "Слишком долго" if value == 1 else "")
        clock.forward(5 * DAY - len(VALUES) * MINUTE)
        rate(office, "T-today", 1)
        yield office, home


def rate(office: Office, ticket: str, value: int, words: str = "") -> None:
    """Have a ticket rated."""
    invitation = office.world.close(ticket, form="help").invitation_id
    office.world.work()
    office.world.tap(invitation, value)
    if words:
        office.world.write(words)
    office.world.number()
    office.clock.forward(MINUTE)


async def shown(page: Page) -> list[list[str]]:
    """The value and the ticket of each row."""
    rows = await page.locator("#rows tr").all()
    return [
        [
            (await row.locator(".of-value .value").inner_text()).split()[1],
            await row.locator(".of-ticket a").first.inner_text(),
        ]
        for row in rows
    ]


async def test_a_managers_day(browser: Browser, served: tuple[Office, str], tmp_path: Path) -> None:
    office, home = served
    problems: list[str] = []
    async with await browser.new_context(locale="en-US", accept_downloads=True) as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-manager", "url": home}])
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)

        # By the keyboard: last week, not more than 2.
        await page.goto(f"{home}/ratings")
        await page.get_by_text("Rated: any time").focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("radio", name="last week").check()
        await page.keyboard.press("Escape")
        await page.locator("summary", has_text="any rating").click()
        await page.get_by_label("not more than").select_option("2")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#total")).to_have_text("3 ratings")
        assert page.url == f"{home}/ratings?rated=last_week&value_max=2"
        rows = await shown(page)
        assert rows == [["2", "T-4"], ["2", "T-2"], ["1", "T-0"]]

        # The file is what the page is.
        await page.get_by_text("Export", exact=True).click()
        async with page.expect_download() as started:
            await page.get_by_role("button", name="Download").click()
        file = tmp_path / (await started.value).suggested_filename
        await (await started.value).save_as(file)
        heading, *cells = list(openpyxl.load_workbook(file)["Ratings"].values)
        places = [heading.index("Rating"), heading.index("Ticket")]
        assert [[str(row[place]) for place in places] for row in cells] == rows
        await expect(page.locator("#export [role=status]")).to_have_text("The file is ready.")
        await page.keyboard.press("Escape")

        # One of them, and back.
        await page.get_by_role("link", name="T-0").click()
        await expect(page.get_by_role("heading", name="Ticket T-0")).to_be_visible()
        await expect(page.locator("blockquote")).to_have_text("Слишком долго")
        await page.go_back()

        # A new rating is said, and comes when it is wanted; one that the filter leaves out is not.
        await page.goto(f"{home}/ratings?value_max=2")
        await expect(page.locator("#rows tr")).to_have_count(4)
        async with page.expect_response(lambda answer: "/ratings/new" in answer.url):
            rate(office, "T-good", 5)
        assert not await page.locator("#show-new").is_visible()
        before = await page.locator(".table").bounding_box()
        rate(office, "T-new", 1)
        await page.get_by_role("button", name="1 new or changed rating: show").click()
        assert (await shown(page))[0] == ["1", "T-new"]
        assert await page.locator("#rows tr").count() == 5
        after = await page.locator(".table").bounding_box()
        assert before is not None
        assert after is not None
        assert before["y"] == after["y"], "the table does not jump"
    assert problems == []
