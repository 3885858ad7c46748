"""Engines: SQLite (WAL, synchronous=FULL) and PostgreSQL by psycopg 3; one for the writer, one for readers."""

from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 10_000
"""How long an SQLite connection waits for another process's transaction."""


def writer_engine(url: str) -> Engine:
    """Return the engine of the writer thread: on SQLite its transactions take the write lock when they begin."""
    return _engine(url, begin="BEGIN IMMEDIATE", pool_size=1)


def reader_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Return the engine of the worker threads that read. On SQLite a reader cannot write by mistake."""
    return _engine(url, begin="BEGIN", pool_size=pool_size, read_only=True)


def is_sqlite(url: str) -> bool:
    """True when the URL names an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def _engine(url: str, *, begin: str, pool_size: int, read_only: bool = False) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_size=pool_size, max_overflow=0, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,  # an error must not show addresses and words
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        assert isinstance(connection, SqliteConnection)
        # The driver's own transaction handling is off: ours begin when and how we say (SQLAlchemy's pysqlite notes).
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
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
