"""Results of jobs: what came of each attempt, and what follows from it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlalchemy import bindparam, update

from ratings.lifecycle import Delivery, JobKind, not_delivered, sent
from ratings.store.addresses import Addresses, Key
from ratings.store.loading import Invitations, Loaded
from ratings.store.queues import end_attempts, end_of_attempt, jobs_by_id, pause_accounts
from ratings.store.rows import IDEMPOTENT, MAX_ATTEMPTS, change_job, is_elsewhere, write_job_changes
from ratings.store.schema import jobs
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.times import HOUR, MINUTE, SECOND, Duration, Instant

FIRST_WAIT: Duration = 2 * SECOND
LONGEST_WAIT: Duration = HOUR
MISCONFIGURED_PAUSE: Duration = MINUTE
"""How long an account that cannot work rests before it is tried again: a person has to act meanwhile."""

_ACKNOWLEDGED = (
    update(jobs)
    .where(jobs.c.id == bindparam("of"), jobs.c.state == "due")
    .values(state="done", finished_at=bindparam("at"))
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
    """One attempt ended, at `ended_at` (None: now). `idempotent` as in Claim.

    `repeatable` is the word of who made the attempt: whether doing it again does no harm. None: its kind decides.
    """

    job_id: int
    attempt_id: int
    outcome: Done | Failed
    started_at: Instant
    idempotent: bool
    repeatable: bool | None = None
    ended_at: Instant | None = None

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
        ids = sorted({operation.job_id for operation in operations})
        unit.many(_ACKNOWLEDGED, [{"of": job_id, "at": unit.now} for job_id in ids])
        return [None] * len(operations)


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

    def run(self) -> None:
        unit = self.unit
        rows = jobs_by_id(unit, {operation.job_id for operation in self.operations})
        # Locked in the order that everybody keeps: jobs, accounts, addresses, invitations.
        self._pause_accounts(rows)
        touching = [operation for operation in self.operations if _touches_address(operation.outcome)]
        self.places = Addresses(unit, [_key(rows[operation.job_id]) for operation in touching])
        self.invitations.load(row.invitation_id for row in rows.values() if row.invitation_id)
        for operation in self.operations:
            row = rows[operation.job_id]
            loaded = self.invitations.loaded.get(row.invitation_id)
            outcome = operation.outcome
            # An attempt whose lease ran out has lost its job to another, or to "unknown": it may add facts, and ends nothing.
            mine = row.state == "leased" and row.attempt_id == operation.attempt_id
            if isinstance(outcome, Done):
                self._done(row, loaded, operation, outcome, mine=mine)
            else:
                self._failed(row, loaded, operation, outcome, mine=mine)
            unit.woken.add(row.account)
        write_job_changes(unit, self.job_changes)
        end_attempts(unit, self.attempts)
        self.places.store()
        self.invitations.store()

    def _done(self, row: Any, loaded: Loaded | None, operation: Finish, outcome: Done, *, mine: bool) -> None:
        self._end(operation, outcome.result)
        if mine:
            self.job_changes.append(change_job(row, state="done", finished_at=self.unit.now))
        if outcome.new_address is not None:
            self.places.move(_key(row), outcome.new_address)
        if loaded is None or is_elsewhere(row, loaded.key):
            return  # whoever is asked at another address by now has nothing of this message
        if row.kind == JobKind.PROMPT:
            step = sent(
                loaded.invitation,
                outcome.external_id,
                self.unit.now,
                asked_at=operation.started_at,
                accepted_at=operation.ended_at,
            )
            self.invitations.take(loaded, step, by="outbox")
            self._ask_next_if_bounced(loaded)
        elif outcome.external_id is not None:
            # A reminder, or an edit that had to become a new message: this is now the one on the screen.
            accepted_at = operation.ended_at if operation.ended_at is not None else self.unit.now
            loaded.invitation = loaded.invitation._replace(external_id=outcome.external_id, accepted_at=accepted_at)
            loaded.changed = True

    def _ask_next_if_bounced(self, loaded: Loaded) -> None:
        if loaded.invitation.delivery is Delivery.BOUNCED:  # which the platform told before it answered
            self.invitations.ask_next(loaded, by="outbox")

    def _failed(self, row: Any, loaded: Loaded | None, operation: Finish, outcome: Failed, *, mine: bool) -> None:
        now = self.unit.now
        self._end(operation, outcome.code, outcome)
        if outcome.retry_after is not None and outcome.scope == "recipient":
            self.places.pause(_key(row), now + outcome.retry_after)
        if outcome.code in _ADDRESS_IS_DEAD:
            self.places.lost(_key(row), outcome.platform_code or outcome.code)
        if not mine:
            return
        again_at = self._again_at(row, operation, outcome)
        is_prompt = loaded is not None and row.kind == JobKind.PROMPT and not is_elsewhere(row, loaded.key)
        prompted = loaded if is_prompt else None
        if again_at is not None:
            free = outcome.retry_after is not None or outcome.code == MISCONFIGURED
            tries = row.attempts - 1 if free else row.attempts
            self.job_changes.append(change_job(row, state="due", due_at=again_at, attempts=tries, error=outcome.code))
        elif outcome.code == OUTCOME_UNKNOWN:
            self.job_changes.append(change_job(row, state="unknown", finished_at=now, error=outcome.code))
            if prompted is not None:
                step = sent(prompted.invitation, None, now, asked_at=operation.started_at, outcome_known=False)
                self.invitations.take(prompted, step, by="outbox")
                self._ask_next_if_bounced(prompted)
        else:
            self.job_changes.append(change_job(row, state="failed", finished_at=now, error=outcome.code))
            self.places.not_greeted(_key(row), row.id)
            if prompted is not None and not self.invitations.ask_next(prompted, by="outbox"):
                self.invitations.take(prompted, not_delivered(prompted.invitation, outcome.code), by="outbox")

    def _again_at(self, row: Any, operation: Finish, outcome: Failed) -> Instant | None:
        """Return when to try again; None for never."""
        now = self.unit.now
        if outcome.retry_after is not None:
            return now + outcome.retry_after
        if outcome.code == MISCONFIGURED:
            return now + MISCONFIGURED_PAUSE
        by_kind = operation.idempotent or JobKind(row.kind) in IDEMPOTENT
        repeatable = by_kind if operation.repeatable is None else operation.repeatable
        again = repeatable if outcome.code == OUTCOME_UNKNOWN else outcome.again
        if not again or row.attempts >= MAX_ATTEMPTS:
            return None
        return now + back_off(row.attempts, random.random())  # noqa: S311 - jitter spreads load; it guards nothing

    def _pause_accounts(self, rows: Mapping[int, Any]) -> None:
        until: dict[str, Instant] = {}
        for operation in self.operations:
            pause = account_pause(operation.outcome)
            if pause is not None:
                account = rows[operation.job_id].account
                until[account] = max(self.unit.now + pause, until.get(account, 0))
        pause_accounts(self.unit, until)

    def _end(self, operation: Finish, result: str, failed: Failed | None = None) -> None:
        code, text = (failed.platform_code, failed.text) if failed else (None, None)
        self.attempts.append(end_of_attempt(operation.attempt_id, self.unit.now, result, code, text))


def account_pause(outcome: object) -> Duration | None:
    """Return how long an account has to rest because of an outcome."""
    if not isinstance(outcome, Failed):
        return None
    if outcome.code == MISCONFIGURED:
        return MISCONFIGURED_PAUSE
    return outcome.retry_after if outcome.scope == "account" else None


def _touches_address(outcome: Done | Failed) -> bool:
    if isinstance(outcome, Done):
        return outcome.new_address is not None
    return True  # throttled, dead, or not greeted after all


def _key(row: Any) -> Key:
    return row.account, row.address


MISCONFIGURED = "misconfigured"
OUTCOME_UNKNOWN = "outcome_unknown"
_ADDRESS_IS_DEAD = frozenset({"recipient_gone", "opted_out"})
