"""What processes do to each other at the same time: wishes, votes by link, fallbacks, leases that ran out. On PostgreSQL."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, text

from ratings.lifecycle import Delivery
from ratings.links import LinkKind
from ratings.store.claims import Claimed
from ratings.store.closings import DeskReport
from ratings.store.earlier import Decided
from ratings.store.inbound import Delivered, Pressed, Receive
from ratings.store.link_votes import MAX_HITS, MAX_VOTES, RunSettlements
from ratings.store.pages import SetAsking, Wish
from ratings.store.results import Done, Failed
from ratings.store.schema import events, hits, invitations, jobs, votes
from ratings.store.store import Store
from ratings.store.writer import Operation
from ratings.ticket import parse_ticket
from ratings.times import DAY, HOUR, SECOND
from ratings.votes import VoteState
from tests.conftest import Clock
from tests.store.links import (
    TIMINGS,
    change_survey,
    check_recount,
    counting_value,
    hit,
    overrule,
    settle,
    settle_until,
    state,
    vote,
    withdraw,
)
from tests.store.test_writer import at_once, gather_behind_a_block
from tests.store.world import ACCOUNT, ANN, World

MAIL, SHOP = "email.support", "viber.shop"
EVERYWHERE = frozenset({MAIL, ACCOUNT, SHOP})
PLACES = [{"channel": MAIL, "id": "ann@example.org"}, {"channel": ACCOUNT, "id": ANN}, {"channel": SHOP, "id": "v-ann"}]
GONE = Failed("recipient_gone", again=False, text="")


class Processes(list[World]):
    """Three processes on one database, as far as it can tell; and how often one of them was the victim of a deadlock."""

    deadlocks = 0

    def see(self, context: object) -> None:
        if getattr(getattr(context, "original_exception", None), "sqlstate", "") == "40P01":
            self.deadlocks += 1


@pytest.fixture
def processes(postgres_url: str, make_store: Callable[[str], Store], clock: Clock) -> Processes:
    worlds = [World(make_store(postgres_url), clock, EVERYWHERE, n * 100_000) for n in range(3)]
    made = Processes(worlds)
    for world in worlds:
        event.listen(world.store.writer._engine, "handle_error", made.see)
    return made


@contextmanager
def holding(world: World, statement: str, **parameters: object) -> Iterator[Connection]:
    """Another process is in the middle of something: it holds the rows of a statement until this ends."""
    engine = create_engine(world.store.url)
    with engine.begin() as connection:
        connection.execute(text(statement), parameters)
        yield connection
    engine.dispose()


def waits_for_a_lock(connection: Connection) -> None:
    """Return when another session waits for a lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while connection.execute(query).scalar_one() == 0:
        pass


def closed(world: World, ticket_id: str = "T-1") -> int:
    return world.close(ticket_id, address=None, addresses=PLACES, customer={"id": "anna"}).invitation_id


def prompt(world: World, account: str) -> Claimed:
    (job,) = world.claim(account=account)
    assert job.kind == "prompt"
    return job


def bounced(world: World, number: int, *, event_id: str = "b1") -> str:
    report = Delivered(
        event_id=event_id,
        sender="",
        external_id="",
        delivery=Delivery.BOUNCED,
        gone=True,
        invitation_id=number,
    )
    return world.store.writer.do_now(Receive(MAIL, (report,))).outcomes[0]


def never(number: int, event_id: str) -> Pressed:
    return Pressed(event_id=event_id, sender=ANN, invitation_id=number, action="never", tap="")


def place(world: World, number: int) -> tuple[str, str]:
    (row,) = world.rows(invitations, id=number)
    return row["account"], row["address"]


