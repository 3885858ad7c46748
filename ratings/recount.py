"""What counts once votes by link came, settled, fell or were overruled: steps in the life of an invitation. Pure."""

from ratings.lifecycle import (
    Change,
    EventType,
    Invitation,
    Job,
    JobKind,
    Outcome,
    State,
    Step,
    Trigger,
    Vote,
    move_invitation,
)
from ratings.times import Instant
from ratings.votes import VoteState


def recounted(
    invitation: Invitation,
    *,
    value: int | None,
    rated_at: Instant | None,
    newest: tuple[int, VoteState],
    now: Instant,
) -> Step:
    """Votes by link came, settled, fell or were overruled: what counts now is `value`, first confirmed at `rated_at`.

    `newest` is the value and state of the newest vote: what is shown, beside the reports, while no vote counts.
    """
    before = invitation.value
    if value is None:
        return _uncounted(invitation, newest, now)
    after = invitation._replace(
        state=move_invitation(invitation.state, Trigger.VOTE),
        state_reason=None,
        value=value,
        rated_at=invitation.rated_at if invitation.rated_at is not None else rated_at,
        pending=None,
        vote_state=VoteState.CONFIRMED,
        changing=False,
    )
    if after == invitation:
        return Step(invitation, Outcome.REPEATED)
    after = after._replace(revision=invitation.revision + 1)
    return Step(
        after,
        Outcome.RATED if before is None else Outcome.REPEATED if before == value else Outcome.CHANGED,
        changes=() if before in (None, value) else (Change("value", str(before), str(value)),),
        jobs=() if before == value else (Job(JobKind.RENDER, now, after.revision),),
        events=() if before == value else (EventType.RATED if before is None else EventType.CHANGED,),
    )


def edited(invitation: Invitation, value: int) -> Step:
    """Staff with the right corrects the rating, however old it is: no customer is told, and no words are touched."""
    if invitation.value is None or value not in invitation.terms.values:
        return Step(invitation, Outcome.OUT_OF_SCALE if invitation.value is not None else Outcome.IGNORED)
    if value == invitation.value:
        return Step(invitation, Outcome.REPEATED)
    after = invitation._replace(value=value, revision=invitation.revision + 1)
    return Step(
        after,
        Outcome.CHANGED,
        vote=Vote(value, VoteState.CONFIRMED),
        changes=(Change("value", str(invitation.value), str(value)),),
        events=(EventType.CHANGED,),
    )


def _uncounted(invitation: Invitation, newest: tuple[int, VoteState], now: Instant) -> Step:
    """No vote counts: none did yet, or the one that did fell or was taken back."""
    before = invitation.value
    taken_back = newest[1] is VoteState.WITHDRAWN
    state, reason = invitation.state, invitation.state_reason
    if before is not None:
        state = move_invitation(state, Trigger.WITHDRAWN if taken_back else Trigger.VOTE_GONE)
        reason = "withdrawn" if taken_back else "vote_gone"
        if state is State.ASKED and now >= lapses_at(invitation):
            state = move_invitation(state, Trigger.NO_ANSWER)
    after = invitation._replace(
        state=state,
        state_reason=reason,
        value=None,
        rated_at=None,
        pending=newest[0],
        vote_state=newest[1],
        changing=False,
        comment_until=None,
        revision=invitation.revision + 1,
    )
    outcomes = {VoteState.PROVISIONAL: Outcome.WAITS, VoteState.WITHDRAWN: Outcome.WITHDRAWN}
    outcome = outcomes.get(newest[1], Outcome.QUARANTINED)
    if before is None:
        return Step(after, outcome)
    return Step(
        after,
        outcome,
        changes=(Change("value", str(before), None),),
        jobs=(Job(JobKind.RENDER, now, after.revision),),
        events=(EventType.WITHDRAWN,),
    )


def lapses_at(invitation: Invitation) -> Instant:
    """Return when an asked invitation lapses: after the last reminder's time for an answer, at the latest when it expires."""
    terms = invitation.terms
    asked_at = invitation.asked_at if invitation.asked_at is not None else invitation.expires_at
    return min(asked_at + sum(terms.reminders) + terms.lapse_after, invitation.expires_at)
