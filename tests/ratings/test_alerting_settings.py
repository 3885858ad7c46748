"""What an admin sets about alerts, as JSON: every key there and back, every wrong value by its place and remedy."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.alerting import MAX_DESTINATIONS, NIGHT, NO_ALERTS, Alerts, alerts_to_dict, read_alerts
from ratings.errors import FieldError
from ratings.hours import Hours

KEYS = [one.name for one in fields(Alerts)]
TO = ("telegram.support:-100200300", "email.support:head@example.org", "https://example.org/hook")
ALL = st.builds(
    Alerts,
    value_max=st.none() | st.integers(1, 99),
    words=st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=5), unique=True, max_size=3).map(
        tuple
    ),
    to=st.lists(st.sampled_from(TO), unique=True).map(tuple),
    per_hour=st.integers(1, 60),
    hours=st.none() | st.just(NIGHT) | st.just(Hours(0, 60, (1, 5))) | st.just(Hours(weekdays=(6,))),
)


def read(data: object, start: Alerts = NO_ALERTS) -> tuple[Alerts, list[FieldError]]:
    errors: list[FieldError] = []
    return read_alerts(errors, data, start, "/alerts"), errors


@given(ALL, ALL)
def test_alerts_written_and_read_again_are_the_same_over_any_others(alerts: Alerts, others: Alerts) -> None:
    written = json.loads(json.dumps(alerts_to_dict(alerts)))
    assert list(written) == KEYS
    assert read(written) == (alerts, [])
    assert read(written, others) == (alerts, [])


@given(ALL, st.sampled_from(KEYS))
def test_a_change_keeps_what_it_does_not_name_and_null_takes_it_back(alerts: Alerts, name: str) -> None:
    assert read({}, alerts) == (alerts, [])
    assert read(None, alerts) == (NO_ALERTS, [])
    assert read({name: None}, alerts) == (replace(alerts, **{name: getattr(NO_ALERTS, name)}), [])


def test_nobody_is_told_at_night_unless_the_admin_says_so() -> None:
    assert read({})[0].hours == NIGHT
    assert read({"hours": {}}) == (Alerts(hours=None), [])
    assert read({"hours": None}, Alerts(hours=None)) == (NO_ALERTS, [])
    assert read({"hours": {"quiet": {"from": "20:00", "to": "07:00"}}})[0].hours == Hours(20 * 60, 7 * 60)


@pytest.mark.parametrize(
    ("data", "pointer", "remedy"),
    [
        ([], "/alerts", "expected an object"),
        ({"mail": "x"}, "/alerts/mail", "expected one of value_max, words, to, per_hour, hours"),
        ({"value_max": 0}, "/alerts/value_max", "expected a whole number from 1 to 99"),
        ({"value_max": 100}, "/alerts/value_max", "from 1 to 99"),
        ({"value_max": True}, "/alerts/value_max", "expected a whole number"),
        ({"value_max": "2"}, "/alerts/value_max", "expected a whole number"),
        ({"per_hour": 0}, "/alerts/per_hour", "from 1 to 60"),
        ({"per_hour": 61}, "/alerts/per_hour", "from 1 to 60"),
        ({"per_hour": 1.5}, "/alerts/per_hour", "expected a whole number"),
        ({"words": "refund"}, "/alerts/words", "expected a list"),
        ({"words": ["ok", 5]}, "/alerts/words/1", "expected a string"),
        ({"words": ["x" * 101]}, "/alerts/words/0", "expected at most 100"),
        ({"words": ["x"] * 101}, "/alerts/words", "expected at most 100"),
        ({"hours": "night"}, "/alerts/hours", "expected an object"),
        ({"hours": {"from": "22:00"}}, "/alerts/hours/from", "expected one of quiet, weekdays"),
        ({"hours": {"quiet": {"from": "22:00"}}}, "/alerts/hours/quiet/to", "expected a time"),
        ({"to": "email.a:b@c.example"}, "/alerts/to", "expected a list"),
        ({"to": [*TO, "head@example.org"]}, "/alerts/to/3", "expected account:address"),
        ({"to": ["email:head@example.org"]}, "/alerts/to/0", "email.support:head@example.org"),
        ({"to": ["telegram.support:"]}, "/alerts/to/0", "expected account:address"),
        ({"to": ["telegram.support:1 2"]}, "/alerts/to/0", "expected account:address"),
        ({"to": ["ftp://example.org"]}, "/alerts/to/0", "https://"),
        ({"to": [None]}, "/alerts/to/0", "expected a string"),
        ({"to": [f"telegram.a:{n}" for n in range(MAX_DESTINATIONS + 1)]}, "/alerts/to", "expected at most 20"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_remedy(data: Any, pointer: str, remedy: str) -> None:
    _, errors = read(data)
    assert [error.pointer for error in errors] == [pointer]
    assert remedy in errors[0].detail


@given(st.from_regex(r"[a-z]{5,9}@[a-z]{5,9}", fullmatch=True))
def test_an_error_never_repeats_an_address(address: str) -> None:
    _, errors = read({"to": [address], "words": [[address]]})
    assert len(errors) == 2
    assert not any(address in error.detail for error in errors)
