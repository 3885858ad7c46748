"""Send rules: each by its borders, by what it says, and by what it never repeats; and their JSON."""

import json
from dataclasses import fields, replace
from datetime import UTC
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.decisions import Skip, SkipReason
from ratings.errors import FieldError
from ratings.hours import Opening
from ratings.send_rules import (
    MAX_DURATION_S,
    MAX_STAFF,
    NO_RULES,
    SendRules,
    is_sampled,
    left_out,
    next_chance,
    read_rules,
    refuse,
    rules_to_dict,
)
from ratings.ticket import Address, Customer, Sides, Ticket
from ratings.times import DAY, HOUR, MINUTE, SECOND, parse_instant
from tests.processor import processor_seconds

NOON = parse_instant("2026-11-21T12:00:00Z")  # a Saturday
MOSCOW = ZoneInfo("Europe/Moscow")
BARE = Ticket(id="T-1", closed_at=NOON)


def ticket(**more: Any) -> Ticket:
    return replace(BARE, **more)


def refused(rules: SendRules, closed: Ticket) -> Skip | None:
    skip = refuse(rules, closed, UTC)
    if skip is not None:
        assert {"rule", "saw", "wanted"} <= skip.detail.keys()
        json.dumps(skip.detail)
    return skip


# --- borders ------------------------------------------------------------------------------------------------------

TALK = SendRules(min_talk=10 * SECOND)
WROTE = SendRules(min_customer_messages=2)
REPLIED = SendRules(min_agent_messages=1)
BOTH = SendRules(both_sides=True)
BY_PEOPLE = SendRules(closed_by=("agent", "customer"))
OPEN_FOR = SendRules(min_open=MINUTE, max_open=DAY)
SILENT_FOR = SendRules(min_silence=MINUTE, max_silence=HOUR)
OFFICE = SendRules(opening=Opening(9 * 60, 18 * 60, (1, 2, 3, 4, 5, 6)))
NO_TESTS = SendRules(never_subjects=("*test*", "[spam]*"))
ONLY_ORDERS = SendRules(only_subjects=("*order*", "заказ ?"))
NO_SPAM = SendRules(never_tags=("spam*",))
ONLY_VIP = SendRules(only_tags=("vip", "gold"))


