"""What a job does: the words first, then the channel. Everything that can go wrong comes back as an outcome.

A failure before the request is nobody's doubt: nothing was sent. A failure that nobody foresaw after it may have been
written is: the honest word is then "unknown".
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from bot import wording
from bot.previews import test_prompt
from bot.restarts import told
from channels.base import Capabilities, Channel, Message, Prompt, Sent
from net.errors import DeliveryError, NotEditable, TapExpired, Throttled
from ratings.lifecycle import JobKind
from ratings.store.claims import Claimed
from ratings.store.results import Done, Failed
from ratings.times import SECOND, Instant
from ratings.wording import acknowledgment

INTERNAL = "internal"
"""The code of a failure of ours before anything was sent. Tried again: the words come from the survey's newest version, and
may be put right meanwhile."""

_log = structlog.get_logger("tapfive.outbox")


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of one attempt. `repeatable` as in Finish."""

    outcome: Done | Failed
    repeatable: bool | None = None


Act = Callable[[], Awaitable[Attempted]]

Telling = Callable[[Claimed, Capabilities], Awaitable[Message]]
"""What makes the message of a job whose figures and pictures have to be fetched first."""


async def carry_out(
    channel: Channel, job: Claimed, site: wording.Site, now: Instant, telling: Telling | None = None
) -> Attempted:
    """Carry out a claimed job. Never raises, but when it is cancelled. `telling` makes what digests say."""
    try:
        if job.kind is JobKind.DIGEST and telling is not None:
            act: Act = partial(_send, channel, job.address, await telling(job, channel.capabilities))
        else:
            act = _prepare(channel, job, site, now)
    except Exception as error:  # noqa: BLE001 - words that cannot be made are this job's problem alone
        _log.error(
            "there are no words for a job",
            account=channel.account,
            job=job.kind.value,
            job_id=job.job_id,
            **told(error),
        )
        return Attempted(Failed(INTERNAL, again=True, text=f"internal error: {type(error).__name__}"))
    return await _attempt(channel, job, act)


def _prepare(channel: Channel, job: Claimed, site: wording.Site, now: Instant) -> Act:
    match job.kind:
        case JobKind.PROMPT | JobKind.REMINDER:
            return partial(_send, channel, job.address, wording.prompt(job, site))
        case JobKind.NOTICE:
            return partial(_send, channel, job.address, wording.notice(job))
        case JobKind.ACKNOWLEDGE:
            return partial(_acknowledge, channel, job.detail, _acknowledgment(job))
        case JobKind.RENDER:
            content = wording.screen(job, site, now, edits=channel.capabilities.edit)
            return _nothing if content is None else partial(_render, channel, job, content)
        case JobKind.TEST:
            return partial(_send, channel, job.address, test_prompt(job, site))
        case JobKind.ALERT:
            return partial(_send, channel, job.address, wording.alert(job, channel.capabilities.max_text))
        case _:
            raise TypeError(f"no worker knows how to do {job.kind}")


async def _nothing() -> Attempted:
    """The admin wants nothing to be said."""
    return Attempted(Done(result="silent"))


async def _attempt(channel: Channel, job: Claimed, act: Act) -> Attempted:
    try:
        return await act()
    except DeliveryError as error:
        _log.info(
            "not delivered",
            account=channel.account,
            job=job.kind.value,
            job_id=job.job_id,
            code=error.code,
            platform_code=error.platform_code,
        )
        return Attempted(failed(error))
    except Exception as error:  # noqa: BLE001 - an adapter's defect must not end its account's worker
        _log.error("an adapter failed", account=channel.account, job=job.kind.value, job_id=job.job_id, **told(error))
        return Attempted(Failed("outcome_unknown", again=False, text=f"internal error: {type(error).__name__}"))


async def _send(channel: Channel, address: str, content: Prompt | Message) -> Attempted:
    sent: Sent
    if isinstance(content, Prompt):
        sent = await channel.send_prompt(address, content)
    else:
        sent = await channel.send_text(address, content)
    return Attempted(Done(sent.external_id, sent.new_address))


def _acknowledgment(job: Claimed) -> str:
    assert job.invitation is not None
    assert job.survey is not None
    assert job.decided is not None
    return acknowledgment(job.survey, job.decided.scale, job.invitation.value, job.text, job.language)


async def _acknowledge(channel: Channel, tap: str, text: str) -> Attempted:
    try:
        await channel.acknowledge(tap, text)
    except TapExpired:
        return Attempted(Done(result=TapExpired.code))
    return Attempted(Done())


async def _render(channel: Channel, job: Claimed, content: Prompt | Message) -> Attempted:
    """Say on the prompt's message what it says now; where it is gone or its id unknown, in a new one, to those who want any."""
    assert job.invitation is not None
    if channel.capabilities.edit and job.invitation.external_id is not None:
        try:
            await channel.edit(job.address, job.invitation.external_id, content)
        except NotEditable:
            pass
        else:
            return Attempted(Done())
    if not job.may_send_anew:
        return Attempted(Done(result=NotEditable.code))
    _log.info("the prompt cannot be edited; saying it anew", account=channel.account, job_id=job.job_id)
    attempted = await _attempt(channel, job, partial(_send, channel, job.address, content))
    # An edit may be done twice; a new message is a message as any other.
    return Attempted(attempted.outcome, repeatable=channel.capabilities.idempotent_send)


def failed(error: DeliveryError) -> Failed:
    """Return what an adapter's error says to the store."""
    throttled = error if isinstance(error, Throttled) else None
    return Failed(
        code=error.code,
        again=error.again,
        text=error.text,
        platform_code=error.platform_code,
        retry_after=round(throttled.retry_after * SECOND) if throttled else None,
        scope=throttled.scope if throttled else "account",
    )
