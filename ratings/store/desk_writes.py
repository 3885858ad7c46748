"""Telling desks what ratings did: claiming what is to be written to tickets, and what came of it.

A write says all that is to be so on the ticket, so that only the newest of an invitation is worth writing, and in doubt it is
written again. What an attempt was about to do is kept with its job until its end is known: whoever comes next takes it for
done where doing something else would do a second thing, and takes back its tag.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sqlalchemy import BindParameter, bindparam, func, select, update

from ratings.lifecycle import JobKind
from ratings.outcomes import WRITABLE, Then, Told, Wanted, then_of, wanted
from ratings.store.loading import Invitations, Loaded, desk_account
from ratings.store.queues import (
    allowance,
    due_jobs,
    expired_jobs,
    keep_pace,
)
from ratings.store.results import OUTCOME_UNKNOWN
from ratings.store.rows import change_job, write_job_changes
from ratings.store.schema import attempts, closing_aliases, desk_results, invitations, jobs, ratings, reopens, tickets
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.times import DAY, Duration, Instant
from ratings.votes import VoteState

TRY_FOR: Duration = 8 * DAY
"""How long a write is tried: a desk may be away over the longest holidays."""

AT_LEAST = 64
"""Jobs looked at in a claim, however few the pace allows: what is superseded must not wait for the pace as well."""

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
THEIRS = select(jobs.c.id, jobs.c.invitation_id, jobs.c.revision, jobs.c.state, jobs.c.detail).where(
    jobs.c.kind == JobKind.DESK.value, jobs.c.invitation_id.in_(_IDS)
)
"""The jobs that write about invitations."""

RESULTS = select(desk_results).where(desk_results.c.invitation_id.in_(_IDS))
"""What tickets have of us already."""

_SNAPSHOTS = select(tickets.c.id, tickets.c.snapshot).where(tickets.c.id.in_(_IDS))
_TICKETS: BindParameter[Any] = bindparam("ticket_ids", expanding=True)
_REOPENED = select(reopens.c.ticket_id, reopens.c.reopened_at.label("at")).where(
    reopens.c.desk == bindparam("desk"), reopens.c.ticket_id.in_(_TICKETS)
)
_CLOSED_AGAIN = (
    select(closing_aliases.c.invitation_id, func.max(closing_aliases.c.closed_at).label("at"))
    .where(closing_aliases.c.desk == bindparam("desk"), closing_aliases.c.ticket_id.in_(_TICKETS))
    .group_by(closing_aliases.c.invitation_id)
)
_RATED = (
    select(invitations.c.ticket_id, func.max(invitations.c.closed_at).label("at"))
    .join_from(invitations, ratings, ratings.c.id == invitations.c.id)
    .where(
        invitations.c.desk == bindparam("desk"),
        invitations.c.ticket_id.in_(_TICKETS),
        ratings.c.state == VoteState.CONFIRMED.value,
    )
    .group_by(invitations.c.ticket_id)
)
TRIED = update(jobs).where(jobs.c.id == bindparam("of")).values(detail=bindparam("tried"))
"""Keeps with a job what its attempt is about to do; None once that is certain."""

_OPEN_OUTCOMES = frozenset({None, "close_unrated"})
"""What has been done to a ticket when its rating may still close or reopen it."""

VERBS_OF = {
    "close": frozenset({"close"}),
    "close_unrated": frozenset({"close_unrated"}),
    "reopen": frozenset({"reopen_keep", "reopen_clear"}),
}
"""The verbs that carry out an outcome."""


@dataclass(frozen=True, slots=True)
class DeskWrite:
    """What to write to one ticket now. `wanted.value` is as it is counted; `symbol` and `label` are what was chosen.

    `key` is the same whenever the same attempt is repeated, and another once somebody says that it be tried anew.
    """

    job_id: int
    attempt_id: int
    invitation_id: int
    ticket_id: str
    key: str
    wanted: Wanted
    symbol: str
    label: str
    scale: str
    language: str
    ticket: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeskClaims:
    """What was claimed, and when there is something to look for again (None: nothing is known to wait)."""

    jobs: tuple[DeskWrite, ...]
    again_at: Instant | None


@dataclass(frozen=True, slots=True)
class ClaimDesk(Operation[DeskClaims]):
    """Claim what is to be written to a desk: at most `most`, and only what its pace allows now.

    Until the ticket was closed or reopened because of its rating, a write waits for `outcome_delay` after it.
    """

    desk: str
    most: int
    per_second: float
    lease: Duration
    outcome_delay: Duration

    order: ClassVar[int] = 41

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ClaimDesk"]) -> Sequence[DeskClaims]:
        """Claim for one desk after another."""
        return [_ClaimFold(unit, operation).run() for operation in operations]

    def ids_wanted(self) -> int:
        """An attempt each."""
        return max(self.most, AT_LEAST) + 8


class _ClaimFold:
    def __init__(self, unit: Unit, claim: ClaimDesk) -> None:
        self.unit = unit
        self.claim = claim
        self.account = desk_account(claim.desk)
        self.invitations = Invitations(unit)
        self.job_changes: list[Row] = []
        self.tried: list[Row] = []
        self.attempts: list[Row] = []
        self.left: list[Row] = []
        self.claimed: list[DeskWrite] = []
        self.again_at: Instant | None = None

    def run(self) -> DeskClaims:
        unit, claim = self.unit, self.claim
        allowed = allowance(unit, self.account, claim.most, claim.per_second)
        if allowed.jobs <= 0:
            return DeskClaims((), allowed.again_at)
        self._end_expired()
        most = max(allowed.jobs, AT_LEAST)
        rows = due_jobs(unit, self.account, most)
        if rows:
            self._load(rows)
            for row in rows:
                self._judge(row, allowed.jobs)
        write_job_changes(unit, self.job_changes)
        unit.many(TRIED, self.tried)
        unit.insert(attempts, self.attempts)
        unit.upsert(desk_results, self.left)
        if self.claimed:
            keep_pace(unit, self.account, allowed.after(len(self.claimed)))
        if len(rows) == most or len(self.claimed) == allowed.jobs:
            self._look_again(max(unit.now + 1, allowed.after(len(self.claimed))))
        return DeskClaims(tuple(self.claimed), self.again_at)

    def _end_expired(self) -> None:
        """A process died, or hung, between an attempt and its result: nobody knows, so it is written again."""
        now = self.unit.now
        changes = [
            change_job(row, state="due", due_at=now)
            if now < row.created_at + TRY_FOR
            else change_job(row, state="failed", finished_at=now, error=OUTCOME_UNKNOWN)
            for row in expired_jobs(self.unit, self.account)
        ]
        write_job_changes(self.unit, changes)

    def _load(self, rows: Sequence[Any]) -> None:
        unit = self.unit
        ids = sorted({row.invitation_id for row in rows})
        self.invitations.load(ids)
        self.newest: dict[int, int] = {}
        self.doubts: dict[int, list[Mapping[str, Any]]] = {}
        for each in unit.rows(THEIRS, {"ids": ids}):
            self.newest[each.invitation_id] = max(each.revision, self.newest.get(each.invitation_id, 0))
            if each.detail:
                self.doubts.setdefault(each.invitation_id, []).append(json.loads(each.detail))
        self.results = {row.invitation_id: row for row in unit.rows(RESULTS, {"ids": ids})}
        self.snapshots = {row.id: row.snapshot for row in unit.rows(_SNAPSHOTS, {"ids": ids})}
        theirs = {
            "desk": self.claim.desk,
            "ticket_ids": [each.row.ticket_id for each in self.invitations.loaded.values()],
        }
        self.reopened: dict[str, Instant] = {row.ticket_id: row.at for row in unit.rows(_REOPENED, theirs)}
        self.closed: dict[int, Instant] = (
            {row.invitation_id: row.at for row in unit.rows(_CLOSED_AGAIN, theirs)} if self.reopened else {}
        )
        self.rated = {row.ticket_id: row.at for row in unit.rows(_RATED, theirs)}

    def _judge(self, row: Any, allowed: int) -> None:
        loaded = self.invitations.loaded.get(row.invitation_id)
        if loaded is None or row.revision < self.newest[row.invitation_id]:
            self._drop(row, "superseded")
            return
        told = _told(self.results.get(row.invitation_id))
        rated_at = loaded.invitation.rated_at
        if rated_at is not None and told.outcome in _OPEN_OUTCOMES:
            due_at = rated_at + self.claim.outcome_delay
            if due_at > self.unit.now:
                self.job_changes.append(change_job(row, state="due", due_at=due_at))
                self._look_again(due_at)
                return
        doubts = self.doubts.get(row.invitation_id, ())
        undone = told.outcome in _OPEN_OUTCOMES and all(each["outcome"] in _OPEN_OUTCOMES for each in doubts)
        if undone and self._went_on(loaded):
            # Not because of us: whoever works on it, or has closed it again, is not to find it closed, or taken from them.
            told = replace(told, outcome=Then.LEAVE.value)
        found = _wanted(loaded, told, doubts)
        if found is not None and self.rated.get(loaded.row.ticket_id, 0) > loaded.row.closed_at:
            found = _without_fields(found)
        if found is None:
            self._drop(row, "nothing")
            self._leave(loaded, told)
        elif len(self.claimed) < allowed:
            self._take(row, loaded, found)

    def _went_on(self, loaded: Loaded) -> bool:
        """True for a ticket that somebody reopened after the closing that was rated."""
        reopened_at = self.reopened.get(loaded.row.ticket_id)
        closed_at: Instant = max(loaded.row.closed_at, self.closed.get(loaded.row.id, 0))
        return reopened_at is not None and reopened_at >= closed_at

    def _drop(self, row: Any, error: str) -> None:
        self.job_changes.append(change_job(row, state="dropped", finished_at=self.unit.now, error=error))

    def _leave(self, loaded: Loaded, told: Told) -> None:
        """A rating that leaves the ticket as it is has had its outcome, too."""
        value, survey, number = loaded.invitation.value, loaded.survey, loaded.invitation.id
        if value is None or not survey.outcomes.enabled or _told(self.results.get(number)).outcome is not None:
            return
        goes_on = told.outcome == Then.LEAVE
        if goes_on or then_of(survey.outcomes, survey.scale, survey.scale.counted(value)) is Then.LEAVE:
            self.left.append(result_row(number, self.results.get(number), outcome=Then.LEAVE.value))

    def _take(self, row: Any, loaded: Loaded, found: Wanted) -> None:
        unit, invitation = self.unit, loaded.invitation
        attempt = {"id": unit.next_id(), "job_id": row.id, "started_at": unit.now}
        self.attempts.append(attempt)
        self.job_changes.append(
            change_job(
                row,
                state="leased",
                lease_until=unit.now + self.claim.lease,
                attempts=row.attempts + 1,
                attempt_id=attempt["id"],
            )
        )
        acts = found.verbs & VERBS_OF.get(found.outcome or "", frozenset())
        tried = {"outcome": found.outcome if acts else None, "tag": found.tag, "rated": found.value is not None}
        self.tried.append({"of": row.id, "tried": json.dumps(tried, ensure_ascii=False)})
        choice = None if invitation.value is None else loaded.survey.scale.get(invitation.value)
        language = loaded.row.language or loaded.survey.language
        self.claimed.append(
            DeskWrite(
                job_id=row.id,
                attempt_id=attempt["id"],
                invitation_id=invitation.id,
                ticket_id=loaded.row.ticket_id,
                key=f"{row.id}-{row.created_at}",
                wanted=found,
                symbol=choice.symbol if choice else "",
                label=choice.label(language) if choice else "",
                scale=loaded.survey.scale.name,
                language=language,
                ticket=json.loads(self.snapshots[invitation.id]),
            )
        )

    def _look_again(self, at: Instant) -> None:
        self.again_at = at if self.again_at is None else min(self.again_at, at)


def _told(row: Any) -> Told:
    """Return what the ticket has of us, by its row (None: nothing)."""
    return Told() if row is None else Told(row.outcome, row.tag, row.value, row.written_at is not None)


def _wanted(loaded: Loaded, told: Told, doubts: Sequence[Mapping[str, Any]]) -> Wanted | None:
    """Return what is to be written; `doubts` are attempts whose end nobody knows: what they were about may be so."""
    survey, language = loaded.survey, loaded.row.language or loaded.survey.language

    def find(told: Told) -> Wanted | None:
        return wanted(survey.outcomes, survey.scale, loaded.invitation, told, language)

    told = replace(told, written=told.written or any(each["rated"] for each in doubts))
    found = find(told)
    acted = next((each["outcome"] for each in doubts if each["outcome"] not in {None, told.outcome}), None)
    if acted is not None and told.outcome in _OPEN_OUTCOMES and (found is None or found.outcome != acted):
        found = find(replace(told, outcome=acted))
    left = sorted({each["tag"] for each in doubts if each["tag"]} - _tags(found))
    if left:
        found = found or Wanted(frozenset())
        found = replace(found, verbs=found.verbs | {"untag"}, untag=(*found.untag, *left))
    return found


def _without_fields(found: Wanted) -> Wanted | None:
    """Leave the ticket's fields alone: what they say is the rating of a later closing."""
    verbs = found.verbs.difference(WRITABLE)
    return replace(found, verbs=verbs) if verbs else None


def _tags(found: Wanted | None) -> set[str]:
    return set() if found is None else {found.tag, *found.untag}


def result_row(number: int, known: Any, **changes: Any) -> Row:
    """Return the row of what a ticket has of us: as it is `known`, but for the changes."""
    names = ("outcome", "tag", "value", "written_at", "refused")
    return {"invitation_id": number, **{name: getattr(known, name, None) for name in names}, **changes}
