"""Short ways to vote by link, to let time settle, and to say what must always hold of a rating and its votes."""

from typing import Any, Literal

from ratings.lifecycle import Outcome
from ratings.links import TRAP, LinkKind, Timings, Visit
from ratings.store.link_votes import Overrule, PageResult, PageVote, RecordHit, RunSettlements, Withdraw
from ratings.store.schema import events, invitations, jobs, ratings, votes
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.times import MINUTE, SECOND, Instant
from ratings.votes import VoteState
from tests.conftest import Clock
from tests.store.traces import AGENTS
from tests.store.world import World

TIMINGS = Timings(min_age=10 * SECOND, sibling_window=60 * SECOND, settle=15 * MINUTE)
OUTCOME_DELAY = 60 * SECOND


def change_survey(world: World, **changes: Any) -> None:
    """Save a new version of the only survey."""
    (survey,) = world.store.read_now(load_surveys)
    world.store.writer.do_now(SaveSurvey(parse_survey(changes, base=survey), None, "test"))


def hit(world: World, number: int, value: int | None, *, agent: str = "ann", prefetch: bool = False) -> None:
    """Open a link."""
    world.store.writer.do_now(RecordHit(number, value, "GET", Visit(AGENTS[agent], prefetch), TIMINGS))


def vote(
    world: World,
    number: int,
    value: int,
    kind: LinkKind = LinkKind.BUTTON,
    *,
    agent: str = "ann",
    comment: str | None = None,
    prefetch: bool = False,
) -> PageResult:
    """Vote by link."""
    visit = Visit(AGENTS[agent], prefetch)
    return world.store.writer.do_now(PageVote(number, value, comment, kind, visit, TIMINGS))


def withdraw(world: World, number: int) -> PageResult:
    """Take the rating back."""
    return world.store.writer.do_now(Withdraw(number))


def overrule(
    world: World, number: int, state: Literal[VoteState.CONFIRMED, VoteState.QUARANTINED], why: str = "I asked her"
) -> PageResult:
    """Say as staff whether it counts."""
    return world.store.writer.do_now(Overrule(number, state, "maria", why))


def settle(world: World) -> int:
    """Decide about the votes that are due."""
    return world.store.writer.do_now(RunSettlements(TIMINGS))


def settle_until(world: World, clock: Clock, until: Instant) -> None:
    """Let time pass; whatever has to be decided meanwhile is decided when it is due."""
    while due := [row["due_at"] for row in world.rows(jobs, kind="settle", state="due") if row["due_at"] <= until]:
        clock.now = max(clock.now, min(due))
        assert settle(world) > 0
    clock.now = max(clock.now, until)


def rating(world: World, number: int) -> dict[str, Any] | None:
    """Return the rating's row."""
    rows = world.rows(ratings, id=number)
    return rows[0] if rows else None


def counting_value(world: World, number: int) -> int | None:
    """Return the value that counts."""
    row = rating(world, number)
    return row["value"] if row is not None and row["state"] == "confirmed" else None


def state(world: World, number: int) -> str:
    """Return the invitation's state."""
    (row,) = world.rows(invitations, id=number)
    return str(row["state"])


def told(world: World, number: int) -> int | None:
    """Return the value that subscribers know of: every event must fit to the one before."""
    value: int | None = None
    for event in sorted(world.rows(events, invitation_id=number), key=lambda event: (event["at"], event["id"])):
        match event["type"]:
            case "rating.received":
                assert (value, event["previous"]) == (None, None)
                value = event["value"]
            case "rating.changed" | "rating.withdrawn":
                assert value is not None
                assert event["previous"] == value != event["value"]
                value = event["value"]
            case _:
                pass
    return value


def check_recount(world: World, number: int) -> None:
    """The rating's row says what its votes say: the newest confirmed one counts; else what became of one of them is shown."""
    row = rating(world, number)
    known = sorted(world.rows(votes, invitation_id=number), key=lambda vote: (vote["at"], vote["id"]))
    confirmed = [each for each in known if each["state"] == "confirmed"]
    if not known:
        assert row is None
        assert state(world, number) != "answered"
        return
    assert row is not None
    if confirmed:
        assert (row["state"], row["value"]) == ("confirmed", confirmed[-1]["value"])
        assert row["rated_at"] in {each["at"] for each in confirmed}
        assert row["rated_at"] <= confirmed[-1]["at"]
        assert row["satisfied"] == (row["value"] >= 4)
        assert state(world, number) == "answered"
    else:
        assert (row["state"], row["value"]) in {(each["state"], each["value"]) for each in known}
        assert state(world, number) != "answered"


def play(world: World, clock: Clock, number: int, lines: str) -> list[tuple[Instant, int | None]]:
    """Play a trace from now on, until everything has settled; return what counted from when on, in order."""
    start = clock.now
    counted: list[tuple[Instant, int | None]] = []
    for line in lines.strip().splitlines():
        seconds, who, what, *more = line.split(maxsplit=4)
        settle_until(world, clock, start + round(float(seconds) * SECOND))
        _do(world, number, who, what, more)
        counted.append((clock.now, counting_value(world, number)))
    while due := [row["due_at"] for row in world.rows(jobs, kind="settle", state="due")]:
        settle_until(world, clock, min(due))
        counted.append((clock.now, counting_value(world, number)))
    return counted


def had_outcomes(counted: list[tuple[Instant, int | None]]) -> set[int]:
    """Return the values that counted when an outcome that waits would have read them, of what `play` returned."""
    read: set[int] = set()
    for (at, value), (until, _) in zip(counted, [*counted[1:], (counted[-1][0] + OUTCOME_DELAY, None)], strict=True):
        if value is not None and until - at >= OUTCOME_DELAY:
            read.add(value)
    return read


def _do(world: World, number: int, who: str, what: str, more: list[str]) -> None:
    prefetch = more[:1] == ["prefetch"]
    value = more[int(prefetch)] if more else ""
    match what:
        case "GET" | "HEAD":
            opened = None if value == "-" else TRAP if value == "trap" else int(value)
            world.store.writer.do_now(RecordHit(number, opened, what, Visit(AGENTS[who], prefetch), TIMINGS))
        case "WITHDRAW":
            assert withdraw(world, number).outcome is Outcome.WITHDRAWN
        case _:
            comment = more[1] if what == "COMMENT" else None
            vote(world, number, int(value), LinkKind(what.lower()), agent=who, comment=comment, prefetch=prefetch)
