"""Days, tenths of months and months: how a period of days is put together from few of them. Pure.

A day is a number (20261231). A tenth is the 1st to the 10th, the 11th to the 20th, or the rest of a month; it is named by its
first day, as a month is.
"""

from datetime import date, timedelta
from enum import IntEnum
from typing import NamedTuple

_TENTHS = (1, 11, 21)
_DECEMBER = 12


class Unit(IntEnum):
    """How long a span is. The numbers are stored."""

    DAY = 0
    TENTH = 1
    MONTH = 2


class Run(NamedTuple):
    """Spans of one unit in a row: the names of the first and of the last."""

    unit: Unit
    first: int
    last: int


def number_of(day: date) -> int:
    """Return the number of a day."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """Return the day of a number."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def spans_of(day: int) -> tuple[tuple[Unit, int], ...]:
    """Return the spans that a day belongs to: itself, its tenth, its month."""
    of_month = day % 100
    month = day - of_month
    tenth = 1 if of_month < _TENTHS[1] else _TENTHS[1] if of_month < _TENTHS[2] else _TENTHS[2]
    return (Unit.DAY, day), (Unit.TENTH, month + tenth), (Unit.MONTH, month + 1)


def cover(first: date, last: date) -> list[Run]:
    """Return the fewest spans that make up the days from the first to the last, both included, in order."""
    runs: list[Run] = []
    start = first
    while start <= last:
        unit, end = _longest(start, last)
        number = number_of(start)
        if unit is Unit.MONTH:
            # The whole months in between at once: "from ever on" has a hundred thousand.
            end = last if month_end(last) == last else last.replace(day=1) - timedelta(days=1)
            runs.append(Run(unit, number, number_of(end.replace(day=1))))
        elif runs and runs[-1].unit is unit:
            runs[-1] = runs[-1]._replace(last=number)
        else:
            runs.append(Run(unit, number, number))
        if end == date.max:
            break
        start = end + timedelta(days=1)
    return runs


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    if day.month == _DECEMBER:
        return date(day.year, _DECEMBER, 31)
    return date(day.year, day.month + 1, 1) - timedelta(days=1)


def _longest(start: date, last: date) -> tuple[Unit, date]:
    """Return the longest span that begins with a day and does not go beyond the last, with its own last day."""
    end = month_end(start)
    if start.day == 1 and end <= last:
        return Unit.MONTH, end
    if start.day in _TENTHS:
        tenth = end if start.day == _TENTHS[2] else start + timedelta(days=9)
        if tenth <= last:
            return Unit.TENTH, tenth
    return Unit.DAY, start
