"""Above the dashboard: what is left to do, for those who set up; that it is a sample, for all."""

from ratings.sample.plan import Plan
from ratings.store.sample import fill
from tests.conftest import START
from tests.pages.office import Office

HEADING = 'id="first-steps"'


async def test_who_sets_up_sees_what_is_left_until_all_is_done(local: Office) -> None:
    shown = (await local.admin.get("/")).text
    assert HEADING in shown
    assert "2 of 5 done" in shown  # a channel is configured, and the survey is on
    assert '<a href="/settings">Connect a helpdesk</a>' in shown
    assert '<a href="/surveys/default/try">Send yourself a test</a>' in shown
    assert HEADING not in (await local.manager.get("/")).text
    ticket = local.world.close().invitation_id
    assert "3 of 5 done" in (await local.owner.get("/")).text
    local.world.work()
    local.world.tap(ticket, 5)
    assert HEADING not in (await local.owner.get("/")).text


async def test_they_are_put_away_for_all(local: Office) -> None:
    await local.admin.follow(await local.admin.post("/first-steps"))
    assert HEADING not in (await local.owner.get("/")).text


async def test_a_sample_says_that_it_is_one(local: Office) -> None:
    assert "made up" not in (await local.manager.get("/")).text
    fill(local.parts.store.writer, Plan(1_200, 1, START), by="cli")
    for person in (local.manager, local.owner):
        assert "everything of the helpdesk “sample” was made up, 1,200 closings of it." in (await person.get("/")).text
    assert "2 of 5 done" in (await local.owner.get("/")).text
