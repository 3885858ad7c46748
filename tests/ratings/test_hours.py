from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ratings.errors import FieldError
from ratings.hours import (
    Hours,
    Opening,
    hours_to_dict,
    is_open,
    last_allowed,
    may_go,
    next_allowed,
    opening_to_dict,
    read_hours,
    read_opening,
    zone_named,
)
from ratings.times import DAY, HOUR, MAX_INSTANT, MINUTE, Instant, parse_instant

MONDAY, FRIDAY, SATURDAY, SUNDAY = 1, 5, 6, 7
WORKDAYS = (1, 2, 3, 4, 5)
NIGHT = (22 * 60, 9 * 60)


def hours(quiet: str = "", weekdays: tuple[int, ...] = ()) -> Hours:
    """Hours from words such as "22:00-09:00"."""
    errors: list[FieldError] = []
    start, _, end = quiet.partition("-")
    read = read_hours(errors, {"quiet": {"from": start, "to": end} if quiet else None, "weekdays": [*weekdays]}, "")
    assert read is not None, errors
    return read


def local(at: Instant, zone: tzinfo) -> str:
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(zone).isoformat(timespec="minutes")
    )


def going(at: Instant, these: Hours, zone: tzinfo) -> bool:
    """What `may_go` says, by datetime's own clock and calendar."""
    wall = datetime.fromtimestamp(at // 1000, zone)
    if these.weekdays and wall.isoweekday() not in these.weekdays:
        return False
    if these.quiet_from is None or these.quiet_to is None:
        return True
    minute = wall.hour * 60 + wall.minute
    if these.quiet_from < these.quiet_to:
        return not these.quiet_from <= minute < these.quiet_to
    return these.quiet_to <= minute < these.quiet_from


# --- one day after another -------------------------------------------------------------------------------------------

NEXT = [  # zone, quiet, weekdays, at, the next allowed instant
    ("UTC", "", (), "2026-06-10T03:00Z", "2026-06-10T03:00Z"),
    ("UTC", "22:00-09:00", (), "2026-06-10T09:00Z", "2026-06-10T09:00Z"),
    ("UTC", "22:00-09:00", (), "2026-06-10T21:59Z", "2026-06-10T21:59Z"),
    ("UTC", "22:00-09:00", (), "2026-06-10T22:00Z", "2026-06-11T09:00Z"),
    ("UTC", "00:00-09:00", (), "2026-06-10T00:00Z", "2026-06-10T09:00Z"),
    ("UTC", "22:00-24:00", (), "2026-06-10T23:00Z", "2026-06-11T00:00Z"),
    ("UTC", "13:00-14:00", (), "2026-06-10T13:59Z", "2026-06-10T14:00Z"),
    ("UTC", "", (MONDAY,), "2026-06-09T00:00Z", "2026-06-15T00:00Z"),  # the 8th is a Monday
    ("UTC", "22:00-09:00", WORKDAYS, "2026-06-12T23:00Z", "2026-06-15T09:00Z"),  # from Friday night to Monday
    ("UTC", "09:00-08:00", (SUNDAY,), "2026-06-07T09:00Z", "2026-06-14T08:00Z"),  # one hour a week
    ("UTC", "00:01-00:00", (SUNDAY,), "2026-06-07T00:01Z", "2026-06-14T00:00Z"),  # one minute a week
    ("Asia/Kathmandu", "22:00-09:00", (), "2026-06-10T16:15Z", "2026-06-11T03:15Z"),  # +05:45
    ("Asia/Kathmandu", "", (MONDAY,), "2026-06-07T18:14Z", "2026-06-07T18:15Z"),
    ("-03:30", "22:00-09:00", (), "2026-06-10T05:00Z", "2026-06-10T12:30Z"),
    # Europe/Warsaw: 02:00 → 03:00 on 29 March, 03:00 → 02:00 on 25 October
    ("Europe/Warsaw", "22:00-09:00", (), "2026-03-28T22:00Z", "2026-03-29T07:00Z"),  # a night of 10 hours
    ("Europe/Warsaw", "22:00-09:00", (), "2026-10-24T20:00Z", "2026-10-25T08:00Z"),  # a night of 12 hours
    ("Europe/Warsaw", "22:00-02:30", (), "2026-03-28T22:00Z", "2026-03-29T01:00Z"),  # its end is left out: 03:00
    ("Europe/Warsaw", "02:30-09:00", (), "2026-03-29T00:59Z", "2026-03-29T00:59Z"),  # so is its start…
    ("Europe/Warsaw", "02:30-09:00", (), "2026-03-29T01:00Z", "2026-03-29T07:00Z"),  # …quiet from 03:00
    ("Europe/Warsaw", "02:15-02:45", (), "2026-03-29T01:00Z", "2026-03-29T01:00Z"),  # and all of it
    ("Europe/Warsaw", "22:00-02:30", (), "2026-10-25T00:00Z", "2026-10-25T00:30Z"),  # its end comes: first pass…
    ("Europe/Warsaw", "22:00-02:30", (), "2026-10-25T01:00Z", "2026-10-25T01:30Z"),  # …and once more
    ("Europe/Warsaw", "02:30-02:45", (), "2026-10-25T01:30Z", "2026-10-25T01:45Z"),  # quiet in both passes
    ("America/New_York", "22:00-09:00", (), "2026-03-08T03:00Z", "2026-03-08T13:00Z"),
    ("America/New_York", "22:00-09:00", (), "2026-11-01T02:00Z", "2026-11-01T14:00Z"),
    ("America/New_York", "", (SUNDAY,), "2026-11-02T05:00Z", "2026-11-08T05:00Z"),  # that Sunday had 25 hours
    # Australia/Lord_Howe, by half an hour: 02:00 → 02:30 on 4 October, 02:00 → 01:30 on 5 April
    ("Australia/Lord_Howe", "22:00-09:00", (), "2026-10-03T11:30Z", "2026-10-03T22:00Z"),
    ("Australia/Lord_Howe", "22:00-09:00", (), "2026-04-04T11:00Z", "2026-04-04T22:30Z"),
    ("Australia/Lord_Howe", "22:00-02:15", (), "2026-10-03T15:00Z", "2026-10-03T15:30Z"),
    ("Australia/Lord_Howe", "01:00-01:45", (), "2026-04-04T15:00Z", "2026-04-04T15:15Z"),
    # Midnights that are left out
    ("America/Sao_Paulo", "22:00-00:00", (), "2017-10-15T02:00Z", "2017-10-15T03:00Z"),
    ("America/Sao_Paulo", "", (SUNDAY,), "2017-10-14T12:00Z", "2017-10-15T03:00Z"),
    ("Africa/Cairo", "22:00-00:30", (), "2026-04-23T21:00Z", "2026-04-23T22:00Z"),
    ("Africa/Cairo", "", (FRIDAY,), "2026-04-23T12:00Z", "2026-04-23T22:00Z"),
    ("Pacific/Apia", "", (FRIDAY,), "2011-12-24T10:00Z", "2012-01-05T10:00Z"),  # had no Friday, 30 December 2011
    ("Pacific/Apia", "22:00-09:00", (), "2011-12-30T09:00Z", "2011-12-30T19:00Z"),  # from Thursday to Saturday
    ("Europe/Amsterdam", "22:00-09:00", (), "1900-01-01T05:00Z", None),  # local mean time, odd seconds
]


@pytest.mark.parametrize(("zone", "quiet", "weekdays", "at", "expected"), NEXT)
def test_the_next_allowed_instant(
    zone: str, quiet: str, weekdays: tuple[int, ...], at: str, expected: str | None
) -> None:
    there, these = zone_named(zone), hours(quiet, weekdays)
    assert there is not None
    found = next_allowed(instant(at), these, there)
    if expected is not None:
        assert local(found, UTC) == local(instant(expected), UTC)
    assert going(found, these, there)
    assert found == instant(at) or not going(found - 1, these, there)


def instant(text: str) -> Instant:
    return parse_instant(text.replace("Z", ":00Z"))


LAST = [  # zone, quiet, weekdays, not before, before, the minute of the last allowed instant
    ("UTC", "22:00-09:00", (), "2026-06-10T00:00Z", "2026-06-11T03:00Z", "2026-06-10T21:59Z"),
    ("UTC", "22:00-09:00", (), "2026-06-10T21:59Z", "2026-06-11T03:00Z", "2026-06-10T21:59Z"),
    ("UTC", "22:00-09:00", (), "2026-06-10T22:00Z", "2026-06-11T03:00Z", None),
    ("UTC", "22:00-09:00", (), "2026-06-10T00:00Z", "2026-06-10T09:00Z", None),
    ("UTC", "22:00-09:00", (), "2026-06-10T00:00Z", "2026-06-10T09:01Z", "2026-06-10T09:00Z"),
    ("UTC", "22:00-09:00", WORKDAYS, "2026-06-10T00:00Z", "2026-06-15T08:00Z", "2026-06-12T21:59Z"),
    ("UTC", "", (), "2026-06-10T00:00Z", "2026-06-10T00:00Z", None),
    ("UTC", "", (), "2026-06-10T00:00Z", "2026-06-09T00:00Z", None),
    ("Europe/Warsaw", "02:30-09:00", (), "2026-03-28T12:00Z", "2026-03-29T06:00Z", "2026-03-29T00:59Z"),
    ("Europe/Warsaw", "02:30-09:00", (), "2026-10-24T12:00Z", "2026-10-25T06:00Z", "2026-10-25T01:29Z"),
    ("Europe/Warsaw", "22:00-09:00", (), "2026-10-24T12:00Z", "2026-10-25T07:59Z", "2026-10-24T19:59Z"),
    ("Africa/Cairo", "", (1, 2, 3, 4), "2026-04-20T12:00Z", "2026-04-25T00:00Z", "2026-04-23T21:59Z"),
    ("Pacific/Apia", "", (FRIDAY,), "2011-12-20T10:00Z", "2012-01-05T10:00Z", "2011-12-24T09:59Z"),
]


@pytest.mark.parametrize(("zone", "quiet", "weekdays", "not_before", "before", "expected"), LAST)
def test_the_last_allowed_instant(
    zone: str, quiet: str, weekdays: tuple[int, ...], not_before: str, before: str, expected: str | None
) -> None:
    found = last_allowed(instant(not_before), instant(before), hours(quiet, weekdays), ZoneInfo(zone))
    assert (None if found is None else local(found, UTC)) == (
        None if expected is None else local(instant(expected), UTC)
    )


def test_the_last_allowed_instant_is_the_last_millisecond() -> None:
    start = instant("2026-06-10T00:00Z")
    assert last_allowed(start, start + DAY, hours("22:00-09:00"), UTC) == start + 22 * HOUR - 1
    assert last_allowed(start, start + 12 * HOUR, hours("22:00-09:00"), UTC) == start + 12 * HOUR - 1


@pytest.mark.parametrize("at", [-(10**15), -1, 0, MAX_INSTANT, 10**18])
def test_no_instant_is_too_far(at: Instant) -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    found = next_allowed(at, hours("22:00-09:00", WORKDAYS), zone)
    assert at <= found < at + 7 * DAY
    assert last_allowed(found, found + 1, hours("22:00-09:00", WORKDAYS), zone) == found


# --- any hours, any zone, by brute force -----------------------------------------------------------------------------

DAYS = [  # at which these zones set their clocks, and a plain one
    ("Europe/Warsaw", "2026-03-29T01:00Z"),
    ("Europe/Warsaw", "2026-10-25T01:00Z"),
    ("America/New_York", "2026-11-01T06:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00Z"),
    ("America/Sao_Paulo", "2017-10-15T03:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00Z"),
]
minutes = st.integers(0, 1439)
quiets = st.just((None, None)) | st.tuples(minutes, minutes).filter(lambda ends: ends[0] != ends[1]) | st.just(NIGHT)
weekday_sets = st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days)))
any_hours = st.builds(lambda quiet, days: Hours(quiet[0], quiet[1], days), quiets, weekday_sets)
moments = st.tuples(st.sampled_from(DAYS), st.integers(-36 * HOUR, 36 * HOUR)).map(
    lambda drawn: (ZoneInfo(drawn[0][0]), instant(drawn[0][1]) + drawn[1])
)


