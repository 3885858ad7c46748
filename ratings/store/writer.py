"""The writer: one thread a process owns one connection and commits for everybody (group commit).

Callers queue operations. The thread takes all that wait, folds them kind by kind over the store inside one transaction,
commits, and only then answers each caller. An answer that was given is therefore on the disk. A batch that fails is redone by
bisection, so that one bad operation harms none.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ratings.store.unit import Ids, Unit
from ratings.times import Instant

Result = TypeVar("Result")

MAX_BATCH = 1_000
"""Operations in one transaction at the most: bounds how long the first of them waits for the last."""

IDS_PER_OPERATION = 64
"""Ids that one operation may need at the most, unless it says more by `ids_wanted`."""

RETRIES = 5
"""Times that a batch is tried again as it is when the database says that another process was in the way."""

_log = logging.getLogger("tapfive.store")


class StoreBusy(Exception):
    """More waits to be written than can be in time: the caller should be told to come again (503)."""


class StoreClosed(Exception):
    """The writer has stopped."""


class Operation(Generic[Result]):
    """Something to write. A kind of operation names the function that carries many of them out in one transaction."""

    __slots__ = ()

    order: ClassVar[int] = 50
    """Kinds are folded in this order within a batch; operations of one kind in the order of their arrival."""

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence[Any]) -> Sequence[Any]:
        """Carry out operations in the order given; return a result for each. May raise: then nothing was done."""
        raise NotImplementedError

    def ids_wanted(self) -> int:
        """How many new ids this operation may use."""
        return IDS_PER_OPERATION


Answer = Callable[[Any, BaseException | None], None]


class _Waiting:
    """An operation and how to answer whoever queued it."""

    __slots__ = ("error", "future", "loop", "operation", "result")

    def __init__(
        self,
        operation: Operation[Any],
        future: "asyncio.Future[Any] | Future[Any]",
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.operation = operation
        self.future = future
        self.loop = loop
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """The one thread that writes. Start it with `start`, end it with `stop`: what is queued is still written."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], Instant],
        *,
        max_waiting: int = 10_000,
        on_commit: Callable[[set[str]], None] = lambda _accounts: None,
        on_batch: Callable[[int, float], None] = lambda _size, _seconds: None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._max_waiting = max_waiting
        self._on_commit = on_commit
        self._on_batch = on_batch
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._ids = Ids()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tapfive-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then end. Returns when the thread has ended."""
        self._stopping = True
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._engine.dispose()

    @property
    def waiting(self) -> int:
        """How many operations are queued."""
        return self._queue.qsize()

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    async def do(self, operation: Operation[Result]) -> Result:
        """Queue an operation and return its result after the COMMIT.

        Raises StoreBusy when the queue is full, StoreClosed after `stop`, or what the operation raised.
        """
        return await self.queue(operation)

    def queue(self, operation: Operation[Result]) -> "asyncio.Future[Result]":
        """Queue an operation; the future has its result after the COMMIT. Raises as `do` does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._put(_Waiting(operation, future, loop))
        return future

    def do_now(self, operation: Operation[Result]) -> Result:
        """Do the same from a thread without an event loop: the command line, tests."""
        future: Future[Result] = Future()
        self._put(_Waiting(operation, future, None))
        return future.result()

    def _put(self, waiting: _Waiting) -> None:
        if self._stopping:
            raise StoreClosed
        if self._queue.qsize() >= self._max_waiting:
            raise StoreBusy
        self._queue.put(waiting)

    def _run(self) -> None:
        ended = False
        while not ended:
            batch: list[_Waiting] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= MAX_BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            ended = item is None
            if batch:
                started = time.perf_counter()
                self._write(batch)
                self._on_batch(len(batch), time.perf_counter() - started)
                _answer(batch)

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """Write a batch in one transaction; when that fails, in halves."""
        for attempt in range(RETRIES + 1):
            try:
                self._transaction(batch)
            except DBAPIError as error:
                # Another process won a race for a constraint, a lock or a deadlock: read again what it wrote.
                self._ids.forget()
                if attempt == RETRIES:
                    self._halve(batch, error)
                    return
            except Exception as error:  # noqa: BLE001 - whatever one operation raises must not end the thread
                self._ids.forget()
                self._halve(batch, error)
                return
            else:
                return

    def _halve(self, batch: Sequence[_Waiting], error: Exception) -> None:
        if len(batch) == 1:
            batch[0].error = error
            if isinstance(error, DBAPIError):
                # Only the kinds: the text of a database error holds the row, and so addresses and words.
                _log.error("write failed: %s in %s", type(error).__name__, type(batch[0].operation).__name__)
            return
        middle = len(batch) // 2
        self._write(batch[:middle])
        self._write(batch[middle:])

    def _transaction(self, batch: Sequence[_Waiting]) -> None:
        kinds: dict[type[Operation[Any]], list[_Waiting]] = {}
        wanted = 0
        for waiting in batch:
            kinds.setdefault(type(waiting.operation), []).append(waiting)
            wanted += waiting.operation.ids_wanted()
        with self._engine.begin() as connection:
            self._ids.reserve(connection, wanted)
            unit = Unit(connection, self._clock(), self._ids)
            for kind in sorted(kinds, key=lambda each: each.order):
                group = kinds[kind]
                results = kind.fold(unit, [waiting.operation for waiting in group])
                for waiting, result in zip(group, results, strict=True):
                    waiting.result = result
        if unit.woken:
            self._on_commit(unit.woken)


def _answer(batch: Sequence[_Waiting]) -> None:
    """Answer every caller: one call into each event loop, however many wait there."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for waiting in batch:
        if waiting.loop is not None:
            by_loop.setdefault(waiting.loop, []).append(waiting)
        elif waiting.error is not None:
            waiting.future.set_exception(waiting.error)
        else:
            waiting.future.set_result(waiting.result)
    for loop, group in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_answer_in_loop, group)


def _answer_in_loop(group: Sequence[_Waiting]) -> None:
    for waiting in group:
        if waiting.future.done():
            continue  # the caller went away; what it asked for is written all the same
        if waiting.error is not None:
            waiting.future.set_exception(waiting.error)
        else:
            waiting.future.set_result(waiting.result)
