"""One ticket's ledger: every closing with its decision, why it was made, what was sent since and what came of it."""

from typing import Any

from sqlalchemy import Connection, bindparam, select

from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations
from ratings.store.schema import jobs, reopens
from ratings.times import format_instant

MAX_CLOSINGS = 200
_REOPENED = select(reopens.c.reopened_at).where(
    reopens.c.desk == bindparam("desk"), reopens.c.ticket_id == bindparam("ticket")
)
_JOBS = (
    select(
        jobs.c.invitation_id,
        jobs.c.kind,
        jobs.c.account,
        jobs.c.state,
        jobs.c.due_at,
        jobs.c.finished_at,
        jobs.c.attempts,
        jobs.c.error,
    )
    .where(jobs.c.invitation_id.in_(bindparam("ids", expanding=True)))
    .order_by(jobs.c.created_at, jobs.c.id)
)


def ticket_ledger(connection: Connection, desk: str, ticket_id: str) -> dict[str, Any] | None:
    """Return the ledger, the newest of at most 200 closings first; None for a ticket that nobody closed."""
    found = list_invitations(connection, Filters(), desk=desk, tickets=[ticket_id], limit=MAX_CLOSINGS)
    if not found.items:
        return None
    reopened_at = connection.execute(_REOPENED, {"desk": desk, "ticket": ticket_id}).scalar_one_or_none()
    acts: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(_JOBS, {"ids": [item["id"] for item in found.items]}):
        acts.setdefault(row.invitation_id, []).append(
            {
                "what": row.kind,
                "by": row.account or None,
                "state": row.state,
                "due_at": format_instant(row.due_at),
                "finished_at": None if row.finished_at is None else format_instant(row.finished_at),
                "attempts": row.attempts,
                "problem": row.error,
            }
        )
    return {
        "desk": desk,
        "id": ticket_id,
        "reopened_at": None if reopened_at is None else format_instant(reopened_at),
        "closings": [{**item, "acts": acts.get(item["id"], [])} for item in found.items],
    }
