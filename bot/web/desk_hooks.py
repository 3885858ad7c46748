"""Hooks of the desks: verified, read, committed, and only then answered, by the same status codes as those of the channels."""

import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from bot.desk_reports import DeskReports
from bot.metrics import Metrics
from bot.restarts import told
from bot.web.asgi import BodyTooLarge, ClientGone, answer, headers_of, read_body, refuse
from bot.web.hooks import COME_AGAIN, WAIT_SECONDS
from bot.web.patience import Patience
from desks.base import Desk
from net.errors import WebhookRejected
from net.hooks import HookRequest
from ratings.store.loading import desk_account
from ratings.store.writer import StoreBusy, StoreClosed
from ratings.times import Instant

PREFIX = "/hooks/desks/"
_log = structlog.get_logger("tapfive.hooks")


def desk_hook_path(name: str) -> str:
    """Return the path of a desk's hook: "pyrus.main" is at /hooks/desks/pyrus/main."""
    kind, _, own = name.partition(".")
    return f"{PREFIX}{kind}/{own}"


class DeskHooks:
    """The ASGI endpoint of all desks' hooks; one path each."""

    def __init__(
        self, desks: Mapping[str, Desk], reports: DeskReports, metrics: Metrics, clock: Callable[[], Instant]
    ) -> None:
        self._desks = {desk_hook_path(name): desk for name, desk in desks.items() if desk.capabilities.hooks}
        self._reports = reports
        self._metrics = metrics
        self._clock = clock
        self._patience = Patience(WAIT_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        desk = self._desks.get(scope["path"])
        if desk is None:
            await refuse(send, 404, "there is no such hook")
            return
        if scope["method"] == "OPTIONS":
            await _allow(scope, send)
            return
        status = await self._answer(desk, scope, receive, send)
        self._metrics.hooks_of(desk_account(desk.name), status).inc()
        self._metrics.hook_seconds.observe(time.perf_counter() - started)

    async def _answer(self, desk: Desk, scope: Scope, receive: Receive, send: Send) -> int:
        limit = desk.capabilities.max_body
        try:
            body = await read_body(receive, limit)
        except BodyTooLarge:
            await refuse(send, 413, f"a hook's body has at most {limit} bytes", ((b"connection", b"close"),))
            return 413
        except ClientGone:
            return 499
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"))) if scope["query_string"] else {}
        request, now = HookRequest(scope["method"], headers_of(scope), body, query), self._clock()
        try:
            desk.verify(request, now)
        except WebhookRejected:
            await refuse(send, 401, "the request is not proven to come from the desk")
            return 401
        try:
            await self._patience.wait(self._reports.receive(desk, desk.parse(request, now)))
            reply = desk.reply(request)
        except (StoreBusy, StoreClosed):
            await refuse(send, 503, "more waits to be written than can be in time; come again", COME_AGAIN)
            return 503
        except TimeoutError:
            await refuse(send, 503, "the store takes too long; come again", COME_AGAIN)
            return 503
        except Exception as error:  # noqa: BLE001 - the desk must get its 500 and send it again
            _log.error("a hook failed", desk=desk.name, **told(error))
            await refuse(send, 500, "the service failed; its log says where")
            return 500
        await answer(send, reply.status, reply.body, reply.content_type)
        return reply.status


async def _allow(scope: Scope, send: Send) -> None:
    """Say that we want what a CloudEvents sender is about to deliver (HTTP Webhook specification 1.0.1, section 4)."""
    origin = headers_of(scope).get("webhook-request-origin", "")
    more: tuple[tuple[bytes, bytes], ...] = ((b"allow", b"OPTIONS, POST"),)
    if origin:
        more = (*more, (b"webhook-allowed-origin", origin.encode("latin-1")), (b"webhook-allowed-rate", b"*"))
    await answer(send, 200, b"", "text/plain", more)
