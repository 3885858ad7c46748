"""What one transaction of the writer works with."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Insert, Select, Table, update
from sqlalchemy.dialects import postgresql, sqlite

from ratings.store.schema import id_blocks
from ratings.tallies import Facts
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
        self.counts: list[tuple[int, Facts | None, Facts]] = []
        """What became of invitations and their ratings: id, what was counted of it before (None: it is new), and now."""
        self.committed: list[Callable[[], None]] = []
        """What to call once all of it is on the disk."""

    def rows(self, statement: Select[Any], parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """Run a SELECT and return all rows."""
        return self.connection.execute(statement, parameters or {}).all()

    def many(self, statement: Executable, rows: Sequence[Row]) -> None:
        """Run a statement once a row. All rows have the same keys, and values that the driver takes as they are.

        SQLAlchemy compiles the statement once and then stays out of the way: its own handling of parameters costs as much
        as the database on the path of a tap.
        """
        if not rows:
            return
        sql, fixed, order = _compile(statement, self.connection.dialect, tuple(rows[0]))
        if fixed:
            rows = [{**fixed, **row} for row in rows]
        self.connection.exec_driver_sql(sql, list(map(order, rows)) if order else list(rows))

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
def _compile(
    statement: Executable, dialect: Dialect, keys: tuple[str, ...]
) -> tuple[str, Row, Callable[[Row], tuple[Any, ...]] | None]:
    """Return the driver's text of a statement, its own fixed values, and what orders a row's values (None: it takes names)."""
    compiled = statement.compile(dialect=dialect, column_keys=list(keys))  # type: ignore[attr-defined] # of every DML
    fixed = {name: value for name, value in compiled.params.items() if name not in keys}
    marks = compiled.positiontup
    if marks is None:
        return str(compiled), fixed, None
    # A getter of one name would return the bare value.
    return str(compiled), fixed, itemgetter(*marks) if len(marks) > 1 else lambda row: (row[marks[0]],)


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
