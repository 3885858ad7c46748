"""What calls Pyrus: each request once, and once more with a new token where the old one is of no use any more.

https://pyrus.com/en/help/api/authorization: tokens live for a while, a user has a few of them, and the oldest die. So one is
kept, and whoever finds it dead gets another while everybody else waits for that. Tokens never leave this module.
"""

import asyncio
import time
from typing import Any, TypeVar

import msgspec

from desks.pyrus.config import PyrusConfig, base_of
from desks.pyrus.failures import NOT_PYRUS, STALE, Act, decide
from desks.pyrus.shapes import Failure, Form, Profile, RegisterAnswer, Task, TaskAnswer, Token
from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, Unreachable
from net.http import HttpAnswer, HttpClient

CONNECTIONS = 8
MAX_ANSWER = 32 * 1024 * 1024
"""Bytes: Pyrus answers a comment with the whole task."""

_OK_FROM, _OK_BELOW, _UNAUTHORIZED = 200, 300, 401

Shape = TypeVar("Shape")


class Client:
    """One bot's calls. Each raises a DeliveryError when it fails, and nothing else. Opens nothing before the first."""

    def __init__(self, config: PyrusConfig) -> None:
        self._config = config
        self._http: HttpClient | None = None
        self._login = asyncio.Lock()
        self._token = ""
        self._base = ""

    async def profile(self) -> Profile:
        """Who we are."""
        return await self._ask("GET", "profile", Profile, "account")

    async def form(self, form_id: int) -> Form:
        """A form's template."""
        return await self._ask("GET", f"forms/{form_id}", Form, "account")

    async def register(self, form_id: int, filters: dict[str, Any]) -> list[Task]:
        """Rows of a form's register."""
        found = await self._ask("POST", f"forms/{form_id}/register", RegisterAnswer, "account", filters)
        return found.tasks or []

    async def task(self, task_id: int) -> Task:
        """A task with its comments."""
        return (await self._ask("GET", f"tasks/{task_id}", TaskAnswer, "task")).task

    async def comment(self, task_id: int, content: dict[str, Any]) -> None:
        """Add a comment. Raises OutcomeUnknown when it may have been added."""
        await self._call("POST", f"tasks/{task_id}/comments", "task", content)

    async def close(self) -> None:
        """Let go of connections and of the token."""
        http, self._http, self._token = self._http, None, ""
        if http is not None:
            await http.close()

    async def _ask(self, method: str, path: str, shape: type[Shape], act: Act, content: Any = None) -> Shape:
        """A call that changes nothing: whatever is unclear about it may be asked again."""
        try:
            answer = await self._call(method, path, act, content)
        except OutcomeUnknown as unclear:
            failure: DeliveryError = Unreachable(unclear.text, platform_code=unclear.platform_code)
        else:
            try:
                return msgspec.json.decode(answer.body, type=shape)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                failure = Unreachable(NOT_PYRUS, platform_code=str(answer.status))
        raise failure

    async def _call(self, method: str, path: str, act: Act, content: Any) -> HttpAnswer:
        token = await self._authorized("")
        answer = await self._send(method, self._base + path, token, content)
        if answer.status == _UNAUTHORIZED and _failure(answer).error_code in STALE:
            token = await self._authorized(token)
            answer = await self._send(method, self._base + path, token, content)
        _raise_for(answer, act)
        return answer

    async def _send(self, method: str, url: str, token: str, content: Any) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}"}
        return await self._connections().request(
            method, url, json=content, headers=headers, timeout=self._config.timeout
        )

    async def _authorized(self, dead: str) -> str:
        """A token that is not `dead`. One refreshes, the others wait and take what it got."""
        async with self._login:
            if not self._token or self._token == dead:
                self._token = ""
                found = await self._log_in()
                self._base = self._config.api_url or self._base_in(found)
                self._token = found.access_token
            return self._token

    async def _log_in(self) -> Token:
        config = self._config
        who: dict[str, Any] = {"login": config.login, "security_key": config.security_key.get_secret_value()}
        if config.person_id is not None:
            who["person_id"] = config.person_id
        try:
            answer = await self._connections().request(
                "POST", f"{config.authority}auth", json=who, timeout=config.timeout
            )
        except OutcomeUnknown as unclear:  # another token does no harm
            failure: DeliveryError = Unreachable(unclear.text, platform_code=unclear.platform_code)
        else:
            _raise_for(answer, "account")
            try:
                return msgspec.json.decode(answer.body, type=Token)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                failure = Misconfigured(f"{NOT_PYRUS}: is auth_url right?", platform_code=str(answer.status))
        raise failure

    def _base_in(self, found: Token) -> str:
        """Where the API is, as the login says: tokens go there, so never from TLS to a place without."""
        authority = self._config.authority
        try:
            base = base_of(found.api_url) if found.api_url else authority
        except ValueError:
            base = ""
        if not base or (authority.startswith("https:") and not base.startswith("https:")):
            raise Misconfigured("Pyrus named no address of its API that can be used: set api_url")
        return base

    def _connections(self) -> HttpClient:
        self._http = self._http or HttpClient(connections=CONNECTIONS, max_answer=MAX_ANSWER)
        return self._http


def _raise_for(answer: HttpAnswer, act: Act) -> None:
    """Raise what an answer means that is no success; a refusal can come with a 200, too."""
    passed = _OK_FROM <= answer.status < _OK_BELOW
    failure = _failure(answer)
    if passed and failure.error_code is None:
        return
    status = 400 if passed else answer.status
    raise decide(status, failure.error_code or "", failure.error or "", answer.headers, act, time.time())


def _failure(answer: HttpAnswer) -> Failure:
    if b"error_code" not in answer.body:
        return Failure()
    try:
        return msgspec.json.decode(answer.body, type=Failure)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Failure()
