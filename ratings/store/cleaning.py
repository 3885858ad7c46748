"""Forgetting what is no longer needed: records of deliveries, held texts, ends of jobs. Never a vote or a rating."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from sqlalchemy import Delete, Table, bindparam, delete, literal_column, select

from ratings.store.deliveries import forget_deliveries
from ratings.store.people_tables import login_failures
from ratings.store.retention import load_retention
from ratings.store.schema import attempts, digest_days, held_texts, inbound_events, jobs, unreadable_events
from ratings.store.sessions import FAILURES_COUNT_FOR
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import DAY, HOUR, Duration, Instant

KEEP: Duration = 30 * DAY
"""How long the tries of a job can be looked up. What platforms told has a period of its own (`ratings.retention`)."""

PORTION = 2_000
"""Rows of each kind forgotten in one transaction: others wait for it."""

_FINISHED = (
    select(jobs.c.id)
    .where(
        jobs.c.state.in_([literal_column("'done'"), literal_column("'dropped'")]),
        jobs.c.finished_at < bindparam("before"),
    )
    .order_by(jobs.c.finished_at)
    .limit(PORTION)
)


@dataclass(frozen=True, slots=True)
class Clean(Operation[int]):
    """Forget a portion of what is older than KEEP. Returns how many rows went."""

    order: ClassVar[int] = 90

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Clean"]) -> Sequence[int]:
        """Clean once, whoever asked."""
        before = unit.now - KEEP
        ids = [row.id for row in unit.rows(_FINISHED, {"before": before})]
        if ids:
            unit.connection.execute(delete(attempts).where(attempts.c.job_id.in_(ids)))
            unit.connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
        gone = len(ids)
        heard_before = unit.now - load_retention(unit.connection).inbound
        for table in (inbound_events, unreadable_events):
            gone += _forget(unit, table, heard_before)
        gone += _forget(unit, digest_days, before)
        gone += forget_deliveries(unit, before, PORTION)
        # A text is held for seconds; what is left of it was told to write elsewhere, or belongs to a relay.
        gone += unit.connection.execute(delete(held_texts).where(held_texts.c.until < unit.now - HOUR)).rowcount
        gone += _forget_wrong_passwords(unit)
        return [gone] * len(operations)


def _forget_wrong_passwords(unit: Unit) -> int:
    """Forget those that count no more: whoever tries many names leaves a row for each."""
    old = select(login_failures.c.who).where(login_failures.c.last_at < unit.now - FAILURES_COUNT_FOR).limit(PORTION)
    return unit.connection.execute(delete(login_failures).where(login_failures.c.who.in_(old))).rowcount


def _forget(unit: Unit, table: Table, before: Instant) -> int:
    keys = list(table.primary_key.columns)
    old = unit.rows(select(*keys).where(table.c.at < before).order_by(table.c.at).limit(PORTION))
    unit.many(_delete_row(table), [{f"of_{name}": value for name, value in row._mapping.items()} for row in old])  # noqa: SLF001 - public by its documentation
    return len(old)


@cache
def _delete_row(table: Table) -> Delete:
    # Made once: the unit keeps what it compiled by the statement, for ever.
    return delete(table).where(*(key == bindparam(f"of_{key.name}") for key in table.primary_key.columns))
