import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings import rules
from ratings.conditions import FIELDS, OPERATORS
from ratings.errors import InvalidInput
from ratings.rules import (
    Ask,
    Earlier,
    Facts,
    Skip,
    SkipReason,
    condition_to_dict,
    decide,
    evaluate,
    parse_condition,
)
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey
from ratings.ticket import Address, Ticket, parse_ticket
from ratings.times import DAY, HOUR, MINUTE, format_instant, parse_instant

NOW = parse_instant("2026-11-21T12:00:00Z")
TELEGRAM = {"channel": "telegram.support", "id": "42"}
VK = {"channel": "vk.shop", "id": "9"}
ACCOUNTS = frozenset({"telegram.support", "vk.shop"})
FACTS = Facts(ACCOUNTS)


def ticket(closed_at: int = NOW - MINUTE, **more: Any) -> Ticket:
    return parse_ticket({"id": "T-1", "closed_at": format_instant(closed_at), "address": TELEGRAM, **more}, now=NOW)


def survey(**more: Any) -> Survey:
    return parse_survey(more, base=DEFAULT_SURVEY)


def skipped(decision: Ask | Skip) -> Skip:
    assert isinstance(decision, Skip)
    json.dumps(decision.detail)
    return decision


# --- decisions ----------------------------------------------------------------------------------------------------


def test_a_closing_is_asked_about_at_once_at_the_preferred_address() -> None:
    assert decide(ticket(addresses=[VK]), DEFAULT_SURVEY, FACTS, NOW) == Ask(NOW, "telegram.support", "42")


def test_a_delay_counts_from_the_closing_and_never_leads_into_the_past() -> None:
    late = survey(timing={"delay_s": 3600})
    assert decide(ticket(NOW - MINUTE), late, FACTS, NOW) == Ask(NOW - MINUTE + HOUR, "telegram.support", "42")
    assert decide(ticket(NOW - 2 * HOUR), late, FACTS, NOW) == Ask(NOW, "telegram.support", "42")


PLACE = ("telegram.support", "42")
VIP = {"field": "tags", "has": "vip"}


@pytest.mark.parametrize(
    ("reason", "settings", "facts", "more"),
    [
        (SkipReason.NO_SURVEY, None, FACTS, {"ask": False}),
        (SkipReason.SURVEY_OFF, {"enabled": False}, FACTS, {"ask": False}),
        (SkipReason.ASK_FALSE, {"timing": {"max_age_s": 1}}, FACTS, {"ask": False}),
        (SkipReason.TOO_OLD, {"timing": {"max_age_s": 59}}, Facts(ACCOUNTS, earlier=Earlier(asked_until=NOW)), {}),
        (
            SkipReason.ALREADY_ASKED,
            {"skip_when": VIP},
            Facts(ACCOUNTS, earlier=Earlier(asked_until=NOW - MINUTE)),
            {"tags": ["vip"]},
        ),
        (
            SkipReason.CONDITION_EXCLUDES,
            {"skip_when": VIP, "ask_when": {"field": "kind", "is": "call"}},
            FACTS,
            {"tags": ["vip"]},
        ),
        (SkipReason.CONDITION_NOT_MET, {"ask_when": VIP}, Facts(()), {}),
        (SkipReason.NO_ADDRESS, {}, FACTS, {"address": None}),
        (SkipReason.CHANNEL_UNKNOWN, {}, Facts(()), {}),
        (SkipReason.OPTED_OUT, {}, Facts(ACCOUNTS, opted_out={PLACE}, unreachable={PLACE}), {}),
        (SkipReason.UNREACHABLE, {}, Facts(ACCOUNTS, unreachable={PLACE}), {}),
    ],
)
def test_each_reason_has_its_place_in_the_order(
    reason: SkipReason, settings: dict[str, Any] | None, facts: Facts, more: dict[str, Any]
) -> None:
    chosen = None if settings is None else survey(**settings)
    assert skipped(decide(ticket(**more), chosen, facts, NOW)).reason is reason


def test_the_borders_of_age_and_of_what_was_asked_before() -> None:
    limit = DEFAULT_SURVEY.timing.max_age
    assert isinstance(decide(ticket(NOW - limit), DEFAULT_SURVEY, FACTS, NOW), Ask)
    assert skipped(decide(ticket(NOW - limit - 1), DEFAULT_SURVEY, FACTS, NOW)).reason is SkipReason.TOO_OLD
    again = Facts(ACCOUNTS, earlier=Earlier(asked_until=NOW - MINUTE))
    assert isinstance(decide(ticket(NOW - MINUTE + 1), DEFAULT_SURVEY, again, NOW), Ask)
    assert skipped(decide(ticket(NOW - MINUTE), DEFAULT_SURVEY, again, NOW)).reason is SkipReason.ALREADY_ASKED


