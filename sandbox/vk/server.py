"""The server of the stand-in: `/method/<name>`, `/lp` and `/vk/customers`, and the knobs of tests."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, Faults, hang_up, let_through
from sandbox.phones.customers_api import CustomersApi
from sandbox.phones.serving import Handler
from sandbox.stand_in import ApiStandIn

from .call import Call
from .customers import CustomerSide
from .customers_http import Phones
from .delivery import Attempt, Delivery
from .events import ALL_EVENTS, Event
from .limits import Limits
from .long_poll import Polling
from .methods import METHODS, Method
from .parameters import Parameters, check_version, read_parameters
from .publishing import Publishing
from .refusals import RefusedError
from .state import CallbackServer, Community, World

_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the API that was answered. `code` is 0 where it passed, else the number of the refusal."""

    method: str
    group_id: int
    parameters: Parameters
    status: int
    code: int
    answer: dict[str, Any]
    at: float

    @property
    def passed(self) -> bool:
        """Whether it was not refused."""
        return self.status == 200 and not self.code


class VkSandbox(CustomerSide, ApiStandIn[Request]):
    """The API of VK, its Callback API and its long poll, for the demo, the tests and the benchmarks.

    `clock` gives seconds since the epoch and rules the lives of taps and messages and the limits; `keep_log` bounds
    `requests` and `attempts` (None: unbounded, 0: off); `limits=None` lets any number of requests pass;
    `webhook_timeout` are the seconds a receiver may take; after `failures_allowed` failures in a row a callback
    server is switched off.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        keep_log: int | None = None,
        limits: Limits | None = Limits(),  # noqa: B008 - frozen, so one default is as good as another
        webhook_timeout: float = 10.0,
        failures_allowed: int = 100,
    ) -> None:
        world = World(clock, seed, limits or Limits(per_second=None))
        self.delivery = Delivery(world, timeout=webhook_timeout, failures_allowed=failures_allowed, keep_log=keep_log)
        CustomerSide.__init__(self, world, Publishing(world, self.delivery))
        self.polling = Polling(world)
        ApiStandIn.__init__(self, world.changes, self.delivery, keep_log)
        self._poll_faults = Faults()

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {
            "/method/": self.handle,
            "/lp": self.poll,
            "/vk/customers": CustomersApi("/vk/customers", self.world, Phones(self)).handle,
        }

    async def _end(self) -> None:
        self.polling.close()
        await self.delivery.close()

    def add_community(
        self,
        token: str,
        group_id: int,
        name: str = "CSAT",
        *,
        screen_name: str = "",
        scopes: Sequence[str] = ("messages", "manage"),
        bot_capabilities: bool = True,
    ) -> Community:
        """A community. Other tokens are refused with 5. No event is switched on: its owner, or a bot, has to do that."""
        named = screen_name or f"club{group_id}"
        return self.world.add_community(token, group_id, name, named, scopes, bot_capabilities=bot_capabilities)

    def add_server(
        self, url: str, secret_key: str = "", *, events: Sequence[str] = (), community: int | str | None = None
    ) -> CallbackServer:
        """A callback server that its owner set up and confirmed by hand. No events named: all."""
        owner = self.world.community(community)
        owner.last_server_id += 1
        server = CallbackServer(
            owner.last_server_id, url, "by hand", secret_key, "ok", events=set(events or ALL_EVENTS)
        )
        owner.servers[server.server_id] = server
        return server

    @property
    def limits(self) -> Limits:
        """How much the API takes. May be set at any time; None: any number of requests."""
        return self.world.limits

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        self.world.limits = limits or Limits(per_second=None)

    # --- what tests wait for --------------------------------------------------------------------------------------

    @property
    def attempts(self) -> deque[Attempt]:
        """Every delivery to a callback server, with its status."""
        return self.delivery.attempts

    # --- knobs: `method` is an API method's name, "*" for any, or "lp" for a request of the long poll ---------------

    def _faults_of(self, method: str) -> Faults:
        return self._poll_faults if method == "lp" else self._faults

    def fail_next(self, method: str, *, code: int, detail: str = "", times: int = 1) -> None:
        """Refuse the next calls with an error of this code, such as 9, 10 or 29."""
        body = _ENCODE(RefusedError(code, detail).answer(method, {})).encode()
        self._faults_of(method).add(method, Fault("answer", 200, body), times)

    def answer_next(
        self, method: str, *, status: int = 502, body: bytes = b"<html>Bad Gateway</html>", times: int = 1
    ) -> None:
        """Answer the next calls with this instead of carrying them out: a proxy's page, or garbage with status 200."""
        self._faults_of(method).add(method, Fault("answer", status, body, "text/html"), times)

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        super().clear_faults()
        self._poll_faults.clear()

    def hold(self, kind: str) -> None:
        """Publish no event of this kind (`message_event`, …) until it is released; the others overtake it."""
        self.publishing.hold(kind)

    def release(self, kind: str) -> None:
        """Let a kind go."""
        self.publishing.release(kind)

    @property
    def confirm_with_secret(self) -> bool:
        """Whether a request for confirmation carries the server's secret."""
        return self.delivery.confirm_with_secret

    @confirm_with_secret.setter
    def confirm_with_secret(self, carries: bool) -> None:
        self.delivery.confirm_with_secret = carries

    def emit(self, kind: str, content: dict[str, Any], *, community: int | str | None = None) -> Event:
        """Publish any event at all, as one of a group chat."""
        return self.publishing.publish(self.world.community(community), kind, content)

    def deliver_again(self, event: Event) -> None:
        """Deliver an event once more, under the same `event_id`."""
        self.publishing.deliver(self.world.community(event.group_id), event)

    def expire_long_poll(self, community: int | str | None = None) -> None:
        """The key of the long poll is over: `failed` 2."""
        self.polling.expire(self.world.community(community))

    def forget_history(self, community: int | str | None = None) -> None:
        """The long poll lost its events: `failed` 1 for whoever is behind."""
        self.world.community(community).long_poll.history.forget()

    def lose_long_poll(self, community: int | str | None = None) -> None:
        """The long poll lost its key and its count: `failed` 3."""
        self.polling.lose(self.world.community(community))

    # --- the API --------------------------------------------------------------------------------------------------

    async def poll(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of a long poll."""
        path, _, query = request.raw_path.partition("?")
        if path != "/lp" or request.method != "GET":
            return web.Response(status=404, text="Not Found")
        fault = self._poll_faults.take("lp")
        if fault is not None and fault.kind == "answer":
            return fault.replacement
        if fault is not None and fault.kind == "drop_before":
            return hang_up(request)
        answer = await self.polling.answer(query)
        return await let_through(fault, request, _respond(answer))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request to the API."""
        method = request.raw_path.removeprefix("/method/").partition("?")[0]
        fault = self._faults.take(method.lower())
        if fault is not None and fault.kind == "drop_before":
            return hang_up(request)
        parameters = await read_parameters(request)
        if fault is not None and fault.kind == "answer":
            self._log(method, parameters, fault.status, _decoded(fault.body))
            return fault.replacement
        answer = self._execute(method, parameters, f"http://{request.host}")
        self._log(method, parameters, 200, answer)
        return await let_through(fault, request, _respond(answer))

    def _execute(self, method: str, parameters: Parameters, host: str) -> dict[str, Any]:
        try:
            check_version(parameters)
            community = self._authorise(parameters)
            if (per_second := self.world.limits.per_second) is not None:
                self._spend(community, per_second)
            function = _permitted(method, community)
            call = Call(self.world, self.delivery, self.publishing, self.polling, community, parameters, host)
            return {"response": function(call)}
        except RefusedError as refused:
            return refused.answer(method, parameters)

    def _authorise(self, parameters: Parameters) -> Community:
        token = parameters.get("access_token", "")
        if not token:
            raise RefusedError(5, "no access_token passed.")
        for community in self.world.communities.values():
            if community.token == token:
                return community
        raise RefusedError(5, "invalid access_token (4).")

    def _spend(self, community: Community, per_second: int) -> None:
        if not community.meter.take(per_second, self.world.clock()):
            raise RefusedError(6)

    def _log(self, method: str, parameters: Parameters, status: int, answer: dict[str, Any]) -> None:
        if self.requests.maxlen != 0:
            token = parameters.get("access_token")
            known = (one.group_id for one in self.world.communities.values() if one.token == token)
            code = int(answer.get("error", {}).get("error_code", 0))
            kept = {name: value for name, value in parameters.items() if name != "access_token"}
            self.requests.append(Request(method, next(known, 0), kept, status, code, answer, self.world.clock()))
        self.world.changes.notify()


def _permitted(method: str, community: Community) -> Method:
    if method not in METHODS:
        raise RefusedError(3)
    scope, function = METHODS[method]
    if scope and scope not in community.scopes:
        raise RefusedError(15, "no access to call this method. It cannot be called with current scopes.")
    return function


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _respond(answer: dict[str, Any]) -> web.Response:
    """Every answer is a 200, the refusals too."""
    return web.Response(body=_ENCODE(answer).encode(), content_type="application/json")
