"""Corrections of ratings by staff: the value that counts, with who, when and why. The customer's own words stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ratings.lifecycle import Outcome
from ratings.recount import edited
from ratings.store.audit import note_change
from ratings.store.invitation_rows import counted
from ratings.store.loading import Invitations
from ratings.store.unit import Unit
from ratings.store.writer import Operation


@dataclass(frozen=True, slots=True)
class EditRating(Operation[Outcome]):
    """Staff with the right says that another value counts; `value` is as it is counted, a larger one is better.

    Answers CHANGED; REPEATED where it is so already; IGNORED where nothing counts that could be corrected; OUT_OF_SCALE.
    It stands among the votes, as one of the source `staff`: what counts is found among them whenever another comes.
    """

    invitation_id: int
    value: int
    by: str
    why: str

    order: ClassVar[int] = 25

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["EditRating"]) -> Sequence[Outcome]:
        """Correct one after another."""
        invitations = Invitations(unit)
        invitations.load(operation.invitation_id for operation in operations)
        outcomes = [_edit(unit, invitations, operation) for operation in operations]
        invitations.store()
        return outcomes


def _edit(unit: Unit, invitations: Invitations, operation: EditRating) -> Outcome:
    loaded = invitations.loaded.get(operation.invitation_id)
    if loaded is None:
        return Outcome.IGNORED
    step = edited(loaded.invitation, loaded.survey.scale.counted(operation.value))
    if step.outcome is Outcome.CHANGED:
        number, old = loaded.invitation.id, loaded.invitation
        event_id = f"staff:{number}:{step.invitation.revision}"
        invitations.take(
            loaded, step, by=operation.by, event_id=event_id, source="staff", why=operation.why, chosen=False
        )
        before, after = ({"value": counted(loaded.survey.scale, each.value)} for each in (old, step.invitation))
        note_change(unit, operation.by, "corrected", "rating", str(number), before=before, after=after)
    return step.outcome
