"""Agents as bubbles, as Callibri draws them: what they do and how fast they are; the larger, the better their mean.

Source of the two charts and the awards: Callibri, "Как работать с Оценкой Качества Обслуживания".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.charts.chart import Cell, Chart, Look, Spec, Step, Table, percent_axis, to_rows, told, whole, whole_axis
from ratings.reports.figures import AgentFigures, Days

HEIGHT = 340
MAX_NAMED = 15
"""Agents who have their names beside their bubbles; of more only those with awards do, or they would hide each other."""

_ROOM, _LETTER, _LINE = (340, 260), 6.5, 14
"""Pixels of a chart on a narrow card, of a letter and of a line."""

AWARDS = {"most_closed": "🗣️", "response": "🏅", "reaction": "🏎️", "handling": "🐇", "mean": "🏆"}
"""The symbol of each award."""


def performance(agents: Sequence[AgentFigures], values: Sequence[Step], period: Days, look: Look) -> Chart:
    """Return who closed how much, and how many of their customers rated (ratings ÷ closed, as Callibri counts it)."""
    speech = look.speech
    closed, response = speech.say("Closed"), speech.say("Rated, of all closed")
    rows = [
        _row(agent, period, look) | {"x": agent.counts.closed, "y": agent.counts.answered_of_all_closed}
        for agent in agents
        if agent.counts.closed
    ]
    description = speech.say(
        "Agents by closed tickets and by how many of all closed were rated. The larger a bubble, the better the mean."
    )
    spec = _bubbles(
        rows,
        description,
        {"axis": whole_axis(closed), "scale": {"zero": False, "nice": True, "padding": 55}},
        {"axis": percent_axis(speech, response), "scale": {"zero": False, "padding": 30}},
        values,
        look,
    )
    table = Table(
        (speech.say("Agent"), closed, response, speech.say("Mean"), speech.say("Awards")),
        tuple(
            (
                Cell(_name(agent)),
                Cell(speech.number(agent.counts.closed), look.rows.closed(period, agent=agent.id)),
                Cell(
                    speech.percent(agent.counts.answered_of_all_closed),
                    look.rows.rated_of_closed(period, agent=agent.id) if agent.counts.answered_of_closed else "",
                ),
                Cell(speech.number(agent.counts.mean, 2)),
                Cell(award_texts(agent, look)),
            )
            for agent in agents
        ),
    )
    return Chart(
        "performance", speech.say("Performance"), description, spec, table, max(len(values), 2), _how_to_read(look)
    )


def speed(agents: Sequence[AgentFigures], values: Sequence[Step], period: Days, look: Look) -> Chart:
    """Return who takes how long. Both axes run from more to less: up and to the right is faster."""
    speech = look.speech
    handling, reaction = speech.say("Handling time"), speech.say("Time to the first response")
    rows = [
        _row(agent, period, look) | {"x": agent.counts.mean_handling_s / 60, "y": agent.counts.reaction_s / 60}
        for agent in agents
        if agent.counts.mean_handling_s is not None and agent.counts.reaction_s is not None
    ]
    description = speech.say(
        "Agents by handling time and by time to the first response, both from more to less: up and to the right is faster. "
        "The larger a bubble, the better the mean."
    )
    minutes = speech.say("minutes")
    falling = {"zero": False, "reverse": True}
    # There is room for names beyond 0, and no time there.
    axis = {"tickCount": 6, "labelExpr": "datum.value < 0 ? '' : datum.label"}
    spec = _bubbles(
        rows,
        description,
        {"axis": axis | {"title": f"{handling}, {minutes}"}, "scale": falling | {"padding": 55}},
        {"axis": axis | {"title": f"{reaction}, {minutes}"}, "scale": falling | {"padding": 30}},
        values,
        look,
    )
    table = Table(
        (speech.say("Agent"), handling, reaction, speech.say("Mean"), speech.say("Awards")),
        tuple(
            (
                Cell(_name(agent), look.rows.closed(period, agent=agent.id)),
                Cell(speech.duration(agent.counts.mean_handling_s), handled(agent, period, look)),
                Cell(speech.duration(agent.counts.reaction_s), responded(agent, period, look)),
                Cell(speech.number(agent.counts.mean, 2)),
                Cell(award_texts(agent, look)),
            )
            for agent in agents
        ),
    )
    return Chart("speed", speech.say("Speed"), description, spec, table, max(len(values), 2), _how_to_read(look))


def responded(agent: AgentFigures, period: Days, look: Look) -> str:
    """Return where the closings are of which the mean time to the first response is made; "" without any."""
    if not agent.counts.first_responses:
        return ""
    return look.rows.closed(period, agent=agent.id, has_first_response="true")


def handled(agent: AgentFigures, period: Days, look: Look) -> str:
    """Return where the closings are of which the mean handling time is made; "" without any."""
    return look.rows.closed(period, agent=agent.id, has_handling="true") if agent.counts.handlings else ""


def award_name(award: str, look: Look) -> str:
    """Return what an award is called."""
    say = look.speech.say
    names = {
        "most_closed": say("Most closed tickets"),
        "response": say("Highest response rate, of all closed"),
        "reaction": say("Fastest first response"),
        "handling": say("Shortest handling time"),
        "mean": say("Best mean"),
    }
    return names[award]


def award_texts(agent: AgentFigures, look: Look) -> str:
    """Return an agent's awards with their names."""
    return ", ".join(f"{AWARDS[award]} {award_name(award, look)}" for award in agent.awards)


