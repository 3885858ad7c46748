"""The one place that decides what a hook is answered: verified, read, committed, and only then 200.

Not proven to come from whom it says: 401. Too large: 413. Read or not (what nobody understands is kept and answered 200: the
sender would only send it again): 200 after the COMMIT. More than can be written in time, or longer than a sender waits: 503,
and it is sent again (what was written all the same is known by its id). Our own failure: 500, likewise.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from typing import Generic, TypeVar
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from bot.metrics import Metrics
from bot.restarts import told
from bot.web.asgi import BodyTooLarge, ClientGone, answer, headers_of, read_body, refuse
from bot.web.patience import Patience
from net.errors import WebhookRejected
from net.hooks import HookReply, HookRequest
from ratings.store.writer import StoreBusy, StoreClosed

WAIT_SECONDS = 8.0
"""How long the store may take: platforms wait for ten seconds and more, and a hook that hangs keeps their others waiting."""

COME_AGAIN = ((b"retry-after", b"1"),)
Owner = TypeVar("Owner")
_log = structlog.get_logger("tapfive.hooks")


class HookEndpoint(ABC, Generic[Owner]):
    """The ASGI endpoint of many hooks, one path each. Who owns a hook, a channel or a desk, is a subclass's."""

    def __init__(self, owners: Mapping[str, Owner], metrics: Metrics) -> None:
        self._owners = owners
        self._metrics = metrics
        self._patience = Patience(WAIT_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        owner = self._owners.get(scope["path"])
        if owner is None:
            await refuse(send, 404, "there is no such hook")
            return
        status = await self._answer(owner, scope, receive, send)
        self._metrics.hooks_of(self.name(owner), status).inc()
        self._metrics.hook_seconds.observe(time.perf_counter() - started)

    @abstractmethod
    def name(self, owner: Owner) -> str:
        """Return what the owner is called in metrics and logs."""

    @abstractmethod
    def limit(self, owner: Owner) -> int:
        """Return how many bytes a body may have."""

    @abstractmethod
    def verify(self, owner: Owner, request: HookRequest) -> None:
        """Raise WebhookRejected unless the request is proven to come from whom it says."""

    @abstractmethod
    def take(self, owner: Owner, request: HookRequest) -> Awaitable[object]:
        """Read what a verified request tells; done once that is committed."""

    @abstractmethod
    def reply(self, owner: Owner, request: HookRequest) -> HookReply:
        """Return what the sender wants to read after the COMMIT."""

    async def _answer(self, owner: Owner, scope: Scope, receive: Receive, send: Send) -> int:
        limit = self.limit(owner)
        try:
            body = await read_body(receive, limit)
        except BodyTooLarge:
            await refuse(send, 413, f"a hook's body has at most {limit} bytes", ((b"connection", b"close"),))
            return 413
        except ClientGone:
            return 499
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"))) if scope["query_string"] else {}
        request = HookRequest(scope["method"], headers_of(scope), body, query)
        try:
            self.verify(owner, request)
        except WebhookRejected:
            await refuse(send, 401, "the request is not proven to come from its sender")
            return 401
        try:
            await self._patience.wait(self.take(owner, request))
            reply = self.reply(owner, request)
        except (StoreBusy, StoreClosed):
            await refuse(send, 503, "more waits to be written than can be in time; come again", COME_AGAIN)
            return 503
        except TimeoutError:
            await refuse(send, 503, "the store takes too long; come again", COME_AGAIN)
            return 503
        except Exception as error:  # noqa: BLE001 - the sender must get its 500 and send it again
            _log.error("a hook failed", account=self.name(owner), **told(error))
            await refuse(send, 500, "the service failed; its log says where")
            return 500
        await answer(send, reply.status, reply.body, reply.content_type)
        return reply.status
