"""What desks have of our ratings: ticket by ticket, and desk by desk what waits and what failed."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal_column, select

from ratings.lifecycle import JobKind
from ratings.store.loading import desk_account
from ratings.store.schema import accounts, desk_results, jobs
from ratings.times import format_instant

_IDS: Any = bindparam("ids", expanding=True)
_RESULTS = select(desk_results).where(desk_results.c.invitation_id.in_(_IDS))
_JOBS = (
    select(jobs.c.invitation_id, jobs.c.state, jobs.c.error)
    .where(jobs.c.kind == JobKind.DESK.value, jobs.c.invitation_id.in_(_IDS))
    .order_by(jobs.c.invitation_id, jobs.c.revision)
)
_ENDED = jobs.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")])
_STATES = {
    "due": jobs.c.state == literal_column("'due'"),
    "leased": jobs.c.state == literal_column("'leased'"),
    "failed": _ENDED,
}
_COUNTS = {
    name: select(func.count().label("many"), func.min(jobs.c.created_at).label("oldest")).where(
        jobs.c.account == bindparam("account"), condition
    )
    for name, condition in _STATES.items()
}
_LAST = {
    name: select(jobs.c.error, func.coalesce(jobs.c.finished_at, jobs.c.due_at).label("at"))
    .where(jobs.c.account == bindparam("account"), condition, jobs.c.error.is_not(None))
    .order_by(func.coalesce(jobs.c.finished_at, jobs.c.due_at).desc())
    .limit(1)
    for name, condition in _STATES.items()
    if name != "leased"
}
_WAITING = ("due", "leased")
_HELD = select(accounts.c.held_at, accounts.c.held_by).where(
    accounts.c.account == bindparam("account"), accounts.c.held_at.is_not(None)
)


def desk_results_of(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what tickets have of these invitations, and what still waits or failed; none for those that were never told."""
    found: dict[int, dict[str, Any]] = {}
    if not ids:
        return found
    for row in connection.execute(_RESULTS, {"ids": ids}):
        found[row.invitation_id] = _result(row)
    for row in connection.execute(_JOBS, {"ids": ids}):  # the newest is the last
        result = found.setdefault(row.invitation_id, _result(None))
        result["waiting"] += row.state in _WAITING
        result["error"] = row.error if row.state in (*_WAITING, "failed") else None
    return found


def _result(row: Any) -> dict[str, Any]:
    written_at = getattr(row, "written_at", None)
    return {
        "outcome": getattr(row, "outcome", None),
        "tag": getattr(row, "tag", None),
        "value": getattr(row, "value", None),
        "written_at": None if written_at is None else format_instant(written_at),
        "refused": json.loads(getattr(row, "refused", None) or "[]"),
        "waiting": 0,
        "error": None,
    }


def list_desks(connection: Connection, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return of each desk what waits to be written, what failed for good, whether it is held, since when the oldest of both is there, and the last error."""
    return [_desk(connection, name) for name in names]


def _desk(connection: Connection, name: str) -> dict[str, Any]:
    account = {"account": desk_account(name)}
    counts = {state: connection.execute(query, account).one() for state, query in _COUNTS.items()}
    errors = [row for query in _LAST.values() for row in connection.execute(query, account)]
    held = connection.execute(_HELD, account).one_or_none()
    oldest = min((row.oldest for row in counts.values() if row.oldest is not None), default=None)
    return {
        "name": name,
        "kind": name.partition(".")[0],
        "held_at": None if held is None else format_instant(held.held_at),
        "held_by": None if held is None else held.held_by,
        "waiting": sum(counts[state].many for state in _WAITING),
        "failed": counts["failed"].many,
        "oldest": None if oldest is None else format_instant(oldest),
        "last_error": max(errors, key=lambda row: row.at).error if errors else None,
    }
