"""The registry walks along an index and stops: no page reads a whole table, and none is sorted first, on either engine."""

import re

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from ratings.reports import lives
from ratings.reports.filters import Filters, Range
from ratings.reports.registry import SORTS, Show, Sort, Wanted
from ratings.reports.registry_query import beyond, keys_of, rows_of
from ratings.rights import Sight
from ratings.store.engine import writer_engine

MANY = Filters(
    equal={"form": ("web", "shop"), "agent": ("1", "2")},
    values=(4, 5),
    ranges={"closed": Range(1, 1_000_000), "asked": Range(1, 1_000_000)},
    sight=Sight(("web", "shop", "other")),
)
ONE = Filters(equal={"agent": ("1",), "form": ("web",)}, values=(1,), sight=Sight(("web", "shop")))
SOME = Filters(equal={"form": ("web",)}, scales=("1-5",), has_comment=True, sight=Sight(("web",)))
WANTED = {
    **{f"{show} {name}": Wanted(show=show, sort=Sort(name)) for show in Show for name in SORTS[show]},
    "filtered": Wanted(SOME),
    "filtered by many": Wanted(MANY),
    "filtered by many, by value": Wanted(MANY, sort=Sort("value")),
    "filtered by many, by closing": Wanted(MANY, sort=Sort("closed")),
    "filtered by one": Wanted(ONE),
    "filtered by one, by closing": Wanted(ONE, sort=Sort("closed")),
    "skipped": Wanted(Filters(), Show.NOT_ASKED, Sort("closed"), reasons=("opted_out",)),
    "skipped, of forms": Wanted(Filters(sight=MANY.sight), Show.NOT_ASKED, Sort("closed"), reasons=("a", "b")),
    "all of one": Wanted(Filters(equal={"agent": ("1",)}), Show.ALL, Sort("closed")),
    "delivered": Wanted(show=Show.ALL, sort=Sort("asked"), delivered=True),
    "rated, not delivered": Wanted(SOME, delivered=False),
    "all, filtered by answers": Wanted(SOME, Show.ALL, Sort("closed")),
}


def statement_of(wanted: Wanted, *, on_sqlite: bool, second: bool) -> str:
    keys = keys_of(wanted)
    statement = rows_of(wanted, sqlite=on_sqlite).order_by(*(key.desc() for key in keys)).limit(51)
    if second:
        statement = statement.where(beyond(keys, [5] * len(keys), falling=True))
    dialect = sqlite.dialect() if on_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call] # of SQLAlchemy
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize("name", WANTED)
def test_sqlite_walks_along_an_index(name: str, sqlite_url: str) -> None:
    engine = writer_engine(sqlite_url)
    with engine.connect() as connection:
        for second in (False, True):
            plan = plan_of(connection, statement_of(WANTED[name], on_sqlite=True, second=second))
            assert plan[0].partition(" USING ")[2].startswith(("INDEX ix_", "COVERING INDEX ix_")), plan
            steps = [
                step for step in plan if not step.startswith("CORRELATED")
            ]  # what it looks up is a step of its own
            assert all("USING" in step for step in steps), plan
            assert not [step for step in plan if "TEMP B-TREE" in step], plan
    engine.dispose()


def plan_of(connection: Connection, text: str) -> list[str]:
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]


_ROWS = """
INSERT INTO invitations (id, desk, ticket_id, closing, closed_at, decision, decided_at, kind, state, asked_at, expires_at, changing, revision, form)
SELECT n, 'api', 'T-' || n, n, n, CASE n % 5 WHEN 0 THEN 'skip' ELSE 'ask' END, n, 'ticket',
CASE n % 5 WHEN 0 THEN 'skipped' WHEN 1 THEN 'answered' WHEN 2 THEN 'answered' ELSE 'lapsed' END,
CASE n % 5 WHEN 0 THEN NULL ELSE n END, n, false, 0, 'web' FROM generate_series(1, 20000) AS n;
INSERT INTO ratings (id, state, value, satisfied, comment, rated_at, changed_at, scale, survey_id, account, closed_at, desk, ticket_id, form)
SELECT n, 'confirmed', 1 + n % 5, n % 5 > 2, CASE n % 2 WHEN 0 THEN 'x' END, n, n, '1-5', 'default', 'a', n, 'api', 'T-' || n, 'web'
FROM generate_series(1, 20000) AS n WHERE n % 5 IN (1, 2);
"""


def test_postgresql_walks_along_an_index(postgres_url: str) -> None:
    """With as many rows as make it worth while: a small table is read as a whole, and rightly."""
    engine = create_engine(postgres_url)
    odd: list[str] = []
    with engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # invitations without their tickets
        for statement in _ROWS.split(";")[:2]:
            connection.exec_driver_sql(statement.replace("%", "%%"))
        connection.exec_driver_sql("ANALYZE invitations")
        connection.exec_driver_sql("ANALYZE ratings")
        for name, wanted in WANTED.items():
            for second in (False, True):
                text = statement_of(wanted, on_sqlite=False, second=second).replace("%", "%%")
                plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text}")]
                # Of few rows it is right to sort them: this engine counts beforehand.
                sorts = [step for step in plan if re.search(r"-> +Sort .*rows=\d{3}", step)]
                if sorts or [
                    step for step in plan if "Seq Scan on invitations" in step or "Seq Scan on ratings" in step
                ]:
                    odd.append(f"{name}: {[step.strip()[:90] for step in plan]}")
    engine.dispose()
    assert odd == [], "\n".join(odd)


def test_a_tickets_life_is_found_by_indexes(sqlite_url: str) -> None:
    engine = writer_engine(sqlite_url)
    found = Wanted(Filters(), Show.ALL, Sort("closed"), tickets=("T-1",))
    texts = [str(rows_of(found, sqlite=True).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))]
    for statement in (lives._MORE, lives._ACTS, lives._TRIES, lives._ALERTS, lives._WORDS):
        bound = statement.params(ids=[1, 2])
        texts.append(str(bound.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})))
    with engine.connect() as connection:
        for text in texts:
            plan = plan_of(connection, text)
            assert not [step for step in plan if step.startswith("SCAN")], plan
    engine.dispose()
