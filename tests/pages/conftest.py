from collections.abc import AsyncIterator

import pytest

from bot.assembly import running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.pages.office import Office


@pytest.fixture
async def office(store_url: str, clock: Clock) -> AsyncIterator[Office]:
    """The service with its people, on each engine in turn."""
    async for started in _started(store_url, clock):
        yield started


@pytest.fixture
async def local(sqlite_url: str, clock: Clock) -> AsyncIterator[Office]:
    """The same on SQLite, for what does not depend on the store."""
    async for started in _started(sqlite_url, clock):
        yield started


async def _started(url: str, clock: Clock) -> AsyncIterator[Office]:
    parts = make_parts(url, clock, max_body=65_536)
    async with running(parts, work=False):
        office = Office(parts, clock)
        yield office
        await office.close()
