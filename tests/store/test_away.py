"""What the writer does when something is wrong around it: nobody waits for ever, and nothing is done twice."""

import asyncio
import secrets
import socket
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, create_engine, event, text

from ratings.store import engine
from ratings.store.engine import migration_engine, reader_engine, writer_engine
from ratings.store.reach import OutOfReach, reaching
from ratings.store.schema import api_keys
from ratings.store.store import Store
from ratings.store.unit import Unit
from ratings.store.writer import Operation, StoreAway, StoreBusy, StoreClosed
from tests.conftest import Clock
from tests.store.test_writer import Block, Insert, gather_behind_a_block, names
from tests.store.world import World


@dataclass(frozen=True, slots=True)
class Do(Operation[str]):
    """Does what a test wants inside the transaction."""

    act: Callable[[Unit], object]

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Do"]) -> Sequence[str]:
        for each in operations:
            each.act(unit)
        return ["done"] * len(operations)


def queue_then_start(store: Store, operations: Sequence[Operation[str]]) -> list[str | BaseException]:
    """Queue operations before the writer runs, so that they make one batch."""

    async def queue() -> list[str | BaseException]:
        waiting = [asyncio.ensure_future(store.writer.do(operation)) for operation in operations]
        await asyncio.sleep(0)  # each of them has put its operation into the queue
        store.start()
        async with asyncio.timeout(60):
            return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(queue())


def kinds(results: Sequence[str | BaseException]) -> set[type]:
    return {type(result) for result in results}


# --- the store is away


def test_all_who_wait_hear_at_once_that_the_database_is_away(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    store = Store(f"postgresql://x@127.0.0.1:{port}/x", clock)
    tries: list[object] = []
    event.listen(store.writer._engine, "do_connect", lambda *_: tries.append(1))
    nothing = [Do(lambda _unit: None)] * 150
    results = queue_then_start(store, [*nothing, *(Insert(f"n{number}") for number in range(150))])
    with pytest.raises(StoreBusy):  # who knows only StoreBusy answers 503 as well
        store.writer.do_now(Insert("later"))
    store.stop()
    assert len(results) == 300
    assert kinds(results) == {StoreAway}
    assert len(tries) == 2  # one for the three hundred, one for the one


def test_a_connection_that_breaks_puts_its_batch_off_and_the_next_is_written(
    postgres_url: str, make_store: Callable[[str], Store], clock: Clock
) -> None:
    world = World(make_store(postgres_url), clock)
    calls: list[int] = []

    def end_the_connection(unit: Unit) -> None:
        calls.append(1)
        unit.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    def nothing(_unit: Unit) -> None:
        """Shares the transaction with the one that breaks it: a kind has one of its own."""

    results = gather_behind_a_block(world.store, [Do(nothing), Do(end_the_connection), Do(nothing)])
    assert (kinds(results), calls) == ({StoreAway}, [1])
    assert world.store.writer.do_now(Insert("c")) == "c"
    assert names(world) == ["c"]


def test_a_full_disk_puts_the_batch_off_until_there_is_room(
    sqlite_url: str, make_store: Callable[[str], Store], clock: Clock
) -> None:
    world = World(make_store(sqlite_url), clock)
    calls: list[int] = []

    def fill(unit: Unit) -> None:
        calls.append(1)
        (pages,) = unit.connection.exec_driver_sql("PRAGMA page_count").one()
        unit.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        unit.connection.execute(text("CREATE TABLE large AS SELECT randomblob(1000000) AS it"))

    results = gather_behind_a_block(world.store, [Insert("a"), Do(fill), Insert("b")])
    assert (kinds(results), calls) == ({StoreAway}, [1])
    world.store.writer.do_now(Do(lambda unit: unit.connection.exec_driver_sql("PRAGMA max_page_count=1000000000")))
    assert world.store.writer.do_now(Insert("c")) == "c"
    assert names(world) == ["c"]


def test_a_lock_that_is_held_for_long_puts_the_batch_off(
    sqlite_url: str, clock: Clock, make_store: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 20)
    world = World(make_store(sqlite_url), clock)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreAway):
        world.store.writer.do_now(Insert("a"))
    other.execute("ROLLBACK")
    other.close()
    assert world.store.writer.do_now(Insert("b")) == "b"


def test_a_row_that_is_too_large_is_no_outage(
    postgres_url: str, make_store: Callable[[str], Store], clock: Clock
) -> None:
    """PostgreSQL calls it an operational error, as it calls a full disk."""
    world = World(make_store(postgres_url), clock)
    results = gather_behind_a_block(world.store, [Insert("a"), Insert(secrets.token_hex(20_000)), Insert("b")])
    assert [results[0], results[2]] == ["a", "b"]
    assert isinstance(results[1], Exception)
    assert not isinstance(results[1], StoreBusy)


