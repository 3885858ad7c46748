"""The first steps of an installation, and which of them are done: read from what the store holds. A sample's rows count for none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, exists, literal_column, select

from ratings.lifecycle import JobKind
from ratings.sample.cast import DESK
from ratings.store.audit import note_change
from ratings.store.people_tables import settings
from ratings.store.schema import invitations, jobs, ratings
from ratings.store.surveys import load_surveys
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.votes import VoteState

SETTING = "checklist"
"""The name in `settings`; its value says whether somebody has put the list away."""


class Step(StrEnum):
    """One of the first steps, in their order."""

    CHANNEL = "channel"
    """An account of a channel is configured."""
    DESK = "desk"
    """A closing came, from a desk or by the API."""
    SURVEY = "survey"
    """A survey is on."""
    TEST = "test"
    """Somebody sent themselves a test message, or a real one was answered already."""
    RATING = "rating"
    """A customer has rated."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps with whether each is done; `dismissed` once somebody has put the list away."""

    steps: tuple[tuple[Step, bool], ...]
    dismissed: bool

    @property
    def complete(self) -> bool:
        """True when nothing is left to do."""
        return all(done for _, done in self.steps)

    @property
    def shown(self) -> bool:
        """True while it is of use."""
        return not self.dismissed and not self.complete


def load_checklist(connection: Connection, accounts: Sequence[str]) -> Checklist:
    """Return the checklist of an installation with these channel accounts."""
    rated = any(_any(connection, each) for each in _REAL_RATINGS)
    done = {
        Step.CHANNEL: bool(accounts),
        Step.DESK: any(_any(connection, each) for each in _REAL_CLOSINGS),
        Step.SURVEY: any(survey.enabled for survey in load_surveys(connection)),
        Step.TEST: rated or _any(connection, _TESTS),
        Step.RATING: rated,
    }
    return Checklist(tuple((step, done[step]) for step in Step), _is_dismissed(connection))


@dataclass(frozen=True, slots=True)
class PutChecklistAway(Operation[None]):
    """Show the checklist to nobody any more, or (`away` False) to all again. `by` as in the audit log."""

    by: str
    away: bool = True

    order: ClassVar[int] = 80

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["PutChecklistAway"]) -> Sequence[None]:
        """Do what each says, in order."""
        for operation in operations:
            before = _is_dismissed(unit.connection)
            if before is operation.away:
                continue
            value = json.dumps({"dismissed": operation.away})
            row = {"name": SETTING, "value": value, "changed_at": unit.now, "changed_by": operation.by}
            unit.upsert(settings, [row])
            after = {"dismissed": operation.away}
            note_change(unit, operation.by, "changed", "setting", SETTING, before={"dismissed": before}, after=after)
        return [None] * len(operations)


_BESIDE: tuple[ColumnElement[bool], ...] = (invitations.c.desk < DESK, invitations.c.desk > DESK)
"""Not the sample's, as two ranges of the index over desks: a sample may have millions of rows."""

_REAL_CLOSINGS = [select(exists().where(condition)) for condition in _BESIDE]
_REAL_RATINGS = [
    select(
        exists(
            select(ratings.c.id)
            .join_from(invitations, ratings, ratings.c.id == invitations.c.id)
            .where(condition, ratings.c.state == VoteState.CONFIRMED.value)
        )
    )
    for condition in _BESIDE
]
_TESTS = select(exists().where(jobs.c.kind == JobKind.TEST.value, jobs.c.state == literal_column("'done'")))


def _any(connection: Connection, statement: Any) -> bool:
    return bool(connection.execute(statement).scalar_one())


def _is_dismissed(connection: Connection) -> bool:
    value = connection.execute(select(settings.c.value).where(settings.c.name == SETTING)).scalar_one_or_none()
    return value is not None and bool(json.loads(value).get("dismissed"))
