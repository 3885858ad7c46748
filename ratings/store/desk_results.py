"""What came of writing to desks: recorded with the ticket's new standing in one transaction."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sqlalchemy import bindparam, null, select, update

from ratings.lifecycle import JobKind
from ratings.outcomes import Wanted
from ratings.store.desk_writes import RESULTS, THEIRS, TRIED, TRY_FOR, VERBS_OF, result_row
from ratings.store.loading import lock_invitations
from ratings.store.queues import end_attempts, end_of_attempt, jobs_by_id, pause_accounts
from ratings.store.results import MISCONFIGURED, MISCONFIGURED_PAUSE, OUTCOME_UNKNOWN, Failed, account_pause, back_off
from ratings.store.rows import change_job, write_job_changes
from ratings.store.schema import desk_results, jobs
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.times import Instant

UNSUPPORTED = "unsupported"
"""The code of what a kind of desk cannot do at all: told, and no failure that trying again would mend."""

_ABOUT = select(jobs.c.invitation_id).where(jobs.c.id.in_(bindparam("ids", expanding=True)))
_CERTAIN = (
    update(jobs)
    .where(jobs.c.kind == JobKind.DESK.value, jobs.c.invitation_id == bindparam("of"), jobs.c.detail.is_not(None))
    .values(detail=null())
)
_OVERTAKEN = (
    update(jobs)
    .where(
        jobs.c.kind == JobKind.DESK.value,
        jobs.c.invitation_id == bindparam("of"),
        jobs.c.revision < bindparam("before"),
        jobs.c.state == "failed",
    )
    .values(state="dropped", error="superseded", finished_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class NotDone:
    """A part of a write that the desk refused for good, in its own words. `verb` None: all of it."""

    verb: str | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class TicketWritten:
    """The desk took it, but for what it refused."""

    refused: tuple[NotDone, ...] = ()


@dataclass(frozen=True, slots=True)
class FinishDesk(Operation[None]):
    """One attempt to write ended; `wanted` is what it was about."""

    job_id: int
    attempt_id: int
    wanted: Wanted
    outcome: TicketWritten | Failed

    order: ClassVar[int] = 31

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["FinishDesk"]) -> Sequence[None]:
        """Record the results of many attempts."""
        _FinishFold(unit, operations).run()
        return [None] * len(operations)


class _FinishFold:
    def __init__(self, unit: Unit, operations: Sequence[FinishDesk]) -> None:
        self.unit = unit
        self.operations = operations
        self.job_changes: list[Row] = []
        self.ends: list[Row] = []
        self.results: dict[int, Row] = {}
        self.certain: list[Row] = []
        self.overtaken: list[Row] = []
        self.forgotten: list[Row] = []

    def run(self) -> None:
        unit = self.unit
        about = sorted({row[0] for row in unit.rows(_ABOUT, {"ids": sorted(self._ids())})})
        theirs = {row.id for row in unit.rows(THEIRS, {"ids": about})}
        # Jobs before invitations, as everybody: their other jobs as well, of which some are about to be overtaken.
        rows = jobs_by_id(unit, theirs | self._ids())
        self._pause(rows)
        lock_invitations(unit, about)
        self.known = {row.invitation_id: row for row in unit.rows(RESULTS, {"ids": about})}
        for operation in self.operations:
            row, outcome = rows[operation.job_id], operation.outcome
            # An attempt whose lease ran out has lost its job: whoever has it now writes again, and knows better.
            mine = row.state == "leased" and row.attempt_id == operation.attempt_id
            if isinstance(outcome, TicketWritten):
                self._written(row, operation, outcome, mine=mine)
            else:
                self._failed(row, operation, outcome, mine=mine)
            unit.woken.add(row.account)
        write_job_changes(unit, self.job_changes)
        end_attempts(unit, self.ends)
        unit.many(TRIED, self.forgotten)
        unit.many(_CERTAIN, self.certain)
        unit.many(_OVERTAKEN, self.overtaken)
        unit.upsert(desk_results, list(self.results.values()))

    def _ids(self) -> set[int]:
        return {operation.job_id for operation in self.operations}

    def _pause(self, rows: Mapping[int, Any]) -> None:
        until: dict[str, Instant] = {}
        for operation in self.operations:
            outcome = operation.outcome
            if isinstance(outcome, Failed):  # a desk has no recipients: whatever it throttles, it throttles all of it
                pause = account_pause(replace(outcome, scope="account"))
                if pause is not None:
                    account = rows[operation.job_id].account
                    until[account] = max(self.unit.now + pause, until.get(account, 0))
        pause_accounts(self.unit, until)

    def _written(self, row: Any, operation: FinishDesk, outcome: TicketWritten, *, mine: bool) -> None:
        now, told = self.unit.now, operation.wanted
        problem = next((each for each in outcome.refused if each.code != UNSUPPORTED), None)
        self.ends.append(
            end_of_attempt(
                operation.attempt_id,
                now,
                "refused" if problem else "done",
                problem.code if problem else None,
                problem.text if problem else None,
            )
        )
        if not mine:
            return
        number = row.invitation_id
        known = self.known.get(number)
        refused = {each.verb for each in outcome.refused}
        acts = told.verbs & VERBS_OF.get(told.outcome or "", frozenset())
        # What was refused has not been done: it may still be, once somebody puts the desk right.
        done = told.outcome if not acts & refused else known.outcome if known is not None else None
        self.results[number] = result_row(
            number,
            known,
            outcome=done,
            tag=_standing(known.tag if known is not None else None, told, refused),
            value=told.value,
            refused=_refusals(outcome.refused),
            **({"written_at": now} if told.verbs - refused else {}),
        )
        if problem is None:
            self.job_changes.append(change_job(row, state="done", finished_at=now, error=None))
        else:
            self._fail(row, f"{problem.code}: {problem.text}")
        self.certain.append({"of": number})
        self.overtaken.append({"of": number, "before": row.revision, "at": now})

    def _failed(self, row: Any, operation: FinishDesk, outcome: Failed, *, mine: bool) -> None:
        now = self.unit.now
        self.ends.append(end_of_attempt(operation.attempt_id, now, outcome.code, outcome.platform_code, outcome.text))
        if not mine:
            return
        if outcome.code != OUTCOME_UNKNOWN:
            self.forgotten.append({"of": row.id, "tried": None})
        error = f"{outcome.code}: {outcome.text}"
        again_at = self._again_at(row, outcome)
        if again_at is not None:
            free = outcome.retry_after is not None or outcome.code == MISCONFIGURED
            tries = row.attempts - 1 if free else row.attempts
            self.job_changes.append(change_job(row, state="due", due_at=again_at, attempts=tries, error=error))
            return
        number = row.invitation_id
        refusal = NotDone(None, outcome.platform_code or outcome.code, outcome.text)
        self.results[number] = result_row(number, self.known.get(number), refused=_refusals([refusal]))
        self._fail(row, error)

    def _fail(self, row: Any, error: str) -> None:
        self.job_changes.append(change_job(row, state="failed", finished_at=self.unit.now, error=error))

    def _again_at(self, row: Any, outcome: Failed) -> Instant | None:
        """Return when to try again; None for never."""
        now = self.unit.now
        if now >= row.created_at + TRY_FOR:
            return None
        if outcome.retry_after is not None:
            return now + outcome.retry_after
        if outcome.code == MISCONFIGURED:
            return now + MISCONFIGURED_PAUSE
        if not (outcome.again or outcome.code == OUTCOME_UNKNOWN):
            return None
        return now + back_off(row.attempts, random.random())  # noqa: S311 - jitter spreads load; it guards nothing


def _standing(tag: str | None, told: Wanted, refused: Iterable[str | None]) -> str | None:
    """Return the tag of ours that stands on the ticket after a write."""
    refused = set(refused)
    if told.tag and "tag" not in refused:
        return told.tag
    return None if tag in told.untag and "untag" not in refused else tag


def _refusals(refused: Iterable[NotDone]) -> str | None:
    told = [{"verb": each.verb, "code": each.code, "text": each.text} for each in refused]
    return json.dumps(told, ensure_ascii=False) if told else None
