"""How a period went, day by day, week by week or month by month: CSAT with its interval, the mean, the ratings by value."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from bot.charts.chart import (
    Cell,
    Chart,
    Look,
    Speaker,
    Spec,
    Step,
    Table,
    percent_axis,
    to_rows,
    told,
    unit_text,
    whole,
    whole_axis,
)
from ratings.reports.figures import Counts, Days, Point
from ratings.statistics import mean_interval

HEIGHT = 200
_TICKS = {"day": "%e %b", "week": "%e %b", "month": "%b %Y"}
_LABELS = 8
"""Labels below a trend at the most; each stands where a point is."""

_WEEK = timedelta(days=6)


def point_days(point: Point, unit: str, period: Days) -> Days:
    """Return the days that a point of a trend is made of: a week or month that the period cuts is cut."""
    if unit == "month":
        last = point.start.replace(day=monthrange(point.start.year, point.start.month)[1])
    else:
        last = point.start + (_WEEK if unit == "week" else timedelta())
    return Days(max(point.start, period.first), min(last, period.last))


def csat_trend(points: Sequence[Point], unit: str, period: Days, look: Look) -> Chart:
    """Return CSAT with Wilson's interval as a band. What is not complete yet is drawn hollow."""
    speech, alone = look.speech, _alone(points)
    rows = [
        _row(point, unit, period, look)
        | {
            "share": point.counts.csat,
            "low": None if (ends := point.counts.csat_interval) is None else ends[0],
            "high": None if ends is None else ends[1],
            "csat": speech.percent(point.counts.csat),
            "interval": speech.interval(ends),
            "alone": point.start in alone,
        }
        for point in points
    ]
    description = speech.say("CSAT over time, with its 95% interval.")
    x = _x(points, unit)
    y = {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": percent_axis(speech)}
    tooltip = told(
        ("when", _unit_title(speech, unit)),
        ("csat", "CSAT"),
        ("interval", speech.say("95% interval")),
        ("many", speech.say("Ratings")),
        ("state", speech.say("State")),
    )
    layers = [
        {
            "mark": {"type": "area", "style": "band"},
            "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
        },
        # A band needs two points; a lone one shows its interval by a line.
        {
            "mark": {"type": "rule", "style": "whisker", "opacity": 0.5},
            "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
            "transform": [{"filter": "datum.alone"}],
        },
        {"mark": {"type": "line", "style": "line"}, "encoding": {"x": x, "y": y}},
        *_points(x, y, tooltip),
    ]
    spec = whole(rows, HEIGHT, description, layer=layers) if any(point.counts.ratings for point in points) else None
    table = Table(
        (_unit_title(speech, unit), "CSAT", speech.say("95% interval"), speech.say("Ratings")),
        tuple(
            (Cell(row["name"]), Cell(row["csat"]), Cell(row["interval"]), Cell(row["many"], row["rows"]))
            for row in rows
        ),
    )
    return Chart("csat", speech.say("CSAT over time"), description, spec, table, note=_how_to_read(speech))


def mean_trend(points: Sequence[Point], unit: str, period: Days, values: Sequence[Step], look: Look) -> Chart:
    """Return the mean value over time with its 95% interval as a band, on the whole scale: a small change looks small."""
    speech = look.speech
    lowest, highest = (values[0].value, values[-1].value) if values else (1, 5)
    rows = [
        _row(point, unit, period, look)
        | {
            "mean": point.counts.mean,
            "low": None if (ends := _mean_interval(point.counts)) is None else max(ends[0], lowest),
            "high": None if ends is None else min(ends[1], highest),
            "told": speech.number(point.counts.mean, 2),
            "interval": _between(ends, speech),
        }
        for point in points
    ]
    description = speech.say("The mean rating over time.")
    title = speech.say("Mean")
    x = _x(points, unit)
    y = {
        "field": "mean",
        "type": "quantitative",
        "scale": {"domain": [lowest, highest], "zero": False},
        "axis": {"title": None, "tickMinStep": 1, "tickCount": 5},
    }
    tooltip = told(
        ("when", _unit_title(speech, unit)),
        ("told", title),
        ("interval", speech.say("95% interval")),
        ("many", speech.say("Ratings")),
        ("state", speech.say("State")),
    )
    layers = [
        {
            "mark": {"type": "area", "style": "band"},
            "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "style": "line"}, "encoding": {"x": x, "y": y}},
        *_points(x, y, tooltip),
    ]
    spec = whole(rows, HEIGHT, description, layer=layers) if any(point.counts.ratings for point in points) else None
    table = Table(
        (_unit_title(speech, unit), title, speech.say("95% interval"), speech.say("Ratings")),
        tuple(
            (Cell(row["name"]), Cell(row["told"]), Cell(row["interval"]), Cell(row["many"], row["rows"]))
            for row in rows
        ),
    )
    return Chart("mean", speech.say("Mean over time"), description, spec, table, note=_how_to_read(speech))


def _how_to_read(speech: Speaker) -> str:
    return speech.say("The band is the 95% interval; hollow points are not complete yet.")


def _mean_interval(counts: Counts) -> tuple[float, float] | None:
    squares = sum(value * value * many for value, many in counts.by_value.items())
    return mean_interval(counts.ratings, counts.sum_of_values, squares)


def _between(ends: tuple[float, float] | None, speech: Speaker) -> str:
    return "—" if ends is None else f"{speech.number(ends[0], 2)}–{speech.number(ends[1], 2)}"


def ratings_trend(points: Sequence[Point], unit: str, period: Days, values: Sequence[Step], look: Look) -> Chart:
    """Return how many ratings came, each bar made of the scale's values; the worst stand at the bottom, where they compare best."""
    speech = look.speech
    rows = [row for point in points for row in _stack(point, unit, period, values, look)]
    description = speech.say("The number of ratings over time, by value.")
    names = [step.text(symbols=look.symbols) for step in values]
    encoding: dict[str, Any] = {
        "x": _x(points, unit),
        "x2": {"field": "end"},
        "y": {"field": "bottom", "type": "quantitative", "axis": whole_axis() | {"labelBound": False}},
        "y2": {"field": "top"},
        "color": {
            "field": "value",
            "type": "nominal",
            "scale": {"domain": names, "range": "category"},
            "legend": {"orient": "top", "title": None, "symbolType": "square", "columns": 0},
        },
        "href": to_rows(),
        "tooltip": told(
            ("when", _unit_title(speech, unit)), ("value", speech.say("Value")), ("told", speech.say("Ratings"))
        ),
    }
    spec: Spec | None = None
    if any(row["top"] for row in rows):
        spec = whole(
            rows, HEIGHT, description, mark={"type": "rect", "style": "cell", "cursor": "pointer"}, encoding=encoding
        )
    table = Table(
        (_unit_title(speech, unit), *(step.text() for step in values), speech.say("All")),
        tuple(_values_row(point, unit, period, values, look) for point in points),
    )
    return Chart("ratings", speech.say("Ratings over time"), description, spec, table, max(len(values), 2))


def _stack(point: Point, unit: str, period: Days, values: Sequence[Step], look: Look) -> list[dict[str, Any]]:
    """Return a piece of a point's bar for each value, one on the other; of nothing one of no height, which keeps its place."""
    speech, days = look.speech, point_days(point, unit, period)
    pieces: list[dict[str, Any]] = []
    bottom = 0
    for step in values:
        many = point.counts.by_value.get(step.value, 0)
        if many or step is values[0]:
            pieces.append(
                {
                    "start": point.start.isoformat(),
                    "end": _next(point.start, unit).isoformat(),
                    "when": unit_text(speech, unit, point.start),
                    "value": step.text(symbols=look.symbols),
                    "bottom": bottom,
                    "top": bottom + many,
                    "told": speech.number(many),
                    "rows": look.rows.rated(days, value=str(step.value)) if many else "",
                }
            )
        bottom += many
    return pieces


def _next(start: date, unit: str) -> date:
    """Return the day on which the next day, week or month begins."""
    if unit == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if unit == "week" else 1)


def _date(day: date) -> dict[str, Any]:
    return {"year": day.year, "month": day.month, "date": day.day, "utc": True}


def _values_row(point: Point, unit: str, period: Days, values: Sequence[Step], look: Look) -> tuple[Cell, ...]:
    speech, days = look.speech, point_days(point, unit, period)
    cells = [
        Cell(speech.number(many), look.rows.rated(days, value=str(step.value)) if many else "")
        for step, many in ((step, point.counts.by_value.get(step.value, 0)) for step in values)
    ]
    total = point.counts.ratings
    return (
        Cell(unit_text(speech, unit, point.start)),
        *cells,
        Cell(speech.number(total), look.rows.rated(days) if total else ""),
    )


def _row(point: Point, unit: str, period: Days, look: Look) -> dict[str, Any]:
    """Return what every trend says of a point."""
    speech = look.speech
    name = unit_text(speech, unit, point.start)
    state = speech.say("complete") if point.complete else speech.say("not complete yet")
    return {
        "start": point.start.isoformat(),
        "when": name,
        "name": name if point.complete else f"{name} ({state})",
        "state": state,
        "complete": point.complete,
        "many": speech.number(point.counts.ratings),
        "rows": look.rows.rated(point_days(point, unit, period)) if point.counts.ratings else "",
    }


def _alone(points: Sequence[Point]) -> set[date]:
    """Return the days of points with ratings between two without."""
    rated = [point.counts.ratings > 0 for point in points]
    beside = zip([False, *rated[:-1]], rated, [*rated[1:], False], strict=True)
    return {
        point.start
        for point, (before, here, after) in zip(points, beside, strict=True)
        if here and not (before or after)
    }


def _x(points: Sequence[Point], unit: str) -> dict[str, Any]:
    """Return the axis of days. They are days of the installation's zone already: no browser may move them into its own."""
    every = -(-len(points) // _LABELS)
    return {
        "field": "start",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": {
            "title": None,
            "format": _TICKS[unit],
            "grid": False,
            "values": [_date(point.start) for point in points[::every]],
            "labelFlush": True,
        },
    }


def _points(x: Spec, y: Spec, tooltip: list[dict[str, str]]) -> list[Spec]:
    encoding = {"x": x, "y": y, "href": to_rows(), "tooltip": tooltip}
    return [
        {
            "mark": {"type": "point", "filled": True, "style": style, "size": 36, "cursor": "pointer"},
            "encoding": encoding,
            "transform": [{"filter": condition}],
        }
        for style, condition in (("dot", "datum.complete"), ("dot-open", "!datum.complete"))
    ]


def _unit_title(speech: Speaker, unit: str) -> str:
    titles = {"day": speech.say("Day"), "week": speech.say("Week"), "month": speech.say("Month")}
    return titles[unit]
