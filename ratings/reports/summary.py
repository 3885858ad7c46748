"""The summary: three cohorts, each over its own dates, so that no numerator meets a foreign denominator.

CSAT counts the ratings *rated* in the period; the funnel and the response rate follow the invitations *asked* in the period to
whatever became of them since; "of all closed" follows the tickets *closed* in the period.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, func, select

from ratings.lifecycle import State
from ratings.reports.filters import Filters
from ratings.reports.recovery import summarise_recovery
from ratings.statistics import share, wilson
from ratings.store.schema import invitations, ratings
from ratings.votes import VoteState

Summary = dict[str, Any]


def summarise(connection: Connection, filters: Filters) -> Summary:
    """Return the summary. A filter by value, comment, words or state only counts `matching`: it divides nothing."""
    by_state, scales = _rated(connection, filters)
    only = scales[0] if len(scales) == 1 else None
    return {
        "ratings": by_state.get(VoteState.CONFIRMED.value, 0),
        "matching": _matching(connection, filters),
        "states": {state.value: by_state.get(state.value, 0) for state in VoteState},
        "csat": only["csat"] if only else None,
        "csat_interval": only["csat_interval"] if only else None,
        "mean": only["mean"] if only else None,
        "distribution": only["distribution"] if only else None,
        "scales": scales,
        "recovery": summarise_recovery(connection, filters),
        "asked": _asked(connection, filters),
        "closed": _closed(connection, filters),
    }


def _rated(connection: Connection, filters: Filters) -> tuple[Mapping[str, int], list[Summary]]:
    statement = (
        select(ratings.c.state, ratings.c.scale, ratings.c.value, ratings.c.satisfied, func.count().label("many"))
        .where(*filters.about_tickets(ratings), *filters.between("rated", ratings.c.rated_at))
        .group_by(ratings.c.state, ratings.c.scale, ratings.c.value, ratings.c.satisfied)
        .order_by(ratings.c.scale, ratings.c.value)
    )
    by_state: dict[str, int] = {}
    by_scale: dict[str, list[Any]] = {}
    for row in connection.execute(statement):
        by_state[row.state] = by_state.get(row.state, 0) + row.many
        if row.state == VoteState.CONFIRMED.value:
            by_scale.setdefault(row.scale, []).append(row)
    return by_state, [_scale(name, rows) for name, rows in by_scale.items()]


def _scale(name: str, rows: list[Any]) -> Summary:
    count = sum(row.many for row in rows)
    satisfied = sum(row.many for row in rows if row.satisfied)
    distribution: dict[str, int] = {}
    for row in rows:
        distribution[str(row.value)] = distribution.get(str(row.value), 0) + row.many
    return {
        "scale": name,
        "ratings": count,
        "satisfied": satisfied,
        "csat": _percent(share(satisfied, count)),
        "csat_interval": [_percent(end) for end in wilson(satisfied, count) or ()] or None,
        "mean": round(sum(row.value * row.many for row in rows) / count, 4) if count else None,
        "distribution": distribution,
    }


def _matching(connection: Connection, filters: Filters) -> int:
    conditions = [
        ratings.c.state.in_(filters.states or (VoteState.CONFIRMED.value,)),
        *filters.about_tickets(ratings),
        *filters.between("rated", ratings.c.rated_at),
        *filters.between("asked", ratings.c.asked_at),
        *filters.between("closed", ratings.c.closed_at),
        *filters.about_answers(sqlite=connection.dialect.name == "sqlite"),
    ]
    return connection.execute(select(func.count()).select_from(ratings).where(*conditions)).scalar_one()


_ANSWERED = and_(ratings.c.id == invitations.c.id, ratings.c.state == VoteState.CONFIRMED.value)


def _asked(connection: Connection, filters: Filters) -> Summary:
    """Count what became of the invitations asked in the period."""
    statement = (
        select(
            invitations.c.delivery,
            func.count().label("asked"),
            func.count(ratings.c.id).label("answered"),
            func.count(ratings.c.comment).label("commented"),
        )
        .select_from(invitations.outerjoin(ratings, _ANSWERED))
        .where(
            invitations.c.asked_at.is_not(None),
            *filters.about_tickets(invitations),
            *filters.between("asked", invitations.c.asked_at),
        )
        .group_by(invitations.c.delivery)
    )
    rows = connection.execute(statement).all()
    asked = sum(row.asked for row in rows)
    answered = sum(row.answered for row in rows)
    return {
        "asked": asked,
        "answered": answered,
        "commented": sum(row.commented for row in rows),
        "delivery": {row.delivery or "accepted": row.asked for row in rows},
        "response_rate": _percent(share(answered, asked)),
    }


def _closed(connection: Connection, filters: Filters) -> Summary:
    """Count the decisions about the tickets closed in the period: asks and skips by reason add up to them."""
    statement = (
        select(
            invitations.c.decision,
            invitations.c.reason,
            invitations.c.state,
            invitations.c.state_reason,
            func.count().label("closed"),
            func.count(ratings.c.id).label("answered"),
        )
        .select_from(invitations.outerjoin(ratings, _ANSWERED))
        .where(*filters.about_tickets(invitations), *filters.between("closed", invitations.c.closed_at))
        .group_by(invitations.c.decision, invitations.c.reason, invitations.c.state, invitations.c.state_reason)
    )
    rows = connection.execute(statement).all()
    closed = sum(row.closed for row in rows)
    answered = sum(row.answered for row in rows)
    states: dict[str, int] = {}
    skipped: dict[str, int] = {}
    held: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row.reason or ""):
        if row.decision == "skip":
            skipped[row.reason] = skipped.get(row.reason, 0) + row.closed
            continue
        states[row.state] = states.get(row.state, 0) + row.closed
        if row.state == State.SCHEDULED.value and row.state_reason is not None:
            held[row.state_reason] = held.get(row.state_reason, 0) + row.closed
    return {
        "closed": closed,
        "decided_to_ask": sum(row.closed for row in rows if row.decision == "ask"),
        "skipped": skipped,
        "states": states,
        "held": held,
        "answered": answered,
        "answered_of_closed": _percent(share(answered, closed)),
    }


def _percent(part: float | None) -> float | None:
    return None if part is None else round(100 * part, 2)
