"""The stand-in itself: logins and the API on loopback, the people's side of it, and what a test needs to break it."""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from sandbox.faults import hang_up, let_through
from sandbox.phones.serving import Handler
from sandbox.stand_in import ApiStandIn

from .delivery import Attempt, Delivery
from .people import PeopleSide
from .refusals import RefusedError, replacement
from .register import select
from .rendering import form_json, task_json
from .state import Bot, Form, Json, Task, World

ACCOUNTS, API = "/api/v4/", "/v4/"
WINDOW = 600.0  # seconds in which a user has so many requests
_ROUTES = (
    ("profile", "GET", re.compile(r"profile")),
    ("forms", "GET", re.compile(r"forms")),
    ("form", "GET", re.compile(r"forms/(\d+)")),
    ("register", "GET", re.compile(r"forms/(\d+)/register")),
    ("register", "POST", re.compile(r"forms/(\d+)/register")),
    ("task", "GET", re.compile(r"tasks/(\d+)")),
    ("comment", "POST", re.compile(r"tasks/(\d+)/comments")),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request that was answered. `method` is auth, profile, form, register, task or comment; tokens are not kept."""

    method: str
    path: str
    content: Json
    status: int
    code: str

    @property
    def passed(self) -> bool:
        """Whether it was not refused."""
        return self.status == 200


class PyrusSandbox(PeopleSide, ApiStandIn[Request]):
    """Pyrus for the demo, the tests and the benchmarks.

    `clock` gives seconds since the epoch; `limit` requests a user has in ten minutes (None: any number); tokens live for
    `token_life` seconds; a bot may take `webhook_timeout` seconds to answer; `keep_log` bounds `requests` and `attempts`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        seed: int = 0,
        limit: int | None = 5000,
        token_life: float = 86_400.0,
        webhook_timeout: float = 60.0,
        keep_log: int | None = None,
    ) -> None:
        world = World(clock, seed, token_life)
        delivery = Delivery(world, self._answered, timeout=webhook_timeout, keep_log=keep_log)
        PeopleSide.__init__(self, world, delivery)
        ApiStandIn.__init__(self, world.changes, delivery, keep_log)
        self.limit = limit
        self._windows: dict[int, tuple[float, int]] = {}

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler, to be mounted beside others in one LoopbackServer."""
        return {ACCOUNTS: self.handle_login, API: self.handle}

    @property
    def auth_url(self) -> str:
        """Where tokens are given out."""
        return f"{self.url}{ACCOUNTS}"

    @property
    def attempts(self) -> deque[Attempt]:
        """Every call of a bot that was posted, with its status."""
        return self.delivery.attempts

    async def _end(self) -> None:
        await self.delivery.close()

    def fail_next(
        self, method: str, code: str = "", *, words: str = "", http: int | None = None, times: int = 1
    ) -> None:
        """Refuse the next requests of `method` ("*": any) without carrying them out, by Pyrus's code or by a bare status."""
        self._faults.add(method, replacement(code, words, http), times)

    # --- the API --------------------------------------------------------------------------------------------------

    async def handle_login(self, request: web.BaseRequest) -> web.StreamResponse:
        """POST auth: {login, security_key, person_id?} to a token and the address of the API."""
        if request.method != "POST" or _path(request, ACCOUNTS) != "auth":
            return web.Response(status=404, text='{"Message":"Not found"}', content_type="application/json")

        def log_in(content: Json) -> Json:
            if not isinstance(content.get("login"), str) or not isinstance(content.get("security_key"), str):
                raise RefusedError("required_parameter_missing", "login and security_key are required.")
            bot = self.world.bots.get(content["login"])
            if bot is None or bot.security_key != content["security_key"]:
                raise RefusedError("invalid_credentials", "Invalid login or security key.")
            if content.get("person_id", bot.person.id) != bot.person.id:
                raise RefusedError("invalid_credentials", "Invalid person_id.")
            if bot.blocked:
                raise RefusedError("account_blocked")
            api_url = f"http://{request.host}{API}"
            return {"access_token": self.world.make_token(bot), "api_url": api_url, "files_url": api_url}

        return await self._serve(request, "auth", "auth", log_in, {})

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one API request."""
        path = _path(request, API)
        for name, method, pattern in _ROUTES:
            match = pattern.fullmatch(path)
            if match is None or request.method != method:
                continue
            number = int(match[1]) if match.groups() else 0
            headers: dict[str, str] = {}

            def answer(
                content: Json, name: str = name, number: int = number, headers: dict[str, str] = headers
            ) -> Json:
                bot = self._authorized(request)
                self._count(bot, headers)
                return self._carry_out(bot, name, number, content)

            return await self._serve(request, name, path, answer, headers)
        return web.Response(status=404, text='{"Message":"Not found"}', content_type="application/json")

    async def _serve(
        self,
        request: web.BaseRequest,
        name: str,
        path: str,
        carry_out: Callable[[Json], Json],
        headers: dict[str, str],
    ) -> web.StreamResponse:
        fault = self._faults.take(name)
        if fault is not None and fault.kind == "drop_before":
            return hang_up(request)
        content: Json = {}
        try:
            content = _read(await request.read())
            if fault is not None and fault.kind == "answer":
                self._log(name, path, content, fault.status, "fault")
                return fault.replacement
            answer, status, code = json.dumps(carry_out(content), ensure_ascii=False).encode(), 200, ""
        except RefusedError as refused:
            answer, status, code = refused.body, refused.status, refused.code
        self._log(name, path, content, status, code)
        made = web.Response(body=answer, status=status, content_type="application/json", headers=headers)
        return await let_through(fault, request, made)

    def _carry_out(self, bot: Bot, name: str, number: int, content: Json) -> Json:
        if name == "profile":
            return {"person_id": bot.person.id, "email": bot.person.email, "first_name": bot.person.first_name}
        if name == "forms":
            return {"forms": [form_json(form) for form in self.world.forms.values() if form.id in bot.forms]}
        if name == "form":
            return form_json(self._form(bot, number))
        if name == "register":
            rows = select(self.world, self._form(bot, number), content)
            return {"tasks": rows} if rows else {}
        task = self._task(bot, number)
        if name == "comment":
            self.comment_as(bot, task, content)
        return {"task": task_json(self.world, task)}

    def _authorized(self, request: web.BaseRequest) -> Bot:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not text:
            raise RefusedError("token_not_specified")
        token = self.world.tokens.get(text)
        if token is None:
            raise RefusedError("invalid_token")
        if token.died or token.until <= self.world.clock():
            raise RefusedError(token.died or "expired_token")
        return token.bot

    def _count(self, bot: Bot, headers: dict[str, str]) -> None:
        if self.limit is None:
            return
        now = self.world.clock()
        since, count = self._windows.get(bot.person.id, (now, 0))
        if now - since >= WINDOW:
            since, count = now, 0
        self._windows[bot.person.id] = (since, count + 1)
        headers["X-RateLimit-Limit"] = str(self.limit)
        headers["X-RateLimit-Remaining"] = str(max(0, self.limit - count - 1))
        headers["X-RateLimit-Reset"] = str(int(since + WINDOW - now))
        if count >= self.limit:
            raise RefusedError("too_many_requests", "Too many requests.")

    def _form(self, bot: Bot, form_id: int) -> Form:
        form = self.world.forms.get(form_id)
        if form is None or form_id not in bot.forms:
            raise RefusedError("access_denied_form", "You have no access to the form.")
        return form

    def _task(self, bot: Bot, task_id: int) -> Task:
        task = self.world.tasks.get(task_id)
        if task is None or (task.form_id is not None and task.form_id not in bot.forms):
            raise RefusedError("access_denied_task", "You have no access to the task.")
        return task

    def _answered(self, bot: Bot, task_id: int, answer: bytes) -> None:
        """What a bot answered to its call is a comment, if it is one."""
        try:
            self.comment_as(bot, self.world.tasks[task_id], _read(answer))
        except RefusedError as refused:
            self._log("answer", f"tasks/{task_id}", {}, refused.status, refused.code)

    def _log(self, method: str, path: str, content: Json, status: int, code: str) -> None:
        if self.requests.maxlen != 0:
            kept = {key: value for key, value in content.items() if key != "security_key"}
            self.requests.append(Request(method, path, kept, status, code))
        self.world.changes.notify()


def _path(request: web.BaseRequest, prefix: str) -> str:
    return request.raw_path.partition("?")[0].removeprefix(prefix)


def _read(body: bytes) -> Json:
    if not body:
        return {}
    try:
        content = json.loads(body)
    except ValueError:
        raise RefusedError("invalid_json") from None
    if not isinstance(content, dict):
        raise RefusedError("invalid_json", "An object is expected.")
    return content