@pytest.mark.parametrize(
    ("rules", "more", "reason", "rule", "saw", "wanted"),
    [
        (TALK, {"talk_s": 9.999}, SkipReason.TALK_TOO_SHORT, "min_talk_s", 9.999, 10),
        (TALK, {"talk_s": 0}, SkipReason.TALK_TOO_SHORT, "min_talk_s", 0, 10),
        (TALK, {"talk_s": 10}, None, "", None, None),
        (WROTE, {"messages": Sides(1, 9)}, SkipReason.TOO_FEW_MESSAGES, "min_customer_messages", 1, 2),
        (WROTE, {"messages": Sides(2, 0)}, None, "", None, None),
        (REPLIED, {"messages": Sides(9, 0)}, SkipReason.TOO_FEW_MESSAGES, "min_agent_messages", 0, 1),
        (REPLIED, {"messages": Sides(0, 1)}, None, "", None, None),
        (BOTH, {"messages": Sides(5, 0)}, SkipReason.ONE_SIDED, "both_sides", {"customer": 5, "agent": 0}, None),
        (BOTH, {"messages": Sides(0, None)}, SkipReason.ONE_SIDED, "both_sides", {"customer": 0, "agent": None}, None),
        (BOTH, {"messages": Sides(1, 1)}, None, "", None, None),
        (BOTH, {"messages": Sides(1, None)}, None, "", None, None),
        (BY_PEOPLE, {"closed_by": "auto"}, SkipReason.CLOSED_BY, "closed_by", "auto", ["agent", "customer"]),
        (BY_PEOPLE, {"closed_by": "customer"}, None, "", None, None),
        (OPEN_FOR, {"opened_at": NOON - MINUTE + 1}, SkipReason.OPEN_TIME, "min_open_s", 59, 60),
        (OPEN_FOR, {"opened_at": NOON + HOUR}, SkipReason.OPEN_TIME, "min_open_s", 0, 60),
        (OPEN_FOR, {"opened_at": NOON - MINUTE}, None, "", None, None),
        (OPEN_FOR, {"opened_at": NOON - DAY}, None, "", None, None),
        (OPEN_FOR, {"opened_at": NOON - DAY - 1}, SkipReason.OPEN_TIME, "max_open_s", 86401, 86400),
        (SILENT_FOR, {"last_message_at": Sides(NOON - DAY, NOON - 1)}, SkipReason.SILENCE, "min_silence_s", 0, 60),
        (SILENT_FOR, {"last_message_at": Sides(NOON + 5, None)}, SkipReason.SILENCE, "min_silence_s", 0, 60),
        (SILENT_FOR, {"last_message_at": Sides(NOON - MINUTE, NOON - DAY)}, None, "", None, None),
        (SILENT_FOR, {"last_message_at": Sides(None, NOON - HOUR)}, None, "", None, None),
        (
            SILENT_FOR,
            {"last_message_at": Sides(NOON - HOUR - 1, NOON - DAY)},
            SkipReason.SILENCE,
            "max_silence_s",
            3601,
            3600,
        ),
        (OFFICE, {"closed_at": NOON - 3 * HOUR}, None, "", None, None),
        (
            OFFICE,
            {"closed_at": NOON - 3 * HOUR - 1},
            SkipReason.OUTSIDE_HOURS,
            "opening",
            "2026-11-21T08:59:59+00:00",
            None,
        ),
        (OFFICE, {"closed_at": NOON + 6 * HOUR - 1}, None, "", None, None),
        (
            OFFICE,
            {"closed_at": NOON + 6 * HOUR},
            SkipReason.OUTSIDE_HOURS,
            "opening",
            "2026-11-21T18:00:00+00:00",
            None,
        ),
        (OFFICE, {"closed_at": NOON + DAY}, SkipReason.OUTSIDE_HOURS, "opening", "2026-11-22T12:00:00+00:00", None),
        (
            NO_TESTS,
            {"subject": "A TEST case"},
            SkipReason.SUBJECT,
            "never_subjects",
            "a text of 11 characters",
            "*test*",
        ),
        (NO_TESTS, {"subject": "[Spam] x"}, SkipReason.SUBJECT, "never_subjects", "a text of 8 characters", "[spam]*"),
        (NO_TESTS, {"subject": "spam"}, None, "", None, None),
        (ONLY_ORDERS, {"subject": "Refund"}, SkipReason.SUBJECT, "only_subjects", "a text of 6 characters", None),
        (ONLY_ORDERS, {"subject": "ЗАКАЗ 7"}, None, "", None, None),
        (ONLY_ORDERS, {"subject": "заказ 77"}, SkipReason.SUBJECT, "only_subjects", "a text of 8 characters", None),
        (ONLY_ORDERS, {"subject": "My order 77"}, None, "", None, None),
        (NO_SPAM, {"tags": ("vip", "SPAMMER")}, SkipReason.TAGS, "never_tags", ["vip", "SPAMMER"], "spam*"),
        (NO_SPAM, {"tags": ("antispam",)}, None, "", None, None),
        (ONLY_VIP, {"tags": ("x", "Gold")}, None, "", None, None),
        (ONLY_VIP, {"tags": ("viper",)}, SkipReason.TAGS, "only_tags", ["viper"], ["vip", "gold"]),
        (ONLY_VIP, {"tags": ()}, SkipReason.TAGS, "only_tags", [], ["vip", "gold"]),
    ],
)
def test_each_rule_has_its_borders_and_says_what_it_saw(
    rules: SendRules, more: dict[str, Any], reason: SkipReason | None, rule: str, saw: object, wanted: object
) -> None:
    skip = refused(rules, ticket(**more))
    if reason is None:
        assert skip is None
        return
    assert skip is not None
    assert (skip.reason, skip.detail["rule"], skip.detail["saw"]) == (reason, rule, saw)
    if wanted is not None:
        assert skip.detail["wanted"] == wanted


STRICT = SendRules(
    min_talk=HOUR,
    min_customer_messages=5,
    min_agent_messages=5,
    both_sides=True,
    closed_by=("agent",),
    min_open=DAY,
    max_open=2 * DAY,
    min_silence=DAY,
    max_silence=2 * DAY,
    only_subjects=("x",),
    never_subjects=("*",),
    never_tags=("*",),
    staff=("*",),
    share=0.5,
    every=DAY,
    again_after=DAY,
)


def test_what_the_desk_did_not_tell_refuses_nobody() -> None:
    assert refuse(STRICT, BARE, UTC) is None


