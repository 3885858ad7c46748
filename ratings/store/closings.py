"""Closings and reopens: one decision for every closing, taken inside the transaction that stores it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, ClassVar

import msgspec
from sqlalchemy import BigInteger, bindparam, cast, false, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from ratings.choosing import choose_survey
from ratings.earlier import told_by
from ratings.lifecycle import OPEN_STATES, EventType, Invitation, JobKind, State, Trigger, move_invitation, sent
from ratings.rules import Ask, Facts, decide
from ratings.store.closing_rows import invitation_row
from ratings.store.directory import list_named
from ratings.store.earlier import Closing, Decided, load_earlier, load_reopens
from ratings.store.holds import HELD, held_accounts
from ratings.store.invitation_rows import terms_of
from ratings.store.loading import INTERNAL
from ratings.store.own_closings import closed_by_us
from ratings.store.roll_up import counting, facts_of_new
from ratings.store.rows import event_row, job_row
from ratings.store.schema import (
    closing_aliases,
    events,
    invitations,
    jobs,
    reopens,
    ticket_tags,
    tickets,
)
from ratings.store.surveys import load_surveys
from ratings.store.ticket_facts import TicketFacts
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation
from ratings.survey import Survey
from ratings.texts import pick_language
from ratings.ticket import Reopened, Ticket, ticket_to_dict
from ratings.times import Duration, Instant

_ARRIVED = update(invitations).where(invitations.c.id == bindparam("of")).values(awaits_closing=false())
_CANCEL = (
    update(invitations)
    .where(invitations.c.id == bindparam("of"))
    .values(state=bindparam("to_state"), state_reason=bindparam("because"))
)
RENDERED = "rendered"
"""The closing of a notice that named none, until the desk reports it."""

_LOCKS_FROM = 7_461_706_665_000
_LOCK_TICKETS = select(func.pg_advisory_xact_lock(func.unnest(cast(bindparam("keys"), ARRAY(BigInteger)))))


@dataclass(frozen=True, slots=True)
class ReopenedResult:
    """How many invitations a reopen cancelled."""

    cancelled: int


@dataclass(frozen=True, slots=True)
class Installation:
    """What the settings say that decisions depend on.

    `windows` tells of accounts how long after the customer's last message they take messages, `writing` which desks take
    results back, `timezone` is the installation's.
    """

    windows: Mapping[str, Duration] = field(default_factory=dict)
    writing: frozenset[str] = frozenset()
    timezone: str = "UTC"


PLAIN = Installation()


@dataclass(frozen=True, slots=True)
class DeskReport(Operation["Decided | ReopenedResult"]):
    """A desk reported that a ticket was closed or reopened. `accounts` are the channel accounts that are configured.

    `timezone` is the customer's, where it is known.

    `rendered`: it is about to send its own closing notice and asks what to put into it. Who is asked by it counts as asked
    now, and the closing that the desk reports next is the one that the notice was about. `notices` is the account that the
    notice goes by: it may be none of ours.
    """

    report: Ticket | Reopened
    accounts: frozenset[str]
    rendered: bool = False
    notices: str | None = None
    timezone: str | None = None
    installation: Installation = PLAIN

    order: ClassVar[int] = 10

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["DeskReport"]) -> Sequence["Decided | ReopenedResult"]:
        """Decide closings and carry out reopens in the order of their arrival."""
        return _Fold(unit, operations).run()

    def ids_wanted(self) -> int:
        """An invitation, its job and an event for each that is cancelled."""
        return 8


class _Fold:
    def __init__(self, unit: Unit, operations: Sequence[DeskReport]) -> None:
        self.unit = unit
        self.operations = operations
        self.tickets: list[Row] = []
        self.invitations: list[Row] = []
        self.tags: list[Row] = []
        self.jobs: list[Row] = []
        self.events: list[Row] = []
        self.cancelled: list[Row] = []
        self.aliases: list[Row] = []
        self.arrived: list[Row] = []
        self.new_reopens: dict[tuple[str, str], Instant] = {}
        self.languages: dict[tuple[str | None, str], str] = {}

    def run(self) -> list[Decided | ReopenedResult]:
        reports = [operation.report for operation in self.operations]
        keys = {(report.desk, report.id) for report in reports}
        closed = [report for report in reports if isinstance(report, Ticket)]
        self.reopens = any(isinstance(report, Reopened) for report in reports)
        self.surveys = load_surveys(self.unit.connection)
        self._lock(keys, closed)
        self.earlier = load_earlier(self.unit, keys, reopens=self.reopens)
        self.reopened = load_reopens(self.unit, keys)
        ended = [known[-1] for known in self.earlier.values() if known[-1].state not in OPEN_STATES]
        self.ours = closed_by_us(self.unit, (each.number for each in ended)) if closed else set()
        self.held = held_accounts(self.unit.connection) if closed else frozenset()
        spaced = any(survey.rules.every for survey in self.surveys)
        self.facts = TicketFacts(self.unit, closed, asks=spaced)
        results: list[Decided | ReopenedResult] = []
        for operation in self.operations:
            report = operation.report
            if isinstance(report, Ticket):
                results.append(self._close(report, operation))
            else:
                results.append(self._reopen(report))
        self._store()
        return results

    def _lock(self, keys: Iterable[tuple[str, str]], closed: Sequence[Ticket]) -> None:
        """Let no other process decide about these tickets meanwhile, nor about customers whose askings are counted.

        In sorted order, so that nobody deadlocks.
        """
        if not self.unit.is_postgresql:
            return
        names = {f"{desk}\x00{ticket_id}" for desk, ticket_id in keys}
        if any(survey.rules.every for survey in self.surveys):
            names |= {key for ticket in closed for key in ticket.asking_keys}
        numbers = sorted({_lock_number(name) for name in names})
        self.unit.connection.execute(_LOCK_TICKETS, {"keys": numbers})
        self.surveys = load_surveys(self.unit.connection)  # what was switched while we waited counts

    def _close(self, ticket: Ticket, operation: DeskReport) -> Decided:
        rendered, accounts = operation.rendered, operation.accounts
        known = self.earlier.setdefault((ticket.desk, ticket.id), [])
        # A notice without the closing's id goes by its ticket: rendering it again must find what was decided.
        closing = RENDERED if rendered and ticket.closing_id is None else ticket.closing_key
        for earlier in known:
            if closing != RENDERED and (closing == earlier.closing or closing in earlier.aliases):
                self._arrive(earlier, rendered=rendered)
                return _again(earlier.decided)
        newest = known[-1] if known else None
        if newest is not None and (
            newest.awaits
            or (newest.state in OPEN_STATES and self.unit.now < newest.expires_at)
            or (newest.number in self.ours and self.reopened.get((ticket.desk, ticket.id), 0) < newest.closed_at)
            # Rendered once more when it is reported, and perhaps answered, already: no closing is left for it to await.
            or (closing == RENDERED and ticket.closed_at <= newest.closed_at)
        ):
            if closing != RENDERED:
                self._alias(newest, ticket, closing)
                self._arrive(newest, rendered=rendered)
            return _again(newest.decided)
        if closing == RENDERED:
            closing = f"{RENDERED}:{self.unit.now}"
        survey = choose_survey(self.surveys, ticket)
        installation = operation.installation
        reopened_at = self.reopened.get((ticket.desk, ticket.id))
        for each in known:
            each.reopened = each.reopened or (reopened_at or 0) >= each.closed_at
        facts = Facts(
            accounts=accounts if operation.notices is None else accounts | {operation.notices},
            opted_out=self.facts.opted_out,
            unreachable=self.facts.unreachable,
            earlier=told_by(known),
            reopened_at=reopened_at,
            customer_opted_out=self.facts.customer_out(ticket),
            resting_until=self.facts.resting_until(ticket),
            last_ask=self.facts.last_ask(ticket, self.unit.now),
            timezone=operation.timezone,
            default_timezone=installation.timezone,
            windows=installation.windows,
        )
        decision = decide(ticket, survey, facts, self.unit.now)
        earlier = self._insert(ticket, closing, survey, decision if isinstance(decision, Ask) else None)
        assert earlier.row is not None
        earlier.row["writes_back"] = ticket.desk in installation.writing
        if rendered:
            earlier.awaits = earlier.row["awaits_closing"] = True
        if isinstance(decision, Ask):
            place = decision.channel, decision.address
            self.facts.asks(earlier.row["customer"], place, earlier.decided.invitation_id, decision.at)
            if rendered:
                self._ask_by_notice(earlier, earlier.row, survey, accounts)
            else:
                self._ask(earlier.decided.invitation_id, decision)
                earlier.row["state_reason"] = HELD if decision.channel in self.held else None
        else:
            earlier.row["reason"] = decision.reason.value
            earlier.row["detail"] = _json(decision.detail)
            earlier.decided = Decided(earlier.decided.invitation_id, "skip", decision.reason.value, None, new=True)
        known.append(earlier)
        return earlier.decided

    def _ask(self, number: int, ask: Ask) -> None:
        """Ask by a prompt of ours, when it is due."""
        self.jobs.append(
            job_row(
                self.unit,
                kind=JobKind.PROMPT,
                invitation_id=number,
                revision=0,
                account=ask.channel,
                address=ask.address,
                due_at=ask.at,
            )
        )

    def _ask_by_notice(self, earlier: Closing, row: Row, survey: Survey | None, accounts: frozenset[str]) -> None:
        """Ask by the desk's own notice, which goes out now. Reminders go by the account, where there is one."""
        assert survey is not None
        now = self.unit.now
        step = sent(
            Invitation(row["id"], State.SCHEDULED, terms_of(survey), row["expires_at"], due_at=now),
            None,
            now,
            asked_at=now,
        )
        asked = step.invitation
        assert asked.delivery is not None
        row.update(
            due_at=now,
            state=asked.state.value,
            asked_at=asked.asked_at,
            accepted_at=asked.accepted_at,
            delivery=asked.delivery.value,
            revision=asked.revision,
        )
        earlier.state, earlier.asked_at = asked.state, asked.asked_at
        earlier.decided = replace(earlier.decided, due_at=now)
        for job in step.jobs:
            if job.kind is JobKind.LAPSE or row["account"] in accounts:
                account = INTERNAL if job.kind is JobKind.LAPSE else row["account"]
                self.jobs.append(
                    job_row(
                        self.unit,
                        kind=job.kind,
                        invitation_id=row["id"],
                        revision=job.revision,
                        account=account,
                        address=row["address"],
                        due_at=job.due_at,
                    )
                )
        self.events.extend(event_row(self.unit, event, row["id"]) for event in step.events)

    def _arrive(self, earlier: Closing, *, rendered: bool) -> None:
        """The closing that a rendered notice was about is reported."""
        if earlier.awaits and not rendered:
            earlier.awaits = False
            if earlier.row is not None:
                earlier.row["awaits_closing"] = False
            else:
                self.arrived.append({"of": earlier.decided.invitation_id})

    def _alias(self, earlier: Closing, ticket: Ticket, closing: str) -> None:
        """Remember that this closing is the same as an earlier one, for when it is reported again."""
        earlier.aliases.add(closing)
        earlier.closed_at = max(earlier.closed_at, ticket.closed_at)
        number = earlier.decided.invitation_id
        self.aliases.append(
            {
                "desk": ticket.desk,
                "ticket_id": ticket.id,
                "closing": closing,
                "invitation_id": number,
                "closed_at": ticket.closed_at,
            }
        )

    def _insert(self, ticket: Ticket, closing: str, survey: Survey | None, ask: Ask | None) -> Closing:
        now = self.unit.now
        number = self.unit.next_id()
        language = self._language(ticket.customer.language, survey) if survey else None
        row = invitation_row(number, ticket, closing, survey, ask, language, now)
        self.invitations.append(row)
        self.tickets.append({"id": number, "received_at": now, "snapshot": _json(ticket_to_dict(ticket))})
        self.tags.extend({"tag": tag, "invitation_id": number} for tag in dict.fromkeys(ticket.tags))
        decided = Decided(number, row["decision"], None, row["due_at"], new=True)
        return Closing(
            decided,
            closing,
            ticket.closed_at,
            row["expires_at"],
            State(row["state"]),
            row=row,
            recovery_of=row["recovery_of"],
        )

    def _language(self, wanted: str | None, survey: Survey) -> str:
        key = (wanted, survey.id)
        if key not in self.languages:
            self.languages[key] = pick_language(wanted, survey.languages, survey.language)
        return self.languages[key]

    def _reopen(self, report: Reopened) -> ReopenedResult:
        cancelled = 0
        key = report.desk, report.id
        if report.reopened_at > self.reopened.get(key, 0):
            self.reopened[key] = self.new_reopens[key] = report.reopened_at
        for earlier in self.earlier.get(key, ()):
            if report.reopened_at >= earlier.closed_at:
                self._arrive(earlier, rendered=False)  # whatever closing comes now, the notice was not about it
            state = move_invitation(earlier.state, Trigger.REOPENED)
            # A reopen older than the closing tells of an earlier end of the ticket.
            if state is earlier.state or report.reopened_at < earlier.closed_at:
                continue
            cancelled += 1
            earlier.state = state
            number = earlier.decided.invitation_id
            if earlier.asked_at is None:
                self.facts.gives_back(number)
            if earlier.row is not None:
                earlier.row.update(state=state.value, state_reason=Trigger.REOPENED.value)
            else:
                self.cancelled.append({"of": number, "to_state": state.value, "because": Trigger.REOPENED.value})
            self.events.append(event_row(self.unit, EventType.CANCELLED, number))
        return ReopenedResult(cancelled)

    def _store(self) -> None:
        unit = self.unit
        unit.insert(tickets, self.tickets)
        unit.insert(invitations, self.invitations)
        unit.insert(closing_aliases, self.aliases)
        rows = [{"desk": key[0], "ticket_id": key[1], "reopened_at": at} for key, at in self.new_reopens.items()]
        unit.upsert(reopens, rows)
        unit.insert(ticket_tags, self.tags)
        unit.insert(jobs, self.jobs)
        # In the order in which all lock invitations: an update is a lock, too.
        with counting(unit, (row["of"] for row in self.cancelled)):
            unit.many(_CANCEL, sorted(self.cancelled, key=itemgetter("of")))
        unit.many(_ARRIVED, sorted(self.arrived, key=itemgetter("of")))
        unit.insert(events, self.events)
        unit.counts.extend((row["id"], None, facts_of_new(row)) for row in self.invitations)
        list_named(unit, self.invitations)


def _again(decided: Decided) -> Decided:
    return Decided(decided.invitation_id, decided.decision, decided.reason, decided.due_at, new=False)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _lock_number(name: str) -> int:
    """Return one of a thousand numbers: PostgreSQL's table of locks is shared by all, and a batch has as many tickets."""
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return _LOCKS_FROM + int.from_bytes(digest) % 1024
