from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ratings.spans import Run, Unit, cover, day_of, number_of, spans_of

_DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))


@given(_DAYS, st.integers(0, 900))
def test_every_day_of_a_period_is_in_one_of_its_spans_and_no_other_day_is(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    runs = cover(first, last)
    for offset in range(-40, length + 41):
        day = first + timedelta(days=offset)
        spans = dict(spans_of(number_of(day)))
        inside = sum(run.first <= spans[run.unit] <= run.last for run in runs)
        assert inside == (first <= day <= last)
    assert len(runs) <= 5
    days = [run for run in runs if run.unit is Unit.DAY]
    assert sum(run.last - run.first + 1 for run in days if run.last // 100 == run.first // 100) <= 20


def test_a_year_is_twelve_months_and_ever_is_one_run() -> None:
    assert cover(date(2026, 1, 1), date(2026, 12, 31)) == [Run(Unit.MONTH, 20260101, 20261201)]
    assert cover(date.min, date.max) == [Run(Unit.MONTH, 10101, 99991201)]
    assert cover(date(2026, 1, 2), date(2026, 1, 1)) == []
    assert cover(date(2026, 2, 11), date(2026, 2, 28)) == [Run(Unit.TENTH, 20260211, 20260221)]
    assert cover(date(2026, 5, 29), date.max)[-1] == Run(Unit.MONTH, 20260601, 99991201)


@given(_DAYS)
def test_a_day_is_its_number(day: date) -> None:
    assert day_of(number_of(day)) == day
