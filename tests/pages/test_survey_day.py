"""An admin's first day in a real browser: first start, a text with its preview, the switch, a test message, back to how it was."""

import re
import socket
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from bot.assembly import Parts, listening, running
from bot.web.pages.surveys import trying
from ratings.store.results import Done
from ratings.store.surveys import load_surveys
from ratings.store.users import MakeSetupLink, hash_secret
from ratings.survey import Survey
from ratings.times import MINUTE
from tests.api.service import make_parts
from tests.browser import faultless_page
from tests.conftest import Clock
from tests.pages.office import PASSWORD
from tests.store.world import ACCOUNT, World


@pytest.fixture
async def started(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[tuple[Parts, str]]:
    """A service that was just installed, on a port of loopback; nobody is let in yet."""
    assert browser.is_connected()
    parts = make_parts(sqlite_url, clock, max_body=65_536)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with running(parts, work=False), listening(parts, [bound]):
            parts.store.writer.do_now(MakeSetupLink(hash_secret("first")))
            yield parts, f"http://127.0.0.1:{bound.getsockname()[1]}"


def survey(parts: Parts) -> Survey:
    (found,) = parts.store.read_now(load_surveys)
    return found


async def test_an_admins_first_day(
    browser: Browser, started: tuple[Parts, str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "TEST_SECONDS", 0.0)
    parts, home = started
    world = World(parts.store, clock)
    async with faultless_page(browser, f"{home}/setup/first") as page:
        await page.get_by_label("Name").fill("boss")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button").last.click()
        await page.get_by_role("link", name="Surveys").click()
        await page.get_by_role("link", name="Default").click()
        await expect(page.get_by_text("All its words are the built-in ones.")).to_be_visible()

        await _write_a_text(page)
        assert survey(parts).texts == {"ru": {"question": "Ну как, {customer.name}?"}}

        await _add_and_remove_a_condition(page)
        assert survey(parts).ask_when is None

        world.close("T-1", talk_s=5, form="sales")
        clock.forward(MINUTE)
        await _bind(page)
        assert survey(parts).forms == ("sales",)

        await page.get_by_role("link", name="Rules", exact=True).click()
        await _rehearse(page)

        page.once("dialog", lambda asked: asked.accept())
        await page.get_by_role("link", name="In short").click()
        switch = page.get_by_role("switch")
        await switch.focus()
        await page.keyboard.press("Space")
        await expect(page.get_by_role("status")).to_contain_text("is off: nobody is asked from now on.")
        await expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
        assert world.close("T-off", form="sales").reason == "survey_off"
        await page.get_by_role("switch").click()
        await expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")

        await page.get_by_role("link", name="Try it").click()
        await page.get_by_label("Your address there").fill("777")
        await page.get_by_role("button", name="Send it").click()
        await expect(page.get_by_text("It is queued.")).to_be_visible()
        (job,) = [each for each in world.claim() if each.address == "777"]
        assert "Ну как" in job.detail
        world.finish(job, Done("1"))
        await page.get_by_role("link", name="Look again").click()
        await expect(page.get_by_text(f"{ACCOUNT} took it.")).to_be_visible()

        await page.get_by_role("link", name="Versions").click()
        await page.get_by_role("row", name=re.compile("version 1 ")).get_by_role("button", name="Restore").click()
        await expect(page.get_by_role("status")).to_contain_text("Version 1 is restored")
        await expect(page.locator("del", has_text="Ну как")).to_be_visible()
    assert (survey(parts).texts, survey(parts).enabled) == ({}, True)


async def _write_a_text(page: Page) -> None:
    """Write the question: the preview follows, and says what cannot be said; then save."""
    await page.get_by_role("link", name="Texts", exact=True).click()
    preview = page.locator("#preview")
    await expect(preview.get_by_role("button", name="Show")).to_be_hidden()
    question = page.get_by_label("Question", exact=True)
    await question.fill("Ну как, {customer.name}?")
    await expect(preview.get_by_text("Ну как, Maria?")).to_be_visible()
    await question.fill("Ну как, {customer}?")
    await expect(preview.get_by_text("What is typed cannot be said yet:")).to_be_visible()
    await question.press("ControlOrMeta+a")
    await question.fill("Ну как, {customer.name}?")
    await expect(preview.get_by_text("Ну как, Maria?")).to_be_visible()
    await page.get_by_role("button", name="Save").last.click()
    await expect(page.get_by_role("status")).to_contain_text("Saved as version 2.")


async def _add_and_remove_a_condition(page: Page) -> None:
    """A condition comes and goes by its buttons, and Enter in a field saves instead of pressing one of them."""
    await page.get_by_role("link", name="Rules", exact=True).click()
    await page.get_by_role("group", name="Ask only when").get_by_role("button", name="Add a condition").click()
    own = page.get_by_label("Name of the desk's field")
    await expect(own).to_be_hidden()
    await page.get_by_label("What is looked at").select_option("fields.")
    await expect(own).to_be_visible()
    await page.get_by_role("button", name="Take away condition 1").click()
    await expect(own).to_have_count(0)
    await page.get_by_label(re.compile("^No customer is asked")).fill("7")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Saved as version 3.")


async def _bind(page: Page) -> None:
    """What was seen so far is bound to by a click, and is not lost by leaving the page by mistake."""
    await page.get_by_role("link", name="General").click()
    await page.get_by_role("button", name="sales").click()
    await expect(page.get_by_label("Forms, queues, lines")).to_have_value("sales")
    page.once("dialog", lambda asked: asked.dismiss())
    await page.get_by_role("link", name="Timing").click()
    await expect(page.get_by_label("Forms, queues, lines")).to_have_value("sales")
    await page.get_by_role("button", name="Save").last.click()
    await expect(page.get_by_role("status")).to_contain_text("Saved as version 4.")


async def _rehearse(page: Page) -> None:
    """A rehearsal is told beside the rules, and what is typed stays."""
    least = page.get_by_label(re.compile("^Only calls with at least"))
    await least.fill("30")
    await page.get_by_role("button", name="Rehearse").click()
    await expect(page.locator("#rehearsal")).to_contain_text("Of 1 closing in that time.")
    await expect(least).to_have_value("30")
