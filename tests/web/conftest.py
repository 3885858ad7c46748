from collections.abc import AsyncIterator

import pytest

from bot.assembly import running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.web.site import Site


@pytest.fixture
async def site(store_url: str, clock: Clock) -> AsyncIterator[Site]:
    """The service with somebody who was asked, on each engine in turn."""
    async for started in _started(store_url, clock):
        yield started


@pytest.fixture
async def local(sqlite_url: str, clock: Clock) -> AsyncIterator[Site]:
    """The same on SQLite, for what does not depend on the store."""
    async for started in _started(sqlite_url, clock):
        yield started


async def _started(url: str, clock: Clock) -> AsyncIterator[Site]:
    parts = make_parts(url, clock, max_body=65_536)
    async with running(parts, work=False):
        site = Site(parts, clock)
        site.ask()
        yield site
        await site.client.aclose()
