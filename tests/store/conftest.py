from collections.abc import Callable

import pytest

from ratings.store.store import Store
from ratings.times import Instant
from tests.store.world import World


@pytest.fixture
def world(store: Store, clock: Callable[[], Instant]) -> World:
    return World(store, clock)
