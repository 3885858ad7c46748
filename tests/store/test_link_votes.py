"""Votes by link in the store: what is kept of them, taking back, overruling, and what reports make of it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.lifecycle import Outcome
from ratings.links import LinkKind, Visit
from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations, list_ratings
from ratings.reports.summary import summarise
from ratings.store.link_votes import MAX_HITS, PageResult, RecordHit
from ratings.store.results import Done, Finish
from ratings.store.schema import comments, events, hits, rating_history, ratings, votes
from ratings.store.store import Store
from ratings.times import DAY, HOUR, MINUTE, SECOND
from ratings.votes import VoteState
from tests.conftest import Clock
from tests.store.links import (
    TIMINGS,
    change_survey,
    check_recount,
    counting_value,
    hit,
    overrule,
    rating,
    settle,
    settle_until,
    state,
    told,
    vote,
    withdraw,
)
from tests.store.traces import AGENTS
from tests.store.world import ACCOUNT, World

# --- what is asked of a vote when it comes --------------------------------------------------------------------------


def test_a_vote_by_link_keeps_how_it_came_and_what_spoke_against_it(world: World, clock: Clock) -> None:
    number = world.asked()
    assert vote(world, number, 4) == PageResult(Outcome.WAITS, VoteState.PROVISIONAL)
    (row,) = world.rows(votes)
    assert (row["source"], row["link_kind"], row["agent"], row["prefetch"]) == ("link", "button", AGENTS["ann"], False)
    assert json.loads(row["evidence"]) == ["too_early"]
    assert rating(world, number) is not None
    assert counting_value(world, number) is None
    assert [event["type"] for event in world.rows(events)] == ["invitation.asked"]
    settle_until(world, clock, clock() + TIMINGS.settle - 1)
    assert settle(world) == 0
    clock.forward(1)
    assert settle(world) == 1
    assert settle(world) == 0
    assert (counting_value(world, number), told(world, number)) == (4, 4)


def test_the_same_value_again_says_nothing_new_and_keeps_its_words(world: World, clock: Clock) -> None:
    number = world.asked()
    clock.forward(MINUTE)
    assert vote(world, number, 4, LinkKind.GESTURE).outcome is Outcome.RATED
    again = vote(world, number, 4, LinkKind.COMMENT, comment=" быстро ")
    assert again == PageResult(Outcome.REPEATED, VoteState.CONFIRMED)
    assert len(world.rows(votes)) == 1
    row = rating(world, number)
    assert row is not None
    assert row["comment"] == "быстро"
    vote(world, number, 4, LinkKind.COMMENT, comment="быстро и вежливо")
    assert [each["text"] for each in world.rows(comments)] == ["быстро и вежливо"], "the page has one comment"
    assert row["rated_at"] == clock()


def test_words_of_a_vote_that_waits_join_the_rating_when_it_counts(world: World, clock: Clock) -> None:
    number = world.asked()
    vote(world, number, 2, LinkKind.COMMENT, comment="долго")
    assert "rating.commented" not in [event["type"] for event in world.rows(events)]
    settle_until(world, clock, clock() + TIMINGS.settle)
    row = rating(world, number)
    assert row is not None
    assert (row["state"], row["value"], row["comment"]) == ("confirmed", 2, "долго")


@pytest.mark.parametrize(
    ("value", "wait", "outcome"), [(9, MINUTE, Outcome.OUT_OF_SCALE), (5, 31 * DAY, Outcome.EXPIRED)]
)
def test_what_the_page_does_not_take(world: World, clock: Clock, value: int, wait: int, outcome: Outcome) -> None:
    number = world.asked()
    clock.forward(wait)
    assert vote(world, number, value) == PageResult(outcome, None)
    assert world.rows(votes) == []


def test_nobody_votes_on_what_was_never_asked(world: World) -> None:
    skipped = world.close(address=None).invitation_id
    hit(world, skipped, 5)
    hit(world, 987_654, 5)
    assert vote(world, skipped, 5).outcome is Outcome.IGNORED
    assert vote(world, 987_654, 5).outcome is Outcome.IGNORED
    assert withdraw(world, skipped).outcome is Outcome.IGNORED
    assert overrule(world, 987_654, VoteState.CONFIRMED).outcome is Outcome.IGNORED
    assert world.rows(votes) == world.rows(hits) == []


def test_a_rating_stands_after_its_edit_window_on_the_page_too(world: World, clock: Clock) -> None:
    number = world.asked()
    clock.forward(MINUTE)
    vote(world, number, 5)
    clock.forward(DAY)
    assert vote(world, number, 1).outcome is Outcome.STANDS
    assert withdraw(world, number).outcome is Outcome.STANDS
    assert counting_value(world, number) == 5


def test_a_vote_before_the_record_of_its_mail_waits_for_it(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    assert vote(world, number, 5).state is VoteState.PROVISIONAL
    clock.forward(SECOND)
    world.finish(prompt, Done(external_id="<m@x>"))
    settle_until(world, clock, clock() + TIMINGS.settle)
    assert (counting_value(world, number), state(world, number)) == (5, "answered")


def test_the_time_of_a_mail_is_when_it_was_taken_not_when_that_was_stored(world: World, clock: Clock) -> None:
    number = world.close().invitation_id
    (prompt,) = world.claim()
    taken = clock()
    clock.forward(TIMINGS.min_age)
    world.store.writer.do_now(
        Finish(prompt.job_id, prompt.attempt_id, Done("<m@x>"), taken, idempotent=True, ended_at=taken)
    )
    assert vote(world, number, 5) == PageResult(Outcome.RATED, VoteState.CONFIRMED)


def test_a_reminder_begins_the_time_of_a_reader_anew(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [86400]})
    number = world.asked()
    clock.forward(DAY)
    assert [job.kind for job in world.work()] == ["reminder"]
    clock.forward(SECOND)
    assert vote(world, number, 5).state is VoteState.PROVISIONAL


def test_nobody_is_reminded_of_a_vote_that_waits(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [600]})
    number = world.asked()
    clock.forward(599 * SECOND)
    assert vote(world, number, 4, LinkKind.AUTO).state is VoteState.PROVISIONAL
    clock.forward(SECOND)
    assert world.work() == []
    settle_until(world, clock, clock() + TIMINGS.settle)
    assert counting_value(world, number) == 4


def test_many_hits_of_one_hour_are_kept_up_to_a_limit(world: World, clock: Clock) -> None:
    number = world.asked()
    operations = [RecordHit(number, 1, "GET", Visit("a" * 500)) for _ in range(MAX_HITS + 20)]
    for operation in operations:
        world.store.writer.do_now(operation)
    assert len(world.rows(hits)) == MAX_HITS
    assert len(world.rows(hits)[0]["agent"]) <= 200
    clock.forward(HOUR + 1)
    hit(world, number, 2)
    assert len(world.rows(hits)) == MAX_HITS + 1


# --- several processes ----------------------------------------------------------------------------------------------


def test_votes_that_reach_several_processes_at_once_are_judged_together(
    world: World, make_store: Callable[[str], Store], clock: Clock
) -> None:
    number = world.asked()
    clock.forward(MINUTE)
    worlds = [world, *(World(make_store(world.store.url), clock) for _ in range(2))]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda one, value: vote(one, number, value).state, worlds, (1, 2, 3)))
    assert VoteState.QUARANTINED in results
    assert [row["state"] for row in world.rows(votes)] == ["quarantined"] * 3
    assert counting_value(world, number) is None
    check_recount(world, number)
    # Within one instant the ids of several processes are no order: which events there are is what can be said.
    assert sorted(row["type"] for row in world.rows(events)) == [
        "invitation.asked",
        "rating.changed",
        "rating.received",
        "rating.withdrawn",
    ]


def test_a_vote_is_settled_once_whoever_looks(world: World, make_store: Callable[[str], Store], clock: Clock) -> None:
    number = world.asked()
    vote(world, number, 4)
    clock.forward(TIMINGS.settle)
    worlds = [world, *(World(make_store(world.store.url), clock) for _ in range(2))]
    with ThreadPoolExecutor() as pool:
        assert sum(pool.map(settle, worlds)) == 1
    assert [row["type"] for row in world.rows(events)] == ["invitation.asked", "rating.received"]


# --- taking back ----------------------------------------------------------------------------------------------------


def test_a_rating_is_taken_back_and_nothing_is_lost(world: World, clock: Clock) -> None:
    number = world.asked()
    clock.forward(MINUTE)
    vote(world, number, 1)
    assert withdraw(world, number) == PageResult(Outcome.WITHDRAWN, VoteState.WITHDRAWN)
    assert [row["state"] for row in world.rows(votes)] == ["withdrawn"]
    assert [(row["what"], row["old"], row["new"], row["by"]) for row in world.rows(rating_history)] == [
        ("value", "1", None, "customer")
    ]
    assert [(event["type"], event["value"], event["previous"]) for event in world.rows(events)][1:] == [
        ("rating.received", 1, None),
        ("rating.withdrawn", None, 1),
    ]
    assert state(world, number) == "lapsed"
    assert withdraw(world, number).outcome is Outcome.IGNORED
    clock.forward(MINUTE)
    assert vote(world, number, 4).outcome is Outcome.RATED
    row = rating(world, number)
    assert row is not None
    assert (row["value"], row["rated_at"], told(world, number)) == (4, clock(), 4)


def test_a_tap_in_a_messenger_is_taken_back_on_the_page(world: World) -> None:
    number = world.asked()
    world.tap(number, 5)
    assert withdraw(world, number).outcome is Outcome.WITHDRAWN
    check_recount(world, number)
    assert (counting_value(world, number), told(world, number)) == (None, None)


def test_a_vote_that_waits_is_taken_back_before_it_counts(world: World, clock: Clock) -> None:
    number = world.asked()
    vote(world, number, 5)
    assert withdraw(world, number).outcome is Outcome.WITHDRAWN
    settle_until(world, clock, clock() + TIMINGS.settle)
    assert counting_value(world, number) is None
    assert [row["state"] for row in world.rows(votes)] == ["withdrawn"]


def test_who_took_a_rating_back_is_not_reminded_whatever_a_scanner_did_since(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [7200]})
    number = world.asked()
    clock.forward(MINUTE)
    vote(world, number, 5)
    clock.forward(HOUR)
    vote(world, number, 1, LinkKind.AUTO, agent="gateway")
    settle_until(world, clock, clock() + TIMINGS.settle)
    result = withdraw(world, number)
    assert result == PageResult(Outcome.WITHDRAWN, VoteState.WITHDRAWN)
    row = rating(world, number)
    assert row is not None
    assert (row["state"], row["value"], state(world, number)) == ("withdrawn", 5, "lapsed")
    clock.forward(2 * HOUR)
    assert "reminder" not in [job.kind for job in world.work()]


# --- staff overrules ------------------------------------------------------------------------------------------------


def test_staff_says_that_a_quarantined_vote_counts(world: World, clock: Clock) -> None:
    number = world.asked()
    vote(world, number, 4, LinkKind.AUTO, agent="gateway")
    settle_until(world, clock, clock() + TIMINGS.settle)
    assert counting_value(world, number) is None
    result = overrule(world, number, VoteState.CONFIRMED, "she told me on the phone")
    assert result == PageResult(Outcome.RATED, VoteState.CONFIRMED)
    assert (counting_value(world, number), told(world, number), state(world, number)) == (4, 4, "answered")
    assert [(row["what"], row["old"], row["new"], row["by"]) for row in world.rows(rating_history)] == [
        ("overruled", "quarantined", "confirmed: she told me on the phone", "maria")
    ]
    (row,) = world.rows(votes)
    assert json.loads(row["evidence"]) == ["automatic", "too_early"], "what spoke against it is kept"


def test_staff_says_that_a_vote_does_not_count(world: World, clock: Clock) -> None:
    number = world.asked()
    clock.forward(MINUTE)
    vote(world, number, 4)
    clock.forward(MINUTE)
    vote(world, number, 1)
    result = overrule(world, number, VoteState.QUARANTINED, "a test of ours")
    assert result == PageResult(Outcome.QUARANTINED, VoteState.QUARANTINED)
    assert [row["state"] for row in world.rows(votes)] == ["quarantined", "quarantined"]
    assert (told(world, number), state(world, number)) == (None, "asked")
    assert [(row["what"], row["old"], row["new"], row["by"]) for row in world.rows(rating_history)][1:] == [
        ("value", "1", None, "maria"),
        ("overruled", "confirmed", "quarantined: a test of ours", "maria"),
    ]
    clock.forward(MINUTE)
    assert vote(world, number, 5).outcome is Outcome.RATED, "the customer can still answer"


def test_what_staff_said_is_not_undone_by_the_vote_s_own_time(world: World, clock: Clock) -> None:
    number = world.asked()
    vote(world, number, 5)
    assert overrule(world, number, VoteState.QUARANTINED).outcome is Outcome.QUARANTINED
    settle_until(world, clock, clock() + TIMINGS.settle)
    assert counting_value(world, number) is None


def test_staff_overrules_nothing_where_there_is_nothing_to_overrule(world: World, clock: Clock) -> None:
    number = world.asked()
    assert overrule(world, number, VoteState.CONFIRMED).outcome is Outcome.IGNORED
    clock.forward(MINUTE)
    vote(world, number, 5)
    assert overrule(world, number, VoteState.CONFIRMED).outcome is Outcome.IGNORED
    withdraw(world, number)
    assert overrule(world, number, VoteState.CONFIRMED).outcome is Outcome.IGNORED, "the customer's wish stands"
    assert world.rows(rating_history, what="overruled") == []


# --- when the only vote falls ---------------------------------------------------------------------------------------


def storm(world: World, number: int, clock: Clock) -> None:
    """Three buttons within seconds, of which two had counted by then."""
    assert vote(world, number, 1, agent="gateway").outcome is Outcome.RATED
    for value in (2, 3):
        clock.forward(SECOND)
        vote(world, number, value, agent="gateway")
    assert counting_value(world, number) is None


def test_a_customer_whose_scanner_answered_is_still_reminded(world: World, clock: Clock) -> None:
    change_survey(world, timing={"reminders_s": [3600]})
    number = world.asked()
    clock.forward(MINUTE)
    storm(world, number, clock)
    assert [event["type"] for event in world.rows(events)] == [
        "invitation.asked",
        "rating.received",
        "rating.changed",
        "rating.withdrawn",
    ]
    world.work()
    clock.forward(HOUR)
    assert "reminder" in [job.kind for job in world.work()]


def test_after_its_time_an_answer_that_falls_leaves_it_lapsed(world: World, clock: Clock) -> None:
    number = world.asked()
    clock.forward(7 * DAY + 1)
    world.lapse()
    storm(world, number, clock)
    assert state(world, number) == "lapsed"


@pytest.mark.parametrize("reopened_first", [True, False])
def test_nobody_is_reminded_about_a_reopened_ticket_when_a_vote_falls(
    world: World, clock: Clock, *, reopened_first: bool
) -> None:
    change_survey(world, timing={"reminders_s": [3600]})
    number = world.asked()
    clock.forward(MINUTE)
    if reopened_first:
        world.reopen()
        storm(world, number, clock)
    else:
        vote(world, number, 1)
        world.reopen()
        overrule(world, number, VoteState.QUARANTINED)
    assert state(world, number) == "cancelled"
    clock.forward(HOUR)
    assert "reminder" not in [job.kind for job in world.work()]


# --- reports --------------------------------------------------------------------------------------------------------


def test_reports_count_what_is_confirmed_and_show_the_rest_beside(world: World, clock: Clock) -> None:
    numbers = [world.asked(f"T-{n}", address={"channel": ACCOUNT, "id": f"c{n}"}) for n in range(4)]
    confirmed, fallen, waiting, taken_back = numbers
    clock.forward(MINUTE)
    vote(world, confirmed, 5)
    storm(world, fallen, clock)
    vote(world, waiting, 1, LinkKind.AUTO)
    vote(world, taken_back, 2)
    withdraw(world, taken_back)
    summary = world.store.read_now(summarise, Filters())
    assert (summary["ratings"], summary["matching"], summary["csat"], summary["mean"]) == (1, 1, 100.0, 5.0)
    assert summary["distribution"] == {"5": 1}
    assert summary["states"] == {"provisional": 1, "confirmed": 1, "quarantined": 1, "withdrawn": 1}
    assert (summary["asked"]["asked"], summary["asked"]["answered"], summary["closed"]["answered"]) == (4, 1, 1)

    def listed(*states: str) -> list[int]:
        return [item["id"] for item in world.store.read_now(list_ratings, Filters(states=states)).items]

    assert listed() == [confirmed]
    assert listed("quarantined") == [fallen]
    assert listed("provisional", "withdrawn") in ([waiting, taken_back], [taken_back, waiting])
    page = world.store.read_now(list_invitations, Filters())
    assert {item["id"]: item["value"] for item in page.items} == {
        confirmed: 5,
        fallen: None,
        waiting: None,
        taken_back: None,
    }
    low = world.store.read_now(list_invitations, Filters(value_max=3))
    assert low.items == [], "a value that does not count is found by none"


# --- whatever is done -----------------------------------------------------------------------------------------------

SOON = st.sampled_from((0, 1, SECOND, 9 * SECOND, 30 * SECOND, MINUTE, 16 * MINUTE, 5 * HOUR, DAY, 8 * DAY))
ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ("hit", "auto", "gesture", "button", "comment", "tap", "typed", "withdraw", "confirm", "reject")
        ),
        st.integers(1, 5),
        st.sampled_from(("gateway", "ann")),
        SOON,
    ),
    max_size=10,
)


@given(ACTS)
@settings(max_examples=20)
def test_a_rating_is_always_what_its_votes_say(
    world: World, clock: Clock, acts: list[tuple[str, int, str, int]]
) -> None:
    world.work()  # what the example before left over
    customer = {"channel": ACCOUNT, "id": f"c{clock()}"}
    number = world.asked(f"T-{clock()}", address=customer)
    for act, value, agent, wait in acts:
        if act == "hit":
            hit(world, number, value, agent=agent)
        elif act == "tap":
            world.receive(world.tapped(number, value, sender=customer["id"]))
        elif act == "typed":
            world.receive(replace(world.wrote(str(value)), sender=customer["id"], invitation_id=number))
        elif act == "withdraw":
            withdraw(world, number)
        elif act in {"confirm", "reject"}:
            overrule(world, number, VoteState.CONFIRMED if act == "confirm" else VoteState.QUARANTINED)
        else:
            vote(world, number, value, LinkKind(act), agent=agent, comment=act if act == "comment" else None)
        check_recount(world, number)
        assert told(world, number) == counting_value(world, number)
        settle_until(world, clock, clock() + wait)
        check_recount(world, number)
        assert told(world, number) == counting_value(world, number)
    counted = world.store.read_now(summarise, Filters())
    confirmed = [row for row in world.rows(ratings) if row["state"] == "confirmed"]
    assert (counted["ratings"], counted["closed"]["answered"]) == (len(confirmed), len(confirmed))
    clock.forward(DAY)
