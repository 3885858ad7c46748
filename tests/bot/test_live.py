"""New ratings told to pages that are open: by one reader, by rights, without a gap after a break, with an end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from bot.web.live import Live
from ratings.rights import EVERYTHING, Sight
from ratings.store.store import Store
from tests.conftest import Clock
from tests.store.world import World

SOON = 0.02


class Listener:
    """A page that listens."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream

    async def next(self) -> tuple[str, int, int]:
        """Return the next event: its name, its number and the invitation that it is about (0: none)."""
        while True:
            async with asyncio.timeout(60):
                block = (await anext(self._stream)).decode()
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
            if "event" in fields:
                return fields["event"], int(fields["id"]), json.loads(fields["data"]).get("invitation", 0)

    async def is_over(self) -> bool:
        """Read on to the end."""
        async with asyncio.timeout(60):
            return [block async for block in self._stream if not block.startswith(b":")] == []


@pytest.fixture
async def live(store: Store) -> AsyncIterator[Live]:
    made = Live(store, every=SOON, heartbeat=SOON, most=3)
    yield made
    await made.stop()


@pytest.fixture
def world(store: Store, clock: Clock) -> World:
    return World(store, clock)


def rate(world: World, ticket: str, form: str) -> int:
    """Have a ticket rated, as another process would."""
    invitation = world.close(ticket, form=form).invitation_id
    world.work()
    world.tap(invitation, 2)
    world.number()
    return invitation


async def listening(live: Live, sight: Sight = EVERYTHING, after: int | None = None) -> tuple[Listener, int]:
    """Begin to listen; return the number that the stream begins at."""
    listener = Listener(live.listen(sight, after))
    name, number, _ = await listener.next()
    assert name == "ready"
    return listener, number


async def one_too_many(live: Live) -> bool:
    """True when whoever listens now is only told to come again later: the answer has begun, and cannot be a refusal any more."""
    return [block async for block in live.listen(EVERYTHING)] == [b"retry: 60000\n\n"]


async def test_each_page_is_told_what_its_rights_let_it_see(live: Live, world: World) -> None:
    rate(world, "T-0", "web")
    everything, begin = await listening(live)
    web, _ = await listening(live, Sight(("web",)))
    first, second = rate(world, "T-1", "shop"), rate(world, "T-2", "web")
    told = [await everything.next(), await everything.next()]
    assert [(name, about) for name, _, about in told] == [("rating", first), ("rating", second)]
    assert begin < told[0][1] < told[1][1]
    assert (await web.next())[2] == second


async def test_after_a_break_nothing_is_missing_and_nothing_comes_twice(live: Live, world: World) -> None:
    listener, _ = await listening(live)
    first = rate(world, "T-1", "web")
    _, number, about = await listener.next()
    assert about == first
    second = rate(world, "T-2", "web")
    again, begin = await listening(live, after=number)
    assert begin == number
    assert (await again.next())[2] == second
    third = rate(world, "T-3", "web")
    assert (await again.next())[2] == third


async def test_streams_end_when_the_service_does_and_when_too_many_listen(live: Live, world: World) -> None:
    listeners = [(await listening(live))[0] for _ in range(3)]
    assert await one_too_many(live)
    await live.stop()
    for listener in listeners:
        assert await listener.is_over()
    assert live.clients == 0
    assert await one_too_many(live)
    assert rate(world, "T-1", "web")


async def test_a_stream_says_that_it_lives_and_ends_in_time(live: Live) -> None:
    blocks = [block async for block in live.listen(EVERYTHING, longest=5 * SOON)]
    assert blocks[1:]
    assert set(blocks[1:]) == {b": still here\n\n"}


async def test_one_reader_reads_for_all_and_only_while_somebody_listens(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read: Callable[..., object] = store.read

    async def counted(*arguments: object, **more: object) -> object:
        nonlocal reads
        reads += 1
        return await read(*arguments, **more)  # type: ignore[misc] # a coroutine, as `read` is

    monkeypatch.setattr(store, "read", counted)
    live = Live(store, every=3600)
    streams = [live.listen(EVERYTHING) for _ in range(20)]
    for stream in streams:
        await anext(stream)
    assert reads <= 2
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined] # of a generator
    assert live.clients == 0
    await live.stop()
