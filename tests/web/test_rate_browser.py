"""The rating page as people and programs use it, in a real browser: what is sent, when, and what never is."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Route, expect

from bot.web.rate.nonces import PAGE_LIFE
from tests.web.conftest import Visit

SAVED = "Your rating is saved."
UNSAVED = "Not saved yet. Please press the button."
WATCHED = 2_000
SETTLES = 400
HIDDEN = """
  let seen = "hidden";
  Object.defineProperty(Document.prototype, "visibilityState", { get: () => seen });
  window.show = (state) => { seen = state; document.dispatchEvent(new Event("visibilitychange")); };
"""
PRERENDERING = """
  let ahead = true;
  Object.defineProperty(Document.prototype, "prerendering", { get: () => ahead });
  window.activate = () => { ahead = false; document.dispatchEvent(new Event("prerenderingchange")); };
"""


async def test_without_javascript_the_form_does_everything(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", java_script_enabled=False)
    page, site = visitor.page, visitor.site
    await expect(page.get_by_role("radio", name="Good")).to_be_checked()
    await page.get_by_text("Bad", exact=True).click()
    await page.get_by_role("textbox").fill("It took a week")
    await page.get_by_role("button", name="Send rating").click()
    await expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
    assert page.url.partition("?")[0] == f"{visitor.home}/r/{site.token}"
    assert [(value, kind) for value, _, kind in site.votes()] == [(2, "comment")]
    assert site.page().comment == "It took a week"
    await page.reload()
    assert len(site.votes()) == 1
    await page.get_by_text("Change rating").click()
    await page.get_by_role("button", name="Withdraw my rating").click()
    await expect(page.get_by_text("Your rating has been withdrawn.")).to_be_visible()
    assert site.page().value is None


async def test_the_first_touch_of_a_person_confirms_the_linked_value(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    status = page.locator("#status")
    await expect(status).to_have_attribute("aria-live", "polite")
    await page.locator("main").click(position={"x": 5, "y": 5})
    await expect(status).to_have_text(SAVED)
    await page.locator("main").click(position={"x": 5, "y": 5})
    await page.get_by_role("textbox").press_sequentially("ok")
    await page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == [("gesture", "4")]
    assert visitor.site.votes() == [(4, "confirmed", "gesture")]
    await page.get_by_role("button", name="Send rating").click()
    await expect(page.get_by_text("Your words have been passed on")).to_be_visible()
    assert visitor.site.page().comment == "ok"


async def test_a_key_is_a_touch_too(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    await visitor.page.keyboard.press("PageDown")
    await expect(visitor.page.locator("#status")).to_have_text(SAVED)
    assert await visitor.settled() == [("gesture", "4")]


async def test_events_that_a_script_makes_up_are_no_touch(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    await visitor.page.evaluate(
        """() => {
          const all = [new PointerEvent("pointerdown", { bubbles: true }), new Event("touchstart", { bubbles: true }),
            new KeyboardEvent("keydown", { bubbles: true, key: "a" }), new PointerEvent("pointercancel", { bubbles: true })];
          for (const event of all) document.querySelector("main").dispatchEvent(event);
          const other = document.querySelector("input[value='1']");
          other.closest("label").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
          document.querySelector("input[value='4']").dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    await visitor.page.clock.run_for(WATCHED - 1)
    assert await visitor.settled() == []


async def test_a_page_that_nobody_touches_says_so_once_after_two_seconds(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    await page.clock.run_for(WATCHED - 1)
    assert await visitor.settled() == []
    await page.clock.run_for(1)
    assert await visitor.settled() == [("auto", "4")]
    await page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == [("auto", "4")]
    await expect(page.locator("#status")).to_be_empty()
    assert visitor.site.votes() == [(4, "provisional", "auto")]
    await page.locator("main").click(position={"x": 5, "y": 5})
    await expect(page.locator("#status")).to_have_text(SAVED)
    assert visitor.site.page().value == 4


@pytest.mark.parametrize("path", ["/r/TOKEN", "/r/TOKEN/0", "/r/TOKEN/77"])
async def test_a_link_without_a_value_sends_nothing_by_itself_or_by_a_touch(visit: Visit, path: str) -> None:
    visitor = await visit(path, stopped=True)
    await visitor.page.locator("main").click(position={"x": 5, "y": 5})
    await visitor.page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == []


async def test_a_hidden_tab_sends_nothing_until_it_has_been_seen_for_two_seconds(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True, script=HIDDEN)
    page = visitor.page
    await page.clock.run_for(10 * WATCHED)
    await page.evaluate("show('visible')")
    await page.clock.run_for(WATCHED - 1)
    await page.evaluate("show('hidden')")
    await page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == []
    await page.evaluate("show('visible')")
    await page.clock.run_for(WATCHED)
    assert await visitor.settled() == [("auto", "4")]


async def test_a_page_that_is_made_ahead_waits_until_somebody_comes(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True, script=PRERENDERING)
    await visitor.page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == []
    await visitor.page.evaluate("activate()")
    await visitor.page.clock.run_for(WATCHED)
    assert await visitor.settled() == [("auto", "4")]


async def test_choosing_another_value_never_sends_the_old_one(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    bad = await page.get_by_text("Bad", exact=True).bounding_box()
    assert bad
    await page.mouse.move(bad["x"] + 5, bad["y"] + 5)
    await page.mouse.down()
    await page.clock.run_for(10 * WATCHED)  # a long press
    assert await visitor.settled() == []
    await page.mouse.up()
    await page.clock.run_for(SETTLES)
    await expect(page.locator("#status")).to_have_text(SAVED)
    await page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == [("gesture", "2")]
    assert [(value, kind) for value, _, kind in visitor.site.votes()] == [(2, "gesture")]


async def test_of_several_choices_in_a_row_the_last_is_meant(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    for label in ("Very bad", "Bad", "Okay", "Excellent"):
        await page.get_by_text(label, exact=True).click()
        await page.clock.run_for(SETTLES - 1)
    await page.clock.run_for(1)
    assert await visitor.settled() == [("gesture", "5")]
    await page.get_by_text("Very bad", exact=True).click()
    await page.get_by_role("button", name="Send rating").click()
    await expect(page.get_by_text("Your rating: Very bad.")).to_be_visible()
    assert visitor.sent == [("gesture", "5"), ("button", "1")]


async def test_a_choice_is_not_lost_when_the_tab_is_left_at_once(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    await visitor.page.get_by_text("Excellent", exact=True).click()
    writer, queued = visitor.site.parts.store.writer, asyncio.Event()
    put = writer._put

    def put_and_tell(operation: Any) -> None:
        put(operation)
        queued.set()

    monkeypatch.setattr(writer, "_put", put_and_tell)
    await visitor.page.goto(f"{visitor.home}/healthz")
    await asyncio.wait_for(queued.wait(), 20)
    visitor.site.world.number()  # waits its turn behind it
    assert [(value, kind) for value, _, kind in visitor.site.votes()] == [(5, "gesture")]


async def test_a_finger_that_scrolls_over_another_choice_does_not_choose_it(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True, viewport={"width": 320, "height": 400}, has_touch=True)
    page = visitor.page
    box = await page.get_by_text("Bad", exact=True).bounding_box()
    assert box
    session = await page.context.new_cdp_session(page)
    x, y = box["x"] + 20, box["y"] + 5
    await session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 8):
        point = {"x": x, "y": y - 15 * step}
        await session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await expect(page.locator("#status")).to_have_text(SAVED)
    await page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == [("gesture", "4")]


async def test_a_tap_on_a_choice_is_the_rating(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True, viewport={"width": 320, "height": 640}, has_touch=True)
    await visitor.page.get_by_text("Okay", exact=True).tap()
    await visitor.page.clock.run_for(SETTLES)
    await expect(visitor.page.locator("#status")).to_have_text(SAVED)
    assert await visitor.settled() == [("gesture", "3")]


async def test_arrow_keys_choose_and_send_nothing(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    await page.get_by_role("radio", name="Good").focus()
    for key in ("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowLeft", "Space", "Shift", "Tab", "Shift+Tab", "Escape"):
        await page.keyboard.press(key)
        await page.clock.run_for(SETTLES)
    await page.clock.run_for(10 * WATCHED)
    assert await visitor.settled() == []
    await expect(page.get_by_role("radio", name="Bad", exact=True)).to_be_checked()


async def test_everything_can_be_done_by_keyboard_alone(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("radio", name="Good")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Tab")
    await page.keyboard.type("so so")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Send rating")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Your rating: Okay.")).to_be_visible()
    assert {value for _, value in visitor.sent} == {"3"}
    # The link that led here, to 4, is no sibling of what was picked on its page.
    assert (visitor.site.page().value, visitor.site.page().comment) == (3, "so so")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # the summary of the change
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Your rating: Good.")).to_be_visible()
    assert visitor.sent[-1] == ("button", "4")


async def test_a_language_is_switched_without_a_vote(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    await page.get_by_role("link", name="Polski").click()
    await expect(page.get_by_role("heading", name="Jak sobie poradziliśmy?")).to_be_visible()
    await expect(page.get_by_role("radio", name="Dobrze", exact=True)).to_be_checked()
    assert visitor.sent == []
    await page.get_by_role("button", name="Wyślij ocenę").click()
    await expect(page.get_by_text("Państwa ocena: Dobrze.")).to_be_visible()


async def test_what_was_not_saved_says_so_and_the_next_touch_tries_again(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page, status = visitor.page, visitor.page.locator("#status")

    async def busy(route: Route) -> None:
        await (route.fulfill(status=503) if route.request.method == "POST" else route.continue_())

    async def gone(route: Route) -> None:
        await (route.abort() if route.request.method == "POST" else route.continue_())

    for trouble in (busy, gone):
        await page.route("**/r/*", trouble)
        await page.locator("main").click(position={"x": 5, "y": 5})
        await expect(status).to_have_text(UNSAVED)
        await page.unroute("**/r/*")
    await page.locator("main").click(position={"x": 5, "y": 5})
    await expect(status).to_have_text(SAVED)
    assert visitor.site.votes() == [(4, "confirmed", "gesture")]


async def test_a_page_that_was_open_too_long_keeps_everything(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", stopped=True)
    page = visitor.page
    visitor.site.clock.forward(PAGE_LIFE)
    await page.get_by_role("textbox").fill("half a day later")
    await page.locator("main").click(position={"x": 5, "y": 5})
    await expect(page.locator("#status")).to_have_text(UNSAVED)
    await page.get_by_role("button", name="Send rating").click()
    await expect(page.get_by_role("alert")).to_contain_text("This page was open for too long.")
    await expect(page.get_by_role("textbox")).to_have_value("half a day later")
    await expect(page.get_by_role("radio", name="Good")).to_be_checked()
    await page.get_by_role("button", name="Send rating").click()
    await expect(page.get_by_text("Your rating: Good.")).to_be_visible()
    assert visitor.site.page().comment == "half a day later"


async def test_after_a_vote_a_person_can_comment_change_and_say_how_often(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", java_script_enabled=False)
    page, site = visitor.page, visitor.site
    await page.get_by_role("button", name="Send rating").click()
    await page.get_by_role("textbox").fill("One more thing")
    await page.get_by_role("button", name="Send comment").click()
    await expect(page.get_by_text("Your words have been passed on")).to_be_visible()
    assert (site.page().value, site.page().comment) == (4, "One more thing")
    for button, said in (
        ("Ask me less often", "no more than once in 90 days"),
        ("Do not ask me at this address", "we will not ask you for a rating again"),
        ("Do not ask me anywhere", "we will not ask you for a rating again"),
    ):
        await page.get_by_text("Do we ask too often?").click()
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("status")).to_contain_text(said)
        await page.get_by_role("button", name="Ask me again").click()
    assert not site.page().opted_out
    await visitor.open("/u/TOKEN")
    await page.get_by_role("button", name="Do not ask me at this address").click()
    await expect(page.get_by_role("status")).to_contain_text("we will not ask you for a rating again")
    assert site.page().opted_out
