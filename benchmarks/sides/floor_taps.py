"""The floor of a tap: bare ASGI, msgspec, and a raw driver in a writer thread with group commit. The same rows, durable.

It verifies nothing, folds nothing and decides nothing.
"""

import asyncio
import os
import sqlite3
import threading
import traceback
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import msgspec
import psycopg
import uvloop
from psycopg.rows import namedtuple_row
from sqlalchemy import Table
from starlette.types import Receive, Scope, Send

from benchmarks.databases import file_of
from benchmarks.rows import COUNTED, TABLES, TapUpdate, counted_rows, invitation_changes, read_data, tap_rows
from benchmarks.sides.common import arguments, serve_asgi
from ratings.store.report_tables import roll_up_changes
from ratings.store.schema import invitations

MAX_BATCH = 1_000
_decode = msgspec.json.Decoder(TapUpdate).decode


class Tap(NamedTuple):
    """One tap and its waiting request."""

    invitation_id: int
    value: int
    event_id: str
    tap: str
    future: "asyncio.Future[None]"


Write = Callable[[Sequence[Tap]], None]


def insert_statement(table: Table, mark: str, names: Sequence[str] = ()) -> str:
    names = names or table.columns.keys()
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({quoted}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608 - our own tables


def insert_statements(tables: Sequence[Table], mark: str) -> list[str]:
    """Return a statement for each table, and last one for what days count."""
    return [*(insert_statement(table, mark) for table in tables), insert_statement(roll_up_changes, mark, COUNTED)]


def rows_of(taps: Sequence[Tap], found: Any) -> tuple[list[list[tuple[Any, ...]]], list[tuple[Any, ...]]]:
    """Return the new rows for each table, what days count last, and the changes of the invitations."""
    by_id = {row.id: row for row in found}
    columns: list[list[tuple[Any, ...]]] = [[] for _ in TABLES]
    changes: list[tuple[Any, ...]] = []
    for tap in taps:
        row = by_id[tap.invitation_id]
        for kept, new in zip(columns, tap_rows(row, event_id=tap.event_id, tap=tap.tap, value=tap.value), strict=True):
            kept.extend(new)
        changes.append((*invitation_changes(row.revision), row.id))
    columns.append(counted_rows((by_id[tap.invitation_id], tap.value) for tap in taps))
    return columns, changes


def sqlite_writer(url: str) -> Write:
    """Return a function that writes taps in one transaction; the same PRAGMAs as the store's."""
    connection = sqlite3.connect(file_of(url), isolation_level=None, check_same_thread=False)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # Every column of the invitation, by name: sqlite3.Row has no attributes.
    fields = [column.name for column in invitations.columns]
    record = NamedTuple("record", [(name, Any) for name in fields])  # type: ignore[misc] # the fields are the table's
    names = ", ".join(f'"{name}"' for name in fields)
    statements = insert_statements(TABLES, "?")
    update = "UPDATE invitations SET state = ?, comment_until = ?, revision = ? WHERE id = ?"

    def write(taps: Sequence[Tap]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(taps))
        query = f"SELECT {names} FROM invitations WHERE id IN ({marks})"  # noqa: S608 - question marks
        columns, changes = rows_of(
            taps, map(record._make, connection.execute(query, [tap.invitation_id for tap in taps]))
        )
        connection.executemany(update, changes)
        for insert, rows in zip(statements, columns, strict=True):
            connection.executemany(insert, rows)
        connection.execute("COMMIT")

    return write


def postgres_writer(url: str) -> Write:
    """Return the same for PostgreSQL; psycopg sends an executemany as one pipeline."""
    connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True, row_factory=namedtuple_row)
    statements = insert_statements(TABLES, "%s")
    update = "UPDATE invitations SET state = %s, comment_until = %s, revision = %s WHERE id = %s"

    def write(taps: Sequence[Tap]) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            query = "SELECT * FROM invitations WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
            columns, changes = rows_of(taps, cursor.execute(query, [[tap.invitation_id for tap in taps]]))
            cursor.executemany(update, changes)
            for insert, rows in zip(statements, columns, strict=True):
                cursor.executemany(insert, rows)

    return write


class Floor:
    """The ASGI application and its writer."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._queue: SimpleQueue[Tap] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        message: Any = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        update = _decode(body)
        query = update.callback_query
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(Tap(*read_data(query.data), str(update.update_id), query.id, future))
        await future
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _run(self) -> None:
        try:
            self._work()
        except BaseException:  # noqa: BLE001 - a side that cannot go on must not look slow
            traceback.print_exc()
            os._exit(1)  # or everybody would wait for an answer that never comes

    def _work(self) -> None:
        while True:
            taps = [self._queue.get()]
            try:
                while len(taps) < MAX_BATCH:
                    taps.append(self._queue.get_nowait())
            except Empty:
                pass
            self._write(taps)
            taps[0].future.get_loop().call_soon_threadsafe(_answer, taps)


def _answer(taps: Sequence[Tap]) -> None:
    for tap in taps:
        if not tap.future.done():
            tap.future.set_result(None)


def main() -> None:
    url = arguments()["url"]
    uvloop.run(serve_asgi(Floor(sqlite_writer(url) if url.startswith("sqlite") else postgres_writer(url))))


if __name__ == "__main__":
    main()
