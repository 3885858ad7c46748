"""From the start of `tapfive serve` to its first 200, and the memory that it holds when it has nothing to do."""

import http.client
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress

from benchmarks.databases import SqliteDatabases
from benchmarks.plan import Plan
from benchmarks.processes import end, resident_megabytes, resting_megabytes, side, wait_for_200
from benchmarks.report import Row
from benchmarks.rounds import interleave
from benchmarks.service import HOOK_PATH, HOOK_SECRET, service
from benchmarks.updates import tap_body
from ratings.tokens import Tokens

START_SECONDS, ALONE_MB, TELEGRAM_MB = 2.0, 120.0, 250.0


def run(folder: Path, plan: Plan, progress: Progress) -> Iterator[Row]:
    """Measure start and memory, with and without a Telegram account."""
    url = SqliteDatabases(folder).create("start")
    memory: dict[str, list[float]] = {"alone": [], "telegram": [], "bare": [], "python": []}
    with side("echo", folder / "echo.log") as echo:
        api_url = f"http://127.0.0.1:{echo.hear()['port']}"

        def started(name: str, account: str | None) -> Callable[[], float]:
            def start() -> float:
                with service(folder, url, account, work=True) as ours:
                    if account is not None:
                        _tap(ours.port)
                    memory[name].append(resting_megabytes(ours.pid))
                    return ours.seconds

            return start

        def bare() -> float:
            with _bare_web(folder) as (seconds, pid):
                memory["bare"].append(resting_megabytes(pid))
                return seconds

        sides = {"without accounts": started("alone", None), "with Telegram": started("telegram", api_url)}
        found = interleave({**sides, "bare": bare}, plan.starts, progress, "start and memory")
    nothing = _python_memory()
    for name, value in (("without accounts", found["without accounts"]), ("with Telegram", found["with Telegram"])):
        goal = f"≤ {START_SECONDS:.0f} s"
        yield Row(
            f"start to first 200, {name}", "SQLite", "s", value, found["bare"], None, goal, value <= START_SECONDS
        )
    for label, name, most in (("without accounts", "alone", ALONE_MB), ("with Telegram", "telegram", TELEGRAM_MB)):
        held = max(memory[name])
        bare_memory = max(memory["bare"])
        yield Row(f"memory idle, {label}", "SQLite", "MB", held, bare_memory, None, f"≤ {most:.0f} MB", held <= most)
    yield Row("memory of Python alone", "–", "MB", nothing)


@contextmanager
def _bare_web(folder: Path) -> Iterator[tuple[float, int]]:
    began = time.perf_counter()
    with side("bare_web", folder / "bare.log") as process:
        port = process.hear()["port"]
        wait_for_200(port, "/healthz", process.process)
        yield time.perf_counter() - began, process.pid


def _tap(port: int) -> None:
    """Tap once, with a token that is none: the answer to it is the account's first call, and loads what calls need."""
    token = Tokens([b"somebody else's"]).issue(1)
    headers = {"X-Telegram-Bot-Api-Secret-Token": HOOK_SECRET}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", HOOK_PATH, tap_body(token, "1", 1), headers)
        assert connection.getresponse().status == http.HTTPStatus.OK
    finally:
        connection.close()


def _python_memory() -> float:
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        return resident_megabytes(process.pid)
    finally:
        end(process)
