"""The life of an asked invitation in a sample: an answer, or one of the ways in which there is none. Pure."""

from bisect import bisect
from dataclasses import dataclass
from random import Random

from ratings.sample.cast import CHANNELS, DESK, FORMS
from ratings.sample.closings import Closing, spread
from ratings.sample.portion import Portion
from ratings.sample.words import AGAIN, BAD, COMMENT_CHANCE, FAIR, GOOD, INCIDENT
from ratings.times import DAY, MINUTE, SECOND, Instant

SCALE, SURVEY = "1-5", "default"
LAPSE_AFTER = 7 * DAY
COMMENT_WINDOW, SETTLE = 15 * MINUTE, 15 * MINUTE
"""Of the survey `default`, and of `[votes]`."""

SATISFIED_FROM, REOPENED_BELOW = 4, 3

_LONGEST = 6.5 * DAY
_SATISFIED, _DISSATISFIED = (0.32, 1.0), (0.3, 0.54, 1.0)  # 4, 5 and 1, 2, 3
_EDITED = 0.04
_BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
)
_SCANNER = "Mozilla/5.0 (compatible; MailScanner/4.2)"

_QUIET, _QUIET_ENDS = ("gone", "unknown", "reopened", "opted_out", "withdrawn"), (0.01, 0.014, 0.03, 0.033, 0.037)
_BOUNCED, _SCANNED, _PROVISIONAL = 0.02, 0.05, 0.12


@dataclass(slots=True)
class Invited:
    """An invitation that was decided to be asked, as it ends up. `used`: its last id."""

    closing: Closing
    id: int
    decided_at: Instant
    due_at: Instant
    asked_at: Instant | None
    used: int
    recovery_of: int | None = None
    state: str = "asked"
    state_reason: str | None = None
    delivery: str | None = "accepted"
    comment: str | None = None
    comment_until: Instant | None = None
    revision: int = 1
    rated_at: Instant | None = None
    value: int | None = None
    reopened_at: Instant | None = None
    problem: str | None = None
    waiting_vote: int | None = None

    def next_id(self) -> int:
        """Return another id of its own."""
        self.used += 1
        return self.used


