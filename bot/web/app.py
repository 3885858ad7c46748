"""The service's HTTP front: hooks on the shortest way, everything else by Starlette."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import __version__
from bot.metrics import Metrics
from bot.web.api.errors import LastResort, as_problem, respond
from bot.web.desk_hooks import PREFIX as DESK_PREFIX
from bot.web.desk_hooks import DeskHooks
from bot.web.hooks import PREFIX, Hooks
from bot.web.problems import CONTENT_TYPE, problem_bytes
from ratings.reports.outbox import outbox_depth, ping
from ratings.store.store import Store
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import Instant

READY_SECONDS = 2.0
"""How long a store that is ready takes at the most to read nothing and to write nothing."""

_NOT_FOUND = 404

METRICS_SECONDS = 8.0
"""How long the depth of the outbox may take: less than Prometheus waits by default."""


class Application:
    """The ASGI application. Hooks go past the framework: it would cost more than everything else on a tap's way."""

    def __init__(self, hooks: Hooks, desk_hooks: DeskHooks, rest: ASGIApp) -> None:
        self._hooks = hooks
        self._desk_hooks = desk_hooks
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._hooks(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(DESK_PREFIX):
            await self._desk_hooks(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def make_rest(
    store: Store,
    metrics: Metrics,
    api: ASGIApp,
    clock: Callable[[], Instant],
    pages: Sequence[BaseRoute],
    nowhere: Callable[[Request], Awaitable[Response]],
) -> Starlette:
    """Return everything but the hooks. `pages` are the routes of everybody's pages, `nowhere` answers who asks for one that is not there."""
    probe = _Probe(store)

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(_request: Request) -> Response:
        try:
            answers = await probe.answers()
        except Exception:  # noqa: BLE001 - whatever the reason, this process cannot serve now
            answers = False
        if not store.writer.alive:
            return _problem(503, "the writer has stopped")
        return JSONResponse({"status": "ready"}) if answers else _problem(503, "the store does not answer")

    async def render_metrics(_request: Request) -> Response:
        metrics.writer_waiting.set(store.writer.waiting)
        metrics.outbox_depth.clear()
        metrics.outbox_age.clear()
        try:
            async with asyncio.timeout(METRICS_SECONDS):
                depths = await store.read(outbox_depth, clock())
        except TimeoutError:
            return _problem(503, "the store takes too long")
        for depth in depths:
            metrics.outbox_depth.labels(depth.account or "internal", depth.state).set(depth.jobs)
            if depth.state == "due":
                metrics.outbox_age.labels(depth.account or "internal").set(depth.oldest_seconds)
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def refused(request: Request, error: Exception) -> Response:
        is_lost = isinstance(error, HTTPException) and error.status_code == _NOT_FOUND
        if is_lost and request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", ""):
            return await nowhere(request)
        problem = as_problem(error)
        assert problem is not None
        return respond(problem)

    front = Starlette(
        routes=[
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/metrics", render_metrics),
            Mount("/api", api),
            *pages,
        ],
        exception_handlers={HTTPException: refused},
        middleware=[Middleware(LastResort)],
    )
    # It would lead to the host that the request names, past a proxy's path, and without the headers of our pages.
    front.router.redirect_slashes = False
    return front


class _WriteNothing(Operation[None]):
    """Waits its turn as every other operation, and takes the lock that they need."""

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence[Any]) -> Sequence[None]:  # noqa: ARG003 - inherited
        return [None] * len(operations)

    def ids_wanted(self) -> int:
        return 0


class _Probe:
    """Whether the store reads and writes. All who ask wait for one attempt: theirs must not pile up before a store that hangs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._attempt: asyncio.Task[None] | None = None

    async def answers(self) -> bool:
        """True when it does in time. Raises what it raised."""
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._try())
            # Where nobody waits any more, nobody hears of its failure: it is not to be told at the end of the process.
            self._attempt.add_done_callback(lambda task: task.cancelled() or task.exception())
        attempt = self._attempt
        done, _ = await asyncio.wait([attempt], timeout=READY_SECONDS)
        if done:
            attempt.result()
        return bool(done)

    async def _try(self) -> None:
        await self._store.read(ping)
        await self._store.writer.do(_WriteNothing())


def _problem(status: int, detail: str) -> Response:
    return Response(problem_bytes(status, detail), status, media_type=CONTENT_TYPE)
