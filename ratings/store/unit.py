"""What one transaction of the writer works with."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, NoReturn

from sqlalchemy import Connection, Executable, Insert, Select, Table, update
from sqlalchemy.dialects import postgresql, sqlite

from ratings.store.driver import Row, reading, writing
from ratings.store.schema import id_blocks
from ratings.tallies import Facts
from ratings.times import Instant

__all__ = ["Ids", "Row", "Unit"]

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
        self._cursor: Any = connection.connection.cursor()
        self.now = now
        self.next_id = ids.next
        self.is_postgresql = connection.dialect.name == "postgresql"
        self.woken: set[str] = set()
        self.counts: list[tuple[int, Facts | None, Facts]] = []
        """What became of invitations and their ratings: id, what was counted of it before (None: it is new), and now."""
        self.committed: list[Callable[[], None]] = []
        """What to call once all of it is on the disk."""

    def rows(self, statement: Select[Any], parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """Run a SELECT and return all rows."""
        return self.connection.execute(statement, parameters or {}).all()

    def fetch(self, statement: Select[Any], parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """Run a SELECT that stands in a module by the driver itself; its rows are named tuples."""
        sql, bind, row = reading(statement, self.connection.dialect)
        try:
            found = self._cursor.execute(sql, bind(parameters or {})).fetchall()
        except Exception as error:  # noqa: BLE001 - whatever it is, SQLAlchemy says what it means
            self._raise(error, sql)
        return list(map(row, found))

    def many(self, statement: Executable, rows: Sequence[Row]) -> None:
        """Run a statement once a row. All rows have the same keys, and values that the driver takes as they are."""
        if not rows:
            return
        sql, fixed, order, several = writing(statement, self.connection.dialect, tuple(rows[0]))
        if fixed:
            rows = [{**fixed, **row} for row in rows]
        if order is None:
            self.run_many(sql, rows)
            return
        values = list(map(order, rows))
        for size, together in several:
            whole = len(values) // size * size
            groups = (values[start : start + size] for start in range(0, whole, size))
            self.run_many(together, [list(chain.from_iterable(group)) for group in groups])
            values = values[whole:]
        self.run_many(sql, values)

    def run_many(self, sql: str, rows: Sequence[Any]) -> None:
        """Run a statement of the driver's own once a row."""
        if not rows:
            return
        try:
            self._cursor.executemany(sql, rows)
        except Exception as error:  # noqa: BLE001 - as above
            self._raise(error, sql)

    def _raise(self, error: Exception, sql: str) -> NoReturn:
        """Raise what SQLAlchemy would have: its own kind of error, the connection thrown away where it is lost, listeners told."""
        self.connection._handle_dbapi_exception(error, sql, None, self._cursor, None)  # noqa: SLF001 - nothing public does it

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert many rows; all have the same keys."""
        self.many(_insert(table), rows)

    def upsert(self, table: Table, rows: Sequence[Row], keep: tuple[str, ...] = ()) -> None:
        """Insert rows, or replace the columns of those that exist (all but the key, and but those to `keep`)."""
        if rows:
            self.many(_upsert(table, self.is_postgresql, tuple(rows[0]), keep), rows)

    def insert_missing(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert rows whose key does not exist yet, whoever wrote it."""
        self.many(_insert_missing(table, self.is_postgresql), rows)

    def lock(self, statement: Select[Any]) -> Select[Any]:
        """Make a SELECT lock its rows on PostgreSQL; on SQLite the transaction holds the only write lock already."""
        return statement.with_for_update() if self.is_postgresql else statement


@cache
def _insert(table: Table) -> Insert:
    return table.insert()


@cache
def _upsert(table: Table, is_postgresql: bool, keys: tuple[str, ...], keep: tuple[str, ...]) -> Insert:
    statement = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    primary = [column.name for column in table.primary_key]
    replaced = {name: statement.excluded[name] for name in keys if name not in {*keep, *primary}}
    return statement.on_conflict_do_update(index_elements=primary, set_=replaced)


@cache
def _insert_missing(table: Table, is_postgresql: bool) -> Insert:
    statement = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    return statement.on_conflict_do_nothing()