def test_a_limit_that_is_not_set_refuses_nobody_even_where_clocks_differ() -> None:
    odd = ticket(opened_at=NOON + DAY, last_message_at=Sides(NOON + HOUR, None), talk_s=0.0, messages=Sides(0, 0))
    assert refuse(SendRules(never_tags=("x",)), odd, UTC) is None
    assert refuse(NO_RULES, odd, UTC) is None


def test_opening_hours_are_those_of_the_surveys_clock() -> None:
    at_nine = ticket(closed_at=parse_instant("2026-11-21T06:00:00Z"))
    assert refuse(OFFICE, at_nine, MOSCOW) is None
    skip = refuse(OFFICE, ticket(closed_at=at_nine.closed_at - 1), MOSCOW)
    assert skip is not None
    assert skip.detail["saw"] == "2026-11-21T08:59:59+03:00"
    assert skip.detail["wanted"] == {"from": "09:00", "to": "18:00", "weekdays": [1, 2, 3, 4, 5, 6]}


# --- staff --------------------------------------------------------------------------------------------------------

ANNA = ticket(
    addresses=(Address("telegram.support", "4242"), Address("email.support", "Anna@Corp.example")),
    customer=Customer(id="c-7", phone="+7 (999) 123-45-67", email="a.n@mail.example"),
)


@pytest.mark.parametrize(
    ("entry", "saw"),
    [
        ("4242", "address"),
        ("telegram.support:4242", "address"),
        ("telegram.*:42*", "address"),
        ("vk.shop:4242", None),
        ("424", None),
        ("anna@corp.EXAMPLE", "address"),
        ("*@corp.example", "address"),
        ("*@orp.example", None),
        ("a.n@mail.example", "email"),
        ("an@mail.example", None),
        ("+79991234567", "phone"),
        ("+7 999 123 45 67", "phone"),
        ("+7-999*", "phone"),
        ("9991234567", None),
        ("C-7", "customer"),
    ],
)
def test_staff_is_known_by_address_mail_number_or_name(entry: str, saw: str | None) -> None:
    skip = refused(SendRules(staff=("nobody", entry)), ANNA)
    if saw is None:
        assert skip is None
        return
    assert skip is not None
    assert skip.reason is SkipReason.STAFF
    assert skip.detail == {"rule": "staff", "saw": saw, "wanted": "none of 2 entries"}


def test_a_thousand_members_of_staff_cost_nothing_by_the_ticket() -> None:
    names = tuple(f"person{n}@corp.example" for n in range(MAX_STAFF - 20))
    rules = SendRules(staff=(*names, *(f"*@branch{n}.example" for n in range(20))))

    def work() -> None:
        for _ in range(1_000):
            assert refuse(rules, ANNA, UTC) is None

    assert processor_seconds(work) < 2  # compiled anew for every ticket it takes half a minute


def test_a_pattern_of_many_stars_is_tried_in_a_moment() -> None:
    rules = SendRules(never_subjects=("*a" * 100,))
    long = ticket(subject="a" * 99 + "b" * 900)
    assert refuse(rules, long, UTC) is None
    assert processor_seconds(lambda: refuse(rules, long, UTC)) < 1


WORDS = st.text(st.sampled_from("абвгдеж"), min_size=4, max_size=12)
ADDRESSES = st.one_of(
    st.from_regex(r"[qwz]{4,9}@[qwz]{4,9}\.ru", fullmatch=True), st.from_regex(r"\+7[0-9]{10}", fullmatch=True)
)


@given(st.lists(ADDRESSES, min_size=3, max_size=3, unique=True), WORDS, st.booleans(), st.data())
def test_no_detail_holds_an_address_or_words(places: list[str], subject: str, exact: bool, data: st.DataObject) -> None:
    closed = ticket(
        addresses=(Address("telegram.support", places[0]),),
        customer=Customer(id=places[1], name=subject, email=places[2], phone=places[2]),
        subject=subject,
        tags=(places[0],),
        messages=Sides(0, 0),
    )
    staff = data.draw(st.sampled_from([*places, f"telegram.support:{places[0]}"])) if exact else "nobody"
    for rules in (
        SendRules(staff=(staff,)),
        SendRules(staff=(staff[:-1] + "?",)),
        SendRules(never_subjects=("*",)),
        SendRules(only_subjects=("x",)),
        SendRules(never_tags=("*",)),
        SendRules(only_tags=("x",)),
        SendRules(both_sides=True),
    ):
        skip = refused(rules, closed)
        told = "" if skip is None else json.dumps(skip.detail, ensure_ascii=False)
        assert not any(secret in told for secret in (*places, subject))


