"""What became of the tries to deliver events to an endpoint."""

from typing import Any

from sqlalchemy import Connection, select

from ratings.errors import FieldError, InvalidInput
from ratings.reports.lists import DEFAULT_LIMIT, Item, Page
from ratings.store.schema import deliveries
from ratings.times import format_instant

_MAX_DIGITS = 18  # of a number that every engine holds


def list_deliveries(
    connection: Connection, endpoint_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page:
    """Return the tries of an endpoint, the newest first. Raises InvalidInput (cursor)."""
    statement = select(deliveries).where(deliveries.c.endpoint_id == endpoint_id)
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS):
            raise InvalidInput((FieldError("/cursor", "it is none of ours; take it from `next` of the page before"),))
        statement = statement.where(deliveries.c.id < int(cursor))
    rows = connection.execute(statement.order_by(deliveries.c.id.desc()).limit(limit + 1)).all()
    following = str(rows[limit - 1].id) if len(rows) > limit else None
    return Page([_delivery(row) for row in rows[:limit]], following)


def _delivery(row: Any) -> Item:
    return {
        "id": row.id,
        "event": row.number,
        "at": format_instant(row.at),
        "ok": bool(row.ok),
        "status": row.status,
        "reply": row.reply,
        "problem": row.problem,
        "duration_ms": row.duration,
    }
