"""Jobs that failed for good, put back because somebody says so. Whether an act is still wanted is asked again when it is claimed.

What may have been carried out (its outcome is unknown) is put back only by a caller who says that it may come twice; what is
written to a desk says all that is to be so, and comes to the same whenever it is written again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, case, func, literal_column, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from ratings.lifecycle import JobKind
from ratings.store.audit import note_change
from ratings.store.rows import AGAIN
from ratings.store.schema import jobs
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import Instant

ENDED = jobs.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")])
"""Jobs that a person may put back; as the index has it."""

_IS_DESK = jobs.c.kind == JobKind.DESK.value
_WITHOUT_HARM = or_(jobs.c.state == "failed", _IS_DESK)
_REPLAYED = {
    "state": "due",
    "attempts": 0,
    "finished_at": None,
    # An alert is found by when its job was made, and an acknowledgment that is too old is not wanted; a desk's is tried as
    # long as the first time.
    "detail": case((jobs.c.kind == JobKind.PROMPT.value, AGAIN), else_=jobs.c.detail),
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many jobs were put back, and how many were left because nobody knows whether they were carried out."""

    jobs: int
    unknown: int


@dataclass(frozen=True, slots=True)
class ReplayJobs(Operation[Replayed]):
    """Put back what failed for good: one job, or all of an account, of a kind, of both; with nothing named all there are.

    `twice`: also what may have been carried out, so that a customer may get a message a second time.
    """

    by: str
    job_id: int | None = None
    account: str | None = None
    kind: JobKind | None = None
    twice: bool = False

    order: ClassVar[int] = 36

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ReplayJobs"]) -> Sequence[Replayed]:
        """Put back what one after another wants."""
        return [_replay(unit, operation) for operation in operations]


def put_back(wanted: ReplayJobs, now: Instant) -> ReturningUpdate[Any]:
    """Return what puts back the wanted jobs; it returns their accounts."""
    sure = () if wanted.twice else (_WITHOUT_HARM,)
    created_at = case((_IS_DESK, now), else_=jobs.c.created_at)
    values = {**_REPLAYED, "due_at": now, "created_at": created_at}
    return update(jobs).where(*_about(wanted), *sure).values(values).returning(jobs.c.account)


def _about(wanted: ReplayJobs) -> list[ColumnElement[bool]]:
    about: list[ColumnElement[bool]] = [ENDED]
    if wanted.job_id is not None:
        about.append(jobs.c.id == wanted.job_id)
    if wanted.account is not None:
        about.append(jobs.c.account == wanted.account)
    if wanted.kind is not None:
        about.append(jobs.c.kind == wanted.kind.value)
    return about


def _replay(unit: Unit, wanted: ReplayJobs) -> Replayed:
    accounts = list(unit.connection.execute(put_back(wanted, unit.now)).scalars())
    unit.woken.update(accounts)
    left = unit.connection.execute(select(func.count()).select_from(jobs).where(*_about(wanted))).scalar_one()
    if accounts:
        named = {"account": wanted.account, "kind": wanted.kind and wanted.kind.value, "twice": wanted.twice}
        after = {"jobs": len(accounts), **{name: value for name, value in named.items() if value}}
        what = "all" if wanted.job_id is None else str(wanted.job_id)
        note_change(unit, wanted.by, "replayed", "job", what, after=after)
    return Replayed(len(accounts), left)
