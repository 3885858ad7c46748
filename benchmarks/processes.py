"""Processes of the run: started, waited for, and ended whatever happens."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer
from typing import Any

PATIENCE = 120.0
"""Seconds after which a process that does not answer is ended, and the run with it."""

REST_SECONDS = 2.0  # long enough for the workers to have looked and found nothing


class Side:
    """A process that prints a JSON line when it is ready, and one for every line that it is told."""

    def __init__(self, module: str, arguments: Mapping[str, Any], log: Path) -> None:
        self._module = module
        self._log = log.open("ab")
        self.process = subprocess.Popen(  # noqa: S603 - our own modules, by our own interpreter
            [sys.executable, "-m", f"benchmarks.sides.{module}", json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.pid = self.process.pid

    def hear(self) -> Any:
        """Return the next line that it says."""
        assert self.process.stdout is not None
        timer = Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise RuntimeError(f"{self._module} ended or hung:\n{Path(self._log.name).read_text()[-2000:]}")
        return json.loads(line)

    def tell(self, said: object) -> None:
        """Say a line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(said).encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """End it."""
        end(self.process)
        self._log.close()


@contextmanager
def side(module: str, log: Path, **arguments: Any) -> Iterator[Side]:
    """Run a module of benchmarks/sides; the first line that it says is left to be heard."""
    process = Side(module, arguments, log)
    try:
        yield process
    finally:
        process.end()


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and make it when it does not."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_for_200(port: int, path: str, process: "subprocess.Popen[bytes]", every: float = 0.005) -> float:
    """Ask until the answer is 200; return the seconds that it took."""
    started = time.perf_counter()
    pause = Event()
    while time.perf_counter() - started < PATIENCE:
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode} before its first 200")
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", path)
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return time.perf_counter() - started
            finally:
                connection.close()
        pause.wait(every)
    raise TimeoutError("no 200 in time")


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process holds (RSS), as the kernel or ps says."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)  # noqa: S603, S607 - a number, and the system's own ps
    return int(told.stdout) / 1024


def resting_megabytes(pid: int) -> float:
    """Return the memory once it has not moved by more than a megabyte for a while."""
    before, held = 0.0, resident_megabytes(pid)
    pause = Event()
    while abs(held - before) > 1:
        pause.wait(REST_SECONDS)
        before, held = held, resident_megabytes(pid)
    return held
