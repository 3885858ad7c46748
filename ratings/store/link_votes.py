"""Votes by link: stored with their evidence, settled when their time is over, overruled by staff, taken back by the customer."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from sqlalchemy import Integer, bindparam, select, update

from ratings.lifecycle import (
    Change,
    Invitation,
    Job,
    JobKind,
    Outcome,
    State,
    Step,
    commented,
    may_change,
    reopened,
    vote_refusal,
)
from ratings.links import (
    TRAP,
    Evidence,
    Hit,
    LinkKind,
    LinkVote,
    Scene,
    Timings,
    Verdict,
    Visit,
    counting,
    judge_at_once,
    judge_settled,
    swept,
    trapped,
)
from ratings.recount import recounted
from ratings.store.audit import note_change
from ratings.store.loading import INTERNAL, Invitations, Loaded
from ratings.store.rows import DUE, PRIORITY_ANSWER, change_job, write_job_changes
from ratings.store.schema import comments, hits, invitations, jobs, reopens, votes
from ratings.store.unit import Row, Unit
from ratings.store.writer import IDS_PER_OPERATION, Operation
from ratings.times import HOUR, Instant
from ratings.votes import VoteSignal, VoteState, move

MAX_HITS = 200
"""Hits of one invitation kept in an hour: more tell nothing new."""

MAX_VOTES = 60
"""Votes by link of one invitation: of untouched pages at all, of touched ones in an hour. A person makes fewer; and a program
that makes more, over weeks of opening the mail again, must not keep a person's from being taken."""

MAX_AGENT = 200
PAGE_COMMENT = "page"
"""The message id of the comment that was written on the page: writing another replaces it."""

_ASKED = select(invitations.c.id).where(
    invitations.c.id.in_(bindparam("ids", expanding=True)),
    invitations.c.decision == "ask",
    invitations.c.erased_at.is_(None),
)
_RECENT_HITS = select(hits.c.invitation_id).where(
    hits.c.invitation_id.in_(bindparam("ids", expanding=True)), hits.c.at > bindparam("after")
)
_HITS = (
    select(hits)
    .where(hits.c.invitation_id.in_(bindparam("ids", expanding=True)), hits.c.at > bindparam("after"))
    .order_by(hits.c.at, hits.c.id)
)
_VOTES = (
    select(votes).where(votes.c.invitation_id.in_(bindparam("ids", expanding=True))).order_by(votes.c.at, votes.c.id)
)
_CHANGE_VOTE = (
    update(votes)
    .where(votes.c.id == bindparam("of"))
    .values(state=bindparam("new_state"), evidence=bindparam("new_evidence"))
)
_PARTS = (
    select(comments)
    .where(comments.c.invitation_id.in_(bindparam("ids", expanding=True)))
    .order_by(comments.c.at, comments.c.id)
)
_REOPENED = select(reopens.c.reopened_at).where(
    reopens.c.desk == bindparam("desk"), reopens.c.ticket_id == bindparam("ticket_id")
)
_DUE = (
    select(jobs)
    .where(
        jobs.c.account == INTERNAL,
        jobs.c.kind == JobKind.SETTLE.value,
        jobs.c.priority == PRIORITY_ANSWER,
        jobs.c.state == DUE,
        jobs.c.due_at <= bindparam("now"),
    )
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most", type_=Integer))
)
_LOCK_DUE = _DUE.with_for_update(key_share=True, skip_locked=True)
_STANDING = (VoteState.PROVISIONAL, VoteState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class RecordHit(Operation[None]):
    """A link was opened; `value` None: the page without a value. Evidence, never a vote.

    Where the hidden link was opened, the votes that the same program has just made fall; not without `timings`.
    """

    invitation_id: int
    value: int | None
    method: str
    visit: Visit
    timings: Timings | None = None

    order: ClassVar[int] = 15

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RecordHit"]) -> Sequence[None]:
        """Keep the hits of invitations that exist, as many as tell something."""
        ids = sorted({operation.invitation_id for operation in operations})
        known = {row.id for row in unit.rows(_ASKED, {"ids": ids})}
        many: dict[int, int] = {}
        for row in unit.rows(_RECENT_HITS, {"ids": ids, "after": unit.now - HOUR}):
            many[row.invitation_id] = many.get(row.invitation_id, 0) + 1
        rows: list[Row] = []
        for operation in operations:
            number = operation.invitation_id
            many[number] = many.get(number, 0) + 1
            if number in known and many[number] <= MAX_HITS:
                rows.append(
                    {
                        "id": unit.next_id(),
                        "invitation_id": number,
                        "value": operation.value,
                        "method": operation.method,
                        "at": unit.now,
                        "agent": operation.visit.agent[:MAX_AGENT],
                        "prefetch": operation.visit.prefetch,
                    }
                )
        unit.insert(hits, rows)
        traps = [each for each in operations if each.value == TRAP and each.timings is not None]
        if traps:
            fold = _Fold(unit, [each.invitation_id for each in traps], unit.now)
            for each in traps:
                fold.trap(each)
            fold.store()
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class PageResult:
    """What became of a vote or a wish on the page, and the state of its vote."""

    outcome: Outcome
    state: VoteState | None


@dataclass(frozen=True, slots=True)
class PageVote(Operation[PageResult]):
    """A vote by link, from the rating page. `comment` None: none was written."""

    invitation_id: int
    value: int
    comment: str | None
    kind: LinkKind
    visit: Visit
    timings: Timings

    order: ClassVar[int] = 22

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["PageVote"]) -> Sequence[PageResult]:
        """Judge and store votes in the order of their arrival."""
        window = max(operation.timings.sibling_window for operation in operations)
        fold = _Fold(unit, [operation.invitation_id for operation in operations], unit.now - window)
        results = [fold.vote(operation) for operation in operations]
        fold.store()
        return results


