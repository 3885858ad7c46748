"""Digests: on which day and hour they go out, of which days they tell, and what of them can be set."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from ratings.digests import DAILY, WEEKLY, Digest, day_to_tell, days_told, digests_to_list, is_destination, read_digests
from ratings.errors import InvalidInput
from ratings.times import parse_instant

MOSCOW = ZoneInfo("Europe/Moscow")
DAILY_AT_9 = Digest("d", "email.support:head@example.org", DAILY, 9, "ru", filters={"form": ("sales",)})
WORKDAYS = Digest("w", "telegram.support:-100200", DAILY, 9, "en", weekdays_only=True)
MONDAYS = Digest("m", "email.support:head@example.org", WEEKLY, 20, "en")
MONDAY, SATURDAY = date(2026, 11, 30), date(2026, 11, 28)


@pytest.mark.parametrize(
    ("digest", "at", "day"),
    [
        (DAILY_AT_9, "2026-11-30T05:59:59Z", None),  # 8:59 in Moscow
        (DAILY_AT_9, "2026-11-30T06:00:00Z", MONDAY),
        (DAILY_AT_9, "2026-11-30T11:59:59Z", MONDAY),  # five hours late
        (DAILY_AT_9, "2026-11-30T12:00:00Z", None),  # too late: nobody is told of it any more
        (DAILY_AT_9, "2026-11-28T06:00:00Z", SATURDAY),
        (WORKDAYS, "2026-11-28T06:00:00Z", None),
        (WORKDAYS, "2026-11-30T06:00:00Z", MONDAY),
        (MONDAYS, "2026-11-30T17:30:00Z", MONDAY),
        (MONDAYS, "2026-11-30T21:30:00Z", None),  # Tuesday in Moscow
        (MONDAYS, "2026-12-01T17:30:00Z", None),
    ],
)
def test_a_digest_has_its_hour_and_a_few_after_it(digest: Digest, at: str, day: date | None) -> None:
    assert day_to_tell(digest, parse_instant(at), MOSCOW) == day


def test_it_tells_of_whole_days_before_its_own() -> None:
    assert days_told(DAILY_AT_9, MONDAY) == (date(2026, 11, 29), date(2026, 11, 29))
    assert days_told(WORKDAYS, MONDAY) == (date(2026, 11, 27), date(2026, 11, 29))
    assert days_told(WORKDAYS, date(2026, 12, 1)) == (MONDAY, MONDAY)
    assert days_told(MONDAYS, MONDAY) == (date(2026, 11, 23), date(2026, 11, 29))


def test_what_is_set_is_read_back_and_every_wrong_part_is_named() -> None:
    all_three = (DAILY_AT_9, WORKDAYS, MONDAYS)
    assert read_digests(digests_to_list(all_three)) == all_three
    assert read_digests(None) == ()
    wrong = {
        "id": "",
        "destination": "https://x.org",
        "period": "hourly",
        "hour": 24,
        "filters": {"agent": ["a"]},
        "to": 1,
    }
    with pytest.raises(InvalidInput) as caught:
        read_digests([wrong])
    assert {error.pointer for error in caught.value.errors} == {
        f"/0/{name}" for name in ("id", "destination", "period", "hour", "language", "filters", "to")
    }
    with pytest.raises(InvalidInput, match="twice"):
        read_digests(digests_to_list((MONDAYS, MONDAYS)))


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("email.support:head@example.org", True),
        ("telegram.support:-100", True),
        ("https://example.org", False),
        ("email.support:", False),
        ("email:x", False),
        ("email.support:a b", False),
        (7, False),
    ],
)
def test_a_digest_goes_to_people(given: object, right: bool) -> None:
    assert is_destination(given) is right
