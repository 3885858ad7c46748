"""Whom was told of which ratings, and who still waits to be."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, select

from ratings.alerting import place_of
from ratings.errors import FieldError, InvalidInput
from ratings.reports.lists import DEFAULT_LIMIT, Item, Page
from ratings.store.schema import alerts, attempts, invitations, jobs, ratings
from ratings.times import format_instant
from ratings.votes import VoteState

STATES = ("waiting", "sending", "said", "failed", "dropped")
NOT_CONFIGURED = "account_not_configured"

_MAX_DIGITS = 18  # of a number that every engine holds
_OF_JOBS = {"due": "sending", "leased": "sending", "done": "said", "failed": "failed", "unknown": "failed"}
_ALL = (
    select(
        alerts,
        jobs.c.state,
        jobs.c.error,
        jobs.c.attempts,
        attempts.c.text,
        ratings.c.value,
        invitations.c.desk,
        invitations.c.ticket_id,
        invitations.c.ticket_url,
        invitations.c.subject,
    )
    .select_from(
        alerts.join(invitations, invitations.c.id == alerts.c.invitation_id)
        .outerjoin(ratings, and_(ratings.c.id == invitations.c.id, ratings.c.state == VoteState.CONFIRMED.value))
        .outerjoin(jobs, jobs.c.id == alerts.c.said_by)
        .outerjoin(attempts, attempts.c.id == jobs.c.attempt_id)
    )
    .order_by(alerts.c.id.desc())
)


def list_alerts(
    connection: Connection, accounts: Collection[str], *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page:
    """Return alerts, the newest first. `accounts` are those configured. Raises InvalidInput (cursor)."""
    statement = _ALL
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS):
            raise InvalidInput((FieldError("/cursor", "it is none of ours; take it from `next` of the page before"),))
        statement = statement.where(alerts.c.id < int(cursor))
    rows = connection.execute(statement.limit(limit + 1)).all()
    following = str(rows[limit - 1].id) if len(rows) > limit else None
    return Page([_alert(row, accounts) for row in rows[:limit]], following)


def _alert(row: Any, accounts: Collection[str]) -> Item:
    state, problem = _state(row), row.error
    place = place_of(row.destination)
    if state in {"waiting", "sending"} and place is not None and place[0] not in accounts:
        problem = NOT_CONFIGURED
    return {
        "id": row.id,
        "invitation": row.invitation_id,
        "survey": row.survey_id,
        "destination": row.destination,
        "reason": row.reason,
        "at": format_instant(row.at),
        "state": state,
        "said_at": None if row.said_at is None or state != "said" else format_instant(row.said_at),
        "message": row.said_by,
        "tries": row.attempts or 0,
        "problem": problem,
        "detail": row.text,
        "value": row.value,
        "ticket": {"desk": row.desk, "id": row.ticket_id, "url": row.ticket_url, "subject": row.subject},
    }


def _state(row: Any) -> str:
    if row.said_at is None:
        return "waiting"
    if row.said_by is None:
        return "dropped"
    # A job that was done is forgotten after some time.
    return "said" if row.state is None else _OF_JOBS.get(row.state, "dropped")
