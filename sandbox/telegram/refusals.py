"""What the Bot API says when it refuses: the HTTP status, which is also `error_code`, and the text."""

from typing import Any


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
