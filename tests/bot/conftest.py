from collections.abc import AsyncIterator, Callable

import pytest

from ratings.store.store import Store
from ratings.times import Instant
from tests.bot.kit import Office
from tests.store.world import World


@pytest.fixture
async def office(
    sqlite_url: str, make_store: Callable[[str], Store], clock: Callable[[], Instant]
) -> AsyncIterator[Office]:
    office = Office(World(make_store(sqlite_url), clock))
    await office.wake.start()
    yield office
    await office.wake.stop()
