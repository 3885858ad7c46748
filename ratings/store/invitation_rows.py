"""From rows to invitations and back: what is read of an invitation and its rating, and what is written of them."""

from typing import Any

from sqlalchemy import bindparam, update

from ratings.lifecycle import Change, Delivery, Invitation, State, Terms
from ratings.scale import Scale
from ratings.store.schema import invitations
from ratings.store.unit import Row, Unit
from ratings.survey import Survey
from ratings.times import Instant
from ratings.votes import VoteState

_CHANGED = (
    "state",
    "state_reason",
    "asked_at",
    "accepted_at",
    "delivery",
    "external_id",
    "comment",
    "comment_until",
    "changing",
    "revision",
)
UPDATE = (
    update(invitations)
    .where(invitations.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)
"""Writes what `update_row` returned."""

COPIED = (
    "survey_id",
    "closed_at",
    "desk",
    "ticket_id",
    "ticket_url",
    "subject",
    "form",
    "group_id",
    "agent_id",
    "agent_name",
    "priority",
)
"""Columns of a rating that are copied once."""


def terms_of(survey: Survey) -> Terms:
    """Return what a survey's version fixes for its invitations."""
    timing = survey.timing
    return Terms(survey.scale.values, timing.edit_window, timing.comment_window, timing.reminders, timing.lapse_after)


def counted(scale: Scale, value: int | None) -> int | None:
    """Return a value as it is counted; its own inverse."""
    return None if value is None else scale.counted(value)


def invitation_of(row: Any, terms: Terms, scale: Scale) -> Invitation:
    """Return the invitation of a row of `invitations` joined with its rating (value, rated_at, vote_state).

    Rows hold the value that is counted, an invitation the one on the scale that customers see.
    """
    counting = row.vote_state == VoteState.CONFIRMED.value
    value = counted(scale, row.value)
    return Invitation(
        id=row.id,
        state=State(row.state),
        terms=terms,
        expires_at=row.expires_at,
        due_at=row.due_at,
        state_reason=row.state_reason,
        asked_at=row.asked_at,
        accepted_at=row.accepted_at,
        delivery=Delivery(row.delivery) if row.delivery else None,
        external_id=row.external_id,
        value=value if counting else None,
        comment=row.comment or "",
        rated_at=row.rated_at if counting else None,
        pending=None if counting else value,
        vote_state=VoteState(row.vote_state) if row.vote_state else None,
        comment_until=row.comment_until,
        changing=row.changing,
        revision=row.revision,
    )


def update_row(invitation: Invitation) -> Row:
    """Return the parameters of `UPDATE`."""
    return {
        "of": invitation.id,
        "new_state": invitation.state.value,
        "new_state_reason": invitation.state_reason,
        "new_asked_at": invitation.asked_at,
        "new_accepted_at": invitation.accepted_at,
        "new_delivery": invitation.delivery.value if invitation.delivery else None,
        "new_external_id": invitation.external_id,
        "new_comment": invitation.comment or None,
        "new_comment_until": invitation.comment_until,
        "new_changing": invitation.changing,
        "new_revision": invitation.revision,
    }


def rating_row(now: Instant, invitation: Invitation, row: Any, survey: Survey, account: str, chosen: int | None) -> Row:
    """Return the rating of an invitation, whose row is `row`; `chosen` is what its customer chose."""
    scale = survey.scale
    value = invitation.value if invitation.value is not None else invitation.pending
    assert value is not None
    assert invitation.vote_state is not None
    choice = scale.get(value)
    counting = scale.counted(value)
    chosen = chosen if invitation.value is not None else value
    return {
        "id": invitation.id,
        "state": invitation.vote_state.value,
        "value": counting,
        # Where the scale is read the other way round, or staff made something else of it.
        "raw": chosen if scale.one_is_best or chosen != value else None,
        "satisfied": choice is not None and choice.satisfied,
        "comment": invitation.comment or None,
        # What does not count is found by when it came.
        "rated_at": invitation.rated_at if invitation.rated_at is not None else now,
        "changed_at": now,
        "scale": scale.name,
        "survey_id": row.survey_id,
        "account": account,
        "asked_at": invitation.asked_at,
        "closed_at": row.closed_at,
        "desk": row.desk,
        "ticket_id": row.ticket_id,
        "ticket_url": row.ticket_url,
        "subject": row.subject,
        "form": row.form,
        "group_id": row.group_id,
        "agent_id": row.agent_id,
        "agent_name": row.agent_name,
        "priority": row.priority,
    }


def history_row(unit: Unit, number: int, change: Change, scale: Scale, *, by: str, why: str | None) -> Row:
    """Return one line of a rating's history."""
    old, new = change.old, change.new
    if change.what == "value":  # of the rating, so as it is counted
        old, new = (None if text is None else str(scale.counted(int(text))) for text in (old, new))
    return {
        "id": unit.next_id(),
        "invitation_id": number,
        "at": unit.now,
        "what": change.what,
        "old": old,
        "new": new,
        "by": by,
        "why": why,
    }
