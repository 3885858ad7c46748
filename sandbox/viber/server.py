"""The stand-in itself: the API on loopback, the customers' side of it, and what a test needs to break it."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from sandbox import phones
from sandbox.faults import Fault, Faults
from sandbox.phones.customers_api import CustomersApi
from sandbox.phones.serving import Handler, LoopbackServer

from .customers import CustomerSide
from .customers_http import Phones
from .delivery import Attempt, Delivery
from .methods import HOSTNAME, METHODS, Call
from .sending import DEVICE_COMPLAINT
from .state import Bot, Event, Json, World
from .statuses import RefusedError, bad_data, replacement

Found = TypeVar("Found")

MAX_BODY = 30 * 1024
_PREFIX = "/pa/"


@dataclass(frozen=True, slots=True)
class Request:
    """One API request that was answered. `status` is Viber's own; the token is not kept."""

    method: str
    bot: str
    parameters: Json
    status: int
    answer: Json
    at: float


class ViberSandbox(CustomerSide):
    """The Viber API for the demo, the tests and the benchmarks.

    `clock` gives seconds since the epoch; `keep_log` bounds `requests` and `attempts` (None: unbounded, 0: off);
    `local=False` refuses webhooks without TLS, as chatapi.viber.com does; `webhook_timeout` are the seconds that a
    receiver may take, also for the first callback of set_webhook.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        keep_log: int | None = None,
        local: bool = True,
        webhook_timeout: float = 5.0,
    ) -> None:
        world = World(clock, seed, local=local)
        super().__init__(world, Delivery(world, self._welcome, timeout=webhook_timeout, keep_log=keep_log))
        self.requests: deque[Request] = deque(maxlen=keep_log)
        self._faults = Faults()
        self._hanging: list[asyncio.Event] = []
        self._server: LoopbackServer | None = None

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {
            _PREFIX: self.handle,
            "/viber/customers": CustomersApi("/viber/customers", self.world, Phones(self)).handle,
        }

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve the API, the customers' JSON and the page with the phones. Port 0 takes a free one."""
        self._server = LoopbackServer({**self.routes, **phones.routes()})
        await self._server.start(host, port)

    async def stop(self) -> None:
        """End every wait and stop serving."""
        for event in self._hanging:
            event.set()
        await self.delivery.close()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT, without a slash at the end."""
        assert self._server is not None, "the sandbox is not started"
        return self._server.url

    def add_bot(self, token: str, name: str = "Support", uri: str = "support") -> Bot:
        """A bot. Tokens that nobody added are refused with status 2. Raises ValueError for one that no token can be."""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("a token is ASCII without spaces")
        bot = Bot(token, name, uri)
        self.world.add(bot=bot)
        return bot

    # --- what tests wait for --------------------------------------------------------------------------------------

    async def wait_for(self, predicate: Callable[[], Found | None], timeout: float = 15.0) -> Found:  # noqa: ASYNC109 - a test must not hang
        """The first true value of `predicate`, asked now and after every change. Raises TimeoutError."""
        return await self.world.changes.wait_for(predicate, timeout)

    def calls(self, method: str, *, ok: bool | None = None) -> list[Request]:
        """The logged requests of one method; `ok` picks those that passed, or those that were refused."""
        return [
            request
            for request in self.requests
            if request.method == method and (ok is None or (request.status == 0) is ok)
        ]

    @property
    def attempts(self) -> deque[Attempt]:
        """Every callback that was posted, with its status."""
        return self.delivery.attempts

    async def settled(self, timeout: float = 15.0) -> None:  # noqa: ASYNC109 - a test must not hang
        """Return when no callback is under way: all are taken, held back, gone, or wait for their next try."""
        await self.wait_for(lambda: self.delivery.idle, timeout)

    # --- knobs ----------------------------------------------------------------------------------------------------

    def fail_next(
        self,
        method: str,
        *,
        status: int = 0,
        http: int = 200,
        message: str | None = None,
        times: int = 1,
        body: bytes | None = None,
    ) -> None:
        """Refuse the next calls of `method` ("*": any) without carrying them out: by Viber's `status`, or by `http` and `body`."""
        self._faults.add(method, replacement(status, http, message, body), times)

    def drop_after(self, method: str, times: int = 1) -> None:
        """Carry the next calls out, and close the connection without an answer."""
        self._faults.add(method, Fault("drop_after"), times)

    def drop_before(self, method: str, times: int = 1) -> None:
        """Close the connection of the next calls without carrying them out."""
        self._faults.add(method, Fault("drop_before"), times)

    def hang(self, method: str) -> asyncio.Event:
        """Carry the next call out, and answer it only when the event that is returned is set."""
        event = asyncio.Event()
        self._hanging.append(event)
        self._faults.add(method, Fault("hang", released=event))
        return event

    def refuse_on_device(self, description: str = DEVICE_COMPLAINT, times: int = 1) -> None:
        """Let the devices refuse the next messages that the API takes: `failed` follows, and nothing is shown."""
        self.world.device_refusals.extend([description] * times)

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        self._faults.clear()
        self.world.device_refusals.clear()

    def hold_queue(self, kind: str) -> None:
        """Post no callbacks of this kind (message, delivered, …) until they are released; the others overtake them."""
        self.delivery.hold(kind)

    def release_queue(self, kind: str) -> None:
        """Let them go."""
        self.delivery.release(kind)

    @property
    def deliver_twice(self) -> bool:
        """Whether every callback comes, from now on, a second time after it was taken."""
        return self.delivery.twice

    @deliver_twice.setter
    def deliver_twice(self, twice: bool) -> None:
        self.delivery.twice = twice

    def deliver_again(self, event: Event) -> None:
        """Post a callback that was taken once more, the same bytes."""
        bot_and_customer = self.world.known(event.user_id)
        assert bot_and_customer is not None, "an event is about a customer"
        self.delivery.add(bot_and_customer[0], event)

    async def redeliver_now(self, timeout: float = 15.0) -> None:  # noqa: ASYNC109 - a test must not hang
        """Try at once what waits for its next try, and return when it was tried."""
        await self.delivery.redeliver(timeout)

    # --- the API --------------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one API request."""
        method = request.raw_path.partition("?")[0].removeprefix(_PREFIX)
        if method not in METHODS:
            return web.Response(status=404, text="Not Found")
        if request.method != "POST" and (request.method, method) != ("GET", "get_account_info"):
            return web.Response(status=405, text="Method Not Allowed")
        fault = self._faults.take(method)
        if fault is not None and fault.kind == "drop_before":
            return _hang_up(request)
        body = await request.read()
        parameters: Json = {}
        bot: Bot | None = None
        answer: Json
        try:
            parameters = _read(body)
            bot = self._bot(request, parameters)
            if fault is not None and fault.kind == "answer":
                self._log(method, bot, parameters, _status_of(fault.body), {})
                return web.Response(body=fault.body, status=fault.status, content_type=fault.content_type)
            answer = await METHODS[method](Call(self.world, self.delivery, bot, parameters))
        except RefusedError as refused:
            answer = {"status": refused.status, "status_message": refused.message}
        answer = {"status": 0, "status_message": "ok", **answer, "chat_hostname": HOSTNAME}
        self._log(method, bot, parameters, answer["status"], answer)
        if fault is not None and fault.kind == "drop_after":
            return _hang_up(request)
        if fault is not None and fault.released is not None:
            await fault.released.wait()
        return web.Response(text=json.dumps(answer), content_type="application/json")

    def _bot(self, request: web.BaseRequest, parameters: Json) -> Bot:
        """The bot of the token in the header, or else in the body, from where it is taken out. Raises RefusedError."""
        in_body = parameters.pop("auth_token", None)
        token = request.headers.get("X-Viber-Auth-Token") or in_body
        if token is None:
            raise RefusedError(2, "missing_auth_token")
        bot = self.world.bots.get(token) if isinstance(token, str) else None
        if bot is None:
            raise RefusedError(2)
        return bot

    def _log(self, method: str, bot: Bot | None, parameters: Json, status: int, answer: Json) -> None:
        if self.requests.maxlen != 0:
            name = bot.uri if bot else ""
            self.requests.append(Request(method, name, parameters, status, answer, self.world.clock()))
        self.world.changes.notify()


def _read(body: bytes) -> Json:
    if len(body) > MAX_BODY:
        raise bad_data("request is too long")
    if not body:
        return {}
    try:
        content: Any = json.loads(body)
    except ValueError:
        raise bad_data("request is not JSON") from None
    if not isinstance(content, dict):
        raise bad_data("request is not a JSON object")
    return content


def _status_of(body: bytes) -> int:
    """The status in a fault's answer; -1 where it is none of Viber's."""
    try:
        return int(json.loads(body)["status"])
    except (ValueError, KeyError, TypeError):
        return -1


def _hang_up(request: web.BaseRequest) -> web.Response:
    """Close the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
