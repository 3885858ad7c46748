"""The sequencer: gives committed events their numbers, so that a reader that has seen n never finds an unseen smaller one.

Numbers are given in one transaction at a time: the row of the counter is locked until the COMMIT. Whoever sees number n has
therefore a snapshot in which every smaller one is committed too, however many processes write events meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import bindparam, select, update

from ratings.store.schema import event_counter, events
from ratings.store.unit import Unit
from ratings.store.writer import Operation

_NUMBER = update(events).where(events.c.id == bindparam("of")).values(number=bindparam("new_number"))


@dataclass(frozen=True, slots=True)
class NumberEvents(Operation[int]):
    """Number at most `most` committed events. Returns how many were numbered."""

    most: int = 5_000

    order: ClassVar[int] = 1  # before anything of this transaction is written: only what is committed gets a number

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["NumberEvents"]) -> Sequence[int]:
        """Number once, whoever asked."""
        waiting = select(events.c.id).where(events.c.number.is_(None)).order_by(events.c.at, events.c.id)
        most = max(operation.most for operation in operations)
        if not unit.rows(waiting.limit(1)):
            return [0] * len(operations)
        last = unit.connection.execute(unit.lock(select(event_counter.c.last))).scalar_one()
        ids = [row.id for row in unit.rows(waiting.limit(most))]
        if ids:
            unit.many(_NUMBER, [{"of": each, "new_number": last + n} for n, each in enumerate(ids, start=1)])
            unit.connection.execute(update(event_counter).values(last=last + len(ids)))
        return [len(ids)] * len(operations)
