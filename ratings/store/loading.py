"""The invitations of a batch: loaded and locked at once, changed by steps, written at once. All folds over their life share it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from ratings.lifecycle import OPEN_STATES, Invitation, JobKind, State, Step, Terms, next_address
from ratings.store.alerts import alert_rows, write_alerts
from ratings.store.driver import one_of
from ratings.store.invitation_rows import (
    COPIED,
    UPDATE,
    counted,
    history_row,
    invitation_of,
    rating_row,
    terms_of,
    update_row,
)
from ratings.store.roll_up import RATING_FACTS, facts_of
from ratings.store.rows import DUE, PUT_OFF, event_row, job_row
from ratings.store.schema import events, invitations, jobs, rating_history, ratings, votes
from ratings.store.surveys import kept_version
from ratings.store.unit import Row, Unit
from ratings.survey import Survey
from ratings.times import Duration, Instant

INTERNAL = ""
"""The account of jobs that talk to nobody."""

DESK_PREFIX = "desk:"
"""What the account of a desk begins with: no kind of channel is called so."""

_IDS = one_of(invitations.c.id, "ids")
_LOCK = select(invitations.c.id).where(_IDS).order_by(invitations.c.id).with_for_update(key_share=True)
_SELECT = (
    select(invitations, ratings.c.raw, *RATING_FACTS)
    .select_from(invitations.outerjoin(ratings, ratings.c.id == invitations.c.id))
    # Whoever was erased answers nothing any more, and nothing is done in their name.
    .where(_IDS, invitations.c.survey_id.is_not(None), invitations.c.erased_at.is_(None))
    .order_by(invitations.c.id)
)
_OF_ADDRESSES = select(invitations.c.id).where(
    invitations.c.account == bindparam("account"),
    invitations.c.address.in_(bindparam("addresses", expanding=True)),
    or_(
        invitations.c.expires_at > bindparam("now"),
        invitations.c.external_id.in_(bindparam("replies", expanding=True)),
    ),
)
_MOVE = (
    update(invitations)
    .where(invitations.c.id == bindparam("of"))
    .values(account=bindparam("new_account"), address=bindparam("new_address"), further=bindparam("new_further"))
)
_THEIR_REMINDERS = select(jobs.c.id).where(
    jobs.c.invitation_id == bindparam("of"), jobs.c.state == DUE, jobs.c.kind == JobKind.REMINDER.value
)
# A reminder is counted from the asking before it: at a new address that is later.
_TO_THERE: dict[str, Any] = {
    "account": bindparam("new_account"),
    "address": bindparam("new_address"),
    "due_at": PUT_OFF,
}
_MOVE_JOBS = update(jobs).where(jobs.c.id.in_(_THEIR_REMINDERS)).values(_TO_THERE)
# Jobs are locked before invitations: who has a reminder in hand now waits for ours, and sees then where it belongs.
_MOVE_FREE_JOBS = (
    update(jobs)
    .where(jobs.c.id.in_(_THEIR_REMINDERS.with_for_update(key_share=True, skip_locked=True)))
    .values(_TO_THERE)
)
_THEIR_LAPSE = select(jobs.c.id).where(
    jobs.c.invitation_id == bindparam("of"), jobs.c.state == DUE, jobs.c.kind == JobKind.LAPSE.value
)
_LAPSE_LATER = update(jobs).where(jobs.c.id.in_(_THEIR_LAPSE)).values(due_at=PUT_OFF)
# Who has it in hand now waits for ours, and puts it off.
_LAPSE_LATER_FREE = (
    update(jobs)
    .where(jobs.c.id.in_(_THEIR_LAPSE.with_for_update(key_share=True, skip_locked=True)))
    .values(due_at=PUT_OFF)
)
_INTERNAL_KINDS = frozenset({JobKind.LAPSE, JobKind.SETTLE})
"""Jobs that the store carries out by itself."""


@dataclass(slots=True)
class Loaded:
    """An invitation with the row that it came from and the survey as it was at the decision."""

    row: Any
    survey: Survey
    invitation: Invitation
    key: tuple[str, str]
    """The (account, address) that is asked."""
    further: tuple[tuple[str, str], ...] = ()
    """Where to ask next, when that one takes no messages."""
    changed: bool = False
    chosen: int | None = None
    """What the customer chose: another value may count, after an edit by staff."""


class Invitations:
    """The invitations that a batch touches: loaded and locked at once, changed by steps, written at once."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.loaded: dict[int, Loaded] = {}
        self.by_address: dict[tuple[str, str], list[Loaded]] = {}
        self._versions: dict[tuple[str, int], tuple[Survey, Terms]] = {}
        self._rated: dict[int, Loaded] = {}
        self._votes: list[Row] = []
        self._history: list[Row] = []
        self._jobs: list[Row] = []
        self._desk_jobs: dict[int, Row] = {}
        self._alerts: list[Row] = []
        self._events: list[Row] = []
        self._moved: list[Row] = []
        self._moved_jobs: list[Row] = []

    def load(self, wanted: Iterable[int]) -> None:
        """Load invitations, locked in the order of their ids; those without a survey are nobody's business."""
        ids = sorted({*wanted} - self.loaded.keys())
        if not ids:
            return
        if self.unit.is_postgresql:
            # Locked first, read after: a statement that waited for a lock reads the locked row anew, but what it joins
            # as it was before the wait, and would miss the rating that the other process has just made.
            lock_invitations(self.unit, ids)
        for row in self.unit.fetch(_SELECT, {"ids": ids}):
            survey, terms = self._version(row.survey_id, row.survey_version)
            further = tuple(map(tuple, json.loads(row.further))) if row.further else ()
            invitation = invitation_of(row, terms, survey.scale)
            chosen = invitation.value if row.raw is None else row.raw
            loaded = Loaded(row, survey, invitation, (row.account, row.address), further, chosen=chosen)
            self.loaded[row.id] = loaded
            self.by_address.setdefault(loaded.key, []).append(loaded)

    def of_addresses(self, account: str, addresses: Sequence[str], replies: Sequence[str] = ()) -> list[int]:
        """Return the ids of what addresses were asked: what has not expired, and what a message replies to."""
        parameters = {"account": account, "addresses": addresses, "now": self.unit.now, "replies": list(replies)}
        return [row.id for row in self.unit.rows(_OF_ADDRESSES, parameters)]

    def newest_first(self, key: tuple[str, str]) -> list[Loaded]:
        """Return what an address was asked, of what is loaded. Ids are no order of time: each process has its own block."""
        return sorted(self.by_address.get(key, ()), key=lambda each: (each.row.decided_at, each.row.id), reverse=True)

    def _version(self, survey_id: str, version: int) -> tuple[Survey, Terms]:
        found = self._versions.get((survey_id, version))
        if found is None:
            survey = kept_version(self.unit, survey_id, version)
            found = self._versions[(survey_id, version)] = (survey, terms_of(survey))
        return found

    def take(
        self,
        loaded: Loaded,
        step: Step,
        *,
        by: str,
        event_id: str = "",
        source: str = "",
        tap: str = "",
        why: str | None = None,
        chosen: bool = True,
    ) -> None:
        """Keep what a step decided: it is written by `store`. Without a `tap` there is nothing to acknowledge.

        `why` is kept with the history. `chosen`: a value is what the customer chose, and not what staff made of it.
        """
        unit, before, after = self.unit, loaded.invitation, step.invitation
        loaded.invitation = after
        loaded.changed = loaded.changed or after is not before
        number = after.id
        if chosen and before.value != after.value:
            loaded.chosen = after.value
        known = after.value is not None or after.pending is not None
        if known and (step.vote or step.changes or _rating_of(before) != _rating_of(after)):
            self._rated[number] = loaded
        if step.vote is not None:
            self._votes.append(
                {
                    "id": unit.next_id(),
                    "invitation_id": number,
                    "value": step.vote.value,
                    "state": step.vote.state.value,
                    "source": source,
                    "account": loaded.key[0],
                    "event_id": event_id,
                    "at": unit.now,
                    "link_kind": None,
                    "agent": None,
                    "prefetch": None,
                    "evidence": None,
                }
            )
        for change in step.changes:
            self._history.append(history_row(unit, number, change, loaded.survey.scale, by=by, why=why))
        for job in step.jobs:
            if job.kind is JobKind.ACKNOWLEDGE and not tap:
                continue
            self._jobs.append(
                job_row(
                    unit,
                    kind=job.kind,
                    invitation_id=number,
                    revision=job.revision,
                    account=INTERNAL if job.kind in _INTERNAL_KINDS else loaded.key[0],
                    address=loaded.key[1],
                    due_at=job.due_at,
                    text=job.text,
                    detail=tap if job.kind is JobKind.ACKNOWLEDGE else None,
                )
            )
        value = counted(loaded.survey.scale, after.value)
        for event in step.events:
            previous = counted(loaded.survey.scale, before.value) if before.value != after.value else None
            self._events.append(event_row(unit, event, number, value, previous))
        if loaded.row.writes_back and _concerns_desk(before, after):
            self._tell_desk(loaded)
        if loaded.survey.alerts.to and (before.value != after.value or before.comment != after.comment):
            self._alerts.extend(alert_rows(unit, loaded.survey, after))

    def _tell_desk(self, loaded: Loaded) -> None:
        """The ticket on its desk is to say what is true now; of several changes at once only the last is told."""
        after = loaded.invitation
        lapsed = after.state is State.LAPSED
        self._desk_jobs[after.id] = job_row(
            self.unit,
            kind=JobKind.DESK,
            invitation_id=after.id,
            revision=2 * after.revision + lapsed,  # lapsing keeps the revision, and comes once in each
            account=desk_account(loaded.row.desk),
            address="",
            due_at=self.unit.now,
        )

    def ask_next(self, loaded: Loaded, *, by: str) -> bool:
        """Ask at the ticket's next address, if the survey may use it and there is one. Returns whether there is."""
        if not loaded.further or loaded.invitation.state not in OPEN_STATES:
            return False
        loaded.key, loaded.further = loaded.further[0], loaded.further[1:]
        self.take(loaded, next_address(loaded.invitation, self.unit.now), by=by)
        account, address = loaded.key
        further = json.dumps(loaded.further) if loaded.further else None
        of = loaded.invitation.id
        self._moved.append({"of": of, "new_account": account, "new_address": address, "new_further": further})
        put_off = {"later": later(loaded.invitation, self.unit.now), "until": loaded.invitation.expires_at}
        self._moved_jobs.append({"of": of, "new_account": account, "new_address": address, **put_off})
        return True

    def add_vote(self, row: Row) -> None:
        """Write a vote that brings its own state and evidence."""
        self._votes.append(row)

    def add_job(self, row: Row) -> None:
        """Write a job that no step asked for."""
        self._jobs.append(row)

    def store(self) -> None:
        """Write everything that was taken, a statement a table."""
        unit = self.unit
        changed = [update_row(loaded.invitation) for loaded in self.loaded.values() if loaded.changed]
        unit.many(UPDATE, changed)
        rated = [
            rating_row(unit.now, each.invitation, each.row, each.survey, each.key[0], each.chosen)
            for each in self._rated.values()
        ]
        unit.upsert(ratings, rated, keep=COPIED)
        unit.insert(votes, self._votes)
        unit.many(_MOVE, self._moved)
        unit.many(_MOVE_FREE_JOBS if unit.is_postgresql else _MOVE_JOBS, self._moved_jobs)
        put_off = [{name: moved[name] for name in ("of", "later", "until")} for moved in self._moved_jobs]
        unit.many(_LAPSE_LATER_FREE if unit.is_postgresql else _LAPSE_LATER, put_off)
        unit.insert(rating_history, self._history)
        unit.insert(jobs, [*self._jobs, *self._desk_jobs.values()])
        unit.insert(events, self._events)
        write_alerts(unit, self._alerts)
        self._count({row["id"]: row for row in rated})

    def _count(self, rated: Mapping[int, Row]) -> None:
        """Tell what was counted of all that changed, and what is now."""
        for number, loaded in self.loaded.items():
            row = rated.get(number)
            if row is None and not loaded.changed:
                continue
            before, invitation = facts_of(loaded.row), loaded.invitation
            after = before._replace(
                account=loaded.key[0],
                state=invitation.state.value,
                asked_at=invitation.asked_at,
                delivery=invitation.delivery.value if invitation.delivery else None,
            )
            if row is not None:
                after = after._replace(
                    vote_state=row["state"],
                    value=row["value"],
                    satisfied=row["satisfied"],
                    scale=row["scale"],
                    rated_at=row["rated_at"],
                    commented=row["comment"] is not None,
                    rated_account=row["account"],
                )
            self.unit.counts.append((number, before, after))

    def job_id(self, invitation_id: int, revision: int, kind: str) -> int | None:
        """Return the id of a job that is about to be written."""
        for row in reversed(self._jobs):
            if row["invitation_id"] == invitation_id and row["revision"] == revision and row["kind"] == kind:
                return int(row["id"])
        return None


def lock_invitations(unit: Unit, wanted: Iterable[int]) -> None:
    """Lock invitations on PostgreSQL, all at once and in the order of their ids."""
    if ids := sorted(set(wanted)):
        unit.fetch(_LOCK, {"ids": ids})


def desk_account(desk: str) -> str:
    """Return the account of the jobs that write to a desk."""
    return f"{DESK_PREFIX}{desk}"


def later(invitation: Invitation, now: Instant) -> Duration:
    """Return by how much what follows the first asking comes later when another address is asked now."""
    return now - invitation.asked_at if invitation.asked_at is not None else 0


def _rating_of(invitation: Invitation) -> tuple[object, ...]:
    """Return what the rating's row shows of an invitation, but for the comment, whose changes are told."""
    return invitation.value, invitation.pending, invitation.vote_state, invitation.rated_at, invitation.asked_at


def _concerns_desk(before: Invitation, after: Invitation) -> bool:
    """True for what the ticket is to show: another value, none any more, other words beside one, or that time ran out."""
    lapsed = after.state is State.LAPSED is not before.state
    reworded = after.value is not None and before.comment != after.comment
    return before.value != after.value or lapsed or reworded
