"""Endpoints in the store: one worker each, results under its lease alone, records that end."""

from collections.abc import Callable
from typing import Any

import pytest

from ratings.deliveries import EndpointState, Reply
from ratings.errors import InvalidInput
from ratings.reports.deliveries import list_deliveries
from ratings.store import cleaning
from ratings.store import deliveries as deliveries_module
from ratings.store import endpoints as endpoints_module
from ratings.store.cleaning import KEEP, Clean
from ratings.store.deliveries import LEASE, ClaimEndpoint, PassOver, RecordDelivery, due_endpoints
from ratings.store.driver import writing
from ratings.store.endpoints import (
    MAX_SECRETS,
    ChangeEndpoint,
    CreateEndpoint,
    DeleteEndpoint,
    Endpoint,
    RotateSecret,
    TooMany,
    list_endpoints,
)
from ratings.store.store import Store
from ratings.store.writer import Operation
from ratings.times import DAY, HOUR, SECOND
from tests.conftest import Clock
from tests.store.world import World


@pytest.fixture
def endpoint(world: World) -> Endpoint:
    """An endpoint that two events wait for."""
    world.tap(world.asked(), 5)
    world.number()
    return world.store.writer.do_now(CreateEndpoint("https://x.example", "whsec_a", "test", since=0))


def claim(world: World, endpoint: Endpoint, lease: str) -> Endpoint | None:
    return world.store.writer.do_now(ClaimEndpoint(endpoint.id, lease))


def record(
    world: World, endpoint: Endpoint, lease: str, number: int, status: int | None, *, jitter: float = 0
) -> Endpoint | None:
    reply = Reply(status, problem="" if status else "no connection")
    return world.store.writer.do_now(RecordDelivery(endpoint.id, lease, number, reply, world.clock(), jitter))


def now(world: World) -> Endpoint:
    (endpoint,) = world.store.read_now(list_endpoints)
    return endpoint


def due(world: World) -> list[int]:
    return world.store.read_now(due_endpoints, world.clock())


def test_one_worker_holds_an_endpoint_until_its_lease_is_over(
    world: World, endpoint: Endpoint, clock: Clock, make_store: Callable[[str], Store]
) -> None:
    assert due(world) == [endpoint.id]
    held = claim(world, endpoint, "one")
    assert held == endpoint
    other = World(make_store(world.store.url), clock)
    assert claim(other, endpoint, "two") is None
    assert due(other) == []
    clock.forward(LEASE - 1)
    assert record(world, endpoint, "one", 1, 200) is not None  # renews it
    clock.forward(LEASE - 1)
    assert claim(other, endpoint, "two") is None
    clock.forward(1)
    assert claim(other, endpoint, "two") is not None
    assert record(world, endpoint, "one", 2, 200) is None
    assert now(world).standing.position == 1  # who lost the lease moves nothing
    assert len(world.store.read_now(list_deliveries, endpoint.id).items) == 2  # but what happened is known


def test_a_failure_gives_the_lease_back_and_waits(world: World, endpoint: Endpoint, clock: Clock) -> None:
    claim(world, endpoint, "one")
    assert record(world, endpoint, "one", 1, None, jitter=1) is None
    assert due(world) == []
    clock.forward(5_500)
    assert due(world) == [endpoint.id]
    assert claim(world, endpoint, "two") is not None
    assert record(world, endpoint, "two", 1, 200) is not None
    assert world.store.writer.do_now(PassOver(endpoint.id, "two", 2, release=True)) is None
    assert (now(world).standing.position, due(world)) == (2, [])


def test_what_a_person_changed_ends_the_lease_but_a_pause_lets_the_request_come_home(
    world: World, endpoint: Endpoint
) -> None:
    claim(world, endpoint, "one")
    world.store.writer.do_now(ChangeEndpoint(endpoint.id, "test", state=EndpointState.PAUSED))
    assert record(world, endpoint, "one", 1, 200) is None
    assert (now(world).standing.position, now(world).standing.state) == (1, EndpointState.PAUSED)
    assert claim(world, endpoint, "two") is None
    world.store.writer.do_now(ChangeEndpoint(endpoint.id, "test", state=EndpointState.ACTIVE))
    claim(world, endpoint, "three")
    world.store.writer.do_now(ChangeEndpoint(endpoint.id, "test", since=0))
    assert record(world, endpoint, "three", 2, 200) is None
    assert world.store.writer.do_now(PassOver(endpoint.id, "three", 2, release=True)) is None
    assert now(world).standing.position == 0


