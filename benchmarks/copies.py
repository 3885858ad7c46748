"""A sample made many times as large inside the database: what reports read of every closing is copied under other ids.

Ids are spread out (`id * copies + k`), so that the copies of a closing lie side by side and a table is in the order of time, as
one that has grown over a year. Tickets, customers and addresses get names of their own. Times are moved within their hour, each
copy elsewhere, so that days and hours of the week are what they were, and the counts of days are those of the sample, multiplied.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Table, create_engine, func, select, text

from ratings.store.report_tables import SPANS, roll_up_changes
from ratings.store.schema import (
    attempts,
    comments,
    desk_results,
    events,
    hits,
    invitations,
    jobs,
    rating_history,
    ratings,
    reopens,
    ticket_tags,
    tickets,
    votes,
)
from ratings.times import HOUR

_COPIED = (ticket_tags, invitations, ratings, desk_results)
"""In the order in which they refer to each other."""

_LEFT_OUT = (attempts, jobs, events, comments, rating_history, hits, votes, reopens, tickets)
"""No report reads them, and they are more than half of all bytes: of the copies there are none, and the sample's own go, too."""

_IDS = ("id", "invitation_id", "recovery_of")
_NAMES = ("ticket_id", "customer", "address")

_BULK = {
    "sqlite": (
        *("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA locking_mode = EXCLUSIVE"),
        *("PRAGMA foreign_keys = OFF", "PRAGMA cache_size = -1000000"),
    ),
    "postgresql": (
        *("SET session_replication_role = replica", "SET synchronous_commit = off"),  # the former: no foreign keys
        *("SET maintenance_work_mem = '1GB'", "SET max_parallel_maintenance_workers = 1", "SET jit = off"),
    ),
}
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = :of",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = :of "
    "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
}


def multiply(url: str, copies: int) -> None:
    """Make every closing of a counted sample `copies` of its kind. Nobody else may have the database open."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in _BULK[connection.dialect.name]:
            connection.execute(text(statement))
        if connection.execute(select(func.count()).select_from(roll_up_changes)).scalar_one():
            raise RuntimeError("some changes are not added up yet: their counts would be lost")
        for table in _COPIED:
            connection.execute(text(_taken_aside(table)))
        with _words_apart(connection):
            _empty(connection)
            for table in _COPIED:
                indexes = connection.execute(text(_INDEXES[connection.dialect.name]), {"of": table.name}).all()
                for name, _ in indexes:
                    connection.execute(text(f'DROP INDEX "{name}"'))
                connection.execute(text(_copied(table, copies, connection.dialect.name)))
                connection.execute(text(f"DROP TABLE aside_{table.name}"))
                for _, made in indexes:
                    connection.execute(text(made))
        for table in SPANS:
            counts = [column.name for column in table.columns if column.name not in _OF_SPANS]
            grown = ", ".join(f'"{name}" = "{name}" * {copies}' for name in counts)
            connection.execute(text(f"UPDATE {table.name} SET {grown}"))  # noqa: S608 - names of ours
        connection.execute(text(f"UPDATE id_blocks SET next = next * {copies}"))  # noqa: S608 - a number
    engine.dispose()


_OF_SPANS = frozenset({"unit", "cell", "start", "scale", "value", "hour", "what"})


def _empty(connection: Connection) -> None:
    tables = (*_LEFT_OUT, *_COPIED)
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"TRUNCATE {', '.join(table.name for table in tables)} CASCADE"))
        return
    for table in tables:
        connection.execute(table.delete())


def _taken_aside(table: Table) -> str:
    key = ", ".join(column.name for column in table.primary_key)
    columns = ", ".join(f'"{name}"' for name in table.columns.keys())  # noqa: SIM118 - a collection of columns iterates over columns
    return f"CREATE TABLE aside_{table.name} AS SELECT {columns} FROM {table.name} ORDER BY {key}"  # noqa: S608 - names of ours


def _copied(table: Table, copies: int, dialect: str) -> str:
    """Return the statement that writes all copies, row by row of what was taken aside: the loops are nested as they stand here."""
    columns = [column.name for column in table.columns]
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(_value(name, copies) for name in columns)
    if dialect == "sqlite":
        numbers = f"WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k < {copies - 1}) "  # noqa: S608 - a number
        return f"{numbers}INSERT INTO {table.name} ({names}) SELECT {values} FROM aside_{table.name} CROSS JOIN n"  # noqa: S608 - names of ours
    key = "id" if "id" in columns else "invitation_id"
    # That the second has something of the first makes it the inner one.
    numbers = f"CROSS JOIN LATERAL generate_series(0, {copies - 1} + 0 * {key}) AS n(k)"
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM aside_{table.name} {numbers}"  # noqa: S608 - names of ours


def _value(name: str, copies: int) -> str:
    if name in _IDS:
        return f'"{name}" * {copies} + k'
    if name in _NAMES:
        return f"\"{name}\" || '-' || k"
    if name.endswith("_at"):
        return f'"{name}" - "{name}" % {HOUR} + ("{name}" + k * {HOUR // copies}) % {HOUR}'
    return f'"{name}"'


@contextmanager
def _words_apart(connection: Connection) -> Iterator[None]:
    """On SQLite the index of words is built at the end at once, instead of by a trigger a row."""
    if connection.dialect.name != "sqlite":
        yield
        return
    found = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ratings'")
    )
    triggers: Mapping[str, str] = {row.name: row.sql for row in found}
    for name in triggers:
        connection.execute(text(f'DROP TRIGGER "{name}"'))
    connection.execute(text("INSERT INTO rating_words(rating_words) VALUES ('delete-all')"))
    yield
    connection.execute(
        text("INSERT INTO rating_words(rowid, comment) SELECT id, comment FROM ratings WHERE comment IS NOT NULL")
    )
    for made in triggers.values():
        connection.exec_driver_sql(made)
