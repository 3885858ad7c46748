"""The summary: three cohorts, each over its own dates, so that no numerator meets a foreign denominator.

CSAT counts the ratings *rated* in the period; the funnel and the response rate follow the invitations *asked* in the period to
whatever became of them since; "of all closed" follows the tickets *closed* in the period. What days are counted by is read
from their counts; other filters, and periods that cut a day, are counted row by row. Both ways give the same answer.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, select

from ratings.lifecycle import State
from ratings.reports.counts import total
from ratings.reports.figures import Days
from ratings.reports.filters import Filters, Range
from ratings.reports.recovery import summarise_recovery
from ratings.reports.tallied import WITH_OTHERS, Tallied, Tallies
from ratings.statistics import share, wilson
from ratings.store.roll_up_keeping import roll_up_state_of
from ratings.store.schema import invitations, ratings
from ratings.tallies import rating_key
from ratings.times import SECOND, Instant
from ratings.votes import VoteState

Summary = dict[str, Any]


def summarise(connection: Connection, filters: Filters, *, row_by_row: bool = False) -> Summary:
    """Return the summary. A filter by scale, value, comment, words or state only counts `matching`: it divides nothing.

    `row_by_row`: count so even where days are counted.
    """
    # A filter on answers changes `matching` alone.
    tallied = None if row_by_row or filters.tags else _of_days(connection, filters)
    if tallied is None:
        tallied = _rated(connection, filters), _asked(connection, filters), _closed(connection, filters)
    rated, asked, closed = tallied
    if filters.weekly is not None:
        rated = _rated(connection, filters)  # which values were given in which hour is not counted by days
    scales = [_scale(name, rated) for name in sorted({name for (name, _), counts in rated.values.items() if counts[0]})]
    only = scales[0] if len(scales) == 1 else None
    states = {state.value: rated.others.get(f"vote:{state.value}", 0) for state in VoteState}
    states[VoteState.CONFIRMED.value] = sum(many for many, _ in rated.values.values())
    plain = filters.is_about_places and all(
        filters.ranges.get(name, Range()) == Range() for name in ("asked", "closed")
    )
    return {
        "ratings": states[VoteState.CONFIRMED.value],
        "matching": states[VoteState.CONFIRMED.value] if plain and not row_by_row else _matching(connection, filters),
        "states": states,
        "csat": only["csat"] if only else None,
        "csat_interval": only["csat_interval"] if only else None,
        "mean": only["mean"] if only else None,
        "distribution": only["distribution"] if only else None,
        "scales": scales,
        "recovery": summarise_recovery(connection, filters),
        "asked": _asked_summary(asked),
        "closed": _closed_summary(closed, _held(connection, filters)),
    }


def counts_equal_rows(connection: Connection) -> bool | None:
    """Return whether the counts of days say of all there is what its rows say; None while they are not complete."""
    if not roll_up_state_of(connection).ready:
        return None
    return summarise(connection, Filters()) == summarise(connection, Filters(), row_by_row=True)


# --- from the counts of days -------------------------------------------------------------------------------------


def _of_days(connection: Connection, filters: Filters) -> tuple[Tallied, Tallied, Tallied] | None:
    """Return what was rated, asked and closed; None where the counts of days do not tell it."""
    state = roll_up_state_of(connection)
    if not state.ready:
        return None
    zone = ZoneInfo(state.zone)
    periods = [_days(filters.ranges.get(name, Range()), zone) for name in ("rated", "asked", "closed")]
    tallies = Tallies(connection, filters.of_places(), zone)
    if not tallies.knows() or any(days is None for days in periods):
        return None
    read = {days: total(tallies.read(days, kinds=WITH_OTHERS).values()) for days in set(periods) if days is not None}
    rated, asked, closed = (read[days] for days in periods if days is not None)
    return rated, asked, closed


def _days(period: Range, zone: ZoneInfo) -> Days | None:
    """Return a range as whole days of a zone; None where it cuts a day."""
    first = date.min if period.start is None else _midnight(period.start, zone)
    after = None if period.end is None else _midnight(period.end, zone)
    if first is None or (period.end is not None and after is None):
        return None
    return Days(first, date.max if after is None else after - timedelta(days=1))


def _midnight(instant: Instant, zone: ZoneInfo) -> date | None:
    """Return the day that begins with an instant, or None."""
    try:
        there = datetime.fromtimestamp(instant // SECOND, zone)
    except (ValueError, OverflowError, OSError):
        return None
    begins = round(datetime(there.year, there.month, there.day, tzinfo=zone).timestamp() * SECOND)
    return there.date() if begins == instant else None


# --- row by row --------------------------------------------------------------------------------------------------


def _rated(connection: Connection, filters: Filters) -> Tallied:
    statement = (
        select(ratings.c.state, ratings.c.scale, ratings.c.value, ratings.c.satisfied, func.count().label("many"))
        .where(*filters.about_tickets(ratings), *filters.between("rated", ratings.c.rated_at))
        .group_by(ratings.c.state, ratings.c.scale, ratings.c.value, ratings.c.satisfied)
    )
    tallied = Tallied()
    for row in connection.execute(statement):
        if row.state != VoteState.CONFIRMED.value:
            tallied.add(f"vote:{row.state}", row.many)
        else:
            tallied.add(rating_key(row.value, 0, row.scale, satisfied=row.satisfied), row.many)
    return tallied


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


def _asked(connection: Connection, filters: Filters) -> Tallied:
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
    tallied = Tallied()
    for row in connection.execute(statement):
        tallied.add(f"delivery:{row.delivery or 'accepted'}", row.asked)
        for what in ("asked", "answered", "commented"):
            tallied.add(what, getattr(row, what))
    return tallied


def _closed(connection: Connection, filters: Filters) -> Tallied:
    """Count the decisions about the tickets closed in the period: asks and skips by reason add up to them."""
    statement = (
        select(
            invitations.c.decision,
            invitations.c.reason,
            invitations.c.state,
            func.count().label("closed"),
            func.count(ratings.c.id).label("answered"),
        )
        .select_from(invitations.outerjoin(ratings, _ANSWERED))
        .where(*filters.about_tickets(invitations), *filters.between("closed", invitations.c.closed_at))
        .group_by(invitations.c.decision, invitations.c.reason, invitations.c.state)
    )
    tallied = Tallied()
    for row in connection.execute(statement):
        tallied.add("closed", row.closed)
        tallied.add("answered_of_closed", row.answered)
        if row.decision == "skip":
            tallied.add(f"skip:{row.reason}", row.closed)
            continue
        tallied.add("ask", row.closed)
        tallied.add(f"state:{row.state}", row.closed)
    return tallied


_SCHEDULED: ColumnElement[str] = literal_column(
    f"'{State.SCHEDULED.value}'"
)  # as the index of what is scheduled has it


def _held(connection: Connection, filters: Filters) -> dict[str, int]:
    """Count what waits and why, always row by row: it is never much, and a switch may hold all of it at once."""
    statement = (
        select(invitations.c.state_reason, func.count().label("many"))
        .where(
            invitations.c.state == _SCHEDULED,
            invitations.c.state_reason.is_not(None),
            *filters.about_tickets(invitations),
            *filters.between("closed", invitations.c.closed_at),
        )
        .group_by(invitations.c.state_reason)
        .order_by(invitations.c.state_reason)
    )
    return {row.state_reason: row.many for row in connection.execute(statement)}


# --- what is published -------------------------------------------------------------------------------------------


def _scale(name: str, rated: Tallied) -> Summary:
    values = {value: counts for (scale, value), counts in sorted(rated.values.items()) if scale == name and counts[0]}
    count = sum(many for many, _ in values.values())
    satisfied = sum(satisfied for _, satisfied in values.values())
    return {
        "scale": name,
        "ratings": count,
        "satisfied": satisfied,
        "csat": _percent(share(satisfied, count)),
        "csat_interval": [_percent(end) for end in wilson(satisfied, count) or ()] or None,
        "mean": round(sum(value * many for value, (many, _) in values.items()) / count, 4) if count else None,
        "distribution": {str(value): many for value, (many, _) in values.items()},
    }


def _asked_summary(tallied: Tallied) -> Summary:
    asked, answered = tallied.tickets.get("asked", 0), tallied.tickets.get("answered", 0)
    return {
        "asked": asked,
        "answered": answered,
        "commented": tallied.tickets.get("commented", 0),
        "delivery": _kept_apart(tallied, "delivery"),
        "response_rate": _percent(share(answered, asked)),
    }


def _closed_summary(tallied: Tallied, held: dict[str, int]) -> Summary:
    closed, answered = tallied.tickets.get("closed", 0), tallied.tickets.get("answered_of_closed", 0)
    return {
        "closed": closed,
        "decided_to_ask": tallied.tickets.get("ask", 0),
        "skipped": _kept_apart(tallied, "skip"),
        "states": _kept_apart(tallied, "state"),
        "held": held,
        "answered": answered,
        "answered_of_closed": _percent(share(answered, closed)),
    }


def _kept_apart(tallied: Tallied, kind: str) -> dict[str, int]:
    found = ((*what.partition(":"), many) for what, many in sorted(tallied.others.items()))
    return {name: many for prefix, _, name, many in found if prefix == kind and many}


def _percent(part: float | None) -> float | None:
    return None if part is None else round(100 * part, 2)
