"""Counts of days are searched in the primary key of their tables, span by span and cell by cell, by statements that no period changes."""

import json
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from ratings.reports.tallied import _sums
from ratings.store.engine import writer_engine
from ratings.store.report_tables import SPANS, TICKET_COUNTS

READ = {
    "roll_up_tickets": ((), TICKET_COUNTS),
    "roll_up_ratings": (("cell", "start", "scale", "value"), ("ratings", "satisfied")),
    "roll_up_hours": (("scale", "hour"), ("ratings", "satisfied")),
    "roll_up_others": (("what",), ("many",)),
}


def test_every_table_of_spans_is_looked_at() -> None:
    assert {table.name for table in SPANS} == set(READ)


@pytest.mark.parametrize("table", READ)
def test_sqlite_searches_spans_and_cells(table: str, sqlite_url: str) -> None:
    engine = writer_engine(sqlite_url)
    wanted = {"cells": json.dumps([1, 2]), "runs": json.dumps([[0, 20260101, 20260131], [2, 20260201, 20260701]])}
    with engine.connect() as connection:
        plan = _plan(connection, f"EXPLAIN QUERY PLAN {_sums('sqlite', table, *READ[table])}", wanted)
    engine.dispose()
    assert [step for step in plan if "(unit=? AND cell=? AND start>? AND start<?)" in step], plan


@pytest.mark.parametrize("table", READ)
def test_postgresql_searches_spans_and_cells(table: str, postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    wanted = {"cells": [1, 2], "units": [0, 2], "firsts": [20260101, 20260201], "lasts": [20260131, 20260701]}
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))  # of empty tables it would be cheaper
        connection.execute(text("SET enable_bitmapscan = off"))
        plan = _plan(connection, f"EXPLAIN {_sums('postgresql', table, *READ[table])}", wanted)
    engine.dispose()
    (condition,) = (step for step in plan if step.startswith("Index Cond"))
    for part in ("unit = ", "start >= ", "start <= ", "cell = ANY"):
        assert part in condition, plan


def _plan(connection: Any, statement: str, wanted: dict[str, Any]) -> list[str]:
    return [str(row[-1]).strip() for row in connection.execute(text(statement), wanted)]
