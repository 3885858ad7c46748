"""The load generator: prebuilt HTTP requests over keep-alive connections, by bare asyncio protocols.

Runs in a process of its own. Every answer's status is looked at; anything but 200 is counted as a failure.
"""

import asyncio
import gc
import http
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import uvloop

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: `latencies` in seconds, from the instant at which a request was to be sent to its answer."""

    seconds: float
    answered: int
    failed: int
    latencies: tuple[float, ...]

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Connection(asyncio.Protocol):
    """One request at a time; `on_answer` gets the status."""

    def __init__(self, on_answer: "Callable[[_Connection, int], None]") -> None:
        self._on_answer = on_answer
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def send(self, request: bytes, since: float) -> None:
        assert self._transport is not None
        self.since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lowered = self._buffer[:head].lower()
        start = lowered.index(b"content-length:") + 15
        end = lowered.find(b"\r\n", start)
        length = int(lowered[start : end if end >= 0 else head])
        if len(self._buffer) < head + 4 + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        self._on_answer(self, status)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._on_answer(self, 0)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def closed_loop(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Every connection sends its next request when it has the answer to the one before."""
    return uvloop.run(_Run(requests, None).run(port, connections))


def open_loop(port: int, requests: Sequence[bytes], connections: int, rate: float) -> Load:
    """Requests are due at a fixed rate, whatever the answers do; who finds no free connection waits, and that counts."""
    return uvloop.run(_Run(requests, rate).run(port, connections))


class _Run:
    """One run of either loop."""

    def __init__(self, requests: Sequence[bytes], rate: float | None) -> None:
        self._requests = requests
        self._rate = rate
        self._upcoming = iter(requests)
        self._idle: deque[_Connection] = deque()
        self._waiting: deque[tuple[bytes, float]] = deque()
        self._latencies: list[float] = []
        self._failed = 0
        self._started = 0.0

    async def run(self, port: int, connections: int) -> Load:
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = loop.create_future()
        opened: list[_Connection] = []
        for _ in range(min(connections, len(self._requests))):
            _, connection = await loop.create_connection(lambda: _Connection(self._answered), "127.0.0.1", port)
            opened.append(connection)
        gc.collect()
        gc.disable()
        try:
            self._started = time.perf_counter()
            if self._rate is None:
                for connection in opened:
                    connection.send(next(self._upcoming), self._started)
            else:
                self._idle.extend(opened)
                self._send_due(self._rate, 0)
            async with asyncio.timeout(PATIENCE):
                await self._done
            seconds = time.perf_counter() - self._started
        finally:
            gc.enable()
            if not self._done.done():
                self._done.cancel()
            for connection in opened:
                connection.close()
        return Load(seconds, len(self._latencies), self._failed, tuple(self._latencies))

    def _answered(self, connection: _Connection, status: int) -> None:
        now = time.perf_counter()
        if status == 0:
            if not self._done.done():
                self._done.set_exception(ConnectionError("the server closed a connection"))
            return
        self._latencies.append(now - connection.since)
        self._failed += status != http.HTTPStatus.OK
        if len(self._latencies) == len(self._requests):
            self._done.set_result(None)
        elif self._waiting:
            connection.send(*self._waiting.popleft())
        elif self._rate is None and (request := next(self._upcoming, None)) is not None:
            connection.send(request, now)
        else:
            self._idle.append(connection)

    def _send_due(self, rate: float, sent: int) -> None:
        """Send what is due by now; the clock of the loop goes in milliseconds."""
        due = min(len(self._requests), int((time.perf_counter() - self._started) * rate) + 1)
        for number in range(sent, due):
            since = self._started + number / rate
            if self._idle:
                self._idle.popleft().send(self._requests[number], since)
            else:
                self._waiting.append((self._requests[number], since))
        if due < len(self._requests):
            asyncio.get_running_loop().call_later(0.001, self._send_due, rate, due)
