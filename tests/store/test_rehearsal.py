"""Rehearsals: a draft over closings that there were. Decided by the rules themselves, nothing stored, nothing sent."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from ratings.rehearsal import Circumstances, Past, Rehearsal
from ratings.store import rehearsing
from ratings.store.rehearsing import RehearsalTooLarge, rehearse
from ratings.store.schema import attempts, events, invitations, jobs, metadata, tickets
from ratings.store.snapshots import read_snapshot
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.ticket import Address, Customer, Party, Sides, Thread, Ticket, parse_ticket, ticket_to_dict
from ratings.times import DAY, HOUR, MINUTE, SECOND, Instant
from tests.conftest import Clock
from tests.processor import processor_seconds
from tests.store.test_pauses import save
from tests.store.world import ACCOUNT, World

STRICT = {
    "rules": {
        "every_s": 2 * 86_400,
        "again_after_s": 86_400,
        "share": 0.8,
        "min_customer_messages": 1,
        "never_tags": ["spam*"],
    },
    "timing": {"delay_s": 3_600, "hours": {"quiet": {"from": "22:00", "to": "08:00"}}},
    "skip_when": {"field": "priority", "is": "low"},
}


def play(world: World, clock: Clock, seed: int, steps: int = 40) -> None:
    """Closings, reopens, prompts and ratings in the order in which a clock brings them."""
    chance = random.Random(seed)
    clock.now += HOUR
    for step in range(steps):
        _work_until(world, clock, clock.now + chance.choice((5 * MINUTE, HOUR, 7 * HOUR)))
        ticket_id = f"T-{chance.randrange(steps // 2)}"
        customer = chance.randrange(12)
        world.reopen(ticket_id, clock.now - 2 * MINUTE)
        world.close(
            ticket_id,
            closing_id=f"c{step}",
            address={"channel": ACCOUNT, "id": f"{customer}"},
            customer={"id": f"C-{customer}"},
            messages={"customer": chance.randrange(3)},
            tags=["spam"] if chance.random() < 0.1 else [],
            priority="low" if chance.random() < 0.1 else "high",
            agent={"id": f"{customer % 3}", "name": "Anna"},
        )
        asked = world.rows(invitations, state="asked")
        if asked and chance.random() < 0.5:
            row = chance.choice(asked)
            clock.now += SECOND
            world.receive(world.tapped(row["id"], chance.choice((1, 5)), sender=row["address"]))
    clock.now += SECOND


def _work_until(world: World, clock: Clock, until: Instant) -> None:
    """Send every prompt when it is due, as a worker does."""
    due = {row["due_at"] for row in world.rows(jobs, kind="prompt", state="due")}
    for at in sorted(each for each in due if clock.now < each < until):
        clock.now = at
        world.work()
    clock.now = until
    world.work()


def run(world: World, change: dict[str, Any] | None = None, days: int = 30) -> dict[str, Any]:
    base = save(world, {})
    draft = parse_survey(change or {}, base=base)
    return rehearse(world.store, draft, now=world.clock(), days=days, accounts=world.accounts).to_dict()


@pytest.mark.parametrize("seed", range(2))
def test_a_rehearsal_of_the_survey_as_it_is_finds_what_was(world: World, clock: Clock, seed: int) -> None:
    save(world, STRICT)
    play(world, clock, seed)
    was = Counter(row["reason"] for row in world.rows(invitations))
    found = run(world)
    assert found["was_asked"] == was.pop(None)
    assert {each["reason"]: each["was_skipped"] for each in found["reasons"]} == dict(was)
    assert len(was) >= 3, "the scenario skips for several reasons"
    assert (found["gained"], found["lost"], found["asked"]) == (0, 0, found["was_asked"])
    assert all(each["skipped"] == each["was_skipped"] for each in found["reasons"])


@pytest.mark.parametrize("seed", [3])
def test_of_every_draft_asked_and_skipped_by_reason_are_all_closings(world: World, clock: Clock, seed: int) -> None:
    play(world, clock, seed)
    before = world.store.read_now(_everything)
    found = run(world, STRICT)
    assert world.store.read_now(_everything) == before, "nothing is stored"
    total = len(world.rows(invitations))
    assert found["closings"] == total
    assert found["asked"] + sum(each["skipped"] for each in found["reasons"]) == total
    assert found["was_asked"] + sum(each["was_skipped"] for each in found["reasons"]) == total
    assert found["asked"] + found["lost"] == found["was_asked"] + found["gained"]
    for part in ("channels", "agents"):
        for key in ("closings", "asked", "was_asked"):
            assert sum(each[key] for each in found[part]) == found[key]
    assert found["asked"] < found["was_asked"], "the draft asks less"


def _everything(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (invitations, jobs, events, attempts, metadata.tables["survey_versions"])
    }


def test_what_the_draft_itself_would_have_asked_counts_for_frequency(world: World, clock: Clock) -> None:
    """Asked every day for real; by the draft every third day: counted from its own askings, those of before included."""
    for day in range(7):
        world.asked(f"T-{day}", customer={"id": "C-1"})
        clock.now += DAY
    found = run(world, {"rules": {"every_s": 3 * 86_400}}, days=6)
    # The first day lies before the rehearsal: asked then, so days 3 and 6 are the next.
    assert (found["closings"], found["asked"], found["was_asked"]) == (6, 2, 6)
    assert found["reasons"] == [{"reason": "asked_recently", "skipped": 4, "was_skipped": 0}]


def test_a_bad_rating_is_followed_by_one_more_asking_where_the_draft_asks_too(world: World, clock: Clock) -> None:
    asked = world.asked("T-1", closing_id="1")
    assert world.tap(asked, 1) == "rated"
    clock.now += HOUR
    world.reopen("T-1")
    clock.now += HOUR
    world.close("T-1", closing_id="2")
    every = {"rules": {"every_s": 86_400}}
    clock.now += SECOND
    assert run(world, every)["asked"] == 2, "recovery goes past frequency"
    unforgiving = {"rules": {"every_s": 86_400, "recovery": False}}
    assert run(world, unforgiving)["asked"] == 1


def test_a_survey_that_is_off_is_rehearsed_as_if_it_were_on(world: World, clock: Clock) -> None:
    save(world, {"enabled": False})
    world.close("T-1")
    clock.now += SECOND
    found = run(world)
    assert (found["asked"], found["was_asked"], found["gained"]) == (1, 0, 1)


def test_other_surveys_keep_their_closings(world: World, clock: Clock) -> None:
    world.close("T-1")
    clock.now += SECOND
    found = run(world, {"forms": ["vip"]})
    assert found["closings"] == 0


def test_who_opted_out_is_not_asked(world: World, clock: Clock) -> None:
    asked = world.asked("T-1")
    world.receive(world.pressed(asked, "never"))
    clock.now += SECOND
    assert run(world)["reasons"] == [{"reason": "opted_out", "skipped": 1, "was_skipped": 0}]


def test_too_many_closings_are_refused_before_the_work(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.close("T-1")
    clock.now += SECOND
    monkeypatch.setattr(rehearsing, "MOST_CLOSINGS", 0)
    with pytest.raises(RehearsalTooLarge, match="take fewer days"):
        run(world)


def test_chunks_of_any_size_find_the_same(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    play(world, clock, 7, steps=20)
    whole = run(world, STRICT)
    monkeypatch.setattr(rehearsing, "CHUNK", 3)
    told: list[tuple[int, int]] = []
    draft = parse_survey(STRICT, base=save(world, {}))
    now, accounts = world.clock(), world.accounts
    again = rehearse(world.store, draft, now=now, days=30, accounts=accounts, progress=lambda *done: told.append(done))
    assert again.to_dict() == whole
    assert told[-1] == (20, 20)
    assert len(told) > 3


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
_AT = st.integers(0, 4_000_000_000_000)
_SIDE = st.none() | st.integers(0, 99)
_PARTY = st.none() | st.builds(Party, _TEXT, st.none() | _TEXT)


@given(
    st.builds(
        Ticket,
        id=_TEXT,
        closed_at=_AT,
        form=_PARTY,
        agent=_PARTY,
        subject=st.none() | _TEXT,
        customer=st.builds(Customer, st.none() | _TEXT, st.none() | _TEXT),
        addresses=st.lists(st.builds(Address, st.just(ACCOUNT), _TEXT), unique=True, max_size=2).map(tuple),
        thread=st.builds(Thread, st.none() | _TEXT, st.lists(_TEXT, unique=True, max_size=2).map(tuple)),
        opened_at=st.none() | _AT,
        last_message_at=st.builds(Sides, st.none() | _AT, st.none() | _AT),
        messages=st.builds(Sides, _SIDE, _SIDE),
        talk_s=st.none() | st.integers(0, 999) | st.floats(0, 999),
        tags=st.lists(_TEXT, unique=True, max_size=3).map(tuple),
        fields=st.dictionaries(_TEXT, st.integers(0, 9) | _TEXT, max_size=2),
        ask=st.booleans(),
    )
)
@settings(max_examples=60, deadline=None)
def test_a_snapshot_reads_back_to_what_the_parser_of_tickets_reads(ticket: Ticket) -> None:
    written = ticket_to_dict(ticket)
    assert read_snapshot(json.dumps(written)) == parse_ticket(written, now=10**15) == ticket


def test_a_hundred_thousand_closings_take_seconds() -> None:
    """Held against the bare decoding of the same snapshots, so that a slow machine is no failure."""
    ticket = Ticket(
        id="T",
        closed_at=1_790_000_000_000,
        subject="The printer does not print",
        form=Party("web", "Web"),
        agent=Party("7", "Anna"),
        customer=Customer("C-1", "Ann", "ru"),
        addresses=(Address(ACCOUNT, "123456"),),
        messages=Sides(3, 4),
        tags=("vip", "printer"),
    )
    snapshot = json.dumps(ticket_to_dict(ticket))
    count = 2_000
    floor = processor_seconds(lambda: [json.loads(snapshot) for _ in range(count)])
    draft = parse_survey(STRICT, base=DEFAULT_SURVEY)

    def work() -> None:
        rehearsal = Rehearsal(draft, [DEFAULT_SURVEY], Circumstances(frozenset({ACCOUNT})))
        for number in range(count):
            past = Past(
                number, "api", f"T-{number}", ticket.closed_at, ticket.closed_at + number, None, ticket.closed_at,
                "default", ACCOUNT, "c:api:C-1", "asked",
            )  # fmt: skip
            rehearsal.take(read_snapshot(snapshot), past)

    assert processor_seconds(work) < 30 * floor


def test_every_stored_snapshot_is_read(world: World) -> None:
    world.close("T-1", opened_at="2026-01-01T00:00:00.5+03:00", fields={"a": {"b": [1]}}, unknown=1)
    (row,) = world.rows(tickets)
    assert read_snapshot(row["snapshot"]) == parse_ticket(json.loads(row["snapshot"]), now=world.clock())
