"""Forgetting what is no longer needed: records of deliveries, held texts, ends of jobs. Never a vote or a rating."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import delete, select

from ratings.store.schema import attempts, held_texts, inbound_events, jobs, unreadable_events
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import DAY, Duration

KEEP: Duration = 30 * DAY
"""How long a redelivery is recognised, and how long the tries of a job can be looked up."""

_AT_ONCE = 5_000
_FINISHED = ("done", "dropped")


@dataclass(frozen=True, slots=True)
class Clean(Operation[int]):
    """Forget a portion of what is older than KEEP. Returns how many rows went."""

    order: ClassVar[int] = 90

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Clean"]) -> Sequence[int]:
        """Clean once, whoever asked."""
        before = unit.now - KEEP
        old = (
            select(jobs.c.id)
            .where(jobs.c.state.in_(_FINISHED), jobs.c.finished_at < before)
            .order_by(jobs.c.id)
            .limit(_AT_ONCE)
        )
        ids = [row.id for row in unit.rows(old)]
        if ids:
            unit.connection.execute(delete(attempts).where(attempts.c.job_id.in_(ids)))
            unit.connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
        seen = unit.connection.execute(delete(inbound_events).where(inbound_events.c.at < before)).rowcount
        seen += unit.connection.execute(delete(unreadable_events).where(unreadable_events.c.at < before)).rowcount
        gone = unit.connection.execute(delete(held_texts).where(held_texts.c.until < before)).rowcount
        return [len(ids) + seen + gone] * len(operations)