@dataclass(frozen=True, slots=True)
class Withdraw(Operation[PageResult]):
    """The customer takes the rating back, as long as it may be changed. The votes stay, and count no more."""

    invitation_id: int

    order: ClassVar[int] = 23

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Withdraw"]) -> Sequence[PageResult]:
        """Take back each."""
        fold = _Fold(unit, [operation.invitation_id for operation in operations], unit.now)
        results = [fold.withdraw(operation.invitation_id) for operation in operations]
        fold.store()
        return results


@dataclass(frozen=True, slots=True)
class Overrule(Operation[PageResult]):
    """Staff with the right says whether the newest vote counts; `by` and `why` are kept in the history."""

    invitation_id: int
    state: Literal[VoteState.CONFIRMED, VoteState.QUARANTINED]
    by: str
    why: str

    order: ClassVar[int] = 24

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Overrule"]) -> Sequence[PageResult]:
        """Overrule each."""
        fold = _Fold(unit, [operation.invitation_id for operation in operations], unit.now)
        results = [fold.overrule(operation) for operation in operations]
        fold.store()
        return results


@dataclass(frozen=True, slots=True)
class RunSettlements(Operation[int]):
    """Decide about the votes by link whose time to settle is over. Returns how many jobs were done."""

    timings: Timings
    most: int = 200

    order: ClassVar[int] = 46

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RunSettlements"]) -> Sequence[int]:
        """Run them once, whoever asked."""
        timings, most = operations[0].timings, max(operation.most for operation in operations)
        rows = unit.rows(_LOCK_DUE if unit.is_postgresql else _DUE, {"now": unit.now, "most": most})
        if rows:
            # No rule looks further back than this from the vote.
            after = min(row.created_at for row in rows) - max(timings.settle, timings.sibling_window)
            fold = _Fold(unit, [row.invitation_id for row in rows], after)
            for row in rows:
                fold.settle(row.invitation_id, int(row.text), timings)
            write_job_changes(unit, [change_job(row, state="done", finished_at=unit.now) for row in rows])
            fold.store()
        return [len(rows)] * len(operations)

    def ids_wanted(self) -> int:
        """A change, a job and an event for each."""
        return 6 * self.most + IDS_PER_OPERATION


@dataclass(slots=True)
class _Vote:
    """A vote as this batch sees it; `link` None: it came another way, and counts without more ado."""

    id: int
    value: int
    at: Instant
    state: VoteState
    link: LinkVote | None
    evidence: tuple[str, ...] = ()


