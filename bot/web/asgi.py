"""The few things that a plain ASGI endpoint needs, and a framework would charge for on the path of a tap.

Protocol: ASGI 3.0, HTTP messages (asgi.readthedocs.io).
"""

from collections.abc import Mapping, Sequence

from starlette.types import Receive, Scope, Send

from bot.web.problems import CONTENT_TYPE, problem_bytes


class BodyTooLarge(Exception):
    """The request's body is over the limit."""


class ClientGone(Exception):
    """The client went away before its request was complete."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the whole body. Raises BodyTooLarge as soon as it is, ClientGone when it never comes."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise BodyTooLarge
        return body
    chunks = [body]
    size = len(body)
    while message.get("more_body", False):
        if size > limit:
            raise BodyTooLarge
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if size > limit:
        raise BodyTooLarge
    return b"".join(chunks)


def headers_of(scope: Scope) -> Mapping[str, str]:
    """Return the headers by their lower-case names (ASGI gives them lower-case)."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def answer(
    send: Send, status: int, body: bytes, content_type: str, more: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Send a whole response."""
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, detail: str, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send an error."""
    await answer(send, status, problem_bytes(status, detail), CONTENT_TYPE, more)
