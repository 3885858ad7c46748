"""Whether a due job is still wanted: for each kind, by what has happened meanwhile."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.lifecycle import Delivery, Invitation, JobKind, State, Terms
from ratings.times import DAY, HOUR, MINUTE
from ratings.wanted import HOLD_OFF, Drop, Go, Undeliverable, Verdict, Wait, World, judge

NOW = 1_790_000_000_000
TERMS = Terms((1, 2, 3, 4, 5), edit_window=DAY, comment_window=MINUTE, reminders=(DAY,), lapse_after=DAY)
SCHEDULED = Invitation(id=1, state=State.SCHEDULED, terms=TERMS, expires_at=NOW + 30 * DAY)
ASKED = SCHEDULED._replace(state=State.ASKED, external_id="m-1", asked_at=NOW - DAY)
PROMPT = World(
    SCHEDULED,
    survey_on=True,
    opted_out=False,
    unreachable=False,
    prompt_before=NOW + DAY,
    acknowledge_within=MINUTE,
    allowed_from=NOW,
)
REMINDER = replace(PROMPT, invitation=ASKED)
OFF = {"survey_on": False}


def prompt(**more: Any) -> Verdict:
    return judge(JobKind.PROMPT, "", NOW, replace(PROMPT, **more), NOW)


def reminder(**more: Any) -> Verdict:
    return judge(JobKind.REMINDER, "", NOW, replace(REMINDER, **more), NOW)


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({}, Go()),
        ({"opted_out": True, "unreachable": True, **OFF}, Drop("opted_out")),
        ({"unreachable": True, **OFF}, Undeliverable("unreachable")),
        ({"prompt_before": NOW}, Go()),
        ({"prompt_before": NOW - 1, **OFF}, Undeliverable("too_late")),
        ({"invitation": SCHEDULED._replace(expires_at=NOW + 1)}, Go()),
        ({"invitation": SCHEDULED._replace(expires_at=NOW)}, Undeliverable("too_late")),
        (OFF, Wait(NOW + HOLD_OFF, "survey_off")),
        ({**OFF, "cancel_paused": True}, Drop("paused")),
        ({"cancel_paused": True}, Go()),
        ({"allowed_from": NOW - 1}, Go()),
        ({"allowed_from": NOW + 1}, Wait(NOW + 1, "quiet_hours")),
        ({"window_until": NOW + 1}, Go()),
        ({"window_until": NOW}, Undeliverable("window_closed")),
        ({"window_until": NOW + HOUR, "allowed_from": NOW + HOUR - 1}, Wait(NOW + HOUR - 1, "quiet_hours")),
        ({"window_until": NOW + HOUR, "allowed_from": NOW + HOUR}, Undeliverable("window_closed")),
        ({"window_until": NOW, **OFF}, Wait(NOW + HOLD_OFF, "survey_off")),
    ],
)
def test_a_prompt_is_sent_in_its_time_held_or_given_up(more: dict[str, Any], verdict: Verdict) -> None:
    assert prompt(**more) == verdict


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({}, Go()),
        ({"opted_out": True, "unreachable": True}, Drop("opted_out")),
        ({"unreachable": True}, Drop("unreachable")),
        ({"prompt_before": NOW - DAY}, Go()),
        (OFF, Wait(NOW + HOLD_OFF, "survey_off")),
        ({**OFF, "cancel_paused": True}, Drop("paused")),
        ({"allowed_from": NOW + 1}, Wait(NOW + 1, "quiet_hours")),
        ({"window_until": NOW + 1}, Go()),
        ({"window_until": NOW}, Drop("window_closed")),
        ({"window_until": NOW + HOUR, "allowed_from": NOW + HOUR}, Drop("window_closed")),
        ({"invitation": ASKED._replace(expires_at=NOW + 1)}, Go()),
        ({"invitation": ASKED._replace(expires_at=NOW)}, Drop("expired")),
        ({"invitation": ASKED._replace(expires_at=NOW + HOUR), "allowed_from": NOW + HOUR}, Drop("expired")),
        # What was sent last was late: half of the distance is kept, if the clock can be believed.
        ({"invitation": ASKED._replace(accepted_at=NOW - DAY // 2)}, Go()),
        ({"invitation": ASKED._replace(accepted_at=NOW - DAY // 2 + 1)}, Wait(NOW + DAY // 2 + 1, "too_soon")),
        ({"invitation": ASKED._replace(accepted_at=NOW)}, Wait(NOW + DAY, "too_soon")),
        ({"invitation": ASKED._replace(accepted_at=NOW + 1)}, Go()),
    ],
)
def test_a_reminder_is_sent_in_its_time_held_or_dropped(more: dict[str, Any], verdict: Verdict) -> None:
    assert reminder(**more) == verdict


@pytest.mark.parametrize("state", [each for each in State if each is not State.SCHEDULED])
def test_nobody_is_asked_a_second_time_or_after_a_reopen_or_an_answer(state: State) -> None:
    verdict = prompt(invitation=SCHEDULED._replace(state=state), survey_on=False, allowed_from=NOW + DAY)
    assert verdict == Drop(state.value)


@pytest.mark.parametrize("state", [each for each in State if each is not State.ASKED])
def test_nobody_is_reminded_after_an_answer_or_of_what_was_not_asked(state: State) -> None:
    assert reminder(invitation=ASKED._replace(state=state), allowed_from=NOW + DAY) == Drop(state.value)


NIGHT: dict[str, Any] = {"allowed_from": NOW + DAY, "window_until": NOW - DAY, "survey_on": False}


@pytest.mark.parametrize("kind", [JobKind.NOTICE, JobKind.RENDER, JobKind.ACKNOWLEDGE])
def test_an_answer_to_the_customers_own_tap_knows_no_night_and_no_pause(kind: JobKind) -> None:
    assert judge(kind, "thanks", NOW, replace(REMINDER, **NIGHT), NOW) == Go()


@pytest.mark.parametrize(
    ("kind", "text", "more", "verdict"),
    [
        (JobKind.NOTICE, "not_ours", {"opted_out": True}, Drop("opted_out")),
        (JobKind.NOTICE, "opted_out", {"opted_out": True}, Go()),
        (JobKind.NOTICE, "not_ours", {"invitation": None}, Go()),
        (JobKind.NOTICE, "thanks", {"converses": False}, Drop("no_conversation")),
        (JobKind.RENDER, "", {"converses": False}, Drop("no_conversation")),
        (JobKind.RENDER, "repeated", {"edits": False}, Drop("said_before")),
        (JobKind.RENDER, "", {"edits": False}, Go()),
        (JobKind.RENDER, "", {"invitation": SCHEDULED}, Drop("not_sent")),
        (JobKind.RENDER, "", {"invitation": SCHEDULED._replace(delivery=Delivery.UNKNOWN)}, Go()),
        (JobKind.PROMPT, "", {"invitation": None}, Drop("no_invitation")),
        (JobKind.REMINDER, "", {"invitation": None}, Drop("no_invitation")),
        (JobKind.ACKNOWLEDGE, "", {"acknowledge_within": None}, Go()),
    ],
)
def test_the_other_messages(kind: JobKind, text: str, more: dict[str, Any], verdict: Verdict) -> None:
    assert judge(kind, text, NOW, replace(REMINDER, **more), NOW) == verdict


@pytest.mark.parametrize(("late", "verdict"), [(0, Go()), (1, Drop("too_late"))])
def test_a_tap_is_acknowledged_while_its_platform_waits(late: int, verdict: Verdict) -> None:
    assert judge(JobKind.ACKNOWLEDGE, "", NOW, REMINDER, NOW + MINUTE + late) == verdict


INSTANTS = st.sampled_from([NOW - DAY, NOW - 1, NOW, NOW + 1, NOW + DAY])
WORLDS = st.builds(
    World,
    st.sampled_from(State).map(lambda state: ASKED._replace(state=state)),
    survey_on=st.booleans(),
    opted_out=st.booleans(),
    unreachable=st.booleans(),
    prompt_before=INSTANTS,
    acknowledge_within=st.none(),
    allowed_from=INSTANTS,
    window_until=st.none() | INSTANTS,
    cancel_paused=st.booleans(),
)


@given(WORLDS, st.sampled_from([JobKind.PROMPT, JobKind.REMINDER]))
def test_what_goes_was_wanted_in_every_respect_and_what_waits_looks_ahead(world: World, kind: JobKind) -> None:
    verdict = judge(kind, "", NOW, world, NOW)
    assert world.invitation is not None
    if isinstance(verdict, Wait):
        assert verdict.until > NOW
    if isinstance(verdict, Go):
        assert world.survey_on
        assert not world.opted_out
        assert not world.unreachable
        assert world.allowed_from <= NOW
        assert world.window_until is None or world.window_until > NOW
        assert world.invitation.state is (State.SCHEDULED if kind is JobKind.PROMPT else State.ASKED)
