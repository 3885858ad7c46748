"""From what was tallied to the figures of a group: one scale's ratings, what was asked, what was closed. Pure."""

from collections.abc import Iterable

from ratings.reports.figures import Counts
from ratings.reports.tallied import Found, Tallied


def counts_of(tallied: Tallied, scale: str | None) -> Counts:
    """Return the counts, with the ratings of one scale."""
    tickets = tallied.tickets
    values = {value: counts for (name, value), counts in tallied.values.items() if name == scale and counts[0]}
    prefix = "skip:"
    return Counts(
        closed=tickets.get("closed", 0),
        decided_to_ask=tickets.get("ask", 0),
        answered_of_closed=tickets.get("answered_of_closed", 0),
        first_response_s=tickets.get("reaction_s", 0),
        first_responses=tickets.get("reactions", 0),
        handling_s=tickets.get("handling_s", 0),
        handlings=tickets.get("handlings", 0),
        asked=tickets.get("asked", 0),
        delivered=tickets.get("delivered", 0),
        answered=tickets.get("answered", 0),
        answered_satisfied=tickets.get("answered_satisfied", 0),
        commented=tickets.get("commented", 0),
        ratings=sum(many for many, _ in values.values()),
        satisfied=sum(satisfied for _, satisfied in values.values()),
        sum_of_values=sum(value * many for value, (many, _) in values.items()),
        by_value={value: values[value][0] for value in sorted(values)},
        skips={
            what.removeprefix(prefix): many
            for what, many in sorted(tallied.others.items())
            if what.startswith(prefix) and many
        },
    )


def total(all_: Iterable[Tallied]) -> Tallied:
    """Return everything in one."""
    joined = Tallied()
    for each in all_:
        joined.join(each)
    return joined


def by_part(found: Found, position: int) -> dict[str, Tallied]:
    """Put together what was grouped by more, by one of its dimensions."""
    parts: dict[str, Tallied] = {}
    for (group, _), tallied in found.items():
        parts.setdefault(group[position], Tallied()).join(tallied)
    return parts


def scales_of(tallied: Tallied) -> tuple[str, ...]:
    """Return the scales that were rated on, the one with most ratings first."""
    many: dict[str, int] = {}
    for (scale, _), counts in tallied.values.items():
        many[scale] = many.get(scale, 0) + counts[0]
    return tuple(sorted((scale for scale in many if many[scale]), key=lambda scale: (-many[scale], scale)))
