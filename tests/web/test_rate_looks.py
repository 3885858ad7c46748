"""Every state of the pages: readable for everybody, on a phone, in the dark, enlarged, in each language."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped] # it ships no types
from playwright.async_api import expect

from ratings.store.pages import SetAsking
from ratings.times import DAY
from tests.web.browsing import PHONE, Visitor
from tests.web.conftest import Visit
from tests.web.site import Site

# No transitions: a colour that is still on its way is neither the day's nor the night's.
LIGHT = {"color_scheme": "light", "reduced_motion": "reduce"}
LONG = "Ein sehr langes Wort: Rechtsschutzversicherungsgesellschaften"[:40]


async def _asked(_site: Site) -> str:
    return "/r/TOKEN/4"


async def _nothing_chosen(_site: Site) -> str:
    return "/r/TOKEN"


async def _thanked(site: Site) -> str:
    await site.post(value=4)
    return "/r/TOKEN"


async def _commented(site: Site) -> str:
    await site.post(value=1, comment="words")
    return "/r/TOKEN"


async def _another_link(site: Site) -> str:
    await site.post(value=4)
    return "/r/TOKEN/2"


async def _withdrawn(site: Site) -> str:
    await site.post(value=4)
    await site.post(act="withdraw")
    return "/r/TOKEN"


async def _opted_out(site: Site) -> str:
    await site.post(value=4)
    site.parts.store.writer.do_now(SetAsking(site.invitation, "never"))
    return "/r/TOKEN"


async def _resting(site: Site) -> str:
    site.parts.store.writer.do_now(SetAsking(site.invitation, "less"))
    return "/r/TOKEN"


async def _final(site: Site) -> str:
    await site.post(value=4)
    site.clock.forward(2 * DAY)
    return "/r/TOKEN"


async def _expired(site: Site) -> str:
    site.clock.forward(40 * DAY)
    return "/r/TOKEN/5"


async def _unknown(_site: Site) -> str:
    return "/r/nonsense"


async def _stopping(_site: Site) -> str:
    return "/u/TOKEN"


async def _stopped(site: Site) -> str:
    site.parts.store.writer.do_now(SetAsking(site.invitation, "never_here"))
    return "/u/TOKEN"


STATES = (
    _asked,
    _nothing_chosen,
    _thanked,
    _commented,
    _another_link,
    _withdrawn,
    _opted_out,
    _resting,
    _final,
    _expired,
    _unknown,
    _stopping,
    _stopped,
)


async def flaws(visitor: Visitor) -> list[str]:
    """What axe finds that is serious or worse, and what is wider than the window."""
    await visitor.page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    if await visitor.page.evaluate("() => !window.axe"):
        await visitor.page.evaluate(Axe().axe_script)
    violations: list[dict[str, Any]] = await visitor.page.evaluate(
        "() => axe.run({ resultTypes: ['violations'] }).then((found) => found.violations)"
    )
    found = [
        f"{each['id']} ({each['impact']}): {node['html']}"
        for each in violations
        if each["impact"] in {"serious", "critical", "moderate"}
        for node in each["nodes"]
    ]
    if too_wide := await visitor.overflow():
        found.append(f"{too_wide} px too wide")
    return found


async def flaws_in_the_dark(visitor: Visitor) -> list[str]:
    """The same of the page as it stands, once its reader wants the night's colours."""
    await visitor.page.emulate_media(color_scheme="dark")
    return await flaws(visitor)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_every_state_can_be_read_by_everybody(visit: Visit, state: Any) -> None:
    visitor = await visit(viewport=PHONE, **LIGHT)
    await visitor.open(await state(visitor.site))
    found = [await flaws(visitor), await flaws_in_the_dark(visitor)]
    await visitor.page.emulate_media(color_scheme="light", forced_colors="active")
    await visitor.page.set_viewport_size({"width": 1000, "height": 700})
    await visitor.page.reload()
    # Forced colours are the system's: there the layout is looked at, and what axe says is known from the other two.
    assert [*found, await visitor.overflow()] == [[], [], 0]


