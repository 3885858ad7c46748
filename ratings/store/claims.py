"""Claiming jobs: what is due, still wanted and within the pace, taken with a lease and an open attempt.

Locks are taken in one order by everybody, or not waited for: accounts, jobs, addresses, invitations, customers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, ClassVar

from sqlalchemy import Integer, bindparam, delete, exists, select, update

from ratings.lifecycle import Delivery, Invitation, JobKind, not_delivered, opted_out, sent
from ratings.store.addresses import Addresses, Key
from ratings.store.loading import Invitations, Loaded, later
from ratings.store.rows import (
    DUE,
    IDEMPOTENT,
    LEASED,
    MAX_ATTEMPTS,
    PRIORITIES,
    change_job,
    is_elsewhere,
    write_job_changes,
)
from ratings.store.schema import accounts, attempts, customers, held_texts, jobs, tickets
from ratings.store.surveys import load_surveys
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.survey import Survey
from ratings.times import MINUTE, SECOND, Duration, Instant
from ratings.wanted import Drop, Go, Undeliverable, Verdict, Wait, World, judge

BURST: Duration = SECOND // 10
"""How far an account may run ahead of its even pace, so that a claim can take a handful at once."""

_UNPACED = frozenset({JobKind.ACKNOWLEDGE})
"""Not messages to a recipient: the pace of one chat does not hold them."""

_OF_THE_ADDRESS = frozenset({JobKind.PROMPT, JobKind.RENDER})
"""What is about the message at one address: not wanted any more once the invitation is asked at another. A reminder follows it."""

_LEASED = jobs.alias("leased")
_DUE = (
    select(jobs)
    .where(
        jobs.c.account == bindparam("account"),
        jobs.c.state == DUE,
        jobs.c.priority == bindparam("priority"),
        jobs.c.due_at <= bindparam("now"),
        ~exists().where(_LEASED.c.lane == jobs.c.lane, _LEASED.c.state == LEASED),
    )
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most", type_=Integer))
)
_LOCK_DUE = _DUE.with_for_update(of=jobs, key_share=True, skip_locked=True)
_EXPIRED = (
    select(jobs)
    .where(jobs.c.account == bindparam("account"), jobs.c.state == LEASED, jobs.c.lease_until < bindparam("now"))
    .order_by(jobs.c.id)
)
_LOCK_EXPIRED = _EXPIRED.with_for_update(key_share=True, skip_locked=True)
_ACCOUNT = select(accounts).where(accounts.c.account == bindparam("account"))
_LOCK_ACCOUNT = _ACCOUNT.with_for_update(key_share=True)
_SNAPSHOTS = select(tickets.c.id, tickets.c.snapshot).where(tickets.c.id.in_(bindparam("ids", expanding=True)))
_OUT = select(customers.c.customer).where(
    customers.c.customer.in_(bindparam("wanted", expanding=True)), customers.c.opted_out_at.is_not(None)
)
_DOUBTFUL = (
    select(attempts.c.job_id)
    .where(
        attempts.c.job_id.in_(bindparam("ids", expanding=True)),
        attempts.c.result == "outcome_unknown",
        attempts.c.started_at < bindparam("before"),
    )
    .distinct()
)
_END_ATTEMPTS = (
    update(attempts)
    .where(attempts.c.job_id == bindparam("of_job"), attempts.c.result.is_(None))
    .values(result="outcome_unknown", finished_at=bindparam("at"), text="the lease ran out")
)
_FORGET_HELD = delete(held_texts).where(
    held_texts.c.account == bindparam("of_account"),
    held_texts.c.address == bindparam("of_address"),
    held_texts.c.message_id == bindparam("of_message"),
)
_FOLLOW = (
    update(jobs)
    .where(jobs.c.id == bindparam("of"))
    .values(account=bindparam("new_account"), address=bindparam("new_address"), due_at=bindparam("at"))
)
_NEXT_SEND = update(accounts).where(accounts.c.account == bindparam("of_account")).values(next_send_at=bindparam("at"))
REPEATABLE_FOR: Duration = 30 * MINUTE
"""How long a platform that knows repetitions is trusted to know one. VK does not say how long it remembers; an hour is counted on."""

AT_LEAST = 64
"""Jobs looked at in a claim, however few the pace allows: what is put off must not wait for the pace as well."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job to carry out now: everything it takes to say it, as it was read inside the claiming transaction."""

    job_id: int
    attempt_id: int
    kind: JobKind
    account: str
    address: str
    created_at: Instant
    text: str
    detail: str
    tries: int
    language: str | None
    invitation: Invitation | None
    client: str  # what the customer's app told of itself
    may_send_anew: bool  # when its message is gone: False to those who want none
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
    lease ran out may be repeated, else its outcome stays unknown. Rates are messages a second. `converses` and `edits` as in
    ratings.wanted.World.
    """

    account: str
    most: int
    per_second: float
    per_recipient: float
    lease: Duration
    idempotent: bool
    acknowledge_within: Duration | None
    converses: bool = True
    edits: bool = True

    order: ClassVar[int] = 40

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Claim"]) -> Sequence[Claims]:
        """Claim for one account after another."""
        return [_ClaimFold(unit, operation).run() for operation in operations]

    def ids_wanted(self) -> int:
        """An attempt each; and jobs and an event for each whose lease ran out."""
        return 8 * max(self.most, AT_LEAST) + 64


class _ClaimFold:
    def __init__(self, unit: Unit, claim: Claim) -> None:
        self.unit = unit
        self.claim = claim
        self.invitations = Invitations(unit)
        self.job_changes: list[Row] = []
        self.attempts: list[Row] = []
        self.turns: dict[Key, Instant] = {}
        self.claimed: list[Claimed] = []
        self.following: list[Row] = []
        self.again_at: Instant | None = None

    def run(self) -> Claims:
        unit, claim = self.unit, self.claim
        account = self._account()
        if account.paused_until > unit.now:
            return Claims((), account.paused_until)
        interval = SECOND / claim.per_second
        # A pace that lies further ahead than it can was written by a clock that has been set back since.
        ahead = account.next_send_at > unit.now + interval + SECOND
        next_send_at = unit.now if ahead else account.next_send_at
        ready = max(next_send_at, unit.now - BURST)
        allowed = min(claim.most, int((unit.now - ready) / interval) + 1) if ready <= unit.now else 0
        if allowed <= 0:
            return Claims((), next_send_at)
        lost = self._end_expired()
        most = max(allowed, AT_LEAST)
        rows = self._due(most)
        self.places = Addresses(unit, [(row.account, row.address) for row in rows])
        self.invitations.load(row.invitation_id for row in (*lost, *rows) if row.invitation_id)
        for row in lost:
            self._ask_perhaps(row)
        if rows:
            self._judge(rows, allowed)
        self._store(ready + len(self.claimed) * interval)
        if len(rows) == most or len(self.claimed) == allowed:
            self._look_again(max(unit.now + 1, ceil(ready + len(self.claimed) * interval)))
        return Claims(tuple(self.claimed), self.again_at)

    def _account(self) -> Any:
        statement = _LOCK_ACCOUNT if self.unit.is_postgresql else _ACCOUNT
        parameters = {"account": self.claim.account}
        found = self.unit.connection.execute(statement, parameters).one_or_none()
        if found is None:
            row = {"account": self.claim.account, "paused_until": 0, "next_send_at": 0, "position": None}
            self.unit.insert_missing(accounts, [row])
            found = self.unit.connection.execute(statement, parameters).one()
        return found

    def _due(self, most: int) -> list[Any]:
        statement = _LOCK_DUE if self.unit.is_postgresql else _DUE
        found: list[Any] = []
        for priority in PRIORITIES:
            if len(found) < most:
                parameters = {
                    "account": self.claim.account,
                    "priority": priority,
                    "now": self.unit.now,
                    "most": most - len(found),
                }
                found.extend(self.unit.rows(statement, parameters))
        return found

    def _end_expired(self) -> list[Any]:
        """End leases that ran out: a process died, or hung, between the attempt and its result. Return what may be done."""
        unit = self.unit
        statement = _LOCK_EXPIRED if unit.is_postgresql else _EXPIRED
        expired = unit.rows(statement, {"account": self.claim.account, "now": unit.now})
        lost = []
        for row in expired:
            kind = JobKind(row.kind)
            if (self.claim.idempotent or kind in IDEMPOTENT) and row.attempts < MAX_ATTEMPTS:
                self.job_changes.append(change_job(row, state="due", due_at=unit.now))
            else:
                self.job_changes.append(_unknown(row, unit.now))
                lost.append(row)
        unit.many(_END_ATTEMPTS, [{"of_job": row.id, "at": unit.now} for row in expired])
        self._write_jobs()
        return lost

    def _judge(self, rows: Sequence[Any], allowed: int) -> None:
        unit = self.unit
        self.out = self._opted_out_customers()
        self.newest = {survey.id: survey for survey in load_surveys(unit.connection)}
        self.snapshots = self._snapshots(rows)
        rows = self._without_doubtful(rows)
        # Of several renderings of one prompt only the last says what is true.
        last_render = {row.lane: row.id for row in sorted(rows, key=_revision) if row.kind == JobKind.RENDER}
        lanes: set[str] = set()
        for row in rows:
            if row.kind == JobKind.RENDER and last_render[row.lane] != row.id:
                self.job_changes.append(change_job(row, state="dropped", finished_at=unit.now, error="superseded"))
                continue
            if row.lane is not None and row.lane in lanes:
                continue  # its turn comes when the one before it is done
            loaded = self.invitations.loaded.get(row.invitation_id)
            if loaded is not None and row.kind == JobKind.REMINDER and is_elsewhere(row, loaded.key):
                self.following.append(
                    {
                        "of": row.id,
                        "new_account": loaded.key[0],
                        "new_address": loaded.key[1],
                        "at": row.due_at + later(loaded.invitation, unit.now),
                    }
                )
                continue
            verdict = self._verdict(row, loaded)
            if not isinstance(verdict, Go):
                self._put_off(row, loaded, verdict)
            elif len(self.claimed) < allowed:
                if row.lane is not None:
                    lanes.add(row.lane)
                self._take(row, loaded)

    def _without_doubtful(self, rows: Sequence[Any]) -> list[Any]:
        """Give up what may have been sent so long ago that the platform has forgotten it: repeating it would send it again."""
        tried = [row.id for row in rows if row.attempts and JobKind(row.kind) not in IDEMPOTENT]
        if not tried:
            return list(rows)
        before = self.unit.now - REPEATABLE_FOR
        doubtful = {row.job_id for row in self.unit.rows(_DOUBTFUL, {"ids": tried, "before": before})}
        for row in rows:
            if row.id in doubtful:
                self.job_changes.append(_unknown(row, self.unit.now))
                self._ask_perhaps(row)
        return [row for row in rows if row.id not in doubtful]

    def _ask_perhaps(self, row: Any) -> None:
        """A job ended that may have been carried out, and is not repeated: whoever it asks may have been asked."""
        loaded = self.invitations.loaded.get(row.invitation_id)
        if row.kind == JobKind.PROMPT and loaded is not None and not is_elsewhere(row, loaded.key):
            step = sent(loaded.invitation, None, self.unit.now, asked_at=self.unit.now, outcome_known=False)
            self.invitations.take(loaded, step, by="outbox")
            if loaded.invitation.delivery is Delivery.BOUNCED:  # which the platform told meanwhile
                self.invitations.ask_next(loaded, by="outbox")

    def _verdict(self, row: Any, loaded: Loaded | None) -> Verdict:
        kind, key = JobKind(row.kind), (row.account, row.address)
        if loaded is not None and kind in _OF_THE_ADDRESS and is_elsewhere(row, loaded.key):
            return Drop("moved")
        verdict = judge(kind, row.text, row.created_at, self._world(loaded, key), self.unit.now)
        if isinstance(verdict, Go) and kind not in _UNPACED:
            interval = SECOND / self.claim.per_recipient
            turn = self.turns.get(key, self.places.free_at(key, interval))
            if turn > self.unit.now:
                # Each that waits gets a turn of its own: otherwise all would be put off to the same instant, over and over.
                self.turns[key] = turn + int(interval)
                return Wait(turn, "pace")
        if isinstance(verdict, Go) and kind is JobKind.NOTICE and not self._still_held(row, key):
            return Drop("answered")
        return verdict

    def _take(self, row: Any, loaded: Loaded | None) -> None:
        unit, kind, key = self.unit, JobKind(row.kind), (row.account, row.address)
        if kind not in _UNPACED:
            next_at = unit.now + int(SECOND / self.claim.per_recipient)
            self.turns[key] = next_at
            self.places.sent(key, next_at)
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
        detail = json.loads(row.detail) if kind is JobKind.NOTICE and row.detail else {}
        self.claimed.append(
            Claimed(
                job_id=row.id,
                attempt_id=attempt["id"],
                kind=kind,
                account=row.account,
                address=self.places.moved_to(key) or row.address,
                created_at=row.created_at,
                text=row.text,
                detail=row.detail or "",
                client=self.places.client(key),
                tries=row.attempts + 1,
                language=loaded.row.language if loaded else detail.get("language"),
                invitation=loaded.invitation if loaded else None,
                may_send_anew=not (
                    self.places.opted_out(key)
                    or self.places.unreachable(key)
                    or (loaded is not None and loaded.row.customer in self.out)
                ),
                survey=self._survey(loaded),
                decided=loaded.survey if loaded else None,
                ticket=self.snapshots.get(row.invitation_id, {}),
            )
        )

    def _put_off(self, row: Any, loaded: Loaded | None, verdict: Drop | Undeliverable | Wait) -> None:
        unit = self.unit
        match verdict:
            case Wait(until=until, reason=reason):
                self.job_changes.append(change_job(row, state="due", due_at=until))
                self._look_again(until)
                if loaded is None or row.kind != JobKind.PROMPT or reason == "pace":
                    return
                if loaded.invitation.state_reason != reason:
                    loaded.invitation = replace(loaded.invitation, state_reason=reason)
                    loaded.changed = True
            case Undeliverable(reason=reason):
                self.job_changes.append(change_job(row, state="failed", finished_at=unit.now, error=reason))
                if loaded is not None and not self.invitations.ask_next(loaded, by="outbox"):
                    self.invitations.take(loaded, not_delivered(loaded.invitation, reason), by="outbox")
            case Drop(reason=reason):
                self.job_changes.append(change_job(row, state="dropped", finished_at=unit.now, error=reason))
                if loaded is not None and reason == "opted_out":
                    self.invitations.take(loaded, opted_out(loaded.invitation), by="outbox")

    def _world(self, loaded: Loaded | None, key: Key) -> World:
        survey = self._survey(loaded)
        return World(
            invitation=loaded.invitation if loaded else None,
            survey_on=survey is not None and survey.enabled,
            opted_out=self.places.opted_out(key) or (loaded is not None and loaded.row.customer in self.out),
            unreachable=self.places.unreachable(key),
            prompt_before=(loaded.row.due_at or 0) + loaded.survey.timing.max_age if loaded else 0,
            acknowledge_within=self.claim.acknowledge_within,
            converses=self.claim.converses,
            edits=self.claim.edits,
        )

    def _survey(self, loaded: Loaded | None) -> Survey | None:
        """Return the newest version of an invitation's survey; for a notice about none, the first survey's words do."""
        if loaded is not None:
            return self.newest.get(loaded.row.survey_id)
        return min(self.newest.values(), key=lambda survey: (survey.position, survey.id), default=None)

    def _opted_out_customers(self) -> set[str]:
        """Return which customers of these jobs want to be asked nowhere."""
        known = sorted({loaded.row.customer for loaded in self.invitations.loaded.values() if loaded.row.customer})
        return {row.customer for row in self.unit.rows(_OUT, {"wanted": known})} if known else set()

    def _snapshots(self, rows: Sequence[Any]) -> dict[int, Mapping[str, Any]]:
        wanted = sorted({row.invitation_id for row in rows if row.invitation_id and row.kind != JobKind.ACKNOWLEDGE})
        return (
            {row.id: json.loads(row.snapshot) for row in self.unit.rows(_SNAPSHOTS, {"ids": wanted})} if wanted else {}
        )

    def _still_held(self, row: Any, key: Key) -> bool:
        """True for a notice that is still due: the text that it is about, if any, still waits, and it is the day's first."""
        message_id = json.loads(row.detail).get("held") if row.detail else None
        if message_id is None:
            return True
        which = {"of_account": key[0], "of_address": key[1], "of_message": message_id}
        gone = self.unit.connection.execute(_FORGET_HELD, which).rowcount == 0
        return not gone and self.places.may_be_polite(key)

    def _look_again(self, at: Instant) -> None:
        self.again_at = at if self.again_at is None else min(self.again_at, at)

    def _write_jobs(self) -> None:
        write_job_changes(self.unit, self.job_changes)
        self.job_changes = []

    def _store(self, next_send_at: float) -> None:
        unit = self.unit
        self._write_jobs()
        unit.many(_FOLLOW, self.following)
        unit.insert(attempts, self.attempts)
        if self.claimed:
            unit.many(_NEXT_SEND, [{"of_account": self.claim.account, "at": ceil(next_send_at)}])
        self.places.store()
        self.invitations.store()


def _revision(row: Any) -> int:
    return int(row.revision)


def _unknown(row: Any, now: Instant) -> Row:
    return change_job(row, state="unknown", finished_at=now, error="outcome_unknown")
