"""Idempotency-Key: a POST that is sent again under its key gets the answer of the first, and does nothing.

By draft-ietf-httpapi-idempotency-key-header-07: another body under a known key is 422, a repetition while the first still runs
409. Answers are kept for a day; those of failures (5xx) are not, so that trying again tries again. What the operation does
is harmless to repeat anyway: the key makes the *answer* the same, too. The 409 knows of this process alone.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.bodies import JSON
from bot.web.api.errors import NO_STORE, ApiProblem, as_problem, respond
from bot.web.problems import CONTENT_TYPE
from ratings.store.keys import ApiKey, KeepAnswer, StoredAnswer, find_answer
from ratings.store.store import Store
from ratings.times import Instant

HEADER = "idempotency-key"
MAX_KEY = 200
_FIRST_FAILURE = 500

# RFC 8941 §3.3.3: printable ASCII in quotes, where a quote and a backslash are escaped. Bare keys are common, and taken.
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(r"[\x21\x23-\x7e][\x20\x21\x23-\x7e]*")

Act = Callable[[], Awaitable[Response]]


class Idempotency:
    """Runs an operation once for each (API key, path, Idempotency-Key)."""

    def __init__(self, store: Store, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._clock = clock
        self._running: dict[tuple[str, str, str], str] = {}

    async def once(self, request: Request, api_key: ApiKey, body: bytes, act: Act) -> Response:
        """Return the answer of `act`, or the one that was given before. Raises ApiProblem (400, 409, 422)."""
        key = read_key(request.headers.getlist(HEADER))
        if key is None:
            return await act()
        path: str = request.scope["path"]
        place = (api_key.id, path, key)
        body_hash = hashlib.sha256(body).hexdigest()
        running = self._running.get(place)
        if running is not None:
            raise _other_body() if running != body_hash else _still_running()
        self._running[place] = body_hash
        try:
            kept = await self._store.read(find_answer, api_key.id, path, key, self._clock())
            if kept is not None:
                return _replay(kept, body_hash)
            response = await _finish(act)
            if response.status_code < _FIRST_FAILURE:
                text = bytes(response.body).decode()
                await self._store.writer.do(
                    KeepAnswer(api_key.id, path, key, StoredAnswer(body_hash, response.status_code, text))
                )
            return response
        finally:
            del self._running[place]


def read_key(found: list[str]) -> str | None:
    """Return the key of a request, None when it has none. Raises ApiProblem (400)."""
    if not found:
        return None
    text = found[0].strip()
    if len(found) == 1:
        quoted = _QUOTED.fullmatch(text)
        key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text if _BARE.fullmatch(text) else ""
        if 0 < len(key) <= MAX_KEY:
            return key
    raise ApiProblem(
        400, f'Idempotency-Key has to be one string of 1 to {MAX_KEY} ASCII characters, as in "8e03978e-40d5"'
    )


async def _finish(act: Act) -> Response:
    """Return the answer, be it an error: a repetition gets that one, too."""
    try:
        return await act()
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            raise
        return respond(problem)


def _replay(kept: StoredAnswer, body_hash: str) -> Response:
    if kept.body_hash != body_hash:
        raise _other_body()
    media_type = JSON if kept.status < 400 else CONTENT_TYPE  # noqa: PLR2004 - the first status of an error
    return Response(kept.body, kept.status, {**NO_STORE, "idempotency-replayed": "true"}, media_type)


def _other_body() -> ApiProblem:
    return ApiProblem(422, "this Idempotency-Key was used with another body; a new request needs a new key")


def _still_running() -> ApiProblem:
    return ApiProblem(
        409, "the first request with this Idempotency-Key still runs; come again", headers={"retry-after": "1"}
    )
