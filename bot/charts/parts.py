"""CSAT of the parts of a whole: by channel, form, group, priority or survey, each with its interval."""

from collections.abc import Sequence

from bot.charts.chart import DOT, Cell, Chart, Look, Table, percent_axis, room_for_texts, to_rows, told, whole
from ratings.reports.figures import Days, Part

MAX_PARTS = 15
"""Parts that the chart shows, the largest; the table has all."""


def parts_chart(dimension: str, parts: Sequence[Part], period: Days, look: Look) -> Chart:
    """Return a dot with a line a part: parts whose lines overlap may well be the same."""
    speech = look.speech
    titles = {
        "channel": (speech.say("CSAT by channel"), speech.say("Channel")),
        "form": (speech.say("CSAT by form"), speech.say("Form")),
        "group": (speech.say("CSAT by group"), speech.say("Group")),
        "priority": (speech.say("CSAT by priority"), speech.say("Priority")),
        "survey": (speech.say("CSAT by survey"), speech.say("Survey")),
    }
    title, heading = titles[dimension]
    description = speech.say(
        "%(title)s, with its 95%% interval. Where intervals overlap, there may be no difference.", title=title
    )
    note = speech.say("The line is the 95% interval; on the right CSAT and the number of ratings.")
    names = _names(parts, look)
    rows = [
        {
            "name": name,
            "share": part.counts.csat,
            "low": None if (ends := part.counts.csat_interval) is None else ends[0],
            "high": None if ends is None else ends[1],
            "csat": speech.percent(part.counts.csat),
            "interval": speech.interval(ends),
            "mean": speech.number(part.counts.mean, 2),
            "many": speech.number(part.counts.ratings),
            "asked": speech.number(part.counts.asked),
            "rate": speech.percent(part.counts.response_rate),
            "text": f"{speech.percent(part.counts.csat)}{DOT}{speech.number(part.counts.ratings)}",
            "rows": look.rows.rated(period, **_only(dimension, part)) if part.counts.ratings else "",
        }
        for part, name in zip(parts, names, strict=True)
    ]
    shown = [row for row in rows if row["share"] is not None][:MAX_PARTS]
    y = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "grid": False, "labelLimit": 180},
    }
    x = {
        "type": "quantitative",
        "scale": room_for_texts(1),
        "axis": percent_axis(speech) | {"values": [0, 0.25, 0.5, 0.75, 1], "grid": True},
    }
    layers = [
        {
            "mark": {"type": "rule", "style": "whisker"},
            "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "style": "dot", "size": 90, "cursor": "pointer"},
            "encoding": {
                "y": y,
                "x": x | {"field": "share"},
                "href": to_rows(),
                "tooltip": told(
                    ("name", heading),
                    ("csat", "CSAT"),
                    ("interval", speech.say("95% interval")),
                    ("mean", speech.say("Mean")),
                    ("many", speech.say("Ratings")),
                    ("rate", speech.say("Response rate")),
                ),
            },
        },
    ]
    texts = {
        "mark": {"type": "text", "style": "label", "align": "left", "dx": 8},
        "encoding": {"y": y, "x": x | {"datum": 1}, "text": {"field": "text", "type": "nominal"}},
    }
    spec = whole(shown, 28 * len(shown), description, layer=[texts, *layers]) if shown else None
    table = Table(
        (
            heading,
            "CSAT",
            speech.say("95% interval"),
            speech.say("Mean"),
            speech.say("Ratings"),
            speech.say("Asked"),
            speech.say("Response rate"),
        ),
        tuple(
            (
                Cell(str(row["name"])),
                Cell(str(row["csat"])),
                Cell(str(row["interval"])),
                Cell(str(row["mean"])),
                Cell(str(row["many"]), str(row["rows"])),
                Cell(
                    str(row["asked"]),
                    look.rows.asked(period, **_only(dimension, part)) if part.counts.asked else "",
                ),
                Cell(str(row["rate"])),
            )
            for part, row in zip(parts, rows, strict=True)
        ),
    )
    return Chart(dimension, title, description, spec, table, note=note)


def _only(dimension: str, part: Part) -> dict[str, str]:
    """Return the filter of what belongs to a part; to the one that is not known belongs what has none."""
    return {"without": dimension} if part.id is None else {dimension: part.id}


def _names(parts: Sequence[Part], look: Look) -> list[str]:
    """Return a name for each part that no other has: two forms may be called the same."""
    plain = [part.name or part.id or look.speech.say("not known") for part in parts]
    return [
        f"{name} ({part.id})" if plain.count(name) > 1 and part.id is not None else name
        for part, name in zip(parts, plain, strict=True)
    ]
