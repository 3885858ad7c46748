"""A rehearsal: a draft of a survey's rules and timing, decided over closings that there were, in the order of time. Pure.

`decide` is the one that decides for real. What the draft itself would have asked counts for frequency, for tickets that are
closed again and for recovery, not what was asked; a rating that really came counts where the draft asks, too. Closings of
other surveys are as they were. What customers wish is as it is now.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from ratings.choosing import choose_survey
from ratings.earlier import told_by
from ratings.lifecycle import State
from ratings.outcomes import is_bad
from ratings.rules import Ask, Facts, SkipReason, decide
from ratings.survey import Survey
from ratings.ticket import Ticket, place_key
from ratings.times import Duration, Instant

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for every closing: configured accounts and their windows, the installation's zone, the customers' wishes.

    `asked_before`: when customers were last asked before the first closing, or are to be.
    """

    accounts: Collection[str]
    windows: Mapping[str, Duration] = field(default_factory=dict)
    timezone: str = "UTC"
    opted_out: Collection[Place] = frozenset()
    unreachable: Collection[Place] = frozenset()
    customers_out: Collection[str] = frozenset()
    resting_until: Mapping[str, Instant] = field(default_factory=dict)
    asked_before: Mapping[str, Instant] = field(default_factory=dict)


class Past(NamedTuple):
    """A closing as it was, without its ticket: what was decided when, and what became of it.

    `customer` and `account` are whom and where it concerned, `value` the rating as it is counted; `reopened_at` is when
    its ticket was last reopened, as it is known now.
    """

    number: int
    desk: str
    ticket_id: str
    closed_at: Instant
    decided_at: Instant
    reason: str | None
    due_at: Instant | None
    survey_id: str | None
    account: str | None
    customer: str | None
    state: str
    asked_at: Instant | None = None
    value: int | None = None
    rated_at: Instant | None = None
    timezone: str | None = None
    recovery_of: int | None = None
    reopened_at: Instant | None = None
    address: str | None = None

    @property
    def was_asked(self) -> bool:
        """True where it was decided to ask."""
        return self.reason is None


@dataclass(slots=True)
class _Asking:
    """A closing of the rehearsal, and what has become of it by the time of the one that is decided now."""

    number: int
    closed_at: Instant
    due_at: Instant | None = None
    state: State = State.SKIPPED
    asked_at: Instant | None = None
    rated_at: Instant | None = None
    bad: bool = False
    recovery_of: int | None = None
    asked_ones: tuple[str, ...] = ()
    """The names by which who was asked is counted: the customer's and the address's."""
    answered_at: Instant | None = None
    """When the rating came, which may be later than the closing that is decided now."""
    gone_at: Instant | None = None
    """From when on it is neither asked nor counted: it was reopened, or could not be asked."""

    def at(self, now: Instant) -> None:
        """Go on to a later time."""
        if self.due_at is None:
            return
        if self.answered_at is not None and self.answered_at <= now:
            self.state, self.rated_at = State.ANSWERED, self.answered_at
        if self.due_at <= now and (self.gone_at is None or self.due_at < self.gone_at):
            self.asked_at = self.due_at
            self.state = State.ASKED if self.state is State.SCHEDULED else self.state
        elif self.is_gone(now):
            self.state = State.CANCELLED if self.state is State.SCHEDULED else self.state

    def is_gone(self, now: Instant) -> bool:
        return self.gone_at is not None and self.gone_at <= now and (self.due_at or 0) >= self.gone_at

    def closed_again(self, now: Instant) -> None:
        """The ticket is closed again, so it was reopened in between: whoever was not asked, was not to be asked any more."""
        if self.state is State.SCHEDULED and self.due_at is not None and self.due_at > now:
            self.gone_at = now
        if self.state in {State.SCHEDULED, State.ASKED}:
            self.state = State.CANCELLED


@dataclass(slots=True)
class Tally:
    """Closings counted: those the draft would ask about, those it would not, by reason; beside them what was."""

    closings: int = 0
    asked: int = 0
    was_asked: int = 0
    gained: int = 0
    lost: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    was_skipped: Counter[str] = field(default_factory=Counter)

    def count(self, reason: str | None, was: Past) -> None:
        """Count one closing: asked about where there is no reason."""
        self.closings += 1
        if reason is None:
            self.asked += 1
            self.gained += not was.was_asked
        else:
            self.skipped[reason] += 1
            self.lost += was.was_asked
        if was.reason is None:
            self.was_asked += 1
        else:
            self.was_skipped[was.reason] += 1


