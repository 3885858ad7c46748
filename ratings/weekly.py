"""Hours of the week as a zone's clock shows them: Fridays from five to six, over any time and through every change of the clock. Pure.

An hour that the clock shows twice is one hour of the week, as the map of hours counts it (`ratings.tallies`); one that it leaves
out is in no instant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ratings.times import DAY, HOUR, SECOND, Duration, Instant

WEEKDAYS = range(1, 8)
"""ISO's: 1 is Monday."""

HOURS = range(24)

Offset = tuple[Instant, Duration]
"""From when on a zone's clock is how far ahead of UTC."""

Span = tuple[Instant, Instant]
"""From an instant up to, not including, another."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * SECOND for year in (1970, 2100))
_STEP = 2 * DAY  # no zone set its clock twice within it (ratings.hours)

MONDAY: Duration = 3 * DAY + 110_000 * 7 * DAY
"""Added to an instant it counts from a Monday, so long ago that nothing is below zero."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """Some hours on some weekdays, by a zone's clock. () is any weekday, or any hour."""

    weekdays: tuple[int, ...]
    hours: tuple[int, ...]
    zone: ZoneInfo

    def holds(self, instant: Instant) -> bool:
        """True where an instant lies in them."""
        there = (_EPOCH + timedelta(milliseconds=instant)).astimezone(self.zone)
        return self._has(there.isoweekday(), there.hour)

    def _has(self, weekday: int, hour: int) -> bool:
        return (not self.weekdays or weekday in self.weekdays) and (not self.hours or hour in self.hours)

    def spans(self, start: Instant, end: Instant) -> list[Span]:
        """Return what of a time lies in them, the first first; no two touch. At most one for each run of hours of a day."""
        found: list[Span] = []
        for first, last in self._pieces(start, end):
            if found and found[-1][1] == first:
                found[-1] = found[-1][0], last
            else:
                found.append((first, last))
        return found

    def _pieces(self, start: Instant, end: Instant) -> Iterator[Span]:
        offsets = offsets_of(self.zone, start, end)
        for (since, offset), until in zip(offsets, [*(at for at, _ in offsets[1:]), end], strict=True):
            first, last = max(since, start), min(until, end)
            hour = (first + offset) // HOUR * HOUR - offset
            while hour < last and first < last:
                count = (hour + offset + MONDAY) // HOUR
                if self._has(count // 24 % 7 + 1, count % 24):
                    yield max(hour, first), min(hour + HOUR, last)
                hour += HOUR


def offsets_of(zone: ZoneInfo, start: Instant | None, end: Instant | None) -> list[Offset]:
    """Return how far a zone's clock is ahead within a time, whenever that changes; the first holds from before the start.

    Before 1970 and after 2099 the clock is taken not to be set.
    """
    known = _offsets(zone)
    first, last = 0, len(known)
    while start is not None and first + 1 < len(known) and known[first + 1][0] <= start:
        first += 1
    while end is not None and last - 1 > first and known[last - 1][0] >= end:
        last -= 1
    return list(known[first:last])


@lru_cache(maxsize=16)
def _offsets(zone: ZoneInfo) -> tuple[Offset, ...]:
    """Return every offset of a zone from 1970 to 2100."""
    found = [(_FIRST, _ahead(zone, _FIRST))]
    for at in range(_FIRST + _STEP, _LAST, _STEP):
        offset = _ahead(zone, at)
        if offset != found[-1][1]:
            found.append((_set_between(zone, at - _STEP, at), offset))
    return tuple(found)


def _set_between(zone: ZoneInfo, before: Instant, after: Instant) -> Instant:
    """Return when a clock was set that is another before and after."""
    offset = _ahead(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _ahead(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _ahead(zone: ZoneInfo, instant: Instant) -> Duration:
    ahead = (_EPOCH + timedelta(milliseconds=instant)).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // timedelta(seconds=1) * SECOND
