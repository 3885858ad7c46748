"""What every worker does with the jobs of its account: its pace, what is due, leases that ran out, the ends of attempts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import Integer, bindparam, exists, select, update

from ratings.store.rows import DUE, LEASED, PRIORITIES
from ratings.store.schema import accounts, attempts, jobs
from ratings.store.unit import Row, Unit
from ratings.times import MINUTE, SECOND, Duration, Instant

BURST: Duration = SECOND // 10
"""How far an account may run ahead of its even pace, so that a claim can take a handful at once."""

HELD_FOR: Duration = MINUTE
"""When to look again whether an account is still held."""

_LEASED = jobs.alias("leased")
_DUE = (
    select(jobs)
    .where(
        jobs.c.account == bindparam("account"),
        jobs.c.state == DUE,
        jobs.c.priority == bindparam("priority"),
        jobs.c.due_at <= bindparam("now"),
        ~exists().where(_LEASED.c.lane == jobs.c.lane, _LEASED.c.state == LEASED),
    )
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most", type_=Integer))
)
_LOCK_DUE = _DUE.with_for_update(of=jobs, key_share=True, skip_locked=True)
_EXPIRED = (
    select(jobs)
    .where(jobs.c.account == bindparam("account"), jobs.c.state == LEASED, jobs.c.lease_until < bindparam("now"))
    .order_by(jobs.c.id)
)
_LOCK_EXPIRED = _EXPIRED.with_for_update(key_share=True, skip_locked=True)
_JOBS = select(jobs).where(jobs.c.id.in_(bindparam("ids", expanding=True))).order_by(jobs.c.id)
_LOCK_JOBS = _JOBS.with_for_update(key_share=True)
_ACCOUNT = select(accounts).where(accounts.c.account == bindparam("account"))
_LOCK_ACCOUNT = _ACCOUNT.with_for_update(key_share=True)
_NEXT_SEND = update(accounts).where(accounts.c.account == bindparam("of_account")).values(next_send_at=bindparam("at"))
_PAUSE = (
    update(accounts)
    .where(accounts.c.account == bindparam("of_account"), accounts.c.paused_until < bindparam("until"))
    .values(paused_until=bindparam("until"))
)
_END_LOST = (
    update(attempts)
    .where(attempts.c.job_id == bindparam("of_job"), attempts.c.result.is_(None))
    .values(result="outcome_unknown", finished_at=bindparam("at"), text="the lease ran out")
)
_END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in ("finished_at", "result", "platform_code", "text")})
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many jobs an account's pace allows now, and when to look again where it allows none."""

    jobs: int
    ready: float
    interval: float
    again_at: Instant

    def after(self, claimed: int) -> int:
        """Return when the pace allows the next, after so many were claimed."""
        return ceil(self.ready + claimed * self.interval)


def allowance(unit: Unit, account: str, most: int, per_second: float) -> Allowance:
    """Lock an account and return what its pauses and its pace allow now, at most `most`; nothing while somebody holds it."""
    row = _account(unit, account)
    interval = SECOND / per_second
    if row.held_at is not None:
        return Allowance(0, row.next_send_at, interval, unit.now + HELD_FOR)  # whoever releases it wakes its worker
    if row.paused_until > unit.now:
        return Allowance(0, row.next_send_at, interval, row.paused_until)
    # A pace that lies further ahead than it can was written by a clock that has been set back since.
    ahead = row.next_send_at > unit.now + interval + SECOND
    next_send_at = unit.now if ahead else row.next_send_at
    ready = max(next_send_at, unit.now - BURST)
    allowed = min(most, int((unit.now - ready) / interval) + 1) if ready <= unit.now else 0
    return Allowance(allowed, ready, interval, next_send_at)


def _account(unit: Unit, account: str) -> Any:
    statement = _LOCK_ACCOUNT if unit.is_postgresql else _ACCOUNT
    parameters = {"account": account}
    found = unit.connection.execute(statement, parameters).one_or_none()
    if found is None:
        unit.insert_missing(accounts, [{**parameters, "paused_until": 0, "next_send_at": 0, "position": None}])
        found = unit.connection.execute(statement, parameters).one()
    return found


def keep_pace(unit: Unit, account: str, next_send_at: Instant) -> None:
    """Say when the account's pace allows the next."""
    unit.many(_NEXT_SEND, [{"of_account": account, "at": next_send_at}])


def pause_accounts(unit: Unit, until: Mapping[str, Instant]) -> None:
    """Let accounts rest, in sorted order; none shorter than it rests already."""
    unit.many(_PAUSE, [{"of_account": account, "until": until[account]} for account in sorted(until)])


def due_jobs(unit: Unit, account: str, most: int) -> list[Any]:
    """Return the account's jobs that are due, locked, who waits most urgently first; none whose lane is busy."""
    statement = _LOCK_DUE if unit.is_postgresql else _DUE
    found: list[Any] = []
    for priority in PRIORITIES:
        if len(found) < most:
            parameters = {"account": account, "priority": priority, "now": unit.now, "most": most - len(found)}
            found.extend(unit.rows(statement, parameters))
    return found


def expired_jobs(unit: Unit, account: str) -> Sequence[Any]:
    """Return the account's jobs whose lease ran out, locked; their attempts end, with nothing known of what came of them."""
    expired = unit.rows(_LOCK_EXPIRED if unit.is_postgresql else _EXPIRED, {"account": account, "now": unit.now})
    unit.many(_END_LOST, [{"of_job": row.id, "at": unit.now} for row in expired])
    return expired


def jobs_by_id(unit: Unit, ids: Collection[int]) -> dict[int, Any]:
    """Return jobs by their ids, locked in that order."""
    rows = unit.rows(_LOCK_JOBS if unit.is_postgresql else _JOBS, {"ids": sorted(set(ids))})
    return {row.id: row for row in rows}


def end_of_attempt(attempt_id: int, now: Instant, result: str, platform_code: str | None, text: str | None) -> Row:
    """Return the parameters that end an attempt."""
    return {
        "of": attempt_id,
        "new_finished_at": now,
        "new_result": result,
        "new_platform_code": platform_code,
        "new_text": text,
    }


def end_attempts(unit: Unit, ends: Sequence[Row]) -> None:
    """Write what `end_of_attempt` returned."""
    unit.many(_END_ATTEMPT, ends)
