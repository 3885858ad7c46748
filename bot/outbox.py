"""What is sent to customers: claimed account by account, carried out by their channels. Adapters never retry."""

from collections.abc import Callable, Mapping

from bot.acts import Telling, carry_out
from bot.metrics import Metrics
from bot.wake import Wake
from bot.wording import Site
from bot.workers import LEASE_MARGIN, Work, Workers
from channels.base import Channel
from ratings.lifecycle import TEST_INVITATION, JobKind
from ratings.store.claims import Claim, Claimed
from ratings.store.results import Done, Finish
from ratings.store.writer import Writer
from ratings.times import SECOND, Instant
from ratings.tokens import Tokens

REQUESTS = 2
"""Requests that one job may make one after another, each with the channel's timeout: an edit, then a new message."""


class Outbox(Workers):
    """A worker an account of a channel."""

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
        telling: Telling | None = None,
    ) -> None:
        works = [
            _Sending(channel, tokens, metrics, clock, public_url, timezone, telling) for channel in channels.values()
        ]
        super().__init__(writer, works, wake, clock)


class _Sending(Work):
    """What one channel's account is to say and do."""

    def __init__(
        self,
        channel: Channel,
        tokens: Tokens,
        metrics: Metrics,
        clock: Callable[[], Instant],
        public_url: str,
        timezone: str,
        telling: Telling | None,
    ) -> None:
        self.account = channel.account
        self._channel = channel
        self._tokens = tokens
        self._metrics = metrics
        self._clock = clock
        self._public_url = public_url
        self._timezone = timezone
        self._telling = telling

    def claim(self, most: int) -> Claim:
        """Claim what the channel's pace allows."""
        channel, pace = self._channel, self._channel.config.pace
        return Claim(
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

    async def carry_out(self, job: Claimed) -> Finish:
        """Say or do it on the channel."""
        channel, started_at = self._channel, self._clock()
        number = TEST_INVITATION if job.kind is JobKind.TEST else job.invitation.id if job.invitation else None
        token = "" if number is None else self._tokens.issue(number)
        with self._metrics.send_seconds.labels(channel.account).time():
            attempted = await carry_out(channel, job, Site(token, self._public_url), started_at, self._telling)
        outcome = attempted.outcome
        result = outcome.result if isinstance(outcome, Done) else outcome.code
        self._metrics.sends.labels(channel.account, job.kind.value, result).inc()
        idempotent = channel.capabilities.idempotent_send
        return Finish(job.job_id, job.attempt_id, outcome, started_at, idempotent, attempted.repeatable, self._clock())
