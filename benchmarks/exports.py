"""The registry as a file: rows a second as CSV and XLSX, beside the driver's own cursor over the same query."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from rich.progress import Progress
from sqlalchemy import make_url
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks.databases import Databases, file_of
from benchmarks.plan import Plan
from benchmarks.report import Row
from benchmarks.rounds import interleave
from benchmarks.seed import now
from bot.exporting.columns import COLUMNS, Cutter
from bot.exporting.export import ROWS, Asked, Export
from bot.exporting.export import Progress as Progressing
from ratings.reports.registry import Wanted
from ratings.reports.registry_statements import columns_of, keys_of, rows_of
from ratings.sample.plan import Plan as SamplePlan
from ratings.store.sample import fill
from ratings.store.store import Store

CSV_SHARE = 0.5
DAYS = 365
RATED = Wanted()


def run(databases: Databases, _folder: Path, plan: Plan, progress: Progress) -> Iterator[Row]:
    """Measure on one engine: ratings, the newest first, in all columns, as managers and the API ask for them."""
    url = databases.create("exports")
    store = Store(url, now).start()
    try:
        fill(store.writer, SamplePlan(plan.exported, 1, now(), DAYS, "Europe/Moscow"), by="bench")
    finally:
        store.stop()
    databases.settle(url)
    sides = {
        "CSV": lambda: _exported(url, "csv"),
        "the driver's cursor": lambda: _raw(url),
    }
    found = interleave(sides, plan.rounds, progress, f"export, {databases.engine}")
    value, floor = found["CSV"], found["the driver's cursor"]
    met = value >= floor * CSV_SHARE
    yield Row(
        "export, CSV (floor: the driver's cursor)",
        databases.engine,
        "rows/s",
        value,
        floor,
        None,
        f"≥ {CSV_SHARE} × floor",
        met,
    )
    rate, memory = _in_a_process(url)
    yield Row("export, XLSX", databases.engine, "rows/s", rate)
    yield Row("export, XLSX: memory that it takes", databases.engine, "MB", memory)


def _exported(url: str, name: str, progress: Progressing = lambda _rows: None) -> float:
    """Make the whole file and throw it away; return rows a second."""
    store = Store(url, now)
    try:
        export = Export(store, Asked(RATED, name, tuple(COLUMNS.values()), zone=ZoneInfo("Europe/Moscow")))
        started = time.perf_counter()
        size = sum(map(len, export.blocks_now(progress)))
        seconds = time.perf_counter() - started
        export.close()
        if size < export.written:
            raise RuntimeError(f"{export.written} rows in {size} bytes")
        return export.written / seconds
    finally:
        store._readers.dispose()  # noqa: SLF001 - the writer was never started


def _raw(url: str) -> float:
    """Read the same columns of the same rows in the same order by one query, and do nothing with them."""
    on_sqlite = url.startswith("sqlite")
    dialect = sqlite.dialect() if on_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call] # of SQLAlchemy
    columns = columns_of(RATED, Cutter(tuple(COLUMNS.values()), "en").sources)
    statement = rows_of(RATED, sqlite=on_sqlite, columns=columns).order_by(*(key.desc() for key in keys_of(RATED)))
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    started = time.perf_counter()
    if on_sqlite:
        connection = sqlite3.connect(file_of(url))
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute("PRAGMA mmap_size=268435456")
        many = _drained(connection.execute(text))
        connection.close()
    else:
        told = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(told) as opened, opened.cursor("export") as cursor:
            cursor.itersize = ROWS
            cursor.execute(text.replace("%%", "%"))
            many = _drained(cursor)
    return many / (time.perf_counter() - started)


def _drained(cursor: "sqlite3.Cursor | psycopg.ServerCursor[psycopg.rows.TupleRow]") -> int:
    many = 0
    while rows := cursor.fetchmany(ROWS):
        many += len(rows)
    return many


def _in_a_process(url: str) -> tuple[float, float]:
    """Make an XLSX in a process of its own; return rows a second, and by how many MB the process grew."""
    ended = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-m", "benchmarks.exports", url], capture_output=True, text=True, check=True
    )
    rate, memory = map(float, ended.stdout.split())
    return rate, memory


def _own_mb() -> float:
    """The memory that is this process's own: pages of the database's file, which SQLite maps, are anybody's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def main() -> None:
    """Measure an XLSX: what `_in_a_process` starts."""
    import xlsxwriter  # noqa: F401, PLC0415 - its import is no memory of an export

    before = _own_mb()
    found = [before]
    rate = _exported(sys.argv[1], "xlsx", lambda _rows: found.append(_own_mb()))
    print(rate, max(found) - before)


if __name__ == "__main__":
    main()
