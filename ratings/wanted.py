"""Whether a job is still wanted at the moment it would run. Pure; the clock is passed in.

Between the decision and the act the world moves on: the survey is switched off, the ticket reopens, the customer answers
or wants no messages. Asking again right before the act is what keeps a prompt from going out after a reopen.
"""

from dataclasses import dataclass

from ratings.lifecycle import REPEATED, Delivery, Invitation, JobKind, may_prompt, may_prompt_again, may_remind
from ratings.times import HOUR, MINUTE, Duration, Instant

HOLD_OFF: Duration = HOUR
"""How long a prompt of a switched-off survey is held before it is looked at again; switching on wakes it at once."""

TEST_FOR: Duration = 10 * MINUTE
"""How long somebody who sent a test message to themselves still waits for it."""


DIGEST_FOR: Duration = 12 * HOUR
"""How long a digest that could not be sent is still worth reading; the next one comes soon."""


@dataclass(frozen=True, slots=True)
class World:
    """What a job meets: its invitation (None: it concerns only an address), and what holds now.

    `converses`: what follows an answer is said on this channel, not on the rating page. `edits`: a message can be replaced.
    `allowed_from` is the next instant at which the customer may be written to unasked, `window_until` when the messenger
    stops taking such messages. `cancel_paused`: a survey that is off cancels what it would have asked. `number` is a
    reminder's, the first being 1. `again`: a person says that a prompt that failed be tried anew.
    """

    invitation: Invitation | None
    survey_on: bool
    opted_out: bool
    unreachable: bool
    prompt_before: Instant
    acknowledge_within: Duration | None
    converses: bool = True
    edits: bool = True
    allowed_from: Instant = 0
    window_until: Instant | None = None
    cancel_paused: bool = False
    number: int = 1
    again: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """Do it."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody wants it any more; `reason` is stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """It is wanted, and cannot be done for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; look again at `until`."""

    until: Instant
    reason: str


_TO_STAFF = frozenset({JobKind.ALERT, JobKind.DIGEST})
_ANSWERING = frozenset({JobKind.NOTICE, JobKind.RENDER})

Verdict = Go | Drop | Undeliverable | Wait


def judge(kind: JobKind, text: str, created_at: Instant, world: World, now: Instant) -> Verdict:
    """Decide what to do with a due job. `text` is the key of the text it would say, for a notice."""
    invitation = world.invitation
    if kind in _ANSWERING and not world.converses:
        return Drop("no_conversation")
    if kind is JobKind.NOTICE:
        # To someone who opted out, the confirmation of just that is the last message.
        return Drop("opted_out") if world.opted_out and text != "opted_out" else Go()
    if kind in _TO_STAFF:
        return _judge_for_staff(kind, created_at, world, now)
    if invitation is None:
        waited_for = kind is JobKind.TEST and now <= created_at + TEST_FOR
        return Go() if waited_for else Drop("too_late" if kind is JobKind.TEST else "no_invitation")
    match kind:
        case JobKind.PROMPT:
            return _judge_prompt(invitation, world, now)
        case JobKind.REMINDER:
            return _judge_reminder(invitation, world, now)
        case JobKind.ACKNOWLEDGE:
            limit = world.acknowledge_within
            return Drop("too_late") if limit is not None and now > created_at + limit else Go()
        case _:
            if text == REPEATED and not world.edits:
                return Drop("said_before")
            # Nothing to edit yet: when the prompt's own Sent arrives it asks for this again. Of an unknown outcome none comes.
            waits = invitation.external_id is None and invitation.delivery is not Delivery.UNKNOWN
            return Drop("not_sent") if waits else Go()


def _judge_for_staff(kind: JobKind, created_at: Instant, world: World, now: Instant) -> Verdict:
    """Staff that wants no messages gets none either, and nobody wants yesterday's news."""
    if kind is JobKind.DIGEST and now > created_at + DIGEST_FOR:
        return Drop("too_late")
    if world.opted_out:
        return Drop("opted_out")
    return Undeliverable("unreachable") if world.unreachable else Go()


def _judge_reminder(invitation: Invitation, world: World, now: Instant) -> Verdict:
    if not may_remind(invitation):
        return Drop(invitation.state.value)
    if world.opted_out or world.unreachable:
        return Drop("opted_out" if world.opted_out else "unreachable")
    if not world.survey_on:
        return Drop("paused") if world.cancel_paused else Wait(now + HOLD_OFF, "survey_off")
    if max(now, world.allowed_from) >= invitation.expires_at:
        return Drop("expired")  # held so long that whoever answered it would hear that it is too late
    if _is_shut(world, now):
        return Drop("window_closed")
    again_at = _reminded_again(invitation, world.number, now)
    if again_at is not None:
        return Wait(again_at, "too_soon")
    return Wait(world.allowed_from, "quiet_hours") if world.allowed_from > now else Go()


def _reminded_again(invitation: Invitation, number: int, now: Instant) -> Instant | None:
    """When to remind after what was sent last; None for now.

    What waited while a messenger was away comes late, and those behind it must not follow at once: half of the distance is
    kept at the least. An instant that lies ahead was written by a clock that has been set back since, and tells nothing.
    """
    last, distances = invitation.accepted_at, invitation.terms.reminders
    if last is None or last > now or number > len(distances):
        return None
    distance = distances[number - 1]
    return last + distance if now - last < distance // 2 else None


def _judge_prompt(invitation: Invitation, world: World, now: Instant) -> Verdict:
    if not (may_prompt_again if world.again else may_prompt)(invitation):
        return Drop(invitation.state.value)
    if world.opted_out:
        return Drop("opted_out")
    if world.unreachable:
        return Undeliverable("unreachable")
    if now > world.prompt_before or now >= invitation.expires_at:
        return Undeliverable("too_late")
    if not world.survey_on:
        return Drop("paused") if world.cancel_paused else Wait(now + HOLD_OFF, "survey_off")
    if _is_shut(world, now):
        return Undeliverable("window_closed")
    return Wait(world.allowed_from, "quiet_hours") if world.allowed_from > now else Go()


def _is_shut(world: World, now: Instant) -> bool:
    """True once the messenger takes no more messages that nobody asked for, or would not when we may write."""
    return world.window_until is not None and max(now, world.allowed_from) >= world.window_until
