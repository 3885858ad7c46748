"""Engines: SQLite (WAL, synchronous=FULL) and PostgreSQL by psycopg 3; one for the writer, one for readers."""

import time
from collections.abc import Mapping
from sqlite3 import SQLITE_BUSY, Cursor, OperationalError
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 10_000
"""How long an SQLite connection waits for another process's transaction."""

STATEMENTS = 256
"""How many compiled statements an SQLite connection keeps: all that the writer has, so that a batch compiles none."""

WAL_PAUSE_SECONDS = 0.01
"""Between two tries to make a file write ahead, where SQLite does not wait by itself."""

CONNECT_SECONDS = 5
"""How long PostgreSQL may take to be reached: less than a platform waits for a hook's answer."""

WRITER_TIMEOUTS = {"statement_timeout": 30_000, "idle_in_transaction_session_timeout": 30_000}
"""Milliseconds. The statements of a batch take some hundreds at the most, also where they wait for another process's rows;
and a process that was frozen in the middle of a batch keeps those rows from the others no longer than this."""

READER_TIMEOUTS = {"statement_timeout": 60_000, "idle_in_transaction_session_timeout": 60_000}
"""Milliseconds. A report over millions of ratings takes seconds; nobody waits a minute for a page."""

LIVELINESS = {
    "connect_timeout": CONNECT_SECONDS,
    # A server that vanished without a word (failover, a firewall that forgot us) is noticed in half a minute: idle
    # connections by probes, busy ones by what is sent and not taken.
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Of libpq: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""


def writer_engine(url: str) -> Engine:
    """Return the engine of the writer thread: on SQLite its transactions take the write lock when they begin."""
    return _engine(url, begin="BEGIN IMMEDIATE", pool_size=1, settings=WRITER_TIMEOUTS)


def migration_engine(url: str) -> Engine:
    """Return an engine that writes and has time: building an index takes as long as it takes."""
    return _engine(url, begin="BEGIN IMMEDIATE", pool_size=1, settings={})


def reader_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Return the engine of the worker threads that read: they cannot write by mistake, and see one state all along.

    A report has many statements; on SQLite all of a transaction see what the first one saw.
    """
    settings = {
        **READER_TIMEOUTS,
        "default_transaction_read_only": "on",
        "default_transaction_isolation": "repeatable\\ read",  # the server parts options at spaces
        # What a page reads takes less time than to compile it, and that is done anew for each statement.
        "jit": "off",
    }
    return _engine(url, begin="BEGIN", pool_size=pool_size, read_only=True, settings=settings)


def is_sqlite(url: str) -> bool:
    """True when the URL names an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def _postgresql(parsed: URL, pool_size: int, settings: Mapping[str, object]) -> Engine:
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    # What the operator's URL says is more than ours: its keys stay, and of two options the server takes the later.
    options = [f"-c {name}={value}" for name, value in settings.items()]
    given = parsed.query.get("options", ())
    options += [given] if isinstance(given, str) else given
    arguments = {key: value for key, value in LIVELINESS.items() if key not in parsed.query}
    return create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={**arguments, "options": " ".join(options)},
    )


def _use_wal(cursor: Cursor) -> None:
    """Write ahead.

    The change wants the file for itself, and SQLite does not always wait for it: of processes that start at once
    one may be told "locked", however long its timeout.
    """
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(WAL_PAUSE_SECONDS)  # noqa: TID251 - nothing tells when another process is done with the file
        else:
            return


def _engine(url: str, *, begin: str, pool_size: int, settings: Mapping[str, object], read_only: bool = False) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _postgresql(parsed, pool_size, settings)
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # an error must not show addresses and words
        connect_args={
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "cached_statements": STATEMENTS,
        },
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        assert isinstance(connection, SqliteConnection)
        # The driver's own transaction handling is off: ours begin when and how we say (SQLAlchemy's pysqlite notes).
        connection.isolation_level = None
        cursor = connection.cursor()
        _use_wal(cursor)
        # FULL: a commit is on the disk before the platform gets its 200. WAL's default, NORMAL, may lose the last ones.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # Moving the log into the file costs its own flushes: every 32 MB instead of every 4 MB.
        cursor.execute("PRAGMA wal_autocheckpoint=8000")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA mmap_size=268435456")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: object) -> None:
        connection.exec_driver_sql(begin)  # type: ignore[attr-defined] # the event's type is wider than what it passes

    return engine
