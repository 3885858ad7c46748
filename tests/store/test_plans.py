"""The statements of the hot paths are searches, whatever the tables hold: none reads a whole table."""

from typing import Any

import pytest
from sqlalchemy import BindParameter, Text
from sqlalchemy.dialects import sqlite

from ratings.store import addresses, claims, cleaning, closings, inbound, lapses, loading, results, words
from ratings.store.engine import writer_engine

STATEMENTS: dict[str, Any] = {
    "invitations": loading._SELECT,
    "invitations of addresses": loading._OF_ADDRESSES,
    "events seen": inbound._SEEN,
    "held texts": words._HELD,
    "parts of comments": words._PARTS,
    "snapshots": claims._SNAPSHOTS,
    "due jobs": claims._DUE,
    "expired leases": claims._EXPIRED,
    "jobs": results._JOBS,
    "earlier closings": closings._EARLIER,
    "aliases": closings._ALIASES,
    "reopens": closings._REOPENS,
    "addresses": addresses._LOAD,
    "lapses": lapses._DUE,
    "finished jobs": cleaning._FINISHED,
}


def _value(bind: BindParameter[Any]) -> Any:
    one: Any = "1" if isinstance(bind.type, Text) else 1
    return [one, one] if bind.expanding else one


@pytest.mark.parametrize("name", STATEMENTS)
def test_it_searches_by_an_index(name: str, sqlite_url: str) -> None:
    statement = STATEMENTS[name]
    binds = statement.compile(dialect=sqlite.dialect()).bind_names
    values = {bind.key: _value(bind) for bind in binds if bind.value is None}
    filled = statement.params(values).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    engine = writer_engine(sqlite_url)
    with engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {filled}")]
    engine.dispose()
    assert plan
    assert not [step for step in plan if step.startswith("SCAN")], plan
