"""The table of agents: figures of each, who is compared, groups of statistical ties, and awards."""

import json
from collections.abc import Iterable, Mapping
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from ratings.reports.counts import by_part, counts_of, scales_of, total
from ratings.reports.directory import names_of
from ratings.reports.figures import AgentFigures, Counts, Days
from ratings.reports.filters import Filters
from ratings.reports.tallied import Tallies
from ratings.statistics import ranks
from ratings.store.people_tables import settings

HONEST = "honest"
CALLIBRI = "callibri"
RULES = (HONEST, CALLIBRI)

MIN_RATINGS = 10
"""Ratings below which nobody is ranked, nor has the best mean: one vote of five is never first."""

MIN_CLOSED = 10
"""Closings below which nobody has the highest response rate, which is of all closed, as Callibri counts it."""

CUT = 0.6
"""Of the median: who has less is not compared."""

TOO_FEW_CLOSED = "volume"
LOW_MEAN = "mean"


def comparison_rule(connection: Connection) -> str:
    """Return the installation's rule of comparison, as it is set: honest unless somebody chose Callibri's."""
    found = connection.execute(select(settings.c.value).where(settings.c.name == "comparison")).scalar_one_or_none()
    rule = json.loads(found) if found is not None else HONEST
    return rule if rule in RULES else HONEST


def agents(
    connection: Connection,
    filters: Filters,
    days: Days,
    zone: ZoneInfo,
    *,
    rule: str | None = None,
    scale: str | None = None,
) -> tuple[AgentFigures, ...]:
    """Return the agents of whom something was counted in some days; who closed most comes first.

    `rule` None: what the installation says. "honest": who closed less than 60 % of the median is not compared; "callibri": nor
    who has a mean below 60 % of the median of means. `scale` as in `dashboard`. Closings without an agent are nobody's.
    """
    rule = rule or comparison_rule(connection)
    found = by_part(Tallies(connection, filters, zone).read(days, ("agent",)), 0)
    found.pop("", None)
    scales = scales_of(total(found.values()))
    if scale is None:
        scale = scales[0] if scales else None
    counted = {agent: counts_of(tallied, scale) for agent, tallied in found.items()}
    counted = {agent: counts for agent, counts in counted.items() if counts.closed or counts.asked or counts.ratings}
    names = names_of(connection, {"agent": counted})
    left_out = _left_out(counted, rule)
    compared = {agent: counts for agent, counts in counted.items() if agent not in left_out}
    places = ranks({agent: (counts.satisfied, counts.ratings) for agent, counts in compared.items()}, MIN_RATINGS)
    awards = _awards(compared)
    return tuple(
        AgentFigures(
            id=agent,
            name=names.get(("agent", agent)),
            counts=counts,
            rank=places.get(agent),
            counted=agent in compared,
            why_not=left_out.get(agent),
            awards=awards.get(agent, ()),
            one_of_scales=scale if len(scales) > 1 else None,
        )
        for agent, counts in sorted(counted.items(), key=lambda item: (-item[1].closed, -item[1].ratings, item[0]))
    )


def _left_out(counted: Mapping[str, Counts], rule: str) -> dict[str, str]:
    """Return who is not compared, and why. Medians are of all agents: nobody is cut by what a cut has left."""
    if not counted:
        return {}
    volume = CUT * median(counts.closed for counts in counted.values())
    left_out = {agent: TOO_FEW_CLOSED for agent, counts in counted.items() if counts.closed < volume}
    means = [counts.mean for counts in counted.values() if counts.mean is not None]
    if rule == CALLIBRI and means:
        low = CUT * median(means)
        for agent, counts in counted.items():
            if counts.mean is not None and counts.mean < low:
                left_out.setdefault(agent, LOW_MEAN)
    return left_out


def _awards(compared: Mapping[str, Counts]) -> dict[str, tuple[str, ...]]:
    """Return the awards of each; who is as good as the best has the award, too."""
    won: dict[str, list[str]] = {}
    for name, scores in (
        ("most_closed", {agent: float(counts.closed) for agent, counts in compared.items() if counts.closed}),
        (
            "response",
            {
                agent: counts.answered_of_all_closed
                for agent, counts in compared.items()
                if counts.closed >= MIN_CLOSED and counts.answered_of_all_closed
            },
        ),
        ("reaction", _fastest((agent, counts.reaction_s) for agent, counts in compared.items())),
        ("handling", _fastest((agent, counts.mean_handling_s) for agent, counts in compared.items())),
        (
            "mean",
            {
                agent: counts.mean
                for agent, counts in compared.items()
                if counts.ratings >= MIN_RATINGS and counts.mean is not None
            },
        ),
    ):
        best = max(scores.values(), default=None)
        for agent, score in scores.items():
            if score == best:
                won.setdefault(agent, []).append(name)
    return {agent: tuple(names) for agent, names in won.items()}


def _fastest(times: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """Less is better."""
    return {agent: -time for agent, time in times if time is not None}
