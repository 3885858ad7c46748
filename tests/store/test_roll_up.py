"""What the machines do not try: batches of many kinds, a zone that changes, two processes, statements of others."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Connection, create_engine, func, select, update

from ratings.cubes import VERSION
from ratings.reports.directory import list_directory
from ratings.reports.filters import Filters
from ratings.reports.summary import summarise
from ratings.store.closings import DeskReport
from ratings.store.inbound import Receive
from ratings.store.report_tables import roll_up_cells, roll_up_changes, roll_up_state
from ratings.store.roll_up import counting
from ratings.store.roll_up_keeping import KeepRollUp, count_anew, roll_up_state_of
from ratings.store.schema import ratings
from ratings.store.store import Store
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.ticket import parse_ticket
from tests.conftest import Clock
from tests.reports.history import fill
from tests.store.counted import ZONE, assert_counted, keep_roll_up
from tests.store.world import ACCOUNT, World


def test_a_database_from_before_is_counted_in_portions_while_votes_come_in(world: World) -> None:
    numbers = [world.asked(f"T-{number}", address={"channel": ACCOUNT, "id": f"{number}"}) for number in range(7)]
    assert world.rows(roll_up_changes) == [], "nothing is counted for no zone"
    value = 0
    while not world.store.read_now(roll_up_state_of).ready:
        world.store.writer.do_now(KeepRollUp(ZONE, portion=2))
        value = value % 5 + 1
        world.receive(*(world.tapped(number, value, sender=f"{index}") for index, number in enumerate(numbers)))
        world.store.read_now(assert_counted)
    assert len(world.rows(ratings)) == 7
    keep_roll_up(world.store)
    assert world.rows(roll_up_changes) == []
    world.store.read_now(assert_counted)


def test_another_zone_is_counted_anew(world: World) -> None:
    world.tap(world.asked(), 5)
    keep_roll_up(world.store)
    kathmandu = world.rows(roll_up_cells)
    keep_roll_up(world.store, "America/St_Johns")
    state = world.store.read_now(roll_up_state_of)
    assert (state.zone, state.ready) == ("America/St_Johns", True)
    assert len(world.rows(roll_up_cells)) == len(kathmandu)
    world.store.read_now(assert_counted)


@pytest.mark.parametrize("portion", [1, 100])
def test_what_happens_in_the_batch_that_counts_it_is_counted_once(
    store_url: str, make_store: Callable[[str], Store], clock: Clock, portion: int
) -> None:
    """On SQLite a batch of many kinds is one transaction: the count sees what the batch has changed before it."""
    world = World(make_store(store_url), clock)
    number = world.asked()
    world.store.writer.do_now(KeepRollUp(ZONE))
    world.store.writer.do_now(KeepRollUp(ZONE))
    world.store.stop()
    second = Store(store_url, clock)

    async def both() -> None:
        tap = Receive(ACCOUNT, (world.tapped(number, 4),), True)
        ticket = parse_ticket(world.ticket("T-2", address={"channel": ACCOUNT, "id": "2"}), now=clock())
        waiting = [
            second.writer.queue(each)
            for each in (tap, DeskReport(ticket, world.accounts), KeepRollUp(ZONE, portion=portion))
        ]
        second.start()
        await asyncio.gather(*waiting)

    asyncio.run(both())
    second.read_now(assert_counted)
    keep_roll_up(second)
    second.read_now(assert_counted)
    second.stop()


def test_what_was_written_past_the_count_is_counted_and_listed_when_it_begins_anew(
    store: Store, store_url: str
) -> None:
    keep_roll_up(store)
    fill(store_url, 40)
    store.writer.do_now(_CountAnew())
    keep_roll_up(store)
    store.read_now(assert_counted)
    assert store.read_now(summarise, Filters())["closed"]["closed"] == 40
    assert [entry.id for entry in store.read_now(list_directory)["form"]] == ["sales", "support"]


def test_two_processes_count_what_both_wrote(store_url: str, make_store: Callable[[str], Store], clock: Clock) -> None:
    first, second = World(make_store(store_url), clock), World(make_store(store_url), clock)
    keep_roll_up(first.store)
    number = first.asked("T-1")
    second.tap(number, 2)
    first.tap(number, 5)
    second.close("T-2", address={"channel": ACCOUNT, "id": "2"})
    keep_roll_up(second.store)
    first.store.read_now(assert_counted)
    assert first.rows(roll_up_changes) == []


def test_what_an_older_version_counted_is_counted_anew(store: Store, store_url: str) -> None:
    keep_roll_up(store)
    fill(store_url, 40)
    _counted_by(store_url, VERSION - 1)
    assert not store.read_now(roll_up_state_of).ready
    assert store.read_now(summarise, Filters())["closed"]["closed"] == 40
    keep_roll_up(store)
    assert store.read_now(roll_up_state_of).ready
    store.read_now(assert_counted)


def test_what_a_newer_version_counts_is_left_to_it(store: Store, store_url: str) -> None:
    keep_roll_up(store)
    _counted_by(store_url, VERSION + 1)
    assert store.writer.do_now(KeepRollUp(ZONE)) == 0
    assert store.read_now(roll_up_state_of).version == VERSION + 1
    assert store.writer.do_now(KeepRollUp(ZONE, anew=True)) == 1
    assert store.read_now(roll_up_state_of).version == VERSION


def _counted_by(store_url: str, version: int) -> None:
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(update(roll_up_state).values(version=version))
    engine.dispose()


class _CountAnew(Operation[None]):
    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["_CountAnew"]) -> Sequence[None]:
        count_anew(unit)
        return [None] * len(operations)


class _Forget(Operation[None]):
    """Somebody else's statement: takes the words of all ratings away."""

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["_Forget"]) -> Sequence[None]:
        ids = [row.id for row in unit.rows(ratings.select())]
        with counting(unit, ids):
            unit.connection.execute(update(ratings).values(comment=None))
        return [None] * len(operations)


def test_whatever_else_is_changed_is_counted_by_looking_before_and_after(world: World) -> None:
    keep_roll_up(world.store)
    world.tap(world.asked(), 3)
    world.write("slow")
    world.store.writer.do_now(_Forget())
    world.store.read_now(assert_counted)


def test_a_report_sees_one_state_from_its_first_statement_on(world: World) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        many = select(func.count()).select_from(roll_up_changes)
        before = connection.execute(many).scalar_one()
        world.close()
        return before, connection.execute(many).scalar_one()

    keep_roll_up(world.store)
    assert world.store.read_now(twice) == (0, 0)
    assert world.rows(roll_up_changes)
