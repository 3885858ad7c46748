"""Filling an empty store with a sample: portions of rows in one statement a table, and a row of `settings` that says what it is."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from ratings.sample.history import IDS_PER_ROW, History
from ratings.sample.plan import Plan
from ratings.sample.portion import COLUMNS, Portion, Values
from ratings.store.people_tables import settings
from ratings.store.roll_up_keeping import KeepRollUp, count_anew, roll_up_state_of
from ratings.store.schema import addresses, event_counter, id_blocks, invitations
from ratings.store.store import Store
from ratings.store.unit import Unit
from ratings.store.writer import Operation, Writer
from ratings.times import format_instant

SETTING = "sample"
"""The name in `settings`. Its value: seed, rows, days, until, and whether all of it is there."""


COUNTED = 20_000
"""Closings that are counted in one transaction."""


class NotEmpty(Exception):
    """The store holds closings: a sample would mix with them. The text says what it holds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample that a store holds. Not `complete`: its filling was broken off, or goes on."""

    seed: int
    rows: int
    days: int
    until: str
    complete: bool


def load_sample(connection: Connection) -> Sample | None:
    """Return what sample the store holds; None for a store that holds none."""
    value = connection.execute(select(settings.c.value).where(settings.c.name == SETTING)).scalar_one_or_none()
    return None if value is None else Sample(**json.loads(value))


def fill(writer: Writer, plan: Plan, *, by: str, on_rows: Callable[[int], None] = lambda _rows: None) -> History:
    """Fill the store; `on_rows` is told how many rows were added. Raises NotEmpty, or what the writer raises.

    Days are counted by the service that runs beside it or after it, and row by row until then; or by `count_days`.
    """
    history = History(plan, writer.do_now(BeginSample(plan, by)))
    for portion in history.portions():
        on_rows(writer.do_now(WriteSample(portion)))
    writer.do_now(EndSample(history, by))
    return history


def count_days(store: Store, zone: str, *, on_rows: Callable[[int], None] = lambda _rows: None) -> None:
    """Count all days at once; `on_rows` is told how many more closings are counted."""
    while not (state := store.read_now(roll_up_state_of)).ready:
        steps = store.writer.do_now(KeepRollUp(zone, COUNTED, patient=True))
        on_rows(0 if state.clearing else max(0, steps - 1))


@dataclass(frozen=True, slots=True)
class BeginSample(Operation[int]):
    """Mark the store, and reserve the ids of all rows. Returns the first of them. Raises NotEmpty."""

    plan: Plan
    by: str

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["BeginSample"]) -> Sequence[int]:
        """Begin once: the second finds what the first has marked."""
        return [_begin(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class WriteSample(Operation[int]):
    """Write a portion. Returns how many closings it has."""

    portion: Portion

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["WriteSample"]) -> Sequence[int]:
        """Write one portion after another."""
        for operation in operations:
            _write(unit, operation.portion)
        return [len(operation.portion.invitations) for operation in operations]


@dataclass(frozen=True, slots=True)
class EndSample(Operation[None]):
    """Say of which customers nobody hears any more, and that the sample is complete."""

    history: History
    by: str

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["EndSample"]) -> Sequence[None]:
        """End it."""
        for operation in operations:
            rows = [
                {
                    "account": account,
                    "address": address,
                    "opted_out_at": opted_out_at,
                    "unreachable_at": unreachable_at,
                    "unreachable_code": None if unreachable_at is None else "recipient_gone",
                    "next_send_at": 0,
                    "paused_until": 0,
                }
                for account, address, opted_out_at, unreachable_at in operation.history.out()
            ]
            unit.insert_missing(addresses, rows)
            # Rows were written past the counts: whatever somebody has counted meanwhile is of no use.
            count_anew(unit, operation.history.plan.zone)
            _mark(unit, operation.history.plan, operation.by, complete=True)
        return [None] * len(operations)


def _begin(unit: Unit, operation: BeginSample) -> int:
    connection = unit.connection
    held = load_sample(connection)
    if held is not None:
        state = "" if held.complete else ", not complete"
        raise NotEmpty(f"it holds a sample already (seed {held.seed}, {held.rows} rows{state})")
    if connection.execute(select(invitations.c.id).limit(1)).first() is not None:
        raise NotEmpty("it holds closings of its own, and a sample would mix with them")
    _mark(unit, operation.plan, operation.by, complete=False)
    wanted = operation.plan.rows * IDS_PER_ROW
    end = connection.execute(
        update(id_blocks).values(next=id_blocks.c.next + wanted).returning(id_blocks.c.next)
    ).scalar_one()
    return int(end - wanted)


def _mark(unit: Unit, plan: Plan, by: str, *, complete: bool) -> None:
    value = {
        "seed": plan.seed,
        "rows": plan.rows,
        "days": plan.days,
        "until": format_instant(plan.until),
        "complete": complete,
    }
    row = {"name": SETTING, "value": json.dumps(value), "changed_at": unit.now, "changed_by": by}
    unit.upsert(settings, [row])


def _write(unit: Unit, portion: Portion) -> None:
    for name, rows in portion.tables():
        columns = COLUMNS[name]
        if name == "events":
            rows, columns = _numbered(unit, rows), ("number", *columns)  # noqa: PLW2901 - the one table that is completed here
        if rows:
            _copy(unit, name, columns, rows)


def _numbered(unit: Unit, rows: Sequence[Values]) -> list[Values]:
    """Give events the next numbers, in their order. Whoever numbers others meanwhile waits for this transaction."""
    last = unit.connection.execute(unit.lock(select(event_counter.c.last))).scalar_one()
    unit.connection.execute(update(event_counter).values(last=last + len(rows)))
    return [(number, *row) for number, row in enumerate(rows, start=last + 1)]


def _copy(unit: Unit, table: str, columns: tuple[str, ...], rows: Sequence[Values]) -> None:
    """Insert rows by the fastest way that the engine has. Tables and columns are names of ours."""
    names = ", ".join(f'"{name}"' for name in columns)
    if unit.is_postgresql:
        driver: Any = unit.connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    unit.connection.exec_driver_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)  # noqa: S608 - as the docstring says
