"""The statements of the hot paths are searches, whatever the tables hold: none reads a whole table, on either engine."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import BindParameter, Dialect, Text, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from ratings.store import (
    addresses,
    alerts,
    claims,
    cleaning,
    desk_results,
    desk_writes,
    earlier,
    inbound,
    lapses,
    link_votes,
    loading,
    pages,
    pauses,
    queues,
    receipts,
    replays,
    ticket_facts,
    wishes,
    words,
)
from ratings.store.engine import writer_engine

STATEMENTS: dict[str, Any] = {
    "invitations": loading._SELECT,
    "invitations of addresses": loading._OF_ADDRESSES,
    "events seen": inbound._SEEN,
    "held texts": words._HELD,
    "parts of comments": words._PARTS,
    "snapshots": claims._SNAPSHOTS,
    "due jobs": queues._DUE,
    "expired leases": queues._EXPIRED,
    "doubtful attempts": claims._DOUBTFUL,
    "attempts of lost leases": queues._END_LOST,
    "customers who are out": claims._OUT,
    "jobs": queues._JOBS,
    "messages on their way": receipts._IN_FLIGHT,
    "earlier closings": earlier._EARLIER,
    "aliases": earlier._ALIASES,
    "reopens": earlier._REOPENS,
    "addresses": addresses._LOAD,
    "alerts to tell": alerts._TO_TELL,
    "alerts of jobs": alerts._OF_JOBS,
    "alerts told lately": alerts._TOLD_LATELY,
    "alerts on their way": alerts._ON_ITS_WAY,
    "addresses of tickets": ticket_facts._CLOSED_ADDRESSES,
    "customers of tickets": ticket_facts._CLOSED_CUSTOMERS,
    "customers who were asked": ticket_facts._WERE_ASKED,
    "customers who will be": ticket_facts._WILL_BE_ASKED,
    "what a pause cancels": pauses._SCHEDULED,
    "what follows a reminder": claims._LATER,
    "lapses": lapses._DUE,
    "settlements": link_votes._DUE,
    "votes": link_votes._VOTES,
    "hits around votes": link_votes._HITS,
    "hits of the last hour": link_votes._RECENT_HITS,
    "parts of comments on the page": link_votes._PARTS,
    "the page": pages._PAGE,
    "places": pages._PLACES,
    "what messages name": inbound._NAMED,
    "what customers are asked": wishes._OPEN_OF_CUSTOMERS,
    "whom invitations ask": wishes._OF_INVITATIONS,
    "who is at an address": wishes._AT_ADDRESS,
    "who of them is out": wishes._OUT,
    "reminders that move": loading._MOVE_JOBS,
    "lapses that move": loading._LAPSE_LATER,
    "desks' jobs": desk_writes.THEIRS,
    "what tickets have of us": desk_writes.RESULTS,
    "reopened tickets": desk_writes._REOPENED,
    "their ratings": desk_writes._RATED,
    "their further closings": desk_writes._CLOSED_AGAIN,
    "what desks' jobs are about": desk_results._ABOUT,
    "attempts that are certain": desk_results._CERTAIN,
    "overtaken failures": desk_results._OVERTAKEN,
    "failures of an account to put back": replays.put_back(replays.ReplayJobs("x", account="a"), 1),
    "a failure to put back": replays.put_back(replays.ReplayJobs("x", job_id=1), 1),
    "finished jobs": cleaning._FINISHED,
}
ON_POSTGRESQL = {
    **STATEMENTS,
    "reminders that move": loading._MOVE_FREE_JOBS,
    "what follows a reminder": claims._LATER_FREE,
    "lapses that move": loading._LAPSE_LATER_FREE,
    "due jobs": queues._LOCK_DUE,
}


def _value(bind: BindParameter[Any]) -> Any:
    return "1" if isinstance(bind.type, Text) else 1


def _compiled(statement: Any, dialect: Dialect) -> tuple[str, Mapping[str, Any]]:
    """Return the text and its parameters: an expanding one has a single value."""
    compiled = statement.compile(dialect=dialect, column_keys=[])
    values = {
        name: bind.value if bind.value is not None else [_value(bind)] if bind.expanding else _value(bind)
        for bind, name in compiled.bind_names.items()
    }
    expanded = compiled.construct_expanded_state(values)
    return expanded.statement, expanded.parameters


@pytest.mark.parametrize("name", STATEMENTS)
def test_it_searches_by_an_index(name: str, sqlite_url: str) -> None:
    text, parameters = _compiled(STATEMENTS[name], sqlite.dialect(paramstyle="named"))
    engine = writer_engine(sqlite_url)
    with engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", dict(parameters))]
    engine.dispose()
    assert plan
    # What is listed is read as a whole: it is what somebody asked for.
    assert not [step for step in plan if step.startswith("SCAN") and "json_each" not in step], plan


_JOBS = """
INSERT INTO jobs (id, kind, invitation_id, revision, account, address, priority, state, due_at, lane, attempts, created_at, text)
SELECT n, CASE n % 3 WHEN 0 THEN 'prompt' WHEN 1 THEN 'reminder' ELSE 'render' END, n / 3, 0, 'a' || n % 5, 'x' || n / 3, 1 + n % 2,
CASE WHEN n % 1000 = 0 THEN 'leased' WHEN n % 10 < 3 THEN 'due' ELSE 'done' END, n, n, 0, n, '' FROM generate_series(1, 20000) AS n
"""
_IN_HAND = ("uq_jobs_lane", "ix_jobs_leased")
"""Indexes of what is in hand just now: that little may be read as a whole."""


def test_postgresql_searches_by_an_index_in_the_plan_for_all_values(postgres_url: str) -> None:
    """What is prepared is planned once for all values: a partial index is of use to it only where its condition is spelt out.

    Empty tables are read as a whole because that is cheaper: the planner is told that it is not. The jobs are in many states.
    """
    engine = create_engine(postgres_url)
    odd: list[str] = []
    with engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")  # jobs without their invitations
        connection.exec_driver_sql(_JOBS.replace("%", "%%"))
        connection.exec_driver_sql("ANALYZE jobs")
        connection.exec_driver_sql("SET enable_seqscan = off")
        for name, statement in ON_POSTGRESQL.items():
            text, parameters = _compiled(statement, postgresql.dialect(paramstyle="pyformat"))  # type: ignore[no-untyped-call] # of SQLAlchemy
            for number, parameter in enumerate(parameters, start=1):
                text = text.replace(f"%({parameter})s", f"${number}")
            plan = [row[0].strip() for row in connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {text}")]
            for step, condition in pairwise([*plan, ""]):
                reads = "Scan using" in step and not any(each in step for each in _IN_HAND)
                if "Seq Scan" in step or (reads and not condition.startswith("Index Cond:")):
                    odd.append(f"{name}: {step}")
    engine.dispose()
    assert odd == []