class _Fold:
    def __init__(self, unit: Unit, numbers: Iterable[int], hits_after: Instant) -> None:
        self.unit = unit
        ids = sorted(set(numbers))
        self.invitations = Invitations(unit)
        self.invitations.load(ids)
        self.votes: dict[int, list[_Vote]] = {}
        self.hits: dict[int, list[Hit]] = {}
        self.parts: dict[int, dict[str, str]] = {}
        self.changed_votes: dict[int, _Vote] = {}
        self.new_votes: list[tuple[int, _Vote]] = []
        self.new_parts: list[Row] = []
        # Read after the locks: what another process has just made is seen.
        for row in unit.rows(_VOTES, {"ids": ids}):
            self.votes.setdefault(row.invitation_id, []).append(_vote(row))
        for row in unit.rows(_HITS, {"ids": ids, "after": hits_after}):
            hit = Hit(row.value, row.at, Visit(row.agent, row.prefetch))
            self.hits.setdefault(row.invitation_id, []).append(hit)
        for row in unit.rows(_PARTS, {"ids": ids}):
            self.parts.setdefault(row.invitation_id, {})[row.message_id] = row.text

    def vote(self, operation: PageVote) -> PageResult:
        """Judge and keep one vote."""
        loaded = self._loaded(operation.invitation_id)
        if loaded is None:
            return PageResult(Outcome.IGNORED, None)
        refusal = vote_refusal(loaded.invitation, operation.value, self.unit.now)
        if refusal is not None:
            return PageResult(refusal, loaded.invitation.vote_state)
        known = self.votes.setdefault(loaded.invitation.id, [])
        too_many = self._too_many(known, operation)
        if too_many or self._repeats(known, operation):
            self._comment(loaded, operation.comment)
            # Nobody is told that a touched page's vote was taken when it was not.
            lost = too_many and operation.kind is not LinkKind.AUTO
            return PageResult(Outcome.IGNORED if lost else Outcome.REPEATED, loaded.invitation.vote_state)
        visit = replace(operation.visit, agent=operation.visit.agent[:MAX_AGENT])
        number = self.unit.next_id()
        # What comes later is newer: the instant is that of before the wait for the locks, and other processes have clocks and
        # blocks of ids of their own.
        at = max([self.unit.now, *(each.at + (each.id > number) for each in known)])
        link = LinkVote(number, operation.value, at, operation.kind, visit)
        scene = self._scene(loaded, operation.timings)
        verdict = judge_at_once(link, scene)
        state = move(None, verdict.signal)
        assert state is not None
        vote = _Vote(link.id, link.value, link.at, state, replace(link, state=state), _codes(verdict))
        if Evidence.MANY_VALUES in verdict.evidence:
            self._move(loaded, (each.id for each in swept(link, scene)), verdict)
        known.append(vote)
        self.new_votes.append((loaded.invitation.id, vote))
        step = self._recount(loaded)
        if state is VoteState.PROVISIONAL:
            self._settle_later(loaded, vote, operation.timings)
        self._comment(loaded, operation.comment)
        outcome = Outcome.QUARANTINED if state is VoteState.QUARANTINED else step.outcome
        return PageResult(Outcome.WAITS if state is VoteState.PROVISIONAL else outcome, state)

    def trap(self, operation: RecordHit) -> None:
        """Somebody opened the link that nobody sees."""
        loaded = self._loaded(operation.invitation_id)
        if loaded is None or operation.timings is None:
            return
        visit = replace(operation.visit, agent=operation.visit.agent[:MAX_AGENT])
        fallen = trapped(Hit(TRAP, self.unit.now, visit), self._scene(loaded, operation.timings))
        if fallen:
            self._move(loaded, [each.id for each in fallen], Verdict(VoteSignal.ROBOT, (Evidence.TRAP,)))
            self._recount(loaded, by="evidence")

    def settle(self, number: int, vote_id: int, timings: Timings) -> None:
        """Decide about a vote that had to wait."""
        loaded = self._loaded(number)
        vote = next((vote for vote in self.votes.get(number, ()) if vote.id == vote_id), None)
        if loaded is None or vote is None or vote.link is None or vote.state is not VoteState.PROVISIONAL:
            return
        verdict = judge_settled(vote.link, self._scene(loaded, timings))
        self._move(loaded, [vote_id], verdict)
        self._recount(loaded)

    def withdraw(self, number: int) -> PageResult:
        """Take back what stands."""
        loaded = self._loaded(number)
        standing = [vote.id for vote in self.votes.get(number, ()) if vote.state in _STANDING]
        if loaded is None or not standing:
            return PageResult(Outcome.IGNORED, loaded.invitation.vote_state if loaded else None)
        if loaded.invitation.value is not None and not may_change(loaded.invitation, self.unit.now):
            return PageResult(Outcome.STANDS, loaded.invitation.vote_state)
        self._move(loaded, standing, Verdict(VoteSignal.WITHDRAW))
        # What a scanner left behind since may be newer; it is the customer's own that was taken back.
        step = self._recount(loaded, shown=standing[-1])
        return PageResult(step.outcome, loaded.invitation.vote_state)

    def overrule(self, operation: Overrule) -> PageResult:
        """Do what staff says."""
        loaded = self._loaded(operation.invitation_id)
        known = self.votes.get(operation.invitation_id, [])
        counts = operation.state is VoteState.CONFIRMED
        wanted = (VoteState.PROVISIONAL, VoteState.QUARANTINED) if counts else _STANDING
        concerned = [vote.id for vote in known if vote.state in wanted]
        if loaded is None or not concerned or (counts and loaded.invitation.value is not None):
            return PageResult(Outcome.IGNORED, loaded.invitation.vote_state if loaded else None)
        before = loaded.invitation.vote_state
        signal = VoteSignal.OVERRULE if counts else VoteSignal.REJECT
        self._move(loaded, concerned[-1:] if counts else concerned, Verdict(signal))
        step = self._recount(loaded, by=operation.by)
        told = Change("overruled", before.value if before else None, f"{operation.state.value}: {operation.why}")
        self.invitations.take(loaded, Step(loaded.invitation, changes=(told,)), by=operation.by)
        was, now = {"votes": told.old}, {"votes": operation.state.value}
        note_change(self.unit, operation.by, "overruled", "rating", str(operation.invitation_id), before=was, after=now)
        return PageResult(step.outcome, loaded.invitation.vote_state)

    def store(self) -> None:
        """Write everything."""
        unit = self.unit
        for number, vote in self.new_votes:
            assert vote.link is not None
            self.invitations.add_vote(_vote_row(number, vote, vote.link, self.invitations.loaded[number].key[0]))
        self.invitations.store()
        fresh = {vote.id for _, vote in self.new_votes}
        changed = [vote for number, vote in sorted(self.changed_votes.items()) if number not in fresh]
        unit.many(
            _CHANGE_VOTE,
            [
                {"of": vote.id, "new_state": vote.state.value, "new_evidence": _evidence_json(vote.evidence)}
                for vote in changed
            ],
        )
        parts = {row["invitation_id"]: row for row in self.new_parts}
        unit.upsert(comments, list(parts.values()), keep=("id", "at"))

    def _loaded(self, number: int) -> Loaded | None:
        loaded = self.invitations.loaded.get(number)
        return loaded if loaded is not None and loaded.row.decision == "ask" else None

    def _too_many(self, known: Sequence[_Vote], operation: PageVote) -> bool:
        untouched = operation.kind is LinkKind.AUTO
        links = [vote.link for vote in known if vote.link is not None]
        alike = [each.at for each in links if (each.kind is LinkKind.AUTO) == untouched]
        return sum(untouched or at > self.unit.now - HOUR for at in alike) >= MAX_VOTES

    @staticmethod
    def _repeats(known: Sequence[_Vote], operation: PageVote) -> bool:
        """True when this vote says nothing that the newest one that stands did not say."""
        newest = next((vote for vote in reversed(known) if vote.state in _STANDING), None)
        if newest is None or newest.value != operation.value:
            return False
        # A touch says more than an untouched page did, even where that counts already: nothing untouched overrules it.
        return operation.kind is LinkKind.AUTO or (newest.state is VoteState.CONFIRMED and not _untouched(newest))

    def _scene(self, loaded: Loaded, timings: Timings) -> Scene:
        number = loaded.invitation.id
        known = self.votes.get(number, [])
        return Scene(
            accepted_at=loaded.invitation.accepted_at,
            hits=self.hits.get(number, []),
            votes=[replace(vote.link, state=vote.state) for vote in known if vote.link is not None],
            timings=timings,
            confirmation=loaded.survey.confirm_links,
            answered=any(vote.state is VoteState.CONFIRMED and not _untouched(vote) for vote in known),
        )

    def _move(self, loaded: Loaded, vote_ids: Iterable[int], verdict: Verdict) -> None:
        wanted = set(vote_ids)
        for vote in self.votes.get(loaded.invitation.id, ()):
            after = move(vote.state, verdict.signal)
            if vote.id in wanted and after is not None:
                vote.state = after
                vote.evidence = tuple(dict.fromkeys((*vote.evidence, *_codes(verdict))))
                self.changed_votes[vote.id] = vote

    def _recount(self, loaded: Loaded, *, by: str = "customer", shown: int | None = None) -> Step:
        """Find what counts now; while nothing does, the vote `shown` (None: the newest) tells what became of it."""
        known = self.votes.get(loaded.invitation.id, [])
        index = counting((vote.at, vote.id, vote.state) for vote in known)
        newest = max(known, key=lambda vote: (vote.id == shown, vote.at, vote.id))
        step = recounted(
            loaded.invitation,
            value=None if index is None else known[index].value,
            rated_at=min((vote.at for vote in known if vote.state is VoteState.CONFIRMED), default=None),
            newest=(newest.value, newest.state),
            now=self.unit.now,
        )
        was_answered = loaded.invitation.state is State.ANSWERED
        self.invitations.take(loaded, step, by=by)
        if was_answered and step.invitation.state is State.ASKED and self._was_reopened(loaded.row):
            # It waits for nobody's answer: the ticket goes on, and nobody is to be reminded of its end.
            self.invitations.take(loaded, reopened(loaded.invitation), by=by)
        return step

    def _was_reopened(self, row: Any) -> bool:
        found = self.unit.rows(_REOPENED, {"desk": row.desk, "ticket_id": row.ticket_id})
        return any(each.reopened_at >= row.closed_at for each in found)

    def _settle_later(self, loaded: Loaded, vote: _Vote, timings: Timings) -> None:
        """The vote waits; when the time is over, its job decides. Whatever is configured then, it decides once."""
        invitation: Invitation = loaded.invitation._replace(revision=loaded.invitation.revision + 1)
        job = Job(JobKind.SETTLE, self.unit.now + timings.settle, invitation.revision, str(vote.id))
        self.invitations.take(loaded, Step(invitation, jobs=(job,)), by="customer")

    def _comment(self, loaded: Loaded, comment: str | None) -> None:
        if comment is None or not comment.strip():
            return
        number = loaded.invitation.id
        parts = self.parts.setdefault(number, {})
        parts[PAGE_COMMENT] = comment.strip()
        self.new_parts.append(
            {
                "invitation_id": number,
                "message_id": PAGE_COMMENT,
                "id": self.unit.next_id(),
                "at": self.unit.now,
                "text": parts[PAGE_COMMENT],
                "sender": None,
            }
        )
        step = commented(loaded.invitation, "\n".join(parts.values()), self.unit.now)
        self.invitations.take(loaded, step, by="customer")


def _untouched(vote: _Vote) -> bool:
    return vote.link is not None and vote.link.kind is LinkKind.AUTO


def _codes(verdict: Verdict) -> tuple[str, ...]:
    return tuple(evidence.value for evidence in verdict.evidence)


def _evidence_json(evidence: Sequence[str]) -> str | None:
    return json.dumps(evidence) if evidence else None


def _vote(row: Any) -> _Vote:
    state = VoteState(row.state)
    link = None
    if row.link_kind is not None:
        visit = Visit(row.agent or "", bool(row.prefetch))
        link = LinkVote(row.id, row.value, row.at, LinkKind(row.link_kind), visit, state)
    return _Vote(row.id, row.value, row.at, state, link, tuple(json.loads(row.evidence or "[]")))


def _vote_row(number: int, vote: _Vote, link: LinkVote, account: str) -> Row:
    return {
        "id": vote.id,
        "invitation_id": number,
        "value": vote.value,
        "state": vote.state.value,
        "source": "link",
        "account": account,
        "event_id": f"link:{vote.id}",
        "at": vote.at,
        "link_kind": link.kind.value,
        "agent": link.visit.agent,
        "prefetch": link.visit.prefetch,
        "evidence": _evidence_json(vote.evidence),
    }
