"""The desk's events on their way to our hook: signed anew for every try, under the same id, until one is answered 2xx.

By Standard Webhooks: only a 2xx is success, redirects are not followed, a 410 ends all deliveries, Retry-After is obeyed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from sandbox.changes import Changes

from .signing import signature

MINUTE, HOUR = 60.0, 3600.0
PAUSES = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds before the next tries."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `status` is 0 where no answer came, `again_in` the pause before the next try."""

    message_id: str
    status: int
    again_in: float | None


@dataclass(slots=True, eq=False)
class Event:
    """One event on its way."""

    message_id: str
    body: bytes
    copies: int
    tries: int = 0
    task: asyncio.Task[None] | None = None
    pause: asyncio.Event | None = None
    over: bool = False


@dataclass(slots=True)
class Delivery:
    """Posts events to one hook. Without a `hook` they go nowhere."""

    changes: Changes
    clock: Callable[[], float]
    timeout: float = 15.0
    hook: str = ""
    secrets: list[str] = field(default_factory=list)
    """The desk signs with each, newest first."""
    twice: bool = False
    disabled: bool = False
    attempts: deque[Attempt] = field(default_factory=deque)
    _events: set[Event] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    def post(self, message_id: str, body: bytes) -> None:
        """Begin to deliver an event."""
        if not self.hook or self.disabled:
            return
        event = Event(message_id, body, copies=2 if self.twice else 1)
        self._events.add(event)
        event.task = asyncio.get_running_loop().create_task(self._run(event))

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return all(event.pause is not None and not event.pause.is_set() for event in self._events)

    async def redeliver(self, limit: float) -> None:
        """Try again at once whatever waits for its next try; return when each was tried or is given up."""
        waiting = {event: event.tries for event in self._events if event.pause is not None}
        for event in waiting:
            assert event.pause is not None
            event.pause.set()
        await self.changes.wait_for(
            lambda: all(event.over or event.tries > tries for event, tries in waiting.items()), limit
        )

    async def close(self) -> None:
        """Stop delivering."""
        tasks = [event.task for event in self._events if event.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._events.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _run(self, event: Event) -> None:
        try:
            for pause in (*PAUSES, None):
                wait = await self._try(event, pause)
                event.tries += 1
                if wait is None or self.disabled:
                    return
                event.pause = asyncio.Event()
                self.changes.notify()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await event.pause.wait()
                event.pause = None
        finally:
            event.over = True
            self._events.discard(event)
            self.changes.notify()

    async def _try(self, event: Event, pause: float | None) -> float | None:
        """Post it once, or twice where everything comes twice. Returns the pause before the next try; None: none is needed."""
        while event.copies:
            status, retry_after = await self._post(event)
            self.disabled = self.disabled or status == 410
            taken = 200 <= status < 300
            wait = None if taken or pause is None or self.disabled else max(pause, retry_after)
            self.attempts.append(Attempt(event.message_id, status, wait))
            self.changes.notify()
            if not taken:
                return wait
            event.copies -= 1
        return None

    async def _post(self, event: Event) -> tuple[int, float]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout))
        seconds = int(self.clock())
        signatures = [signature(secret, event.message_id, seconds, event.body) for secret in self.secrets]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event.message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(signatures),
        }
        try:
            async with self._session.post(
                self.hook, data=event.body, headers=headers, allow_redirects=False
            ) as response:
                told = response.headers.get("Retry-After", "")
                return response.status, float(told) if told.isdecimal() else 0.0
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, 0.0
