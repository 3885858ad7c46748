"""Calls of bots: signed, the same bytes three times at most, a minute apart.

https://pyrus.com/en/help/api/webhooks

The tries are at 0, 61 and 122 seconds; then the call is dropped, and nobody can ask for it. What a bot answers as JSON is
taken as a comment of its own.
"""

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from .state import Bot, Json, World

TRIES = 3
PAUSE = 61.0  # seconds from one try to the next
USER_AGENT = "Pyrus-Bot-4"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that was posted. `retry` is Pyrus's own count, `status` 0 where no answer came."""

    task_id: int
    comment_id: int | None
    retry: str
    status: int
    body: bytes
    signature: str


@dataclass(eq=False, slots=True)
class _Parcel:
    """One call on its way."""

    bot: Bot
    task_id: int
    comment_id: int | None
    body: bytes
    tries: int = 0
    pause: asyncio.Event | None = None


class Delivery:
    """Posts what bots are to hear. `taken` gets what a bot answered."""

    def __init__(
        self, world: World, taken: Callable[[Bot, int, bytes], None], *, timeout: float, keep_log: int | None
    ) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=keep_log)
        self.twice = False
        self._world = world
        self._taken = taken
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._parcels: dict[_Parcel, asyncio.Task[None]] = {}
        self._held: list[_Parcel] | None = None
        self._session: aiohttp.ClientSession | None = None

    def tell(self, bot: Bot, task: Json, event: str) -> None:
        """Let a bot know of a task as it stands now. Without an address it hears nothing."""
        if not bot.url:
            return
        content = {
            "event": event,
            "access_token": self._world.make_token(bot),
            "task_id": task["id"],
            "user_id": bot.person.id,
            "task": task,
        }
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        for _ in range(2 if self.twice else 1):
            parcel = _Parcel(bot, task["id"], task.get("last_note_id"), body)
            if self._held is not None:
                self._held.append(parcel)
            else:
                self._start(parcel)

    def hold(self) -> None:
        """Post nothing until it is released."""
        self._held = self._held or []

    def release(self) -> None:
        """Post what was held."""
        held, self._held = self._held or [], None
        for parcel in held:
            self._start(parcel)

    @property
    def idle(self) -> bool:
        """Whether no request is under way: everything is taken, dropped, or waits for its next try."""
        return all(parcel.pause is not None and not parcel.pause.is_set() for parcel in self._parcels)

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
        tasks = list(self._parcels.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._parcels.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _start(self, parcel: _Parcel) -> None:
        self._parcels[parcel] = asyncio.get_running_loop().create_task(self._run(parcel))

    async def _run(self, parcel: _Parcel) -> None:
        try:
            while parcel.tries < TRIES:
                if await self._attempt(parcel) or parcel.tries == TRIES:
                    return
                parcel.pause = asyncio.Event()
                self._world.changes.notify()
                try:
                    async with asyncio.timeout(PAUSE):
                        await parcel.pause.wait()
                except TimeoutError:
                    pass
                parcel.pause = None
        finally:
            self._parcels.pop(parcel, None)
            self._world.changes.notify()

    async def _attempt(self, parcel: _Parcel) -> bool:
        retry = f"{parcel.tries + 1}/{TRIES}"
        signature = sign(parcel.bot.secret, parcel.body)
        status, answer = await self._post(parcel.bot.url, parcel.body, signature, retry)
        parcel.tries += 1
        if self.attempts.maxlen != 0:
            attempt = Attempt(parcel.task_id, parcel.comment_id, retry, status, parcel.body, signature)
            self.attempts.append(attempt)
        passed = 200 <= status < 300
        if passed and answer.strip():
            self._taken(parcel.bot, parcel.task_id, answer)
        self._world.changes.notify()
        return passed

    async def _post(self, url: str, body: bytes, signature: str, retry: str) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "X-Pyrus-Sig": signature,
            "X-Pyrus-Retry": retry,
        }
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
            ) as response:
                return response.status, await response.content.read(65536)
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return 0, b""


def sign(secret: str, body: bytes) -> str:
    """HMAC-SHA1 of the raw body under the bot's secret, in lower-case hex."""
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