async def test_a_refused_form_can_be_read_by_everybody(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", viewport=PHONE, **LIGHT)
    await visitor.page.evaluate("() => { document.querySelector('[name=nonce]').value = 'forged'; }")
    await visitor.page.get_by_role("button", name="Send rating").click()
    await expect(visitor.page.get_by_role("alert")).to_be_visible()
    assert [await flaws(visitor), await flaws_in_the_dark(visitor)] == [[], []]


def scale(count: int, labels: bool) -> dict[str, object]:
    """Choices with the longest words that there may be, or none."""
    choices = [
        {
            "value": value,
            "symbol": "👩‍👩‍👧‍👦" * (value == 2) or str(value),
            "satisfied": value * 2 > count,
            "labels": {"en": f"{value} {LONG}"[:40]} if labels else {},
        }
        for value in range(1, count + 1)
    ]
    return {"name": f"of {count}", "choices": choices}


@pytest.mark.parametrize("reverse", [False, True])
async def test_every_size_of_scale_fits_every_window(visit: Visit, reverse: bool) -> None:
    visitor = await visit(viewport=PHONE)
    page = visitor.page
    for count in (3, 7, 10) if reverse else (2, 5, 10):
        visitor.site.change_survey(scale=scale(count, labels=count % 2 == 0), reverse=reverse)
        address = {"channel": "telegram.support", "id": f"8{count}"}
        visitor.site.ask(f"S-{count}", customer={"id": f"s-{count}", "language": "en"}, address=address)
        await visitor.open(f"/r/TOKEN/{count}")
        boxes = page.locator(".choice")
        await expect(boxes).to_have_count(count)
        await expect(page.locator(f"input[value='{count}']")).to_be_checked()
        values = await page.locator("input[name=value]").evaluate_all("(all) => all.map((one) => Number(one.value))")
        assert values == (list(range(count, 0, -1)) if reverse else list(range(1, count + 1)))
        for width in (320, 600, 1280):
            await page.set_viewport_size({"width": width, "height": 640})
            assert await (flaws(visitor) if width == 320 else visitor.overflow()) in ([], 0), (count, width)
            for box in await boxes.all():
                size = await box.bounding_box()
                assert size
                assert min(size["width"], size["height"]) >= 44


@pytest.mark.parametrize("language", ["ru", "pl"])  # the longest words of the four
async def test_long_languages_fit_a_small_phone_with_letters_of_twice_the_size(visit: Visit, language: str) -> None:
    visitor = await visit(viewport=PHONE)
    for path in ("/r/TOKEN/4", "/r/TOKEN", "/u/TOKEN"):
        await visitor.open(f"{path}?lang={language}")
        assert await visitor.page.locator("html").get_attribute("lang") == language
        assert await flaws(visitor) == []
        await visitor.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        assert await visitor.overflow() == 0
        await visitor.site.post(value=4)


async def test_the_focus_is_seen_and_nothing_moves_for_those_who_want_no_motion(visit: Visit) -> None:
    visitor = await visit("/r/TOKEN/4", reduced_motion="reduce")
    page = visitor.page
    assert await page.locator(".choice").first.evaluate("(one) => getComputedStyle(one).transitionDuration") == "0s"
    for selector in (".choice:has(input:checked)", "textarea", "button.main", "nav a"):
        await page.keyboard.press("Tab")
        focused = page.locator(selector).first
        assert await focused.evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
        assert await focused.evaluate("(one) => parseFloat(getComputedStyle(one).outlineWidth)") >= 2


async def test_the_page_has_the_roles_that_a_screen_reader_tells(visit: Visit) -> None:
    page = (await visit("/r/TOKEN/4")).page
    group = page.get_by_role("group", name="How did we do?")
    await expect(group.get_by_role("radio")).to_have_count(5)
    for label in ("Very bad", "Bad", "Okay", "Good", "Excellent"):
        await expect(group.get_by_role("radio", name=label, exact=True)).to_have_count(1)
    await expect(page.get_by_role("textbox", name="A few words, if you like")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Language").get_by_role("link")).to_have_count(4)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
