"""The history itself: what became of every closing of a sample, as the rows that the service would have written. Pure.

Who, where and when are drawn independently of each other, and whether somebody answers before what they say: so the truth
about a sample is closed forms (`ratings.sample.cast`). Whatever is odd (bounces, scanners, votes taken back) happens to those
who do not answer.
"""

import json
from collections.abc import Iterator
from operator import itemgetter
from random import Random

from ratings.sample.cast import (
    CHANNELS,
    DESK,
    FORMS,
    GROUPS,
    PHONE,
    RECOVERED,
    RECOVERY_RESPONSE,
    Cast,
    Truth,
    tell_truth,
)
from ratings.sample.closings import Closer, Closing, address_of, channel_of
from ratings.sample.life import SURVEY, Invited, Life
from ratings.sample.plan import Calendar, Plan
from ratings.sample.portion import Portion, Values
from ratings.sample.work import Work
from ratings.times import DAY, HOUR, MINUTE, SECOND, Duration, Instant, format_instant

PORTION = 10_000
"""Closings that are told at once. Part of what makes a plan's history: another number is another history."""

IDS_PER_ROW = 32
"""Every row has so many ids of its own, used or not."""

EXPIRES_AFTER: Duration = 30 * DAY
"""Of the survey `default`."""

_CLOSED_AGAIN = 0.85
_SKIPPED = (("ask_false", 0.025), ("no_address", 0.055), ("channel_unknown", 0.01), ("too_old", 0.004))
_OPTED_OUT, _UNREACHABLE = (61, 7), (149, 3)
"""Of so many customers the one with this number: opted out some time, or cannot be reached any more."""

_BY_TIME = itemgetter(2, 0)


class History:
    """Tells a plan's history, portion by portion. Its rows use ids from `first_id` on, up to `end_id`."""

    def __init__(self, plan: Plan, first_id: int = 1) -> None:
        self.plan = plan
        self.calendar = Calendar(plan)
        self.cast = Cast(plan)
        self.closer = Closer(self.cast, self.calendar, plan.rows)
        self.first_id = first_id

    @property
    def truth(self) -> Truth:
        """What is true of it."""
        return tell_truth(self.cast, self.calendar)

    @property
    def end_id(self) -> int:
        """The first id that it does not use."""
        return self.first_id + self.plan.rows * IDS_PER_ROW

    def portions(self) -> Iterator[Portion]:
        """Tell everything, in order."""
        for first in range(0, self.plan.rows, PORTION):
            yield self._portion(first, min(first + PORTION, self.plan.rows))

    def out(self) -> Iterator[tuple[str, str, Instant | None, Instant | None]]:
        """Tell of addresses that opted out or cannot be reached: account, address, since when."""
        for (every, which), gone in ((_OPTED_OUT, False), (_UNREACHABLE, True)):
            for customer in range(which, self.cast.customers, every):
                at = self.left_at(customer)
                if gone and customer % _OPTED_OUT[0] == _OPTED_OUT[1]:
                    continue
                account = CHANNELS[channel_of(customer)].account
                yield account, address_of(customer), None if gone else at, at if gone else None

    def id_of(self, number: int) -> int:
        """Return the id of a closing's invitation."""
        return self.first_id + number * IDS_PER_ROW

    def left_at(self, customer: int) -> Instant:
        """Return since when a customer who left some time is away."""
        span = self.plan.until - self.plan.start
        return self.plan.start + (customer * 7919 % 997) * span // 997

    def _portion(self, first: int, end: int) -> Portion:
        chance = Random(f"{self.plan.seed}:{first}")  # noqa: S311 - a seeded random is what a sample wants
        told = _Telling(self, chance)
        number = first
        while number < end:
            number = told.close(number, end)
        portion = told.portion
        portion.events.sort(key=_BY_TIME)
        return portion