def test_a_command_tells_in_a_line_that_it_could_not_write(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    store = Store(f"postgresql://x@127.0.0.1:{port}/x", clock).start()
    with pytest.raises(OutOfReach, match="refused"), reaching():
        store.writer.do_now(Insert("a"))
    store.stop()


# --- how PostgreSQL is asked


def setting(one: Engine, name: str) -> str:
    with one.connect() as connection:
        return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def test_each_connection_has_its_limits(postgres_url: str) -> None:
    writer, reader, migration = writer_engine(postgres_url), reader_engine(postgres_url), migration_engine(postgres_url)
    try:
        assert setting(writer, "statement_timeout") == "30s"
        assert setting(writer, "idle_in_transaction_session_timeout") == "30s"
        assert setting(writer, "default_transaction_read_only") == "off"
        assert setting(reader, "statement_timeout") == "1min"
        assert setting(reader, "default_transaction_read_only") == "on"
        assert setting(migration, "statement_timeout") == "0"
    finally:
        for one in (writer, reader, migration):
            one.dispose()


def test_the_operators_url_has_the_last_word(postgres_url: str) -> None:
    separator = "&" if "?" in postgres_url else "?"
    one = writer_engine(f"{postgres_url}{separator}options=-c%20statement_timeout%3D7s&application_name=x")
    try:
        assert setting(one, "statement_timeout") == "7s"
        assert setting(one, "idle_in_transaction_session_timeout") == "30s"
    finally:
        one.dispose()


# --- who listens to the writer, and its own end


def raise_(error: BaseException) -> None:
    raise error


def test_a_listener_that_fails_undoes_and_repeats_nothing(store_url: str, clock: Clock) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the loop is closed")

    calls: list[str] = []

    def act(name: str) -> Do:
        def carry_out(unit: Unit) -> None:
            calls.append(name)
            unit.woken.add(name)

        return Do(carry_out)

    store = Store(store_url, clock, on_commit=fail, on_batch=fail)
    try:
        assert queue_then_start(store, [act("a"), act("b"), Insert("c")]) == ["done", "done", "c"]
        assert store.writer.do_now(act("d")) == "done"
    finally:
        store.stop()
    assert calls == ["a", "b", "d"]


def test_a_batch_in_halves_wakes_everyone_once_after_the_commit(store_url: str, clock: Clock) -> None:
    woken: list[set[str]] = []
    store = Store(store_url, clock, on_commit=woken.append)

    def act(name: str) -> Do:
        return Do(lambda unit: unit.woken.update({name}))

    try:
        results = queue_then_start(
            store, [act("a"), act("b"), Do(lambda _unit: raise_(ValueError())), act("c"), act("d")]
        )
    finally:
        store.stop()
    assert [isinstance(result, ValueError) for result in results] == [False, False, True, False, False]
    assert woken == [set("abcd")]


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_writer_that_dies_answers_everyone(sqlite_url: str, clock: Clock, error: BaseException) -> None:
    store = Store(sqlite_url, clock).start()
    entered, release = threading.Event(), threading.Event()

    async def both() -> list[object]:
        first = store.writer.queue(Block(entered, release))
        await asyncio.to_thread(entered.wait, 10)
        dying = store.writer.queue(Do(lambda _unit: raise_(error)))
        rest = [store.writer.queue(Insert(f"n{number}")) for number in range(1500)]  # more than one batch takes
        release.set()
        async with asyncio.timeout(60):
            await asyncio.wrap_future(store.writer.ended)
            return await asyncio.gather(first, dying, *rest, return_exceptions=True)

    results = asyncio.run(both())
    assert results[0] is None
    assert {type(result) for result in results[1:]} == {StoreClosed}
    assert not store.writer.alive
    with pytest.raises(StoreClosed):
        store.writer.do_now(Insert("later"))
    store.stop()


def test_an_error_that_no_future_takes_is_told_all_the_same(sqlite_url: str, clock: Clock) -> None:
    store = Store(sqlite_url, clock)
    try:
        results = queue_then_start(store, [Insert("a"), Do(lambda _unit: raise_(StopIteration())), Insert("b")])
    finally:
        store.stop()
    assert [type(result) for result in results] == [str, RuntimeError, str]


def test_a_stop_answers_what_was_queued_for_a_writer_that_never_ran(sqlite_url: str, clock: Clock) -> None:
    store = Store(sqlite_url, clock)

    async def queue_and_stop() -> BaseException | None:
        waiting = store.writer.queue(Insert("a"))
        store.stop()
        async with asyncio.timeout(60):
            await asyncio.wait({waiting})
        return waiting.exception()

    assert isinstance(asyncio.run(queue_and_stop()), StoreClosed)
    assert store.writer.waiting == 0
    check = create_engine(sqlite_url)
    with check.connect() as connection:
        assert connection.execute(api_keys.select()).all() == []
    check.dispose()
