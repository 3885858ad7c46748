"""From the closed ticket to the comment, and why nobody was asked."""

from collections.abc import Mapping, Sequence

from bot.charts.chart import Cell, Chart, Look, Spec, Table, room_for_texts, to_rows, told, whole, whole_axis
from ratings.reports.figures import Counts, Days
from ratings.statistics import share

MAX_REASONS = 12
"""Reasons that the chart shows; the table has all."""


def funnel(counts: Counts, period: Days, look: Look) -> Chart:
    """Return closed → decided to ask (by the day of closing) → asked → delivered → answered → commented (by the day of asking)."""
    speech, rows_of = look.speech, look.rows
    stages = (
        (speech.say("Closed"), counts.closed, counts.closed, rows_of.closed(period), True),
        (speech.say("To be asked"), counts.decided_to_ask, counts.closed, rows_of.to_be_asked(period), True),
        (speech.say("Asked"), counts.asked, counts.asked, rows_of.asked(period), False),
        (speech.say("Delivered"), counts.delivered, counts.asked, rows_of.delivered(period), False),
        (speech.say("Answered"), counts.answered, counts.asked, rows_of.answered(period), False),
        (
            speech.say("Commented"),
            counts.commented,
            counts.asked,
            rows_of.answered(period, has_comment="true"),
            False,
        ),
    )
    of_closed, of_asked = speech.say("of the closed"), speech.say("of the asked")
    rows = [
        {
            "stage": name,
            "many": many,
            "told": speech.number(many),
            "share": f"{speech.percent(share(many, whole_))} {of_closed if closed else of_asked}",
            "text": speech.number(many)
            if many == whole_
            else f"{speech.number(many)} ({speech.percent(share(many, whole_))})",
            "closed": closed,
            "rows": address if many else "",
        }
        for name, many, whole_, address, closed in stages
    ]
    description = speech.say(
        "From the closed ticket to the comment. Closed and to be asked count by the day of the closing, the rest by the day "
        "of asking."
    )
    spec = _bars(rows, "stage", description, look) if counts.closed or counts.asked else None
    table = Table(
        (speech.say("Step"), speech.say("Number"), speech.say("Share")),
        tuple(
            (Cell(str(row["stage"])), Cell(str(row["told"]), str(row["rows"])), Cell(str(row["share"]))) for row in rows
        ),
    )
    note = speech.say("Grey: by the day of the closing. Blue: by the day of asking.")
    return Chart("funnel", speech.say("From closing to comment"), description, spec, table, note=note)


def skip_reasons(counts: Counts, period: Days, words: Mapping[str, str], look: Look) -> Chart:
    """Return why nobody was asked, the most frequent first; `words` says reasons in words."""
    speech = look.speech
    total = sum(counts.skips.values())
    ordered = sorted(
        ((many, reason) for reason, many in counts.skips.items() if many), key=lambda pair: (-pair[0], pair[1])
    )
    rows = [
        {
            "stage": words.get(reason, reason),
            "many": many,
            "told": speech.number(many),
            "share": speech.percent(share(many, total), 1),
            "text": speech.number(many),
            "closed": True,
            "rows": look.rows.closed(period, show="not_asked", reason=reason),
        }
        for many, reason in ordered
    ]
    description = speech.say("Closed tickets whose customer was not asked, by the reason.")
    spec = _bars(rows[:MAX_REASONS], "stage", description, look) if rows else None
    table = Table(
        (speech.say("Reason"), speech.say("Closed"), speech.say("Share")),
        tuple(
            (Cell(str(row["stage"])), Cell(str(row["told"]), str(row["rows"])), Cell(str(row["share"]))) for row in rows
        ),
    )
    return Chart("skips", speech.say("Why nobody was asked"), description, spec, table)


def _bars(rows: Sequence[dict[str, object]], name: str, description: str, look: Look) -> Spec:
    """Return bars with their numbers beside them; what counts by the day of the closing is grey."""
    most = max((row["many"] for row in rows if isinstance(row["many"], int)), default=1)
    y = {
        "field": name,
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "grid": False, "labelLimit": 260},
    }
    x = {
        "field": "many",
        "type": "quantitative",
        "axis": whole_axis(),
        "scale": room_for_texts(max(most, 1)),
    }
    speech = look.speech
    tooltip = told((name, " "), ("told", speech.say("Number")), ("share", speech.say("Share")))
    layers = [
        {
            "mark": {"type": "bar", "style": style, "cursor": "pointer", "height": {"band": 0.7}},
            "encoding": {"x": x, "y": y, "href": to_rows(), "tooltip": tooltip},
            "transform": [{"filter": condition}],
        }
        for style, condition in (("bar-soft", "datum.closed"), ("bar", "!datum.closed"))
    ]
    texts = {
        "mark": {"type": "text", "style": "label", "align": "left", "dx": 6},
        "encoding": {"x": x, "y": y, "text": {"field": "text", "type": "nominal"}},
    }
    return whole(rows, 30 * len(rows), description, layer=[texts, *layers])
