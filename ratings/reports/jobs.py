"""Jobs that failed for good, or of which nobody knows whether they were carried out: what, for whom, since when, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal_column, or_, select

from ratings.lifecycle import JobKind
from ratings.reports.lists import DEFAULT_LIMIT, Item, Page, before, make_cursor, page_of, read_cursor
from ratings.store.schema import attempts, invitations, jobs
from ratings.times import Instant, format_instant

FAILED, UNKNOWN = "failed", "unknown"
ENDED_STATES = (FAILED, UNKNOWN)

_NEWEST = (
    select(func.max(attempts.c.id))
    .where(attempts.c.job_id.in_(bindparam("ids", expanding=True)))
    .group_by(attempts.c.job_id)
    .scalar_subquery()
)
_LAST_TRIES = select(attempts).where(attempts.c.id.in_(_NEWEST))
_TRIES = (
    select(attempts.c.job_id, func.count().label("many"))
    .where(attempts.c.job_id.in_(bindparam("ids", expanding=True)))
    .group_by(attempts.c.job_id)
)
_ABOUT = (
    invitations.c.desk,
    invitations.c.ticket_id,
    invitations.c.ticket_url,
    invitations.c.subject,
    invitations.c.customer_name,
    invitations.c.form,
    invitations.c.state.label("invitation_state"),
)


@dataclass(frozen=True, slots=True)
class FailedGroup:
    """Jobs that failed alike: how many, and since when the first and the last are there. `code` is the error's."""

    account: str
    kind: str
    state: str
    code: str
    jobs: int
    first_at: Instant
    last_at: Instant


def list_failed(
    connection: Connection,
    *,
    states: Sequence[str] = ENDED_STATES,
    accounts: Sequence[str] = (),
    kinds: Sequence[str] = (),
    codes: Sequence[str] = (),
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page:
    """Return jobs that ended badly, the newest first. Raises InvalidInput (cursor)."""
    statement = _failed(states, accounts, kinds)
    if codes:
        statement = statement.where(or_(*(_has_code(code) for code in codes)))
    if cursor is not None:
        finished_at, last = read_cursor(cursor, 2)
        statement = statement.where(before(jobs.c.finished_at, finished_at, jobs.c.id, last))
    rows = page_of(connection, statement.order_by(jobs.c.finished_at.desc(), jobs.c.id.desc()), limit)
    more = rows[limit - 1] if len(rows) > limit else None
    return Page(_items(connection, rows[:limit]), make_cursor(more.finished_at, more.id) if more else None)


def failed_job(connection: Connection, job_id: int) -> Item | None:
    """Return one of them; None where there is none, or it is none any more."""
    found = _items(connection, connection.execute(_failed(ENDED_STATES, (), ()).where(jobs.c.id == job_id)).all())
    return found[0] if found else None


def failed_groups(connection: Connection) -> list[FailedGroup]:
    """Return what failed alike, the most first."""
    alike = (jobs.c.account, jobs.c.kind, jobs.c.state, jobs.c.error)
    many = func.count().label("many")
    first, last = func.min(jobs.c.finished_at).label("first_at"), func.max(jobs.c.finished_at).label("last_at")
    groups: dict[tuple[str, ...], FailedGroup] = {}
    for row in connection.execute(select(*alike, many, first, last).where(_in(ENDED_STATES)).group_by(*alike)):
        key = row.account, row.kind, row.state, code_of(row.error)
        known = groups.get(key) or FailedGroup(*key, 0, row.first_at, row.last_at)
        groups[key] = replace(
            known,
            jobs=known.jobs + row.many,
            first_at=min(known.first_at, row.first_at),
            last_at=max(known.last_at, row.last_at),
        )
    return sorted(groups.values(), key=lambda group: (-group.jobs, group.account, group.kind, group.code))


def code_of(error: str | None) -> str:
    """Return the code of a job's error: what desks refuse stands behind it in their own words."""
    return (error or "").partition(":")[0]


def _has_code(code: str) -> ColumnElement[bool]:
    return or_(jobs.c.error == code, jobs.c.error.startswith(f"{code}:", autoescape=True))


def _in(states: Sequence[str]) -> Any:
    """As the index has it."""
    return jobs.c.state.in_([literal_column(f"'{state}'") for state in ENDED_STATES if state in states])


def _failed(states: Sequence[str], accounts: Sequence[str], kinds: Sequence[str]) -> Select[Any]:
    statement = (
        select(jobs, *_ABOUT)
        .select_from(jobs.outerjoin(invitations, invitations.c.id == jobs.c.invitation_id))
        .where(_in(states))
    )
    if accounts:
        statement = statement.where(jobs.c.account.in_(accounts))
    return statement.where(jobs.c.kind.in_(kinds)) if kinds else statement


def _items(connection: Connection, rows: Sequence[Any]) -> list[Item]:
    ids = {"ids": [row.id for row in rows]}
    tries = {row.job_id: row.many for row in connection.execute(_TRIES, ids)} if rows else {}
    last = {row.job_id: row for row in connection.execute(_LAST_TRIES, ids)} if rows else {}
    return [_item(row, tries.get(row.id, 0), last.get(row.id)) for row in rows]


def _item(row: Any, tries: int, last: Any) -> Item:
    is_desk = row.kind == JobKind.DESK.value
    told = last.text if last is not None else None
    if is_desk and row.error and ": " in row.error:
        told = row.error.partition(": ")[2]
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "account": row.account,
        "code": code_of(row.error),
        "text": told,
        "platform_code": (last.platform_code if last is not None else None) or None,
        "tries": tries,
        "created_at": format_instant(row.created_at),
        "failed_at": format_instant(row.finished_at),
        "invitation": row.invitation_id,
        "invitation_state": row.invitation_state,
        "customer": row.customer_name,
        "ticket": None
        if row.ticket_id is None
        else {"desk": row.desk, "id": row.ticket_id, "url": row.ticket_url, "subject": row.subject},
    }
