"""The rating page: what it shows, and the customer's wishes about being asked at all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlalchemy import Connection, bindparam, select

from ratings.lifecycle import OPEN_STATES, Invitation, Outcome, State, Terms, opted_out, vote_refusal
from ratings.scale import Scale
from ratings.store.addresses import Addresses
from ratings.store.loading import Invitations, invitation_of, terms_of
from ratings.store.schema import addresses, customers, invitations, ratings
from ratings.store.surveys import load_survey_version, load_surveys
from ratings.store.unit import Row, Unit
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
    .where(invitations.c.id == bindparam("id"), invitations.c.decision == "ask")
)
_PLACES = select(
    invitations.c.id, invitations.c.account, invitations.c.address, invitations.c.customer, invitations.c.survey_id
).where(invitations.c.id.in_(bindparam("ids", expanding=True)), invitations.c.decision == "ask")
_OPEN_OF_CUSTOMERS = select(invitations.c.id).where(
    invitations.c.customer.in_(bindparam("customers", expanding=True)),
    invitations.c.state.in_([state.value for state in OPEN_STATES]),
    invitations.c.expires_at > bindparam("now"),
)
_OUT_AT_ADDRESS = select(customers.c.customer).where(
    customers.c.opted_out_at.is_not(None),
    customers.c.customer.in_(
        select(invitations.c.customer).where(
            invitations.c.account == bindparam("account"), invitations.c.address == bindparam("address")
        )
    ),
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
    invitation = invitation_of(row, terms_of(decided))
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
        known = Addresses(unit, [(row.account, row.address) for row in places.values()])
        loaded = Invitations(unit)
        for operation in operations:
            place = places.get(operation.invitation_id)
            if place is not None:
                _carry_out(unit, known, loaded, place, operation.wish)
        known.store()
        loaded.store()
        return [None] * len(operations)


def _carry_out(unit: Unit, known: Addresses, loaded: Invitations, place: Any, wish: Wish) -> None:
    key = (place.account, place.address)
    match wish:
        case "never_here":
            known.refuse(key)
            cancel_asking(loaded, [*loaded.of_addresses(key[0], [key[1]])])
        case "never":
            set_customer(unit, place.customer, opted_out_at=unit.now)
            cancel_asking(loaded, open_of_customers(unit, [place.customer]))
        case "less":
            set_customer(unit, place.customer, resting_until=unit.now + LESS)
        case "again":
            known.allow(key, asked=True)
            set_customer(unit, place.customer, opted_out_at=None, resting_until=None)


def open_of_customers(unit: Unit, wanted: Sequence[str]) -> list[int]:
    """Return the ids of what customers are still asked, on every channel."""
    return [row.id for row in unit.rows(_OPEN_OF_CUSTOMERS, {"customers": list(wanted), "now": unit.now})]


def cancel_asking(loaded: Invitations, numbers: Iterable[int]) -> None:
    """Cancel what is still open of these invitations, because the customer wants none."""
    wanted = sorted(set(numbers))
    loaded.load(wanted)
    for number in wanted:
        if number in loaded.loaded:
            each = loaded.loaded[number]
            loaded.take(each, opted_out(each.invitation), by="customer")


def ask_again(unit: Unit, account: str, address: str) -> bool:
    """Whoever is at an address wants to be asked again: no wish of theirs stands against it. Returns whether one did."""
    out = [row.customer for row in unit.rows(_OUT_AT_ADDRESS, {"account": account, "address": address})]
    for customer in sorted(out):
        set_customer(unit, customer, opted_out_at=None)
    return bool(out)


def set_customer(unit: Unit, customer: str, **facts: Instant | None) -> None:
    """Keep a wish of a customer; what is not named stays."""
    row: Row = {"customer": customer, "opted_out_at": None, "resting_until": None, **facts}
    unit.upsert(customers, [row], keep=tuple(sorted({"opted_out_at", "resting_until"} - facts.keys())))
