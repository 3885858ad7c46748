"""Claiming jobs: what is due, still wanted and within the pace, taken with a lease and an open attempt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, ClassVar

from sqlalchemy import and_, bindparam, delete, exists, select, update

from ratings.lifecycle import Invitation, JobKind, lapse_due, not_delivered, opted_out, sent
from ratings.store.addresses import Addresses, new_address
from ratings.store.loading import INTERNAL, Invitations, Loaded
from ratings.store.rows import PRIORITIES
from ratings.store.schema import accounts, addresses, attempts, held_texts, invitations, jobs, tickets
from ratings.store.surveys import load_surveys
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.survey import Survey
from ratings.times import SECOND, Duration, Instant
from ratings.wanted import Drop, Go, Undeliverable, Wait, World, judge

BURST: Duration = SECOND // 10
"""How far an account may run ahead of its even pace, so that a claim can take a handful at once."""

_UNPACED = frozenset({JobKind.ACKNOWLEDGE})
"""Not messages to a recipient: the pace of one chat does not hold them."""

_LEASED = jobs.alias("leased")
_DUE = (
    select(jobs)
    .where(
        jobs.c.account == bindparam("account"),
        jobs.c.state == "due",
        jobs.c.priority == bindparam("priority"),
        jobs.c.due_at <= bindparam("now"),
        ~exists().where(_LEASED.c.lane == jobs.c.lane, _LEASED.c.state == "leased"),
    )
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most"))
)
_CHANGE_JOB = (
    update(jobs)
    .where(jobs.c.id == bindparam("of"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("state", "due_at", "lease_until", "attempts", "finished_at", "error")
        }
    )
)
_MOVE_ON = (
    update(addresses)
    .where(addresses.c.account == bindparam("of_account"), addresses.c.address == bindparam("of_address"))
    .values(next_send_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job to carry out now: everything it takes to say it, as it was read inside the claiming transaction."""

    job_id: int
    attempt_id: int
    kind: JobKind
    account: str
    address: str
    text: str
    detail: str
    tries: int
    language: str | None
    invitation: Invitation | None
    survey: Survey | None  # the newest version: its words
    decided: Survey | None  # the version of the decision: its scale
    ticket: Mapping[str, Any]  # the snapshot, where the words need it


@dataclass(frozen=True, slots=True)
class Claims:
    """What was claimed, and when there is something to look for again (None: nothing is known to wait)."""

    jobs: tuple[Claimed, ...]
    again_at: Instant | None


@dataclass(frozen=True, slots=True)
class Claim(Operation[Claims]):
    """Claim due jobs of one account: at most `most`, and only what its pace allows now.

    `idempotent` says whether the platform takes the same message twice without showing it twice: then an attempt whose
    lease ran out may be repeated, else its outcome stays unknown. Rates are messages a second.
    """

    account: str
    most: int
    per_second: float
    per_recipient: float
    lease: Duration
    idempotent: bool
    acknowledge_within: Duration | None

    order: ClassVar[int] = 40

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Claim"]) -> Sequence[Claims]:
        """Claim for one account after another."""
        return [_ClaimFold(unit, operation).run() for operation in operations]

    def ids_wanted(self) -> int:
        """An attempt each; and jobs and an event for each whose lease ran out."""
        return 8 * self.most + 64


