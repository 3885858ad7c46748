"""To which invitation a customer's words belong, if to any. Pure.

A comment is: a reply to the prompt, at any time; the next text while one is awaited. A typed value is a vote while the
choices are on the screen. A text that comes before its tap waits for it. Anything else is not ours and must not be swallowed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ratings.lifecycle import Invitation, State, awaits_comment, may_change
from ratings.replies import Answer, Reply, Unclear
from ratings.times import SECOND, Duration, Instant

HOLD: Duration = 30 * SECOND
"""How long a text waits for its tap: platforms deliver the two in different queues."""


@dataclass(frozen=True, slots=True)
class Comment:
    """The words are this invitation's comment. `unclear`: they look like a value that nobody can be sure of."""

    invitation: Invitation
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class TypedValue:
    """The words begin with a value of this invitation's scale; the rest of them is its comment."""

    invitation: Invitation
    value: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A prompt is open: the words may be the comment of a tap that is on its way. `unclear` as in Comment."""

    unclear: bool = False


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Nobody waits for these words here."""


Binding = Comment | TypedValue | Hold | NotOurs


def bind(
    candidates: Sequence[Invitation],
    *,
    newest_ticket: int | None,
    answered: int | None,
    reply_to: str | None,
    read: Callable[[Invitation], Reply],
    now: Instant,
) -> Binding:
    """Decide where a text belongs.

    `candidates` are the address's invitations, newest first; `newest_ticket` the id of its newest closing, asked or
    skipped: a comment is awaited only while no newer ticket came. `answered` is the invitation that the message itself
    names (mail), `reply_to` the message that it replies to. `read` reads the text by an invitation's scale.
    """
    for invitation in candidates:
        if invitation.id == answered or (reply_to is not None and invitation.external_id == reply_to):
            return _bind_reply(invitation, read(invitation), named=invitation.id == answered, now=now)
    for invitation in candidates:
        if invitation.changing and may_change(invitation, now) and isinstance(reply := read(invitation), Answer):
            return TypedValue(invitation, reply.value, reply.comment)
    newest = candidates[0] if candidates else None
    if newest is not None and newest.id == newest_ticket and awaits_comment(newest, now):
        return Comment(newest)
    for invitation in candidates:
        if invitation.state is State.ASKED and now < invitation.expires_at:
            reply = read(invitation)
            if isinstance(reply, Answer):
                return TypedValue(invitation, reply.value, reply.comment)
            return Hold(isinstance(reply, Unclear))
    if any(_may_be_out(invitation, now) for invitation in candidates):
        return Hold()
    return NotOurs()


def _bind_reply(invitation: Invitation, reply: Reply, *, named: bool, now: Instant) -> Binding:
    """Bind what replies to a prompt. A mail can only be answered anew, where a messenger has a button to change."""
    if isinstance(reply, Answer) and (
        (invitation.value is None and now < invitation.expires_at)
        or (may_change(invitation, now) and (named or invitation.changing))
    ):
        return TypedValue(invitation, reply.value, reply.comment)
    return Comment(invitation, unclear=isinstance(reply, Unclear) and invitation.value is None)


def _may_be_out(invitation: Invitation, now: Instant) -> bool:
    """True for a prompt that is due: it may be on the customer's screen before its sending is stored."""
    return invitation.state is State.SCHEDULED and invitation.due_at is not None and invitation.due_at <= now
