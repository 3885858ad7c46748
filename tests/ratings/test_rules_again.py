"""When it is asked again: frequency, tickets that are closed again, recovery, and the sample."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.rules import Ask, Earlier, Facts, Skip, SkipReason, decide
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.times import DAY, HOUR, SECOND, format_instant, parse_instant
from tests.ratings.deciding import DAY_S, FACTS, NOW, TICKET, asked, skipped, survey

# --- frequency --------------------------------------------------------------------------------------------------------

WEEKLY = {"rules": {"every_s": 7 * DAY_S}}


def test_a_customer_is_asked_once_in_so_many_days() -> None:
    facts = replace(FACTS, last_ask=NOW - 7 * DAY)
    assert asked(decide(TICKET, survey(**WEEKLY), facts, NOW)).at == NOW
    detail = skipped(
        decide(TICKET, survey(**WEEKLY), replace(facts, last_ask=NOW - 7 * DAY + 1), NOW), SkipReason.ASKED_RECENTLY
    )
    assert detail == {
        "rule": "every_s",
        "wanted": 7 * DAY_S,
        "saw": {"last_ask": format_instant(NOW - 7 * DAY + 1)},
        "next_at": format_instant(NOW + 1),
    }
    asked(decide(TICKET, DEFAULT_SURVEY, replace(facts, last_ask=NOW), NOW))


def test_it_is_the_moment_of_asking_that_counts() -> None:
    facts = replace(FACTS, last_ask=NOW - 6 * DAY)
    asked(decide(TICKET, survey(**WEEKLY, timing={"delay_s": DAY_S}), facts, NOW))
    skipped(decide(TICKET, survey(**WEEKLY, timing={"delay_s": DAY_S - 1}), facts, NOW), SkipReason.ASKED_RECENTLY)
    skipped(
        decide(TICKET, survey(**WEEKLY), replace(FACTS, last_ask=NOW + DAY), NOW), SkipReason.ASKED_RECENTLY
    )  # what is scheduled counts


@given(st.integers(-30 * DAY, 5 * DAY), st.integers(1, 30 * DAY_S), st.integers(0, DAY_S))
def test_the_next_time_that_is_told_is_the_first_at_which_it_would_be_asked(ago: int, every: int, delay: int) -> None:
    chosen = survey(rules={"every_s": every}, timing={"delay_s": delay})
    facts = replace(FACTS, last_ask=NOW + ago)
    decision = decide(TICKET, chosen, facts, NOW)
    if isinstance(decision, Ask):
        return
    next_at = parse_instant(str(decision.detail["next_at"]))

    def close(at: int) -> Ask | Skip:
        closed_at = at - delay * SECOND
        return decide(replace(TICKET, closed_at=closed_at), chosen, facts, closed_at)

    assert asked(close(next_at)).at == next_at
    skipped(close(next_at - 1), SkipReason.ASKED_RECENTLY)


# --- closed again -----------------------------------------------------------------------------------------------------

AGAIN = survey(rules={"again_after_s": 5 * DAY_S})
PAST = Earlier(asked_until=NOW - DAY)


def again(**known: Any) -> Ask | Skip:
    return decide(TICKET, AGAIN, replace(FACTS, earlier=replace(PAST, **known)), NOW)


def test_a_ticket_closed_again_is_asked_about_once_more_if_nobody_answered() -> None:
    asked(again(asks=()))
    asked(again(asks=(NOW - DAY,)))
    asked(again(asks=(NOW - DAY, NOW - 5 * DAY)))
    detail = skipped(again(asks=(NOW - DAY, NOW - 5 * DAY + 1)), SkipReason.RECLOSED)
    assert detail == {
        "rule": "again_after_s",
        "wanted": 5 * DAY_S,
        "saw": {"asks": 2},
        "next_at": format_instant(NOW + 1),
    }


def test_a_ticket_that_was_rated_is_not_asked_about_again_so_soon() -> None:
    asked(again(answered_at=NOW - 5 * DAY))
    detail = skipped(again(answered_at=NOW - 5 * DAY + 1), SkipReason.RECLOSED)
    assert detail["saw"] == {"answered_at": format_instant(NOW - 5 * DAY + 1)}
    assert detail["next_at"] == format_instant(NOW + 1)
    asked(decide(TICKET, DEFAULT_SURVEY, replace(FACTS, earlier=replace(PAST, answered_at=NOW - 1)), NOW))


@given(
    st.lists(st.integers(-10 * DAY, 0), max_size=4).map(lambda agos: tuple(NOW + ago for ago in agos)),
    st.none() | st.integers(-10 * DAY, 0).map(lambda ago: NOW + ago),
)
def test_a_closing_at_the_time_that_is_told_is_asked_about_and_none_before(
    asks: tuple[int, ...], answered_at: int | None
) -> None:
    facts = replace(FACTS, earlier=Earlier(asks=asks, answered_at=answered_at))

    def close(at: int) -> Ask | Skip:
        return decide(replace(TICKET, closed_at=at), AGAIN, facts, at)

    decision = close(NOW)
    if isinstance(decision, Skip):
        next_at = parse_instant(str(decision.detail["next_at"]))
        assert next_at > NOW
        skipped(close(next_at - 1), SkipReason.RECLOSED)
        if answered_at is None or len(asks) < 2:
            asked(close(next_at))


# --- recovery ---------------------------------------------------------------------------------------------------------

HASTY = survey(rules={"again_after_s": 30 * DAY_S, "every_s": 30 * DAY_S})
BAD = replace(
    FACTS,
    earlier=Earlier(asked_until=NOW - DAY, asks=(NOW - 2 * DAY, NOW - DAY), answered_at=NOW - DAY, bad_rating=7),
    reopened_at=NOW - HOUR,
    last_ask=NOW - DAY,
)


def test_after_a_bad_rating_it_is_asked_once_more_past_frequency_and_reclosing() -> None:
    assert asked(decide(TICKET, HASTY, BAD, NOW)).recovery_of == 7
    good = replace(BAD, earlier=replace(BAD.earlier, bad_rating=None))
    skipped(decide(TICKET, HASTY, good, NOW), SkipReason.RECLOSED)
    skipped(decide(TICKET, parse_survey({"rules": {"recovery": False}}, base=HASTY), BAD, NOW), SkipReason.RECLOSED)
    assert asked(decide(TICKET, DEFAULT_SURVEY, good, NOW)).recovery_of is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda facts: replace(facts, customer_opted_out=True), SkipReason.OPTED_OUT),
        (lambda facts: replace(facts, opted_out={("telegram.a", "1")}), SkipReason.OPTED_OUT),
        (lambda facts: replace(facts, resting_until=NOW + 1), SkipReason.RESTING),
        (lambda facts: replace(facts, unreachable={("telegram.a", "1")}), SkipReason.UNREACHABLE),
        (lambda facts: replace(facts, reopened_at=NOW + 1), SkipReason.REOPENED),
        (lambda facts: replace(facts, windows={"telegram.a": -1}), SkipReason.WINDOW_CLOSED),
    ],
)
def test_recovery_never_goes_past_what_the_customer_wishes(
    change: Callable[[Facts], Facts], reason: SkipReason
) -> None:
    skipped(decide(TICKET, HASTY, change(BAD), NOW), reason)


def test_recovery_never_goes_past_quiet_hours_the_sample_or_the_switch() -> None:
    quiet = parse_survey({"timing": {"hours": {"quiet": {"from": "11:00", "to": "13:00"}}}}, base=HASTY)
    decision = asked(decide(TICKET, quiet, BAD, NOW))
    assert (decision.at, decision.recovery_of) == (NOW + HOUR, 7)
    sample = parse_survey({"rules": {"share": 1e-9}}, base=HASTY)
    skipped(decide(TICKET, sample, BAD, NOW), SkipReason.NOT_SAMPLED)
    skipped(decide(TICKET, replace(HASTY, enabled=False), BAD, NOW), SkipReason.SURVEY_OFF)
    skipped(decide(replace(TICKET, ask=False), HASTY, BAD, NOW), SkipReason.ASK_FALSE)


def test_the_probability_of_being_asked_is_kept() -> None:
    shares = [decide(replace(TICKET, id=str(n)), survey(rules={"share": 0.25}), FACTS, NOW) for n in range(50)]
    kept = [one for one in shares if isinstance(one, Ask)]
    assert 0 < len(kept) < 50
    assert {one.inclusion for one in kept} == {0.25}
    assert asked(decide(TICKET, DEFAULT_SURVEY, FACTS, NOW)).inclusion == 1.0
