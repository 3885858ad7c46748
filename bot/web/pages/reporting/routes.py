"""The dashboard, `/agents`, and the pictures of their charts."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import structlog
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.charts.agents import AWARDS, award_name, handled, responded
from bot.charts.chart import DOT, Chart, Look, Rows
from bot.charts.locales import locales
from bot.charts.painter import CannotDraw
from bot.charts.rendering import WIDTHS, Drawing, Format, digest, picture_request
from bot.charts.theme import PAGE, THEMES, config
from bot.web.pages.reporting.bar import DIMENSIONS, PERIODS, UNITS, Bar, options, read_bar
from bot.web.pages.reporting.cards import cards, scale_choices
from bot.web.pages.reporting.drawing_routes import PICTURE_HEADERS, TYPES, BundleScript, is_known
from bot.web.pages.reporting.report import (
    Report,
    Staff,
    read_report,
    read_staff,
    report_charts,
    staff_charts,
    value_steps,
)
from bot.web.pages.reporting.staff import columns, ordered
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import Visit
from bot.web.static_files import StaticFile
from ratings.reports.directory import Entry
from ratings.rights import Right

PACKAGE = "bot.web.pages"
_OF_PICTURES = ("theme", "place")
_log = structlog.get_logger("tapfive.charts")


class Reporting:
    """The pages of reports."""

    def __init__(self, shell: Shell, drawing: Drawing) -> None:
        self._shell = shell
        self._drawing = drawing
        self._bundle = BundleScript(drawing)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page, right = self._shell.page, Right.REPORTS
        self._shell.say_with(vega=self._bundle.address(self._shell.base))
        return [
            page("/agents", self.agents, right=right),
            page("/charts/{name}.{kind}", self.picture, right=right),
            self._bundle.route(),
            *(self._shell.add_file(StaticFile(PACKAGE, name), name) for name in ("reports.css", "reports.js")),
        ]

    async def dashboard(self, visit: Visit, **above: Any) -> Response:
        """Show the dashboard; `Home` has looked at the right, and says what stands above it."""
        bar, report = await self._report(visit)
        look = look_of(visit, bar)
        return visit.render(
            "dashboard.html",
            **_bar_context(visit, bar, report.directory, "/", report.figures.unit),
            bar=bar,
            figures=report.figures,
            cards=cards(report.figures, value_steps(report, look), look, visit.speech),
            scales=scale_choices(report.figures),
            **_charts_context(report_charts(report, look)),
            chart_settings=_chart_settings(visit),
            **above,
        )

    async def agents(self, visit: Visit) -> Response:
        """Show the table of agents."""
        bar, staff = await self._staff(visit)
        look = look_of(visit, bar)
        return visit.render(
            "agents.html",
            **_bar_context(visit, bar, staff.directory, "/agents"),
            bar=bar,
            rows=look.rows,
            agents=ordered(staff.agents, bar.sort),
            columns=columns(visit, bar),
            awards={award: (symbol, award_name(award, look)) for award, symbol in AWARDS.items()},
            **_charts_context(staff_charts(staff, bar, look)),
            responded=lambda agent: responded(agent, bar.days, look),
            handled=lambda agent: handled(agent, bar.days, look),
            chart_settings=_chart_settings(visit),
        )

    async def picture(self, visit: Visit) -> Response:
        """Answer with one chart as a picture: to download, or where the browser runs no scripts (`theme`, `place`)."""
        name, kind = (str(visit.request.path_params[part]) for part in ("name", "kind"))
        theme, place = visit.query.get("theme", "light"), visit.query.get("place", "paper")
        if kind not in TYPES or theme not in THEMES or place not in WIDTHS:
            return refuse(visit, 404, mark("There is no such page"))
        chart, of_what = await self._chart(visit, name, symbols=kind == "svg")
        if chart is None or chart.spec is None:
            return refuse(visit, 404, mark("There is no such picture"), mark("There may be no data for it."))
        language = visit.speech.language
        form: Format = "svg" if kind == "svg" else "png"
        request = picture_request(chart, THEMES[theme], language, form, place, of_what)
        headers = PICTURE_HEADERS | {"etag": f'"{digest(request)}"'}
        if is_known(visit.request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        try:
            made = await self._drawing.picture(request)
        except CannotDraw as error:
            _log.error("a chart could not be drawn", chart=name, problem=str(error))
            return refuse(visit, 503, mark("The picture could not be drawn"), mark("Try again in a moment."))
        return Response(made, headers=headers, media_type=TYPES[kind])

    # --- parts ---

    async def _report(self, visit: Visit, also: Collection[str] = ()) -> tuple[Bar, Report]:
        bar = read_bar(visit.query, visit.now, self._shell.zone, also)
        return bar, await read_report(self._shell.store, bar, visit.sight, self._shell.zone, visit.now)

    async def _staff(self, visit: Visit, also: Collection[str] = ()) -> tuple[Bar, Staff]:
        bar = read_bar(visit.query, visit.now, self._shell.zone, also)
        return bar, await read_staff(self._shell.store, bar, visit.sight, self._shell.zone)

    async def _chart(self, visit: Visit, name: str, *, symbols: bool) -> tuple[Chart | None, str]:
        """Return a chart by its name, and of what it is: the days and filters of the bar in words."""
        found: Sequence[Chart]
        directory: Mapping[str, Sequence[Entry]]
        if name in {"performance", "speed"}:
            bar, staff = await self._staff(visit, _OF_PICTURES)
            directory, found = staff.directory, staff_charts(staff, bar, look_of(visit, bar, symbols=symbols))
        else:
            bar, report = await self._report(visit, _OF_PICTURES)
            directory, found = report.directory, report_charts(report, look_of(visit, bar, symbols=symbols))
        return next((chart for chart in found if chart.name == name), None), _of_what(visit, bar, directory)


def look_of(visit: Visit, bar: Bar, *, symbols: bool = True) -> Look:
    """Return for whom charts are made: the reader's language, and the registry with the filters of the bar."""
    return Look(visit.speech, Rows(visit.url("/ratings"), bar.held), symbols)


