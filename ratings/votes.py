"""The life of a vote: one signal from the customer, and whether it counts.

A tap in a messenger, an IVR key and an API vote with the right are confirmed at once. A link vote has to show first that
a person is behind it. Nothing is ever deleted; only a confirmed vote counts or has outcomes.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class VoteState(StrEnum):
    """Whether a vote counts."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    QUARANTINED = "quarantined"
    WITHDRAWN = "withdrawn"


class VoteSignal(StrEnum):
    """What moves a vote."""

    HUMAN = "human"  # a tap, a key, a gesture or comment on the page
    LINK = "link"  # a link was followed, and nothing yet shows a person
    SETTLED = "settled"  # the waiting time passed and no rule of evidence spoke against it
    ROBOT = "robot"  # a rule of evidence spoke against it
    WITHDRAW = "withdraw"  # the customer took it back
    OVERRULE = "overrule"  # staff with the right says that it counts
    REJECT = "reject"  # staff with the right says that it does not


VOTE_TRANSITIONS: Mapping[tuple[VoteState | None, VoteSignal], VoteState] = MappingProxyType(
    {
        (None, VoteSignal.HUMAN): VoteState.CONFIRMED,
        (None, VoteSignal.LINK): VoteState.PROVISIONAL,
        (None, VoteSignal.ROBOT): VoteState.QUARANTINED,
        (VoteState.PROVISIONAL, VoteSignal.HUMAN): VoteState.CONFIRMED,
        (VoteState.PROVISIONAL, VoteSignal.SETTLED): VoteState.CONFIRMED,
        (VoteState.PROVISIONAL, VoteSignal.ROBOT): VoteState.QUARANTINED,
        (VoteState.PROVISIONAL, VoteSignal.WITHDRAW): VoteState.WITHDRAWN,
        (VoteState.PROVISIONAL, VoteSignal.OVERRULE): VoteState.CONFIRMED,
        (VoteState.PROVISIONAL, VoteSignal.REJECT): VoteState.QUARANTINED,
        (VoteState.CONFIRMED, VoteSignal.ROBOT): VoteState.QUARANTINED,
        (VoteState.CONFIRMED, VoteSignal.WITHDRAW): VoteState.WITHDRAWN,
        (VoteState.CONFIRMED, VoteSignal.REJECT): VoteState.QUARANTINED,
        (VoteState.QUARANTINED, VoteSignal.HUMAN): VoteState.CONFIRMED,
        (VoteState.QUARANTINED, VoteSignal.WITHDRAW): VoteState.WITHDRAWN,
        (VoteState.QUARANTINED, VoteSignal.OVERRULE): VoteState.CONFIRMED,
        (VoteState.WITHDRAWN, VoteSignal.HUMAN): VoteState.CONFIRMED,
    }
)
"""Where a signal takes a vote; None is a vote that does not exist yet. A pair that is not here changes nothing."""


def move(state: VoteState | None, signal: VoteSignal) -> VoteState | None:
    """Return the state after a signal."""
    return VOTE_TRANSITIONS.get((state, signal), state)


def counts(state: VoteState | None) -> bool:
    """True when a vote in this state is a rating in reports and may have outcomes."""
    return state is VoteState.CONFIRMED
