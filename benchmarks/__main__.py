"""`python -m benchmarks [--quick] [--only taps,closings,prompts,http,start,claims,exports,reports] [--engine sqlite]`: see docs/benchmarks.md."""

import argparse
import logging
import multiprocessing
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import claims, closings, exports, prompts, report, reports, start, taps
from benchmarks.databases import Databases, SqliteDatabases, postgres
from benchmarks.plan import FULL, QUICK, Plan

PATHS = ("taps", "closings", "prompts", "http", "start", "claims", "exports", "reports")
ENGINES = ("sqlite", "postgresql")
ON_AN_ENGINE = {"taps", "closings", "prompts", "claims", "exports", "reports"}


def main() -> int:
    """Run, print the table, write the JSON. Returns 1 when a goal was missed at the full sizes."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: to try a change, not to quote")
    parser.add_argument("--only", default=",".join(PATHS), help=f"some of {','.join(PATHS)}")
    parser.add_argument("--engine", default=",".join(ENGINES), help=f"some of {','.join(ENGINES)}")
    parser.add_argument("--ratings", type=int, help="how many the reports are read over, as 10000000")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the databases of the reports: what is there is not filled again"
    )
    parser.add_argument("--fill", action="store_true", help="with --keep: fill them, and measure nothing yet")
    given = parser.parse_args()
    only, engines = given.only.split(","), given.engine.split(",")
    for name in only:
        if name not in PATHS:
            parser.error(f"--only {name}: allowed are {', '.join(PATHS)}")
    for name in engines:
        if name not in ENGINES:
            parser.error(f"--engine {name}: allowed are {', '.join(ENGINES)}")
    if given.keep is not None and only != ["reports"]:
        parser.error("--keep goes with --only reports")
    if given.fill and given.keep is None:
        parser.error("--fill goes with --keep")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleaned up then, too
    logging.getLogger("alembic").setLevel(logging.WARNING)
    console = Console() if sys.stdout.isatty() else Console(width=190)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="tapfive-benchmarks-"))
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[report.Row] = []
    try:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            plan = QUICK if given.quick else FULL
            if given.ratings is not None:
                plan = replace(plan, ratings=given.ratings)
            if given.fill:
                plan = replace(plan, pages=0)
            rows.extend(_measure(only, engines, folder, plan, progress, keep=given.keep is not None))
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    report.show(rows, console)
    if given.quick:
        console.print("Quick sizes are for trying a change; nothing is written.")
        return 0
    if set(only) == set(PATHS) and set(engines) == set(ENGINES):
        report.write(rows, "full")
        console.print(f"Written: {report.RESULTS}")
    return 1 if any(row.met is False for row in rows) else 0


def _measure(
    only: list[str], engines: list[str], folder: Path, plan: Plan, progress: Progress, *, keep: bool
) -> Iterator[report.Row]:
    with ExitStack() as stack:
        load = stack.enter_context(ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")))
        databases: list[Databases] = []
        if ON_AN_ENGINE.intersection(only):
            databases += [SqliteDatabases(folder)] if "sqlite" in engines else []
            databases += [stack.enter_context(postgres(folder, keep=keep))] if "postgresql" in engines else []
        for each in databases:
            if "taps" in only:
                yield from taps.run(each, folder, plan, load, progress)
            if "closings" in only:
                yield from closings.run(each, folder, plan, load, progress)
            if "prompts" in only:
                yield from prompts.run(each, folder, plan, progress)
            if "claims" in only:
                yield from claims.run(each, folder, plan, progress)
            if "exports" in only:
                yield from exports.run(each, folder, plan, progress)
            if "reports" in only:
                yield from reports.run(each, folder, plan, progress)
        if "http" in only:
            yield from prompts.run_http(folder, plan, progress)
        if "start" in only:
            yield from start.run(folder, plan, progress)


if __name__ == "__main__":
    sys.exit(main())
