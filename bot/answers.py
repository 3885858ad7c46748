"""From what a channel heard to what the store keeps; and the first try to acknowledge a waiting tap."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bot.metrics import Metrics
from bot.restarts import told
from channels import base
from net.errors import DeliveryError
from ratings.lifecycle import Delivery
from ratings.store import inbound
from ratings.store.inbound import Acknowledgment, Receive, Received
from ratings.store.results import DropAcknowledgment
from ratings.store.writer import StoreBusy, StoreClosed, Writer
from ratings.times import SECOND, Instant
from ratings.tokens import Tokens

AT_ONCE = 32
"""Acknowledgments of one account that are tried in process at the same time; the rest is left to their jobs."""

_log = structlog.get_logger("tapfive.answers")


class Answers:
    """Receives events of channels. An answer to the platform is given only after `receive` returned."""

    def __init__(self, writer: Writer, tokens: Tokens, metrics: Metrics, clock: Callable[[], Instant]) -> None:
        self._writer = writer
        self._tokens = tokens
        self._metrics = metrics
        self._clock = clock
        self._acknowledging: dict[str, set[asyncio.Task[None]]] = {}
        self._free_at: dict[str, float] = {}

    async def receive(
        self, channel: base.Channel, events: Sequence[base.Inbound], position: str | None = None
    ) -> Received:
        """Store events (and the polling position with them); return after the COMMIT. Raises StoreBusy."""
        happenings = tuple(self._translate(event) for event in events if not isinstance(event, base.Handshake))
        if not happenings and position is None:
            return Received((), ())
        capabilities = channel.capabilities
        alone = channel.config.mode in (base.Mode.WEBHOOK, base.Mode.POLLING) and not capabilities.shared
        answers = alone and capabilities.converses
        received = await self._writer.do(Receive(channel.account, happenings, answers, position))
        for outcome in received.outcomes:
            self._metrics.inbound_of(channel.account, outcome).inc()
        if channel.capabilities.acknowledge:
            for waiting in received.acknowledgments:
                self._acknowledge_soon(channel, waiting)
        return received

    async def finish(self, seconds: float) -> None:
        """Wait for acknowledgments that are on their way."""
        tasks = [task for tasks in self._acknowledging.values() for task in tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def _acknowledge_soon(self, channel: base.Channel, waiting: Acknowledgment) -> None:
        """Try at once, if the account's pace has room for it; otherwise the tap's job does it."""
        tasks = self._acknowledging.setdefault(channel.account, set())
        now, interval = self._clock(), SECOND / channel.config.pace.per_second
        free_at = max(self._free_at.get(channel.account, 0.0), now - SECOND)
        if not waiting.tap or len(tasks) >= AT_ONCE or free_at > now:
            return
        self._free_at[channel.account] = free_at + interval
        task = asyncio.create_task(self._acknowledge(channel, waiting))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _acknowledge(self, channel: base.Channel, waiting: Acknowledgment) -> None:
        try:
            await channel.acknowledge(waiting.tap, waiting.text)
            if waiting.job_id is not None:
                await self._writer.do(DropAcknowledgment(waiting.job_id))
        except DeliveryError as error:
            _log.info("a tap was not acknowledged at once", account=channel.account, code=error.code)
        except (StoreBusy, StoreClosed):
            pass  # then the job acknowledges once more, which does no harm
        except Exception as error:  # noqa: BLE001 - a defect: nobody waits for this task, and the job tries again
            _log.error("a tap's acknowledgment failed", account=channel.account, **told(error))

    def _translate(self, event: base.Inbound) -> inbound.Happening:
        event_id, sender = event.event_id, event.address
        match event:
            case base.ChoicePicked():
                return inbound.Tapped(
                    event_id=event_id,
                    sender=sender,
                    invitation_id=self._tokens.read(event.token),
                    value=event.value,
                    tap=event.tap,
                    prompt_id=event.prompt_id,
                    client=event.client,
                )
            case base.ActionPicked():
                return inbound.Pressed(
                    event_id=event_id,
                    sender=sender,
                    invitation_id=self._tokens.read(event.token),
                    action=event.action.value,
                    tap=event.tap,
                    prompt_id=event.prompt_id,
                    client=event.client,
                )
            case base.TextReceived():
                return inbound.Wrote(
                    event_id=event_id,
                    sender=sender,
                    message_id=event.message_id,
                    text=event.text,
                    reply_to=event.reply_to,
                    edited=event.edited,
                    client=event.client,
                    invitation_id=self._named(event.token),
                )
            case base.DeliveryReported():
                return inbound.Delivered(
                    event_id=event_id,
                    sender=sender,
                    external_id=event.external_id,
                    delivery=Delivery(event.delivery),
                    gone=event.gone,
                    invitation_id=self._named(event.token),
                )
            case base.OptOut():
                return inbound.Refused(
                    event_id=event_id,
                    sender=sender,
                    asked=event.reason == "asked",
                    invitation_id=self._named(event.token),
                )
            case base.OptIn():
                asked = event.reason == "asked"
                return inbound.Allowed(event_id=event_id, sender=sender, asked=asked, client=event.client)
            case base.Unreadable():
                return inbound.Unreadable(event_id=event_id, sender=sender, raw=event.raw, error=event.error)
            case base.Unknown():
                return inbound.Other(event_id=event_id, sender=sender, what=event.what, tap=event.tap)
            case _:
                raise TypeError(f"no such event: {type(event).__name__}")

    def _named(self, token: str) -> int | None:
        """Return the invitation that a message names itself; None where it names none, or the token is forged."""
        return self._tokens.read(token) if token else None
