"""The registry walks along an index and stops: no page reads a whole table, and none is sorted first, on either engine."""

import re

import pytest
from sqlalchemy import Connection, create_engine, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from ratings.reports import lives
from ratings.reports.filters import Filters, Range
from ratings.reports.registry import SORTS, Show, Sort, Wanted
from ratings.reports.registry_starts import candidates
from ratings.reports.registry_statements import Start, beyond, conditions_of, keys_of, page_of, rows_of, source_of
from ratings.rights import Sight
from ratings.store.engine import writer_engine
from ratings.store.schema import SAID

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
    "a common tag": Wanted(Filters(tags=("vip", "new"))),
    "a common tag, all": Wanted(Filters(tags=("vip",)), Show.ALL, Sort("closed")),
    "one survey": Wanted(Filters({"survey": ("default",)})),
    "one channel": Wanted(Filters({"channel": ("a",)})),
    "all of one survey": Wanted(Filters({"survey": ("default",)}), Show.ALL, Sort("closed")),
}
BY_INDEX = {
    "one survey": "ix_ratings_survey_id_rated_at_id",
    "one channel": "ix_ratings_account_rated_at_id",
    "all of one survey": "ix_invitations_survey_id_closed_at_id",
}
"""What must not be looked for along a common order: an index leads to the rows of one, in order."""

DATED = Filters(
    {"survey": ("new", "newer"), "channel": ("new.bot",), "form": ("web",), "agent": ("1",), "group": ("g",)},
    tags=("vip", "new"),
    words=("слово", "за"),
    ranges={"rated": Range(1, 1_000_000), "closed": Range(1, 1_000_000), "asked": Range(1, 1_000_000)},
    sight=Sight(("web", "shop")),
)
STARTED = {
    **{f"rated, by {name}": Wanted(DATED, sort=Sort(name), tickets=("T-1",)) for name in SORTS[Show.RATED]},
    **{f"all, by {name}": Wanted(DATED, Show.ALL, Sort(name), tickets=("T-1",)) for name in SORTS[Show.ALL]},
    "skipped": Wanted(Filters({"survey": ("new",)}), Show.NOT_ASKED, Sort("closed"), reasons=("a", "b")),
    "one survey": Wanted(Filters({"survey": ("new",)})),
    "one tag": Wanted(Filters(tags=("vip",))),
}
LEADS = {
    "survey": ("ix_ratings_survey_id_rated_at_id", "ix_invitations_survey_id_closed_at_id"),
    "channel": ("ix_ratings_account_rated_at_id",),
    "form": ("ix_ratings_form_rated_at_id", "ix_invitations_form_closed_at_id"),
    "sight": ("ix_ratings_form_rated_at_id", "ix_invitations_form_closed_at_id"),
    "agent": ("ix_ratings_agent_id_rated_at_id", "ix_invitations_agent_id_closed_at_id"),
    "group": ("ix_ratings_group_id_rated_at_id",),
    "reason": ("ix_invitations_reason_closed_at_id",),
    "ticket": ("ix_invitations_ticket_id",),
    "tag": ("ticket_tags USING PRIMARY KEY (tag=?)",),
    "words": ("rating_words VIRTUAL TABLE",),
}
"""By which index, on either table, the rows of something rare are found."""


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
            assert BY_INDEX.get(name, "") in plan[0], plan
            steps = [
                step for step in plan if not step.startswith("CORRELATED")
            ]  # what it looks up is a step of its own
            assert all("USING" in step for step in steps), plan
            assert not [step for step in plan if "TEMP B-TREE" in step], plan
    engine.dispose()


@pytest.mark.parametrize("name", STARTED)
def test_sqlite_finds_what_is_rare_by_its_index_and_sorts_it(name: str, sqlite_url: str) -> None:
    """Whatever the order: a page, the one after it, and the number of rows."""
    wanted = STARTED[name]
    engine = writer_engine(sqlite_url)
    keys = keys_of(wanted)
    order = [key.desc() for key in keys]
    after = beyond(keys, [5] * len(keys), falling=True)
    with engine.connect() as connection:
        for kind, ids in candidates(wanted).items():
            start = Start(kind, ids)
            conditions = conditions_of(wanted, sqlite=True, start=start)
            for statement in (
                page_of(wanted, order, sqlite=True, start=start).params(rest=51),
                page_of(wanted, order, after, sqlite=True, start=start).params(rest=51),
                select(literal_column("1")).select_from(source_of(wanted, start)).where(*conditions).limit(51),
                ids.limit(51),
            ):
                text = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
                plan = plan_of(connection, text)
                assert [step for step in plan if any(led in step for led in LEADS[kind])], (kind, plan)
                read = [step for step in plan if step.startswith("SCAN") and "rating_words VIRTUAL" not in step]
                assert read == [], (kind, plan)
    engine.dispose()


def test_sqlite_reads_no_whole_survey_for_who_wants_what_is_due(sqlite_url: str) -> None:
    """Its indexes by survey and channel are for queries that say so: without counts it would take a survey for ten rows."""
    engine = writer_engine(sqlite_url)
    with engine.connect() as connection:
        for table, other in (("invitations", "decided_at >= 5"), ("ratings", "rated_at >= 5")):
            for said, used in (("", False), (f" AND {SAID[table]}", True)):
                statement = f"SELECT id FROM {table} WHERE survey_id = 'a' AND {other}{said}"  # noqa: S608 - names of ours
                plan = plan_of(connection, statement)
                assert ("_survey_id_" in plan[0]) is used, plan
    engine.dispose()


def plan_of(connection: Connection, text: str) -> list[str]:
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]


_ROWS = """
INSERT INTO invitations (id, desk, ticket_id, closing, closed_at, decision, decided_at, kind, state, asked_at, expires_at, changing, revision, form, survey_id)
SELECT n, 'api', 'T-' || n, n, n, CASE n % 5 WHEN 0 THEN 'skip' ELSE 'ask' END, n, 'ticket',
CASE n % 5 WHEN 0 THEN 'skipped' WHEN 1 THEN 'answered' WHEN 2 THEN 'answered' ELSE 'lapsed' END,
CASE n % 5 WHEN 0 THEN NULL ELSE n END, n, false, 0, 'web', CASE WHEN n < 16 THEN 'new' ELSE 'default' END FROM generate_series(1, 20000) AS n;
INSERT INTO ratings (id, state, value, satisfied, comment, rated_at, changed_at, scale, survey_id, account, closed_at, desk, ticket_id, form)
SELECT n, 'confirmed', 1 + n % 5, n % 5 > 2, CASE n % 2 WHEN 0 THEN 'x' END, n, n, '1-5', CASE WHEN n < 16 THEN 'new' ELSE 'default' END,
CASE WHEN n < 16 THEN 'new.bot' ELSE 'a' END, n, 'api', 'T-' || n, 'web' FROM generate_series(1, 20000) AS n WHERE n % 5 IN (1, 2);
"""
RARE = {
    "ix_ratings_survey_id_rated_at_id": Wanted(Filters({"survey": ("new",)})),
    "ix_ratings_account_rated_at_id": Wanted(Filters({"channel": ("new.bot",)})),
    "ix_invitations_survey_id_closed_at_id": Wanted(Filters({"survey": ("new",)}), Show.ALL, Sort("closed")),
}


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
        for index, wanted in RARE.items():
            text = statement_of(wanted, on_sqlite=False, second=False).replace("%", "%%")
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text}")]
            if not [step for step in plan if index in step]:
                odd.append(f"{index}: {[step.strip()[:90] for step in plan]}")
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