class Life:
    """Tells lives into a portion. Nothing happens after `until`."""

    def __init__(self, chance: Random, portion: Portion, until: Instant) -> None:
        self.chance = chance
        self.portion = portion
        self.until = until

    # --- an answer

    def answer(self, it: Invited) -> bool:
        """Let the customer answer. False: not before the history ends."""
        assert it.asked_at is not None
        chance = self.chance
        minutes = spread(chance, CHANNELS[it.closing.channel].minutes, 1.1)
        rated_at = it.asked_at + int(min(minutes * MINUTE, _LONGEST))
        if rated_at + 2 * MINUTE > self.until:
            return False
        self._seen(it)
        value = self._value(it.closing.satisfied)
        it.state, it.value, it.rated_at, it.revision = "answered", value, rated_at, 2
        it.comment_until = rated_at + COMMENT_WINDOW
        self.event(it, rated_at, "rating.received", value)
        first = value
        if chance.random() < _EDITED:
            first = value - 1 if value > 1 else value + 1
            self._edited(it, first, rated_at + 20 * SECOND)
        self._vote(it, first, "confirmed", rated_at)
        changed_at = self._comment(it, rated_at)
        self.rating(it, "confirmed", value, rated_at, changed_at)
        self._tell_desk(it, value, rated_at)
        return True

    def _value(self, satisfied: float) -> int:
        if self.chance.random() < satisfied:
            return 4 + bisect(_SATISFIED, self.chance.random())
        return 1 + bisect(_DISSATISFIED, self.chance.random())

    def _edited(self, it: Invited, first: int, at: Instant) -> None:
        """The customer chose again: `first` was not what they meant."""
        it.revision += 1
        self._vote(it, it.value or 0, "confirmed", at)
        self.portion.rating_history.append((it.next_id(), it.id, at, "value", str(first), str(it.value), "customer"))
        self.event(it, at, "rating.changed", it.value, first)

    def _comment(self, it: Invited, rated_at: Instant) -> Instant:
        """Perhaps a few words. Returns when the rating was last changed."""
        assert it.value is not None
        chance = self.chance
        if chance.random() >= COMMENT_CHANCE[it.value]:
            return rated_at
        at = rated_at + int(spread(chance, 40, 0.6) * SECOND) + 21 * SECOND
        if at > self.until:
            return rated_at
        it.comment, it.comment_until = self._words(it), None
        it.revision += 1
        number = it.next_id()
        self.portion.comments.append((it.id, f"sample:{number}", number, at, it.comment))
        self.portion.rating_history.append((it.next_id(), it.id, at, "comment", None, it.comment, "customer"))
        self.event(it, at, "rating.commented", it.value)
        return at

    def _words(self, it: Invited) -> str:
        chance, value = self.chance, it.value or 0
        language = it.closing.language
        said = BAD if value < REOPENED_BELOW else FAIR if value < SATISFIED_FROM else GOOD
        if it.recovery_of is not None:
            said = AGAIN
        elif it.closing.incident and value < SATISFIED_FROM:
            said = INCIDENT
        words = chance.choice(said[language])
        if chance.random() < 0.3 and it.recovery_of is None:  # noqa: PLR2004 - some write more
            more = chance.choice(said[language])
            return words if more == words else f"{words.rstrip('!.')}. {more}"
        return words

    def _vote(self, it: Invited, value: int, state: str, at: Instant) -> None:
        """Tell of a person's vote: a tap, or the page's button."""
        number = it.next_id()
        account = CHANNELS[it.closing.channel].account
        if CHANNELS[it.closing.channel].links:
            agent = self.chance.choice(_BROWSERS)
            kind = "gesture" if self.chance.random() < 0.7 else "button"  # noqa: PLR2004 - most touch the page first
            self.portion.hits.append((it.next_id(), it.id, value, "GET", at - 4 * SECOND, agent, False))
            self._link(it, number, value, state, at, kind, agent, None)
        else:
            self.portion.votes.append(
                (number, it.id, value, state, "tap", account, f"sample:{number}", at, None, None, None, None)
            )

    def _link(
        self, it: Invited, number: int, value: int, state: str, at: Instant, kind: str, agent: str, evidence: str | None
    ) -> None:
        account = CHANNELS[it.closing.channel].account
        self.portion.votes.append(
            (number, it.id, value, state, "link", account, f"link:{number}", at, kind, agent, False, evidence)
        )

    def rating(self, it: Invited, state: str, value: int, rated_at: Instant, changed_at: Instant) -> None:
        """Write the rating's row."""
        closing = it.closing
        self.portion.ratings.append(
            (
                it.id,
                state,
                value,
                value >= SATISFIED_FROM,
                it.comment,
                rated_at,
                changed_at,
                SCALE,
                SURVEY,
                CHANNELS[closing.channel].account,
                it.asked_at,
                closing.closed_at,
                DESK,
                closing.ticket_id,
                closing.url,
                closing.subject,
                FORMS[closing.form].id,
                closing.agent.group,
                closing.agent.id,
                closing.agent.name,
                closing.priority,
            )
        )

    def _tell_desk(self, it: Invited, value: int, rated_at: Instant) -> None:
        """The outcome, a minute after the rating: what is bad reopens the ticket."""
        at = rated_at + MINUTE
        outcome = "reopen" if value < REOPENED_BELOW else "close"
        self.portion.desk_results.append((it.id, outcome, value, at, None))
        if outcome == "reopen":
            it.reopened_at = at + SECOND
            self._reopen(it, it.reopened_at)

    def _reopen(self, it: Invited, at: Instant) -> None:
        self.portion.reopened[DESK, it.closing.ticket_id] = at

    def event(self, it: Invited, at: Instant, kind: str, value: int | None = None, previous: int | None = None) -> None:
        """Tell of an event; it gets its number where it is stored."""
        self.portion.events.append((it.next_id(), kind, at, it.id, value, previous))

    def _seen(self, it: Invited) -> None:
        if CHANNELS[it.closing.channel].receipts:
            it.delivery = "seen"

    # --- none

    def silence(self, it: Invited) -> None:
        """Let the customer not answer, for one of many reasons; most just do not."""
        assert it.asked_at is not None
        drawn = bisect(_QUIET_ENDS, self.chance.random())
        kind = _QUIET[drawn] if drawn < len(_QUIET) else ""
        if kind == "gone":
            it.state, it.state_reason, it.problem = "undeliverable", "recipient_gone", "recipient_gone"
            it.asked_at, it.delivery, it.revision = None, None, 0
            self.event(it, it.due_at + SECOND, "invitation.undeliverable")
        elif kind in {"reopened", "opted_out"}:
            self._cancel(it, kind)
        elif kind == "withdrawn":
            self._withdraw(it)
        else:
            if kind == "unknown":
                it.delivery, it.problem = "unknown", "outcome_unknown"
            elif CHANNELS[it.closing.channel].links:
                self._mail(it)
            elif CHANNELS[it.closing.channel].receipts:
                it.delivery = "seen" if self.chance.random() < 0.6 else "delivered"  # noqa: PLR2004 - plausible
            self._lapse(it)

    def _cancel(self, it: Invited, reason: str) -> None:
        assert it.asked_at is not None
        at = it.asked_at + int(self.chance.uniform(10, 3000)) * MINUTE
        if at > self.until:
            return
        it.state, it.state_reason = "cancelled", reason
        self.event(it, at, "invitation.cancelled")
        if reason == "reopened":
            self._reopen(it, at)

    def _lapse(self, it: Invited) -> None:
        assert it.asked_at is not None
        if it.asked_at + LAPSE_AFTER <= self.until:
            it.state = "lapsed"
            self.event(it, it.asked_at + LAPSE_AFTER, "invitation.lapsed")

    def _withdraw(self, it: Invited) -> None:
        """A rating that was taken back: it is kept, and counts nowhere."""
        assert it.asked_at is not None
        rated_at = it.asked_at + int(self.chance.uniform(1, 200)) * MINUTE
        at = rated_at + 3 * MINUTE
        if at > self.until:
            return
        value = self._value(0.3)
        self._vote(it, value, "withdrawn", rated_at)
        self.event(it, rated_at, "rating.received", value)
        self.portion.rating_history.append((it.next_id(), it.id, at, "value", str(value), None, "customer"))
        self.event(it, at, "rating.withdrawn", None, value)
        it.state_reason, it.revision = "withdrawn", 3
        self.rating(it, "withdrawn", value, rated_at, at)
        self._lapse(it)

    # --- mail

    def _mail(self, it: Invited) -> None:
        """A mail that bounced, or one that a scanner read."""
        assert it.asked_at is not None
        drawn = self.chance.random()
        if drawn < _BOUNCED:
            it.delivery = "bounced"
        elif drawn < _BOUNCED + _SCANNED:
            self._scanned(it, it.asked_at + int(self.chance.uniform(2, 8) * SECOND))
        elif self.until - it.asked_at < DAY and drawn > 1 - _PROVISIONAL:
            self._provisional(it)

    def _scanned(self, it: Invited, at: Instant) -> None:
        """A program opened every link and let the scripts of the pages run: nothing of it counts."""
        if at + 3 * SECOND > self.until:
            return
        for value in (1, 2, 3):
            moment = at + value * 300
            self.portion.hits.append((it.next_id(), it.id, value, "GET", moment, _SCANNER, False))
            evidence = '["many_values", "automatic", "too_early", "agent"]'
            self._link(it, it.next_id(), value, "quarantined", moment + 2 * SECOND, "auto", _SCANNER, evidence)
        self.rating(it, "quarantined", 3, at + 900 + 2 * SECOND, at + 900 + 2 * SECOND)
        it.revision += 3

    def _provisional(self, it: Invited) -> None:
        """A link was followed, and nobody touched the page yet: it waits."""
        assert it.asked_at is not None
        at = it.asked_at + int(self.chance.uniform(20, 400)) * SECOND
        if at > self.until:
            return
        value, agent = self._value(0.7), self.chance.choice(_BROWSERS)
        self.portion.hits.append((it.next_id(), it.id, value, "GET", at - 2 * SECOND, agent, False))
        it.waiting_vote = it.next_id()
        self._link(it, it.waiting_vote, value, "provisional", at, "auto", agent, '["automatic"]')
        self.rating(it, "provisional", value, at, at)
        it.revision += 1
