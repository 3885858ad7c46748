"""The filter bar: read from a URL and written back, with the period that each is compared with."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from starlette.datastructures import QueryParams

from bot.web.pages.reporting.bar import options, read_bar
from ratings.errors import InvalidInput
from ratings.reports.directory import Entry
from ratings.reports.figures import Days
from ratings.times import parse_instant

NOW = parse_instant("2026-03-31T22:30:00Z")
MOSCOW = ZoneInfo("Europe/Moscow")  # where it is the first of April


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("query", "wanted", "before"),
    [
        ("", days("2026-03-03", "2026-04-01"), days("2026-02-01", "2026-03-02")),
        ("period=today", days("2026-04-01", "2026-04-01"), days("2026-03-31", "2026-03-31")),
        ("period=yesterday", days("2026-03-31", "2026-03-31"), days("2026-03-30", "2026-03-30")),
        ("period=month", days("2026-04-01", "2026-04-01"), days("2026-03-01", "2026-03-01")),
        ("period=last_month", days("2026-03-01", "2026-03-31"), days("2026-02-01", "2026-02-28")),
        ("from=2026-01-05&to=2026-01-06", days("2026-01-05", "2026-01-06"), days("2026-01-03", "2026-01-04")),
        ("period=days", days("2026-03-03", "2026-04-01"), days("2026-02-01", "2026-03-02")),
    ],
)
def test_a_period_is_of_the_installations_days(query: str, wanted: Days, before: Days) -> None:
    bar = read_bar(QueryParams(query), NOW, MOSCOW)
    assert (bar.days, bar.before) == (wanted, before)
    assert read_bar(QueryParams(bar.query()), NOW, MOSCOW) == bar


def test_ids_may_hold_anything_and_each_stands_alone() -> None:
    bar = read_bar(QueryParams([("group", "a,b"), ("group", "c&d"), ("form", "")]), NOW, MOSCOW)
    assert bar.chosen == {"group": ("a,b", "c&d")}
    assert bar.held == [("group", "a,b"), ("group", "c&d")]
    assert read_bar(QueryParams(bar.query(scale="1-5")), NOW, MOSCOW).scale == "1-5"


def test_every_wrong_parameter_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_bar(QueryParams("period=x&unit=y&from=z&to=2026-01-01&hue=red"), NOW, MOSCOW)
    assert {error.pointer for error in caught.value.errors} == {"/period", "/unit", "/hue"}
    for query in ("from=2026-02-01&to=2026-01-01", "from=1999-01-01", "from=2001-01-01&to=2026-01-01", "from=tomorrow"):
        with pytest.raises(InvalidInput):
            read_bar(QueryParams(query), NOW, MOSCOW)


def test_what_is_chosen_can_be_seen_even_when_nothing_is_called_so() -> None:
    known = (Entry("1", "Sales", 0), Entry("2", "Sales", 0), Entry("3", None, 0))
    assert [(each.title, each.chosen) for each in options(known, ("9",))] == [
        ("Sales (1)", False),
        ("Sales (2)", False),
        ("3", False),
        ("9", True),
    ]
