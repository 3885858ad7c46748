"""What waits in the outbox, and whether the store answers at all."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, literal_column, select

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
    # A query a state: each has an index of its own, and what is done has none.
    return [depth for state in _LIVE for depth in _depth(connection, state, now)]


def _depth(connection: Connection, state: str, now: Instant) -> list[Depth]:
    statement = (
        select(jobs.c.account, func.count().label("many"), func.min(jobs.c.due_at).label("oldest"))
        .where(jobs.c.state == literal_column(f"'{state}'"))
        .group_by(jobs.c.account)
    )
    return [
        Depth(row.account, state, row.many, max(0.0, (now - row.oldest) / 1000))
        for row in connection.execute(statement)
    ]
