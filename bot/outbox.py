"""The workers: carry out what is due, account by account, so that one platform's trouble delays no other's.

A worker claims a handful (the pace says how many), acts on them at the same time and records what came of it. Adapters
never retry; what an error says decides, in the store, what happens next.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from bot.acts import carry_out
from bot.metrics import Metrics
from bot.restarts import keep_running
from bot.wake import Wake
from bot.wording import Site
from channels.base import Channel
from ratings.store.claims import Claim, Claimed, Claims
from ratings.store.results import Done, Finish
from ratings.store.writer import StoreBusy, StoreClosed, Writer
from ratings.times import SECOND, Duration, Instant
from ratings.tokens import Tokens

IN_FLIGHT = 64
"""Jobs of one account that are carried out at the same time."""

IDLE_SECONDS = 1.0
"""How long a worker sleeps when nothing is known to be due: what no wake-up told it waits this long at the most."""

REQUESTS = 2
"""Requests that one job may make one after another, each with the channel's timeout: an edit, then a new message."""

LEASE_MARGIN: Duration = 30 * SECOND
"""What a lease has over the requests' timeouts, for the queue before the writer."""

_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0  # seconds between two tries to record a result
_log = structlog.get_logger("tapfive.outbox")


class Outbox:
    """A worker an account. `stop` lets them come to their end; `finish` waits for it and for the work in hand.

    A worker is not cancelled before: a claim that waits for the writer is carried out all the same, and with nobody to
    take what it brings, its prompts would be lost.
    """

    def __init__(
        self,
        writer: Writer,
        channels: Mapping[str, Channel],
        tokens: Tokens,
        wake: Wake,
        metrics: Metrics,
        clock: Callable[[], Instant],
        public_url: str = "",
        timezone: str = "UTC",
    ) -> None:
        self._writer = writer
        self._public_url = public_url
        self._timezone = timezone
        self._channels = channels
        self._tokens = tokens
        self._wake = wake
        self._metrics = metrics
        self._clock = clock
        self._stopping = False
        self._workers: set[asyncio.Task[None]] = set()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._unrecorded: Counter[str] = Counter()  # results by account that the store does not take now

    async def run(self) -> None:
        """Work until `stop`."""
        async with asyncio.TaskGroup() as group:
            for channel in self._channels.values():
                work = keep_running(f"outbox {channel.account}", partial(self._work, channel))
                self._keep(group.create_task(work), self._workers)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        for channel in self._channels.values():
            self._wake.event(channel.account).set()

    async def finish(self, seconds: float) -> None:
        """Stop, and wait for what is in hand: its requests are out, and their results belong into the store."""
        self.stop()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        for tasks in (self._workers, self._in_hand):  # a worker that ends may still bring work
            if tasks:
                await asyncio.wait(tasks, timeout=max(0.0, until - loop.time()))

    async def _work(self, channel: Channel) -> None:
        event = self._wake.event(channel.account)
        mine: set[asyncio.Task[None]] = set()
        while not self._stopping:
            event.clear()
            again_at: Instant | None = None
            # Results first: until the store has them, it can only take what is in hand for lost.
            if len(mine) <= IN_FLIGHT // 2 and not self._unrecorded[channel.account]:
                claims = await self._claim(channel, IN_FLIGHT - len(mine))
                again_at = claims.again_at
                for job in claims.jobs:
                    task = asyncio.create_task(self._carry_out(channel, job))
                    self._keep(task, mine, self._in_hand)
                    task.add_done_callback(lambda _task: event.set())
            wait = (
                IDLE_SECONDS if again_at is None else min(IDLE_SECONDS, max(0.0, (again_at - self._clock()) / SECOND))
            )
            try:
                async with asyncio.timeout(wait):
                    await event.wait()
            except TimeoutError:
                pass

    async def _claim(self, channel: Channel, most: int) -> Claims:
        pace = channel.config.pace
        claim = Claim(
            account=channel.account,
            most=most,
            per_second=pace.per_second,
            per_recipient=pace.per_recipient,
            lease=int(REQUESTS * channel.config.timeout * SECOND) + LEASE_MARGIN,
            idempotent=channel.capabilities.idempotent_send,
            acknowledge_within=channel.capabilities.acknowledge_within,
            converses=channel.capabilities.converses,
            edits=channel.capabilities.edit,
            window=channel.capabilities.window,
            timezone=self._timezone,
        )
        try:
            return await self._writer.do(claim)
        except StoreClosed:
            self._stopping = True
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; the worker must outlive it
            _log.warning("could not claim", account=channel.account, error=type(error).__name__)
        return Claims((), None)

    async def _carry_out(self, channel: Channel, job: Claimed) -> None:
        started_at = self._clock()
        token = self._tokens.issue(job.invitation.id) if job.invitation else ""
        with self._metrics.send_seconds.labels(channel.account).time():
            attempted = await carry_out(channel, job, Site(token, self._public_url), started_at)
        outcome = attempted.outcome
        result = outcome.result if isinstance(outcome, Done) else outcome.code
        self._metrics.sends.labels(channel.account, job.kind.value, result).inc()
        idempotent = channel.capabilities.idempotent_send
        finish = Finish(
            job.job_id, job.attempt_id, outcome, started_at, idempotent, attempted.repeatable, self._clock()
        )
        await self._record(channel.account, finish)

    async def _record(self, account: str, finish: Finish) -> None:
        """Record a result, however long the store is away: only it knows that the message is out."""
        wait = _FIRST_WAIT
        late = False
        try:
            while True:
                try:
                    await self._writer.do(finish)
                except StoreBusy:
                    if not late:
                        late = True
                        self._unrecorded[account] += 1
                    await asyncio.sleep(wait)
                    wait = min(2 * wait, _LONGEST_WAIT)
                else:
                    return
        except StoreClosed:
            pass  # the attempt stays open: its outcome is unknown to whoever comes next
        except Exception as error:  # noqa: BLE001 - a defect; the lease ends the job
            _log.error("could not record a result", job_id=finish.job_id, error=type(error).__name__)
        finally:
            self._unrecorded[account] -= late

    @staticmethod
    def _keep(task: asyncio.Task[None], *places: set[asyncio.Task[None]]) -> None:
        for place in places:
            place.add(task)
            task.add_done_callback(place.discard)
