"""The service's HTTP front: hooks on the shortest way, everything else by Starlette."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import __version__
from bot.metrics import Metrics
from bot.web.hooks import PREFIX, Hooks
from bot.web.problems import CONTENT_TYPE, problem_bytes
from ratings.reports.outbox import outbox_depth, ping
from ratings.store.store import Store
from ratings.times import Instant

_HOME = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Tapfive</title>"
    "<style>body{{font:16px/1.5 system-ui;margin:3rem auto;max-width:34rem;padding:0 1rem;color-scheme:light dark}}</style>"
    "<h1>Tapfive {version}</h1><p>The service is running. "
    "<a href=/api/docs>API</a> · <a href=/metrics>metrics</a> · <a href=/readyz>ready?</a>"
)


class Application:
    """The ASGI application. Hooks go past the framework: it would cost more than everything else on a tap's way."""

    def __init__(self, hooks: Hooks, rest: ASGIApp) -> None:
        self._hooks = hooks
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._hooks(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def make_rest(store: Store, metrics: Metrics, api: ASGIApp, clock: Callable[[], Instant]) -> Starlette:
    """Return everything but the hooks."""

    async def home(_request: Request) -> Response:
        return HTMLResponse(_HOME.format(version=__version__))

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(_request: Request) -> Response:
        try:
            await store.read(ping)
        except Exception:  # noqa: BLE001 - whatever the reason, this process cannot serve now
            return _problem(503, "the store does not answer")
        if not store.writer.alive:
            return _problem(503, "the writer has stopped")
        return JSONResponse({"status": "ready"})

    async def render_metrics(_request: Request) -> Response:
        metrics.writer_waiting.set(store.writer.waiting)
        metrics.outbox_depth.clear()
        metrics.outbox_age.clear()
        for depth in await store.read(outbox_depth, clock()):
            metrics.outbox_depth.labels(depth.account or "internal", depth.state).set(depth.jobs)
            if depth.state == "due":
                metrics.outbox_age.labels(depth.account or "internal").set(depth.oldest_seconds)
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def not_found(_request: Request, _error: Exception) -> Response:
        return _problem(404, "there is no such page")

    return Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/metrics", render_metrics),
            Mount("/api", api),
        ],
        exception_handlers={404: not_found},
    )


def _problem(status: int, detail: str) -> Response:
    return Response(problem_bytes(status, detail), status, media_type=CONTENT_TYPE)
