"""Events to an endpoint: what a try's outcome means for the next one, and which secrets sign. Pure.

Events go strictly by their numbers: one that was not taken is tried again, and holds those behind it. Whoever switches an
endpoint on again, or sets it back, gets everything from where it stands: nothing is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ratings.times import DAY, HOUR, MINUTE, SECOND, Duration, Instant, format_instant

SCHEDULE: tuple[Duration, ...] = (
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""Waits after the first try, the second and so on: ten tries in more than three days."""

LASTING: Duration = sum(SCHEDULE)
"""An endpoint that asks to wait all the time is given up after as long as one that fails all the time."""

JITTER = 0.1
"""The share by which a wait may grow, so that what failed together does not come together."""

KEEP_SECRET: Duration = DAY
"""How long a secret still signs after it was replaced, unless said otherwise."""

MAX_REPLY = 500
"""Characters of an answer that are kept."""

_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410
_WAIT = {429, 503}  # RFC 6585 §4, RFC 9110 §15.6.4: these two may say for how long


class EndpointState(StrEnum):
    """Active: events go there. Paused: by a person. Disabled: given up, and `reason` says why."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an endpoint stands. `tries` of the event after `position` failed, the first at `failing_since`."""

    position: int
    state: EndpointState = EndpointState.ACTIVE
    reason: str | None = None
    failing_since: Instant | None = None
    tries: int = 0
    next_at: Instant = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request. No status: no answer came, and `problem` says why in words without secrets."""

    status: int | None
    text: str = ""
    problem: str = ""
    retry_after: Duration | None = None
    duration: Duration = 0

    @property
    def ok(self) -> bool:
        """True for 2xx alone."""
        return self.status in _OK


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret, and until when it signs (None: it is the newest)."""

    secret: str
    until: Instant | None = None


def after_reply(standing: Standing, number: int, reply: Reply, now: Instant, jitter: float) -> Standing:
    """Return where an endpoint stands after event `number` was tried. `jitter` is from 0 to 1."""
    if reply.ok:
        return at_position(standing, number, now)
    since = now if standing.failing_since is None else standing.failing_since
    failed = replace(standing, failing_since=since)
    if reply.status == _GONE:
        return replace(failed, state=EndpointState.DISABLED, reason="it answered 410: it is gone")
    if reply.status in _WAIT and reply.retry_after is not None:
        # It works, and asks for time: that is no failed try.
        if now - since < LASTING:
            return replace(failed, next_at=now + max(reply.retry_after, SECOND))
    elif standing.tries < len(SCHEDULE):
        wait = SCHEDULE[standing.tries]
        return replace(failed, tries=standing.tries + 1, next_at=now + int(wait * (1 + JITTER * jitter)))
    reason = f"it took nothing since {format_instant(since)}; the last time, {said(reply)}"
    return replace(failed, state=EndpointState.DISABLED, reason=reason)


def at_position(standing: Standing, position: int, now: Instant) -> Standing:
    """Return where an endpoint stands that goes on after a number, with nothing held against it."""
    return Standing(position, standing.state, standing.reason, next_at=now)


def switched(standing: Standing, state: EndpointState, now: Instant) -> Standing:
    """Return where an endpoint stands that a person switched on or off: on, it is tried at once."""
    if state is EndpointState.ACTIVE and standing.state is not EndpointState.ACTIVE:
        return Standing(standing.position, next_at=now)
    return replace(standing, state=state, reason=standing.reason if state is standing.state else None)


def said(reply: Reply) -> str:
    """Say in a few words what came of a request."""
    if reply.status is None:
        return reply.problem
    redirects = ", and redirects are not followed" if reply.status in _REDIRECTS else ""
    return f"it answered {reply.status}{redirects}"


def rotated(
    secrets: Sequence[SigningSecret], new: str, now: Instant, keep: Duration = KEEP_SECRET
) -> tuple[SigningSecret, ...]:
    """Return the secrets with a new one; those before it sign for `keep` more at the most."""
    until = now + keep
    older = [replace(each, until=until if each.until is None else min(each.until, until)) for each in secrets]
    return (SigningSecret(new), *alive(older, now))


def alive(secrets: Sequence[SigningSecret], now: Instant) -> tuple[SigningSecret, ...]:
    """Return those that sign now, the newest first."""
    return tuple(each for each in secrets if each.until is None or each.until > now)
