"""Few threads for a library that blocks, with one instance of it in each: a shared one would let a single call through."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from net.errors import Unreachable

Instance = TypeVar("Instance")
Result = TypeVar("Result")


class Threads(Generic[Instance]):
    """At most `count` calls at a time. Starts no thread before the first. Use it in one event loop, and close it."""

    def __init__(self, count: int, make: Callable[[], Instance]) -> None:
        self._make = make
        self._made: list[Instance] = []
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="vk")
        self._free = asyncio.Semaphore(count)
        self._own = threading.local()

    async def run(self, work: Callable[[Instance], Result], wait: float) -> Result:
        """Do `work` with a thread's own instance. Raises Unreachable when no thread was free for `wait` seconds.

        Whoever is cancelled meanwhile leaves the thread to its work: it counts as busy until it has ended.
        """
        await self._turn(wait)
        doing = asyncio.get_running_loop().run_in_executor(self._pool, self._in_thread, work)
        doing.add_done_callback(self._ended)
        return await asyncio.shield(doing)

    async def close(self, put_away: Callable[[Instance], None]) -> None:
        """Wait for the work in hand, and put every instance away."""
        await asyncio.to_thread(self._pool.shutdown)
        for instance in self._made:
            put_away(instance)

    async def _turn(self, wait: float) -> None:
        try:
            async with asyncio.timeout(wait):
                await self._free.acquire()
        except TimeoutError:
            failure = Unreachable("all threads were busy: nothing was sent", platform_code="busy")
        else:
            return
        raise failure

    def _in_thread(self, work: Callable[[Instance], Result]) -> Result:
        if not hasattr(self._own, "instance"):
            self._own.instance = self._make()
            self._made.append(self._own.instance)
        instance: Instance = self._own.instance
        return work(instance)

    def _ended(self, doing: "asyncio.Future[Result]") -> None:
        self._free.release()
        if not doing.cancelled():
            doing.exception()  # looked at, also where nobody waits any more
