"""Rows that more than one kind of operation writes: jobs and events."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, literal_column, update

from ratings.lifecycle import EventType, JobKind
from ratings.store.schema import jobs
from ratings.store.unit import Row, Unit
from ratings.times import Instant

DUE: ColumnElement[str] = literal_column("'due'")
LEASED: ColumnElement[str] = literal_column("'leased'")
"""States of jobs as the conditions of partial indexes have them: of a parameter PostgreSQL's plan for all values knows nothing."""

PRIORITY_ACKNOWLEDGE = 0
PRIORITY_ANSWER = 1
PRIORITY_PROMPT = 2
PRIORITIES = (PRIORITY_ACKNOWLEDGE, PRIORITY_ANSWER, PRIORITY_PROMPT)
"""Who goes first when an account's pace is short: who waits with a finger on the button, then who just answered."""

_LATER = jobs.c.due_at + bindparam("later", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)
PUT_OFF = case((_LATER > _UNTIL, _UNTIL), else_=_LATER)
"""When a job is due that comes `later` than it would, `until` at the latest."""


def job_row(
    unit: Unit,
    *,
    kind: JobKind,
    invitation_id: int | None,
    revision: int,
    account: str,
    address: str,
    due_at: Instant,
    text: str = "",
    detail: str | None = None,
) -> Row:
    """Return the row of a new job, and remember to wake the account's worker once it is committed."""
    if due_at <= unit.now:
        unit.woken.add(account)
    return {
        "id": unit.next_id(),
        "kind": kind.value,
        "invitation_id": invitation_id,
        "revision": revision,
        "account": account,
        "address": address,
        "priority": _PRIORITY.get(kind, PRIORITY_ANSWER),
        "state": "due",
        "due_at": due_at,
        "lane": _lane(kind, invitation_id),
        "lease_until": None,
        "attempts": 0,
        "attempt_id": None,
        "created_at": unit.now,
        "finished_at": None,
        "text": text,
        "detail": detail,
        "error": None,
    }


def _lane(kind: JobKind, invitation_id: int | None) -> str | None:
    """Return what runs one after another: what is about one prompt, and what is written about one rating."""
    if kind is JobKind.DESK:
        return f"desk:{invitation_id}"
    return f"{invitation_id}" if kind in _ON_THE_PROMPT else None


def event_row(
    unit: Unit, kind: EventType, invitation_id: int, value: int | None = None, previous: int | None = None
) -> Row:
    """Return the row of a new event: still without a number."""
    return {
        "id": unit.next_id(),
        "number": None,
        "type": kind.value,
        "at": unit.now,
        "invitation_id": invitation_id,
        "value": value,
        "previous": previous,
    }


def notice_row(
    unit: Unit,
    account: str,
    address: str,
    text: str,
    *,
    language: str | None,
    due_at: Instant | None = None,
    held: str | None = None,
) -> Row:
    """Return the row of a job that tells an address the survey text `text`; only if the text `held` still waits then."""
    detail = {"language": language, "held": held}
    return job_row(
        unit,
        kind=JobKind.NOTICE,
        invitation_id=None,
        revision=0,
        account=account,
        address=address,
        due_at=unit.now if due_at is None else due_at,
        text=text,
        detail=json.dumps({name: value for name, value in detail.items() if value is not None}),
    )


def is_elsewhere(row: Any, asked: tuple[str, str]) -> bool:
    """True for a job at an address that its invitation, `asked` at (account, address), has left."""
    return (row.account, row.address) != asked


_CHANGE_JOB = (
    update(jobs)
    .where(jobs.c.id == bindparam("of"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("state", "due_at", "lease_until", "attempts", "attempt_id", "finished_at", "error")
        }
    )
)


def change_job(row: Any, **changes: Any) -> Row:
    """Return the parameters that change a job's row: its columns as they are, but for the changes; without a lease."""
    new = {
        "state": row.state,
        "due_at": row.due_at,
        "lease_until": None,
        "attempts": row.attempts,
        "attempt_id": row.attempt_id,
        "finished_at": row.finished_at,
        "error": row.error,
        **changes,
    }
    return {"of": row.id, **{f"new_{name}": value for name, value in new.items()}}


def write_job_changes(unit: Unit, changes: Sequence[Row]) -> None:
    """Write what `change_job` returned."""
    unit.many(_CHANGE_JOB, changes)


AGAIN = "again"
"""The detail of a prompt's job that a person has put back."""

MAX_ATTEMPTS = 24
"""Tries of a job whose error says "again later"; with the back-off of `results` the last comes after about 17 hours."""

IDEMPOTENT = frozenset({JobKind.RENDER, JobKind.ACKNOWLEDGE, JobKind.ALERT})
"""Acts that do no harm when they are done twice, on every kind of channel: an alert told twice is better than none."""

_PRIORITY: Mapping[JobKind, int] = {
    JobKind.ACKNOWLEDGE: PRIORITY_ACKNOWLEDGE,
    JobKind.PROMPT: PRIORITY_PROMPT,
    JobKind.REMINDER: PRIORITY_PROMPT,
}
_ON_THE_PROMPT = frozenset({JobKind.PROMPT, JobKind.REMINDER, JobKind.RENDER})
