"""Waking: telling workers that there is something to do for an account, in this process or in others.

Only a hint: who misses it finds the work by looking again. That is why Redis may fail here without harm.
"""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.wake_redis import RedisHints


class Wake:
    """One event an account; `hint` may be called from any thread."""

    def __init__(self, redis_url: str = "") -> None:
        self._events: dict[str, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._redis_url = redis_url
        self._others: RedisHints | None = None

    async def start(self) -> None:
        """Bind to the running loop, and listen to other processes where there is a Redis."""
        self._loop = asyncio.get_running_loop()
        if self._redis_url:
            from bot.wake_redis import RedisHints  # noqa: PLC0415 - most have no Redis, and need not wait for its library

            self._others = RedisHints(self._redis_url, self._set)

    async def stop(self) -> None:
        """Stop listening."""
        if self._others is not None:
            await self._others.stop()

    def event(self, account: str) -> asyncio.Event:
        """Return the event that is set when there may be work for an account."""
        return self._events.setdefault(account, asyncio.Event())

    def hint(self, accounts: set[str]) -> None:
        """Say that there may be work; from the writer's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hinted, accounts)

    def _hinted(self, accounts: set[str]) -> None:
        self._set(accounts)
        if self._others is not None:
            self._others.tell(accounts)

    def _set(self, accounts: set[str]) -> None:
        for account in accounts:
            self.event(account).set()
