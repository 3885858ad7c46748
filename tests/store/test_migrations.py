"""Migrations: they make what the schema says, once, and refuse a database from the future."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from ratings.store.engine import writer_engine
from ratings.store.migrate import DatabaseTooNew, migrate, migration_state
from ratings.store.schema import metadata
from ratings.store.surveys import load_surveys
from ratings.survey import DEFAULT_SURVEY

OURS = {"rating_words", "rating_words_data", "rating_words_idx", "rating_words_docsize", "rating_words_config"}


def test_the_migrations_make_what_the_schema_says(store_url: str) -> None:
    engine = writer_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _parents: (
                    not (kind == "table" and name in OURS)
                    and not (kind == "column" and name == "words")
                    and not (kind == "index" and name == "ix_ratings_words")
                )
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_first_migration_makes_the_default_survey(store_url: str) -> None:
    engine = writer_engine(store_url)
    with engine.connect() as connection:
        assert load_surveys(connection) == [DEFAULT_SURVEY]
    engine.dispose()


def test_migrating_again_does_nothing(store_url: str) -> None:
    before = migrate(store_url)
    assert before.up_to_date
    assert migration_state(store_url).up_to_date


def test_two_processes_that_start_at_once_migrate_once(postgres_server: str, tmp_path: Path) -> None:
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS racing"))
        connection.execute(text("CREATE DATABASE racing"))
    engine.dispose()
    racing = make_url(postgres_server).set(database="racing").render_as_string(hide_password=False)
    for url in (racing, f"sqlite:///{tmp_path}/racing.db"):
        with ThreadPoolExecutor(3) as pool:
            states = list(pool.map(migrate, [url] * 3))
        assert sorted(state.up_to_date for state in states) == [False, True, True]


def test_a_database_newer_than_the_program_is_refused_with_a_clear_line(store_url: str) -> None:
    engine = writer_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for act in (migrate, migration_state):
        with pytest.raises(DatabaseTooNew, match=r"revision 9999.*install the newer"):
            act(store_url)