def test_the_next_address_is_used_when_the_preferred_one_cannot_be() -> None:
    for facts in (Facts({"vk.shop"}), Facts(ACCOUNTS, opted_out={PLACE}), Facts(ACCOUNTS, unreachable={PLACE})):
        assert decide(ticket(addresses=[VK]), DEFAULT_SURVEY, facts, NOW) == Ask(NOW, "vk.shop", "9")


def test_when_no_address_serves_the_first_one_gives_the_reason_and_all_are_counted() -> None:
    facts = Facts({"vk.shop"}, opted_out={("vk.shop", "9")})
    decision = skipped(decide(ticket(addresses=[VK]), DEFAULT_SURVEY, facts, NOW))
    assert decision.reason is SkipReason.CHANNEL_UNKNOWN
    assert decision.detail == {"addresses": 2, "channel": "telegram.support", "channel_unknown": 1, "opted_out": 1}


def test_a_condition_tells_its_rule_its_test_and_what_it_saw() -> None:
    strict = survey(ask_when={"all": [{"field": "kind", "is": "ticket"}, {"field": "priority", "in": ["high"]}]})
    assert skipped(decide(ticket(priority="low"), strict, FACTS, NOW)).detail == {
        "rule": "ask_when",
        "test": {"field": "priority", "in": ["high"]},
        "saw": "low",
    }


def test_conditions_see_the_account_that_would_be_used_else_the_preferred_one() -> None:
    only_vk = survey(ask_when={"field": "channel", "is": "vk"})
    assert isinstance(decide(ticket(addresses=[VK]), only_vk, Facts({"vk.shop"}), NOW), Ask)
    assert skipped(decide(ticket(addresses=[VK]), only_vk, FACTS, NOW)).reason is SkipReason.CONDITION_NOT_MET
    only_telegram = survey(ask_when={"field": "channel", "is": "telegram"})
    out = Facts(ACCOUNTS, opted_out={PLACE})
    assert skipped(decide(ticket(), only_telegram, out, NOW)).reason is SkipReason.OPTED_OUT


# --- conditions ---------------------------------------------------------------------------------------------------

RICH: dict[str, Any] = {
    "priority": "High",
    "form": {"id": "5", "name": "Sales"},
    "group": "Первая линия",
    "kind": "call",
    "direction": "in",
    "tags": ["VIP", "оплата"],
    "talk_s": 30,
    "closed_by": "auto",
    "fields": {"n": "12.0", "flag": True, "list": ["a", 2], "a.b": 1, "a": {"b": 2, "c": {"d": "x"}}, "null": None},
    "stage": "done",
}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"field": "priority", "is": "high"}, True),
        ({"field": "priority", "is_not": "HIGH"}, False),
        ({"field": "priority", "in": ["low", "HIGH"]}, True),
        ({"field": "priority", "not_in": ["low", "HIGH"]}, False),
        ({"field": "priority", "has": "high"}, True),
        ({"field": "form", "is": "5"}, True),
        ({"field": "form", "is": 5}, True),
        ({"field": "form", "is": "Sales"}, False),
        ({"field": "group", "is": "ПЕРВАЯ ЛИНИЯ"}, True),
        ({"field": "kind", "in": ["call", "callback"]}, True),
        ({"field": "direction", "is_not": "out"}, True),
        ({"field": "closed_by", "is": "auto"}, True),
        ({"field": "channel", "is": "telegram"}, True),
        ({"field": "channel", "is": "telegram.support"}, True),
        ({"field": "channel", "in": ["vk", "telegram.other"]}, False),
        ({"field": "channel", "not_in": ["telegram"]}, False),
        ({"field": "tags", "has": "vip"}, True),
        ({"field": "tags", "in": ["spam", "ОПЛАТА"]}, True),
        ({"field": "tags", "not_in": ["spam", "vip"]}, False),
        ({"field": "tags", "not_in": ["spam"]}, True),
        ({"field": "tags", "is_not": "spam"}, True),
        ({"field": "tags", "ge": 1}, False),
        ({"field": "talk_s", "ge": 30}, True),
        ({"field": "talk_s", "ge": 30.1}, False),
        ({"field": "talk_s", "le": 30}, True),
        ({"field": "talk_s", "is": 30.0}, True),
        ({"field": "fields.n", "is": 12}, True),
        ({"field": "fields.n", "ge": 12}, True),
        ({"field": "fields.n", "le": 11}, False),
        ({"field": "fields.flag", "is": True}, True),
        ({"field": "fields.flag", "is": 1}, False),
        ({"field": "fields.flag", "ge": 1}, False),
        ({"field": "fields.list", "has": 2}, True),
        ({"field": "fields.list", "has": "b"}, False),
        ({"field": "fields.a.b", "is": 1}, True),
        ({"field": "fields.a.c.d", "is": "X"}, True),
        ({"field": "fields.a.c", "is": "x"}, False),
        ({"field": "fields.raw.stage", "is": "done"}, True),
    ],
)
def test_a_test_means_what_its_table_says(test: dict[str, Any], expected: bool) -> None:
    condition = parse_condition(test)
    assert evaluate(condition, ticket(**RICH), "telegram.support")[0] is expected


