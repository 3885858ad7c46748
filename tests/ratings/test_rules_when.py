"""When a closing is asked about: the order of the checks, hours and whose clock they go by, windows of messengers."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.decisions import WINDOW_MARGIN
from ratings.hours import may_go
from ratings.rules import Earlier, Facts, Skip, SkipReason, decide, window_until, zone_for
from ratings.survey import parse_survey
from ratings.ticket import Sides, Ticket
from ratings.times import DAY, HOUR, SECOND, format_instant, parse_instant
from tests.ratings.deciding import DAY_S, FACTS, NOW, TELEGRAM, TICKET, VIBER, VK, asked, skipped, survey

# --- the order of the checks -----------------------------------------------------------------------------------------

AILING = replace(TICKET, closed_at=NOW - DAY, ask=False, talk_s=1, kind="call")
AILMENTS: list[tuple[SkipReason, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # The reason that comes first, then what has to change of survey, ticket and facts so that the next one shows.
    (SkipReason.SURVEY_OFF, {"enabled": True}, {}, {}),
    (SkipReason.ASK_FALSE, {}, {"ask": True}, {}),
    (SkipReason.TOO_OLD, {"timing": {"max_age_s": DAY_S}}, {}, {}),
    (SkipReason.ALREADY_ASKED, {}, {"closed_at": NOW - DAY + 1}, {}),
    (SkipReason.REOPENED, {}, {}, {"reopened_at": NOW - DAY + 1}),
    (SkipReason.OPTED_OUT, {}, {}, {"customer_opted_out": False}),
    (SkipReason.RESTING, {}, {}, {"resting_until": NOW}),
    (SkipReason.TALK_TOO_SHORT, {"rules": {"min_talk_s": 1}}, {}, {}),
    (SkipReason.CONDITION_EXCLUDES, {"skip_when": None}, {}, {}),
    (SkipReason.CONDITION_NOT_MET, {"ask_when": None}, {}, {}),
    (SkipReason.CHANNEL_UNKNOWN, {}, {}, {"accounts": FACTS.accounts}),
    (SkipReason.RECLOSED, {"rules": {"again_after_s": 0}}, {}, {}),
    (SkipReason.NOT_SAMPLED, {"rules": {"share": 1}}, {}, {}),
    (SkipReason.EXPIRED, {"timing": {"expires_after_s": 40 * DAY_S}}, {}, {}),
    (SkipReason.WINDOW_CLOSED, {}, {}, {"windows": {}}),
    (SkipReason.ASKED_RECENTLY, {"rules": {"every_s": 0}}, {}, {}),
]


def test_the_first_check_that_refuses_gives_the_reason() -> None:
    chosen = survey(
        enabled=False,
        skip_when={"field": "kind", "is": "call"},
        ask_when={"field": "kind", "is": "chat"},
        rules={"min_talk_s": 60, "again_after_s": 30 * DAY_S, "share": 1e-9, "every_s": DAY_S},
        timing={
            "max_age_s": 3600,
            "delay_s": DAY_S,
            "expires_after_s": DAY_S + 7200,
            "hours": {"quiet": {"from": "12:00", "to": "23:00"}},
        },
    )
    closed = AILING
    facts = Facts(
        frozenset(),
        earlier=Earlier(asked_until=NOW - DAY, answered_at=NOW - DAY),
        reopened_at=NOW,
        customer_opted_out=True,
        resting_until=NOW + 1,
        last_ask=NOW,
        windows={"telegram.a": HOUR},
    )
    for reason, settings, told, known in AILMENTS:
        skipped(decide(closed, chosen, facts, NOW), reason)
        chosen = parse_survey(settings, base=chosen)
        closed, facts = replace(closed, **told), replace(facts, **known)
    asked(decide(closed, chosen, facts, NOW))


# --- hours, and whose clock -------------------------------------------------------------------------------------------

QUIET = {"hours": {"quiet": {"from": "22:00", "to": "09:00"}}}


@pytest.mark.parametrize(
    ("customer", "surveys", "installation", "local"),
    [
        ("Asia/Vladivostok", "Europe/Moscow", "UTC", "2026-11-21T23:00:00Z"),  # 22:00 there: till 9:00, 10 hours ahead
        (None, "Asia/Yekaterinburg", "Europe/Moscow", "2026-11-21T12:00:00Z"),
        (None, "Asia/Vladivostok", "Europe/Moscow", "2026-11-21T23:00:00Z"),
        (None, "", "Asia/Vladivostok", "2026-11-21T23:00:00Z"),
        ("Mars/Phobos", "", "Asia/Vladivostok", "2026-11-21T23:00:00Z"),
        ("", "", "Nowhere", "2026-11-21T12:00:00Z"),
    ],
)
def test_quiet_hours_are_the_customers_else_the_surveys_else_the_installations(
    customer: str | None, surveys: str, installation: str, local: str
) -> None:
    facts = replace(FACTS, timezone=customer, default_timezone=installation)
    assert asked(decide(TICKET, survey(timezone=surveys, timing=QUIET), facts, NOW)).at == parse_instant(local)


def test_the_first_name_that_is_a_zone_serves() -> None:
    assert str(zone_for(None, "", "Nowhere", "europe/moscow", "UTC")) == "Europe/Moscow"
    assert str(zone_for(None, "Nowhere")) == "UTC"


@pytest.mark.parametrize(
    ("delay", "at"),
    [
        ("09:59:59", "2026-11-21T21:59:59Z"),
        ("10:00:00", "2026-11-22T09:00:00Z"),
        ("20:59:59", "2026-11-22T09:00:00Z"),
        ("21:00:00", "2026-11-22T09:00:00Z"),
        ("21:00:01", "2026-11-22T09:00:01Z"),
    ],
)
def test_what_comes_due_in_quiet_hours_waits_for_their_end(delay: str, at: str) -> None:
    hours, minutes, seconds = map(int, delay.split(":"))
    late = survey(timing={**QUIET, "delay_s": hours * 3600 + minutes * 60 + seconds})
    assert asked(decide(TICKET, late, FACTS, NOW)).at == parse_instant(at)


def test_weekdays_are_the_customers_own() -> None:
    workdays = survey(timing={"hours": {"weekdays": [1, 2, 3, 4, 5]}})
    late = replace(TICKET, closed_at=parse_instant("2026-11-20T20:59:59Z"))
    moscow = replace(FACTS, timezone="Europe/Moscow")
    assert asked(decide(late, workdays, moscow, late.closed_at)).at == late.closed_at
    assert asked(decide(late, workdays, moscow, late.closed_at + SECOND)).at == parse_instant("2026-11-22T21:00:00Z")


@pytest.mark.parametrize(("spare", "rule"), [(1, None), (0, "hours")])
def test_nobody_is_asked_when_the_time_for_an_answer_is_over(spare: int, rule: str | None) -> None:
    at = parse_instant("2026-11-22T09:00:00Z")
    tight = survey(timing={**QUIET, "delay_s": 12 * 3600, "expires_after_s": (at - NOW) // SECOND + spare})
    decision = decide(TICKET, tight, FACTS, NOW)
    if rule is None:
        assert asked(decision).at == at
    else:
        detail = skipped(decision, SkipReason.EXPIRED)
        assert detail == {"rule": rule, "saw": "2026-11-22T09:00:00Z", "wanted": (at - NOW) // SECOND}


def test_a_late_report_expires_by_itself() -> None:
    old = replace(TICKET, closed_at=NOW - HOUR)
    detail = skipped(decide(old, survey(timing={"expires_after_s": 3600}), FACTS, NOW), SkipReason.EXPIRED)
    assert detail["rule"] == "expires_after_s"


# --- windows of messengers --------------------------------------------------------------------------------------------

WINDOW = 24 * HOUR
WINDOWED = replace(FACTS, windows={"telegram.a": WINDOW, "viber.b": 48 * HOUR})
BOTH = replace(TICKET, addresses=(TELEGRAM, VIBER))


def wrote(ago: int, ticket: Ticket = TICKET) -> Ticket:
    return replace(ticket, last_message_at=Sides(NOW - ago, NOW))


@pytest.mark.parametrize(
    ("delay_s", "at"),
    [
        (0, NOW),
        (DAY_S - 600, NOW + DAY - WINDOW_MARGIN),
        (DAY_S - 599, NOW + DAY - WINDOW_MARGIN),
        (2 * DAY_S, NOW + DAY - WINDOW_MARGIN),
    ],
)
def test_a_prompt_is_sent_before_the_window_closes(delay_s: int, at: int) -> None:
    decision = asked(decide(wrote(0), survey(timing={"delay_s": delay_s}), WINDOWED, NOW))
    assert (decision.at, decision.window_until) == (at, NOW + WINDOW)


@pytest.mark.parametrize(("ago", "sent"), [(WINDOW - WINDOW_MARGIN, True), (WINDOW - 1, True), (WINDOW, False)])
def test_in_a_windows_last_minutes_it_is_sent_at_once(ago: int, sent: bool) -> None:
    decision = decide(wrote(ago), survey(timing={"delay_s": 3600}), WINDOWED, NOW)
    if sent:
        assert asked(decision).at == NOW
    else:
        assert skipped(decision, SkipReason.WINDOW_CLOSED) == {
            "rule": "window",
            "channel": "telegram.a",
            "saw": format_instant(NOW + HOUR),
            "wanted": format_instant(NOW),
        }


def test_a_window_counts_from_the_customers_message_else_from_the_closing() -> None:
    assert window_until(5, 9, DAY) == 5 + DAY
    assert window_until(None, 9, DAY) == 9 + DAY
    assert window_until(5, 9, None) is None


def test_before_a_night_over_which_the_window_closes_it_is_sent_the_evening_before() -> None:
    night = survey(timing={**QUIET, "delay_s": 11 * 3600})  # due at 23:00
    evening = asked(decide(wrote(4 * HOUR), night, WINDOWED, NOW))
    assert evening.at == parse_instant("2026-11-21T21:49:59.999Z"), "with time enough left for whoever sends it"
    at_ten = replace(wrote(4 * HOUR), closed_at=parse_instant("2026-11-21T21:55:00Z"))
    assert asked(decide(at_ten, night, WINDOWED, at_ten.closed_at)).at == at_ten.closed_at, "no time left: at once"
    assert asked(decide(wrote(0), night, WINDOWED, NOW)).at == parse_instant("2026-11-22T09:00:00Z"), "time enough"


def test_in_quiet_hours_until_the_window_is_closed_the_next_address_is_asked_else_the_reason_is_told() -> None:
    at_night = survey(timing={"hours": {"quiet": {"from": "11:00", "to": "10:30"}}}, fallback=True)
    decision = asked(decide(wrote(2 * HOUR, BOTH), at_night, WINDOWED, NOW))
    assert (decision.channel, decision.further) == ("viber.b", ())
    assert decision.at == parse_instant("2026-11-22T10:30:00Z")
    assert (
        skipped(decide(wrote(2 * HOUR), at_night, WINDOWED, NOW), SkipReason.WINDOW_CLOSED)["channel"] == "telegram.a"
    )


def test_only_addresses_that_still_take_it_follow() -> None:
    three = replace(TICKET, addresses=(TELEGRAM, VK, VIBER))
    follows = survey(fallback=True)
    assert asked(decide(wrote(0, three), follows, WINDOWED, NOW)).further == (("vk.c", "3"), ("viber.b", "2"))
    late = asked(decide(wrote(3 * DAY, three), follows, WINDOWED, NOW))
    assert (late.channel, late.further, late.window_until) == ("vk.c", (), None)


@given(
    st.integers(0, 60 * HOUR),
    st.integers(0, 60 * 3600),
    st.sampled_from([None, QUIET["hours"], {"quiet": {"from": "09:30", "to": "09:00"}, "weekdays": [6, 7, 1]}]),
    st.sampled_from(["UTC", "Europe/Moscow", "America/New_York"]),
)
def test_a_prompt_is_never_planned_for_the_past_a_closed_window_or_quiet_hours(
    ago: int, delay_s: int, hours: dict[str, Any] | None, zone: str
) -> None:
    chosen = survey(timing={"delay_s": delay_s, "hours": hours}, fallback=True)
    decision = decide(wrote(ago, BOTH), chosen, replace(WINDOWED, timezone=zone), NOW)
    if isinstance(decision, Skip):
        assert decision.reason is SkipReason.WINDOW_CLOSED
        return
    assert decision.at >= NOW
    assert decision.window_until == NOW - ago + WINDOWED.windows[decision.channel]
    assert decision.at < decision.window_until
    assert chosen.timing.hours is None or may_go(decision.at, chosen.timing.hours, zone_for(zone))
