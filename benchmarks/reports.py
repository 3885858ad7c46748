"""Reading: the dashboard, the table of agents and pages of the registry, over a sample of a year."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.progress import Progress
from sqlalchemy import Connection, Engine, create_engine, delete, insert, select, text

from benchmarks.copies import multiply
from benchmarks.databases import Databases
from benchmarks.plan import Plan
from benchmarks.report import Row
from benchmarks.seed import now
from ratings.reports.agents import agents
from ratings.reports.dashboard import dashboard
from ratings.reports.figures import Days
from ratings.reports.filters import Filters, day_end, day_start
from ratings.reports.registry import list_registry
from ratings.reports.registry_query import parse_wanted
from ratings.sample import plan as sample
from ratings.sample.cast import MOST_AGENTS
from ratings.store.engine import reader_engine
from ratings.store.migrate import migrate
from ratings.store.people_tables import settings
from ratings.store.roll_up_keeping import roll_up_state_of
from ratings.store.sample import count_days, fill, load_sample
from ratings.store.store import Store
from ratings.times import HOUR, parse_instant

ZONE = ZoneInfo("Europe/Moscow")
CLOSINGS_A_RATING = 2.83
"""Of so many closings of the sample one is rated."""

SAMPLED, LEAST_COPIES = 250_000, 4
"""Ratings that are told one by one, at the most; the rest are copies of them, of each so many at the least."""

FAST, LARGE, FAST_LARGE = 100.0, 2_000_000, 200.0
"""Milliseconds that 95 of 100 pages take at the most; of more ratings than LARGE they may take longer."""

PERIODS = {"7 days": 7, "90 days": 90, "a year": 365}
_DEEP = 40

_Read = Callable[[Connection], object]


def run(databases: Databases, _folder: Path, plan: Plan, progress: Progress) -> Iterator[Row]:
    """Fill a database, unless an earlier run has left it, and time every kind of page beside the raw driver's shortest way to the same rows."""
    url = _filled(databases, plan, progress)
    if not plan.pages:
        return
    engine = reader_engine(url)
    with engine.begin() as connection:
        held = load_sample(connection)
    assert held is not None
    last = datetime.fromtimestamp(parse_instant(held.until) / 1000, ZONE).date()
    most = FAST if plan.ratings < LARGE else FAST_LARGE
    size = f"{plan.ratings:,} ratings"
    task = progress.add_task(f"pages, {databases.engine}", total=2 * len(PERIODS) + 2)
    for name, length in PERIODS.items():
        days = Days(last - timedelta(days=length - 1), last)
        floor = _p95(engine, [_raw_days(days)], plan.pages)
        usual = _p95(engine, [_raw_ratings(days)], max(2, plan.pages // 10))
        value = _p95(engine, _dashboards(days), plan.pages)
        yield Row(
            f"dashboard, {name}, {size}", databases.engine, "ms, p95", value, floor, usual, _goal(most), value <= most
        )
        progress.advance(task)
        value = _p95(engine, _tables_of_agents(days), plan.pages)
        yield Row(
            f"agents, {name}, {size}", databases.engine, "ms, p95", value, floor, usual, _goal(most), value <= most
        )
        progress.advance(task)
    with engine.begin() as connection:
        agent = connection.execute(text("SELECT min(agent_id) FROM ratings")).scalar_one()
    floor = _p95(engine, [_raw_page], plan.pages)
    for name, deep in (("first", 0), ("deep", _DEEP)):
        value = _p95(engine, _pages(engine, agent, deep), plan.pages)
        yield Row(
            f"registry, {name} page, {size}",
            databases.engine,
            "ms, p95",
            value,
            floor,
            None,
            _goal(most),
            value <= most,
        )
        progress.advance(task)
    engine.dispose()


def _filled(databases: Databases, plan: Plan, progress: Progress) -> str:
    """Return a database with so many ratings: what an earlier run has left, or a counted sample that is copied inside the database."""
    copies = max(LEAST_COPIES, -(-plan.ratings // SAMPLED))
    name = f"reports_{plan.ratings}"
    url = databases.find(name)
    if url is not None and _holds(url, copies):
        return url
    with databases.hurried():
        url = databases.copy(_sampled(databases, round(plan.ratings * CLOSINGS_A_RATING / copies), progress), name)
        task = progress.add_task(f"{copies} of it, {databases.engine}", total=1)
        multiply(url, copies)
        _note(url, copies)
        progress.advance(task)
    databases.settle(url)
    return url


def _sampled(databases: Databases, closings: int, progress: Progress) -> str:
    """Return a database with a sample of so many closings, filled by the operations that fill one, and counted."""
    name = f"sample_{closings}"
    url = databases.find(name)
    filled = url is not None and _holds(url, 1)
    if url is None or not filled:
        url = databases.create(name)
    task = progress.add_task(f"a year, {databases.engine}", total=2 * closings)
    store = Store(url, now).start()
    if not filled:
        history = sample.Plan(closings, 1, now() // HOUR * HOUR, zone=ZONE.key, agents=MOST_AGENTS)
        fill(store.writer, history, by="benchmarks", on_rows=lambda more: progress.advance(task, more))
    count_days(store, ZONE.key, on_rows=lambda more: progress.advance(task, more))
    store.stop()
    _note(url, 1)
    databases.settle(url)
    return url


_NOTE = "benchmark"
"""The name in `settings` of what a database holds that is filled to its end: how many copies of its sample."""


def _note(url: str, copies: int) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(delete(settings).where(settings.c.name == _NOTE))
        row = {"name": _NOTE, "value": str(copies), "changed_at": 0, "changed_by": "benchmarks"}
        connection.execute(insert(settings), row)
    engine.dispose()


def _holds(url: str, copies: int) -> bool:
    """Return whether it was filled to its end, by the schema of this program and with what it counts (a sample is counted anew)."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(select(settings.c.value).where(settings.c.name == _NOTE)).scalar_one_or_none()
        counted = roll_up_state_of(connection).ready
    engine.dispose()
    if found == str(copies):
        migrate(url)
    return found == str(copies) and (counted or copies == 1)


def _goal(most: float) -> str:
    return f"≤ {most:.0f} ms"


def _p95(engine: Engine, reads: Sequence[_Read], rounds: int) -> float:
    """Return the milliseconds that 95 of 100 reads took at the most; each was done once before."""
    times: list[float] = []
    for repeat in range(rounds + 1):
        for read in reads:
            began = time.perf_counter()
            with engine.begin() as connection:
                read(connection)
            if repeat:
                times.append(1000 * (time.perf_counter() - began))
    return sorted(times)[max(0, round(0.95 * len(times)) - 1)]


# --- what is read ------------------------------------------------------------------------------------------------

_FILTERS = (
    Filters(),
    Filters({"form": ("support",)}),
    Filters({"channel": ("telegram.sample", "vk.sample")}),
    Filters({"form": ("billing",), "group": ("first-line",)}),
)


def _dashboards(days: Days) -> list[_Read]:
    length = days.last - days.first + timedelta(days=1)
    before = Days(days.first - length, days.last - length)
    return [
        lambda connection, filters=filters: dashboard(connection, filters, days, before, ZONE, now=now())  # type: ignore[misc] # a default that binds
        for filters in _FILTERS
    ]


def _tables_of_agents(days: Days) -> list[_Read]:
    return [
        lambda connection, filters=filters: agents(connection, filters, days, ZONE)  # type: ignore[misc] # as above
        for filters in _FILTERS
    ]


def _pages(engine: Engine, agent: str, deep: int) -> list[_Read]:
    """Return reads of a mix of filters: common and rare, one and several."""
    reads: list[_Read] = []
    for parameters in (
        {},
        {"value_max": ["2"]},
        {"value": ["1", "2"], "has_comment": ["true"]},
        {"agent": [agent]},
        {"agent": [agent], "value": ["1"]},
        {"form": ["billing"], "channel": ["viber.sample"]},
        {"form": ["billing", "phone"]},
        {"group": ["seniors"], "priority": ["high"]},
        {"sort": ["value"]},
        {"show": ["unanswered"]},
        {"show": ["not_asked"], "reason": ["opted_out"]},
        {"show": ["all"], "agent": [agent]},
        {"tag": ["vip"]},
        {"tag": ["vip", "новый клиент"], "value": ["1"]},
        {"q": ["спасибо"]},
        {"q": ["оператор долго"], "form": ["billing"]},
        # What has hardly begun: its few rows are looked for among all.
        {"survey": ["new"]},
        {"survey": ["new"], "form": ["billing"], "show": ["all"]},
        {"channel": ["telegram.new", "vk.new"]},
    ):
        wanted = parse_wanted(parameters, ZONE)
        cursor: str | None = None
        with engine.begin() as connection:
            for _ in range(deep):
                cursor = list_registry(connection, wanted, cursor=cursor).next or cursor
        reads.append(lambda connection, w=wanted, c=cursor: list_registry(connection, w, cursor=c))  # type: ignore[misc] # as above
    return reads


# --- floors ------------------------------------------------------------------------------------------------------


def _raw_days(days: Days) -> _Read:
    """Everything that is counted of the days, in the smallest cube, added up by the engine."""
    numbers = {"first": _number(days.first), "last": _number(days.last)}
    statements = [
        f"SELECT sum({what}) FROM {table} WHERE unit = 0 AND cell IN (SELECT id FROM roll_up_cells WHERE cube = 0) "  # noqa: S608 - names of ours
        "AND start BETWEEN :first AND :last"
        for table, what in (("roll_up_tickets", "closed"), ("roll_up_ratings", "ratings"), ("roll_up_hours", "ratings"))
    ]

    def read(connection: Connection) -> list[Any]:
        return [connection.execute(text(statement), numbers).scalar_one() for statement in statements]

    return read


def _raw_ratings(days: Days) -> _Read:
    """What is read without counts of days: the ratings of the period, counted by value."""
    ends = {"first": day_start(days.first, ZONE), "end": day_end(days.last, ZONE)}
    statement = "SELECT value, count(*) FROM ratings WHERE rated_at >= :first AND rated_at < :end GROUP BY value"
    return lambda connection: connection.execute(text(statement), ends).all()


def _raw_page(connection: Connection) -> object:
    """Fifty rows, whole, by the index of their time."""
    statement = "SELECT * FROM ratings JOIN invitations ON invitations.id = ratings.id ORDER BY rated_at DESC, ratings.id DESC LIMIT 51"
    return connection.execute(text(statement)).all()


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
