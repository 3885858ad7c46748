"""The writer: group commit, bisection, a bounded queue, and what two processes do to each other."""

import asyncio
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from ratings.store.earlier import Decided
from ratings.store.engine import writer_engine
from ratings.store.results import Failed
from ratings.store.schema import api_keys, events, invitations, jobs, rating_history, ratings, votes
from ratings.store.store import Store
from ratings.store.unit import Unit
from ratings.store.writer import Operation, StoreAway, StoreBusy, StoreClosed
from tests.conftest import Clock
from tests.store.world import ACCOUNT, World


@dataclass(frozen=True, slots=True)
class Insert(Operation[str]):
    """Writes a row by which a test can see what was committed; `poison` makes its whole batch fail."""

    name: str
    poison: bool = False

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Insert"]) -> Sequence[str]:
        rows = [
            {
                "id": each.name,
                "name": each.name,
                "scope": "read",
                "hash": "",
                "created_at": unit.now,
                "revoked_at": None,
            }
            for each in operations
        ]
        unit.insert(api_keys, rows)
        if any(each.poison for each in operations):
            raise ValueError("poison")
        return [each.name for each in operations]


@dataclass(frozen=True, slots=True)
class Block(Operation[None]):
    """Holds the writer until the test lets it go, so that a batch gathers behind it."""

    entered: threading.Event
    release: threading.Event

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Block"]) -> Sequence[None]:  # noqa: ARG003 - a fold has it
        for each in operations:
            each.entered.set()
            assert each.release.wait(10)
        return [None] * len(operations)


def gather_behind_a_block(store: Store, operations: Sequence[Operation[str]]) -> list[str | BaseException]:
    """Queue operations so that they make one batch; return their results or errors."""
    entered, release = threading.Event(), threading.Event()
    blocker = threading.Thread(target=store.writer.do_now, args=(Block(entered, release),))
    blocker.start()
    assert entered.wait(10)

    async def queue() -> list[str | BaseException]:
        waiting = [asyncio.ensure_future(store.writer.do(operation)) for operation in operations]
        await asyncio.sleep(0)  # each of them has put its operation into the queue
        release.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    try:
        return asyncio.run(queue())
    finally:
        blocker.join()


def names(world: World) -> list[str]:
    return [row["name"] for row in world.rows(api_keys)]


def test_what_waits_is_committed_together(world: World) -> None:
    sizes: list[int] = []
    store = Store(world.store.url, world.clock, on_batch=lambda size, _seconds: sizes.append(size)).start()
    try:
        assert gather_behind_a_block(store, [Insert(f"n{number}") for number in range(50)]) == [
            f"n{number}" for number in range(50)
        ]
    finally:
        store.stop()
    assert sizes == [1, 50]
    assert len(names(world)) == 50


def test_one_bad_operation_harms_none_of_its_batch(world: World) -> None:
    operations = [Insert(f"n{number}", poison=number == 17) for number in range(40)]
    results = gather_behind_a_block(world.store, operations)
    assert [number for number, result in enumerate(results) if isinstance(result, BaseException)] == [17]
    assert isinstance(results[17], ValueError)
    assert sorted(names(world)) == sorted(f"n{number}" for number in range(40) if number != 17)


def test_a_row_that_the_database_refuses_harms_none_of_its_batch(world: World) -> None:
    world.store.writer.do_now(Insert("n17"))
    results = gather_behind_a_block(world.store, [Insert(f"n{number}") for number in range(75)])
    assert [number for number, result in enumerate(results) if isinstance(result, BaseException)] == [17]
    assert isinstance(results[17], IntegrityError)
    assert sorted(names(world)) == sorted(f"n{number}" for number in range(75))


