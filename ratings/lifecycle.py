"""The life of an invitation: what each thing that happens does to it. Pure; the clock is passed in.

Every function takes an invitation and returns a `Step`: the invitation afterwards and what has to be stored and done
because of it. Nothing here can fail: what does not apply is a step with an `outcome` that says so and no change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from ratings.times import SECOND, Duration, Instant
from ratings.votes import VoteSignal, VoteState, move

ACKNOWLEDGE_AFTER: Duration = 5 * SECOND
"""The first try to acknowledge a tap is made at once, in process; its job is the safety net and comes this much later."""


class State(StrEnum):
    """Where an invitation is in its life."""

    SKIPPED = "skipped"
    SCHEDULED = "scheduled"
    ASKED = "asked"
    ANSWERED = "answered"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    UNDELIVERABLE = "undeliverable"


class Trigger(StrEnum):
    """What can move an invitation."""

    SENT = "sent"  # the prompt went out, or its outcome is unknown
    NOT_DELIVERED = "not_delivered"  # no channel took it, for good
    VOTE = "vote"  # a confirmed vote, before `expires_at`
    REOPENED = "reopened"  # the ticket was reopened after this closing
    OPTED_OUT = "opted_out"  # the customer wants no messages, or the address takes none
    NO_ANSWER = "no_answer"  # the time for an answer passed
    NEXT_ADDRESS = "next_address"  # the prompt did not arrive, and goes to the ticket's next address
    VOTE_GONE = "vote_gone"  # the only vote that counted was a program's
    WITHDRAWN = "withdrawn"  # the customer took the rating back
    PAUSED = "paused"  # the survey was switched off, and cancels what it would have asked
    ERASED = "erased"  # what is known of the customer was erased


TRANSITIONS: Mapping[tuple[State, Trigger], State] = MappingProxyType(
    {
        (State.SCHEDULED, Trigger.SENT): State.ASKED,
        (State.SCHEDULED, Trigger.NOT_DELIVERED): State.UNDELIVERABLE,
        (State.SCHEDULED, Trigger.VOTE): State.ANSWERED,
        (State.SCHEDULED, Trigger.REOPENED): State.CANCELLED,
        (State.SCHEDULED, Trigger.OPTED_OUT): State.CANCELLED,
        (State.SCHEDULED, Trigger.PAUSED): State.CANCELLED,
        (State.SCHEDULED, Trigger.ERASED): State.CANCELLED,
        (State.ASKED, Trigger.VOTE): State.ANSWERED,
        (State.ASKED, Trigger.REOPENED): State.CANCELLED,
        (State.ASKED, Trigger.OPTED_OUT): State.CANCELLED,
        (State.ASKED, Trigger.ERASED): State.CANCELLED,
        (State.ASKED, Trigger.NO_ANSWER): State.LAPSED,
        (State.LAPSED, Trigger.VOTE): State.ANSWERED,
        (State.CANCELLED, Trigger.VOTE): State.ANSWERED,
        (State.UNDELIVERABLE, Trigger.VOTE): State.ANSWERED,
        (State.UNDELIVERABLE, Trigger.SENT): State.ASKED,
        (State.ASKED, Trigger.NEXT_ADDRESS): State.SCHEDULED,
        (State.ANSWERED, Trigger.VOTE_GONE): State.ASKED,
        (State.ANSWERED, Trigger.WITHDRAWN): State.LAPSED,
    }
)
"""Where a trigger takes an invitation. A pair that is not here changes no state: nothing but its own vote leaves answered."""

OPEN_STATES = frozenset({State.SCHEDULED, State.ASKED})
"""An invitation that still waits: a closing reported meanwhile, with no reopen between, is the same closing."""


class Delivery(StrEnum):
    """What is known of the prompt's delivery."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    SEEN = "seen"
    UNKNOWN = "unknown"
    BOUNCED = "bounced"


class JobKind(StrEnum):
    """Acts that are carried out later, each by a job of its own."""

    PROMPT = "prompt"
    REMINDER = "reminder"
    LAPSE = "lapse"
    ACKNOWLEDGE = "acknowledge"
    RENDER = "render"  # make the prompt on the customer's screen say what is true now
    NOTICE = "notice"  # a message of its own
    SETTLE = "settle"  # decide about a vote by link that had to wait
    DESK = "desk"  # make the ticket on its desk say what is true now
    ALERT = "alert"  # tell staff of bad ratings
    DIGEST = "digest"  # tell staff how the last day or week went
    TEST = "test"  # the prompt of a survey, to whoever tries it


