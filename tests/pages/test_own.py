"""What agents see: their own ratings alone, together, without what tells who gave them."""

import re
from typing import Any

import pytest

from ratings.rights import Role
from ratings.store.link_votes import Overrule
from ratings.store.rating_edits import EditRating
from ratings.store.schema import invitations, ratings
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.store.users import ChangeUser, Rights
from ratings.survey import parse_survey, survey_to_dict
from ratings.times import DAY, HOUR, SECOND
from ratings.timing import timing_to_dict
from ratings.votes import VoteState
from tests.pages.office import Office, Person

EMPTY = "Nothing to show yet"


def let_agents_see(
    office: Office, *, to_agents: bool = True, after_ratings: int = 3, after_days: int = 14, edit_window_s: int = 0
) -> None:
    """Set the survey of all."""
    (survey,) = office.parts.store.read_now(load_surveys)
    release = {"to_agents": to_agents, "after_ratings": after_ratings, "after_days": after_days}
    timing = {**timing_to_dict(survey.timing), "edit_window_s": edit_window_s}
    changed = parse_survey({**survey_to_dict(survey), "release": release, "timing": timing})
    office.parts.store.writer.do_now(SaveSurvey(changed, None, "test"))


def rate(office: Office, number: int, value: int, comment: str = "", *, agent: str = "a-1", form: str = "help") -> int:
    """A customer rates what an agent did. Nobody knows their names here."""
    office.world.work()
    of = {"id": agent, "name": agent}
    customer = {"id": f"c-{number}", "name": "Karina"}
    invitation = office.world.close(f"T-{number}", agent=of, form=form, customer=customer).invitation_id
    office.world.work()
    office.world.tap(invitation, value)
    if comment:
        office.world.write(comment)
    return invitation


async def morning(office: Office) -> int:
    """Let the next day begin; return how many ratings were let out."""
    office.clock.forward(DAY)
    return await office.parts.releases.let_out()


async def seen(office: Office, person: Person | None = None) -> str:
    """Return what somebody's page says."""
    page = await (person or office.agent).get("/")
    assert page.status_code == 200
    return page.text


def many(page: str) -> int:
    """How many ratings a page tells of."""
    found = re.search(r'<div class="figure">(\d+)</div>', page)
    return int(found[1]) if found else 0


async def test_ratings_come_out_together_the_next_morning_and_stay_out(office: Office) -> None:
    let_agents_see(office)
    rate(office, 1, 5, "Thanks a lot")
    rate(office, 2, 1, "Call me: +7 926 123-45-67")
    assert await morning(office) == 0
    assert EMPTY in await seen(office)
    last = rate(office, 3, 4)
    assert await office.parts.releases.let_out() == 0  # what came today waits for tomorrow
    assert EMPTY in await seen(office)
    assert await morning(office) == 3
    page = await seen(office)
    assert (many(page), "67%" in page, "Thanks a lot" in page, "Call me: •••" in page) == (3, True, True, True)
    for hidden in ("Karina", "T-1", "926", "555001", "c-1", str(last)):
        assert hidden not in page, hidden

    rate(office, 4, 1, "not yet")
    await morning(office)
    again = await seen(office)
    assert (many(again), "not yet" in again) == (3, False)
    let_agents_see(office, after_ratings=50)  # what is out stays out
    assert many(await seen(office)) == 3
    office.clock.forward(14 * DAY)
    assert await office.parts.releases.let_out() == 1  # long enough
    later = Person(
        office.parts, "agent", office.session("agent", "another")
    )  # nobody used the other session for so long
    assert many(await seen(office, later)) == 4
    await later.client.aclose()


