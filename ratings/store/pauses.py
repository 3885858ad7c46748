"""Surveys that are off and hold nothing: what they had scheduled is cancelled, a handful a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import ColumnElement, Integer, bindparam, literal_column, select

from ratings.lifecycle import State, paused
from ratings.store.loading import Invitations
from ratings.store.schema import invitations
from ratings.store.surveys import load_surveys
from ratings.store.unit import Unit
from ratings.store.writer import IDS_PER_OPERATION, Operation

_IS_SCHEDULED: ColumnElement[str] = literal_column(f"'{State.SCHEDULED.value}'")
"""As the partial index has it."""

_SCHEDULED = (
    select(invitations.c.id)
    .where(
        invitations.c.state == _IS_SCHEDULED,
        invitations.c.survey_id.in_(bindparam("surveys", expanding=True)),
    )
    .limit(bindparam("most", type_=Integer))
)


@dataclass(frozen=True, slots=True)
class RunPauses(Operation[int]):
    """Cancel what is scheduled by surveys that are off and set to cancel. Returns how many were looked at: 0 when all is done."""

    most: int = 500

    order: ClassVar[int] = 46

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RunPauses"]) -> Sequence[int]:
        """Run them once, whoever asked."""
        most = max(operation.most for operation in operations)
        off = [each.id for each in load_surveys(unit.connection) if not each.enabled and each.when_paused == "cancel"]
        if not off:
            return [0] * len(operations)
        rows = unit.rows(_SCHEDULED, {"surveys": off, "most": most})
        held = Invitations(unit)
        held.load(row.id for row in rows)
        for loaded in held.loaded.values():
            held.take(loaded, paused(loaded.invitation), by="outbox")
        held.store()
        return [len(rows)] * len(operations)

    def ids_wanted(self) -> int:
        """An event for each, and a job where one follows."""
        return 2 * self.most + IDS_PER_OPERATION
