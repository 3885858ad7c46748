"""Closings decided and stored by the batch API, beside the same rows written by a raw driver."""

import itertools
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich.progress import Progress
from sqlalchemy import create_engine, select

from benchmarks.databases import Databases, file_of
from benchmarks.load import closed_loop
from benchmarks.plan import Plan
from benchmarks.report import Row, at_least
from benchmarks.rounds import interleave
from benchmarks.seed import begin_counting, counts, now, ticket_json
from benchmarks.service import service
from benchmarks.sides.floor_taps import insert_statements
from benchmarks.updates import http_post
from ratings.store.keys import CreateKey, Scope, new_key
from ratings.store.roll_up import FACTS, facts_of
from ratings.store.schema import invitations, jobs, ticket_tags, tickets
from ratings.store.store import Store
from ratings.tallies import moments, tallies

BATCH = 1_000
CLIENTS = 2
"""Batches on their way at once: while one is written, the next is read."""

FLOOR_SHARE = 0.3
TABLES = (tickets, invitations, ticket_tags, jobs)
Rows = list[list[tuple[Any, ...]]]


def run(databases: Databases, folder: Path, plan: Plan, load: ProcessPoolExecutor, progress: Progress) -> Iterator[Row]:
    """Measure on one engine."""
    url = databases.create("closings_tapfive")
    begin_counting(url)
    key = _make_key(url)
    headers = (f"Authorization: Bearer {key}",)
    batches = (
        http_post("/api/v1/tickets/closed/batch", json.dumps(batch).encode(), headers) for batch in _ticket_batches()
    )
    # No worker runs, so nobody is at the other end: what a prompt costs is another row. The account must be there, or
    # nobody is asked.
    with service(folder, url, "http://127.0.0.1:9", work=False) as ours:

        def post(count: int) -> float:
            requests = list(itertools.islice(batches, count))
            answered = load.submit(closed_loop, ours.port, requests, CLIENTS).result()
            if answered.failed:
                raise RuntimeError(f"{answered.failed} batches were not answered with 200")
            return count * BATCH / answered.seconds

        post(CLIENTS)
        rows = _rows_of(url)
        raw = _raw_writer(databases.create("closings_floor"), rows)
        raw(1)
        found = interleave(
            {"Tapfive": lambda: post(plan.closing_batches), "floor": lambda: raw(plan.closing_batches)},
            plan.rounds,
            progress,
            f"closings, {databases.engine}",
        )
    stored = counts(url, ["invitations", "jobs"])
    expected = BATCH * (CLIENTS + plan.rounds * plan.closing_batches)
    if set(stored.values()) != {expected}:
        raise RuntimeError(f"{expected} closings were answered, and the store holds {stored}")
    value, floor = found["Tapfive"], found["floor"]
    yield Row(
        f"closings decided and stored, batches of {BATCH}",
        databases.engine,
        "closings/s",
        value,
        floor,
        goal=f"≥ {FLOOR_SHARE} × floor",
        met=at_least(value, floor=(floor, FLOOR_SHARE)),
    )


def _ticket_batches() -> Iterator[list[dict[str, Any]]]:
    at = now() - 60_000
    for number in itertools.count():
        yield [ticket_json(number * BATCH + n, at) for n in range(BATCH)]


def _make_key(url: str) -> str:
    key_id, key, key_hash = new_key()
    store = Store(url, now).start()
    store.writer.do_now(CreateKey(key_id, "benchmarks", Scope.WRITE, key_hash, "benchmarks"))
    store.stop()
    return key


def _rows_of(url: str) -> Rows:
    """Return the rows that the service wrote for one batch, as the floor writes them again under other ids.

    Those of TABLES, and last what days count of the batch.
    """
    engine = create_engine(url)
    moment = moments(ZoneInfo("UTC"))
    counted: Counter[tuple[Any, ...]] = Counter()
    with engine.connect() as connection:
        first = connection.execute(select(invitations.c.id).order_by(invitations.c.id).limit(BATCH)).scalars().all()
        found: Rows = []
        for table in TABLES:
            key = table.c.id if table in (tickets, invitations) else table.c.invitation_id
            statement = select(table).where(key.in_(first)).order_by(key)
            found.append([tuple(row) for row in connection.execute(statement)])
        for row in connection.execute(FACTS.where(invitations.c.id.in_(first))):
            for place, day, what, many in tallies(facts_of(row), moment):
                counted[(*place, day, what)] += many
    engine.dispose()
    return [*found, [(*key, many) for key, many in counted.items()]]


def _raw_writer(url: str, rows: Rows) -> Callable[[int], float]:
    """Return a function that writes batches of the same rows and returns closings a second; rows are made beforehand."""
    write = _sqlite(url) if url.startswith("sqlite") else _postgres(url)
    numbers = itertools.count(1)

    def raw(batches: int) -> float:
        prepared = [_renumbered(rows, next(numbers) << 32) for _ in range(batches)]
        started = time.perf_counter()
        for batch in prepared:
            write(batch)
        return batches * BATCH / (time.perf_counter() - started)

    return raw


def _renumbered(rows: Rows, offset: int) -> Rows:
    changed: Rows = []
    for table, found in zip(TABLES, rows[:-1], strict=True):
        names = [column.name for column in table.columns]
        places = [names.index(name) for name in ("id", "invitation_id") if name in names]
        batch = []
        for row in found:
            new = list(row)
            for place in places:
                new[place] += offset
            if table is invitations:
                new[names.index("ticket_id")] += f"-{offset}"
            batch.append(tuple(new))
        changed.append(batch)
    return [*changed, rows[-1]]


def _sqlite(url: str) -> Callable[[Rows], None]:
    connection = sqlite3.connect(file_of(url), isolation_level=None)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")
    inserts = insert_statements(TABLES, "?")

    def write(batch: Rows) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for insert, found in zip(inserts, batch, strict=True):
            connection.executemany(insert, found)
        connection.execute("COMMIT")

    return write


def _postgres(url: str) -> Callable[[Rows], None]:
    connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    inserts = insert_statements(TABLES, "%s")

    def write(batch: Rows) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            for insert, found in zip(inserts, batch, strict=True):
                cursor.executemany(insert, found)

    return write
