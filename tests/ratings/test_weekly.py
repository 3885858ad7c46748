"""Hours of the week: one by one, as spans and as SQL they are the same instants, in any zone, whatever its clock does."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Connection, column, select, values

from ratings.errors import InvalidInput
from ratings.reports.filters import parse_filters
from ratings.store.store import Store
from ratings.tallies import moments
from ratings.times import DAY, HOUR, MINUTE, Instant, parse_instant
from ratings.weekly import Span, Weekly, offsets_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "Europe/Berlin",
    "Europe/Moscow",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "UTC",
)
FIRST, LAST = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in (1973, 2099))

INSTANTS = st.integers(FIRST, LAST)
WEEKLY = st.builds(
    Weekly,
    st.lists(st.integers(1, 7), unique=True, max_size=3).map(tuple),
    st.lists(st.integers(0, 23), unique=True, max_size=4).map(tuple),
    st.sampled_from(ZONES).map(ZoneInfo),
)


@given(WEEKLY, INSTANTS)
def test_it_is_what_the_map_of_hours_counts(weekly: Weekly, instant: Instant) -> None:
    hour = moments(weekly.zone)(instant)[1]
    fits = (not weekly.weekdays or hour // 24 + 1 in weekly.weekdays) and (
        not weekly.hours or hour % 24 in weekly.hours
    )
    assert weekly.holds(instant) == fits


@given(WEEKLY, INSTANTS, st.integers(0, 20 * DAY))
def test_spans_are_what_is_held_and_nothing_else(weekly: Weekly, start: Instant, length: int) -> None:
    end = start + length
    found = weekly.spans(start, end)
    assert all(start <= first < last <= end for first, last in found)
    assert all(one[1] < other[0] for one, other in pairwise(found)), "in order, and none touch"
    edges = {at + by for span in found for at in span for by in (-1, 0)}
    for instant in sorted({at for at in edges if start <= at < end} | set(range(start, end, 53 * MINUTE))):
        assert weekly.holds(instant) == any(first <= instant < last for first, last in found), instant


def at(text: str) -> Instant:
    return parse_instant(text)


def test_the_hour_that_a_clock_shows_twice_is_one_and_the_one_that_it_leaves_out_none() -> None:
    two = Weekly((7,), (2,), BERLIN)
    autumn: list[Span] = two.spans(at("2026-10-24T00:00:00+02:00"), at("2026-10-26T00:00:00+01:00"))
    assert autumn == [(at("2026-10-25T02:00:00+02:00"), at("2026-10-25T03:00:00+01:00"))]
    assert autumn[0][1] - autumn[0][0] == 2 * HOUR
    assert two.spans(at("2026-03-28T00:00:00+01:00"), at("2026-03-30T00:00:00+02:00")) == []


def test_a_year_of_one_hour_of_a_week_is_as_many_spans_as_weeks() -> None:
    start, end = at("2026-01-01T00:00:00+01:00"), at("2027-01-01T00:00:00+01:00")
    assert len(Weekly((5,), (17,), BERLIN).spans(start, end)) == 52
    assert len(Weekly((), (9, 10, 11), BERLIN).spans(start, end)) == 365
    assert Weekly((), (), BERLIN).spans(start, end) == [(start, end)]


@pytest.mark.parametrize(
    ("start", "end", "many"),
    [
        (None, None, 241),
        ("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", 1),
        ("2026-03-29T00:59:59Z", "2026-10-25T01:00:01Z", 3),
    ],
)
def test_only_the_changes_of_the_clock_within_a_time_are_looked_at(
    start: str | None, end: str | None, many: int
) -> None:
    ends = [None if each is None else at(each) for each in (start, end)]
    assert len(offsets_of(BERLIN, ends[0], ends[1])) == many


def test_every_engine_finds_the_same(store: Store) -> None:
    """Also before 1970, and without a range: all changes of the clock are looked at then."""
    rated_at = column("rated_at", BigInteger)
    instants = [FIRST + number * 7_919 * 131 * MINUTE for number in range(60)] + [-(3 * 365 * DAY) + 5 * HOUR]
    instants += [at(f"2026-10-25T0{hour}:{half}:00Z") for hour in range(3) for half in ("00", "30")]

    def compare(connection: Connection) -> None:
        table = values(rated_at, name="given").data([(instant,) for instant in instants]).cte("given_rows")
        for zone in map(ZoneInfo, ZONES):
            for weekdays, hours, ranged in (
                ("7", "0,1,2,3", {}),
                ("", "2,13", {"rated_from": "2026-01-01"}),
                ("1,7", "", {}),
            ):
                parameters = {"weekday": [weekdays], "hour": [hours]} | {name: [text] for name, text in ranged.items()}
                filters = parse_filters({name: each for name, each in parameters.items() if each != [""]}, zone)
                assert filters.weekly is not None
                found = connection.execute(
                    select(table.c.rated_at).where(*filters.between("rated", table.c.rated_at))
                ).scalars()
                start = filters.ranges["rated"].start or min(instants)
                assert sorted(found) == sorted(
                    each for each in instants if each >= start and filters.weekly.holds(each)
                ), zone

    store.read_now(compare)


def test_what_is_no_weekday_and_no_hour_is_refused_with_what_there_is() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filters({"weekday": ["0", "Fri"], "hour": ["24,-1"], "without": ["colour"]}, BERLIN)
    told = [(error.pointer, error.detail) for error in caught.value.errors]
    assert told == [
        ("/without", "'colour' is none of survey, form, channel, agent, group, priority"),
        ("/weekday", "'0' is not a weekday from 1 (Monday) to 7 (Sunday)"),
        ("/weekday", "'Fri' is not a weekday from 1 (Monday) to 7 (Sunday)"),
        ("/hour", "'24' is not an hour from 0 to 23: 17 is the one from 17:00 to 18:00"),
        ("/hour", "'-1' is not an hour from 0 to 23: 17 is the one from 17:00 to 18:00"),
    ]
    assert parse_filters({"weekday": ["1,2,3", "4", "5,6,7"]}, BERLIN).weekly is None, "all of them leave nothing out"