class EventType(StrEnum):
    """What subscribers are told."""

    ASKED = "invitation.asked"
    CANCELLED = "invitation.cancelled"
    LAPSED = "invitation.lapsed"
    UNDELIVERABLE = "invitation.undeliverable"
    RATED = "rating.received"
    CHANGED = "rating.changed"
    COMMENTED = "rating.commented"
    WITHDRAWN = "rating.withdrawn"  # the rating does not count any more: taken back, or a program's


TEST_INVITATION = 0
"""What the tokens of a test message name: no invitation has this id, and its taps count nowhere."""

REPEATED = "repeated"
"""The text of a RENDER job that says again what is on the screen already."""


class Outcome(StrEnum):
    """What became of one thing that happened; stored with the inbound event and counted."""

    RATED = "rated"
    CHANGED = "changed"
    REPEATED = "repeated"
    STANDS = "stands"
    EXPIRED = "expired"
    OUT_OF_SCALE = "out_of_scale"
    COMMENTED = "commented"
    ACTED = "acted"
    WAITS = "waits"
    QUARANTINED = "quarantined"
    WITHDRAWN = "withdrawn"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Terms:
    """What was fixed at the decision and never changes: the values of the scale and the timing of the survey."""

    values: tuple[int, ...]
    edit_window: Duration
    comment_window: Duration
    reminders: tuple[Duration, ...]
    lapse_after: Duration


class Invitation(NamedTuple):
    """One asking for one closing, with its rating once there is one.

    `value` and `rated_at` are of votes that count; `pending` is the value of the newest vote while none counts, and
    `vote_state` tells its state. `accepted_at` is when the platform took the newest message with choices.
    """

    id: int
    state: State
    terms: Terms
    expires_at: Instant
    due_at: Instant | None = None
    state_reason: str | None = None
    asked_at: Instant | None = None
    accepted_at: Instant | None = None
    delivery: Delivery | None = None
    external_id: str | None = None
    value: int | None = None
    comment: str = ""
    rated_at: Instant | None = None
    pending: int | None = None
    vote_state: VoteState | None = None
    comment_until: Instant | None = None
    changing: bool = False
    revision: int = 0


class Vote(NamedTuple):
    """One signal to store: its value and the state it is in."""

    value: int
    state: VoteState


class Change(NamedTuple):
    """One line of the rating's history."""

    what: str
    old: str | None
    new: str | None


class Job(NamedTuple):
    """An act to carry out at `due_at`; (kind, invitation, revision) is unique."""

    kind: JobKind
    due_at: Instant
    revision: int
    text: str = ""


class Step(NamedTuple):
    """What one happening does. `acknowledge` is the key of the text that a waiting tap is answered with."""

    invitation: Invitation
    outcome: Outcome = Outcome.IGNORED
    vote: Vote | None = None
    changes: tuple[Change, ...] = ()
    jobs: tuple[Job, ...] = ()
    events: tuple[EventType, ...] = ()
    acknowledge: str = ""


def move_invitation(state: State, trigger: Trigger) -> State:
    """Return the state after a trigger."""
    return TRANSITIONS.get((state, trigger), state)


def may_change(invitation: Invitation, now: Instant) -> bool:
    """True while the customer may change an existing rating: the edit window runs from the first confirmed vote."""
    return invitation.rated_at is not None and now < invitation.rated_at + invitation.terms.edit_window


def awaits_comment(invitation: Invitation, now: Instant) -> bool:
    """True while the next text is this rating's comment."""
    return invitation.comment_until is not None and now < invitation.comment_until


def voted(invitation: Invitation, value: int, now: Instant) -> Step:
    """A confirmed vote arrived: a first rating, a change of mind, a repeat, or too late."""
    refusal = vote_refusal(invitation, value, now)
    if refusal is not None:
        return _refused_tap(invitation, refusal, _REFUSALS[refusal], now)
    first = invitation.value is None
    repeated = value == invitation.value
    after = invitation._replace(
        state=move_invitation(invitation.state, Trigger.VOTE),
        state_reason=None,
        value=value,
        rated_at=now if first else invitation.rated_at,
        pending=None,
        vote_state=move(invitation.vote_state, VoteSignal.HUMAN),
        changing=False,
        comment_until=None if invitation.comment else now + invitation.terms.comment_window,
        revision=invitation.revision + 1,
    )
    return Step(
        after,
        Outcome.RATED if first else Outcome.REPEATED if repeated else Outcome.CHANGED,
        vote=Vote(value, VoteState.CONFIRMED),
        # The first value is no change: the vote itself tells it.
        changes=() if first or repeated else (Change("value", str(invitation.value), str(value)),),
        jobs=(
            _acknowledgment(after, "acknowledged", now),
            Job(JobKind.RENDER, now, after.revision, REPEATED if repeated and not invitation.changing else ""),
        ),
        events=() if repeated else (EventType.RATED if first else EventType.CHANGED,),
        acknowledge="acknowledged",
    )


