"""Recovery: a bad rating, what was done about it, and what the customer said when they were asked once more. Both ratings are kept."""

from statistics import median
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from ratings.reports.filters import Filters
from ratings.reports.lists import Item, Page, before, make_cursor, page_of, read_cursor
from ratings.statistics import share
from ratings.store.schema import invitations, ratings
from ratings.times import SECOND, format_instant
from ratings.votes import VoteState

_FIRST, _SECOND = ratings.alias("first_rating"), ratings.alias("second_rating")
_COUNTS = VoteState.CONFIRMED.value


def _pairs(filters: Filters) -> Select[Any]:
    """Bad ratings that were asked about once more, by when the first one was given; filters are about the ticket."""
    joined = invitations.join(
        _FIRST, and_(_FIRST.c.id == invitations.c.recovery_of, _FIRST.c.state == _COUNTS)
    ).outerjoin(_SECOND, and_(_SECOND.c.id == invitations.c.id, _SECOND.c.state == _COUNTS))
    return (
        select(
            invitations,
            _FIRST.c.value.label("first_value"),
            _FIRST.c.rated_at.label("first_at"),
            _FIRST.c.agent_id.label("first_agent_id"),
            _FIRST.c.agent_name.label("first_agent_name"),
            _SECOND.c.value.label("second_value"),
            _SECOND.c.rated_at.label("second_at"),
            _SECOND.c.satisfied,
        )
        .select_from(joined)
        .where(
            invitations.c.recovery_of.is_not(None),
            *filters.about_tickets(invitations),
            *filters.between("rated", _FIRST.c.rated_at),
            *filters.between("asked", invitations.c.asked_at),
            *filters.between("closed", invitations.c.closed_at),
        )
    )


def list_recoveries(connection: Connection, filters: Filters, *, limit: int, cursor: str | None = None) -> Page:
    """Return pairs of ratings, the newest first rating first. Raises InvalidInput (cursor)."""
    statement = _pairs(filters).order_by(_FIRST.c.rated_at.desc(), invitations.c.id.desc())
    if cursor is not None:
        first_at, last = read_cursor(cursor, 2)
        statement = statement.where(before(_FIRST.c.rated_at, first_at, invitations.c.id, last))
    rows = page_of(connection, statement, limit)
    more = rows[limit - 1] if len(rows) > limit else None
    return Page([_pair(row) for row in rows[:limit]], make_cursor(more.first_at, more.id) if more else None)


def summarise_recovery(connection: Connection, filters: Filters) -> dict[str, Any]:
    """Count the pairs whose first rating was given in the period. No pairs: no rate, and no time."""
    times = _FIRST.c.rated_at.label("first_at"), _SECOND.c.rated_at.label("second_at")
    rows = connection.execute(
        _pairs(filters).with_only_columns(*times, _SECOND.c.satisfied, maintain_column_froms=True)
    ).all()
    answered = [row for row in rows if row.second_at is not None]
    recovered = [row for row in answered if row.satisfied]
    rate = share(len(recovered), len(answered))
    return {
        "asked_again": len(rows),
        "answered": len(answered),
        "recovered": len(recovered),
        "rate": None if rate is None else round(100 * rate, 2),
        "median_s": round(median(_seconds(row) for row in recovered)) if recovered else None,
    }


def _seconds(row: Any) -> int:
    """The time to recovery: from the first rating to the second."""
    return int((row.second_at - row.first_at) // SECOND)


def _pair(row: Any) -> Item:
    rated = row.second_at is not None
    return {
        "ticket": {"desk": row.desk, "id": row.ticket_id, "url": row.ticket_url, "subject": row.subject},
        "survey": row.survey_id,
        "channel": row.account,
        "form": row.form,
        "group": row.group_id,
        "first": {
            "invitation": row.recovery_of,
            "value": row.first_value,
            "rated_at": format_instant(row.first_at),
            "agent": {"id": row.first_agent_id, "name": row.first_agent_name},
        },
        "second": {
            "invitation": row.id,
            "state": row.state,
            "value": row.second_value,
            "rated_at": format_instant(row.second_at) if rated else None,
            "agent": {"id": row.agent_id, "name": row.agent_name},
        },
        "recovered": bool(row.satisfied) if rated else None,
        "time_to_recovery_s": _seconds(row) if rated else None,
    }
