"""Letting invitations lapse: jobs that talk to nobody, carried out by the writer itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Integer, bindparam, select

from ratings.lifecycle import JobKind, State, lapse_due
from ratings.store.loading import INTERNAL, Invitations
from ratings.store.rows import DUE, PRIORITY_ANSWER, change_job, write_job_changes
from ratings.store.schema import jobs
from ratings.store.unit import Unit
from ratings.store.writer import IDS_PER_OPERATION, Operation

_DUE = (
    select(jobs)
    .where(
        jobs.c.account == INTERNAL,
        jobs.c.kind == JobKind.LAPSE.value,
        jobs.c.priority == PRIORITY_ANSWER,
        jobs.c.state == DUE,
        jobs.c.due_at <= bindparam("now"),
    )
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most", type_=Integer))
)
_LOCK = _DUE.with_for_update(key_share=True, skip_locked=True)


@dataclass(frozen=True, slots=True)
class RunLapses(Operation[int]):
    """Let invitations lapse whose time is over. Returns how many jobs were done."""

    most: int = 500

    order: ClassVar[int] = 45

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RunLapses"]) -> Sequence[int]:
        """Run them once, whoever asked."""
        most = max(operation.most for operation in operations)
        rows = unit.rows(_LOCK if unit.is_postgresql else _DUE, {"now": unit.now, "most": most})
        invitations = Invitations(unit)
        invitations.load(row.invitation_id for row in rows)
        changes = []
        for row in rows:
            loaded = invitations.loaded[row.invitation_id]
            invitation = loaded.invitation
            if invitation.state is State.SCHEDULED and unit.now < invitation.expires_at:
                # It is to be asked at another address, and waits there: the time for an answer has not begun.
                due_at = min(unit.now + invitation.terms.lapse_after, invitation.expires_at)
                changes.append(change_job(row, state="due", due_at=due_at))
                continue
            invitations.take(loaded, lapse_due(invitation), by="outbox")
            changes.append(change_job(row, state="done", finished_at=unit.now))
        write_job_changes(unit, changes)
        invitations.store()
        return [len(rows)] * len(operations)

    def ids_wanted(self) -> int:
        """An event and a desk's job for each."""
        return 2 * self.most + IDS_PER_OPERATION