def vote_refusal(invitation: Invitation, value: int, now: Instant) -> Outcome | None:
    """Return why a vote for a value is not taken now: out of scale, expired, or the rating stands. None: it is taken."""
    if invitation.state is State.SKIPPED or value not in invitation.terms.values:
        return Outcome.OUT_OF_SCALE
    if invitation.value is None and now >= invitation.expires_at:
        return Outcome.EXPIRED
    if invitation.value is not None and not may_change(invitation, now):
        return Outcome.STANDS
    return None


_REFUSALS = {Outcome.OUT_OF_SCALE: "", Outcome.EXPIRED: "expired", Outcome.STANDS: "stands"}


def change_pressed(invitation: Invitation, now: Instant) -> Step:
    """The customer wants to choose again: the prompt shows the choices once more, while the edit window is open."""
    if not may_change(invitation, now):
        return _refused_tap(invitation, Outcome.STANDS, "stands", now)
    return _acted(invitation._replace(changing=True), now)


def comment_pressed(invitation: Invitation, now: Instant) -> Step:
    """The customer wants to write: the next text is the comment."""
    if not may_change(invitation, now):
        return _refused_tap(invitation, Outcome.STANDS, "stands", now)
    return _acted(invitation._replace(comment_until=now + invitation.terms.comment_window), now)


def skip_pressed(invitation: Invitation, now: Instant) -> Step:
    """The customer does not want to write: the next text is not ours."""
    return _acted(invitation._replace(comment_until=None), now)


def commented(invitation: Invitation, comment: str, now: Instant) -> Step:
    """Words were bound to this invitation; `comment` is all of them as they now stand.

    Before a rating exists they are kept with the invitation and join it when it comes. Whether they are bound at all is
    decided before (a reply to the prompt, an awaited text, a held text whose tap arrived).
    """
    if invitation.state is State.SKIPPED or comment == invitation.comment:
        return Step(invitation._replace(comment_until=None))
    after = invitation._replace(comment=comment, comment_until=None, revision=invitation.revision + 1)
    return Step(
        after,
        Outcome.COMMENTED,
        changes=(Change("comment", invitation.comment or None, comment),),
        jobs=(Job(JobKind.RENDER, now, after.revision),) if after.value is not None else (),
        # Words before the vote are told with it: until then there is no rating to comment on.
        events=(EventType.COMMENTED,) if after.value is not None else (),
    )


def sent(
    invitation: Invitation,
    external_id: str | None,
    now: Instant,
    *,
    asked_at: Instant,
    accepted_at: Instant | None = None,
    outcome_known: bool = True,
) -> Step:
    """The prompt went out; without `outcome_known` it may have, and is not sent again.

    `asked_at` is when the request was made, `accepted_at` when the platform answered (None: now).

    A result that comes after the tap, the reopen or the opt-out leaves the state alone: only the facts are kept. So it
    does with a report about this very message that overtook it.
    """
    state = move_invitation(invitation.state, Trigger.SENT)
    reported = invitation.delivery if external_id in {None, invitation.external_id} else None
    after = invitation._replace(
        state=state,
        state_reason=None if state is State.ASKED else invitation.state_reason,
        asked_at=invitation.asked_at if invitation.asked_at is not None else asked_at,
        accepted_at=accepted_at if accepted_at is not None else now,
        delivery=reported or (Delivery.ACCEPTED if outcome_known else Delivery.UNKNOWN),
        external_id=external_id or invitation.external_id,
        revision=invitation.revision + 1,
    )
    jobs: tuple[Job, ...] = ()
    # A late result finds it asked already; another address was asked in the same name, and not a second time.
    asked = state is State.ASKED and invitation.asked_at is None
    if asked:
        jobs = _later_askings(after, asked_at)
    if after.value is not None:
        # The tap overtook its own Sent: what is on the screen still shows the choices.
        jobs = (*jobs, Job(JobKind.RENDER, now, after.revision))
    return Step(after, jobs=jobs, events=(EventType.ASKED,) if asked else ())


