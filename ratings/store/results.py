"""Results of jobs: what came of each attempt, and what follows from it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from sqlalchemy import bindparam, select, update

from ratings.lifecycle import JobKind, not_delivered, sent
from ratings.store.addresses import Addresses
from ratings.store.claims import IDEMPOTENT, change_job, write_job_changes
from ratings.store.loading import Invitations, Loaded
from ratings.store.schema import accounts, addresses, attempts, invitations, jobs
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.times import HOUR, MINUTE, SECOND, Duration, Instant

MAX_ATTEMPTS = 24
"""Tries of a job whose error says "again later"; with the back-off below the last comes after about 17 hours."""

FIRST_WAIT: Duration = 2 * SECOND
LONGEST_WAIT: Duration = HOUR
MISCONFIGURED_PAUSE: Duration = 5 * MINUTE
"""How long an account that cannot work rests before it is tried again: a person has to act meanwhile."""

_ACKNOWLEDGED = (
    update(jobs)
    .where(jobs.c.id == bindparam("of"), jobs.c.state == "due")
    .values(state="done", finished_at=bindparam("at"))
)
_END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in ("finished_at", "result", "platform_code", "text")})
)


@dataclass(frozen=True, slots=True)
class Done:
    """It was carried out."""

    external_id: str | None = None
    new_address: str | None = None
    result: str = "done"


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not: the error's code and whether the same may succeed later.

    `retry_after` in milliseconds: the platform throttled `scope`, and this is no failed attempt.
    """

    code: str
    again: bool
    text: str
    platform_code: str = ""
    retry_after: Duration | None = None
    scope: Literal["account", "recipient"] = "account"


@dataclass(frozen=True, slots=True)
class Finish(Operation[None]):
    """One attempt ended. `idempotent` as in Claim."""

    job_id: int
    attempt_id: int
    outcome: Done | Failed
    started_at: Instant
    idempotent: bool

    order: ClassVar[int] = 30

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Finish"]) -> Sequence[None]:
        """Record the results of many attempts."""
        _FinishFold(unit, operations).run()
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class DropAcknowledgment(Operation[None]):
    """The first, immediate try to acknowledge a tap worked: its job is not needed any more."""

    job_id: int

    order: ClassVar[int] = 35

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["DropAcknowledgment"]) -> Sequence[None]:
        """Drop those that still wait."""
        unit.many(_ACKNOWLEDGED, [{"of": operation.job_id, "at": unit.now} for operation in operations])
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class Replay(Operation[int]):
    """Try failed jobs again: one, or (None) all of them. Returns how many. An unknown outcome is never repeated."""

    job_id: int | None

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Replay"]) -> Sequence[int]:
        """Replay for one after another."""
        counts = []
        for operation in operations:
            which = jobs.c.state == "failed"
            if operation.job_id is not None:
                which &= jobs.c.id == operation.job_id
            statement = (
                update(jobs).where(which).values(state="due", due_at=unit.now, attempts=0, finished_at=None, error=None)
            )
            woken = unit.connection.execute(statement.returning(jobs.c.account)).scalars().all()
            unit.woken.update(woken)
            counts.append(len(woken))
        return counts


def back_off(tries: int, fraction: float) -> Duration:
    """Return how long to wait after a number of tries: doubling, with full jitter; `fraction` is in [0, 1).

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. The wait is at least half of its limit, so
    that an early retry does not follow at once.
    """
    limit = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 20))
    return int(limit * (0.5 + fraction / 2))


