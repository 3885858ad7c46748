"""kill -9 in the middle of a storm: what was answered 200 is there, once; nobody is asked twice."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Engine, NullPool, create_engine, text

from sandbox.telegram import TelegramSandbox
from tests.load.killed_service import TOKEN, Customers, KilledService, close_tickets, now

KILLS = 2
TICKETS = 60  # closed before each life of the service
ANSWERED = 25  # taps answered 200 in a life before it is killed
REDELIVERED = 20  # taps that Telegram delivers again although they were answered 200


async def test_a_kill_loses_no_tap_and_doubles_none(store_url: str, tmp_path: Path) -> None:
    engine = create_engine(store_url, poolclass=NullPool)
    sandbox = TelegramSandbox(limits=None)
    sandbox.add_bot(TOKEN)
    for number in range(1, (KILLS + 1) * TICKETS + 1):
        sandbox.add_customer(number, "Анна")
    await sandbox.start()
    service = KilledService(tmp_path, store_url, sandbox.url)
    async with aiohttp.ClientSession() as session:
        customers = Customers(sandbox, service, session)
        watching = asyncio.create_task(customers.watch())
        try:
            for life in range(KILLS):
                before = len(customers.taps.answered)
                await _new_tickets(store_url, life)
                sandbox.hang("sendMessage")  # shown to the customer, and its answer never read
                asked = len(sandbox.calls("sendMessage"))
                await service.start(session)
                await customers.answers(before + ANSWERED)
                # Taps that the life before left unanswered may be enough: it is killed over a prompt of its own all the same.
                await sandbox.wait_for(lambda asked=asked: len(sandbox.calls("sendMessage")) > asked)  # type: ignore[misc] # of this life
                await service.kill()
                _answered_is_stored(engine, customers)
            await _new_tickets(store_url, KILLS)
            _let_leases_run_out(engine)
            await service.start(session)
            for event_id in customers.taps.answered[:REDELIVERED]:
                await customers.deliver(event_id)
            await _until_nothing_is_left(engine, sandbox, customers)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await service.end()
            await sandbox.stop()
    _answered_is_stored(engine, customers)
    _each_tap_counts_once(engine, customers)
    _nobody_was_asked_twice(engine, sandbox, customers)


async def _new_tickets(store_url: str, life: int) -> None:
    await close_tickets(store_url, range(life * TICKETS + 1, (life + 1) * TICKETS + 1))


def _answered_is_stored(engine: Engine, customers: Customers) -> None:
    votes = Counter(row.event_id for row in _rows(engine, "SELECT event_id FROM votes"))
    for event_id in customers.taps.answered:
        assert votes[event_id] == 1, "a tap that was answered 200 is not stored exactly once"


def _each_tap_counts_once(engine: Engine, customers: Customers) -> None:
    tapped = customers.taps.tapped
    sent = [event_id for taps in tapped.values() for event_id, _ in taps]
    assert sorted(sent) == sorted(customers.taps.answered), "a tap was given up"
    for table in ("votes", "inbound_events"):
        found = [row.event_id for row in _rows(engine, f"SELECT event_id FROM {table}")]  # noqa: S608 - the two names above
        assert sorted(found) == sorted(sent)
    ratings = {int(row.address): row for row in _rows(engine, _RATINGS)}
    assert {address: row.value for address, row in ratings.items()} == {
        address: taps[-1][1] for address, taps in tapped.items()
    }
    changes = {address: row.changes for address, row in ratings.items()}
    assert changes == {address: len(taps) - 1 for address, taps in tapped.items()}
    events = Counter(row.type for row in _rows(engine, "SELECT type FROM events"))
    assert events["rating.received"] == len(tapped)
    assert events["rating.changed"] == len(sent) - len(tapped)


def _nobody_was_asked_twice(engine: Engine, sandbox: TelegramSandbox, customers: Customers) -> None:
    prompts = Counter(int(request.parameters["chat_id"]) for request in sandbox.calls("sendMessage"))
    assert prompts
    assert max(prompts.values()) == 1, "a customer was asked twice"
    unknown = 0
    for row in _rows(engine, "SELECT address, state, delivery FROM invitations"):
        address = int(row.address)
        assert row.state == ("answered" if address in customers.taps.tapped else "asked")
        if row.delivery == "unknown":
            unknown += 1
        else:
            assert (row.delivery, prompts[address]) == ("accepted", 1)
    assert unknown >= KILLS, "every kill left a prompt whose answer was never read"
    screens = [sandbox.messages(address)[0] for address in customers.taps.tapped]
    assert all(message.edit_date for message in screens), "a customer's screen still shows the question"


def _let_leases_run_out(engine: Engine) -> None:
    """Forty seconds pass for the jobs that the killed processes had in hand."""
    with engine.begin() as connection:
        held = text("UPDATE jobs SET lease_until = :past WHERE state = 'leased'")
        assert connection.execute(held, {"past": now() - 1}).rowcount >= KILLS


async def _until_nothing_is_left(engine: Engine, sandbox: TelegramSandbox, customers: Customers) -> None:
    async with asyncio.timeout(60):
        while True:
            left = (await asyncio.to_thread(_rows, engine, _LEFT))[0].jobs
            tapping = len(customers.taps.tapped) < len({c.parameters["chat_id"] for c in sandbox.calls("sendMessage")})
            if not left and not tapping and customers.all_answered:
                return
            await asyncio.sleep(0.02)  # between two looks


def _rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query)))


_LEFT = "SELECT count(*) AS jobs FROM jobs WHERE kind IN ('prompt', 'render') AND state IN ('due', 'leased')"
_RATINGS = """
    SELECT i.address, r.value,
           (SELECT count(*) FROM rating_history h WHERE h.invitation_id = r.id AND h.what = 'value') AS changes
    FROM ratings r JOIN invitations i ON i.id = r.id
"""
