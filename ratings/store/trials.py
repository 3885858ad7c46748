"""Test messages: queued like everything that is sent, so that account, pace and errors are the real ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ratings.lifecycle import JobKind
from ratings.store.rows import job_row
from ratings.store.schema import attempts, jobs
from ratings.store.unit import Unit
from ratings.store.writer import Operation


@dataclass(frozen=True, slots=True)
class QueueTest(Operation[int]):
    """Send a test message to an address. `detail` tells its words. Returns the job's id."""

    account: str
    address: str
    detail: str

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["QueueTest"]) -> Sequence[int]:
        """Queue them, each a job of its own."""
        rows = [
            job_row(
                unit,
                kind=JobKind.TEST,
                invitation_id=None,
                revision=0,
                account=operation.account,
                address=operation.address,
                due_at=unit.now,
                detail=operation.detail,
            )
            for operation in operations
        ]
        unit.insert(jobs, rows)
        return [int(row["id"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Trial:
    """How far a test message is: `sent`, `failed`, or it `waits`; `code` and `text` are those of the last error."""

    state: str
    code: str | None = None
    text: str | None = None

    @property
    def tried(self) -> bool:
        """True once there is something to tell."""
        return self.state != "waits" or self.code is not None


def find_trial(connection: Connection, job_id: int) -> Trial | None:
    """Return how far a test message is; None where the id is not one's."""
    found = connection.execute(select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.kind == JobKind.TEST.value))
    return None if found.one_or_none() is None else trial(connection, job_id)


def trial(connection: Connection, job_id: int) -> Trial:
    """Return how far a test message is."""
    job = connection.execute(select(jobs.c.state, jobs.c.error).where(jobs.c.id == job_id)).one()
    of_job = select(attempts.c.result, attempts.c.text).where(attempts.c.job_id == job_id)
    last = connection.execute(of_job.order_by(attempts.c.id.desc()).limit(1)).one_or_none()
    if job.state == "done":
        return Trial("sent")
    code = last.result if last is not None and last.result else job.error
    return Trial("waits" if job.state in {"due", "leased"} else "failed", code, last.text if last is not None else None)
