"""Hooks of the channels: verified, read, committed, and only then answered. The one place that decides their status codes.

Not proven to come from the platform: 401. Too large: 413. Read or not (what nobody understands is kept and answered 200: the
platform would only send it again): 200 after the COMMIT. More than can be written in time, or longer than a platform
waits: 503, and the platform sends it again (what was written all the same is known by its id). Our own failure: 500, likewise.
"""

import time
from collections.abc import Mapping
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from bot.answers import Answers
from bot.metrics import Metrics
from bot.web.asgi import BodyTooLarge, ClientGone, answer, headers_of, read_body, refuse
from bot.web.patience import Patience
from channels.base import Channel, HookRequest, Mode
from net.errors import WebhookRejected
from ratings.store.writer import StoreBusy, StoreClosed

PREFIX = "/hooks/channels/"
WAIT_SECONDS = 8.0
"""How long the store may take: platforms wait for ten seconds and more, and a hook that hangs keeps their others waiting."""

COME_AGAIN = ((b"retry-after", b"1"),)
_HEARING = (Mode.WEBHOOK, Mode.RELAY)
_log = structlog.get_logger("tapfive.hooks")


def hook_path(account: str) -> str:
    """Return the path of an account's hook: "telegram.support" is at /hooks/channels/telegram/support."""
    kind, _, name = account.partition(".")
    return f"{PREFIX}{kind}/{name}"


class Hooks:
    """The ASGI endpoint of all channel hooks; several accounts, one path each."""

    def __init__(self, channels: Mapping[str, Channel], answers: Answers, metrics: Metrics, max_body: int) -> None:
        self._channels = {
            hook_path(account): channel for account, channel in channels.items() if channel.config.mode in _HEARING
        }
        self._answers = answers
        self._metrics = metrics
        self._max_body = max_body
        self._patience = Patience(WAIT_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        channel = self._channels.get(scope["path"])
        if channel is None:
            await refuse(send, 404, "there is no such hook")
            return
        status = await self._answer(channel, scope, receive, send)
        self._metrics.hooks_of(channel.account, status).inc()
        self._metrics.hook_seconds.observe(time.perf_counter() - started)

    async def _answer(self, channel: Channel, scope: Scope, receive: Receive, send: Send) -> int:
        try:
            body = await read_body(receive, self._max_body)
        except BodyTooLarge:
            await refuse(send, 413, f"a hook's body has at most {self._max_body} bytes", ((b"connection", b"close"),))
            return 413
        except ClientGone:
            return 499
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"))) if scope["query_string"] else {}
        request = HookRequest(scope["method"], headers_of(scope), body, query)
        try:
            channel.verify(request)
        except WebhookRejected:
            await refuse(send, 401, "the request is not proven to come from the platform")
            return 401
        try:
            await self._patience.wait(self._answers.receive(channel, channel.parse(request)))
            reply = channel.reply(request)
        except (StoreBusy, StoreClosed):
            await refuse(send, 503, "more waits to be written than can be in time; come again", COME_AGAIN)
            return 503
        except TimeoutError:
            await refuse(send, 503, "the store takes too long; come again", COME_AGAIN)
            return 503
        except Exception:  # noqa: BLE001 - the platform must get its 500 and send it again
            _log.exception("a hook failed", account=channel.account)
            await refuse(send, 500, "the service failed; its log says where")
            return 500
        await answer(send, reply.status, reply.body, reply.content_type)
        return reply.status
