"""What one transaction of the writer works with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ratings.store.schema import id_blocks
from ratings.times import Instant

Row = dict[str, Any]

ID_BLOCK = 20_000
"""Ids reserved at once. A process that ends wastes what is left of its block: there are 2**63 of them."""


class Ids:
    """Hands out ids from blocks that are reserved in the store; unique over all processes."""

    def __init__(self) -> None:
        self._next = 0
        self._end = 0

    def next(self) -> int:
        """Return a new id. The block must have been filled up by `reserve`."""
        if self._next >= self._end:
            raise RuntimeError("the block of ids is used up; reserve more before the batch")
        self._next += 1
        return self._next - 1

    def reserve(self, connection: Connection, wanted: int) -> None:
        """Make sure that `wanted` ids can be handed out. The block counts from the COMMIT on: a rollback forgets it."""
        if self._end - self._next >= wanted:
            return
        size = max(wanted, ID_BLOCK)
        end = connection.execute(
            update(id_blocks).values(next=id_blocks.c.next + size).returning(id_blocks.c.next)
        ).scalar_one()
        self._next, self._end = end - size, end

    def forget(self) -> None:
        """Drop the block, after a rollback that may have undone its reservation."""
        self._next = self._end = 0


class Unit:
    """One transaction: its connection, its instant, its ids, and whom to wake once it is committed."""

    def __init__(self, connection: Connection, now: Instant, ids: Ids) -> None:
        self.connection = connection
        self.now = now
        self.next_id = ids.next
        self.is_postgresql = connection.dialect.name == "postgresql"
        self.woken: set[str] = set()

    def rows(self, statement: Select[Any], parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """Run a SELECT and return all rows."""
        return self.connection.execute(statement, parameters or {}).all()

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert many rows; all have the same keys."""
        if rows:
            self.connection.execute(table.insert(), rows)

    def upsert(self, table: Table, rows: Sequence[Row], keep: Iterable[str] = ()) -> None:
        """Insert rows, or replace the given columns of those that exist (all but the key, and but those to `keep`)."""
        if not rows:
            return
        statement = self._insert(table)
        kept = {*keep, *(column.name for column in table.primary_key)}
        replaced = {name: statement.excluded[name] for name in rows[0] if name not in kept}
        keys = [column.name for column in table.primary_key]
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=keys, set_=replaced)
            if replaced
            else statement.on_conflict_do_nothing(index_elements=keys),
            rows,
        )

    def insert_missing(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows whose key does not exist yet, whoever wrote it."""
        if rows:
            self.connection.execute(self._insert(table).on_conflict_do_nothing(), rows)

    def _insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)

    def lock(self, statement: Select[Any]) -> Select[Any]:
        """Make a SELECT lock its rows on PostgreSQL; on SQLite the transaction holds the only write lock already."""
        return statement.with_for_update() if self.is_postgresql else statement


__all__ = ["ID_BLOCK", "Ids", "Insert", "Row", "Unit", "select"]
