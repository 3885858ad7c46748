"""What a closing with its rating adds to the counts of days, and by how much a change of it moves them. Pure.

This is the one definition of what is counted: the store writes the differences in the change's own transaction, and a recount
adds up the same over every row. Three cohorts, each on its own day of the installation's zone: closed, asked, rated.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ratings.lifecycle import Delivery
from ratings.times import DAY, MAX_INSTANT, MINUTE, SECOND, Instant
from ratings.votes import VoteState

Place = tuple[str, str, str, str, str, str]
"""Where something is counted: survey, account, form, group, agent, priority; "" where it has none."""

DIMENSIONS = ("survey", "channel", "form", "group", "agent", "priority")
"""What the parts of a Place are, under the names of the filters."""

Tally = tuple[Place, int, str, int]
"""A place, a day (20261231), what is counted there, and how many more or fewer."""

Moment = tuple[int, int]
"""A day (20261231) and the hour of its week, from 0 (Monday, midnight) to 167."""

_MIN_INSTANT: Instant = -62_135_596_800_000 + 2 * DAY
_MAX_INSTANT: Instant = MAX_INSTANT - 2 * DAY
_STEP = 15 * MINUTE  # every offset since 1972 is a multiple of it, so that all of a step has one day and hour
_KEPT = 100_000

_CONFIRMED = VoteState.CONFIRMED.value
NOT_KNOWN_TO_ARRIVE = frozenset({Delivery.BOUNCED.value, Delivery.UNKNOWN.value})
"""What says that a message did not arrive, or that nobody knows: only an answer speaks against it."""


class Facts(NamedTuple):
    """What of an invitation and its rating is counted. `rated_account` is where the rating came from."""

    survey: str | None
    account: str | None
    form: str | None
    group: str | None
    agent: str | None
    priority: str | None
    closed_at: Instant
    decision: str
    reason: str | None
    first_response_s: int | None
    handling_s: int | None
    state: str
    asked_at: Instant | None
    delivery: str | None
    vote_state: str | None = None
    value: int | None = None
    satisfied: bool | None = None
    scale: str | None = None
    rated_at: Instant | None = None
    commented: bool | None = None
    rated_account: str | None = None

    @property
    def place(self) -> Place:
        """Where the closing and its asking are counted."""
        return (
            self.survey or "",
            self.account or "",
            self.form or "",
            self.group or "",
            self.agent or "",
            self.priority or "",
        )


def moments(zone: ZoneInfo) -> Callable[[Instant], Moment]:
    """Return what tells the day and the hour of the week of an instant, in a zone."""
    known: dict[int, Moment] = {}

    def moment(instant: Instant) -> Moment:
        step = instant // _STEP
        found = known.get(step)
        if found is None:
            if len(known) > _KEPT:
                known.clear()
            at = min(max(step * _STEP, _MIN_INSTANT), _MAX_INSTANT)
            there = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone)
            day = there.year * 10_000 + there.month * 100 + there.day
            found = known[step] = day, there.weekday() * 24 + there.hour
        return found

    return moment


def tallies(facts: Facts, moment: Callable[[Instant], Moment]) -> Iterator[Tally]:
    """Say everything that a closing is counted for."""
    place = facts.place
    yield from _closing(facts, place, moment, 1)
    yield from _life(facts, place, moment, 1)
    yield from _asking(facts, place, moment, 1)
    yield from _answer(facts, place, moment, 1)
    yield from _rating(facts, place, moment, 1)


def differences(before: Facts, after: Facts, moment: Callable[[Instant], Moment]) -> Iterator[Tally]:
    """Say by how much the counts move when a closing changes; what does not change is left out or cancels out."""
    old, new = before.place, after.place
    moved = old != new
    if moved:
        yield from _closing(before, old, moment, -1)
        yield from _closing(after, new, moment, 1)
    if moved or before[_LIFE] != after[_LIFE]:
        yield from _life(before, old, moment, -1)
        yield from _life(after, new, moment, 1)
    if moved or before[_ASKING] != after[_ASKING]:
        if moved or before[_SENDING] != after[_SENDING]:
            yield from _asking(before, old, moment, -1)
            yield from _asking(after, new, moment, 1)
        yield from _answer(before, old, moment, -1)
        yield from _answer(after, new, moment, 1)
    if moved or before[_RATING] != after[_RATING]:
        yield from _rating(before, old, moment, -1)
        yield from _rating(after, new, moment, 1)


_FIELDS: Any = Facts._fields
_LIFE = slice(_FIELDS.index("state"), _FIELDS.index("value"))
_ASKING = slice(_FIELDS.index("asked_at"), _FIELDS.index("rated_account"))
_SENDING = slice(_FIELDS.index("asked_at"), _FIELDS.index("vote_state"))
_RATING = slice(_FIELDS.index("vote_state"), len(_FIELDS))


def _closing(facts: Facts, place: Place, moment: Callable[[Instant], Moment], sign: int) -> Iterator[Tally]:
    """The closing itself, which never changes."""
    day = moment(facts.closed_at)[0]
    yield place, day, "closed", sign
    yield place, day, "ask" if facts.decision == "ask" else f"skip:{facts.reason}", sign
    if facts.first_response_s is not None:
        yield place, day, "reactions", sign
        yield place, day, "reaction_s", sign * facts.first_response_s
    if facts.handling_s is not None:
        yield place, day, "handlings", sign
        yield place, day, "handling_s", sign * facts.handling_s


def _life(facts: Facts, place: Place, moment: Callable[[Instant], Moment], sign: int) -> Iterator[Tally]:
    """Where it stands, on the day of the closing."""
    day = moment(facts.closed_at)[0]
    if facts.decision == "ask":
        yield place, day, f"state:{facts.state}", sign
    if facts.vote_state == _CONFIRMED:
        yield place, day, "answered_of_closed", sign


def _asking(facts: Facts, place: Place, moment: Callable[[Instant], Moment], sign: int) -> Iterator[Tally]:
    """What became of the message, on the day of the asking."""
    if facts.asked_at is None:
        return
    day = moment(facts.asked_at)[0]
    yield place, day, "asked", sign
    yield place, day, f"delivery:{facts.delivery or Delivery.ACCEPTED.value}", sign
    if facts.delivery not in NOT_KNOWN_TO_ARRIVE:
        yield place, day, "delivered", sign


def _answer(facts: Facts, place: Place, moment: Callable[[Instant], Moment], sign: int) -> Iterator[Tally]:
    """What came of the asking, on its day. What was answered has arrived, whatever the platform said."""
    if facts.asked_at is None or facts.vote_state != _CONFIRMED:
        return
    day = moment(facts.asked_at)[0]
    if facts.delivery in NOT_KNOWN_TO_ARRIVE:
        yield place, day, "delivered", sign
    yield place, day, "answered", sign
    if facts.satisfied:
        yield place, day, "answered_satisfied", sign
    if facts.commented:
        yield place, day, "commented", sign


def _rating(facts: Facts, place: Place, moment: Callable[[Instant], Moment], sign: int) -> Iterator[Tally]:
    """The rating, on the day on which it was given."""
    if facts.rated_at is None:
        return
    day, hour = moment(facts.rated_at)
    if facts.rated_account != place[1]:
        place = (place[0], facts.rated_account or "", *place[2:])
    if facts.vote_state != _CONFIRMED:
        yield place, day, f"vote:{facts.vote_state}", sign
    else:
        yield place, day, rating_key(facts.value or 0, hour, facts.scale or "", satisfied=bool(facts.satisfied)), sign


def rating_key(value: int, hour: int, scale: str, *, satisfied: bool) -> str:
    """Return what ratings of a value in an hour are counted as; `read_rating_key` reads it."""
    return f"rating:{value}:{satisfied:d}:{hour}:{scale}"


def read_rating_key(key: str) -> tuple[int, bool, int, str]:
    """Return value, satisfied, hour of the week and scale."""
    _, value, satisfied, hour, scale = key.split(":", 4)
    return int(value), satisfied == "1", int(hour), scale