@settings(max_examples=100, deadline=None)
@given(any_hours, moments)
def test_what_may_go_is_what_the_clock_on_the_wall_says(these: Hours, moment: tuple[ZoneInfo, Instant]) -> None:
    zone, at = moment
    assert may_go(at, these, zone) == going(at, these, zone)


@settings(max_examples=50, deadline=None)
@given(any_hours, moments)
def test_the_next_allowed_instant_is_that_of_a_scan_of_every_minute(
    these: Hours, moment: tuple[ZoneInfo, Instant]
) -> None:
    zone, at = moment
    found = next_allowed(at, these, zone)
    assert at <= found < at + 16 * DAY
    assert next_allowed(found, these, zone) == found
    assert may_go(found, these, zone)
    minute = at if going(at, these, zone) else at - at % MINUTE + MINUTE
    while minute < found and not going(minute, these, zone):
        minute += MINUTE if found - minute <= DAY else 15 * MINUTE  # every minute of the last day: weeks take long
    assert minute == found


@settings(max_examples=50, deadline=None)
@given(any_hours, moments, st.integers(0, 3 * DAY))
def test_the_last_allowed_instant_is_that_of_a_scan_of_every_minute(
    these: Hours, moment: tuple[ZoneInfo, Instant], length: int
) -> None:
    zone, start = moment
    found = last_allowed(start, start + length, these, zone)
    scanned = start + length - 1
    while scanned >= start and not going(scanned, these, zone):
        scanned -= scanned % MINUTE + 1
    assert found == (scanned if scanned >= start else None)
    assert (found is None) == (next_allowed(start, these, zone) >= start + length)


