"""Polling: one process an account asks, and confirms only what is committed. What it asks is a source's."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import structlog

from bot.restarts import keep_running, told
from net.errors import DeliveryError, Throttled
from ratings.store.leases import GiveLease, TakeLease
from ratings.store.positions import load_position
from ratings.store.store import Store
from ratings.store.writer import StoreBusy, StoreClosed
from ratings.times import SECOND, Duration

LEASE: Duration = 30 * SECOND
"""How long a poller that died keeps others from taking over."""

RETRY_SECONDS = 3.0
_log = structlog.get_logger("tapfive.polling")


class PollSource(ABC):
    """What one account is asked for. Events have an `event_id`."""

    account: str

    @abstractmethod
    def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Any], str]]:
        """Ask from a position; the next request is made only after what came is committed. Ends with a DeliveryError."""

    @abstractmethod
    async def receive(self, events: Sequence[Any], reached: str | None) -> None:
        """Store events, and the position with them or after them. Raises StoreBusy."""

    @abstractmethod
    def lost(self, event: Any, error: str) -> Any:
        """Return what is kept of an event that cannot be stored: its id, and why."""


class Pollers:
    """A poller a source."""

    def __init__(self, store: Store, sources: Sequence[PollSource]) -> None:
        self._store = store
        self._sources = sources
        self._owner = secrets.token_hex(8)

    async def run(self) -> None:
        """Poll until cancelled; what was fetched and not committed is fetched again by whoever comes next."""
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(keep_running(f"polling {source.account}", partial(self._poll, source)))

    async def _poll(self, source: PollSource) -> None:
        lease = TakeLease(f"poll:{source.account}", self._owner, LEASE)
        try:
            while True:
                try:
                    if await self._store.writer.do(lease):
                        await self._listen(source, lease)
                    else:
                        await asyncio.sleep(RETRY_SECONDS)  # another process polls this account
                except StoreClosed:
                    return
                except DeliveryError as error:
                    _log.warning("polling failed", account=source.account, code=error.code, problem=error.text)
                    wait = error.retry_after if isinstance(error, Throttled) else RETRY_SECONDS
                    await asyncio.sleep(wait)
                except Exception as error:  # noqa: BLE001 - the store may be away for a while; the poller must outlive it
                    _log.warning("polling was interrupted", account=source.account, error=type(error).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            await self._give_back(lease)

    async def _listen(self, source: PollSource, lease: TakeLease) -> None:
        """Listen while the lease is ours: it is renewed beside the poll, which may be silent for long."""
        listening = asyncio.create_task(self._fetch(source))
        renewing = asyncio.create_task(self._renew(lease))
        try:
            done, _ = await asyncio.wait({listening, renewing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listening, renewing):
                task.cancel()
            await asyncio.gather(listening, renewing, return_exceptions=True)

    async def _fetch(self, source: PollSource) -> None:
        position = await self._store.read(load_position, source.account)
        async for events, reached in source.listen(position):
            # The next request confirms these at the platform: it is made only after they are committed here.
            await self._commit(source, events, reached)

    async def _renew(self, lease: TakeLease) -> None:
        while await self._store.writer.do(lease):  # noqa: ASYNC110 - a lease is renewed by the clock
            await asyncio.sleep(lease.duration / SECOND / 3)

    async def _commit(self, source: PollSource, events: Sequence[Any], reached: str) -> None:
        try:
            await self._receive(source, events, reached)
        except StoreClosed:
            raise
        except Exception as error:  # noqa: BLE001 - one event that cannot be stored must not stop the account for ever
            _log.warning("events are stored one by one", account=source.account, **told(error))
            for event in events:
                await self._commit_one(source, event)
            await self._receive(source, (), reached)

    async def _commit_one(self, source: PollSource, event: Any) -> None:
        try:
            await self._receive(source, (event,))
        except StoreClosed:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            # Of the event only its id is kept: its address or words may be what the store does not take. When not even
            # that can be stored the position stays, for it is not this event that is wrong.
            kind = type(error).__name__
            _log.error("an event cannot be stored", account=source.account, event_id=event.event_id, error=kind)
            await self._receive(source, (source.lost(event, f"not stored: {kind}"),))

    async def _receive(self, source: PollSource, events: Sequence[Any], reached: str | None = None) -> None:
        while True:
            try:
                await source.receive(events, reached)
            except StoreBusy:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _give_back(self, lease: TakeLease) -> None:
        try:
            await self._store.writer.do(GiveLease(lease.name, lease.owner))
        except Exception as error:  # noqa: BLE001 - it ends by itself
            _log.debug("a lease was not given back", lease=lease.name, error=type(error).__name__)
