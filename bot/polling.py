"""Long polling: one process an account asks the platform, and confirms only what is committed."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from bot.answers import Answers
from bot.restarts import keep_running, told
from channels.base import Channel, Inbound, Unreadable
from net.errors import DeliveryError, Throttled
from ratings.store.leases import GiveLease, TakeLease
from ratings.store.positions import load_position
from ratings.store.store import Store
from ratings.store.writer import StoreBusy, StoreClosed
from ratings.times import SECOND, Duration, Instant

LEASE: Duration = 30 * SECOND
"""How long a poller that died keeps others from taking over."""

RETRY_SECONDS = 3.0
_log = structlog.get_logger("tapfive.polling")


class Polling:
    """A poller an account in polling mode."""

    def __init__(
        self, store: Store, answers: Answers, channels: Mapping[str, Channel], clock: Callable[[], Instant]
    ) -> None:
        self._store = store
        self._answers = answers
        self._channels = channels
        self._clock = clock
        self._owner = secrets.token_hex(8)

    async def run(self) -> None:
        """Poll until cancelled; what was fetched and not committed is fetched again by whoever comes next."""
        async with asyncio.TaskGroup() as group:
            for channel in self._channels.values():
                group.create_task(keep_running(f"polling {channel.account}", partial(self._poll, channel)))

    async def _poll(self, channel: Channel) -> None:
        lease = TakeLease(f"poll:{channel.account}", self._owner, LEASE)
        try:
            while True:
                try:
                    if await self._store.writer.do(lease):
                        await self._listen(channel, lease)
                    else:
                        await asyncio.sleep(RETRY_SECONDS)  # another process polls this account
                except StoreClosed:
                    return
                except DeliveryError as error:
                    _log.warning("polling failed", account=channel.account, code=error.code, problem=error.text)
                    wait = error.retry_after if isinstance(error, Throttled) else RETRY_SECONDS
                    await asyncio.sleep(wait)
                except Exception as error:  # noqa: BLE001 - the store may be away for a while; the poller must outlive it
                    _log.warning("polling was interrupted", account=channel.account, error=type(error).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            await self._give_back(lease)

    async def _listen(self, channel: Channel, lease: TakeLease) -> None:
        """Listen while the lease is ours: it is renewed beside the poll, which may be silent for long."""
        listening = asyncio.create_task(self._fetch(channel))
        renewing = asyncio.create_task(self._renew(lease))
        try:
            done, _ = await asyncio.wait({listening, renewing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (listening, renewing):
                task.cancel()
            await asyncio.gather(listening, renewing, return_exceptions=True)

    async def _fetch(self, channel: Channel) -> None:
        position = await self._store.read(load_position, channel.account)
        async for events, reached in channel.listen(position):
            # The next request confirms these at the platform: it is made only after they are committed here.
            await self._commit(channel, events, reached)

    async def _renew(self, lease: TakeLease) -> None:
        while await self._store.writer.do(lease):  # noqa: ASYNC110 - a lease is renewed by the clock
            await asyncio.sleep(lease.duration / SECOND / 3)

    async def _commit(self, channel: Channel, events: Sequence[Inbound], reached: str) -> None:
        try:
            await self._receive(channel, events, reached)
        except StoreClosed:
            raise
        except Exception as error:  # noqa: BLE001 - one event that cannot be stored must not stop the account for ever
            _log.warning("events are stored one by one", account=channel.account, **told(error))
            for event in events:
                await self._commit_one(channel, event)
            await self._receive(channel, (), reached)

    async def _commit_one(self, channel: Channel, event: Inbound) -> None:
        try:
            await self._receive(channel, (event,))
        except StoreClosed:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            # Of the event only its id is kept: its address or words may be what the store does not take. When not even
            # that can be stored the position stays, for it is not this event that is wrong.
            kind = type(error).__name__
            _log.error("an event cannot be stored", account=channel.account, event_id=event.event_id, error=kind)
            lost = Unreadable(event_id=event.event_id, address="", at=event.at, raw=b"", error=f"not stored: {kind}")
            await self._receive(channel, (lost,))

    async def _receive(self, channel: Channel, events: Sequence[Inbound], reached: str | None = None) -> None:
        while True:
            try:
                await self._answers.receive(channel, events, reached)
            except StoreBusy:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _give_back(self, lease: TakeLease) -> None:
        try:
            await self._store.writer.do(GiveLease(lease.name, lease.owner))
        except Exception as error:  # noqa: BLE001 - it ends by itself
            _log.debug("a lease was not given back", lease=lease.name, error=type(error).__name__)
