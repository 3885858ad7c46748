"""How the ratings of a period are spread over the scale."""

from collections.abc import Sequence
from typing import Any

from bot.charts.chart import Cell, Chart, Look, Step, Table, room_for_texts, to_rows, told, whole, whole_axis
from ratings.reports.figures import Counts, Days
from ratings.statistics import share


def distribution(counts: Counts, values: Sequence[Step], period: Days, look: Look) -> Chart:
    """Return a bar a value, the worst first; each has its symbol, its digit, its number and its share."""
    speech = look.speech
    rows: list[dict[str, Any]] = [
        {
            "value": step.text(symbols=look.symbols),
            "label": step.label or step.text(symbols=look.symbols),
            "many": many,
            "told": speech.number(many),
            "share": speech.percent(share(many, counts.ratings), 1),
            "text": f"{speech.number(many)} ({speech.percent(share(many, counts.ratings))})",
            "rows": look.rows.rated(period, value=str(step.value)) if many else "",
        }
        for step, many in ((step, counts.by_value.get(step.value, 0)) for step in values)
    ]
    description = speech.say("The ratings by value.")
    names = [row["value"] for row in rows]
    y = {
        "field": "value",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": names},
        "axis": {"title": None, "labelFontSize": 14, "ticks": False, "domain": False, "grid": False},
    }
    x = {"field": "many", "type": "quantitative", "axis": whole_axis() | {"grid": True}}
    bars = {
        "mark": {"type": "bar", "cursor": "pointer", "height": {"band": 0.7}},
        "encoding": {
            "x": x,
            "y": y,
            "color": {
                "field": "value",
                "type": "nominal",
                "scale": {"domain": names, "range": "category"},
                "legend": None,
            },
            "href": to_rows(),
            "tooltip": told(
                ("label", speech.say("Value")), ("told", speech.say("Ratings")), ("share", speech.say("Share"))
            ),
        },
    }
    texts = {
        "mark": {"type": "text", "style": "label", "align": "left", "dx": 6},
        "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}},
    }
    spec = None
    if counts.ratings:
        # Room for the text beside the longest bar.
        x["scale"] = room_for_texts(max(counts.by_value.values(), default=1))
        spec = whole(rows, 34 * len(rows), description, layer=[bars, texts])
    table = Table(
        (speech.say("Value"), speech.say("Ratings"), speech.say("Share")),
        tuple(
            (
                Cell(f"{step.text()} {step.label}".strip() if step.symbol else step.text()),
                Cell(row["told"], row["rows"]),
                Cell(row["share"]),
            )
            for step, row in zip(values, rows, strict=True)
        ),
    )
    return Chart("distribution", speech.say("Ratings by value"), description, spec, table, max(len(values), 2))