# --- opening hours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opening", "at", "expected"),
    [
        (Opening(540, 1080, WORKDAYS), "2026-06-12T06:59Z", False),
        (Opening(540, 1080, WORKDAYS), "2026-06-12T07:00Z", True),  # 09:00 in Warsaw
        (Opening(540, 1080, WORKDAYS), "2026-06-12T15:59Z", True),
        (Opening(540, 1080, WORKDAYS), "2026-06-12T16:00Z", False),
        (Opening(540, 1080, WORKDAYS), "2026-06-13T10:00Z", False),  # a Saturday
        (Opening(540, 1080), "2026-06-13T10:00Z", True),
        (Opening(0, 1440, (SATURDAY,)), "2026-06-12T22:00Z", True),
        (Opening(0, 1440, (SATURDAY,)), "2026-06-13T21:59Z", True),
        (Opening(0, 1440, (SATURDAY,)), "2026-06-13T22:00Z", False),
        (Opening(1080, 120, (FRIDAY,)), "2026-06-12T23:59Z", True),  # Saturday, 01:59: open since Friday
        (Opening(1080, 120, (FRIDAY,)), "2026-06-13T00:00Z", False),
        (Opening(1080, 120, (FRIDAY,)), "2026-06-11T23:59Z", False),  # Friday, 01:59: Thursday's
        (Opening(1080, 120, (FRIDAY,)), "2026-06-13T17:00Z", False),
        (Opening(120, 180), "2026-10-25T00:30Z", True),  # 02:30, both passes
        (Opening(120, 180), "2026-10-25T01:30Z", True),
        (Opening(120, 180), "2026-03-29T01:00Z", False),  # 03:00; there was no 02:00
    ],
)
def test_a_desk_is_open(opening: Opening, at: str, expected: bool) -> None:
    assert is_open(instant(at), opening, ZoneInfo("Europe/Warsaw")) is expected