# --- the order of locks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_page", [True, False])
def test_never_locks_everything_that_it_cancels_at_once(processes: Processes, *, by_page: bool) -> None:
    """Who has locked 2 and then wants 1 deadlocks with who locks 1 and 2."""
    world, other, _ = processes
    change_survey(world, opt_out="everywhere")
    by_shop = {"channel": SHOP, "id": "v-ann"}
    first = world.close("T-1", customer={"id": "anna"}, address=by_shop).invitation_id
    second = world.close("T-2", customer={"id": "anna"}).invitation_id
    assert first < second
    lock = "SELECT id FROM invitations WHERE id = :id FOR NO KEY UPDATE"
    wishes: list[Operation[Any]] = [SetAsking(second, "never_here"), SetAsking(first, "never_here")]
    press: list[Operation[Any]] = [Receive(ACCOUNT, (never(second, "e"),))]
    batch = wishes if by_page else press
    with ThreadPoolExecutor(1) as pool, holding(world, lock, id=first) as connection:
        wishing = pool.submit(gather_behind_a_block, other.store, batch)
        waits_for_a_lock(connection)
        # This process is on its way from the first to the second: the other must not have that one already.
        connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
        connection.execute(text(lock), {"id": second})
    wishing.result(10)
    assert [state(world, number) for number in (first, second)] == ["cancelled", "cancelled"]
    assert processes.deadlocks == 0


def test_wishes_votes_and_settlements_at_once_never_deadlock(processes: Processes) -> None:
    world = processes[0]
    change_survey(world, opt_out="everywhere")
    asked = [world.close(f"T-{n}", customer={"id": f"c{n % 3}"}).invitation_id for n in range(12)]
    world.work()
    shared = random.Random(7)
    orders = [shared.sample(asked, len(asked)) for _ in range(3)]

    def presses(one: World, order: list[int]) -> None:
        for number in order:
            one.receive(never(number, f"never-{number}"))

    def wishes(one: World, order: list[int]) -> None:
        for n, number in enumerate(order):
            all_wishes: tuple[Wish, ...] = ("never", "less", "again", "never_here")
            one.store.writer.do_now(SetAsking(number, all_wishes[n % 4]))

    def page(one: World, order: list[int]) -> None:
        for number in order:
            vote(one, number, 1 + number % 5, LinkKind.AUTO)
            one.store.writer.do_now(RunSettlements(TIMINGS))

    acts = zip((presses, wishes, page), processes, orders, strict=True)
    at_once(*(partial(act, one, order) for act, one, order in acts))
    assert processes.deadlocks == 0
    for number in asked:
        check_recount(world, number)


def test_a_lease_that_ran_out_locks_addresses_before_invitations(processes: Processes, clock: Clock) -> None:
    """An answer locks its address and then its invitation: a claim must not hold the one and wait for the other."""
    world, other, _ = processes
    number = world.close().invitation_id
    (job,) = world.claim()
    assert job.invitation is not None
    waiting = world.close("T-2").invitation_id
    clock.forward(120 * SECOND)
    lock = "SELECT address FROM addresses WHERE account = :account FOR NO KEY UPDATE"
    with ThreadPoolExecutor(1) as pool, holding(world, lock, account=ACCOUNT) as connection:
        claiming = pool.submit(other.claim)
        waits_for_a_lock(connection)
        connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
        connection.execute(text("SELECT id FROM invitations WHERE id = :id FOR NO KEY UPDATE"), {"id": number})
    assert [each.invitation.id for each in claiming.result(10) if each.invitation] == [waiting]
    assert processes.deadlocks == 0
    assert state(world, number) == "asked"


def test_a_fallback_waits_for_no_reminder_that_is_being_claimed(processes: Processes, clock: Clock) -> None:
    world, other, _ = processes
    change_survey(world, fallback=True, timing={"reminders_s": [86400]})
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    clock.forward(DAY)
    lock = "SELECT id FROM jobs WHERE kind = 'reminder' FOR NO KEY UPDATE"
    with ThreadPoolExecutor(1) as pool, holding(world, lock):
        assert pool.submit(bounced, other, number).result(10) == "acted"
    # Who had the reminder in hand sees where it belongs.
    assert world.claim(account=MAIL) == []
    assert [(row["account"], row["address"]) for row in world.rows(jobs, kind="reminder")] == [(ACCOUNT, ANN)]
    assert [job.kind for job in world.work()] == ["prompt"]
    clock.forward(DAY - 1)
    assert world.claim() == [], "asked again a day after the second address was, not at once"
    clock.forward(1)
    assert [job.kind for job in world.work()] == ["reminder"]


