"""What a ticket's earlier closings say of asking about it once more. Pure; for the store and for a rehearsal."""

from collections.abc import Sequence
from typing import Protocol

from ratings.lifecycle import OPEN_STATES, State
from ratings.rules import NOTHING_EARLIER, Earlier
from ratings.times import Instant


class Asking(Protocol):
    """An earlier closing and what became of it. `number` is its invitation's id, `bad` whether its rating asks for recovery."""

    @property
    def number(self) -> int: ...  # noqa: D102 - the class says what the members are
    @property
    def closed_at(self) -> Instant: ...  # noqa: D102 - as above
    @property
    def due_at(self) -> Instant | None: ...  # noqa: D102 - as above
    @property
    def state(self) -> State: ...  # noqa: D102 - as above
    @property
    def asked_at(self) -> Instant | None: ...  # noqa: D102 - as above
    @property
    def rated_at(self) -> Instant | None: ...  # noqa: D102 - as above
    @property
    def bad(self) -> bool: ...  # noqa: D102 - as above
    @property
    def recovery_of(self) -> int | None: ...  # noqa: D102 - as above


def told_by(known: Sequence[Asking]) -> Earlier:
    """Return what a ticket's earlier closings, in their order, say."""
    if not known:
        return NOTHING_EARLIER
    asked = [each.closed_at for each in known if each.asked_at is not None or each.state is State.ANSWERED]
    asks = [each.asked_at for each in known if each.asked_at is not None]
    asks += [each.due_at for each in known if each.state is State.SCHEDULED and each.due_at is not None]
    rated = [each for each in known if each.rated_at is not None]
    recovered = any(
        each.recovery_of and (each.asked_at is not None or each.state in {*OPEN_STATES, State.ANSWERED})
        for each in known
    )
    newest = max(rated, key=lambda each: each.rated_at or 0, default=None)
    return Earlier(
        asked_until=max(asked, default=None),
        asks=tuple(asks),
        answered_at=newest.rated_at if newest else None,
        bad_rating=newest.number if newest and newest.bad and not recovered else None,
    )
