"""A desk that renders its own closing notice: one decision, made then, and found by the closing that is reported later."""

import pytest

from ratings.store.closings import DeskReport
from ratings.store.earlier import Decided
from ratings.store.results import Done
from ratings.store.schema import events, invitations, jobs
from ratings.ticket import parse_ticket
from ratings.times import DAY, HOUR, MINUTE, SECOND, format_instant
from tests.conftest import Clock
from tests.store.links import TIMINGS, change_survey, counting_value, settle_until, state, vote
from tests.store.world import ACCOUNT, World


def rendered(
    world: World,
    ticket_id: str = "T-1",
    *,
    accounts: frozenset[str] | None = None,
    notices: str | None = None,
    **more: object,
) -> Decided:
    """Ask what to put into the notice."""
    ticket = parse_ticket(world.ticket(ticket_id, **more), now=world.clock())
    report = DeskReport(ticket, world.accounts if accounts is None else accounts, rendered=True, notices=notices)
    decided = world.store.writer.do_now(report)
    assert isinstance(decided, Decided)
    return decided


def awaits(world: World, number: int) -> bool:
    (row,) = world.rows(invitations, id=number)
    return bool(row["awaits_closing"])


def test_who_gets_the_notice_is_asked_at_once_and_by_nothing_else(world: World, clock: Clock) -> None:
    decided = rendered(world)
    assert (decided.decision, decided.due_at, decided.new) == ("ask", clock(), True)
    (row,) = world.rows(invitations)
    assert (row["state"], row["asked_at"], row["accepted_at"], row["delivery"]) == (
        "asked",
        clock(),
        clock(),
        "accepted",
    )
    assert world.work() == []
    assert [event["type"] for event in world.rows(events)] == ["invitation.asked"]
    assert [job["kind"] for job in world.rows(jobs)] == ["lapse"]


def test_a_delay_of_the_survey_does_not_hold_a_notice(world: World, clock: Clock) -> None:
    change_survey(world, timing={"delay_s": 3600})
    decided = rendered(world)
    assert (state(world, decided.invitation_id), decided.due_at) == ("asked", clock())


def test_the_time_of_a_reader_runs_from_the_notice(world: World, clock: Clock) -> None:
    number = rendered(world).invitation_id
    clock.forward(TIMINGS.min_age - 1)
    vote(world, number, 4)
    assert counting_value(world, number) is None
    settle_until(world, clock, clock() + TIMINGS.settle)
    assert counting_value(world, number) == 4


@pytest.mark.parametrize("closing", [None, "c1"])
def test_rendering_again_finds_what_was_decided(world: World, clock: Clock, closing: str | None) -> None:
    first = rendered(world, closing_id=closing)
    clock.forward(MINUTE)
    again = rendered(world, closing_id=closing)
    assert (again.invitation_id, again.decision, again.new) == (first.invitation_id, "ask", False)
    assert len(world.rows(invitations)) == 1


@pytest.mark.parametrize("rendered_as", [None, "c1"])
@pytest.mark.parametrize("closed_as", [None, "c1", "c2"])
def test_the_closing_reported_later_is_the_one_of_the_notice(
    world: World, clock: Clock, rendered_as: str | None, closed_as: str | None
) -> None:
    first = rendered(world, closing_id=rendered_as)
    assert awaits(world, first.invitation_id)
    clock.forward(HOUR)
    for _ in range(2):  # and when it is reported again
        closed = world.close(closing_id=closed_as, closed_at=format_instant(clock.now - HOUR))
        assert (closed.invitation_id, closed.decision, closed.new) == (first.invitation_id, "ask", False)
    assert not awaits(world, first.invitation_id)
    assert world.work() == [], "nobody is asked a second time"