# --- the sample ---------------------------------------------------------------------------------------------------

IDS = [ticket(id=f"T-{n}") for n in range(20_000)]


def sampled(share: float, survey_id: str = "s") -> set[str]:
    return {one.id for one in IDS if is_sampled(SendRules(share=share), survey_id, one)}


def test_a_share_is_about_as_large_as_it_says_always_the_same_and_part_of_a_larger_one() -> None:
    samples = [sampled(share) for share in (0.1, 0.2, 0.99)]
    for sample, share in zip(samples, (0.1, 0.2, 0.99), strict=True):
        assert abs(len(sample) / len(IDS) - share) <= 4 * (share * (1 - share) / len(IDS)) ** 0.5
    assert all(smaller <= larger for smaller, larger in pairwise(samples))
    assert sampled(0.1) == samples[0]


def test_another_survey_or_desk_has_another_sample_of_its_own() -> None:
    here, there = sampled(0.1), sampled(0.1, "other")
    assert 0.05 < len(here & there) / len(here) < 0.2
    elsewhere = [one for one in IDS if is_sampled(SendRules(share=0.1), "s", replace(one, desk="crm"))]
    assert {one.id for one in elsewhere} != here


def test_a_sample_knows_the_ticket_alone_and_says_where_it_stands() -> None:
    rules = SendRules(share=0.5)
    again = [replace(one, closed_at=NOON + DAY, closing_id="b", subject="x") for one in IDS[:200]]
    assert [is_sampled(rules, "s", one) for one in again] == [is_sampled(rules, "s", one) for one in IDS[:200]]
    for one in IDS[:200]:
        skip = left_out(rules, "s", one)
        assert (skip is None) is is_sampled(rules, "s", one)
        if skip is not None:
            assert (skip.reason, skip.detail["rule"], skip.detail["wanted"]) == (SkipReason.NOT_SAMPLED, "share", 0.5)
            saw = skip.detail["saw"]
            assert isinstance(saw, float)
            assert 0.5 <= saw <= 1


@given(st.floats(0.001, 1), st.floats(0.001, 1), st.text(st.characters(codec="utf-8"), min_size=1))
def test_who_is_in_a_sample_is_in_every_larger_one(one: float, other: float, number: str) -> None:
    smaller, larger = sorted((one, other))
    closed = ticket(id=number)
    assert is_sampled(SendRules(share=larger), "s", closed) or not is_sampled(SendRules(share=smaller), "s", closed)


@pytest.mark.parametrize(("last", "every", "chance"), [(None, DAY, None), (5, 0, None), (5, DAY, 5 + DAY)])
def test_the_next_chance_is_the_last_asking_and_the_time_between(last: int | None, every: int, chance: int) -> None:
    assert next_chance(last, every) == chance


# --- JSON ---------------------------------------------------------------------------------------------------------


def read(data: object, start: SendRules = NO_RULES) -> tuple[SendRules, list[FieldError]]:
    errors: list[FieldError] = []
    return read_rules(errors, data, start, "/rules"), errors