# --- from JSON and back ----------------------------------------------------------------------------------------------


def test_hours_are_read() -> None:
    errors: list[FieldError] = []
    given_ = {"quiet": {"from": "22:00", "to": "9:05"}, "weekdays": [5, 1, 5]}
    assert read_hours(errors, given_, "/hours") == Hours(22 * 60, 9 * 60 + 5, (1, 5))
    assert read_hours(errors, {}, "/hours") == Hours()
    assert read_hours(errors, {"quiet": None, "weekdays": None}, "/hours") == Hours()
    assert read_opening(errors, {"from": "00:00", "to": "24:00"}, "/opening") == Opening(0, 1440)
    assert not errors


@settings(max_examples=30)
@given(any_hours)
def test_hours_are_read_back(these: Hours) -> None:
    errors: list[FieldError] = []
    assert read_hours(errors, hours_to_dict(these), "") == these
    assert not errors


@settings(max_examples=30)
@given(minutes, st.integers(0, 1440), weekday_sets)
def test_opening_hours_are_read_back(opens: int, closes: int, weekdays: tuple[int, ...]) -> None:
    assume(opens != closes)
    errors: list[FieldError] = []
    opening = Opening(opens, closes, weekdays)
    assert read_opening(errors, opening_to_dict(opening), "") == opening
    assert not errors


