"""An export: what is wanted, read chunk by chunk from the store, in a format. For the pages, the API and the command line."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bot.exporting.columns import Column, Cutter, Say
from bot.exporting.formats import FORMATS, Heading
from bot.exporting.times import Clocks
from ratings.reports.registry import Chunk, Wanted, count_registry, read_chunk
from ratings.scale import Scale
from ratings.store.store import Store

ROWS = 4_000
"""Rows of a chunk: some ten milliseconds of one of the connections that read."""

COUNTABLE = 1 << 40
"""More rows than any store has: all are counted."""

_BEGIN = Chunk(0, {}, {}, None)

Progress = Callable[[int], None]
"""Is told how many rows are written."""


class TooManyRows(Exception):
    """A format holds fewer rows than there are. `most` is how many it holds."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(
            f"{name.upper()} holds {most:,} rows, and these are more: narrow the filters, or choose another format"
        )
        self.most = most


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants as a file. Without `say` headings and codes are for programs."""

    wanted: Wanted
    format: str = "csv"
    columns: tuple[Column, ...] = ()
    say: Say | None = None
    language: str = "en"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


class Export:
    """One file being made. Leave it with `close`."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self._store = store
        self._asked = asked
        self._file = FORMATS[asked.format](asked.columns, Heading(asked.say, asked.zone.key), Clocks(asked.zone))
        self._cutter = Cutter(asked.columns, asked.language)
        self.written = 0

    @property
    def media_type(self) -> str:
        """What the file is."""
        return self._file.media_type

    def close(self) -> None:
        """Throw away what is kept on the disk."""
        self._file.close()

    def blocks_now(self, progress: Progress = lambda _rows: None) -> Iterator[bytes]:
        """Make the file in this thread, while another reads ahead. Raises TooManyRows."""
        yield self._file.begin()
        with ThreadPoolExecutor(1, thread_name_prefix="tapfive-export") as reader:
            ahead = reader.submit(self._read_now, _BEGIN)
            while True:
                chunk = ahead.result()
                if chunk.after is not None:
                    ahead = reader.submit(self._read_now, chunk)
                block = self._write(chunk)
                progress(self.written)
                yield block
                if chunk.after is None:
                    break
        yield from self._file.end()

    async def blocks(self) -> AsyncIterator[bytes]:
        """Make the file in worker threads, and throw away what is kept on the disk. Raises TooManyRows."""
        async for _written, block in self.steps():
            if block:
                yield block

    async def steps(self) -> AsyncIterator[tuple[int, bytes]]:
        """Do the same, telling after each step how many rows are written, also where nothing can be given out yet."""
        read = self._store.read
        ahead = asyncio.ensure_future(read(read_chunk, *self._place(_BEGIN)))
        try:
            yield 0, self._file.begin()
            while True:
                chunk = await ahead
                if chunk.after is not None:
                    ahead = asyncio.ensure_future(read(read_chunk, *self._place(chunk)))
                block = await asyncio.to_thread(self._write, chunk)
                yield self.written, block
                if chunk.after is None:
                    break
            rest = await asyncio.to_thread(self._file.end)
            while block := await asyncio.to_thread(next, rest, b""):
                yield self.written, block
        finally:
            ahead.cancel()
            await asyncio.to_thread(self.close)

    def _read_now(self, before: Chunk) -> Chunk:
        return self._store.read_now(read_chunk, *self._place(before))

    def _place(
        self, before: Chunk
    ) -> tuple[Wanted, int, Sequence[int] | None, Collection[str], Mapping[tuple[str, int], Scale]]:
        """Return what reads the chunk that follows one."""
        return self._asked.wanted, ROWS, before.after, self._cutter.sources, before.scales

    def _write(self, chunk: Chunk) -> bytes:
        """Write a chunk; return what can be given out."""
        if not chunk.rows:
            return b""
        if self._file.most is not None and self.written + chunk.rows > self._file.most:
            raise TooManyRows(self._file.name, self._file.most)
        self.written += chunk.rows
        return self._file.add(self._cutter.cut(chunk))


def matching(connection: Any, asked: Asked) -> int:
    """Count the rows. Raises TooManyRows where the format holds fewer: before a file is begun."""
    most = FORMATS[asked.format].most
    total = count_registry(connection, asked.wanted, most=COUNTABLE if most is None else most)
    if most is not None and not total.exact:
        raise TooManyRows(asked.format, most)
    return total.many
