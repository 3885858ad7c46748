"""The writer: one thread a process owns one connection and commits for everybody (group commit).

Callers queue operations. The thread takes all that wait, folds them kind by kind over the store inside one transaction,
commits, and only then answers each caller. An answer that was given is therefore on the disk. A batch that fails because of
what is in it is redone by bisection, so that one bad operation harms none; one that fails because the database is away is
answered at once, all of it, with StoreAway. Nobody waits for ever: whatever ends the thread, everyone who waits is answered.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ratings.store.roll_up import write_counts
from ratings.store.trouble import Trouble, trouble_of
from ratings.store.unit import Ids, Unit
from ratings.times import Instant

Result = TypeVar("Result")

MAX_BATCH = 1_000
"""Operations in one transaction at the most: bounds how long the first of them waits for the last."""

IDS_PER_OPERATION = 64
"""Ids that one operation may need at the most, unless it says more by `ids_wanted`."""

RETRIES = 5
"""Times that a batch is tried again as it is when the database says that another process won a race."""

RETRIES_LOCKED = 1
"""The same when another process holds a lock: each try has waited for it already, and a platform waits no longer."""

_log = logging.getLogger("tapfive.store")


class StoreBusy(Exception):
    """More waits to be written than can be in time: the caller should be told to come again (503)."""


class StoreAway(StoreBusy):
    """The database cannot be reached, or cannot write now. Its cause is the driver's error."""


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

    __slots__ = ("answered", "error", "future", "loop", "operation", "result")

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
        self.answered = False


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
        self._closing = threading.Lock()  # held to queue and to stop: nothing gets into the queue behind its end
        self._away: Exception | None = None  # why nothing could be written the last time
        self._ended: Future[None] = Future()
        self._ended.set_running_or_notify_cancel()  # who waits for it may be cancelled; it cannot
        self._thread = threading.Thread(target=self._run, name="tapfive-writer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, then end. Returns when the thread has ended."""
        with self._closing:
            self._stopping = True
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._refuse([])
        self._engine.dispose()

    @property
    def waiting(self) -> int:
        """How many operations are queued."""
        return self._queue.qsize()

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    @property
    def ended(self) -> "Future[None]":
        """Done once the thread has ended, by `stop` or by a failure that nobody foresaw."""
        return self._ended

    async def do(self, operation: Operation[Result]) -> Result:
        """Queue an operation and return its result after the COMMIT.

        Raises StoreBusy when the queue is full, StoreAway when the database is, StoreClosed after `stop`, or what the
        operation raised.
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
        with self._closing:
            if self._stopping:
                raise StoreClosed
            if self._queue.qsize() >= self._max_waiting:
                raise StoreBusy
            self._queue.put(waiting)

    def _run(self) -> None:
        batch: list[_Waiting] = []
        try:
            ended = False
            while not ended:
                batch, ended = self._take()
                if batch:
                    self._carry_out(batch)
        except BaseException as error:  # noqa: BLE001 - nobody is above a thread: those who wait must hear of it
            _log.critical("the writer ended: %s", type(error).__name__)
        finally:
            with self._closing:
                self._stopping = True
            self._refuse(batch)
            self._ended.set_result(None)

    def _take(self) -> tuple[list[_Waiting], bool]:
        """Wait for a batch; return it, and whether it is the last."""
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
        return batch, item is None

    def _carry_out(self, batch: Sequence[_Waiting]) -> None:
        started = time.perf_counter()
        woken: set[str] = set()
        tried = False
        for group in self._transactions(batch):
            if tried and self._away is not None:
                self._put_off(group, self._away)  # one try a batch: each may wait for a server that is silent
            else:
                woken |= self._write(group)
            tried = True
        seconds = time.perf_counter() - started
        # What is committed is committed: who only listens cannot undo it, nor keep it from those who wait.
        try:
            if woken:
                self._on_commit(woken)
            self._on_batch(len(batch), seconds)
        except Exception as error:  # noqa: BLE001 - as the comment above says
            _log.error("a listener of the writer failed: %s", type(error).__name__)
        _answer(batch)

    def _transactions(self, batch: Sequence[_Waiting]) -> Sequence[Sequence[_Waiting]]:
        """Return what goes into one transaction each: on SQLite all, since a commit is what costs.

        On PostgreSQL a kind each: every kind locks its rows in the one order that all processes keep; two kinds in one
        transaction would lock a second time from the beginning of that order, and deadlock with others.
        """
        if self._engine.dialect.name != "postgresql":
            return [batch]
        kinds: dict[type[Operation[Any]], list[_Waiting]] = {}
        for waiting in batch:
            kinds.setdefault(type(waiting.operation), []).append(waiting)
        return [kinds[kind] for kind in sorted(kinds, key=lambda each: each.order)]

    def _refuse(self, batch: Sequence[_Waiting]) -> None:
        """Answer StoreClosed to all who still wait: those of `batch` that nobody answered, and those in the queue."""
        waiting = [each for each in batch if not each.answered]
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is not None:
                waiting.append(item)
        for each in waiting:
            each.error = StoreClosed()
        _answer(waiting)

    def _write(self, batch: Sequence[_Waiting]) -> set[str]:
        """Write a batch in one transaction; when one of its operations is to blame, in halves. Return whom to wake."""
        attempt = 0
        while True:
            try:
                woken = self._transaction(batch)
            except Exception as error:  # noqa: BLE001 - whatever one operation raises must not end the thread
                self._ids.forget()
                trouble = trouble_of(error)
                if attempt < _TRIES_AGAIN.get(trouble, 0):
                    attempt += 1
                elif trouble in {Trouble.AWAY, Trouble.LOCKED}:
                    self._put_off(batch, error)
                    return set()
                else:
                    return self._halve(batch, error)
            else:
                if self._away is not None:
                    self._away = None
                    _log.warning("the store is back")
                return woken

    def _put_off(self, batch: Sequence[_Waiting], error: Exception) -> None:
        """Tell all to come again: in halves they would only wait longer."""
        for waiting in batch:
            # Each gets its own: where it is raised, its traceback grows.
            waiting.error = StoreAway(type(error).__name__)
            waiting.error.__cause__ = error
        if self._away is None:
            _log.error("the store is away: %s", type(error).__name__)
        self._away = error

    def _halve(self, batch: Sequence[_Waiting], error: Exception) -> set[str]:
        if len(batch) == 1:
            # No future takes a StopIteration.
            batch[0].error = RuntimeError("StopIteration") if isinstance(error, StopIteration) else error
            if isinstance(error, DBAPIError):
                # Only the kinds: the text of a database error holds the row, and so addresses and words.
                _log.error("write failed: %s in %s", type(error).__name__, type(batch[0].operation).__name__)
            return set()
        middle = len(batch) // 2
        return self._write(batch[:middle]) | self._write(batch[middle:])

    def _transaction(self, batch: Sequence[_Waiting]) -> set[str]:
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
            write_counts(unit)
        for call in unit.committed:
            call()
        return unit.woken


_TRIES_AGAIN = {Trouble.RACE: RETRIES, Trouble.LOCKED: RETRIES_LOCKED}


def _answer(batch: Sequence[_Waiting]) -> None:
    """Answer every caller: one call into each event loop, however many wait there."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for waiting in batch:
        waiting.answered = True
        if waiting.loop is not None:
            by_loop.setdefault(waiting.loop, []).append(waiting)
        else:
            _settle(waiting)
    for loop, group in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_answer_in_loop, group)


def _answer_in_loop(group: Sequence[_Waiting]) -> None:
    for waiting in group:
        if not waiting.future.done():  # else the caller went away; what it asked for is written all the same
            _settle(waiting)


def _settle(waiting: _Waiting) -> None:
    if waiting.error is not None:
        waiting.future.set_exception(waiting.error)
    else:
        waiting.future.set_result(waiting.result)
