"""To which invitation a customer's words belong, if to any. Pure.

A comment is: a reply to the prompt, at any time; the next text while one is awaited. A typed value is a vote while the
choices are on the screen. A text that comes before its tap waits for it. Anything else is not ours and must not be swallowed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ratings.lifecycle import Invitation, State, awaits_comment, may_change
from ratings.times import SECOND, Duration, Instant

HOLD: Duration = 30 * SECOND
"""How long a text waits for its tap: platforms deliver the two in different queues."""


@dataclass(frozen=True, slots=True)
class Comment:
    """The words are this invitation's comment."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class TypedValue:
    """The words are a value of this invitation's scale."""

    invitation: Invitation
    value: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A prompt is open: the words may be the comment of a tap that is on its way."""


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Nobody waits for these words here."""


Binding = Comment | TypedValue | Hold | NotOurs


def bind(
    candidates: Sequence[Invitation],
    *,
    newest_ticket: int | None,
    reply_to: str | None,
    read_value: Callable[[Invitation], int | None],
    now: Instant,
) -> Binding:
    """Decide where a text belongs.

    `candidates` are the address's invitations, newest first; `newest_ticket` the id of its newest closing, asked or
    skipped: a comment is awaited only while no newer ticket came. `read_value` reads the text by an invitation's scale.
    """
    for invitation in candidates:
        if reply_to is not None and invitation.external_id == reply_to:
            value = read_value(invitation) if invitation.value is None else None
            return Comment(invitation) if value is None else TypedValue(invitation, value)
    for invitation in candidates:
        if invitation.changing and may_change(invitation, now) and (value := read_value(invitation)) is not None:
            return TypedValue(invitation, value)
    newest = candidates[0] if candidates else None
    if newest is not None and newest.id == newest_ticket and awaits_comment(newest, now):
        return Comment(newest)
    for invitation in candidates:
        if invitation.state is State.ASKED and now < invitation.expires_at:
            value = read_value(invitation)
            return Hold() if value is None else TypedValue(invitation, value)
    if any(_may_be_out(invitation, now) for invitation in candidates):
        return Hold()
    return NotOurs()


def _may_be_out(invitation: Invitation, now: Instant) -> bool:
    """True for a prompt that is due: it may be on the customer's screen before its sending is stored."""
    return invitation.state is State.SCHEDULED and invitation.due_at is not None and invitation.due_at <= now
