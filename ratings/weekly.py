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
        return self._has_day(there.isoweekday()) and (not self.hours or there.hour in self.hours)

    def runs_a_week(self) -> int:
        """Return how many times there are in a week, but where they touch."""
        return len(self._runs()) * (len(self.weekdays) or 7)

    def spans(self, start: Instant, end: Instant) -> list[Span]:
        """Return what of a time lies in them, the first first; no two touch."""
        found: list[Span] = []
        for first, last in self._pieces(start, end):
            if found and found[-1][1] == first:
                found[-1] = found[-1][0], last
            else:
                found.append((first, last))
        return found

    def _pieces(self, start: Instant, end: Instant) -> Iterator[Span]:
        runs = self._runs()
        offsets = offsets_of(self.zone, start, end)
        for (since, offset), until in zip(offsets, [*(at for at, _ in offsets[1:]), end], strict=True):
            first, last = max(since, start), min(until, end)
            for day in range((first + offset) // DAY, (last + offset) // DAY + 1):
                if not self._has_day((day + MONDAY // DAY) % 7 + 1):
                    continue
                midnight = day * DAY - offset
                for begins, ends in runs:
                    piece = max(midnight + begins * HOUR, first), min(midnight + ends * HOUR, last)
                    if piece[0] < piece[1]:
                        yield piece

    def _has_day(self, weekday: int) -> bool:
        return not self.weekdays or weekday in self.weekdays

    def _runs(self) -> list[tuple[int, int]]:
        """Return the hours as times of a day: the first hour, and the one after the last."""
        runs: list[tuple[int, int]] = []
        for hour in sorted(self.hours):
            if runs and runs[-1][1] == hour:
                runs[-1] = runs[-1][0], hour + 1
            else:
                runs.append((hour, hour + 1))
        return runs or [(0, 24)]


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
