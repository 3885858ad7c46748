"""The one door to other people's HTTP: a thin client over aiohttp whose failures are errors that carry the decision.

It never follows redirects, never reads proxy settings, keeps no cookies and reads a bounded answer. Errors name the
host alone, since paths hold tokens at some platforms (Telegram).
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, Rejected, Throttled, Unreachable
from net.guard import ForbiddenAddress, ForbiddenUrl, Guard

MAX_ANSWER_BYTES = 1024 * 1024
DEFAULT_RETRY_AFTER = 1.0
MAX_RETRY_AFTER = 86_400.0  # a day: an absurd value must not stop an account for ever
_SECONDS = re.compile(r"\d{1,10}(\.\d{1,9})?")
_OK_FROM, _REDIRECT_FROM, _REFUSED_FROM, _BROKEN_FROM = 200, 300, 400, 500
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer. `headers` are case-insensitive; `body` is bounded by its client; `host` is for error texts."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str = ""


class HttpClient:
    """One pool of connections: an account has its own, so that a slow platform holds up nobody else.

    Use it inside the event loop it was first used in, and close it. With a `guard` it goes only where that allows.
    `max_answer`: bytes of an answer that are read at the most.
    """

    def __init__(
        self, *, connections: int = 100, guard: Guard | None = None, max_answer: int = MAX_ANSWER_BYTES
    ) -> None:
        self._connections = connections
        self._guard = guard
        self._max_answer = max_answer
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        data: bytes | Mapping[str, str] | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109 - connecting and answering have their own clocks, which one outer timeout cannot tell apart
    ) -> HttpAnswer:
        """Send `json`, `data` (bytes, or fields of a form) or nothing, and read the answer whatever its status.

        `timeout`: seconds to get a connection, and again to wait for the answer. Raises Unreachable when the request
        was not written, OutcomeUnknown when it was and no whole answer came, Misconfigured when the URL is none or
        forbidden by the guard.
        """
        if self._guard is not None:
            _check(self._guard, url)
        session = self._session or self._open()
        try:
            async with session.request(
                method,
                url,
                json=json,
                data=data,
                headers=headers,
                timeout=_clocks(timeout),
                allow_redirects=False,
            ) as response:
                body = await _read(response, self._max_answer)
                if body is not None:
                    return HttpAnswer(response.status, response.headers, body, response.host)
                failure: DeliveryError = OutcomeUnknown(
                    f"{response.host} answered more than {self._max_answer} bytes", platform_code=str(response.status)
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failure = _translate(error, url)
        # Raised out here: as its context, the library's error would carry the URL into every traceback.
        raise failure

    def _open(self) -> aiohttp.ClientSession:
        guard, limit = self._guard, self._connections
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit) if guard is None else guard.connector(limit),
            headers={"User-Agent": _user_agent()},
            cookie_jar=aiohttp.DummyCookieJar(),
            json_serialize=_to_json,
            trust_env=False,
        )
        return self._session


def raise_for_status(answer: HttpAnswer) -> None:
    """Raise what a status other than 2xx means. A 200 is not success everywhere: the adapter reads the body."""
    status = answer.status
    if _OK_FROM <= status < _REDIRECT_FROM:
        return
    text = f"{answer.host or 'the platform'} answered {status}"
    code = str(status)
    if status == _TOO_MANY:
        wait = retry_after(answer.headers.get("Retry-After"), now=time.time())
        raise Throttled(text, retry_after=wait, platform_code=code)
    if status >= _BROKEN_FROM:
        raise Unreachable(text, platform_code=code)
    if status >= _REFUSED_FROM:
        raise Rejected(text, platform_code=code)
    raise Misconfigured(f"{text}, and redirects are not followed", platform_code=code)


def retry_after(value: str | None, *, now: float) -> float:
    """Seconds to wait by a Retry-After header: seconds or an HTTP date (RFC 9110 §10.2.3), at least 1, at most a day.

    `now` is in seconds since the Unix epoch. A missing or unreadable header means 1.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        wait = float(text)
    else:
        try:
            wait = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            wait = DEFAULT_RETRY_AFTER
    return min(max(wait, DEFAULT_RETRY_AFTER), MAX_RETRY_AFTER)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body; None when it is too large. An error's body is cut instead: its status has said what matters."""
    content = response.content
    first = await content.read(limit + 1)
    if content.at_eof() and len(first) <= limit:
        return first  # most answers come in one piece
    pieces, size = [first], len(first)
    while size <= limit and (piece := await content.read(limit + 1 - size)):
        pieces.append(piece)
        size += len(piece)
    if size <= limit:
        return b"".join(pieces)
    response.close()  # not back to the pool: the rest of the answer is still in the pipe
    return b"".join(pieces)[:limit] if response.status >= _REFUSED_FROM else None


def _check(guard: Guard, url: str) -> None:
    try:
        guard.check(url)
    except ForbiddenUrl as error:
        raise Misconfigured(f"nothing is sent there: {error}", platform_code="forbidden") from None


def _translate(error: Exception, url: str) -> DeliveryError:
    host = _host(url)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ForbiddenAddress):
        return Misconfigured(f"nothing is sent to {host}: {error.os_error}", platform_code="forbidden")
    # ConnectionTimeoutError is the clock of getting a connection, the pool's queue included.
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unreachable(f"no connection to {host}", platform_code=type(error).__name__)
    if isinstance(error, aiohttp.NonHttpUrlClientError | ValueError):  # InvalidURL is a ValueError, too
        return Misconfigured(f"no request to {host} can be written; is the URL right?")
    if isinstance(error, TimeoutError):
        return OutcomeUnknown(f"{host} did not answer in time", platform_code="timeout")
    return OutcomeUnknown(f"{host} broke off its answer", platform_code=type(error).__name__)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "an unnamed host"
    except ValueError:
        return "an unnamed host"


@lru_cache(maxsize=64)
def _clocks(seconds: float) -> aiohttp.ClientTimeout:
    # The sum is bounded by twice as much: when that clock strikes, at least `seconds` passed since the request was
    # written, so that it always means an unknown outcome.
    return aiohttp.ClientTimeout(total=2 * seconds, connect=seconds, sock_read=seconds)


@lru_cache(maxsize=1)
def _user_agent() -> str:
    return f"tapfive/{version('tapfive')}"


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