def test_since_is_an_event_that_there_is(world: World, endpoint: Endpoint) -> None:
    wanted: list[Operation[Any]] = [
        CreateEndpoint("https://x.example", "s", "test", since=3),
        ChangeEndpoint(endpoint.id, "test", since=3),
    ]
    for operation in wanted:
        with pytest.raises(InvalidInput) as caught:
            world.store.writer.do_now(operation)
        assert "up to 2" in str(caught.value)


def test_there_are_so_many_and_no_more(world: World, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints_module, "MAX_ENDPOINTS", 1)
    with pytest.raises(TooMany):
        world.store.writer.do_now(CreateEndpoint("https://x.example", "s", "test"))
    for number in range(MAX_SECRETS - 1):
        world.store.writer.do_now(RotateSecret(endpoint.id, "test", f"s{number}", DAY))
    with pytest.raises(TooMany):
        world.store.writer.do_now(RotateSecret(endpoint.id, "test", "one more", DAY))
    rotated = world.store.writer.do_now(RotateSecret(endpoint.id, "test", "the only one", 0))
    assert rotated is not None
    assert [each.secret for each in rotated.secrets] == ["the only one"]


def test_records_end_and_failures_are_kept_longer_than_successes(
    world: World, endpoint: Endpoint, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries_module, "KEEP_DELIVERED", 2)

    def statuses() -> list[int]:
        return [item["status"] for item in world.store.read_now(list_deliveries, endpoint.id).items]

    for status in (200, 500, 200, 200, 200, 500):
        record(world, endpoint, "nobody's", 1, status)
        clock.forward(SECOND)
    assert world.store.writer.do_now(Clean()) == 2
    assert statuses() == [500, 200, 200, 500]
    clock.forward(KEEP - HOUR)
    record(world, endpoint, "nobody's", 1, 410)
    assert world.store.writer.do_now(Clean()) == 0
    clock.forward(2 * HOUR)
    world.store.writer.do_now(Clean())
    assert statuses() == [410]


def test_a_portion_of_records_is_forgotten_whatever_the_number_of_endpoints(
    world: World, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries_module, "KEEP_DELIVERED", 0)
    monkeypatch.setattr(cleaning, "PORTION", 2)
    other = world.store.writer.do_now(CreateEndpoint("https://y.example", "whsec_b", "test", since=0))
    for number in range(4):
        record(world, endpoint, "nobody's", number, 200)
        record(world, other, "nobody's", number, 200)
    assert [world.store.writer.do_now(Clean()) for _ in range(5)] == [2, 2, 2, 2, 0]


def test_forgetting_for_years_takes_no_more_memory_than_once(world: World, clock: Clock, endpoint: Endpoint) -> None:
    compiled: list[int] = []
    for number in range(3):
        clock.forward(KEEP)
        record(world, endpoint, "nobody's", number, 500)
        world.write("nobody asked")
        clock.forward(KEEP + DAY)
        assert world.store.writer.do_now(Clean()) >= 2
        compiled.append(writing.cache_info().currsize)
    assert compiled[1] == compiled[2]


def test_lists_go_on_where_they_ended(world: World, endpoint: Endpoint) -> None:
    for number in range(1, 6):
        record(world, endpoint, "nobody's", number, 500)
    first = world.store.read_now(list_deliveries, endpoint.id, limit=3)
    rest = world.store.read_now(list_deliveries, endpoint.id, limit=3, cursor=first.next)
    assert [item["event"] for item in (*first.items, *rest.items)] == [5, 4, 3, 2, 1]
    assert rest.next is None


def test_what_is_deleted_is_gone_with_its_records(world: World, endpoint: Endpoint) -> None:
    claim(world, endpoint, "one")
    record(world, endpoint, "one", 1, 500)
    assert world.store.writer.do_now(DeleteEndpoint(endpoint.id, "test"))
    assert not world.store.writer.do_now(DeleteEndpoint(endpoint.id, "test"))
    assert record(world, endpoint, "one", 1, 200) is None
    assert world.store.writer.do_now(ChangeEndpoint(endpoint.id, "test", url="https://y.example")) is None
    assert world.store.read_now(list_deliveries, endpoint.id).items == []
