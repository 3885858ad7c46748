"""The life of an invitation: by example, and over every order of events by hypothesis."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings import lifecycle
from ratings.lifecycle import (
    TRANSITIONS,
    Delivery,
    EventType,
    Invitation,
    JobKind,
    Outcome,
    State,
    Step,
    Terms,
    Trigger,
)
from ratings.links import Evidence
from ratings.times import DAY, HOUR, MINUTE, SECOND
from ratings.votes import VOTE_TRANSITIONS, VoteState

TERMS = Terms(
    (1, 2, 3, 4, 5), edit_window=DAY, comment_window=15 * MINUTE, reminders=(DAY, 2 * DAY), lapse_after=3 * DAY
)
NOW = 1_790_000_000_000


def invitation(state: State = State.ASKED, **facts: object) -> Invitation:
    return Invitation(id=1, state=state, terms=TERMS, expires_at=NOW + 30 * DAY, **facts)  # type: ignore[arg-type] # by name


@pytest.mark.parametrize("state", [each for each in State if each is not State.SKIPPED])
def test_a_vote_answers_an_invitation_in_every_state(state: State) -> None:
    step = lifecycle.voted(invitation(state), 5, NOW)
    assert step.outcome is Outcome.RATED
    assert step.invitation.state is State.ANSWERED
    assert (step.invitation.value, step.invitation.rated_at) == (5, NOW)
    assert step.vote is not None
    assert step.vote.state is VoteState.CONFIRMED
    assert step.events == (EventType.RATED,)


def test_the_tap_asks_for_an_acknowledgment_and_a_new_screen() -> None:
    step = lifecycle.voted(invitation(), 5, NOW)
    assert [(job.kind, job.due_at - NOW) for job in step.jobs] == [
        (JobKind.ACKNOWLEDGE, 5 * SECOND),
        (JobKind.RENDER, 0),
    ]


def test_a_change_of_mind_within_the_edit_window_replaces_the_value_and_keeps_both() -> None:
    first = lifecycle.voted(invitation(), 1, NOW).invitation
    step = lifecycle.voted(first, 5, NOW + DAY - 1)
    assert step.outcome is Outcome.CHANGED
    assert (step.invitation.value, step.invitation.rated_at) == (5, NOW)
    assert [(change.old, change.new) for change in step.changes] == [("1", "5")]


def test_after_the_edit_window_the_rating_stands_and_the_customer_is_told() -> None:
    first = lifecycle.voted(invitation(), 1, NOW).invitation
    step = lifecycle.voted(first, 5, NOW + DAY)
    assert step.outcome is Outcome.STANDS
    assert step.invitation.value == 1
    assert step.acknowledge == "stands"
    assert step.vote is None


def test_a_double_tap_is_one_rating() -> None:
    first = lifecycle.voted(invitation(), 4, NOW).invitation
    step = lifecycle.voted(first, 4, NOW + 1)
    assert step.outcome is Outcome.REPEATED
    assert step.events == ()
    assert step.changes == ()


@pytest.mark.parametrize("value", [0, 6, -1, 99])
def test_a_value_out_of_scale_is_no_vote(value: int) -> None:
    step = lifecycle.voted(invitation(), value, NOW)
    assert step.outcome is Outcome.OUT_OF_SCALE
    assert step.vote is None
    assert step.invitation.state is State.ASKED


def test_after_the_expiry_a_first_vote_is_told_that_it_came_too_late() -> None:
    step = lifecycle.voted(invitation(), 5, NOW + 30 * DAY)
    assert step.outcome is Outcome.EXPIRED
    assert step.acknowledge == "expired"
    assert step.invitation.value is None


def test_a_tap_that_overtakes_its_own_sent_is_kept_and_the_screen_is_made_true() -> None:
    rated = lifecycle.voted(invitation(State.SCHEDULED), 5, NOW).invitation
    step = lifecycle.sent(rated, "77", NOW + 1, asked_at=NOW - 1)
    assert step.invitation.state is State.ANSWERED
    assert step.invitation.value == 5
    assert step.invitation.external_id == "77"
    assert [job.kind for job in step.jobs] == [JobKind.RENDER]


def test_an_unknown_outcome_is_asked_and_says_so() -> None:
    step = lifecycle.sent(invitation(State.SCHEDULED), None, NOW, asked_at=NOW, outcome_known=False)
    assert step.invitation.state is State.ASKED
    assert step.invitation.delivery is Delivery.UNKNOWN


def test_reminders_and_the_lapse_are_scheduled_when_it_was_asked() -> None:
    step = lifecycle.sent(invitation(State.SCHEDULED), "77", NOW, asked_at=NOW)
    assert [(job.kind, (job.due_at - NOW) // DAY) for job in step.jobs] == [
        (JobKind.REMINDER, 1),
        (JobKind.REMINDER, 3),
        (JobKind.LAPSE, 6),
    ]


def test_pressing_change_shows_the_choices_again_only_within_the_window() -> None:
    rated = lifecycle.voted(invitation(), 5, NOW).invitation
    assert lifecycle.change_pressed(rated, NOW + HOUR).invitation.changing
    late = lifecycle.change_pressed(rated, NOW + DAY)
    assert not late.invitation.changing
    assert late.acknowledge == "stands"


def test_skip_ends_the_wait_for_a_comment_and_comment_starts_it_again() -> None:
    rated = lifecycle.voted(invitation(), 5, NOW).invitation
    assert lifecycle.awaits_comment(rated, NOW)
    skipped = lifecycle.skip_pressed(rated, NOW).invitation
    assert not lifecycle.awaits_comment(skipped, NOW)
    again = lifecycle.comment_pressed(skipped, NOW).invitation
    assert lifecycle.awaits_comment(again, NOW + 15 * MINUTE - 1)
    assert not lifecycle.awaits_comment(again, NOW + 15 * MINUTE)


def test_the_first_message_ends_the_wait_for_a_comment() -> None:
    rated = lifecycle.voted(invitation(), 5, NOW).invitation
    step = lifecycle.commented(rated, "thanks", NOW)
    assert not lifecycle.awaits_comment(step.invitation, NOW)
    assert step.invitation.comment == "thanks"
    assert step.events == (EventType.COMMENTED,)


Happening = Callable[[Invitation, int], Step]


def vote(value: int) -> Happening:
    return lambda one, now: lifecycle.voted(one, value, now)


HAPPENINGS: dict[str, Happening] = {
    **{f"vote {value}": vote(value) for value in (0, 1, 3, 5)},
    "change": lifecycle.change_pressed,
    "comment pressed": lifecycle.comment_pressed,
    "skip": lifecycle.skip_pressed,
    "words": lambda one, now: lifecycle.commented(one, f"{one.comment} words at {now}".strip(), now),
    "sent": lambda one, now: lifecycle.sent(one, "77", now, asked_at=now),
    "unknown": lambda one, now: lifecycle.sent(one, None, now, asked_at=now, outcome_known=False),
    "not delivered": lambda one, _now: lifecycle.not_delivered(one, "recipient_gone"),
    "delivered": lambda one, _now: lifecycle.delivery_reported(one, Delivery.DELIVERED),
    "reopened": lambda one, _now: lifecycle.reopened(one),
    "opted out": lambda one, _now: lifecycle.opted_out(one),
    "lapse": lambda one, _now: lifecycle.lapse_due(one),
}
lives = st.lists(st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.integers(0, 20 * HOUR)), max_size=30)


@given(lives)
def test_no_order_of_events_makes_two_ratings_or_loses_a_vote(life: list[tuple[str, int]]) -> None:
    one, now = invitation(State.SCHEDULED), NOW
    received, values, last_vote = 0, [], None
    for name, wait in life:
        now += wait
        before = one
        step = HAPPENINGS[name](one, now)
        one = step.invitation
        received += step.events.count(EventType.RATED)
        if step.vote is not None:
            last_vote = step.vote.value
        if name.startswith("vote") and before.value is None and now < before.expires_at and name != "vote 0":
            assert one.value is not None, "a first valid vote before the expiry must become the rating"
        if before.state is State.ANSWERED:
            assert one.state is State.ANSWERED, "nothing leaves answered"
        if before.rated_at is not None:
            assert one.rated_at == before.rated_at, "an edit does not move rated_at"
            assert now < before.rated_at + DAY or one.value == before.value, "after the edit window it stands"
        if one.value != before.value:
            values.append(one.value)
            assert before.value is None or step.changes, "the history keeps what was replaced"
        assert (one.value is None) == (one.state is not State.ANSWERED)
        assert one.comment.startswith(before.comment), "words are never lost"
    assert received <= 1
    assert one.value == last_vote, "the last valid vote is the one that counts"


@given(lives)
def test_it_is_asked_once_in_a_life(life: list[tuple[str, int]]) -> None:
    one, now, asked = invitation(State.SCHEDULED), NOW, 0
    for name, wait in life:
        now += wait
        step = HAPPENINGS[name](one, now)
        one, asked = step.invitation, asked + step.events.count(EventType.ASKED)
    assert asked <= 1


@given(lives)
def test_after_an_answer_a_reopen_or_an_opt_out_nothing_more_is_asked(life: list[tuple[str, int]]) -> None:
    one, now, over = invitation(State.SCHEDULED), NOW, False
    for name, wait in life:
        now += wait
        one = HAPPENINGS[name](one, now).invitation
        over = over or one.state in {State.ANSWERED, State.CANCELLED, State.LAPSED}
        if over:
            assert not lifecycle.may_prompt(one)
            assert not lifecycle.may_remind(one)


@given(lives)
def test_every_step_follows_the_table(life: list[tuple[str, int]]) -> None:
    one, now = invitation(State.SCHEDULED), NOW
    for name, wait in life:
        now += wait
        before, one = one.state, HAPPENINGS[name](one, now).invitation
        assert one.state is before or one.state in {to for (of, _), to in TRANSITIONS.items() if of is before}


@given(lives)
def test_jobs_of_a_life_never_share_a_key(life: list[tuple[str, int]]) -> None:
    one, now, keys = invitation(State.SCHEDULED), NOW, []
    for name, wait in life:
        now += wait
        step = HAPPENINGS[name](one, now)
        one = step.invitation
        keys += [(job.kind, job.revision) for job in step.jobs if job.kind not in {JobKind.REMINDER, JobKind.LAPSE}]
    assert len(keys) == len(set(keys))


def test_the_published_tables_are_the_ones_in_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
    for (state, trigger), to in TRANSITIONS.items():
        assert f"| {state.value} | {trigger.value} | {to.value} |" in page
    for (vote, signal), to_vote in VOTE_TRANSITIONS.items():
        assert f"| {vote.value if vote else '–'} | {signal.value} | {to_vote.value} |" in page
    for evidence in Evidence:
        assert f"| {evidence.value} | " in page
    rows = len(TRANSITIONS) + len(VOTE_TRANSITIONS) + len(Evidence)
    assert page.count("\n| ") == rows + 3, "a row of the page is not in the code"
    assert {trigger for _, trigger in TRANSITIONS} == set(Trigger)
