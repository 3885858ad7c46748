"""The stand-in itself: a Bot API server on loopback, the customers' side of it, and what a test needs to break it."""

import inspect
import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox.faults import hang_up, let_through
from sandbox.phones.customers_api import CustomersApi
from sandbox.phones.serving import Handler
from sandbox.stand_in import ApiStandIn

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

    @property
    def passed(self) -> bool:
        """Whether it was not refused."""
        return self.status == 200


class TelegramSandbox(CustomerSide, ApiStandIn[Request]):
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
        CustomerSide.__init__(self, world, Delivery(world, self._perform, timeout=webhook_timeout, keep_log=keep_log))
        ApiStandIn.__init__(self, world.changes, self.delivery, keep_log)

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {"/bot": self.handle, "/customers": CustomersApi("/customers", self.world, Phones(self)).handle}

    async def _end(self) -> None:
        for bot in self.world.bots.values():
            bot.cut_poller("terminated by the end of the sandbox")
        await self.delivery.close()

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

    @property
    def attempts(self) -> deque[Attempt]:
        """Every delivery to a webhook, with its status."""
        return self.delivery.attempts

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

    def deliver_again(self, update: Update, *, bot: str | None = None) -> None:
        """Deliver an update that was taken once more, under the same `update_id`."""
        self.delivery.again(self.world.bot(bot), update)

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
            return hang_up(request)
        try:
            parameters = await read_parameters(request)
        except RefusedError as refused:
            parameters = {}
            status, answer = _refused(refused)
        else:
            if fault is not None and fault.kind == "answer":
                self._log(method, bot, parameters, fault.status, {})
                return fault.replacement
            status, answer = await self._execute(bot, method, parameters)
        self._log(method, bot, parameters, status, answer)
        return await let_through(fault, request, _respond(status, answer))

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
