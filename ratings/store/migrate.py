"""Migrations: where a database stands, and how it comes to where the program is."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ratings.store.engine import migration_engine

_MIGRATION_LOCK = 7_461_706_665  # any number of ours: PostgreSQL's advisory lock while migrations run


class DatabaseTooNew(Exception):
    """The database was migrated by a newer program than this one."""


@dataclass(frozen=True, slots=True)
class MigrationState:
    """Where a database stands (None: empty) and where this program wants it."""

    current: str | None
    wanted: str

    @property
    def up_to_date(self) -> bool:
        """True when nothing is to be done."""
        return self.current == self.wanted


def migration_state(url: str) -> MigrationState:
    """Return where the database stands. Raises DatabaseTooNew, or SQLAlchemyError when it cannot be reached."""
    engine = migration_engine(url)
    try:
        with engine.connect() as connection:
            return _state(connection, _config())
    finally:
        engine.dispose()


def migrate(url: str) -> MigrationState:
    """Bring the database to where this program wants it; return where it stood. Raises DatabaseTooNew.

    Several processes may start at once: one migrates, the others wait for it and find nothing to do.
    """
    engine = migration_engine(url)
    config = _config()
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})
            before = _state(connection, config)
            if not before.up_to_date:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            return before
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _state(connection: Connection, config: Config) -> MigrationState:
    scripts = ScriptDirectory.from_config(config)
    wanted = scripts.get_current_head()
    assert wanted is not None
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseTooNew(
            f"the database is at revision {current}, which this version does not know (it knows up to {wanted}): "
            "install the newer Tapfive that migrated it, or restore a backup from before"
        )
    return MigrationState(current, wanted)
