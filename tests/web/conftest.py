from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser

from bot.assembly import running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.web.browsing import Visitor, context_of, served
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


Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture
async def visit(browser: Browser, sqlite_url: str, clock: Clock) -> AsyncIterator[Visit]:
    """Open a tab on the service, with somebody who was asked. No page may complain, or ask another host for anything."""
    parts = make_parts(sqlite_url, clock, max_body=65_536)
    visitors: list[Visitor] = []
    async with served(parts, clock) as (site, home):
        site.ask()

        async def make(path: str = "", *, stopped: bool = False, script: str = "", **more: Any) -> Visitor:
            context = await context_of(browser, **more)
            visitor = Visitor(await context.new_page(), home, site)
            visitors.append(visitor)
            if script:
                await context.add_init_script(script)
            if stopped:
                await visitor.page.clock.install(time=1_000_000)
                await visitor.page.clock.pause_at(1_001_000)
            if path:
                await visitor.open(path)
            return visitor

        yield make
        for visitor in visitors:
            await visitor.page.context.close()
    assert [problem for visitor in visitors for problem in visitor.problems] == []
