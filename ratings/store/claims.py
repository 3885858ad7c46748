"""Claiming jobs: what is due, still wanted and within the pace, taken with a lease and an open attempt.

Locks are taken in one order by everybody, or not waited for: accounts, jobs, addresses, invitations, customers.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import and_, bindparam, delete, or_, select, update

from ratings.hours import next_allowed
from ratings.lifecycle import Delivery, Invitation, JobKind, Step, not_delivered, opted_out, paused, sent
from ratings.rules import window_until, zone_for
from ratings.store.addresses import Addresses, Key
from ratings.store.alerts import Alert, AlertJobs
from ratings.store.loading import Invitations, Loaded, later
from ratings.store.queues import allowance, due_jobs, expired_jobs, keep_pace
from ratings.store.rows import (
    AGAIN,
    DUE,
    IDEMPOTENT,
    MAX_ATTEMPTS,
    PUT_OFF,
    change_job,
    is_elsewhere,
    write_job_changes,
)
from ratings.store.schema import attempts, customers, held_texts, jobs, tickets
from ratings.store.surveys import load_surveys
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.survey import Survey
from ratings.times import MINUTE, SECOND, Duration, Instant, parse_instant
from ratings.wanted import Drop, Go, Undeliverable, Verdict, Wait, World, judge

_UNPACED = frozenset({JobKind.ACKNOWLEDGE})
"""Not messages to a recipient: the pace of one chat does not hold them."""

_OF_THE_ADDRESS = frozenset({JobKind.PROMPT, JobKind.RENDER})
"""What is about the message at one address: not wanted any more once the invitation is asked at another. A reminder follows it."""

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
_WHAT_FOLLOWS = select(jobs.c.id).where(
    jobs.c.invitation_id == bindparam("of"),
    jobs.c.state == DUE,
    or_(
        and_(jobs.c.kind == JobKind.REMINDER.value, jobs.c.revision > bindparam("after")),
        jobs.c.kind == JobKind.LAPSE.value,
    ),
)
_LATER = update(jobs).where(jobs.c.id.in_(_WHAT_FOLLOWS)).values(due_at=PUT_OFF)
# Whoever has one of them in hand has decided about it already.
_LATER_FREE = (
    update(jobs)
    .where(jobs.c.id.in_(_WHAT_FOLLOWS.with_for_update(key_share=True, skip_locked=True)))
    .values(due_at=PUT_OFF)
)
_CANCELS: Mapping[str, Callable[[Invitation], Step]] = {"opted_out": opted_out, "paused": paused}
"""Why a prompt is dropped, and what that makes of its invitation."""

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
    revision: int  # of a reminder: its number
    greets: bool  # this message is the address's first, and says who asks
    client: str  # what the customer's app told of itself
    may_send_anew: bool  # when its message is gone: False to those who want none
    survey: Survey | None  # the newest version: its words
    decided: Survey | None  # the version of the decision: its scale
    ticket: Mapping[str, Any]  # the snapshot, where the words need it
    alert: Alert | None = None  # what an alert tells


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
    ratings.wanted.World. `window` is how long after the customer's last message the account takes messages, `timezone` the
    installation's.
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
    window: Duration | None = None
    timezone: str = "UTC"

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
        self.later: list[Row] = []
        self.again_at: Instant | None = None

    def run(self) -> Claims:
        unit, claim = self.unit, self.claim
        allowed = allowance(unit, claim.account, claim.most, claim.per_second)
        if allowed.jobs <= 0:
            return Claims((), allowed.again_at)
        lost = self._end_expired()
        most = max(allowed.jobs, AT_LEAST)
        rows = due_jobs(unit, claim.account, most)
        self.places = Addresses(unit, [(row.account, row.address) for row in rows])
        self.invitations.load(row.invitation_id for row in (*lost, *rows) if row.invitation_id)
        for row in lost:
            self._ask_perhaps(row)
        if rows:
            self._judge(rows, allowed.jobs)
        self._store(allowed.after(len(self.claimed)))
        if len(rows) == most or len(self.claimed) == allowed.jobs:
            self._look_again(max(unit.now + 1, allowed.after(len(self.claimed))))
        return Claims(tuple(self.claimed), self.again_at)

    def _end_expired(self) -> list[Any]:
        """End leases that ran out: a process died, or hung, between the attempt and its result. Return what may be done."""
        unit = self.unit
        lost = []
        for row in expired_jobs(unit, self.claim.account):
            kind = JobKind(row.kind)
            if (self.claim.idempotent or kind in IDEMPOTENT) and row.attempts < MAX_ATTEMPTS:
                self.job_changes.append(change_job(row, state="due", due_at=unit.now))
            else:
                self.job_changes.append(_unknown(row, unit.now))
                lost.append(row)
        self._write_jobs()
        return lost

    def _judge(self, rows: Sequence[Any], allowed: int) -> None:
        unit = self.unit
        self.out = self._opted_out_customers()
        self.newest = {survey.id: survey for survey in load_surveys(unit.connection)}
        self.snapshots = self._snapshots(rows)
        self.alerts = AlertJobs(unit, rows)
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
                if row.kind == JobKind.REMINDER and isinstance(verdict, Wait):
                    lanes.add(row.lane)  # those behind it are put off with it, once
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
        verdict = judge(kind, row.text, row.created_at, self._world(loaded, key, row), self.unit.now)
        if isinstance(verdict, Go) and kind not in _UNPACED:
            interval = SECOND / self.claim.per_recipient
            turn = self.turns.get(key, self.places.free_at(key, interval))
            if turn > self.unit.now:
                # Each that waits gets a turn of its own: otherwise all would be put off to the same instant, over and over.
                self.turns[key] = turn + int(interval)
                return Wait(turn, "pace")
        if isinstance(verdict, Go) and kind is JobKind.ALERT:
            return self.alerts.verdict(row)
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
        survey = self._survey(loaded)
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
                revision=row.revision,
                greets=kind is JobKind.PROMPT
                and survey is not None
                and survey.greeting
                and self.places.greets(key, row.id),
                client=self.places.client(key),
                tries=row.attempts + 1,
                language=loaded.row.language if loaded else detail.get("language"),
                invitation=loaded.invitation if loaded else None,
                may_send_anew=not (
                    self.places.opted_out(key)
                    or self.places.unreachable(key)
                    or (loaded is not None and loaded.row.customer in self.out)
                ),
                survey=survey,
                decided=loaded.survey if loaded else None,
                ticket=self.snapshots.get(row.invitation_id, {}),
                alert=self.alerts.of(row),
            )
        )

    def _put_off(self, row: Any, loaded: Loaded | None, verdict: Drop | Undeliverable | Wait) -> None:
        unit = self.unit
        match verdict:
            case Wait(until=until, reason=reason):
                self.job_changes.append(change_job(row, state="due", due_at=until))
                self._look_again(until)
                if row.kind == JobKind.REMINDER and reason != "pace":
                    # What follows is counted from it: two reminders held by one night must not come together in the morning.
                    assert loaded is not None  # or it would not be wanted
                    self.later.append(
                        {
                            "of": row.invitation_id,
                            "after": row.revision,
                            "later": until - row.due_at,
                            "until": loaded.invitation.expires_at,
                        }
                    )
                if loaded is None or row.kind != JobKind.PROMPT or reason == "pace":
                    return
                if loaded.invitation.state_reason != reason:
                    loaded.invitation = loaded.invitation._replace(state_reason=reason)
                    loaded.changed = True
            case Undeliverable(reason=reason):
                self.places.not_greeted((row.account, row.address), row.id)
                self.job_changes.append(change_job(row, state="failed", finished_at=unit.now, error=reason))
                if loaded is not None and not self.invitations.ask_next(loaded, by="outbox"):
                    self.invitations.take(loaded, not_delivered(loaded.invitation, reason), by="outbox")
            case Drop(reason=reason):
                self.places.not_greeted((row.account, row.address), row.id)
                self.job_changes.append(change_job(row, state="dropped", finished_at=unit.now, error=reason))
                if loaded is not None and reason in _CANCELS:
                    self.invitations.take(loaded, _CANCELS[reason](loaded.invitation), by="outbox")

    def _world(self, loaded: Loaded | None, key: Key, row: Any) -> World:
        survey = self._survey(loaded)
        allowed_from, shut_at = self._times(loaded) if loaded is not None else (0, None)
        return World(
            invitation=loaded.invitation if loaded else None,
            survey_on=survey is not None and survey.enabled,
            opted_out=self.places.opted_out(key) or (loaded is not None and loaded.row.customer in self.out),
            unreachable=self.places.unreachable(key),
            prompt_before=(loaded.row.due_at or 0) + loaded.survey.timing.max_age if loaded else 0,
            acknowledge_within=self.claim.acknowledge_within,
            converses=self.claim.converses,
            edits=self.claim.edits,
            allowed_from=allowed_from,
            window_until=shut_at,
            cancel_paused=survey is not None and survey.when_paused == "cancel",
            number=row.revision,
            again=row.kind == JobKind.PROMPT and row.detail == AGAIN,
        )

    def _times(self, loaded: Loaded) -> tuple[Instant, Instant | None]:
        """Return from when on the customer may be written to unasked, and until when the messenger takes it."""
        row, survey = loaded.row, loaded.survey
        hours = survey.timing.hours
        zone = zone_for(row.timezone, survey.timezone, self.claim.timezone)
        allowed_from = self.unit.now if hours is None else next_allowed(self.unit.now, hours, zone)
        if self.claim.window is None:
            return allowed_from, None
        told = self.snapshots.get(row.id, {}).get("last_message_at", {}).get("customer")
        wrote_at = None if told is None else parse_instant(told)
        return allowed_from, window_until(wrote_at, row.closed_at, self.claim.window)

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

    def _store(self, next_send_at: Instant) -> None:
        unit = self.unit
        self._write_jobs()
        unit.many(_FOLLOW, self.following)
        unit.many(_LATER_FREE if unit.is_postgresql else _LATER, self.later)
        unit.insert(attempts, self.attempts)
        if self.claimed:
            keep_pace(unit, self.claim.account, next_send_at)
        self.places.store()
        self.invitations.store()


def _revision(row: Any) -> int:
    return int(row.revision)


def _unknown(row: Any, now: Instant) -> Row:
    return change_job(row, state="unknown", finished_at=now, error="outcome_unknown")
