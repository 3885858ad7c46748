"""What every stand-in has beside its own rules: it serves on loopback, can be waited for, and fails on demand."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from sandbox import phones
from sandbox.changes import Changes
from sandbox.faults import Fault, Faults
from sandbox.phones.serving import Handler, LoopbackServer

Found = TypeVar("Found")


class StandIn(ABC):
    """Serves one stand-in with the page of the phones. `changes` counts all that happens in it."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._hanging: list[asyncio.Event] = []
        self._server: LoopbackServer | None = None

    @property
    @abstractmethod
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""

    @abstractmethod
    async def _end(self) -> None:
        """End what else waits or works."""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve all routes and the page with the phones. Port 0 takes a free one."""
        self._server = LoopbackServer({**self.routes, **phones.routes()})
        await self._server.start(host, port)

    async def stop(self) -> None:
        """End every wait and stop serving. Also to be called where the routes were mounted elsewhere."""
        for event in self._hanging:
            event.set()
        await self._end()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT, without a slash at the end."""
        assert self._server is not None, "the sandbox is not started"
        return self._server.url

    async def wait_for(self, predicate: Callable[[], Found | None], timeout: float = 60.0) -> Found:  # noqa: ASYNC109 - a test must not hang
        """The first true value of `predicate`, asked now and after every change. Raises TimeoutError."""
        return await self._changes.wait_for(predicate, timeout)

    def _hang(self) -> asyncio.Event:
        """What a call waits for until a test, or the end of the sandbox, sets it."""
        event = asyncio.Event()
        self._hanging.append(event)
        return event


class Delivery(Protocol):
    """How events reach the hooks of one stand-in."""

    twice: bool

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""

    async def redeliver(self, limit: float) -> None:
        """Try again at once whatever waits for its next try; return when each was tried."""


class Logged(Protocol):
    """One request that was answered."""

    @property
    def method(self) -> str:
        """The name that was called."""

    @property
    def passed(self) -> bool:
        """Whether it was not refused."""


Request = TypeVar("Request", bound=Logged)


class ApiStandIn(StandIn, Generic[Request]):
    """A stand-in of an API over HTTP that posts events to hooks. `keep_log` bounds `requests` (None: unbounded, 0: off)."""

    def __init__(self, changes: Changes, delivery: Delivery, keep_log: int | None) -> None:
        super().__init__(changes)
        self.requests: deque[Request] = deque(maxlen=keep_log)
        self._delivery = delivery
        self._faults = Faults()

    def calls(self, method: str, *, ok: bool | None = None) -> list[Request]:
        """The logged requests of one method; `ok` picks those that passed, or those that were refused."""
        return [
            request
            for request in self.requests
            if request.method.lower() == method.lower() and (ok is None or request.passed is ok)
        ]

    def _faults_of(self, method: str) -> Faults:  # noqa: ARG002 - for kinds that serve more than one API
        return self._faults

    def drop_after(self, method: str, times: int = 1) -> None:
        """Carry the next calls of `method` ("*": any) out, and close the connection without an answer."""
        self._faults_of(method).add(method, Fault("drop_after"), times)

    def drop_before(self, method: str, times: int = 1) -> None:
        """Close the connection of the next calls without carrying them out."""
        self._faults_of(method).add(method, Fault("drop_before"), times)

    def hang(self, method: str) -> asyncio.Event:
        """Carry the next call out, and answer it only when the event that is returned is set."""
        event = self._hang()
        self._faults_of(method).add(method, Fault("hang", released=event))
        return event

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        self._faults.clear()

    async def settled(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - a test must not hang
        """Return when no delivery is under way: all are taken, held back, gone, or wait for their next try."""
        await self.wait_for(lambda: self._delivery.idle, timeout)

    @property
    def deliver_twice(self) -> bool:
        """Whether hooks get every event, from now on, a second time after they took it, under the same id."""
        return self._delivery.twice

    @deliver_twice.setter
    def deliver_twice(self, twice: bool) -> None:
        self._delivery.twice = twice

    async def redeliver_now(self, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - a test must not hang
        """Try at once what waits for its next try, and return when it was tried."""
        await self._delivery.redeliver(timeout)