def test_closings_that_arrive_lock_in_the_order_of_all(processes: Processes) -> None:
    """A batch of reports updates invitations: in the order of their ids, whatever the order of the reports."""
    world, other, _ = processes
    notices = [parse_ticket(world.ticket(f"T-{n}"), now=world.clock()) for n in range(2)]
    rendered = [world.store.writer.do_now(DeskReport(each, EVERYWHERE, rendered=True)) for each in notices]
    first, second = sorted(each.invitation_id for each in rendered if isinstance(each, Decided))
    reports = [DeskReport(each, EVERYWHERE) for each in reversed(notices)]
    lock = "SELECT id FROM invitations WHERE id = :id FOR NO KEY UPDATE"
    with ThreadPoolExecutor(1) as pool, holding(world, lock, id=first) as connection:
        reporting = pool.submit(gather_behind_a_block, other.store, reports)  # type: ignore[arg-type] # any kind
        waits_for_a_lock(connection)
        connection.execute(text("SET LOCAL lock_timeout = '300ms'"))
        connection.execute(text(lock), {"id": second})
    reporting.result(10)
    assert not any(row["awaits_closing"] for row in world.rows(invitations))
    assert processes.deadlocks == 0


# --- an invitation that moves, and what is still on its way at its old address -------------------------------------


def test_a_late_result_of_the_first_address_asks_nobody_in_the_name_of_the_second(world: World, clock: Clock) -> None:
    """The prompt's process hung; its lease ran out, the mail came back, the next address is to be asked: then it wakes up."""
    world.accounts = EVERYWHERE
    change_survey(world, fallback=True)
    number = closed(world)
    late = prompt(world, MAIL)
    clock.forward(120 * SECOND)
    assert world.claim(account=MAIL) == []
    assert state(world, number) == "asked"
    bounced(world, number)
    world.finish(late, Done(external_id="<1@x>"))
    (row,) = world.rows(invitations, id=number)
    assert (row["state"], row["external_id"]) == ("scheduled", None)
    assert [job.kind for job in world.work()] == ["prompt"]
    assert state(world, number) == "asked"


def test_a_message_at_the_first_address_is_not_the_one_on_the_screen_of_the_second(world: World, clock: Clock) -> None:
    world.accounts = EVERYWHERE
    change_survey(world, fallback=True, timing={"reminders_s": [86400]})
    number = closed(world)
    world.finish(prompt(world, MAIL), Done(external_id="<1@x>"))
    clock.forward(DAY)
    (reminder,) = world.claim(account=MAIL)
    assert reminder.kind == "reminder"
    bounced(world, number)
    world.finish(reminder, Done(external_id="<2@x>"))
    (row,) = world.rows(invitations, id=number)
    assert (row["account"], row["external_id"]) == (ACCOUNT, None)


def test_a_bounce_of_a_prompt_whose_process_died_is_asked_elsewhere(world: World, clock: Clock) -> None:
    world.accounts = EVERYWHERE
    change_survey(world, fallback=True)
    number = closed(world)
    prompt(world, MAIL)
    assert bounced(world, number) == "acted"
    clock.forward(120 * SECOND)
    assert world.claim(account=MAIL) == []
    assert place(world, number) == (ACCOUNT, ANN)
    assert [job.kind for job in world.work()] == ["prompt"]


# --- votes by link ---------------------------------------------------------------------------------------------------


def test_the_vote_that_comes_later_counts_whatever_the_clock_of_its_process_says(
    processes: Processes, make_store: Callable[[str], Store], clock: Clock
) -> None:
    """Clocks differ by a second or two, and so does the order of the ids of two processes."""
    world = processes[0]
    number = world.asked()
    clock.forward(DAY)
    slow = World(make_store(world.store.url), Clock(clock.now - 2 * SECOND))
    vote(processes[1], number, 5)
    assert vote(slow, number, 2).state is VoteState.CONFIRMED
    assert counting_value(world, number) == 2
    for one, value in ((processes[2], 5), (world, 2), (processes[1], 5), (slow, 2)):
        vote(one, number, value)
        assert counting_value(world, number) == value
    check_recount(world, number)


