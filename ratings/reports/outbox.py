"""What waits in the outbox, and whether the store answers at all."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ratings.store.schema import id_blocks, jobs
from ratings.times import Instant

_LIVE = ("due", "leased", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs of an account are in a state, and how late the oldest of those that are due is."""

    account: str
    state: str
    jobs: int
    oldest_seconds: float


def ping(connection: Connection) -> None:
    """Raise when the store cannot be read."""
    connection.execute(select(id_blocks.c.next)).scalar_one()


def outbox_depth(connection: Connection, now: Instant) -> list[Depth]:
    """Return what waits, and what failed, by account and state."""
    statement = (
        select(jobs.c.account, jobs.c.state, func.count().label("many"), func.min(jobs.c.due_at).label("oldest"))
        .where(jobs.c.state.in_(_LIVE))
        .group_by(jobs.c.account, jobs.c.state)
    )
    return [
        Depth(row.account, row.state, row.many, max(0.0, (now - row.oldest) / 1000))
        for row in connection.execute(statement)
    ]
