"""Hints to and from other processes, over Redis. Apart from wake.py, since its library takes a while to import."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_CHANNEL = "tapfive:wake"
_RECONNECT_SECONDS = 2.0
_log = structlog.get_logger("tapfive.wake")


class RedisHints:
    """Tells other processes, and calls `heard` with what they tell. Made and used within the running loop."""

    def __init__(self, url: str, heard: Callable[[set[str]], None]) -> None:
        self._redis = Redis.from_url(url)
        self._heard = heard
        self._tasks: set[asyncio.Task[None]] = set()
        self._keep(asyncio.create_task(self._listen()))

    def tell(self, accounts: set[str]) -> None:
        """Tell the others, soon."""
        self._keep(asyncio.create_task(self._publish(accounts)))

    async def stop(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    async def _publish(self, accounts: set[str]) -> None:
        with suppress(RedisError, OSError):
            await self._redis.publish(_CHANNEL, "\n".join(sorted(accounts)))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(_CHANNEL)
                    async for message in subscription.listen():
                        if message["type"] == "message":
                            self._heard(set(message["data"].decode().split("\n")))
            except (RedisError, OSError) as error:
                _log.warning("redis is out of reach; workers look by themselves", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
