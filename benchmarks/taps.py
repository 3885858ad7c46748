"""Taps made durable through the real hook: beside bare ASGI with a raw driver, and beside aiogram with an ORM."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from rich.progress import Progress
from sqlalchemy import create_engine, text

from benchmarks.databases import Databases
from benchmarks.load import Load, closed_loop, open_loop
from benchmarks.plan import CONNECTIONS, WARM_UP, Plan
from benchmarks.processes import resting_megabytes, side
from benchmarks.report import Row, at_least
from benchmarks.rounds import interleave
from benchmarks.seed import counts, seed
from benchmarks.service import service
from benchmarks.updates import tap_requests

FLOOR_SHARE, USUAL_FACTOR, P99 = 0.5, 15.0, 0.050
WRITTEN = ("inbound_events", "votes", "ratings", "events")


class _Side:
    """One server and the taps that it has not had yet."""

    def __init__(
        self, name: str, port: int, pid: int, url: str, asked: list[tuple[int, str]], load: ProcessPoolExecutor
    ) -> None:
        self.name = name
        self.pid = pid
        self.url = url
        self.done = 0
        self._port = port
        self._asked = asked
        self._load = load

    def _next(self, count: int) -> list[bytes]:
        requests = tap_requests(self._asked[self.done : self.done + count], self.done)
        assert len(requests) == count, "too few invitations were seeded"
        self.done += count
        return requests

    def _check(self, load: Load) -> Load:
        if load.failed:
            raise RuntimeError(f"{self.name}: {load.failed} of {load.answered} taps were not answered with 200")
        return load

    def rate(self, count: int) -> float:
        """Send taps as fast as they are answered; return taps a second."""
        load = self._check(self._load.submit(closed_loop, self._port, self._next(count), CONNECTIONS).result())
        return load.answered / load.seconds

    def p99(self, rate: float, seconds: float) -> float:
        """Send taps at a fixed rate; return the 99th percentile of their latencies in seconds."""
        requests = self._next(int(rate * seconds))
        load = self._load.submit(open_loop, self._port, requests, CONNECTIONS * 4, rate).result()
        return self._check(load).percentile(0.99)


def run(databases: Databases, folder: Path, plan: Plan, load: ProcessPoolExecutor, progress: Progress) -> Iterator[Row]:
    """Measure on one engine."""
    title = f"taps, {databases.engine}"
    task = progress.add_task(f"{title}: seeding", total=None)
    # What half load takes is not known before it is measured; no side of this design does more than 16,000 a second.
    latency_taps = int(16_000 * plan.latency_seconds * 3)
    template = databases.create("taps_template")
    asked = seed(template, int(plan.taps * (plan.rounds + WARM_UP)) + latency_taps, asked=True)
    databases.settle(template)
    progress.remove_task(task)
    with ExitStack() as stack:
        sides = _start(stack, databases, template, folder, asked, load)
        tapfive, floor, usual = sides
        for each in (tapfive, floor):
            each.rate(int(plan.taps * WARM_UP))
        usual.rate(max(10, int(plan.usual_taps * WARM_UP)))
        resting_megabytes(tapfive.pid)  # the first answer to a tap loads aiogram: not what is measured here
        rates = interleave(
            {
                "Tapfive": lambda: tapfive.rate(plan.taps),
                "floor": lambda: floor.rate(plan.taps),
                "usual stack": lambda: usual.rate(plan.usual_taps),
            },
            plan.rounds,
            progress,
            title,
        )
        value, bare, orm = rates["Tapfive"], rates["floor"], rates["usual stack"]
        yield Row(
            "taps made durable",
            databases.engine,
            "taps/s",
            value,
            bare,
            orm,
            f"≥ {FLOOR_SHARE} × floor, ≥ {USUAL_FACTOR:.0f} × usual",
            at_least(value, floor=(bare, FLOOR_SHARE), usual=(orm, USUAL_FACTOR)),
        )
        yield _latency(databases.engine, tapfive, floor, value / 2, plan, progress)
        for each in sides:
            _must_hold(each)


def _latency(engine: str, tapfive: _Side, floor: _Side, rate: float, plan: Plan, progress: Progress) -> Row:
    found = interleave(
        {
            "Tapfive": lambda: tapfive.p99(rate, plan.latency_seconds),
            "floor": lambda: floor.p99(rate, plan.latency_seconds),
        },
        min(3, plan.rounds),
        progress,
        f"taps at half load, {engine}",
    )
    value = found["Tapfive"]
    return Row(
        f"p99 of a tap at half load ({rate:,.0f}/s)",
        engine,
        "ms",
        value * 1000,
        found["floor"] * 1000,
        goal=f"< {P99 * 1000:.0f} ms",
        met=value < P99,
    )


def _start(
    stack: ExitStack,
    databases: Databases,
    template: str,
    folder: Path,
    asked: list[tuple[int, str]],
    load: ProcessPoolExecutor,
) -> list[_Side]:
    # Taps are acknowledged at once, in process: it needs somebody who answers.
    echo = stack.enter_context(side("echo", folder / "echo.log"))
    api_url = f"http://127.0.0.1:{echo.hear()['port']}"
    urls = {name: databases.copy(template, f"taps_{name}") for name in ("tapfive", "floor", "usual")}
    ours = stack.enter_context(service(folder, urls["tapfive"], api_url, work=False))
    sides = [_Side("Tapfive", ours.port, ours.pid, urls["tapfive"], asked, load)]
    for name in ("floor", "usual"):
        process = stack.enter_context(side(f"{name}_taps", folder / f"{name}.log", url=urls[name]))
        sides.append(_Side(name, process.hear()["port"], process.pid, urls[name], asked, load))
    return sides


def _must_hold(each: _Side) -> None:
    """Every side must have written every tap that it answered, and counted it."""
    found = counts(each.url, WRITTEN) | {"answered": _answered(each.url)}
    if set(found.values()) != {each.done}:
        raise RuntimeError(f"{each.name} answered {each.done} taps and holds {json.dumps(found)}")


def _answered(url: str) -> int:
    """Return how many answers were added to the counts of days."""
    engine = create_engine(url)
    with engine.connect() as connection:
        statement = "SELECT sum(many) FROM roll_up_changes WHERE what = 'answered'"
        found = int(connection.execute(text(statement)).scalar_one() or 0)
    engine.dispose()
    return found
