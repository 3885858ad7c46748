"""Waking: telling workers that there is something to do for an account, in this process or in others.

Only a hint: who misses it finds the work by looking again. That is why Redis may fail here without harm.
"""

import asyncio
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_CHANNEL = "tapfive:wake"
_RECONNECT_SECONDS = 2.0
_log = structlog.get_logger("tapfive.wake")


class Wake:
    """One event an account; `hint` may be called from any thread."""

    def __init__(self, redis_url: str = "") -> None:
        self._events: dict[str, asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._redis_url = redis_url
        self._redis: Redis | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Bind to the running loop, and listen to other processes where there is a Redis."""
        self._loop = asyncio.get_running_loop()
        if self._redis_url:
            self._redis = Redis.from_url(self._redis_url)
            self._keep(asyncio.create_task(self._listen(self._redis)))

    async def stop(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._redis is not None:
            await self._redis.aclose()

    def event(self, account: str) -> asyncio.Event:
        """Return the event that is set when there may be work for an account."""
        return self._events.setdefault(account, asyncio.Event())

    def hint(self, accounts: set[str]) -> None:
        """Say that there may be work; from the writer's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hinted, accounts)

    def _hinted(self, accounts: set[str]) -> None:
        self._set(accounts)
        if self._redis is not None:
            self._keep(asyncio.create_task(self._publish(self._redis, accounts)))

    def _set(self, accounts: set[str]) -> None:
        for account in accounts:
            self.event(account).set()

    async def _publish(self, redis: Redis, accounts: set[str]) -> None:
        with suppress(RedisError, OSError):
            await redis.publish(_CHANNEL, "\n".join(sorted(accounts)))

    async def _listen(self, redis: Redis) -> None:
        while True:
            try:
                async with redis.pubsub() as subscription:
                    await subscription.subscribe(_CHANNEL)
                    async for message in subscription.listen():
                        if message["type"] == "message":
                            self._set(set(message["data"].decode().split("\n")))
            except (RedisError, OSError) as error:
                _log.warning("redis is out of reach; workers look by themselves", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
