"""What the pages of reports read of the store, and the charts that they make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.charts.agents import performance, speed
from bot.charts.chart import Chart, Look, Step, steps
from bot.charts.distribution import distribution
from bot.charts.funnel import funnel, skip_reasons
from bot.charts.hours import hours_chart
from bot.charts.parts import parts_chart
from bot.charts.trend import csat_trend, mean_trend, ratings_trend
from bot.web.pages.reporting.bar import Bar
from bot.web.pages.reporting.words import SHORT_REASONS
from ratings.reports.agents import agents
from ratings.reports.dashboard import dashboard
from ratings.reports.directory import Entry, list_directory
from ratings.reports.figures import AgentFigures, Dashboard
from ratings.rights import Sight
from ratings.scale import DEFAULT_SCALE, Scale
from ratings.store.store import Store
from ratings.store.surveys import load_surveys
from ratings.survey import Survey
from ratings.times import Instant


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a dashboard, and what its filter bar can be set to. `steps` are the values of its scale."""

    figures: Dashboard
    directory: Mapping[str, tuple[Entry, ...]]
    scale: Scale | None


@dataclass(frozen=True, slots=True)
class Staff:
    """The table of agents, and what its filter bar can be set to."""

    agents: Sequence[AgentFigures]
    directory: Mapping[str, tuple[Entry, ...]]
    scale: Scale | None


async def read_report(store: Store, bar: Bar, sight: Sight, zone: ZoneInfo, now: Instant) -> Report:
    """Read everything that the dashboard shows."""
    figures = await store.read(
        dashboard, bar.filters(sight), bar.days, bar.before, zone, scale=bar.scale, unit=bar.unit, now=now
    )
    return Report(
        figures, await store.read(list_directory, sight), scale_named(await store.read(load_surveys), figures.scale)
    )


async def read_staff(store: Store, bar: Bar, sight: Sight, zone: ZoneInfo) -> Staff:
    """Read everything that the page of agents shows."""
    found = await store.read(agents, bar.filters(sight), bar.days, zone, scale=bar.scale)
    return Staff(found, await store.read(list_directory, sight), scale_named(await store.read(load_surveys), bar.scale))


def scale_named(surveys: Sequence[Survey], name: str | None) -> Scale | None:
    """Return the scale of a name that a survey has; the built-in one is always there."""
    scales = {survey.scale.name: survey.scale for survey in surveys}
    return {DEFAULT_SCALE.name: DEFAULT_SCALE, **scales}.get(name or DEFAULT_SCALE.name)


def report_charts(report: Report, look: Look) -> list[Chart]:
    """Return the dashboard's charts in the order of the page."""
    figures = report.figures
    look = look.on(figures.one_of_scales)
    days, now, trend, unit = figures.days, figures.now, figures.trend, figures.unit
    values = value_steps(report, look)
    return [
        csat_trend(trend, unit, days, look),
        ratings_trend(trend, unit, days, values, look),
        mean_trend(trend, unit, days, values, look),
        distribution(now, values, days, look),
        funnel(now, days, look),
        skip_reasons(now, days, {code: look.speech.say(text) for code, text in SHORT_REASONS.items()}, look),
        *(
            parts_chart(name, figures.parts[name], days, look)
            for name in ("channel", "group", "form", "priority", "survey")
            # A chart of one part would repeat the first card.
            if len(figures.parts.get(name, ())) > 1
        ),
        hours_chart(figures.hours, days, look),
    ]


def value_steps(report: Report, look: Look) -> tuple[Step, ...]:
    """Return the values of the dashboard's scale, with whatever else was counted on it."""
    return steps(report.scale, report.figures.now.by_value, look.speech.language)


def staff_charts(staff: Staff, bar: Bar, look: Look) -> list[Chart]:
    """Return the two charts of agents."""
    values = steps(staff.scale, {}, look.speech.language)
    return [performance(staff.agents, values, bar.days, look), speed(staff.agents, values, bar.days, look)]
