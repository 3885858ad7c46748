"""The workers: carry out what is due, account by account, so that one platform's trouble delays no other's.

A worker claims a handful (the pace says how many), acts on them at the same time and records what came of it. Adapters
never retry; what an error says decides, in the store, what happens next.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from bot import wording
from bot.metrics import Metrics
from bot.wake import Wake
from channels.base import Channel, Prompt
from net.errors import DeliveryError, NotEditable, TapExpired, Throttled
from ratings.lifecycle import JobKind
from ratings.store.claims import Claim, Claimed, Claims
from ratings.store.results import Done, Failed, Finish
from ratings.store.writer import StoreBusy, StoreClosed, Writer
from ratings.times import SECOND, Duration, Instant
from ratings.tokens import Tokens
from ratings.wording import acknowledgment

IN_FLIGHT = 64
"""Jobs of one account that are carried out at the same time."""

IDLE_SECONDS = 1.0
"""How long a worker sleeps when nothing is known to be due: what no wake-up told it waits this long at the most."""

LEASE_MARGIN: Duration = 30 * SECOND
"""What a lease has over the channel's own timeout, for the queue before the writer."""

_BUSY_SECONDS = 0.05
_log = structlog.get_logger("tapfive.outbox")


class Outbox:
    """A worker an account. `run` ends when it is cancelled; `finish` then waits for the work in hand."""

    def __init__(
        self,
        writer: Writer,
        channels: Mapping[str, Channel],
        tokens: Tokens,
        wake: Wake,
        metrics: Metrics,
        clock: Callable[[], Instant],
    ) -> None:
        self._writer = writer
        self._channels = channels
        self._tokens = tokens
        self._wake = wake
        self._metrics = metrics
        self._clock = clock
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for channel in self._channels.values():
                group.create_task(self._work(channel))

    async def finish(self, seconds: float) -> None:
        """Wait for what is in hand: its requests are out, and their results belong into the store."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=seconds)

    async def _work(self, channel: Channel) -> None:
        event = self._wake.event(channel.account)
        mine: set[asyncio.Task[None]] = set()
        while True:
            event.clear()
            again_at: Instant | None = None
            if len(mine) <= IN_FLIGHT // 2:
                claims = await self._claim(channel, IN_FLIGHT - len(mine))
                again_at = claims.again_at
                for job in claims.jobs:
                    task = asyncio.create_task(self._carry_out(channel, job))
                    for kept in (mine, self._in_hand):
                        kept.add(task)
                        task.add_done_callback(kept.discard)
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
            lease=int(channel.config.timeout * SECOND) + LEASE_MARGIN,
            idempotent=channel.capabilities.idempotent_send,
            acknowledge_within=channel.capabilities.acknowledge_within,
        )
        try:
            return await self._writer.do(claim)
        except StoreClosed:
            raise
        except Exception as error:  # noqa: BLE001 - the database may be away for a while; the worker must outlive it
            _log.warning("could not claim", account=channel.account, error=type(error).__name__)
            return Claims((), None)

    async def _carry_out(self, channel: Channel, job: Claimed) -> None:
        started_at = self._clock()
        outcome: Done | Failed
        with self._metrics.send_seconds.labels(channel.account).time():
            try:
                outcome = await self._act(channel, job)
            except DeliveryError as error:
                outcome = _failed(error)
                _log.info(
                    "not delivered",
                    account=channel.account,
                    job=job.kind.value,
                    job_id=job.job_id,
                    code=error.code,
                    platform_code=error.platform_code,
                )
            except Exception as error:  # noqa: BLE001 - an adapter's defect must not end its account's worker
                # A defect of ours, met after the request may have been written: the honest word is "unknown".
                _log.exception("an adapter failed", account=channel.account, job=job.kind.value, job_id=job.job_id)
                outcome = Failed("outcome_unknown", again=False, text=f"internal error: {type(error).__name__}")
        result = outcome.result if isinstance(outcome, Done) else outcome.code
        self._metrics.sends.labels(channel.account, job.kind.value, result).inc()
        await self._record(
            Finish(job.job_id, job.attempt_id, outcome, started_at, channel.capabilities.idempotent_send)
        )

    async def _record(self, finish: Finish) -> None:
        while True:
            try:
                await self._writer.do(finish)
            except StoreBusy:
                await asyncio.sleep(_BUSY_SECONDS)
            except StoreClosed:
                return  # the attempt stays open: its outcome is unknown to whoever comes next
            except Exception as error:  # noqa: BLE001 - as above; the lease ends the job if the store stays away
                _log.error("could not record a result", job_id=finish.job_id, error=type(error).__name__)
                return
            else:
                return

    async def _act(self, channel: Channel, job: Claimed) -> Done:
        token = self._tokens.issue(job.invitation.id) if job.invitation else ""
        match job.kind:
            case JobKind.PROMPT | JobKind.REMINDER:
                sent = await channel.send_prompt(job.address, wording.prompt(job, token))
                return Done(sent.external_id, sent.new_address)
            case JobKind.NOTICE:
                sent = await channel.send_text(job.address, wording.notice(job))
                return Done(sent.external_id, sent.new_address)
            case JobKind.ACKNOWLEDGE:
                return await self._acknowledge(channel, job)
            case JobKind.RENDER:
                return await self._render(channel, job, token)
            case _:
                raise TypeError(f"no worker knows how to do {job.kind}")

    async def _acknowledge(self, channel: Channel, job: Claimed) -> Done:
        assert job.invitation is not None
        assert job.survey is not None
        assert job.decided is not None
        text = acknowledgment(job.survey, job.decided.scale, job.invitation.value, job.text, job.language)
        try:
            await channel.acknowledge(job.detail, text)
        except TapExpired:
            return Done(result="tap_expired")
        return Done()

    async def _render(self, channel: Channel, job: Claimed, token: str) -> Done:
        assert job.invitation is not None
        assert job.invitation.external_id is not None
        content = wording.screen(job, token, self._clock())
        if channel.capabilities.edit:
            try:
                await channel.edit(job.address, job.invitation.external_id, content)
            except NotEditable:
                _log.info("the prompt cannot be edited; saying it anew", account=channel.account, job_id=job.job_id)
            else:
                return Done()
        if isinstance(content, Prompt):
            sent = await channel.send_prompt(job.address, content)
        else:
            sent = await channel.send_text(job.address, content)
        return Done(sent.external_id, sent.new_address)


def _failed(error: DeliveryError) -> Failed:
    throttled = error if isinstance(error, Throttled) else None
    return Failed(
        code=error.code,
        again=error.again,
        text=error.text,
        platform_code=error.platform_code,
        retry_after=round(throttled.retry_after * SECOND) if throttled else None,
        scope=throttled.scope if throttled else "account",
    )