def _how_to_read(look: Look) -> str:
    return look.speech.say("The larger, the better the mean; the best is outlined in gold, pale ones are not compared.")


def _name(agent: AgentFigures) -> str:
    return agent.name or agent.id


def _row(agent: AgentFigures, period: Days, look: Look) -> dict[str, Any]:
    """Return what both charts say of an agent."""
    speech = look.speech
    symbols = "".join(AWARDS[award] for award in agent.awards) if look.symbols else ""
    return {
        "agent": _name(agent),
        "awarded": bool(agent.awards),
        "label": f"{_name(agent)} {symbols}".strip(),
        "mean": agent.counts.mean,
        "told": speech.number(agent.counts.mean, 2),
        "closed": speech.number(agent.counts.closed),
        "response": speech.percent(agent.counts.answered_of_all_closed),
        "handling": speech.duration(agent.counts.mean_handling_s),
        "reaction": speech.duration(agent.counts.reaction_s),
        "awards": award_texts(agent, look) or "—",
        "counted": agent.counted,
        "best": "mean" in agent.awards,
        "rows": look.rows.closed(period, agent=agent.id),
    }


def named(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Return the places of the rows whose names can be drawn without one over another; the awarded come first.

    Everybody else is named by the tooltip and in the table.
    """
    wanted = [at for at, row in enumerate(rows) if len(rows) <= MAX_NAMED or row["awarded"]]
    scales = [
        (min(values), max(values) - min(values) or 1) for values in ([row[axis] for row in rows] for axis in "xy")
    ]
    found: dict[int, tuple[float, float, float]] = {}
    for at in sorted(wanted, key=lambda each: not rows[each]["awarded"]):
        x, y = (
            (rows[at][axis] - least) / span * room
            for axis, (least, span), room in zip("xy", scales, _ROOM, strict=True)
        )
        half = len(rows[at]["label"]) * _LETTER / 2
        if all(abs(x - other) > half + its or abs(y - height) > _LINE for other, height, its in found.values()):
            found[at] = (x, y, half)
    return set(found)


def _bubbles(
    rows: Sequence[dict[str, Any]],
    description: str,
    x: dict[str, Any],
    y: dict[str, Any],
    values: Sequence[Step],
    look: Look,
) -> Spec | None:
    if not rows:
        return None
    names = named(rows)
    rows = [row | {"named": number in names} for number, row in enumerate(rows)]
    say = look.speech.say
    place = {"x": {"field": "x", "type": "quantitative"} | x, "y": {"field": "y", "type": "quantitative"} | y}
    ends = [values[0].value, values[-1].value] if values else [1, 5]
    bubble = place | {
        # Means lie close together: the square of it makes a difference seen.
        "size": {
            "field": "mean",
            "type": "quantitative",
            "scale": {"type": "pow", "exponent": 2, "domain": ends, "range": [60, 1100]},
            "legend": None,
        },
        "opacity": {"condition": {"test": "datum.counted", "value": 0.85}, "value": 0.25},
        "href": to_rows(),
        "tooltip": told(
            ("agent", say("Agent")),
            ("told", say("Mean")),
            ("closed", say("Closed")),
            ("response", say("Rated, of all closed")),
            ("handling", say("Handling time")),
            ("reaction", say("Time to the first response")),
            ("awards", say("Awards")),
        ),
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "point", "filled": True, "style": style, "cursor": "pointer"},
            "encoding": bubble,
            "transform": [{"filter": condition}],
        }
        for style, condition in (("bubble", "!datum.best"), ("bubble-best", "datum.best"))
    ]
    if any(row["named"] for row in rows):
        layers.append(
            {
                "transform": [{"filter": "datum.named"}],
                "mark": {"type": "text", "style": "label", "baseline": "bottom", "dy": -16},
                "encoding": place
                | {
                    "text": {"field": "label", "type": "nominal"},
                    "opacity": {"condition": {"test": "datum.counted", "value": 1}, "value": 0.6},
                },
            }
        )
    return whole(rows, HEIGHT, description, layer=layers)
