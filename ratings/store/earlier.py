"""What is stored of the earlier closings of a batch's tickets: their decisions, what became of them, and when they were reopened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select

from ratings.lifecycle import State
from ratings.outcomes import Then, is_bad
from ratings.store.addresses import by_account
from ratings.store.driver import one_of
from ratings.store.loading import lock_invitations
from ratings.store.schema import closing_aliases, desk_results, invitations, ratings, reopens
from ratings.store.surveys import kept_version
from ratings.store.unit import Row, Unit
from ratings.times import Instant
from ratings.votes import VoteState

_THEIRS = (
    invitations.c.desk == bindparam("desk"),
    one_of(invitations.c.ticket_id, "ticket_ids"),
)
_EARLIER = (
    select(
        invitations.c.id,
        invitations.c.desk,
        invitations.c.ticket_id,
        invitations.c.closing,
        invitations.c.closed_at,
        invitations.c.decision,
        invitations.c.reason,
        invitations.c.due_at,
        invitations.c.state,
        invitations.c.asked_at,
        invitations.c.expires_at,
        invitations.c.awaits_closing,
        invitations.c.survey_id,
        invitations.c.survey_version,
        invitations.c.recovery_of,
        ratings.c.value,
        ratings.c.rated_at,
        ratings.c.state.label("vote_state"),
        desk_results.c.outcome,
    )
    .select_from(
        invitations.outerjoin(ratings, ratings.c.id == invitations.c.id).outerjoin(
            desk_results, desk_results.c.invitation_id == invitations.c.id
        )
    )
    .where(*_THEIRS)
    .order_by(invitations.c.decided_at, invitations.c.id)
)
_EARLIER_IDS = select(invitations.c.id).where(*_THEIRS)
_ALIASES = select(closing_aliases).where(
    closing_aliases.c.desk == bindparam("desk"),
    one_of(closing_aliases.c.ticket_id, "ticket_ids"),
)
_REOPENS = select(reopens).where(reopens.c.desk == bindparam("desk"), one_of(reopens.c.ticket_id, "ticket_ids"))


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision about a closing as it is stored; `new` when this report made it."""

    invitation_id: int
    decision: str
    reason: str | None
    due_at: Instant | None
    new: bool


@dataclass(slots=True)
class Closing:
    """An invitation of a ticket as this batch sees it: stored before, or about to be (then it has its row)."""

    decided: Decided
    closing: str
    closed_at: Instant
    expires_at: Instant
    state: State
    asked_at: Instant | None = None
    awaits: bool = False
    row: Row | None = None
    aliases: set[str] = field(default_factory=set)
    recovery_of: int | None = None
    rated_at: Instant | None = None
    rated_badly: bool = False
    reopened: bool = False  # after it: the desk said so, or we did it because of the rating

    @property
    def bad(self) -> bool:
        """Whether its rating asks for recovery. A desk may report one end of a ticket twice, as solved and as closed."""
        return self.rated_badly and self.reopened

    @property
    def number(self) -> int:
        """The invitation's id."""
        return self.decided.invitation_id

    @property
    def due_at(self) -> Instant | None:
        """When to ask, where it was decided to."""
        return self.decided.due_at


Key = tuple[str, str]
"""A ticket: (desk, its id there)."""


def load_earlier(unit: Unit, keys: Iterable[Key], *, reopens: bool) -> dict[Key, list[Closing]]:
    """Load the earlier closings of tickets, the newest decision last. With `reopens` they may be cancelled, and are locked."""
    found: dict[Key, list[Closing]] = {}
    wanted = _by_desk(keys)
    if unit.is_postgresql and reopens:
        # A vote may be on its way in another process: what it makes of the invitation is read after it is done.
        lock_invitations(unit, [row.id for theirs in wanted.values() for row in unit.fetch(_EARLIER_IDS, theirs)])
    for desk, theirs in wanted.items():
        for row in unit.fetch(_EARLIER, theirs):
            closing = Closing(
                Decided(row.id, row.decision, row.reason, row.due_at, new=False),
                row.closing,
                row.closed_at,
                row.expires_at,
                State(row.state),
                row.asked_at,
                awaits=bool(row.awaits_closing),
                recovery_of=row.recovery_of,
            )
            if row.vote_state == VoteState.CONFIRMED.value:
                closing.rated_at, closing.rated_badly = row.rated_at, _is_bad(unit, row)
            closing.reopened = row.outcome == Then.REOPEN.value
            found.setdefault((row.desk, row.ticket_id), []).append(closing)
        for row in unit.fetch(_ALIASES, theirs):
            for closing in found[desk, row.ticket_id]:  # the ticket's newest closing counts for a reopen
                if closing.decided.invitation_id == row.invitation_id:
                    closing.aliases.add(row.closing)
                    closing.closed_at = max(closing.closed_at, row.closed_at)
    return found


def load_reopens(unit: Unit, keys: Iterable[Key]) -> dict[Key, Instant]:
    """Load when tickets were last reopened, where they were."""
    return {
        (desk, row.ticket_id): row.reopened_at
        for desk, theirs in _by_desk(keys).items()
        for row in unit.fetch(_REOPENS, theirs)
    }


def _by_desk(keys: Iterable[Key]) -> Mapping[str, Mapping[str, Any]]:
    return {desk: {"desk": desk, "ticket_ids": ids} for desk, ids in by_account(keys).items()}


def _is_bad(unit: Unit, row: Any) -> bool:
    """Return whether a rating asks for recovery, by the survey as it was when it was decided to ask."""
    survey = kept_version(unit, row.survey_id, row.survey_version)
    return is_bad(survey.outcomes, survey.scale, row.value)