SECONDS = st.integers(0, MAX_DURATION_S // 2).map(lambda seconds: seconds * SECOND)
LIMITS = st.tuples(SECONDS, SECONDS).map(sorted)
PATTERNS = st.lists(WORDS, unique=True, max_size=3).map(tuple)


@st.composite
def all_rules(draw: st.DrawFn) -> SendRules:
    min_open, max_open = draw(LIMITS)
    min_silence, max_silence = draw(LIMITS)
    return SendRules(
        min_talk=draw(SECONDS),
        min_customer_messages=draw(st.integers(0, 100)),
        min_agent_messages=draw(st.integers(0, 100)),
        both_sides=draw(st.booleans()),
        closed_by=draw(st.lists(st.sampled_from(["agent", "customer", "auto"]), unique=True).map(tuple)),
        min_open=min_open,
        max_open=max_open,
        min_silence=min_silence,
        max_silence=max_silence,
        opening=draw(st.none() | st.builds(Opening, st.just(0), st.integers(1, 1440), st.sampled_from([(), (1, 7)]))),
        only_subjects=draw(PATTERNS),
        never_subjects=draw(PATTERNS),
        only_tags=draw(PATTERNS),
        never_tags=draw(PATTERNS),
        staff=draw(PATTERNS),
        share=draw(st.floats(0, 1, exclude_min=True)),
        every=draw(SECONDS),
        again_after=draw(SECONDS),
        recovery=draw(st.booleans()),
    )


@given(all_rules(), all_rules())
def test_rules_written_and_read_again_are_the_same_over_any_others(rules: SendRules, others: SendRules) -> None:
    written = json.loads(json.dumps(rules_to_dict(rules)))
    assert len(written) == len(fields(SendRules))
    assert read(written) == (rules, [])
    assert read(written, others) == (rules, [])


@given(all_rules(), st.data())
def test_a_change_keeps_what_it_does_not_name_and_null_takes_it_back(rules: SendRules, data: st.DataObject) -> None:
    key, name = data.draw(
        st.sampled_from(list(zip(rules_to_dict(rules), [one.name for one in fields(SendRules)], strict=True)))
    )
    assert read({}, rules) == (rules, [])
    assert read(None, rules) == (NO_RULES, [])
    changed, errors = read({key: None}, rules)
    if not errors:
        assert changed == replace(rules, **{name: getattr(NO_RULES, name)})
    else:
        assert key.startswith(("max_", "min_"))


@pytest.mark.parametrize(
    ("data", "pointer", "remedy"),
    [
        ([], "/rules", "expected an object"),
        ({"min_talk": 5}, "/rules/min_talk", "expected one of min_talk_s, "),
        ({"every": 5}, "/rules/every", "again_after_s"),
        ({"min_talk_s": -1}, "/rules/min_talk_s", "expected a whole number from 0 to 316224000"),
        ({"min_talk_s": 1.5}, "/rules/min_talk_s", "1.5; expected a whole number"),
        ({"min_talk_s": True}, "/rules/min_talk_s", "true; expected a whole number"),
        ({"every_s": MAX_DURATION_S + 1}, "/rules/every_s", "to 316224000"),
        ({"again_after_s": "7d"}, "/rules/again_after_s", '"7d"; expected a whole number'),
        ({"min_customer_messages": -1}, "/rules/min_customer_messages", "from 0 to 1000000000"),
        ({"min_agent_messages": 10**10}, "/rules/min_agent_messages", "from 0 to 1000000000"),
        ({"both_sides": 1}, "/rules/both_sides", "expected true or false"),
        ({"recovery": "yes"}, "/rules/recovery", "expected true or false"),
        ({"closed_by": "auto"}, "/rules/closed_by", "expected a list of strings"),
        ({"closed_by": ["agent", "bot"]}, "/rules/closed_by/1", "expected one of agent, customer, auto"),
        ({"min_open_s": 60, "max_open_s": 59}, "/rules/max_open_s", "expected 0 (no limit) or more"),
        ({"min_silence_s": 2, "max_silence_s": 1}, "/rules/max_silence_s", "less than min_silence_s"),
        ({"opening": "9-18"}, "/rules/opening", "expected an object"),
        ({"opening": {"from": "09:00"}}, "/rules/opening/to", "missing; expected a time"),
        ({"only_subjects": "x"}, "/rules/only_subjects", "expected a list"),
        ({"never_subjects": ["x" * 201]}, "/rules/never_subjects/0", "expected at most 200"),
        ({"only_tags": [None]}, "/rules/only_tags/0", "expected a string"),
        ({"never_tags": ["x"] * 101}, "/rules/never_tags", "expected at most 100"),
        ({"staff": ["x"] * 1001}, "/rules/staff", "expected at most 1000"),
        ({"staff": [5]}, "/rules/staff/0", "expected a string"),
        ({"share": 0}, "/rules/share", "expected a number above 0, at most 1"),
        ({"share": 1.01}, "/rules/share", "at most 1"),
        ({"share": float("nan")}, "/rules/share", "at most 1"),
        ({"share": True}, "/rules/share", "true; expected a number"),
        ({"share": "10 %"}, "/rules/share", "expected a number"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_remedy(data: object, pointer: str, remedy: str) -> None:
    _, errors = read(data)
    assert [error.pointer for error in errors] == [pointer]
    assert remedy in errors[0].detail


def test_a_limit_of_zero_is_none_and_a_minimum_may_reach_the_maximum() -> None:
    assert read({"min_open_s": 60, "max_open_s": 0})[1] == []
    assert read({"min_open_s": 60, "max_open_s": 60})[1] == []
    assert read({"share": 1}) == (NO_RULES, [])
