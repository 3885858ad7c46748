"""The store as the rest of the program meets it: one writer, many readers."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ratings.store.engine import reader_engine, writer_engine
from ratings.store.trouble import Trouble, trouble_of
from ratings.store.writer import StoreAway, Writer
from ratings.times import Instant

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

READERS = 4
"""Threads and connections that read."""

_AWAY = {Trouble.AWAY, Trouble.LOCKED}
_log = logging.getLogger("tapfive.store")


class Store:
    """A database: `writer` for everything that changes it, `read` for everything else."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], Instant],
        *,
        max_waiting: int = 10_000,
        on_commit: Callable[[set[str]], None] = lambda _accounts: None,
        on_batch: Callable[[int, float], None] = lambda _size, _seconds: None,
    ) -> None:
        self.url = url
        self._readers = reader_engine(url, pool_size=READERS)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="tapfive-reader")
        self.writer = Writer(writer_engine(url), clock, max_waiting=max_waiting, on_commit=on_commit, on_batch=on_batch)

    def start(self) -> "Store":
        """Start the writer."""
        self.writer.start()
        return self

    def stop(self) -> None:
        """Write what is queued, then let go of everything."""
        self.writer.stop()
        self._threads.shutdown(wait=True)
        self._readers.dispose()

    async def read(
        self,
        query: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run a query in a worker thread on a connection of its own: it sees what was committed before it began.

        Raises StoreAway when the database cannot be reached, or took too long.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self.read_now(query, *args, **kwargs))

    def read_now(
        self,
        query: Callable[Concatenate[Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Do the same in this thread."""
        try:
            with self._readers.begin() as connection:
                return query(connection, *args, **kwargs)
        except DBAPIError as error:
            if trouble_of(error) not in _AWAY:
                raise
            _log.warning("the store could not be read: %s", type(error).__name__)
            raise StoreAway(type(error).__name__) from error