def test_a_full_queue_is_refused_at_once_and_loses_nothing(world: World) -> None:
    store = Store(world.store.url, world.clock, max_waiting=5).start()
    try:
        results = gather_behind_a_block(store, [Insert(f"n{number}") for number in range(8)])
    finally:
        store.stop()
    assert [type(result) for result in results[5:]] == [StoreBusy] * 3
    assert sorted(names(world)) == [f"n{number}" for number in range(5)]


def test_a_stop_writes_what_is_queued_and_refuses_what_comes_after(world: World) -> None:
    store = Store(world.store.url, world.clock).start()
    entered, release = threading.Event(), threading.Event()
    with ThreadPoolExecutor(3) as pool:
        pool.submit(store.writer.do_now, Block(entered, release))
        assert entered.wait(10)
        queued = pool.submit(store.writer.do_now, Insert("queued"))
        while not store.writer.waiting:
            pass
        stopping = pool.submit(store.stop)
        release.set()
        assert queued.result(10) == "queued"
        stopping.result(10)
    with pytest.raises(StoreClosed):
        store.writer.do_now(Insert("late"))
    assert names(world) == ["queued"]


def test_sqlite_commits_are_on_the_disk_before_they_are_answered(sqlite_url: str) -> None:
    engine = writer_engine(sqlite_url)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    engine.dispose()


def test_a_reader_cannot_write_by_mistake(store: Store) -> None:
    with pytest.raises(StoreAway) as refused:  # where it says so of the primary, it is one no more
        store.read_now(lambda connection: connection.execute(text("DELETE FROM surveys")))
    assert re.search(r"read-?only", str(refused.value.__cause__))


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do several things in threads that start together."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(30) for future in [pool.submit(run, act) for act in acts]]


@pytest.fixture
def processes(world: World, make_store: Callable[[str], Store]) -> list[World]:
    """Three processes on one database, as far as the database can tell."""
    return [world, *(World(make_store(world.store.url), world.clock, _events=n * 1000) for n in (1, 2))]


def test_a_closing_reported_to_three_processes_at_once_is_decided_once(processes: list[World]) -> None:
    for number in range(10):
        results = at_once(*(lambda one=one, number=number: one.close(f"T-{number}") for one in processes))
        decided = [result for result in results if isinstance(result, Decided)]
        assert len({each.invitation_id for each in decided}) == 1
        assert [each.new for each in decided].count(True) == 1
    assert len(processes[0].rows(invitations)) == len(processes[0].rows(jobs)) == 10


def test_different_closings_of_one_ticket_at_once_ask_once(processes: list[World]) -> None:
    for number in range(10):
        at_once(
            *(
                lambda one=one, which=which, number=number: one.close(f"T-{number}", closing_id=f"c{which}")
                for which, one in enumerate(processes)
            )
        )
    assert len(processes[0].rows(invitations, decision="ask")) == 10


def test_one_update_delivered_to_three_processes_at_once_is_one_vote(processes: list[World]) -> None:
    number = processes[0].asked()
    tap = processes[0].tapped(number, 5, event_id="the-same")
    outcomes = at_once(*(lambda one=one: one.receive(tap).outcomes[0] for one in processes))
    assert sorted(map(str, outcomes)) == ["duplicate", "duplicate", "rated"]
    assert len(processes[0].rows(votes)) == len(processes[0].rows(ratings)) == 1


def test_different_taps_at_three_processes_at_once_make_one_rating(processes: list[World]) -> None:
    number = processes[0].asked()
    outcomes = at_once(
        *(lambda one=one, value=value: one.tap(number, value) for value, one in enumerate(processes, start=1))
    )
    assert sorted(map(str, outcomes)) == ["changed", "changed", "rated"]
    (row,) = processes[0].rows(ratings)
    assert row["value"] in {1, 2, 3}
    assert len(processes[0].rows(votes)) == 3
    assert len(processes[0].rows(rating_history)) == 2