@pytest.mark.parametrize(
    "field",
    ["priority", "form", "group", "direction", "channel", "tags", "talk_s", "closed_by", "fields.x", "fields.a.b.c"],
)
@pytest.mark.parametrize(
    ("op", "expected"),
    [("is", False), ("in", False), ("ge", False), ("le", False), ("has", False), ("is_not", True), ("not_in", True)],
)
def test_a_missing_field_fits_nothing(field: str, op: str, expected: bool) -> None:
    value: Any = {"direction": "in", "closed_by": "auto"}.get(field, "x")
    if field == "talk_s" or op in {"ge", "le"}:
        value = 0
    condition = parse_condition({"field": field, op: [value] if op in {"in", "not_in"} else value})
    result, saw = evaluate(condition, ticket(fields={"a": {"b": None}}), None)
    assert (result, saw.seen) == (expected, None)


YES, NO = {"field": "kind", "is": "ticket"}, {"field": "kind", "is": "chat"}


@pytest.mark.parametrize(
    ("data", "expected", "decided"),
    [
        ({"all": [YES, NO, YES]}, False, NO),
        ({"all": [YES, YES]}, True, YES),
        ({"any": [NO, YES, NO]}, True, YES),
        ({"any": [NO, NO]}, False, NO),
        ({"all": [{"any": [NO, YES]}, {"all": [NO]}]}, False, NO),
    ],
)
def test_all_and_any_join_tests_and_name_the_one_that_decided(data: Any, expected: bool, decided: Any) -> None:
    result, saw = evaluate(parse_condition(data), ticket(), None)
    assert result is expected
    assert saw.to_dict() == {"test": decided, "saw": "ticket"}


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ("x" * 41, "a text of 41 characters"),
        ("anna@x.example", "a text of 14 characters"),
        ("+7 999 123-45-67", "a text of 16 characters"),
        ("две\nстроки", "a text of 10 characters"),
        (79991234567, "a long number"),
        ({"a": 1}, "an object"),
        (["ok", "+79991234567"], ["ok", "a text of 12 characters"]),
        ("Standard", "Standard"),
    ],
)
def test_a_decision_keeps_no_words_and_no_addresses(seen: object, shown: object) -> None:
    _, saw = evaluate(parse_condition({"field": "fields.x", "is": "y"}), ticket(fields={"x": seen}), None)
    assert saw.seen == shown


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (None, "/c"),
        ([], "/c"),
        ({}, "/c"),
        ({"all": []}, "/c/all"),
        ({"all": [YES] * 101}, "/c/all"),
        ({"all": {}}, "/c/all"),
        ({"all": [YES], "any": [YES]}, "/c"),
        ({"all": [YES], "why": 1}, "/c/why"),
        ({"any": [YES, {"field": "colour", "is": "red"}]}, "/c/any/1/field"),
        ({"field": "fields.", "is": "x"}, "/c/field"),
        ({"field": 5, "is": "x"}, "/c/field"),
        ({"field": "priority"}, "/c"),
        ({"field": "priority", "is": "a", "has": "b"}, "/c"),
        ({"field": "priority", "like": "a"}, "/c"),
        ({"field": "priority", "in": "high"}, "/c/in"),
        ({"field": "priority", "in": []}, "/c/in"),
        ({"field": "priority", "in": ["a"] * 101}, "/c/in"),
        ({"field": "priority", "in": ["a", None]}, "/c/in/1"),
        ({"field": "priority", "is": ""}, "/c/is"),
        ({"field": "priority", "is": "x" * 201}, "/c/is"),
        ({"field": "priority", "is": ["a"]}, "/c/is"),
        ({"field": "talk_s", "ge": "30"}, "/c/ge"),
        ({"field": "talk_s", "ge": True}, "/c/ge"),
        ({"field": "talk_s", "is": "long"}, "/c/is"),
        ({"field": "fields.x", "is": float("nan")}, "/c/is"),
        ({"field": "kind", "is": "letter"}, "/c/is"),
        ({"field": "kind", "is": None}, "/c/is"),
        ({"all": [{"all": [{"all": [{"all": [{"all": [YES]}]}]}]}]}, "/c/all/0/all/0/all/0/all/0/all"),
        ({"all": [{"any": [YES] * 60}, {"any": [YES] * 60}]}, "/c"),
    ],
)
def test_a_wrong_condition_is_refused_where_it_is_wrong(data: Any, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_condition(data, "/c")
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_every_wrong_part_of_a_condition_is_listed() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_condition({"all": [{"field": "x", "is": 1}, {"any": [{"field": "talk_s", "le": "a"}, 7]}]})
    assert [error.pointer for error in caught.value.errors] == ["/all/0/field", "/all/1/any/0/le", "/all/1/any/1"]


# --- properties ---------------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.sampled_from(["high", "vip", "5"]), st.integers(-5, 5), st.booleans())


def _tests(field: str, op: str) -> st.SearchStrategy[dict[str, Any]]:
    value: st.SearchStrategy[Any] = SCALARS
    if field == "talk_s" or op in {"ge", "le"}:
        value = st.integers(-5, 50)
    elif field in {"kind", "direction", "closed_by"}:
        value = st.just({"kind": "chat", "direction": "in", "closed_by": "auto"}[field])
    listed = st.lists(value, min_size=1, max_size=3) if op in {"in", "not_in"} else value
    return listed.map(lambda wanted: {"field": field, op: wanted})


TESTS = st.tuples(st.sampled_from((*FIELDS, "fields.x")), st.sampled_from(OPERATORS)).flatmap(
    lambda pair: _tests(*pair)
)
CONDITIONS = st.one_of(
    TESTS,
    st.lists(TESTS, min_size=1, max_size=3).map(lambda all_: {"all": all_}),
    st.lists(TESTS, min_size=1, max_size=3).map(lambda any_: {"any": [{"all": any_}, *any_]}),
)
PLACES = st.builds(Address, st.sampled_from(["telegram.support", "vk.shop", "max.a"]), st.sampled_from(["1", "2"]))
TICKETS = st.builds(
    Ticket,
    id=st.just("T"),
    closed_at=st.integers(NOW - 5 * DAY, NOW + 5 * MINUTE),
    addresses=st.lists(PLACES, max_size=3, unique=True).map(tuple),
    kind=st.sampled_from(["chat", "ticket"]),
    priority=st.sampled_from([None, "high"]),
    tags=st.sampled_from([(), ("vip",)]),
    talk_s=st.sampled_from([None, 0, 30.5]),
    fields=st.dictionaries(st.just("x"), st.one_of(SCALARS, st.lists(SCALARS), st.none())),
    ask=st.booleans(),
)
PAIRS = st.frozensets(PLACES.map(lambda place: (place.channel, place.id)))
FACT_SETS = st.builds(
    Facts,
    st.frozensets(st.sampled_from(["telegram.support", "vk.shop"])),
    PAIRS,
    PAIRS,
    st.builds(Earlier, st.none() | st.integers(NOW - 5 * DAY, NOW)),
)
SURVEYS = st.none() | st.builds(
    survey,
    enabled=st.sampled_from([True, True, False]),
    ask_when=st.none() | CONDITIONS,
    skip_when=st.none() | CONDITIONS,
    timing=st.builds(lambda seconds: {"delay_s": seconds}, st.integers(0, 10_000)),
)


@given(TICKETS, SURVEYS, FACT_SETS)
def test_every_closing_gets_exactly_one_decision_and_nobody_who_opted_out_is_asked(
    closed: Ticket, chosen: Survey | None, facts: Facts
) -> None:
    decision = decide(closed, chosen, facts, NOW)
    assert decision == decide(closed, chosen, facts, NOW)
    if isinstance(decision, Skip):
        assert decision.reason in SkipReason
        assert isinstance(json.dumps(decision.detail), str)
        return
    assert chosen is not None
    assert chosen.enabled
    assert closed.ask
    assert decision.at >= NOW
    assert decision.at >= closed.closed_at + chosen.timing.delay
    place = (decision.channel, decision.address)
    assert Address(*place) in closed.addresses
    assert decision.channel in facts.accounts
    assert place not in facts.opted_out
    assert place not in facts.unreachable
    assert facts.earlier.asked_until is None or closed.closed_at > facts.earlier.asked_until


@given(CONDITIONS, TICKETS)
def test_a_condition_round_trips_and_its_opposite_tests_disagree(data: dict[str, Any], closed: Ticket) -> None:
    condition = parse_condition(json.loads(json.dumps(data)))
    assert condition_to_dict(condition) == data
    assert parse_condition(condition_to_dict(condition)) == condition
    if isinstance(condition, rules.Test) and condition.op in {"is", "in"}:
        opposite = {"is": "is_not", "in": "not_in"}[condition.op]
        other = rules.Test(condition.field, opposite, condition.value)
        assert evaluate(condition, closed, None)[0] is not evaluate(other, closed, None)[0]
