"""Faults on demand: the next calls of a method are refused, hang, or lose their answer."""

import asyncio
import json
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call. `answer` replaces it, `drop` loses its answer, `hang` keeps it waiting."""

    kind: Literal["answer", "drop_before", "drop_after", "hang"]
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    retry_after: int | None = None
    released: asyncio.Event | None = None


class Faults:
    """The faults that wait, per method; "*" stands for any."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Fault]] = {}

    def add(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next `times` calls of a method meet this."""
        self._waiting.setdefault(method.lower(), []).extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        """What this call meets."""
        if self._waiting:
            for name in (method, "*"):
                if faults := self._waiting.get(name):
                    return faults.pop(0)
        return None

    def clear(self) -> None:
        """Forget what waits; calls that hang stay with their event."""
        self._waiting.clear()


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
