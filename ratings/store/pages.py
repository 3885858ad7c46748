"""The rating page: what it shows, and the customer's wishes about being asked at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlalchemy import Connection, bindparam, select

from ratings.lifecycle import Invitation, Outcome, State, Terms, vote_refusal
from ratings.scale import Scale
from ratings.store.addresses import Addresses, by_account
from ratings.store.invitation_rows import invitation_of, terms_of
from ratings.store.loading import Invitations
from ratings.store.schema import addresses, customers, invitations, ratings
from ratings.store.surveys import load_survey_version, load_surveys
from ratings.store.unit import Unit
from ratings.store.wishes import IDS_TO_CANCEL, Wishes, cancel_asking, of_customer, open_of_customers
from ratings.store.writer import Operation
from ratings.survey import Survey
from ratings.times import DAY, Duration, Instant
from ratings.votes import VoteState

LESS: Duration = 90 * DAY
"""How long somebody who wants to be asked less is left alone."""

Wish = Literal["never_here", "never", "less", "again"]

_PAGE = (
    select(
        invitations,
        ratings.c.value,
        ratings.c.rated_at,
        ratings.c.state.label("vote_state"),
        addresses.c.opted_out_at.label("address_out_at"),
        customers.c.opted_out_at.label("customer_out_at"),
        customers.c.resting_until,
    )
    .select_from(
        invitations.outerjoin(ratings, ratings.c.id == invitations.c.id)
        .outerjoin(
            addresses,
            (addresses.c.account == invitations.c.account) & (addresses.c.address == invitations.c.address),
        )
        .outerjoin(customers, customers.c.customer == invitations.c.customer)
    )
    .where(invitations.c.id == bindparam("id"), invitations.c.decision == "ask", invitations.c.erased_at.is_(None))
)
_PLACES = select(
    invitations.c.id, invitations.c.account, invitations.c.address, invitations.c.customer, invitations.c.survey_id
).where(
    invitations.c.id.in_(bindparam("ids", expanding=True)),
    invitations.c.decision == "ask",
    invitations.c.erased_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What the rating page shows; nothing personal. `survey` has the newest words, `scale` is that of the decision.

    `open`: a first vote or a change is taken; else `reason` says why not. `value` counts; `pending` does not (yet), and
    `vote_state` is then its state.
    """

    invitation_id: int
    open: bool
    reason: Literal["", "expired", "stands"]
    value: int | None
    vote_state: VoteState | None
    pending: int | None
    comment: str
    scale: Scale
    reverse: bool
    language: str
    survey: Survey
    opted_out: bool
    resting_until: Instant | None


def load_page(connection: Connection, invitation_id: int, now: Instant) -> Page | None:
    """Return what the page shows now; None where there is no such invitation, or it was never asked."""
    row = connection.execute(_PAGE, {"id": invitation_id}).one_or_none()
    if row is None:
        return None
    decided = load_survey_version(connection, row.survey_id, row.survey_version)
    newest = {survey.id: survey for survey in load_surveys(connection)}
    invitation = invitation_of(row, terms_of(decided), decided.scale)
    refusal = _refusal(invitation, terms_of(decided), now)
    return Page(
        invitation_id=row.id,
        open=not refusal,
        reason=refusal,
        value=invitation.value,
        vote_state=invitation.vote_state,
        pending=invitation.pending,
        comment=invitation.comment,
        scale=decided.scale,
        reverse=decided.reverse,
        language=row.language,
        survey=newest.get(row.survey_id, decided),
        opted_out=row.address_out_at is not None or row.customer_out_at is not None,
        resting_until=row.resting_until if row.resting_until is not None and row.resting_until > now else None,
    )


def _refusal(invitation: Invitation, terms: Terms, now: Instant) -> Literal["", "expired", "stands"]:
    refusal = vote_refusal(invitation, terms.values[0], now)
    if refusal is Outcome.EXPIRED or invitation.state is State.SKIPPED:
        return "expired"
    return "stands" if refusal is Outcome.STANDS else ""


@dataclass(frozen=True, slots=True)
class SetAsking(Operation[None]):
    """What the customer wants: never here (this channel's address), never at all, less, or again."""

    invitation_id: int
    wish: Wish

    order: ClassVar[int] = 21

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SetAsking"]) -> Sequence[None]:
        """Keep the wishes, and cancel what is still open against them."""
        ids = sorted({operation.invitation_id for operation in operations})
        places = {row.id: row for row in unit.rows(_PLACES, {"ids": ids})}
        asked = [operation for operation in operations if operation.invitation_id in places]
        known = Addresses(unit, [(row.account, row.address) for row in places.values()])
        loaded = Invitations(unit)
        loaded.load(_to_cancel(unit, loaded, places, asked))
        wishes = Wishes(unit)
        for operation in asked:
            _carry_out(known, loaded, wishes, places[operation.invitation_id], operation.wish, unit.now)
        known.store()
        loaded.store()
        wishes.store()
        return [None] * len(operations)

    def ids_wanted(self) -> int:
        """An event for each invitation that is cancelled."""
        return IDS_TO_CANCEL


def _to_cancel(unit: Unit, loaded: Invitations, places: Mapping[int, Any], operations: Sequence[SetAsking]) -> set[int]:
    """Return the ids of everything that these wishes may cancel: they are locked at once, in the one order."""
    here = {operation.invitation_id for operation in operations if operation.wish == "never_here"}
    nowhere = {places[operation.invitation_id].customer for operation in operations if operation.wish == "never"}
    found = here | set(open_of_customers(unit, sorted(nowhere)))
    for account, theirs in by_account((places[number].account, places[number].address) for number in here).items():
        found.update(loaded.of_addresses(account, theirs))
    return found


def _carry_out(known: Addresses, loaded: Invitations, wishes: Wishes, place: Any, wish: Wish, now: Instant) -> None:
    key = (place.account, place.address)
    match wish:
        case "never_here":
            known.refuse(key)
            # The one that the page is about may have moved to another address meanwhile.
            theirs = {each.invitation.id: each for each in loaded.by_address.get(key, ())}
            cancel_asking(loaded, {place.id: loaded.loaded[place.id], **theirs}.values())
        case "never":
            wishes.keep(place.customer, opted_out_at=now)
            cancel_asking(loaded, of_customer(loaded, place.customer))
        case "less":
            wishes.keep(place.customer, resting_until=now + LESS)
        case "again":
            known.allow(key, asked=True)
            wishes.keep(place.customer, opted_out_at=None, resting_until=None)