def _of_what(visit: Visit, bar: Bar, directory: Mapping[str, Sequence[Entry]]) -> str:
    said = [visit.speech.days(bar.days.first, bar.days.last)]
    words = _dimension_words(visit)
    for name, ids in bar.chosen.items():
        titles = [option.title for option in options(directory[name], ids) if option.chosen]
        said.append(f"{words[name]}: {', '.join(titles)}")
    return DOT.join(said)


def _dimension_words(visit: Visit) -> dict[str, str]:
    return {
        "survey": visit.say("survey"),
        "form": visit.say("form"),
        "group": visit.say("group"),
        "channel": visit.say("channel"),
    }


def _bar_context(visit: Visit, bar: Bar, directory: Any, path: str, unit: str = "day") -> dict[str, Any]:
    words = _dimension_words(visit)
    return {
        "bar_path": path,
        "periods": [(value, visit.say(text), value == bar.period) for value, text in PERIODS.items()],
        "units": [(value, visit.say(text)) for value, text in UNITS.items()],
        "own_unit": visit.say("automatic")
        if bar.unit
        else visit.say("%(unit)s, as suits", unit=visit.say(UNITS[unit])),
        "dimensions": [(name, words[name], options(directory[name], bar.chosen.get(name, ()))) for name in DIMENSIONS],
    }


def _chart_settings(visit: Visit) -> dict[str, Any]:
    return {"config": config(PAGE), **locales(visit.speech.language)}


def _charts_context(charts: Sequence[Chart]) -> dict[str, Any]:
    """Return the charts that a page shows, and those that it only names: there is nothing in them."""
    return {
        "charts": [_drawn(chart) for chart in charts if chart.spec is not None],
        "empty_charts": [chart.title for chart in charts if chart.spec is None],
    }


def _drawn(chart: Chart) -> dict[str, Any]:
    """Return what a template shows of a chart: its height is known before it is drawn, so that nothing jumps."""
    own = {"range": config(PAGE, chart.values)["range"]}
    return {"chart": chart, "height": chart.height, "data": {"spec": chart.spec, "config": own}}
