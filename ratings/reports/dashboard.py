"""The dashboard of a period: totals against those of another, a trend, parts, and the hours of the week.

Everything comes from what is counted by days; a period is read in months, tenths of months and days, never row by row.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ratings.reports.counts import by_part, counts_of, scales_of, total
from ratings.reports.directory import names_of
from ratings.reports.figures import Change, Dashboard, Days, HourOfWeek, Part, Point
from ratings.reports.filters import Filters
from ratings.reports.tallied import DAY, HOURS, MONTH, OTHERS, WITH_OTHERS, Found, Tallied, Tallies
from ratings.spans import day_of, month_end
from ratings.statistics import newcombe, silence
from ratings.store.surveys import load_surveys
from ratings.times import SECOND, Instant

UNITS = ("day", "week", "month")
PARTS = ("channel", "form", "group", "survey")
"""What the parts of one reading are; priority is read apart."""

_LONGEST_BY_DAY = 45
_LONGEST_BY_WEEK = 183


def dashboard(
    connection: Connection,
    filters: Filters,
    days: Days,
    before: Days,
    zone: ZoneInfo,
    *,
    scale: str | None = None,
    unit: str | None = None,
    now: Instant | None = None,
) -> Dashboard:
    """Return the figures of some days beside those of `before`, of what filters and sight let through.

    `scale` is that of CSAT, mean and distribution; None: the one with most ratings. `unit` of the trend: day, week, month;
    None: what suits the length. `now`: points whose time for answers is not over then are not complete; None: all is over.
    The filters' own ranges of time are not looked at. Filters by tag or answer are counted row by row: slow over long periods.
    """
    tallies = Tallies(connection, filters, zone)
    places = tallies.read(days, PARTS)
    everything = total(places.values())
    everything.others = total(tallies.read(days, kinds=frozenset({OTHERS})).values()).others
    scales = scales_of(everything)
    chosen = scale if scale is not None else scales[0] if scales else None
    figures = counts_of(everything, chosen)
    earlier = counts_of(total(tallies.read(before, kinds=WITH_OTHERS).values()), chosen)
    unit = unit or _unit_for(days)
    return Dashboard(
        days=days,
        before=before,
        scale=chosen,
        scales=scales,
        now=figures,
        earlier=earlier,
        csat_change=change((figures.satisfied, figures.ratings), (earlier.satisfied, earlier.ratings)),
        response_change=change((figures.answered, figures.asked), (earlier.answered, earlier.asked)),
        bounds=silence(figures.answered_satisfied, figures.answered, figures.asked) if figures.answered else None,
        unit=unit,
        trend=_trend(tallies, days, unit, chosen, _answered_by(connection, zone, now)),
        parts=_parts(connection, tallies, places, days, chosen),
        hours=_hours(tallies, days, chosen),
    )


def change(now: tuple[int, int], earlier: tuple[int, int]) -> Change | None:
    """Return the change of a share (part, whole); None where one of them is of nothing."""
    found = newcombe(now, earlier)
    return None if found is None else Change(found[0], found[1])


def _unit_for(days: Days) -> str:
    length = (days.last - days.first).days + 1
    return "day" if length <= _LONGEST_BY_DAY else "week" if length <= _LONGEST_BY_WEEK else "month"


def _answered_by(connection: Connection, zone: ZoneInfo, now: Instant | None) -> date:
    """Return the last day on which whoever was asked has no time left for an answer, by the slowest survey."""
    if now is None:
        return date.max
    longest = max((survey.timing.lapse_after for survey in load_surveys(connection)), default=0)
    # Whoever was asked on the day before that instant's has had the whole time.
    return datetime.fromtimestamp((now - longest) / SECOND, zone).date() - timedelta(days=1)


def _trend(tallies: Tallies, days: Days, unit: str, scale: str | None, over: date) -> tuple[Point, ...]:
    found = tallies.read(days, step=MONTH if unit == "month" else DAY)
    points: dict[date, Tallied] = {start: Tallied() for start in _starts(days, unit)}
    for (_, number), tallied in found.items():
        points[_start(day_of(number), unit)].join(tallied)
    return tuple(
        Point(
            start,
            counts_of(tallied, scale),
            complete=days.first <= start and _end(start, unit) <= min(days.last, over),
        )
        for start, tallied in points.items()
    )


def _starts(days: Days, unit: str) -> Iterator[date]:
    start = _start(days.first, unit)
    while start <= days.last:
        yield start
        end = _end(start, unit)
        if end == date.max:
            return
        start = end + timedelta(days=1)


def _start(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=min(day.weekday(), (day - date.min).days))
    return day.replace(day=1) if unit == "month" else day


def _end(start: date, unit: str) -> date:
    if unit == "month":
        return month_end(start)
    length = 6 - start.weekday() if unit == "week" else 0
    return start + timedelta(days=min(length, (date.max - start).days))


def _parts(
    connection: Connection, tallies: Tallies, places: Found, days: Days, scale: str | None
) -> Mapping[str, tuple[Part, ...]]:
    parts = {name: by_part(places, position) for position, name in enumerate(PARTS)}
    if tallies.knows(("priority",)) or not tallies.counted:
        parts["priority"] = by_part(tallies.read(days, ("priority",)), 0)
    names = names_of(connection, parts)
    return {
        kind: _largest_first(
            Part(key or None, names.get((kind, key)), counts_of(tallied, scale)) for key, tallied in found.items()
        )
        for kind, found in parts.items()
    }


def _largest_first(parts: Iterator[Part]) -> tuple[Part, ...]:
    counted = [part for part in parts if part.counts.closed or part.counts.asked or part.counts.ratings]
    return tuple(
        sorted(counted, key=lambda part: (-part.counts.closed, -part.counts.ratings, part.id is None, part.id or ""))
    )


def _hours(tallies: Tallies, days: Days, scale: str | None) -> tuple[HourOfWeek, ...]:
    if tallies.counted and not tallies.knows(hours=True):
        return ()
    found = total(tallies.read(days, kinds=frozenset({HOURS})).values()).hours
    return tuple(
        HourOfWeek(hour // 24, hour % 24, many, satisfied)
        for (name, hour), (many, satisfied) in sorted(found.items())
        if name == scale and many
    )