class _ClaimFold:
    def __init__(self, unit: Unit, claim: Claim) -> None:
        self.unit = unit
        self.claim = claim
        self.invitations = Invitations(unit)
        self.job_changes: list[Row] = []
        self.attempts: list[Row] = []
        self.sends: dict[str, Instant] = {}
        self.claimed: list[Claimed] = []
        self.again_at: Instant | None = None

    def run(self) -> Claims:
        unit, claim = self.unit, self.claim
        account = self._account()
        if account.paused_until > unit.now:
            return Claims((), account.paused_until)
        interval = SECOND / claim.per_second
        ready = max(account.next_send_at, unit.now - BURST)
        allowed = min(claim.most, int((unit.now - ready) / interval) + 1) if ready <= unit.now else 0
        if allowed <= 0:
            return Claims((), account.next_send_at)
        self._end_expired()
        rows = self._due(allowed)
        if rows:
            self._judge(rows)
        self._store(ready + len(self.claimed) * interval)
        if len(rows) == allowed:
            self._look_again(unit.now if allowed < claim.most else unit.now + 1)
        return Claims(tuple(self.claimed), self.again_at)

    def _account(self) -> Any:
        statement = self.unit.lock(select(accounts).where(accounts.c.account == self.claim.account))
        found = self.unit.connection.execute(statement).one_or_none()
        if found is None:
            row = {"account": self.claim.account, "paused_until": 0, "next_send_at": 0, "position": None}
            self.unit.insert_missing(accounts, [row])
            found = self.unit.connection.execute(statement).one()
        return found

    def _due(self, allowed: int) -> list[Any]:
        statement = _DUE.with_for_update(of=jobs, skip_locked=True) if self.unit.is_postgresql else _DUE
        found: list[Any] = []
        for priority in PRIORITIES:
            if len(found) < allowed:
                parameters = {
                    "account": self.claim.account,
                    "priority": priority,
                    "now": self.unit.now,
                    "most": allowed - len(found),
                }
                found.extend(self.unit.connection.execute(statement, parameters))
        return found

    def _end_expired(self) -> None:
        """End leases that ran out: a process died, or hung, between the attempt and its result."""
        unit = self.unit
        where = (jobs.c.account == self.claim.account, jobs.c.state == "leased", jobs.c.lease_until < unit.now)
        expired = unit.rows(unit.lock(select(jobs).where(*where)))
        if not expired:
            return
        self.invitations.load(invitations.c.id.in_(sorted({row.invitation_id for row in expired if row.invitation_id})))
        for row in expired:
            kind = JobKind(row.kind)
            if self.claim.idempotent or kind in IDEMPOTENT:
                self.job_changes.append(change_job(row, state="due", due_at=unit.now))
                continue
            self.job_changes.append(change_job(row, state="unknown", finished_at=unit.now, error="outcome_unknown"))
            loaded = self.invitations.loaded.get(row.invitation_id)
            if kind is JobKind.PROMPT and loaded is not None:
                step = sent(loaded.invitation, None, unit.now, asked_at=unit.now, outcome_known=False)
                self.invitations.take(loaded, step, by="outbox")
        ids = [row.id for row in expired]
        unit.connection.execute(
            update(attempts)
            .where(attempts.c.job_id.in_(ids), attempts.c.result.is_(None))
            .values(result="outcome_unknown", finished_at=unit.now, text="the lease ran out")
        )
        self._write_jobs()

    def _judge(self, rows: Sequence[Any]) -> None:
        unit = self.unit
        self.invitations.load(invitations.c.id.in_(sorted({row.invitation_id for row in rows if row.invitation_id})))
        newest = {survey.id: survey for survey in load_surveys(unit.connection)}
        places = self._places({row.address for row in rows})
        snapshots = self._snapshots(rows)
        held = self._held(rows)
        # Of several renderings of one prompt only the last says what is true.
        last_render = {row.lane: row.id for row in sorted(rows, key=_revision) if row.kind == JobKind.RENDER}
        lanes: set[str] = set()
        for row in rows:
            kind = JobKind(row.kind)
            if kind is JobKind.RENDER and last_render[row.lane] != row.id:
                self.job_changes.append(change_job(row, state="dropped", finished_at=unit.now, error="superseded"))
                continue
            if row.lane is not None and row.lane in lanes:
                continue  # its turn comes when the one before it is done
            loaded = self.invitations.loaded.get(row.invitation_id)
            survey = newest.get(loaded.row.survey_id) if loaded else self._survey_for_notice(newest)
            place = places.get(row.address)
            verdict = judge(kind, row.text, row.created_at, self._world(loaded, survey, place), unit.now)
            if isinstance(verdict, Go) and kind not in _UNPACED and place is not None and place.next_send_at > unit.now:
                verdict = Wait(place.next_send_at, "pace")
            if isinstance(verdict, Go) and kind not in _UNPACED and row.address in self.sends:
                verdict = Wait(self.sends[row.address], "pace")
            if isinstance(verdict, Go) and kind is JobKind.NOTICE and not self._still_held(row, held):
                verdict = Drop("answered")
            if isinstance(verdict, Go):
                if row.lane is not None:
                    lanes.add(row.lane)
                if kind not in _UNPACED:
                    self.sends[row.address] = unit.now + int(SECOND / self.claim.per_recipient)
                address = place.moved_to if place is not None and place.moved_to else row.address
                self._take(row, kind, loaded, survey, address, snapshots.get(row.invitation_id, {}))
            else:
                self._put_off(row, loaded, verdict)

    def _take(
        self,
        row: Any,
        kind: JobKind,
        loaded: Loaded | None,
        survey: Survey | None,
        address: str,
        ticket: Mapping[str, Any],
    ) -> None:
        unit = self.unit
        attempt = {"id": unit.next_id(), "job_id": row.id, "started_at": unit.now}
        self.attempts.append(attempt)
        self.job_changes.append(
            change_job(row, state="leased", lease_until=unit.now + self.claim.lease, attempts=row.attempts + 1)
        )
        detail = json.loads(row.detail) if kind is JobKind.NOTICE and row.detail else {}
        self.claimed.append(
            Claimed(
                job_id=row.id,
                attempt_id=attempt["id"],
                kind=kind,
                account=row.account,
                address=address,
                text=row.text,
                detail=row.detail or "",
                tries=row.attempts + 1,
                language=loaded.row.language if loaded else detail.get("language"),
                invitation=loaded.invitation if loaded else None,
                survey=survey,
                decided=loaded.survey if loaded else None,
                ticket=ticket,
            )
        )

    def _put_off(self, row: Any, loaded: Loaded | None, verdict: Drop | Undeliverable | Wait) -> None:
        unit = self.unit
        match verdict:
            case Wait(until=until, reason=reason):
                self.job_changes.append(change_job(row, state="due", due_at=until))
                self._look_again(until)
                if loaded is not None and row.kind == JobKind.PROMPT and reason != "pace":
                    loaded.invitation = replace(loaded.invitation, state_reason=reason)
                    loaded.changed = True
            case Undeliverable(reason=reason):
                self.job_changes.append(change_job(row, state="failed", finished_at=unit.now, error=reason))
                if loaded is not None:
                    self.invitations.take(loaded, not_delivered(loaded.invitation, reason), by="outbox")
            case Drop(reason=reason):
                self.job_changes.append(change_job(row, state="dropped", finished_at=unit.now, error=reason))
                if loaded is not None and reason == "opted_out":
                    self.invitations.take(loaded, opted_out(loaded.invitation), by="outbox")

    def _world(self, loaded: Loaded | None, survey: Survey | None, place: Any) -> World:
        return World(
            invitation=loaded.invitation if loaded else None,
            survey_on=survey is not None and survey.enabled,
            opted_out=place is not None and place.opted_out_at is not None,
            unreachable=place is not None and place.unreachable_at is not None,
            prompt_before=(loaded.row.due_at or 0) + loaded.survey.timing.max_age if loaded else 0,
            acknowledge_within=self.claim.acknowledge_within,
        )

    def _survey_for_notice(self, newest: Mapping[str, Survey]) -> Survey | None:
        return min(newest.values(), key=lambda survey: (survey.position, survey.id), default=None)

    def _places(self, wanted: set[str]) -> dict[str, Any]:
        where = (addresses.c.account == self.claim.account, addresses.c.address.in_(sorted(wanted)))
        return {row.address: row for row in self.unit.rows(select(addresses).where(*where))}

    def _snapshots(self, rows: Sequence[Any]) -> dict[int, Mapping[str, Any]]:
        wanted = sorted({row.invitation_id for row in rows if row.invitation_id and row.kind != JobKind.ACKNOWLEDGE})
        statement = select(tickets.c.id, tickets.c.snapshot).where(tickets.c.id.in_(wanted))
        return {row.id: json.loads(row.snapshot) for row in self.unit.connection.execute(statement)} if wanted else {}

    def _held(self, rows: Sequence[Any]) -> Addresses | None:
        """Load the addresses of notices about held texts: whether they may be answered is decided now."""
        waiting = [(row.account, row.address) for row in rows if row.kind == JobKind.NOTICE and _held_message(row)]
        return Addresses(self.unit, waiting) if waiting else None

    def _still_held(self, row: Any, held: Addresses | None) -> bool:
        message_id = _held_message(row)
        if held is None or not message_id:
            return True
        where = and_(
            held_texts.c.account == row.account,
            held_texts.c.address == row.address,
            held_texts.c.message_id == message_id,
        )
        gone = self.unit.connection.execute(delete(held_texts).where(where)).rowcount == 0
        if gone or not held.may_be_polite(row.account, row.address):
            return False
        held.store()
        return True

    def _look_again(self, at: Instant) -> None:
        self.again_at = at if self.again_at is None else min(self.again_at, at)

    def _write_jobs(self) -> None:
        write_job_changes(self.unit, self.job_changes)
        self.job_changes = []

    def _store(self, next_send_at: float) -> None:
        unit = self.unit
        self._write_jobs()
        unit.insert(attempts, self.attempts)
        if self.sends:
            account = self.claim.account
            unit.insert_missing(addresses, [new_address(account, address) for address in sorted(self.sends)])
            moves = [{"of_account": account, "of_address": each, "at": self.sends[each]} for each in sorted(self.sends)]
            unit.many(_MOVE_ON, moves)
        if self.claimed:
            statement = update(accounts).where(accounts.c.account == self.claim.account)
            unit.connection.execute(statement.values(next_send_at=ceil(next_send_at)))
        self.invitations.store()


