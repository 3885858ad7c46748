"""What the Bot API says when it refuses: the HTTP status, which is also `error_code`, and the text."""

import json
from typing import Any

from sandbox.faults import Fault


class RefusedError(Exception):
    """A request that the Bot API does not carry out. `parameters` is its machine-readable part, or empty."""

    def __init__(self, status: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters or {}


def bad_request(text: str, parameters: dict[str, Any] | None = None) -> RefusedError:
    """400: the request will never pass as it is."""
    return RefusedError(400, f"Bad Request: {text}", parameters)


def forbidden(text: str) -> RefusedError:
    """403: this chat takes nothing from this bot."""
    return RefusedError(403, f"Forbidden: {text}")


def conflict(text: str) -> RefusedError:
    """409: somebody else consumes the updates of this bot."""
    return RefusedError(409, f"Conflict: {text}")


def too_many_requests(retry_after: int) -> RefusedError:
    """429: wait `retry_after` seconds. The server sends the number as a header as well."""
    return RefusedError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def refusal(status: int, description: str | None, retry_after: int | None, body: bytes | None) -> Fault:
    """A call that is not carried out. `body` is sent as it is, such as a proxy's page; else it is Telegram's JSON."""
    if body is not None:
        return Fault("answer", status, body, "text/html", retry_after)
    answer: dict[str, object] = {"ok": False, "error_code": status}
    answer["description"] = description or _DESCRIPTIONS.get(status, "Internal Server Error").format(retry_after)
    if retry_after is not None:
        answer["parameters"] = {"retry_after": retry_after}
    return Fault("answer", status, json.dumps(answer).encode(), retry_after=retry_after)


_DESCRIPTIONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    429: "Too Many Requests: retry after {}",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}
