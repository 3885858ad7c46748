"""The whole life of a ticket: each closing with its decision, what was sent and tried, every vote, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ratings.lifecycle import JobKind
from ratings.reports.desks import desk_results_of
from ratings.reports.filters import Filters
from ratings.reports.registry import RegistryRow, Show, Sort, Wanted, list_registry
from ratings.reports.tickets import MAX_CLOSINGS
from ratings.reports.votes import list_votes
from ratings.rights import Sight
from ratings.scale import Scale
from ratings.store.schema import alerts, attempts, comments, invitations, jobs, reopens
from ratings.store.surveys import load_survey_version
from ratings.times import Instant

_IDS: Any = bindparam("ids", expanding=True)
_MORE = select(
    invitations.c.id,
    invitations.c.survey_version,
    invitations.c.chosen,
    invitations.c.inclusion,
    invitations.c.recovery_of,
    invitations.c.expires_at,
    invitations.c.language,
    invitations.c.timezone,
    invitations.c.window_until,
).where(invitations.c.id.in_(_IDS))
_ACTS = (
    select(jobs)
    # All kinds there are: the index begins with them.
    .where(jobs.c.kind.in_([kind.value for kind in JobKind]), jobs.c.invitation_id.in_(_IDS))
    .order_by(jobs.c.created_at, jobs.c.id)
)
_TRIES = select(attempts).where(attempts.c.job_id.in_(_IDS)).order_by(attempts.c.started_at, attempts.c.id)
_ALERTS = select(alerts).where(alerts.c.invitation_id.in_(_IDS)).order_by(alerts.c.at, alerts.c.id)
_WORDS = (
    select(comments.c.invitation_id, comments.c.at)
    .where(comments.c.invitation_id.in_(_IDS))
    .order_by(comments.c.at, comments.c.id)
)
_REOPENED = select(reopens.c.reopened_at).where(
    reopens.c.desk == bindparam("desk"), reopens.c.ticket_id == bindparam("ticket")
)


@dataclass(frozen=True, slots=True)
class Try:
    """One try of an act. No `result`: it is under way, or nobody knows."""

    started_at: Instant
    finished_at: Instant | None
    result: str | None
    platform_code: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """Something to be done later, and what came of it: a prompt, a reminder, a write to the desk."""

    id: int
    kind: str
    account: str
    state: str
    created_at: Instant
    due_at: Instant
    finished_at: Instant | None
    error: str | None
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Alerted:
    """Somebody who is told of a bad rating."""

    destination: str
    reason: str
    at: Instant
    said_at: Instant | None


@dataclass(frozen=True, slots=True)
class ClosingLife:
    """One closing. `scale` is that of the decision. `votes`, `hits` and `history` are those of `list_votes`; `words_at` is when the customer wrote."""

    row: RegistryRow
    scale: Scale | None
    chosen_by: tuple[str, ...]
    inclusion: float | None
    recovery_of: int | None
    expires_at: Instant
    language: str | None
    timezone: str | None
    window_until: Instant | None
    acts: tuple[Act, ...]
    alerts: tuple[Alerted, ...]
    words_at: tuple[Instant, ...]
    desk_result: Mapping[str, Any] | None
    votes: Sequence[Mapping[str, Any]]
    hits: Sequence[Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TicketLife:
    """A ticket with its closings, the newest first."""

    desk: str
    id: str
    reopened_at: Instant | None
    closings: tuple[ClosingLife, ...]


def ticket_life(connection: Connection, desk: str, ticket_id: str, sight: Sight) -> TicketLife | None:
    """Return the life of a ticket, of its newest closings at most 200; None where nobody closed it, or it is not to be seen."""
    wanted = Wanted(Filters(sight=sight), Show.ALL, Sort("closed"), tickets=(ticket_id,))
    found = list_registry(connection, wanted, limit=MAX_CLOSINGS).rows
    rows = [row for row in found if row.desk == desk]
    if not rows:
        return None
    ids = {"ids": [row.id for row in rows]}
    more = {each.id: each for each in connection.execute(_MORE, ids)}
    acts = _acts(connection, ids)
    told: dict[int, list[Alerted]] = {}
    for each in connection.execute(_ALERTS, ids):
        alerted = Alerted(each.destination, each.reason, each.at, each.said_at)
        told.setdefault(each.invitation_id, []).append(alerted)
    written: dict[int, list[Instant]] = {}
    for each in connection.execute(_WORDS, ids):
        written.setdefault(each.invitation_id, []).append(each.at)
    results = desk_results_of(connection, ids["ids"])
    closings = []
    for row in rows:
        also = more[row.id]
        votes = list_votes(connection, row.id) or {"votes": [], "hits": [], "history": []}
        closings.append(
            ClosingLife(
                row=row,
                scale=_scale(connection, row.survey, also.survey_version),
                chosen_by=tuple(json.loads(also.chosen or "[]")),
                inclusion=also.inclusion,
                recovery_of=also.recovery_of,
                expires_at=also.expires_at,
                language=also.language,
                timezone=also.timezone,
                window_until=also.window_until,
                acts=tuple(acts.get(row.id, ())),
                alerts=tuple(told.get(row.id, ())),
                words_at=tuple(written.get(row.id, ())),
                desk_result=results.get(row.id),
                votes=votes["votes"],
                hits=votes["hits"],
                history=votes["history"],
            )
        )
    reopened_at = connection.execute(_REOPENED, {"desk": desk, "ticket": ticket_id}).scalar_one_or_none()
    return TicketLife(desk, ticket_id, reopened_at, tuple(closings))


def _scale(connection: Connection, survey_id: str | None, version: int | None) -> Scale | None:
    if survey_id is None or version is None:
        return None
    return load_survey_version(connection, survey_id, version).scale


def _acts(connection: Connection, ids: Mapping[str, Any]) -> dict[int, list[Act]]:
    rows = connection.execute(_ACTS, ids).all()
    tries: dict[int, list[Try]] = {}
    for row in connection.execute(_TRIES, {"ids": [row.id for row in rows]}) if rows else ():
        tried = Try(row.started_at, row.finished_at, row.result, row.platform_code, row.text)
        tries.setdefault(row.job_id, []).append(tried)
    found: dict[int, list[Act]] = {}
    for row in rows:
        act = Act(
            id=row.id,
            kind=row.kind,
            account=row.account,
            state=row.state,
            created_at=row.created_at,
            due_at=row.due_at,
            finished_at=row.finished_at,
            error=row.error,
            tries=tuple(tries.get(row.id, ())),
        )
        found.setdefault(row.invitation_id, []).append(act)
    return found


def seen_invitation(connection: Connection, invitation_id: int, sight: Sight) -> tuple[str, str] | None:
    """Return the (desk, ticket) of an invitation that may be seen; None else: for whatever is done by its id."""
    conditions = [invitations.c.id == invitation_id, *Filters(sight=sight).about_tickets(invitations)]
    row = connection.execute(select(invitations.c.desk, invitations.c.ticket_id).where(*conditions)).one_or_none()
    return None if row is None else (row.desk, row.ticket_id)


def desks_of(connection: Connection, ticket_id: str, sight: Sight) -> list[str]:
    """Return the desks that have a ticket of this id which may be seen."""
    conditions = [invitations.c.ticket_id == ticket_id, *Filters(sight=sight).about_tickets(invitations)]
    found = select(invitations.c.desk).where(*conditions).distinct().order_by(invitations.c.desk)
    return list(connection.execute(found).scalars())
