"""The Callback API: an event goes to every server that wants it, again and again until the answer is `ok`.

https://dev.vk.com/ru/api/callback/getting-started: a server is confirmed by the code of its community as plain text;
the code then changes. Events carry the server's secret in their body. The answer to an event is the two letters `ok`
with status 200; anything else brings the same event again, with `X-Retry-Counter`, or after what a `Retry-After`
beside 410, 429 or 503 says (an HTTP date, less than three hours ahead). A server that keeps failing is switched off.
"""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp

from .events import Event
from .state import CallbackServer, Community, World

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
LONGEST_RETRY_AFTER = 3 * 3600.0
AT_ONCE = 50  # requests to one server at a time
_POSTPONING = frozenset({410, 429, 503})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery. `status` is 0 where no answer came, `again_in` the pause before the next try (None: it was the last)."""

    event_id: str
    kind: str
    server_id: int
    status: int
    again_in: float | None


@dataclass(slots=True, eq=False)
class _Parcel:
    """One event on its way to one server."""

    community: Community
    server: CallbackServer
    event: Event
    tries: int = 0
    delay: float = FIRST_DELAY
    pause: asyncio.Event | None = None  # set to end the wait for the next try


class Delivery:
    """Posts the events of all communities that have servers."""

    def __init__(self, world: World, *, timeout: float, failures_allowed: int, keep_log: int | None) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=keep_log)
        self.twice = False
        self.confirm_with_secret = False
        self._world = world
        self._failures_allowed = failures_allowed
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._parcels: dict[_Parcel, asyncio.Task[None]] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._turns: dict[int, asyncio.Lock] = {}
        self._slots: dict[tuple[int, int], asyncio.Semaphore] = {}
        self._session: aiohttp.ClientSession | None = None

    def add(self, community: Community, event: Event) -> None:
        """Send an event to every confirmed server that has its kind switched on."""
        for server in community.servers.values():
            if server.status == "ok" and event.kind in server.events:
                for _ in range(2 if self.twice else 1):
                    parcel = _Parcel(community, server, event)
                    self._parcels[parcel] = asyncio.get_running_loop().create_task(self._run(parcel))

    def confirm(self, community: Community, server: CallbackServer) -> None:
        """Ask the server for the confirmation code. Nothing is delivered until it was right."""
        server.status = "wait"
        task = asyncio.get_running_loop().create_task(self._confirm(community, server))
        self._handshakes.add(task)
        task.add_done_callback(self._confirmed)

    @property
    def idle(self) -> bool:
        """Whether no request is under way: everything is taken, or waits for its next try."""
        return not self._handshakes and all(
            parcel.pause is not None and not parcel.pause.is_set() for parcel in self._parcels
        )

    async def redeliver(self, limit: float) -> None:
        """Try again at once whatever waits for its next try; return when each was tried."""
        waiting = {parcel: parcel.tries for parcel in self._parcels if parcel.pause is not None}
        for parcel in waiting:
            assert parcel.pause is not None
            parcel.pause.set()
        await self._world.changes.wait_for(
            lambda: all(parcel.tries > tries or parcel not in self._parcels for parcel, tries in waiting.items()), limit
        )

    async def close(self) -> None:
        """Stop delivering."""
        tasks = [*self._parcels.values(), *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._parcels.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _run(self, parcel: _Parcel) -> None:
        community, server = parcel.community, parcel.server
        key = (community.group_id, server.server_id)
        slot = self._slots.setdefault(key, asyncio.Semaphore(AT_ONCE))
        try:
            while server.status == "ok" and community.servers.get(server.server_id) is server:
                async with slot:
                    again_in = await self._attempt(parcel)
                if again_in is None:
                    return
                await self._wait(parcel, again_in)
        finally:
            self._parcels.pop(parcel, None)
            self._world.changes.notify()

    async def _wait(self, parcel: _Parcel, seconds: float) -> None:
        parcel.pause = asyncio.Event()
        self._world.changes.notify()
        try:
            async with asyncio.timeout(seconds):
                await parcel.pause.wait()
        except TimeoutError:
            pass
        finally:
            parcel.pause = None

    async def _attempt(self, parcel: _Parcel) -> float | None:
        """Post once. Returns None when there is no next try, else the seconds until it."""
        community, server, event = parcel.community, parcel.server, parcel.event
        body = event.body(server.api_version)
        if server.secret_key:
            body["secret"] = server.secret_key
        headers = {"X-Retry-Counter": str(parcel.tries)} if parcel.tries else {}
        status, answer, retry_after = await self._post(server.url, body, headers)
        parcel.tries += 1
        again_in: float | None = None
        if status == 200 and answer == b"ok":
            server.failures = 0
        elif status == 200 and answer == b"remove":
            community.servers.pop(server.server_id, None)
        else:
            again_in = self._pause(parcel, retry_after if status in _POSTPONING else "")
            server.failures += 1
            if server.failures >= self._failures_allowed:
                server.status, again_in = "failed", None
        if self.attempts.maxlen != 0:
            self.attempts.append(Attempt(event.event_id, event.kind, server.server_id, status, again_in))
        self._world.changes.notify()
        return again_in

    def _pause(self, parcel: _Parcel, retry_after: str) -> float:
        pause = parcel.delay
        parcel.delay = min(parcel.delay * 2, LONGEST_DELAY)
        if retry_after:
            try:
                asked = parsedate_to_datetime(retry_after)
            except ValueError:
                return pause  # seconds, or anything else that is no date
            ahead = asked.replace(tzinfo=asked.tzinfo or UTC).timestamp() - self._world.clock()
            if 0 < ahead < LONGEST_RETRY_AFTER:
                pause = ahead
        return pause

    async def _confirm(self, community: Community, server: CallbackServer) -> None:
        """One at a time in a community, so that each is asked for the code that then holds."""
        async with self._turns.setdefault(community.group_id, asyncio.Lock()):
            url, expected = server.url, community.confirmation_code
            body: dict[str, object] = {"type": "confirmation", "group_id": community.group_id}
            if self.confirm_with_secret and server.secret_key:
                body["secret"] = server.secret_key
            status, answer, _ = await self._post(url, body, {})
            if server.url == url:  # else it was edited meanwhile, and its own handshake follows
                right = status == 200 and answer == expected.encode()
                server.status, server.failures = ("ok" if right else "failed"), 0
            community.confirmation_code = self._world.token(8)

    def _confirmed(self, task: asyncio.Task[None]) -> None:
        self._handshakes.discard(task)
        self._world.changes.notify()

    async def _post(self, url: str, body: dict[str, object], headers: dict[str, str]) -> tuple[int, bytes, str]:
        """Returns the status (0: none came), the body and the receiver's Retry-After."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._session.post(
                url,
                data=json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                return response.status, await response.content.read(65536), response.headers.get("Retry-After", "")
        except (TimeoutError, aiohttp.ClientError):
            return 0, b"", ""
