from collections.abc import AsyncIterator

import pytest

from bot.assembly import running
from tests.api.service import Service, make_parts
from tests.conftest import Clock


@pytest.fixture
async def service(store_url: str, clock: Clock) -> AsyncIterator[Service]:
    """The whole service, on each engine in turn."""
    parts = make_parts(store_url, clock)
    async with running(parts, work=False):
        started = Service(parts, clock)
        yield started
        await started.client.aclose()


@pytest.fixture
async def public(store_url: str, clock: Clock) -> AsyncIterator[Service]:
    """The whole service on each engine, with an address that customers reach."""
    parts = make_parts(store_url, clock, public_url="https://rate.example")
    async with running(parts, work=False):
        started = Service(parts, clock)
        yield started
        await started.client.aclose()


@pytest.fixture
async def local(sqlite_url: str, clock: Clock) -> AsyncIterator[Service]:
    """The whole service on SQLite, for what does not touch the store."""
    parts = make_parts(sqlite_url, clock)
    async with running(parts, work=False):
        started = Service(parts, clock)
        yield started
        await started.client.aclose()