class _FinishFold:
    def __init__(self, unit: Unit, operations: Sequence[Finish]) -> None:
        self.unit = unit
        self.operations = operations
        self.invitations = Invitations(unit)
        self.job_changes: list[Row] = []
        self.attempts: list[Row] = []
        self.pauses: dict[str, Instant] = {}
        self.gone: dict[tuple[str, str], str] = {}
        self.rests: dict[tuple[str, str], Instant] = {}
        self.moved: dict[tuple[str, str], str] = {}

    def run(self) -> None:
        unit = self.unit
        ids = sorted({operation.job_id for operation in self.operations})
        rows = {row.id: row for row in unit.rows(unit.lock(select(jobs).where(jobs.c.id.in_(ids)).order_by(jobs.c.id)))}
        self.invitations.load(
            invitations.c.id.in_(sorted({row.invitation_id for row in rows.values() if row.invitation_id}))
        )
        for operation in self.operations:
            row = rows[operation.job_id]
            loaded = self.invitations.loaded.get(row.invitation_id)
            outcome = operation.outcome
            if isinstance(outcome, Done):
                self._done(row, loaded, operation, outcome)
            else:
                self._failed(row, loaded, operation, outcome)
            unit.woken.add(row.account)
        self._store()

    def _done(self, row: Any, loaded: Loaded | None, operation: Finish, outcome: Done) -> None:
        self._end(operation, outcome.result)
        self._change(row, state="done", finished_at=self.unit.now)
        if loaded is None:
            return
        if row.kind == JobKind.PROMPT:
            step = sent(loaded.invitation, outcome.external_id, self.unit.now, asked_at=operation.started_at)
            self.invitations.take(loaded, step, by="outbox")
        elif outcome.external_id is not None:
            # A reminder, or an edit that had to become a new message: this is now the one on the screen.
            loaded.invitation = replace(loaded.invitation, external_id=outcome.external_id)
            loaded.changed = True
        if outcome.new_address is not None:
            self.moved[row.account, row.address] = outcome.new_address

    def _failed(self, row: Any, loaded: Loaded | None, operation: Finish, outcome: Failed) -> None:
        now = self.unit.now
        self._end(operation, outcome.code, outcome)
        repeatable = operation.idempotent or JobKind(row.kind) in IDEMPOTENT
        if outcome.retry_after is not None:
            until = now + outcome.retry_after
            if outcome.scope == "account":
                self.pauses[row.account] = max(until, self.pauses.get(row.account, 0))
            else:
                self.rests[row.account, row.address] = until
            self._change(row, state="due", due_at=until, attempts=row.attempts - 1)
        elif outcome.code == "misconfigured":
            self.pauses[row.account] = max(now + MISCONFIGURED_PAUSE, self.pauses.get(row.account, 0))
            self._change(
                row, state="due", due_at=now + MISCONFIGURED_PAUSE, attempts=row.attempts - 1, error=outcome.code
            )
        elif outcome.code == "outcome_unknown" and not repeatable:
            self._change(row, state="unknown", finished_at=now, error=outcome.code)
            if row.kind == JobKind.PROMPT and loaded is not None:
                step = sent(loaded.invitation, None, now, asked_at=operation.started_at, outcome_known=False)
                self.invitations.take(loaded, step, by="outbox")
        elif (outcome.again or outcome.code == "outcome_unknown") and row.attempts < MAX_ATTEMPTS:
            wait = back_off(row.attempts, random.random())  # noqa: S311 - jitter spreads load; it guards nothing
            self._change(row, state="due", due_at=now + wait, error=outcome.code)
        else:
            self._change(row, state="failed", finished_at=now, error=outcome.code)
            if row.kind == JobKind.PROMPT and loaded is not None:
                self.invitations.take(loaded, not_delivered(loaded.invitation, outcome.code), by="outbox")
            if outcome.code in _ADDRESS_IS_DEAD:
                self.gone[row.account, row.address] = outcome.platform_code or outcome.code

    def _change(self, row: Any, **changes: Any) -> None:
        # A result that comes after its lease ran out finds the job ended; it changes only what is still leased.
        if row.state == "leased":
            self.job_changes.append(change_job(row, **changes))

    def _end(self, operation: Finish, result: str, failed: Failed | None = None) -> None:
        self.attempts.append(
            {
                "of": operation.attempt_id,
                "new_finished_at": self.unit.now,
                "new_result": result,
                "new_platform_code": failed.platform_code if failed else None,
                "new_text": failed.text if failed else None,
            }
        )

    def _store(self) -> None:
        unit = self.unit
        write_job_changes(unit, self.job_changes)
        unit.many(_END_ATTEMPT, self.attempts)
        for account, until in sorted(self.pauses.items()):
            unit.upsert(
                accounts,
                [{"account": account, "paused_until": until, "next_send_at": 0, "position": None}],
                keep=("next_send_at", "position"),
            )
        touched = sorted({*self.gone, *self.rests, *self.moved})
        if touched:
            Addresses(unit, touched)  # makes sure that their rows exist, and locks them in order
            for key in touched:
                unit.connection.execute(
                    update(addresses)
                    .where(addresses.c.account == key[0], addresses.c.address == key[1])
                    .values(self._address_changes(key))
                )
        self.invitations.store()

    def _address_changes(self, key: tuple[str, str]) -> Mapping[str, Any]:
        changes: Row = {}
        if key in self.gone:
            changes.update(unreachable_at=self.unit.now, unreachable_code=self.gone[key])
        if key in self.rests:
            changes["next_send_at"] = self.rests[key]
        if key in self.moved:
            changes["moved_to"] = self.moved[key]
        return changes


_ADDRESS_IS_DEAD = frozenset({"recipient_gone", "opted_out"})
