"""When customers rate: hours of the week."""

from collections.abc import Sequence

from babel.dates import get_day_names

from bot.charts.chart import Cell, Chart, Look, Table, to_rows, told, whole
from ratings.reports.figures import Days, HourOfWeek
from ratings.statistics import share

HOURS = range(24)


def _marks(most: int) -> list[int]:
    """Return the numbers of the legend."""
    return sorted({max(1, round(most * share_)) for share_ in (0.1, 0.5, 1)}, reverse=True)


def _rows_of(hour: HourOfWeek, period: Days, look: Look) -> str:
    """Return where the ratings of an hour of the week are; in addresses Monday is 1."""
    return look.rows.rated(period, weekday=str(hour.weekday + 1), hour=str(hour.hour))


def hours_chart(hours: Sequence[HourOfWeek], period: Days, look: Look) -> Chart:
    """Return a map of the week: the darker an hour, the more ratings came in it."""
    speech = look.speech
    short = get_day_names("abbreviated", locale=speech.language)
    names = get_day_names("wide", "stand-alone", locale=speech.language)
    counted = {(hour.weekday, hour.hour): hour for hour in hours if hour.ratings}
    rows = [
        {
            "day": short[weekday],
            "name": names[weekday],
            "hour": hour,
            "when": f"{hour:02d}:00–{hour:02d}:59",
            "many": found.ratings,
            "told": speech.number(found.ratings),
            "csat": speech.percent(share(found.satisfied, found.ratings)),
            "rows": _rows_of(found, period, look),
        }
        for (weekday, hour), found in sorted(counted.items())
    ]
    description = speech.say("When customers rate: the number of ratings by weekday and hour.")
    spec = None
    if rows:
        spec = whole(
            rows,
            24 * 7,
            description,
            mark={"type": "rect", "style": "cell", "cursor": "pointer"},
            encoding={
                "href": to_rows(),
                "x": {
                    "field": "hour",
                    "type": "ordinal",
                    "scale": {"domain": list(HOURS)},
                    "axis": {
                        "title": None,
                        "labelAngle": 0,
                        "values": list(range(0, 24, 3)),
                        "ticks": False,
                        "domain": False,
                    },
                },
                "y": {
                    "field": "day",
                    "type": "ordinal",
                    "scale": {"domain": [short[weekday] for weekday in range(7)]},
                    "axis": {"title": None, "ticks": False, "domain": False},
                },
                # Darkness is opacity: one colour of the page, in any theme.
                "opacity": {
                    "field": "many",
                    "type": "quantitative",
                    "scale": {"domainMin": 0, "range": [0.06, 1]},
                    "legend": {
                        "title": None,
                        "orient": "right",
                        "format": ",d",
                        "values": _marks(max(hour.ratings for hour in counted.values())),
                        "symbolType": "square",
                        "symbolSize": 200,
                    },
                },
                "tooltip": told(
                    ("name", speech.say("Weekday")),
                    ("when", speech.say("Hour")),
                    ("told", speech.say("Ratings")),
                    ("csat", "CSAT"),
                ),
            },
        )
    table = Table(
        (speech.say("Hour"), *(short[weekday] for weekday in range(7))),
        tuple(
            (
                Cell(f"{hour:02d}:00"),
                *(
                    Cell(speech.number(found.ratings), _rows_of(found, period, look))
                    if (found := counted.get((weekday, hour)))
                    else Cell("0")
                    for weekday in range(7)
                ),
            )
            for hour in HOURS
            if any((weekday, hour) in counted for weekday in range(7))
        ),
    )
    return Chart("hours", speech.say("By weekday and hour"), description, spec, table)
