"""New ratings, told to the pages that are open (server-sent events).

One reader a process asks the store once a second, however many pages listen, and only while any does. Events are in the store
and numbered, so that several processes need nothing between them. A client is told numbers and ids, never words: what it then
shows it reads as itself, with its own rights.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from ratings.reports.newest import LIVE, MOST, Happened, happened_after, last_number
from ratings.rights import Sight
from ratings.store.store import Store

EVERY_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
"""Between two signs of life: proxies close what is silent for a minute."""

LONGEST_SECONDS = 600.0
"""A stream ends then and the browser opens it anew: so a session that ended is noticed, and rights that changed."""

MAX_CLIENTS = 500
MAX_WAITING = 200
"""Events that wait for one client; one that reads no faster is let go, and comes again by itself."""

AGAIN_MS = 3_000
LATER_MS = 60_000
"""When a page comes again that came as one too many."""


class _Client:
    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.queue: asyncio.Queue[Happened | None] = asyncio.Queue(MAX_WAITING)

    def tell(self, event: Happened) -> None:
        """Put an event into the queue, if it may be seen. A full queue ends the client."""
        if self.sight.forms is not None and event.form not in self.sight.forms:
            return
        if self.queue.full():
            self.end()
        else:
            self.queue.put_nowait(event)

    def end(self) -> None:
        """Let the stream end."""
        while self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Live:
    """The one reader of this process, and its clients."""

    def __init__(
        self,
        store: Store,
        *,
        every: float = EVERY_SECONDS,
        heartbeat: float = HEARTBEAT_SECONDS,
        most: int = MAX_CLIENTS,
    ) -> None:
        self._store = store
        self._every = every
        self._heartbeat = heartbeat
        self._most = most
        self._clients: set[_Client] = set()
        self._reader: asyncio.Task[None] | None = None
        self._number = 0
        self._stopped = False

    @property
    def clients(self) -> int:
        """How many pages listen."""
        return len(self._clients)

    @property
    def is_full(self) -> bool:
        """True while nobody else may listen."""
        return self._stopped or len(self._clients) >= self._most

    async def listen(
        self, sight: Sight, after: int | None = None, *, longest: float = LONGEST_SECONDS
    ) -> AsyncIterator[bytes]:
        """Yield a stream of server-sent events, from now on or after a number; a short one where nobody else may listen."""
        client = _Client(sight)
        if self.is_full:  # others came after this one was let in, and were faster
            yield b"retry: %d\n\n" % LATER_MS
            return
        self._clients.add(client)
        try:
            begin = await self._begin(client, after)
            yield b"retry: %d\nid: %d\nevent: ready\ndata: {}\n\n" % (AGAIN_MS, begin)
            async for block in self._told(client, longest):
                yield block
        finally:
            self._clients.discard(client)

    async def stop(self) -> None:
        """End all streams, and the reader."""
        self._stopped = True
        for client in tuple(self._clients):
            client.end()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    async def _begin(self, client: _Client, after: int | None) -> int:
        """Start the reader where none runs, and tell the client what it missed. Returns the number that it is at."""
        if self._reader is None or self._reader.done():
            self._number = await self._store.read(last_number)
            self._reader = asyncio.create_task(self._read())
        begin = self._number
        if after is None or after >= begin:
            return begin
        missed = await self._store.read(happened_after, after)
        for event in missed:
            if event.number <= begin and event.type in LIVE:
                client.tell(event)
        return after

    async def _told(self, client: _Client, longest: float) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        until = clock() + longest
        while (left := until - clock()) > 0:
            try:
                async with asyncio.timeout(min(self._heartbeat, left)):
                    event = await client.queue.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if event is None:
                return
            data = json.dumps({"type": event.type, "invitation": event.invitation_id})
            yield f"id: {event.number}\nevent: rating\ndata: {data}\n\n".encode()

    async def _read(self) -> None:
        """Read what is new, while anybody listens. A store that is away is asked again."""
        while self._clients:
            found: Sequence[Happened] = ()
            with suppress(Exception):
                found = await self._store.read(happened_after, self._number)
            for event in found:
                self._number = event.number
                if event.type in LIVE:
                    for client in tuple(self._clients):
                        client.tell(event)
            if len(found) < MOST:
                await asyncio.sleep(self._every)
