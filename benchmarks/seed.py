"""What is there before the clock starts: closings by the real operation, then many more of the same by SQL."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, create_engine, func, select, text, update

from benchmarks.service import ACCOUNT
from ratings.store.closings import DeskReport
from ratings.store.sample import count_days
from ratings.store.schema import id_blocks, invitations, jobs, ticket_tags, tickets
from ratings.store.store import Store
from ratings.ticket import parse_ticket
from ratings.times import Instant, format_instant

REAL = 500
"""Closings by the real operation; the rest are copies of their rows under other ids."""


def now() -> Instant:
    return time.time_ns() // 1_000_000


def ticket_json(number: int, closed_at: Instant) -> dict[str, Any]:
    """Return a closed ticket as a helpdesk tells it."""
    return {
        "id": f"T-{number}",
        "closed_at": format_instant(closed_at),
        "desk": "helpdesk",
        "form": {"id": "support", "name": "Техподдержка"},
        "kind": "ticket",
        "direction": "in",
        "subject": f"Не приходит письмо с подтверждением, заказ {number}",
        "url": f"https://helpdesk.example.com/tickets/{number}",
        "priority": ("low", "normal", "high")[number % 3],
        "group": {"id": "first-line", "name": "Первая линия"},
        "agent": {"id": f"a{number % 20}", "name": f"Агент {number % 20}"},
        "closed_by": "agent",
        "customer": {"id": f"c{number}", "name": "Анна Смирнова", "language": "ru"},
        "addresses": [{"channel": ACCOUNT, "id": str(1_000_000 + number)}],
        "messages": {"customer": 3, "agent": 4},
        "tags": ["email", "delivery"],
        "fields": {"plan": "team", "seats": 12},
    }


def seed(url: str, count: int, *, asked: bool) -> list[tuple[int, str]]:
    """Store `count` closings that are due to be asked, or `asked` already. Returns (invitation id, address), in order.

    Everyone has an address of their own.
    """
    real = min(count, REAL)
    asyncio.run(_close(url, real))
    engine = create_engine(url)
    with engine.begin() as connection:
        if asked:
            connection.execute(text(_ASKED))
            connection.execute(text("UPDATE jobs SET state = 'done', finished_at = due_at"))
        _multiply(connection, -(-count // real) - 1)
        # The first rows get addresses by the same rule as their copies.
        connection.execute(text("UPDATE invitations SET address = CAST(id AS TEXT)"))
        connection.execute(text("UPDATE jobs SET address = CAST(invitation_id AS TEXT)"))
        found = connection.execute(select(invitations.c.id, invitations.c.address).order_by(invitations.c.id)).all()
    engine.dispose()
    begin_counting(url)
    return [(row.id, row.address) for row in found][:count]


def begin_counting(url: str) -> None:
    """Count the days of what is there: from now on everything that is written is counted, as beside a service that works."""
    store = Store(url, now).start()
    count_days(store, "UTC")
    store.stop()


_ASKED = "UPDATE invitations SET state = 'asked', asked_at = decided_at, delivery = 'accepted', external_id = '17', revision = 1"


async def _close(url: str, count: int) -> None:
    store = Store(url, now).start()
    at = now() - 60_000
    parsed = [parse_ticket(ticket_json(number, at), now=now()) for number in range(count)]
    reports = [DeskReport(ticket, frozenset({ACCOUNT})) for ticket in parsed]
    decided = await asyncio.gather(*(store.writer.do(report) for report in reports))
    assert all(getattr(each, "decision", "") == "ask" for each in decided)
    await asyncio.to_thread(store.stop)


def _multiply(connection: Connection, times: int) -> None:
    """Copy the rows of every closing `times` times."""
    lowest = connection.execute(select(func.min(tickets.c.id))).scalar_one()
    highest = connection.execute(select(func.max(jobs.c.id))).scalar_one()
    step = highest - lowest + 1
    if times > 0:
        _copy(connection, tickets, times, step, "id")
        _copy(connection, invitations, times, step, "id", ticket_id="ticket_id || '-' || k")
        _copy(connection, ticket_tags, times, step, "invitation_id")
        _copy(connection, jobs, times, step, "id", invitation_id=f"invitation_id + k * {step}")
    connection.execute(update(id_blocks).values(next=highest + (times + 1) * step))


def _copy(connection: Connection, table: Table, times: int, step: int, key: str, **others: str) -> None:
    columns = [column.name for column in table.columns]
    changed = {key: f"{key} + k * {step}", **others}
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    series = f"WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {times})"  # noqa: S608 - a number
    insert = f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name}, n ORDER BY k, {key}"  # noqa: S608 - names of our own tables
    connection.execute(text(f"{series} {insert}"))


def counts(url: str, tables: Sequence[str]) -> dict[str, int]:
    """Return how many rows tables hold: all sides must have written the same."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608 - as above
            for name in tables
        }
    engine.dispose()
    return found
