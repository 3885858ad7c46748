"""The stand-in itself: a Bot API server on loopback, the customers' side of it, and what a test needs to break it."""

import asyncio
import inspect
import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from aiohttp import web

from sandbox import phones
from sandbox.faults import Fault, Faults
from sandbox.phones.customers_api import CustomersApi
from sandbox.phones.serving import Handler, LoopbackServer

from .customers import CustomerSide
from .customers_http import Phones
from .delivery import Attempt, Delivery
from .limits import Limits
from .methods import METHODS, Call
from .parameters import Parameters, read_parameters
from .refusals import RefusedError, refusal
from .state import Bot, World
from .updates import Family, Inbox, Update
from .webhooks import Described

Found = TypeVar("Found")

_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]+")
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Request:
    """One Bot API request that was answered. `method` is spelled as the client did."""

    method: str
    bot: str
    parameters: Parameters
    status: int
    answer: dict[str, Any]
    at: float


class TelegramSandbox(CustomerSide):
    """A Bot API server, as a local one runs (`--local`), for the demo, the tests and the benchmarks.

    `clock` gives seconds since the epoch and rules the lives of taps and messages and the limits; `keep_log` bounds
    `requests` and `attempts` (None: unbounded, 0: off); `limits=None` switches the limits off; `local=False` refuses
    webhooks as api.telegram.org does; `webhook_timeout` are the seconds a receiver may take.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        keep_log: int | None = None,
        limits: Limits | None = Limits(),  # noqa: B008 - frozen, so one default is as good as another
        local: bool = True,
        webhook_timeout: float = 60.0,
    ) -> None:
        world = World(clock, seed, limits, local=local)
        super().__init__(world, Delivery(world, self._perform, timeout=webhook_timeout, keep_log=keep_log))
        self.requests: deque[Request] = deque(maxlen=keep_log)
        self._faults = Faults()
        self._hanging: list[asyncio.Event] = []
        self._server: LoopbackServer | None = None

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {"/bot": self.handle, "/customers": CustomersApi("/customers", self.world, Phones(self)).handle}

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve the Bot API, the customers' JSON and the page with the phones. Port 0 takes a free one."""
        self._server = LoopbackServer({**self.routes, **phones.routes()})
        await self._server.start(host, port)

    async def stop(self) -> None:
        """End every wait and stop serving."""
        for event in self._hanging:
            event.set()
        for bot in self.world.bots.values():
            bot.cut_poller("terminated by the end of the sandbox")
        await self.delivery.close()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    @property
    def url(self) -> str:
        """http://127.0.0.1:PORT, without a slash at the end."""
        assert self._server is not None, "the sandbox is not started"
        return self._server.url

    def add_bot(self, token: str, username: str = "csat_bot", first_name: str = "CSAT") -> Bot:
        """A bot. Tokens that nobody added are answered with 401. Raises ValueError for one that no token can be."""
        if not _TOKEN.fullmatch(token):
            raise ValueError("a token is digits, a colon, then letters, digits, _ and -")
        first_update = 100_000_000 + self.world.random.randrange(800_000_000)
        bot = Bot(token, int(token.partition(":")[0]), username, first_name, Inbox(first_update, self.world.clock))
        self.world.bots[token] = bot
        self.world.changes.notify()
        return bot

    @property
    def limits(self) -> Limits | None:
        """How fast bots may send; None: as fast as they like. May be set at any time."""
        return self.world.limits

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        self.world.limits = limits

    # --- what tests wait for --------------------------------------------------------------------------------------

    async def wait_for(self, predicate: Callable[[], Found | None], timeout: float = 15.0) -> Found:  # noqa: ASYNC109 - a test must not hang
        """The first true value of `predicate`, asked now and after every change. Raises TimeoutError."""
        return await self.world.changes.wait_for(predicate, timeout)

    def calls(self, method: str, *, ok: bool | None = None) -> list[Request]:
        """The logged requests of one method; `ok` picks those that passed, or those that were refused."""
        return [
            request
            for request in self.requests
            if request.method.lower() == method.lower() and (ok is None or (request.status == 200) is ok)
        ]

    @property
    def attempts(self) -> deque[Attempt]:
        """Every delivery to a webhook, with its status."""
        return self.delivery.attempts

    async def settled(self, timeout: float = 15.0) -> None:  # noqa: ASYNC109 - a test must not hang
        """Return when no delivery is under way: all are taken, held back, or wait for their next try."""
        await self.wait_for(lambda: self.delivery.idle, timeout)

    # --- knobs ----------------------------------------------------------------------------------------------------

    def fail_next(
        self,
        method: str,
        *,
        status: int,
        description: str | None = None,
        retry_after: int | None = None,
        times: int = 1,
        body: bytes | None = None,
    ) -> None:
        """Refuse the next calls of `method` ("*": any) without carrying them out."""
        self._faults.add(method, refusal(status, description, retry_after, body), times)

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

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        self._faults.clear()

    def hold_queue(self, family: Family) -> None:
        """Deliver nothing of this family (message, callback, status) until it is released; the others overtake it."""
        for bot in self.world.bots.values():
            bot.inbox.held.add(family)

    def release_queue(self, family: Family) -> None:
        """Let a family go."""
        for bot in self.world.bots.values():
            bot.inbox.release(family)
            if bot.webhook is not None:
                self.delivery.resume(bot)

    @property
    def deliver_twice(self) -> bool:
        """Whether a webhook gets every update, from now on, a second time after it took it."""
        return self.delivery.twice

    @deliver_twice.setter
    def deliver_twice(self, twice: bool) -> None:
        self.delivery.twice = twice

    def deliver_again(self, update: Update, *, bot: str | None = None) -> None:
        """Deliver an update that was taken once more, under the same `update_id`."""
        self.delivery.again(self.world.bot(bot), update)

    async def redeliver_now(self, timeout: float = 15.0) -> None:  # noqa: ASYNC109 - a test must not hang
        """Try at once what waits for its next try, and return when it was tried."""
        await self.delivery.redeliver(timeout)

    # --- the Bot API ----------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one Bot API request."""
        token, _, method = unquote(request.raw_path[4:].partition("?")[0]).partition("/")
        bot = self.world.bots.get(token)
        if bot is None:
            known_shape = _TOKEN.fullmatch(token) is not None
            return _respond(
                *_refused(RefusedError(401, "Unauthorized") if known_shape else RefusedError(404, "Not Found"))
            )
        fault = self._faults.take(method.lower())
        if fault is not None and fault.kind == "drop_before":
            return _hang_up(request)
        try:
            parameters = await read_parameters(request)
        except RefusedError as refused:
            parameters = {}
            status, answer = _refused(refused)
        else:
            if fault is not None and fault.kind == "answer":
                self._log(method, bot, parameters, fault.status, {})
                return _replaced(fault)
            status, answer = await self._execute(bot, method, parameters)
        self._log(method, bot, parameters, status, answer)
        if fault is not None and fault.kind == "drop_after":
            return _hang_up(request)
        if fault is not None and fault.released is not None:
            await fault.released.wait()
        return _respond(status, answer)

    async def _execute(self, bot: Bot, method: str, parameters: Parameters) -> tuple[int, dict[str, Any]]:
        function = METHODS.get(method.lower())
        if function is None:
            return _refused(RefusedError(404, "Not Found: method not found"))
        try:
            result = function(Call(self.world, self.delivery, bot, parameters))
            if inspect.isawaitable(result):
                result = await result
        except RefusedError as refused:
            return _refused(refused)
        if isinstance(result, Described):
            return 200, {"ok": True, "result": result.result, "description": result.description}
        return 200, {"ok": True, "result": result}

    async def _perform(self, bot: Bot, parameters: Parameters) -> None:
        """Carry out the method call in the reply of a webhook."""
        method = parameters.pop("method")
        status, answer = await self._execute(bot, method, parameters)
        self._log(method, bot, parameters, status, answer)

    def _log(self, method: str, bot: Bot, parameters: Parameters, status: int, answer: dict[str, Any]) -> None:
        if self.requests.maxlen != 0:
            self.requests.append(Request(method, bot.username, parameters, status, answer, self.world.clock()))
        self.world.changes.notify()


def _refused(refused: RefusedError) -> tuple[int, dict[str, Any]]:
    answer: dict[str, Any] = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.parameters:
        answer["parameters"] = refused.parameters
    return refused.status, answer


def _respond(status: int, answer: dict[str, Any]) -> web.Response:
    response = web.Response(body=_ENCODE(answer).encode(), status=status, content_type="application/json")
    retry_after = (answer.get("parameters") or {}).get("retry_after")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _replaced(fault: Fault) -> web.Response:
    response = web.Response(body=fault.body, status=fault.status, content_type=fault.content_type)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _hang_up(request: web.BaseRequest) -> web.Response:
    """Close the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
