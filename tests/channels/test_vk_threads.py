"""Few threads, each with an instance of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from channels.vk.threads import Threads
from net.errors import Unreachable


class Instance:
    closed = 0


class Making:
    def __init__(self) -> None:
        self.made: list[Instance] = []

    def __call__(self) -> Instance:
        self.made.append(Instance())
        return self.made[-1]


def running() -> int:
    return sum(thread.name.startswith("vk") for thread in threading.enumerate())


def put_away(instance: Instance) -> None:
    instance.closed += 1


@pytest.fixture
def making() -> Making:
    return Making()


@pytest.fixture
async def threads(making: Making) -> AsyncIterator[Threads[Instance]]:
    made = Threads(2, making)
    yield made
    await made.close(put_away)
    assert all(instance.closed == 1 for instance in making.made)


async def test_each_thread_has_its_own_instance_and_keeps_it(threads: Threads[Instance], making: Making) -> None:
    both = threading.Barrier(2)

    def work(instance: Instance) -> tuple[int, Instance]:
        both.wait(10)  # passes only when two work at the same time
        return threading.get_ident(), instance

    seen = await asyncio.gather(*(threads.run(work, 10) for _ in range(6)))
    assert len({thread for thread, _ in seen}) == len({instance for _, instance in seen}) == len({*seen}) == 2
    assert len(making.made) == 2


async def test_nothing_is_made_before_the_first_call(threads: Threads[Instance], making: Making) -> None:
    assert making.made == []
    assert running() == 0
    await threads.run(lambda _: None, 10)
    assert len(making.made) == 1
    assert running() == 1


async def test_whoever_is_cancelled_leaves_the_thread_busy_until_its_work_has_ended(threads: Threads[Instance]) -> None:
    begun, free = threading.Barrier(3), threading.Event()

    def work(_: Instance) -> None:
        begun.wait(10)
        free.wait(10)
        raise ValueError("nobody is left to hear this")

    busy = [asyncio.create_task(threads.run(work, 10)) for _ in range(2)]
    await asyncio.to_thread(begun.wait, 10)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    with pytest.raises(Unreachable) as failure:
        await threads.run(lambda _: "sent", 0.01)
    assert failure.value.platform_code == "busy"
    waiting = asyncio.create_task(threads.run(lambda _: "sent", 10))
    free.set()
    assert await waiting == "sent"


async def test_a_thread_whose_instance_could_not_be_made_tries_again(making: Making) -> None:
    tries = iter([ImportError("not now")])

    def make() -> Instance:
        for failure in tries:
            raise failure
        return making()

    threads = Threads(1, make)
    with pytest.raises(ImportError):
        await threads.run(lambda _: None, 10)
    assert await threads.run(lambda _: "sent", 10) == "sent"
    await threads.close(put_away)