class Rehearsal:
    """Takes closings in the order of time, and counts."""

    def __init__(
        self,
        draft: Survey,
        surveys: Iterable[Survey],
        circumstances: Circumstances,
        zone_of: Callable[[Ticket], str | None] = lambda _ticket: None,
    ) -> None:
        self._draft = draft
        self._surveys = {survey.id: survey for survey in surveys} | {draft.id: draft}
        self._all = tuple(self._surveys.values())
        self._circumstances = circumstances
        self._zone_of = zone_of
        self._known: dict[tuple[str, str], list[_Asking]] = {}
        self._asks: dict[str, list[_Asking]] = {}
        self.total = Tally()
        self.channels: defaultdict[str, Tally] = defaultdict(Tally)
        self.agents: defaultdict[str | None, Tally] = defaultdict(Tally)
        self.agent_names: dict[str | None, str | None] = {}

    def before(self, past: Past) -> None:
        """Take note of what was decided about a ticket before the first closing of the rehearsal."""
        self._keep(past, self._as_it_was(past))

    def take(self, ticket: Ticket, past: Past) -> None:
        """Decide about a closing anew, if it is the draft's."""
        if choose_survey(self._all, ticket) is not self._draft:
            self._keep(past, self._as_it_was(past))
            return
        known = self._known.get((past.desk, past.ticket_id), ())
        for each in known:
            each.at(past.decided_at)
            each.closed_again(past.decided_at)
        decision = decide(ticket, self._draft, self._facts(ticket, past, known), past.decided_at)
        preferred = ticket.addresses[0].channel if ticket.addresses else ""
        if isinstance(decision, Ask):
            asking = self._asked(ticket, past, decision)
            self._count(ticket, past, None, decision.channel)
        else:
            asking = _Asking(past.number, past.closed_at)
            self._count(ticket, past, decision.reason.value, preferred)
        self._keep(past, asking)

    def _facts(self, ticket: Ticket, past: Past, known: Iterable[_Asking]) -> Facts:
        held, draft = self._circumstances, self._draft
        keys = {ticket.customer_key(address.channel, address.id) for address in ticket.addresses}
        resting = [held.resting_until[key] for key in keys if key in held.resting_until]
        zone = None
        if draft.timing.hours is not None:
            zone = past.timezone or self._zone_of(ticket)
        return Facts(
            accounts=held.accounts,
            opted_out=held.opted_out,
            unreachable=held.unreachable,
            earlier=told_by(list(known)),
            reopened_at=_reopened_at(past),
            customer_opted_out=not keys.isdisjoint(held.customers_out),
            resting_until=max(resting, default=None),
            last_ask=self._last_ask(ticket.asking_keys, past.decided_at) if draft.rules.every else None,
            timezone=zone,
            default_timezone=held.timezone,
            windows=held.windows,
        )

    def _last_ask(self, keys: Iterable[str], now: Instant) -> Instant | None:
        asked = [self._circumstances.asked_before[key] for key in keys if key in self._circumstances.asked_before]
        counted = chain.from_iterable(self._asks.get(key, ()) for key in keys)
        asked += [each.due_at for each in counted if each.due_at is not None and not each.is_gone(now)]
        return max(asked, default=None)

    def _asked(self, ticket: Ticket, past: Past, ask: Ask) -> _Asking:
        same = past.was_asked and past.due_at == ask.at
        return _Asking(
            past.number,
            past.closed_at,
            due_at=past.asked_at if same and past.asked_at is not None else ask.at,
            state=State.SCHEDULED,
            recovery_of=ask.recovery_of,
            asked_ones=(ticket.customer_key(ask.channel, ask.address), place_key(ask.channel, ask.address)),
            answered_at=past.rated_at,
            bad=past.value is not None and is_bad(self._draft.outcomes, self._draft.scale, past.value),
            gone_at=_gone_at(past, ask.at),
        )

    def _as_it_was(self, past: Past) -> _Asking:
        """A closing that the draft does not decide about."""
        if not past.was_asked:
            return _Asking(past.number, past.closed_at)
        survey = self._surveys.get(past.survey_id or "")
        due_at = past.due_at if past.asked_at is None else past.asked_at
        return _Asking(
            past.number,
            past.closed_at,
            due_at=due_at,
            state=State.SCHEDULED,
            recovery_of=past.recovery_of,
            asked_ones=(past.customer or "", place_key(past.account or "", past.address or "")),
            answered_at=past.rated_at,
            bad=past.value is not None and survey is not None and is_bad(survey.outcomes, survey.scale, past.value),
            gone_at=_gone_at(past, due_at or 0),
        )

    def _keep(self, past: Past, asking: _Asking) -> None:
        if asking.due_at is None:
            return  # nobody was asked: later closings learn nothing from it
        self._known.setdefault((past.desk, past.ticket_id), []).append(asking)
        if self._draft.rules.every:
            for key in dict.fromkeys(asking.asked_ones):
                self._asks.setdefault(key, []).append(asking)

    def _count(self, ticket: Ticket, past: Past, reason: str | None, channel: str) -> None:
        self.total.count(reason, past)
        self.channels[channel].count(reason, past)
        agent = ticket.agent.id if ticket.agent else None
        self.agents[agent].count(reason, past)
        self.agent_names[agent] = ticket.agent.name if ticket.agent else None


_BEFORE_REOPENED = frozenset(
    reason.value
    for reason in (
        SkipReason.NO_SURVEY,
        SkipReason.SURVEY_OFF,
        SkipReason.ASK_FALSE,
        SkipReason.TOO_OLD,
        SkipReason.ALREADY_ASKED,
    )
)
"""Reasons that hide whether the ticket had been reopened by then."""


def _reopened_at(past: Past) -> Instant | None:
    """Return the reopen that was reported before the closing was; what came later is known only now."""
    if past.reason == SkipReason.REOPENED.value:
        return max(past.reopened_at or 0, past.closed_at + 1)
    hidden = past.reason in _BEFORE_REOPENED and (past.reopened_at or 0) <= past.decided_at
    return past.reopened_at if hidden else None


def _gone_at(past: Past, at: Instant) -> Instant | None:
    """Return from when on a prompt that was to go out then would not have."""
    if past.reopened_at is not None and past.closed_at <= past.reopened_at < at:
        return past.reopened_at
    never = past.state in {State.CANCELLED, State.UNDELIVERABLE} and past.asked_at is None
    if never and past.due_at is not None and past.due_at <= at:
        return max(past.decided_at, past.due_at)  # when it was cancelled is not known, only that it was by then
    return None


def rehearsed_draft(draft: Survey) -> Survey:
    """Return the draft as it would be if it were on: a rehearsal of a survey that is off says what switching it on would do."""
    return replace(draft, enabled=True, paused_at=None)
