"""Requests' bodies and the answers' JSON: limits, content types, decoding."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.errors import NO_STORE, ApiProblem
from bot.web.api.waiting import clock_stopped
from bot.web.asgi import BodyTooLarge, ClientGone, read_body

JSON = "application/json"
_PLAIN = {"accept-encoding": "identity"}


async def read_json_body(request: Request, limit: int) -> bytes:
    """Return the bytes of a JSON body. Raises ApiProblem: 415 for another type or an encoding, 413 over the limit."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type and content_type != JSON and not content_type.endswith("+json"):
        raise ApiProblem(415, f"the body has to be {JSON}")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        # RFC 9110 §15.5.16: the answer says what would be taken.
        raise ApiProblem(415, "the body has to be sent as it is, without an encoding", headers=_PLAIN)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    try:
        with clock_stopped(request):
            return await read_body(request.receive, limit)
    except BodyTooLarge:
        raise _too_large(limit) from None
    except ClientGone:
        raise ApiProblem(400, "the body ended before it was complete") from None


def _too_large(limit: int) -> ApiProblem:
    return ApiProblem(413, f"the body may have at most {limit} bytes", headers={"connection": "close"})


def decode(body: bytes) -> Any:
    """Return the data of a JSON body. Raises ApiProblem (400)."""
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise ApiProblem(400, "the body is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        # msgspec says what it did not understand and at which byte, and quotes nothing of the body.
        raise ApiProblem(
            400, f"the body is no JSON: {error}" if isinstance(error, msgspec.DecodeError) else "the body is no JSON"
        ) from None


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return Response(msgspec.json.encode(data), status, {**NO_STORE, **(headers or {})}, JSON)
