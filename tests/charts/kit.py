"""Hand-made figures for charts: nothing, one rating, and plenty."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot.charts.agents import performance, speed
from bot.charts.chart import Chart, Look, Rows, steps
from bot.charts.distribution import distribution
from bot.charts.funnel import funnel, skip_reasons
from bot.charts.hours import hours_chart
from bot.charts.parts import parts_chart
from bot.charts.trend import csat_trend, mean_trend, ratings_trend
from bot.web.pages.speech import Speech
from ratings.reports.figures import AgentFigures, Counts, Days, HourOfWeek, Part, Point
from ratings.scale import DEFAULT_SCALE

FIRST = date(2026, 10, 30)
ZONE = ZoneInfo("Europe/Moscow")
HELD = (("survey", "default"), ("group", "front & back"))


def counts(*by_value: int) -> Counts:
    """Counts with so many ratings of 1, 2, 3, 4 and 5; three are asked for one that answers, four closed."""
    values = {value: many for value, many in enumerate(by_value, 1) if many}
    total = sum(values.values())
    return Counts(
        closed=4 * total,
        decided_to_ask=3 * total,
        answered_of_closed=total,
        first_response_s=90 * total,
        first_responses=total,
        handling_s=600 * total,
        handlings=total,
        asked=3 * total,
        delivered=2 * total,
        answered=total,
        commented=total // 2,
        ratings=total,
        satisfied=values.get(4, 0) + values.get(5, 0),
        sum_of_values=sum(value * many for value, many in values.items()),
        by_value=values,
        skips={"frequency": total, "too_old": total // 2} if total else {},
    )


def agent(number: int, found: Counts, *awards: str, counted: bool = True) -> AgentFigures:
    return AgentFigures(f"a{number}", f"Агент {number}", found, 1, counted, None if counted else "few", awards)


def look(language: str = "en", *, symbols: bool = True) -> Look:
    return Look(Speech(language, ZONE), Rows("/ratings", HELD), symbols)


def charts(many: int, seen_by: Look, unit: str = "day", points: int = 30) -> list[Chart]:
    """Every chart of a period in which each point has `many` ratings of each value."""
    each = counts(*[many] * 5)
    length = {"day": 1, "week": 7, "month": 31}[unit]
    starts = [FIRST + timedelta(days=length * number) for number in range(points)]
    if unit == "month":
        starts = [start.replace(day=1) for start in starts]
    period = Days(starts[0], starts[-1] + timedelta(days=length - 1))
    trend = [Point(start, each, complete=start != starts[-1]) for start in starts]
    values = steps(DEFAULT_SCALE, each.by_value, seen_by.speech.language)
    agents = [
        agent(1, each, "mean", "most_closed"),
        agent(2, counts(1, 0, 0, 0, 9)),
        agent(3, counts(0, 1), counted=False),
    ]
    parts = (
        Part("telegram.support", None, each),
        Part("vk.main", "VK", counts(0, 0, 1, 2, 3)),
        Part(None, None, counts(1)),
    )
    hours = tuple(HourOfWeek(day, hour, many, many) for day in range(7) for hour in range(8, 20))
    return [
        csat_trend(trend, unit, period, seen_by),
        mean_trend(trend, unit, period, values, seen_by),
        ratings_trend(trend, unit, period, values, seen_by),
        distribution(each, values, period, seen_by),
        funnel(each, period, seen_by),
        skip_reasons(each, period, {"too_old": "TOO OLD"}, seen_by),
        *(
            parts_chart(name, parts if many else (), period, seen_by)
            for name in ("channel", "form", "group", "priority", "survey")
        ),
        hours_chart(hours, period, seen_by),
        performance(agents if many else (), values, period, seen_by),
        speed(agents if many else (), values, period, seen_by),
    ]