class _Telling:
    """One portion."""

    def __init__(self, history: History, chance: Random) -> None:
        self.history = history
        self.plan = history.plan
        self.chance = chance
        self.portion = Portion()
        self.life = Life(chance, self.portion, self.plan.until)
        self.work = Work(chance, self.portion, self.plan.until)
        self.off_from, self.off_to = history.plan.switched_off

    def close(self, number: int, end: int) -> int:
        """Tell of one closing, and of the next one of its ticket; return the number of the following one."""
        history = self.history
        closing = history.closer.close(self.chance, number)
        skipped = self._skip(closing)
        if skipped is not None:
            self._write_skip(closing, *skipped)
            return number + 1
        reopened_at = self._ask(closing, CHANNELS[closing.channel].response)
        if reopened_at is None or number + 1 >= end or self.chance.random() > _CLOSED_AGAIN:
            return number + 1
        closed_at = (reopened_at + int(self.chance.uniform(2, 60) * HOUR)) // SECOND * SECOND
        if closed_at + MINUTE > self.plan.until:
            return number + 1
        again = history.closer.again(self.chance, number + 1, closing, closed_at, RECOVERED)
        self._ask(again, RECOVERY_RESPONSE, recovery_of=history.id_of(number))
        return number + 2

    def _skip(self, closing: Closing) -> tuple[str, dict[str, object]] | None:
        """Return why nobody is asked, and what the rule saw."""
        at, customer = closing.closed_at, closing.customer
        if self.off_from <= at < self.off_to:
            return "survey_off", {"survey": SURVEY, "paused_at": format_instant(self.off_from)}
        account = CHANNELS[closing.channel].account
        for (every, which), reason in ((_OPTED_OUT, "opted_out"), (_UNREACHABLE, "unreachable")):
            if customer % every == which and at >= self.history.left_at(customer):
                return reason, {"addresses": 1, "channel": account, reason: 1}
        drawn = self.chance.random()
        for reason, part in _SKIPPED:
            if drawn < part:
                return reason, self._saw(reason, account)
            drawn -= part
        return None

    def _saw(self, reason: str, account: str) -> dict[str, object]:
        if reason == "too_old":
            return {"age_s": int(self.chance.uniform(260_000, 900_000)), "max_age_s": 259_200}
        if reason == "channel_unknown":
            return {"addresses": 1, "channel": account, reason: 1}
        return {"addresses": 0} if reason == "no_address" else {"ask": False}

    def _write_skip(self, closing: Closing, reason: str, saw: dict[str, object]) -> None:
        of = self.history.id_of(closing.number)
        decided_at = closing.closed_at + (saw["age_s"] * SECOND if "age_s" in saw else _soon(self.chance))  # type: ignore[operator] # a number
        decided_at = min(decided_at, self.plan.until)
        addressed = reason != "no_address"
        self._write_ticket(closing, of, decided_at, ask=reason != "ask_false", addressed=addressed)
        address = closing.address if addressed else None
        about = (None,) * 3 if not addressed else (CHANNELS[closing.channel].account, address, None)
        detail = json.dumps(saw, separators=(",", ":"))
        self.portion.invitations.append(
            (
                *_decision(closing, of, decided_at, "skip", reason, detail, None),
                *about[:2],
                *_copied(closing),
                *("skipped", None, None, None, None, closing.closed_at + EXPIRES_AFTER, None, None, False, 0, None),
                *("[]", None, True),
                *_names(closing),
            )
        )

    def _ask(self, closing: Closing, response: float, *, recovery_of: int | None = None) -> Instant | None:
        """Ask, and tell what came of it. Returns when the ticket was reopened because of it."""
        chance = self.chance
        of = self.history.id_of(closing.number)
        decided_at = closing.closed_at + _soon(chance)
        asked_at = decided_at + int(chance.uniform(0.1, 2) * SECOND)
        it = Invited(closing, of, decided_at, decided_at, asked_at, of, recovery_of)
        self.life.event(it, asked_at, "invitation.asked")
        if chance.random() >= response or not self.life.answer(it):
            self.life.silence(it)
        self._write_ticket(closing, of, decided_at)
        self.portion.invitations.append(
            (
                *_decision(closing, of, decided_at, "ask", None, None, it.due_at),
                CHANNELS[closing.channel].account,
                closing.address,
                *_copied(closing),
                it.state,
                it.state_reason,
                it.asked_at,
                it.delivery,
                None if it.asked_at is None else str(of % 1_000_000_007),
                closing.closed_at + EXPIRES_AFTER,
                it.comment,
                it.comment_until,
                False,
                it.revision,
                it.asked_at,
                "[]",
                it.recovery_of,
                True,
                *_names(closing),
            )
        )
        self.work.tell(it)
        return it.reopened_at

    def _write_ticket(
        self, closing: Closing, of: int, received_at: Instant, *, ask: bool = True, addressed: bool = True
    ) -> None:
        snapshot = self.history.closer.snapshot(closing, ask=ask, addressed=addressed)
        self.portion.tickets.append((of, received_at, snapshot))
        for tag in closing.tags:
            self.portion.ticket_tags.append((tag, of))


def _soon(chance: Random) -> Duration:
    return int(chance.uniform(0.4, 3) * SECOND)


def _decision(
    closing: Closing,
    of: int,
    at: Instant,
    decision: str,
    reason: str | None,
    detail: str | None,
    due_at: Instant | None,
) -> Values:
    return (
        *(
            of,
            DESK,
            closing.ticket_id,
            f"at:{closing.closed_at // SECOND}",
            closing.closed_at,
            decision,
            reason,
            detail,
        ),
        *(at, due_at, SURVEY, 1, closing.language),
    )


def _copied(closing: Closing) -> Values:
    form, agent = FORMS[closing.form], closing.agent
    return (
        *(f"c:{DESK}:c{closing.customer}", form.id, agent.group, agent.id, agent.name, closing.priority, form.kind),
        *(closing.url, closing.subject),
    )


def _names(closing: Closing) -> Values:
    recording = f"https://helpdesk.example.com/recordings/{closing.ticket_id}.mp3" if closing.form == PHONE else None
    return (
        *(closing.customer_name, FORMS[closing.form].name, GROUPS[closing.agent.group], recording),
        *(closing.first_response_s, closing.handling_s),
    )