def not_delivered(invitation: Invitation, code: str) -> Step:
    """No channel took the prompt, for good; `code` is the error's."""
    state = move_invitation(invitation.state, Trigger.NOT_DELIVERED)
    if state is invitation.state:
        return Step(invitation)
    return Step(invitation._replace(state=state, state_reason=code), events=(EventType.UNDELIVERABLE,))


def delivery_reported(invitation: Invitation, delivery: Delivery) -> Step:
    """The platform tells what became of the prompt. A report never goes back from seen, and never moves the state."""
    if invitation.delivery is Delivery.SEEN:
        return Step(invitation)
    return Step(invitation._replace(delivery=delivery))


def next_address(invitation: Invitation, now: Instant) -> Step:
    """The prompt did not arrive, and the ticket has another address: ask there. Still one invitation, and one vote."""
    if invitation.state not in OPEN_STATES:
        return Step(invitation)
    state = move_invitation(invitation.state, Trigger.NEXT_ADDRESS)
    after = invitation._replace(
        state=state,
        state_reason=Trigger.NEXT_ADDRESS.value,
        delivery=None,
        external_id=None,
        revision=invitation.revision + 1,
    )
    return Step(after, Outcome.ACTED, jobs=(Job(JobKind.PROMPT, now, after.revision),))


def reopened(invitation: Invitation) -> Step:
    """The ticket was reopened after this closing: what was not answered is not asked any more."""
    return _cancelled(invitation, Trigger.REOPENED)


def opted_out(invitation: Invitation) -> Step:
    """The customer wants no messages."""
    return _cancelled(invitation, Trigger.OPTED_OUT)


def paused(invitation: Invitation) -> Step:
    """The survey was switched off, and cancels what it would have asked."""
    return _cancelled(invitation, Trigger.PAUSED)


def erased(invitation: Invitation) -> Step:
    """What is known of the customer is erased: they are asked no more about this."""
    return _cancelled(invitation, Trigger.ERASED)


def lapse_due(invitation: Invitation) -> Step:
    """The time for an answer passed."""
    state = move_invitation(invitation.state, Trigger.NO_ANSWER)
    if state is invitation.state:
        return Step(invitation)
    return Step(invitation._replace(state=state), events=(EventType.LAPSED,))


def _later_askings(invitation: Invitation, asked_at: Instant) -> tuple[Job, ...]:
    """Return the reminders, each counted from the asking before it, and the lapse after the last of them."""
    terms = invitation.terms
    at = list(accumulate(terms.reminders, initial=asked_at))
    reminders = [Job(JobKind.REMINDER, due_at, number) for number, due_at in enumerate(at[1:], start=1)]
    return (*reminders, Job(JobKind.LAPSE, min(at[-1] + terms.lapse_after, invitation.expires_at), 0))


def may_remind(invitation: Invitation) -> bool:
    """True while a reminder may go out: asked, and not answered, reopened, opted out or lapsed since.

    A vote that waits to settle is an answer as far as reminding goes.
    """
    return invitation.state is State.ASKED and invitation.vote_state is not VoteState.PROVISIONAL


def may_prompt(invitation: Invitation) -> bool:
    """True while the prompt may go out: nothing has been sent and nothing happened since the decision."""
    return invitation.state is State.SCHEDULED


def may_prompt_again(invitation: Invitation) -> bool:
    """True while the prompt may go out because somebody says so: no messenger took it, or nobody knows whether one did."""
    lost = (
        invitation.state is State.ASKED and invitation.delivery is Delivery.UNKNOWN and invitation.external_id is None
    )
    return lost or invitation.state in {State.SCHEDULED, State.UNDELIVERABLE}


def _cancelled(invitation: Invitation, trigger: Trigger) -> Step:
    state = move_invitation(invitation.state, trigger)
    if state is invitation.state:
        return Step(invitation)
    return Step(invitation._replace(state=state, state_reason=trigger.value), events=(EventType.CANCELLED,))


def _acted(invitation: Invitation, now: Instant) -> Step:
    after = invitation._replace(revision=invitation.revision + 1)
    return Step(
        after,
        Outcome.ACTED,
        jobs=(_acknowledgment(after, "", now), Job(JobKind.RENDER, now, after.revision)),
    )


def _refused_tap(invitation: Invitation, outcome: Outcome, text: str, now: Instant) -> Step:
    after = invitation._replace(revision=invitation.revision + 1)
    return Step(after, outcome, jobs=(_acknowledgment(after, text, now),), acknowledge=text)


def _acknowledgment(invitation: Invitation, text: str, now: Instant) -> Job:
    return Job(JobKind.ACKNOWLEDGE, now + ACKNOWLEDGE_AFTER, invitation.revision, text)