def test_a_notice_rendered_once_more_after_the_answer_awaits_no_other_closing(world: World, clock: Clock) -> None:
    closed_at = format_instant(clock() - MINUTE)
    number = rendered(world, closed_at=closed_at).invitation_id
    world.close(closing_id="c1", closed_at=closed_at)
    clock.forward(MINUTE)
    vote(world, number, 5)
    assert rendered(world, closed_at=closed_at).invitation_id == number
    clock.forward(HOUR)
    assert world.close(closing_id="c2").decision == "ask"


def test_a_skip_stays_a_skip_for_the_closing_reported_later(world: World, clock: Clock) -> None:
    first = rendered(world, address=None)
    assert (first.decision, first.reason) == ("skip", "no_address")
    clock.forward(MINUTE)
    closed = world.close(closing_id="later")  # with an address now
    assert (closed.invitation_id, closed.decision, closed.reason) == (first.invitation_id, "skip", "no_address")
    assert world.work() == []
    assert world.close(closing_id="later").invitation_id == first.invitation_id
    clock.forward(MINUTE)
    assert world.close(closing_id="another").decision == "ask", "it was about one closing"


def test_who_answers_before_the_closing_is_reported_is_not_asked_about_it(world: World, clock: Clock) -> None:
    number = rendered(world).invitation_id
    clock.forward(MINUTE)
    vote(world, number, 5)
    clock.forward(MINUTE)
    closed = world.close(closing_id="c1")
    assert (closed.invitation_id, closed.new) == (number, False)
    clock.forward(HOUR)
    again = world.close(closing_id="c2")
    assert again.new
    assert again.invitation_id != number


def test_a_reopen_ends_the_wait(world: World, clock: Clock) -> None:
    number = rendered(world).invitation_id
    clock.forward(MINUTE)
    assert world.reopen() == 1
    assert (state(world, number), awaits(world, number)) == ("cancelled", False)
    clock.forward(HOUR)
    closed = world.close(closing_id="c2")
    assert (closed.decision, closed.new) == ("ask", True)


def test_a_reopen_after_an_answer_ends_the_wait_too(world: World, clock: Clock) -> None:
    number = rendered(world).invitation_id
    clock.forward(MINUTE)
    vote(world, number, 5)
    world.reopen()
    assert (state(world, number), awaits(world, number)) == ("answered", False)
    clock.forward(2 * MINUTE)
    assert world.close(closing_id="c2").new


def test_an_older_reopen_does_not_end_it(world: World, clock: Clock) -> None:
    number = rendered(world).invitation_id
    assert world.reopen(at=clock() - HOUR) == 0
    assert awaits(world, number)


def test_a_closing_asked_before_is_the_notice_s_as_well(world: World, clock: Clock) -> None:
    """The desk reports first and renders then: both are one closing, and the prompt does not go out beside the notice twice."""
    number = world.close(closing_id="c1").invitation_id
    clock.forward(SECOND)
    assert rendered(world, closing_id="c1").invitation_id == number
    assert rendered(world).invitation_id == number
    assert not awaits(world, number)


def test_reminders_go_by_the_account_where_there_is_one(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [86400]})
    rendered(world)
    clock.forward(DAY)
    (reminder,) = world.claim()
    assert reminder.kind == "reminder"
    world.finish(reminder, Done(external_id="m1"))


def test_without_an_account_there_is_no_reminder_and_it_still_lapses(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [86400]})
    decided = rendered(world, accounts=frozenset(), notices=ACCOUNT)
    assert decided.decision == "ask"
    assert [job["kind"] for job in world.rows(jobs)] == ["lapse"]
    clock.forward(8 * DAY)
    assert world.lapse() == 1
    assert state(world, decided.invitation_id) == "lapsed"


def test_a_change_of_a_rating_made_by_the_notice_edits_no_message(world: World, clock: Clock) -> None:
    number = rendered(world).invitation_id
    clock.forward(MINUTE)
    vote(world, number, 5)
    assert world.work() == [], "the notice is the desk's own"
    assert {(row["state"], row["error"]) for row in world.rows(jobs, kind="render")} == {("dropped", "not_sent")}
