"""Workers: one an account, each on its own, so that one platform's or one desk's trouble delays no other's.

A worker claims a handful (the pace says how many), acts on them at the same time and records what came of each. What an
error says decides, in the store, what happens next.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog

from bot.restarts import keep_running
from bot.wake import Wake
from ratings.store.writer import Operation, StoreBusy, StoreClosed, Writer
from ratings.times import SECOND, Duration, Instant

IN_FLIGHT = 64
"""Jobs of one account that are carried out at the same time."""

IDLE_SECONDS = 1.0
"""How long a worker sleeps when nothing is known to be due: what no wake-up told it waits this long at the most."""

LEASE_MARGIN: Duration = 30 * SECOND
"""What a lease has over the requests' timeouts, for the queue before the writer."""

_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0  # seconds between two tries to record a result
_log = structlog.get_logger("tapfive.outbox")


class Work(ABC):
    """What the worker of one account does."""

    account: str

    @abstractmethod
    def claim(self, most: int) -> Operation[Any]:
        """Return what claims at most so many jobs; its result has `jobs` and `again_at` (None: nothing is known to wait)."""

    @abstractmethod
    async def carry_out(self, job: Any) -> Operation[None]:
        """Carry out a claimed job and return what records its result. Never raises, but when it is cancelled."""


class Workers:
    """A worker for each work. `stop` lets them come to their end; `finish` waits for it and for the work in hand.

    A worker is not cancelled before: a claim that waits for the writer is carried out all the same, and with nobody to
    take what it brings, its jobs would be lost.
    """

    def __init__(self, writer: Writer, works: Sequence[Work], wake: Wake, clock: Callable[[], Instant]) -> None:
        self._writer = writer
        self._works = works
        self._wake = wake
        self._clock = clock
        self._stopping = False
        self._workers: set[asyncio.Task[None]] = set()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._unrecorded: Counter[str] = Counter()  # results by account that the store does not take now

    async def run(self) -> None:
        """Work until `stop`."""
        async with asyncio.TaskGroup() as group:
            for work in self._works:
                running = keep_running(f"outbox {work.account}", partial(self._work, work))
                self._keep(group.create_task(running), self._workers)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        for work in self._works:
            self._wake.event(work.account).set()

    async def finish(self, seconds: float) -> None:
        """Stop, and wait for what is in hand: its requests are out, and their results belong into the store."""
        self.stop()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        for tasks in (self._workers, self._in_hand):  # a worker that ends may still bring work
            if tasks:
                await asyncio.wait(tasks, timeout=max(0.0, until - loop.time()))

    async def _work(self, work: Work) -> None:
        event = self._wake.event(work.account)
        mine: set[asyncio.Task[None]] = set()
        while not self._stopping:
            event.clear()
            again_at: Instant | None = None
            # Results first: until the store has them, it can only take what is in hand for lost.
            if len(mine) <= IN_FLIGHT // 2 and not self._unrecorded[work.account]:
                jobs, again_at = await self._claim(work, IN_FLIGHT - len(mine))
                for job in jobs:
                    task = asyncio.create_task(self._carry_out(work, job))
                    self._keep(task, mine, self._in_hand)
                    task.add_done_callback(lambda _task: event.set())
            wait = (
                IDLE_SECONDS if again_at is None else min(IDLE_SECONDS, max(0.0, (again_at - self._clock()) / SECOND))
            )
            try:
                async with asyncio.timeout(wait):
                    await event.wait()
            except TimeoutError:
                pass

    async def _claim(self, work: Work, most: int) -> tuple[Sequence[Any], Instant | None]:
        try:
            claims = await self._writer.do(work.claim(most))
        except StoreClosed:
            self._stopping = True
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; the worker must outlive it
            _log.warning("could not claim", account=work.account, error=type(error).__name__)
        else:
            return claims.jobs, claims.again_at
        return (), None

    async def _carry_out(self, work: Work, job: Any) -> None:
        await self._record(work.account, await work.carry_out(job))

    async def _record(self, account: str, finish: Operation[None]) -> None:
        """Record a result, however long the store is away: only it knows that the request is out."""
        wait = _FIRST_WAIT
        late = False
        try:
            while True:
                try:
                    await self._writer.do(finish)
                except StoreBusy:
                    if not late:
                        late = True
                        self._unrecorded[account] += 1
                    await asyncio.sleep(wait)
                    wait = min(2 * wait, _LONGEST_WAIT)
                else:
                    return
        except StoreClosed:
            pass  # the attempt stays open: its outcome is unknown to whoever comes next
        except Exception as error:  # noqa: BLE001 - a defect; the lease ends the job
            _log.error("could not record a result", account=account, error=type(error).__name__)
        finally:
            self._unrecorded[account] -= late

    @staticmethod
    def _keep(task: asyncio.Task[None], *places: set[asyncio.Task[None]]) -> None:
        for place in places:
            place.add(task)
            task.add_done_callback(place.discard)
