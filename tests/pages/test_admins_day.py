"""An admin's day in a real browser: an account is held, what waits is told why, a job that failed is put back, a customer is erased."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from ratings.store.results import Failed
from ratings.store.sessions import SignOut
from ratings.store.users import list_users
from tests.conftest import Clock
from tests.pages.office import Office
from tests.pages.serving import served_office
from tests.store.world import ACCOUNT


@pytest.fixture
async def served(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[tuple[Office, str]]:
    """The service on a port of loopback, with a prompt that failed and one that waits."""
    assert browser.is_connected()
    async with served_office(sqlite_url, clock) as (office, home):
        office.world.close("T-failed", customer={"id": "c-1", "name": "Ann"})
        (job,) = office.world.claim()
        office.world.finish(job, Failed("rejected", again=False, text="message is too long", platform_code="400"))
        office.world.close("T-waits", address={"channel": ACCOUNT, "id": "77"})
        yield office, home


async def test_an_admin_stops_an_account_mends_it_and_lets_it_go_on(
    browser: Browser, served: tuple[Office, str]
) -> None:
    office, home = served
    async with await browser.new_context(locale="en-US") as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-admin", "url": home}])
        page = await context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(f"{home}/settings")
        await page.get_by_role("link", name="Channels and desks").click()
        card = page.locator("section.card", has_text=ACCOUNT)
        await expect(card).to_contain_text("It will not take this as it is")
        await card.get_by_role("link", name="Hold…").click()
        await page.get_by_role("button", name="Hold it").click()
        await expect(page.get_by_role("status")).to_contain_text("is held: nothing is sent by it")
        assert office.world.work() == []
        # What failed is looked at while nothing can go out, and put back.
        await card.get_by_role("link", name="1 failed job").click()
        await expect(page.get_by_role("heading", name="1 job: the question to a customer")).to_be_visible()
        await page.get_by_role("button", name="Put all back").click()
        await expect(page.get_by_role("heading", name="Nothing failed")).to_be_visible()
        await page.get_by_role("link", name="Where the channels and desks stand").click()
        await expect(card).to_contain_text("2 messages")
        await card.get_by_role("button", name="Release").click()
        await expect(card.get_by_text("works")).to_be_visible()
        assert len(office.world.work()) == 2
        # Who wants to be forgotten is, once the id is typed again.
        await page.get_by_role("link", name="Customers' data").click()
        await page.get_by_label("Customer's id").fill("c-1")
        await page.get_by_role("button", name="Look for them").click()
        await page.get_by_label("Type c-1 once more").fill("c-1")
        await page.get_by_role("button", name="Erase for good").click()
        await expect(page.get_by_role("status")).to_contain_text("Erased: 1 ticket.")
        await page.get_by_role("link", name="Audit log").click()
        await expect(page.locator("tbody tr").first).to_contain_text("customer")
        assert "Ann" not in await page.content()


async def test_a_double_click_lets_in_one_and_a_session_that_ends_loses_nothing(
    browser: Browser, served: tuple[Office, str]
) -> None:
    office, home = served
    async with await browser.new_context(locale="en-US") as context:
        await context.add_cookies([{"name": "tapfive", "value": "secret-of-admin", "url": home}])
        page = await context.new_page()
        await page.goto(f"{home}/settings/users")
        await page.get_by_role("textbox", name="Name").fill("ann")
        await page.get_by_role("button", name="Let in").dblclick()
        await expect(page.get_by_role("heading", name="ann may sign in now")).to_be_visible()  # with the password

        await page.goto(f"{home}/settings/users")
        await page.get_by_role("textbox", name="Name").fill("bob")
        await page.get_by_label("Forms that they may see").fill("sales\nhelp")
        office.parts.store.writer.do_now(SignOut(office.ids["admin"]))
        await page.get_by_role("button", name="Let in").click()
        await expect(page.get_by_role("heading", name="You were signed out meanwhile")).to_be_visible()
        await context.add_cookies([{"name": "tapfive", "value": office.session("admin", "again"), "url": home}])
        await page.get_by_role("button", name="Send it").click()
        await expect(page.get_by_role("heading", name="You signed in meanwhile")).to_be_visible()
        await page.get_by_role("button", name="Send it").click()
        await expect(page.get_by_role("heading", name="bob may sign in now")).to_be_visible()
        (bob,) = [user for user in office.parts.store.read_now(list_users) if user.name == "bob"]
        assert bob.forms == ("sales", "help")

        # A preview of a page whose session is over stays what it was: the sign-in is not put into it.
        await page.goto(f"{home}/surveys/default/texts")
        office.parts.store.writer.do_now(SignOut(office.ids["admin"]))
        async with page.expect_response("**/preview") as told:
            await page.locator("#editor textarea").first.fill("Well?")
        assert (await told.value).status == 401
        await expect(page.locator("#preview.stale")).to_have_count(1)
        await expect(page.locator("#preview #login")).to_have_count(0)