@pytest.mark.parametrize(
    ("value", "pointer", "detail"),
    [
        ("22-9", "/h", "a text of 4 characters; expected an object"),
        (None, "/h", "null; expected an object"),
        ({"quite": 1}, "/h/quite", "unknown key; expected one of quiet, weekdays"),
        ({"quiet": ["22:00"]}, "/h/quiet", "a list; expected an object"),
        ({"quiet": {"from": "22:00"}}, "/h/quiet/to", "missing; expected a time from 00:00 to 24:00 such as 09:30"),
        ({"quiet": {"from": "24:00", "to": "9:00"}}, "/h/quiet/from", '"24:00"; expected a time from 00:00 to 23:59'),
        ({"quiet": {"from": "22:60", "to": "9:00"}}, "/h/quiet/from", '"22:60"; expected a time'),
        ({"quiet": {"from": 22, "to": "9:00"}}, "/h/quiet/from", "22; expected a time"),
        ({"quiet": {"from": "٢٢:٠٠", "to": "9:00"}}, "/h/quiet/from", '"٢٢:٠٠"; expected a time'),
        (
            {"quiet": {"from": "9:00", "to": "09:00"}},
            "/h/quiet/to",
            "the same time as from; expected another one: leave",
        ),
        ({"quiet": {"from": "0:00", "to": "24:00"}}, "/h/quiet", "quiet all day; expected some time"),
        ({"quiet": {"from": "22:00", "to": "9:00", "x": 1}}, "/h/quiet/x", "unknown key; expected one of from, to"),
        ({"weekdays": "1-5"}, "/h/weekdays", "a text of 3 characters; expected a list of weekdays, 1 (Monday)"),
        ({"weekdays": [1, 0]}, "/h/weekdays/1", "0; expected 1 (Monday) to 7 (Sunday)"),
        ({"weekdays": [True]}, "/h/weekdays/0", "true; expected 1 (Monday) to 7 (Sunday)"),
        ({"weekdays": [1] * 2_000}, "/h/weekdays", "2000 items; expected at most the 7 weekdays"),
    ],
)
def test_wrong_hours_are_named_with_a_remedy(value: object, pointer: str, detail: str) -> None:
    errors: list[FieldError] = []
    assert read_hours(errors, value, "/h") is None
    assert [error.pointer for error in errors] == [pointer]
    assert errors[0].detail.startswith(detail)


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ([], ["/o"]),
        ({}, ["/o/from", "/o/to"]),
        ({"from": "9:00", "to": "9:00"}, ["/o/to"]),
        ({"from": "9:00", "to": "24:01", "weekdays": [8], "open": True}, ["/o/open", "/o/weekdays/0", "/o/to"]),
    ],
)
def test_wrong_opening_hours_are_named(value: object, pointers: list[str]) -> None:
    errors: list[FieldError] = []
    assert read_opening(errors, value, "/o") is None
    assert [error.pointer for error in errors] == pointers


@pytest.mark.parametrize("fields", [(60, 60), (60, None), (None, 60), (-1, 60), (60, 1440), (None, None, (8,))])
def test_hours_that_leave_no_time_cannot_be_made(fields: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"quiet hours|weekdays"):
        Hours(*fields)


@pytest.mark.parametrize("fields", [(60, 60), (1440, 60), (-1, 60), (60, 1441), (0, 60, (0,))])
def test_opening_hours_that_are_none_cannot_be_made(fields: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"opening hours|weekdays"):
        Opening(*fields)


# --- zones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Europe/Warsaw", ZoneInfo("Europe/Warsaw")),
        ("europe/warsaw", ZoneInfo("Europe/Warsaw")),
        (" America/New_York ", ZoneInfo("America/New_York")),
        ("America/Argentina/Buenos_Aires", ZoneInfo("America/Argentina/Buenos_Aires")),
        ("UTC", ZoneInfo("UTC")),
        ("Etc/GMT-5", ZoneInfo("Etc/GMT-5")),
        ("GMT-5", timezone(-timedelta(hours=5))),
        ("UTC+3", timezone(timedelta(hours=3))),
        ("utc+05:45", timezone(timedelta(hours=5, minutes=45))),
        ("+03:00", timezone(timedelta(hours=3))),
        ("+0300", timezone(timedelta(hours=3))),
        ("-3", timezone(-timedelta(hours=3))),
        ("−03:30", timezone(-timedelta(hours=3, minutes=30))),  # noqa: PLE2515, RUF100 - the minus of typographers
        ("+14:00", timezone(timedelta(hours=14))),
    ],
)
def test_a_zone_by_its_name(name: str, expected: tzinfo) -> None:
    zone = zone_named(name)
    assert zone == expected
    assert zone_named(str(zone)) == zone


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        " ",
        "Moscow",
        "Europe",
        "Europe/",
        "Europe/Warsaw/",
        "/etc/localtime",
        "localtime",
        "Factory",
        "posixrules",
        "right/Europe/Warsaw",
        "../../etc/passwd",
        "Europe/../Europe/Warsaw",
        "Europe/Warsaw\0",
        "\0",
        "\ud800",
        "x" * 10_000,
        "+" * 10_000,
        "+14:01",
        "+99:99",
        "+03:60",
        "+",
        "03:00",
        "+٠٣:٠٠",
        "Etc/Unknown",
    ],
)
def test_what_is_no_zone(name: str | None) -> None:
    assert zone_named(name) is None
