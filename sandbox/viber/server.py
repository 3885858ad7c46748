"""The stand-in itself: the API on loopback, the customers' side of it, and what a test needs to break it."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.faults import hang_up, let_through
from sandbox.phones.customers_api import CustomersApi
from sandbox.phones.serving import Handler
from sandbox.stand_in import ApiStandIn

from .customers import CustomerSide
from .customers_http import Phones
from .delivery import Attempt, Delivery
from .methods import HOSTNAME, METHODS, Call
from .sending import DEVICE_COMPLAINT
from .state import Bot, Event, Json, World
from .statuses import RefusedError, bad_data, replacement

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

    @property
    def passed(self) -> bool:
        """Whether it was not refused."""
        return self.status == 0


class ViberSandbox(CustomerSide, ApiStandIn[Request]):
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
        CustomerSide.__init__(self, world, Delivery(world, self._welcome, timeout=webhook_timeout, keep_log=keep_log))
        ApiStandIn.__init__(self, world.changes, self.delivery, keep_log)

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {
            _PREFIX: self.handle,
            "/viber/customers": CustomersApi("/viber/customers", self.world, Phones(self)).handle,
        }

    async def _end(self) -> None:
        await self.delivery.close()

    def add_bot(self, token: str, name: str = "Support", uri: str = "support") -> Bot:
        """A bot. Tokens that nobody added are refused with status 2. Raises ValueError for one that no token can be."""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("a token is ASCII without spaces")
        bot = Bot(token, name, uri)
        self.world.add(bot=bot)
        return bot

    # --- what tests wait for --------------------------------------------------------------------------------------

    @property
    def attempts(self) -> deque[Attempt]:
        """Every callback that was posted, with its status."""
        return self.delivery.attempts

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

    def refuse_on_device(self, description: str = DEVICE_COMPLAINT, times: int = 1) -> None:
        """Let the devices refuse the next messages that the API takes: `failed` follows, and nothing is shown."""
        self.world.device_refusals.extend([description] * times)

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        super().clear_faults()
        self.world.device_refusals.clear()

    def hold_queue(self, kind: str) -> None:
        """Post no callbacks of this kind (message, delivered, …) until they are released; the others overtake them."""
        self.delivery.hold(kind)

    def release_queue(self, kind: str) -> None:
        """Let them go."""
        self.delivery.release(kind)

    def deliver_again(self, event: Event) -> None:
        """Post a callback that was taken once more, the same bytes."""
        bot_and_customer = self.world.known(event.user_id)
        assert bot_and_customer is not None, "an event is about a customer"
        self.delivery.add(bot_and_customer[0], event)

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
            return hang_up(request)
        body = await request.read()
        parameters: Json = {}
        bot: Bot | None = None
        answer: Json
        try:
            parameters = _read(body)
            bot = self._bot(request, parameters)
            if fault is not None and fault.kind == "answer":
                self._log(method, bot, parameters, _status_of(fault.body), {})
                return fault.replacement
            answer = await METHODS[method](Call(self.world, self.delivery, bot, parameters))
        except RefusedError as refused:
            answer = {"status": refused.status, "status_message": refused.message}
        answer = {"status": 0, "status_message": "ok", **answer, "chat_hostname": HOSTNAME}
        self._log(method, bot, parameters, answer["status"], answer)
        return await let_through(fault, request, web.Response(text=json.dumps(answer), content_type="application/json"))

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
