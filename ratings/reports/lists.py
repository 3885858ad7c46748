"""Lists, page by page: the cost of a page does not grow with its number (keyset paging)."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from ratings.errors import FieldError, InvalidInput
from ratings.reports.desks import desk_results_of
from ratings.reports.filters import Filters
from ratings.reports.registry_query import Wanted
from ratings.reports.registry_starts import rare_start
from ratings.reports.registry_statements import conditions_of, source_of
from ratings.store.schema import events, invitations, ratings
from ratings.times import format_instant
from ratings.votes import VoteState

Item = dict[str, Any]
MAX_LIMIT = 1000
DEFAULT_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and the cursor of what follows them (None: nothing does)."""

    items: list[Item]
    next: str | None


def list_ratings(
    connection: Connection, filters: Filters, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page:
    """Return ratings, the newest first: confirmed ones, unless the filter names states. Raises InvalidInput (cursor)."""
    wanted = Wanted(filters)
    start = rare_start(connection, wanted)
    conditions = conditions_of(wanted, sqlite=connection.dialect.name == "sqlite", start=start)
    if cursor is not None:
        rated_at, last = read_cursor(cursor, 2)
        conditions.append(before(ratings.c.rated_at, rated_at, ratings.c.id, last))
    found = select(ratings).select_from(source_of(wanted, start)).where(*conditions)
    statement = found.order_by(ratings.c.rated_at.desc(), ratings.c.id.desc())
    rows = page_of(connection, statement, limit)
    more = rows[limit - 1] if len(rows) > limit else None
    return Page([_rating(row) for row in rows[:limit]], make_cursor(more.rated_at, more.id) if more else None)


def list_invitations(
    connection: Connection,
    filters: Filters,
    *,
    reasons: Sequence[str] = (),
    tickets: Sequence[str] = (),
    desk: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return invitations, asked and skipped, the newest decision first, each with why. Raises InvalidInput (cursor)."""
    conditions = [
        *filters.about_tickets(invitations),
        *filters.between("asked", invitations.c.asked_at),
        *filters.between("closed", invitations.c.closed_at),
        *filters.between("rated", ratings.c.rated_at),
        *filters.about_answers(sqlite=connection.dialect.name == "sqlite"),
    ]
    if filters.states:
        conditions.append(invitations.c.state.in_(filters.states))
    if reasons:
        conditions.append(invitations.c.reason.in_(reasons))
    if desk is not None:
        conditions.append(invitations.c.desk == desk)
    if tickets:
        conditions.append(invitations.c.ticket_id.in_(tickets))
    if cursor is not None:
        decided_at, last = read_cursor(cursor, 2)
        conditions.append(before(invitations.c.decided_at, decided_at, invitations.c.id, last))
    # What does not count is no rating: `list_ratings` shows it, to who asks for its state.
    counts = and_(ratings.c.id == invitations.c.id, ratings.c.state == VoteState.CONFIRMED.value)
    joined = invitations.outerjoin(ratings, counts)
    statement = (
        select(invitations, ratings.c.value, ratings.c.rated_at)
        .select_from(joined)
        .where(*conditions)
        .order_by(invitations.c.decided_at.desc(), invitations.c.id.desc())
    )
    rows = page_of(connection, statement, limit)
    more = rows[limit - 1] if len(rows) > limit else None
    results = desk_results_of(connection, [row.id for row in rows[:limit]])
    items = [{**_invitation(row), "desk_result": results.get(row.id)} for row in rows[:limit]]
    return Page(items, make_cursor(more.decided_at, more.id) if more else None)


def list_events(connection: Connection, *, since: int, limit: int = DEFAULT_LIMIT) -> Page:
    """Return the numbered events after `since`, in order. Words are joined as they are now, not as they were."""
    joined = events.join(invitations, invitations.c.id == events.c.invitation_id).outerjoin(
        ratings, ratings.c.id == events.c.invitation_id
    )
    statement = (
        select(
            events,
            invitations.c.desk,
            invitations.c.ticket_id,
            invitations.c.ticket_url,
            invitations.c.subject,
            invitations.c.survey_id,
            invitations.c.account,
            ratings.c.comment,
            ratings.c.scale,
        )
        .select_from(joined)
        .where(events.c.number > since)
        .order_by(events.c.number)
    )
    rows = page_of(connection, statement, limit)[:limit]
    return Page([_event(row) for row in rows], str(rows[-1].number) if rows else None)


def page_of(connection: Connection, statement: Select[Any], limit: int) -> Sequence[Any]:
    """Read one row more than asked for: it tells whether anything follows."""
    return connection.execute(statement.limit(limit + 1)).all()


def before(first: ColumnElement[int], value: int, second: ColumnElement[int], tie: int) -> ColumnElement[bool]:
    """Return the condition of what follows a cursor in a list that goes back in time."""
    # The plain range comes first, so that the index is used; the tie only cuts within one millisecond.
    return and_(first <= value, or_(first < value, second < tie))


def make_cursor(*numbers: int) -> str:
    """Return the cursor that `read_cursor` reads."""
    return base64.urlsafe_b64encode(",".join(map(str, numbers)).encode()).decode().rstrip("=")


def read_cursor(cursor: str, size: int) -> list[int]:
    """Read a cursor of so many numbers. Raises InvalidInput where it is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        numbers = [int(part) for part in text.split(",")]
    except (binascii.Error, ValueError):
        numbers = []
    if len(numbers) != size or any(abs(number) >= 2**63 for number in numbers):
        raise foreign_cursor()
    return numbers


def foreign_cursor() -> InvalidInput:
    """Return the error of a cursor that is none of a list's own."""
    return InvalidInput((FieldError("/cursor", "it is none of ours; take it from `next` of the page before"),))


def _time(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _about(row: Any) -> Item:
    agent = None if row.agent_id is None and row.agent_name is None else {"id": row.agent_id, "name": row.agent_name}
    return {
        "channel": row.account,
        "survey": row.survey_id,
        "agent": agent,
        "group": row.group_id,
        "form": row.form,
        "priority": row.priority,
        "ticket": {"desk": row.desk, "id": row.ticket_id, "url": row.ticket_url, "subject": row.subject},
        "closed_at": _time(row.closed_at),
        "asked_at": _time(row.asked_at),
    }


def _rating(row: Any) -> Item:
    return {
        "id": row.id,
        "value": row.value,
        "comment": row.comment,
        "rated_at": _time(row.rated_at),
        "state": row.state,
        "satisfied": bool(row.satisfied),
        "scale": row.scale,
        **_about(row),
    }


def _invitation(row: Any) -> Item:
    detail = json.loads(row.detail) if row.detail else None
    next_at = None if detail is None else detail.get("next_at") or detail.get("until")
    return {
        "id": row.id,
        "state": row.state,
        "state_reason": row.state_reason,
        "decision": row.decision,
        "reason": row.reason,
        "detail": detail,
        "next_at": next_at,
        "chosen_by": None if row.chosen is None else json.loads(row.chosen),
        "inclusion": row.inclusion,
        "recovery_of": row.recovery_of,
        "timezone": row.timezone,
        "window_until": _time(row.window_until),
        "decided_at": _time(row.decided_at),
        "due_at": _time(row.due_at),
        "delivery": row.delivery,
        "expires_at": _time(row.expires_at),
        "value": row.value,
        "rated_at": _time(row.rated_at),
        **_about(row),
    }


def _event(row: Any) -> Item:
    return {
        "number": row.number,
        "type": row.type,
        "at": _time(row.at),
        "invitation": row.invitation_id,
        "value": row.value,
        "previous": row.previous,
        "comment": row.comment,
        "scale": row.scale,
        "survey": row.survey_id,
        "channel": row.account,
        "ticket": {"desk": row.desk, "id": row.ticket_id, "url": row.ticket_url, "subject": row.subject},
    }