def test_the_same_unasked_text_at_three_processes_is_answered_once(processes: list[World]) -> None:
    text_ = processes[0].wrote("hello?")
    at_once(*(lambda one=one: one.receive(text_).outcomes[0] for one in processes))
    assert len(processes[0].rows(jobs, kind="notice")) == 1


def test_a_reader_that_has_seen_n_never_finds_a_smaller_event_later(processes: list[World]) -> None:
    """Three processes write and number events while a reader follows: it sees 1, 2, 3 … without a gap."""
    world = processes[0]
    numbers = [world.asked(f"T-{n}", address={"channel": ACCOUNT, "id": str(n)}) for n in range(30)]
    writing = threading.Event()
    seen: list[int] = []

    def write(one: World, share: int) -> None:
        for invitation_id in numbers[share::3]:
            for value in (1, 2, 3, 4):
                one.receive(one.tapped(invitation_id, value, sender=str(numbers.index(invitation_id))))
            one.number()

    def new_numbers(connection: Connection) -> Sequence[int]:
        query = select(events.c.number).where(events.c.number > (seen[-1] if seen else 0)).order_by(events.c.number)
        return connection.execute(query).scalars().all()

    def read() -> None:
        done = False
        while not done:
            done = writing.is_set()
            seen.extend(world.store.read_now(new_numbers))

    reader = threading.Thread(target=read)
    reader.start()
    at_once(*(lambda one=one, share=share: write(one, share) for share, one in enumerate(processes)))
    world.number()
    writing.set()
    reader.join()
    assert seen == list(range(1, len(world.rows(events)) + 1))
    assert len(seen) == 30 + 120


def test_ids_of_several_processes_never_collide(processes: list[World]) -> None:
    for round_ in range(5):
        at_once(*(lambda one=one, n=n, r=round_: one.close(f"T-{n}-{r}") for n, one in enumerate(processes)))
    ids = [row["id"] for row in processes[0].rows(invitations)]
    assert len(ids) == len(set(ids)) == 15


def test_a_reopen_and_a_vote_at_once_never_undo_the_answer(processes: list[World], clock: Clock) -> None:
    world, desk, web = processes
    for number in range(20):
        asked = world.close(f"T-{number}", address={"channel": ACCOUNT, "id": str(number)}).invitation_id
        world.work()
        clock.forward(2)
        tap = web.tapped(asked, 5, sender=str(number))
        at_once(partial(desk.reopen, f"T-{number}"), partial(web.receive, tap))
        (row,) = world.rows(invitations, id=asked)
        assert row["state"] == "answered"


def test_taps_texts_and_workers_at_once_never_deadlock(
    postgres_url: str, make_store: Callable[[str], Store], clock: Clock
) -> None:
    """Every kind of operation locks accounts, jobs, addresses and invitations in this order, whichever process runs it."""
    worlds = [World(make_store(postgres_url), clock, _events=n * 10_000) for n in range(4)]
    asked = [worlds[0].close(f"T-{n}", address={"channel": ACCOUNT, "id": str(n)}).invitation_id for n in range(40)]
    worlds[0].work()

    def customers(world: World, turn: int) -> None:
        for round_ in range(4):
            for n in sorted(range(40), key=lambda n: (n * (turn + 3) + round_) % 41):
                tap = world.tapped(asked[n], 1 + (n + round_) % 5, sender=str(n))
                text_ = replace(world.wrote("words"), sender=str(n))
                world.receive(tap, text_, position=str(round_))

    def worker(world: World) -> None:
        for _ in range(40):
            for job in world.claim(20):
                world.finish(job, Failed("throttled", again=True, text="", retry_after=1, scope="recipient"))

    at_once(
        partial(customers, worlds[1], 1),
        partial(customers, worlds[2], 2),
        partial(worker, worlds[0]),
        partial(worker, worlds[3]),
    )
    query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert worlds[0].store.read_now(lambda connection: connection.execute(query).scalar_one()) == 0
    assert len(worlds[0].rows(votes)) == 2 * 4 * 40