def test_votes_settlements_staff_and_customer_at_once_leave_one_truth(processes: Processes, clock: Clock) -> None:
    """Whatever comes first, the rating says what its votes say, and subscribers were told every step of it."""
    world, web, staff = processes
    for turn in range(8):
        number = world.asked(f"T-{turn}", address={"channel": ACCOUNT, "id": str(turn)})
        clock.forward(DAY)
        vote(world, number, 4, LinkKind.AUTO)
        clock.forward(TIMINGS.settle)
        at_once(
            partial(settle, world),
            partial(vote, web, number, 2, LinkKind.BUTTON, comment="words"),
            partial(overrule, staff, number, VoteState.QUARANTINED if turn % 2 else VoteState.CONFIRMED),
            partial(withdraw, world, number),
            partial(settle, staff),
            partial(web.receive, web.tapped(number, 1, sender=str(turn))),
        )
        settle_until(world, clock, clock.now + TIMINGS.settle)
        check_recount(world, number)
        kinds = [row["type"] for row in world.rows(events, invitation_id=number)]
        stands = kinds.count("rating.received") - kinds.count("rating.withdrawn")
        assert stands == (counting_value(world, number) is not None)
        assert world.rows(jobs, kind="settle", state="due") == []
        world.work()
        clock.forward(SECOND)
        world.work()
    assert processes.deadlocks == 0


def test_a_storm_on_one_page_loses_no_vote_of_its_owner(processes: Processes, clock: Clock) -> None:
    """A scanner opens and posts everything, in all processes, while an untouched vote settles and its owner votes."""
    world = processes[0]
    number = world.asked()
    clock.forward(DAY)
    vote(world, number, 4, LinkKind.AUTO)
    clock.forward(TIMINGS.settle)

    def storm(one: World) -> None:
        for n in range(60):
            hit(one, number, n % 6, agent="gateway")
            vote(one, number, 1 + n % 5, LinkKind.AUTO, agent="gateway")
            settle(one)

    at_once(*(partial(storm, one) for one in processes))
    clock.forward(HOUR)
    assert len(world.rows(votes, invitation_id=number)) <= 2 * MAX_VOTES
    assert len(world.rows(hits, invitation_id=number)) <= MAX_HITS + 2, "counted without a lock: one more a process"
    settle_until(world, clock, clock.now + HOUR)
    assert counting_value(world, number) == 4, "what the storm says counts as nothing"
    assert [row["type"] for row in world.rows(events)].count("rating.received") == 1
    assert vote(world, number, 2).state is VoteState.CONFIRMED, "and silences nobody"
    assert counting_value(world, number) == 2
    check_recount(world, number)
    assert processes.deadlocks == 0


# --- notices and wishes ----------------------------------------------------------------------------------------------


def test_a_notice_and_its_closing_at_once_are_one_invitation(processes: Processes) -> None:
    world = processes[0]
    for turn in range(8):
        ticket = parse_ticket(world.ticket(f"T-{turn}"), now=world.clock())
        acts = (
            DeskReport(ticket, EVERYWHERE, rendered=True),
            DeskReport(ticket, EVERYWHERE),
            DeskReport(ticket, EVERYWHERE, rendered=True),
        )
        results = at_once(*(partial(one.store.writer.do_now, act) for one, act in zip(processes, acts, strict=True)))
        assert len({each.invitation_id for each in results if isinstance(each, Decided)}) == 1
        prompts = world.rows(jobs, kind="prompt")
        assert len(world.rows(invitations, ticket_id=f"T-{turn}")) == 1
        number = next(each.invitation_id for each in results if isinstance(each, Decided))
        asked = state(world, number) == "asked"
        assert asked != any(row["invitation_id"] == number for row in prompts), (
            "by the notice or by a prompt, not by both"
        )


def test_who_opts_out_while_a_prompt_is_claimed_is_asked_before_or_not_at_all(processes: Processes) -> None:
    world, web, worker = processes
    for turn in range(10):
        customer = {"id": f"c{turn}"}
        place_ = {"channel": ACCOUNT, "id": str(turn)}
        number = world.close(f"T-{turn}", customer=customer, address=place_).invitation_id
        results = at_once(partial(web.store.writer.do_now, SetAsking(number, "never")), worker.claim)
        assert state(world, number) == "cancelled"
        claimed = results[1]
        assert isinstance(claimed, list)
        for job in claimed:
            worker.finish(job, Done(external_id="m"))
        assert world.claim() == []
        assert world.close(f"U-{turn}", customer=customer, address=place_).reason == "opted_out"