async def test_nothing_moves_after_it_was_let_out_whatever_the_customer_does(office: Office) -> None:
    let_agents_see(office, edit_window_s=DAY // SECOND)
    ids = [rate(office, number, 5, f"said {number}") for number in range(3)]
    office.clock.forward(DAY - HOUR)
    assert await office.parts.releases.let_out() == 0  # they may still be changed
    office.world.tap(ids[0], 1)
    assert await morning(office) == 3
    before = await seen(office)
    assert (many(before), "67%" in before, "said 2" in before) == (3, True, True)
    # A reply to the question is a comment whenever it comes; an agent who sees it come knows whose it is.
    office.clock.forward(HOUR)
    (asked,) = office.world.rows(invitations, id=ids[2])
    office.world.write("so late", reply_to=asked["external_id"])
    assert "so late" in str(office.world.rows(ratings, id=ids[2]))
    assert await seen(office) == before
    await morning(office)
    assert "so late" not in await seen(office)


async def test_words_that_are_edited_stay_for_the_agent_what_they_were(office: Office) -> None:
    let_agents_see(office)
    ids = [rate(office, number, 5) for number in range(3)]
    office.world.write("said first", message_id="m-1")
    assert await morning(office) == 3
    before = await seen(office)
    assert "said first" in before
    for words in ("said otherwise", "said at last"):
        assert office.world.write(words, message_id="m-1", edited=True) == "commented"
        assert words in str(office.world.rows(ratings, id=ids[2]))
        assert await seen(office) == before


async def test_what_was_asked_when_ratings_could_be_changed_for_longer_still_can(office: Office) -> None:
    let_agents_see(office, edit_window_s=3 * DAY // SECOND)
    ids = [rate(office, number, 5) for number in range(3)]
    let_agents_see(office, edit_window_s=0)
    assert await morning(office) == 0
    assert office.world.tap(ids[0], 1) == "changed"
    assert [await morning(office) for _ in range(3)] == [0, 0, 3]
    page = await seen(office)
    assert office.world.tap(ids[0], 5) == "stands"
    assert await seen(office) == page


async def test_only_ones_own_and_only_where_the_survey_lets_it_out(office: Office) -> None:
    let_agents_see(office)
    for number in range(4):
        rate(office, number, 5, "for a-1")
        rate(office, 10 + number, 1, "for a-2", agent="a-2")
    assert await morning(office) == 8
    page = await seen(office)
    assert (many(page), "for a-2" in page) == (4, False)
    writer = office.parts.store.writer
    writer.do_now(ChangeUser(office.ids["agent"], Rights(Role.AGENT, ("sales",), ("a-1",)), False, "test"))
    assert EMPTY in await seen(office)  # none of these is of that form
    writer.do_now(ChangeUser(office.ids["agent"], Rights(Role.AGENT, None, ()), False, "test"))
    assert "under which id" in await seen(office)
    writer.do_now(ChangeUser(office.ids["agent"], Rights(Role.AGENT, None, ("a-1", "a-2")), False, "test"))
    assert many(await seen(office)) == 8
    let_agents_see(office, to_agents=False)
    page = await seen(office)
    assert (EMPTY in page, "No survey shows agents" in page) == (True, True)
    assert await morning(office) == 0
    for other in (office.manager, office.owner):
        assert "What was said of you" not in (await other.get("/")).text


async def test_what_was_taken_back_or_corrected_is_seen_as_it_is_now(office: Office) -> None:
    let_agents_see(office)
    ids = [rate(office, number, 2) for number in range(3)]
    office.clock.forward(HOUR)
    assert await morning(office) == 3
    writer = office.parts.store.writer
    writer.do_now(EditRating(ids[0], 5, "user:owner", "a slip"))
    page = await seen(office)
    assert (many(page), "33%" in page) == (3, True)
    writer.do_now(Overrule(ids[1], VoteState.QUARANTINED, "user:owner", "a program"))
    page = await seen(office)
    assert (many(page), "50%" in page) == (2, True)
    writer.do_now(Overrule(ids[1], VoteState.CONFIRMED, "user:owner", "it was none"))
    assert many(await seen(office)) == 3


@pytest.mark.parametrize("order", [(1, 2, 3), (2, 3, 1)])
async def test_the_order_on_the_page_tells_nothing(local: Office, order: tuple[int, ...]) -> None:
    let_agents_see(local)
    for number in order:
        rate(local, number, max(number, 2), f"said {number}")
        local.clock.forward(HOUR)
    await morning(local)
    said = re.findall(r"said \d", await seen(local))
    assert said == ["said 3", "said 1", "said 2"]


async def test_agents_learn_nothing_from_other_pages(local: Office) -> None:
    let_agents_see(local)
    number = rate(local, 1, 1, "words")
    statuses: dict[str, Any] = {}
    for path in (f"/tickets/{number}", "/ratings", "/agents", "/surveys"):
        statuses[path] = (await local.agent.get(path)).status_code
    assert set(statuses.values()) <= {403, 404}
