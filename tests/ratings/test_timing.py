"""When a survey asks, reminds and stops, as JSON: every key there and back, every wrong value by its place and remedy."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.errors import FieldError
from ratings.hours import Hours
from ratings.times import DAY, MINUTE, SECOND
from ratings.timing import MAX_DURATION_S, Timing, read_timing, timing_to_dict

LENGTHS = st.integers(1, MAX_DURATION_S).map(lambda seconds: seconds * SECOND)
ALL = st.builds(
    Timing,
    delay=st.just(0) | LENGTHS,
    reminders=st.lists(LENGTHS, max_size=3).map(tuple),
    lapse_after=LENGTHS,
    expires_after=LENGTHS,
    edit_window=st.just(0) | LENGTHS,
    comment_window=st.just(0) | LENGTHS,
    max_age=LENGTHS,
    hours=st.none() | st.just(Hours(22 * 60, 8 * 60, (1, 2))) | st.just(Hours()),
)
KEYS = dict(zip(timing_to_dict(Timing()), [one.name for one in fields(Timing)], strict=True))


def read(data: object, start: Timing | None = None) -> tuple[Timing, list[FieldError]]:
    errors: list[FieldError] = []
    return read_timing(errors, data, start or Timing(), "/timing"), errors


@given(ALL, ALL)
def test_a_timing_written_and_read_again_is_the_same_over_any_other(timing: Timing, other: Timing) -> None:
    written = json.loads(json.dumps(timing_to_dict(timing)))
    assert read(written) == (timing, [])
    assert read(written, other) == (timing, [])


@given(ALL, st.sampled_from(list(KEYS)))
def test_a_change_keeps_what_it_does_not_name_and_null_takes_it_back(timing: Timing, key: str) -> None:
    assert read({}, timing) == (timing, [])
    assert read(None, timing) == (Timing(), [])
    assert read({key: None}, timing) == (replace(timing, **{KEYS[key]: getattr(Timing(), KEYS[key])}), [])


def test_seconds_are_milliseconds_inside() -> None:
    assert read({"delay_s": 60, "reminders_s": [1, 86400]})[0] == Timing(delay=MINUTE, reminders=(SECOND, DAY))


@pytest.mark.parametrize(
    ("data", "pointer", "remedy"),
    [
        ([], "/timing", "expected an object"),
        ({"delay": 5}, "/timing/delay", "expected one of delay_s, reminders_s,"),
        ({"delay_s": -1}, "/timing/delay_s", "expected whole seconds from 0 to 31622400"),
        ({"delay_s": MAX_DURATION_S + 1}, "/timing/delay_s", "to 31622400"),
        ({"delay_s": False}, "/timing/delay_s", "expected whole seconds"),
        ({"reminders_s": "3 days"}, "/timing/reminders_s", "expected a list of at most 3 durations"),
        ({"reminders_s": [1, 1, 1, 1]}, "/timing/reminders_s", "at most 3"),
        ({"reminders_s": [1, None]}, "/timing/reminders_s/1", "expected whole seconds from 1"),
        ({"reminders_s": [0]}, "/timing/reminders_s/0", "expected whole seconds from 1"),
        ({"lapse_after_s": 0}, "/timing/lapse_after_s", "from 1"),
        ({"expires_after_s": 0}, "/timing/expires_after_s", "from 1"),
        ({"max_age_s": 0}, "/timing/max_age_s", "from 1"),
        ({"edit_window_s": 1.0}, "/timing/edit_window_s", "expected whole seconds from 0"),
        ({"comment_window_s": "15m"}, "/timing/comment_window_s", "expected whole seconds from 0"),
        ({"hours": []}, "/timing/hours", "expected an object"),
        ({"hours": {"weekdays": [0]}}, "/timing/hours/weekdays/0", "1 (Monday) to 7 (Sunday)"),
        ({"hours": {"quiet": {"from": "09:00", "to": "09:00"}}}, "/timing/hours/quiet/to", "expected another one"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_remedy(data: Any, pointer: str, remedy: str) -> None:
    _, errors = read(data)
    assert [error.pointer for error in errors] == [pointer]
    assert remedy in errors[0].detail
