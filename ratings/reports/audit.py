"""What was changed by whom: the audit log, page by page."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from ratings.reports.lists import DEFAULT_LIMIT, Item, Page, make_cursor, page_of, read_cursor
from ratings.store.people_tables import audit
from ratings.times import Instant, format_instant


def list_audit(
    connection: Connection,
    *,
    by: str | None = None,
    kinds: Sequence[str] = (),
    object_: str | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return changes, the newest first: by somebody, of some kinds, of one object, from `since` to before `until`.

    Raises InvalidInput (cursor).
    """
    statement = select(audit)
    if by is not None:
        statement = statement.where(audit.c.by == by)
    if kinds:
        statement = statement.where(audit.c.kind.in_(kinds))
    if object_ is not None:
        statement = statement.where(audit.c.object == object_)
    if since is not None:
        statement = statement.where(audit.c.at >= since)
    if until is not None:
        statement = statement.where(audit.c.at < until)
    if cursor is not None:
        (last,) = read_cursor(cursor, 1)
        statement = statement.where(audit.c.id < last)
    rows = page_of(connection, statement.order_by(audit.c.id.desc()), limit)
    following = make_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page([_item(row) for row in rows[:limit]], following)


def audit_authors(connection: Connection) -> list[str]:
    """Return everybody who changed something."""
    return sorted(connection.execute(select(audit.c.by).distinct()).scalars())


def audit_kinds(connection: Connection) -> list[str]:
    """Return of what kinds something was changed."""
    return sorted(connection.execute(select(audit.c.kind).distinct()).scalars())


def _item(row: Any) -> Item:
    return {
        "id": row.id,
        "at": format_instant(row.at),
        "by": row.by,
        "what": row.what,
        "kind": row.kind,
        "object": row.object,
        "before": _values(row.before),
        "after": _values(row.after),
    }


def _values(written: str | None) -> Any:
    return None if written is None else json.loads(written)