IDEMPOTENT = frozenset({JobKind.RENDER, JobKind.ACKNOWLEDGE})
"""Acts that do no harm when they are done twice, on every kind of channel."""


def change_job(row: Any, **changes: Any) -> Row:
    """Return the parameters that change a job's row: its columns as they are, but for the changes; without a lease."""
    new = {
        "state": row.state,
        "due_at": row.due_at,
        "lease_until": None,
        "attempts": row.attempts,
        "finished_at": row.finished_at,
        "error": row.error,
        **changes,
    }
    return {"of": row.id, **{f"new_{name}": value for name, value in new.items()}}


def write_job_changes(unit: Unit, changes: Sequence[Row]) -> None:
    """Write what `change_job` returned."""
    unit.many(_CHANGE_JOB, changes)


@dataclass(frozen=True, slots=True)
class RunLapses(Operation[int]):
    """Let invitations lapse whose time is over: a job that talks to nobody. Returns how many jobs were done."""

    most: int = 500

    order: ClassVar[int] = 45

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RunLapses"]) -> Sequence[int]:
        """Run them once, whoever asked."""
        known = Invitations(unit)
        where = (jobs.c.account == INTERNAL, jobs.c.state == "due", jobs.c.due_at <= unit.now)
        statement = select(jobs).where(*where).order_by(jobs.c.due_at).limit(max(each.most for each in operations))
        if unit.is_postgresql:
            statement = statement.with_for_update(skip_locked=True)
        rows = unit.rows(statement)
        known.load(invitations.c.id.in_(sorted({row.invitation_id for row in rows})))
        for row in rows:
            loaded = known.loaded[row.invitation_id]
            known.take(loaded, lapse_due(loaded.invitation), by="outbox")
        write_job_changes(unit, [change_job(row, state="done", finished_at=unit.now) for row in rows])
        known.store()
        return [len(rows)] * len(operations)


def _revision(row: Any) -> int:
    return int(row.revision)


def _held_message(row: Any) -> str | None:
    return json.loads(row.detail).get("held") if row.detail else None
