"""Faults on demand: the next calls of a method are refused, hang, or lose their answer."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call. `answer` replaces it, `drop` loses its answer, `hang` keeps it waiting."""

    kind: Literal["answer", "drop_before", "drop_after", "hang"]
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    retry_after: int | None = None
    released: asyncio.Event | None = None

    @property
    def replacement(self) -> web.Response:
        """What is answered instead."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return web.Response(body=self.body, status=self.status, content_type=self.content_type, headers=headers)


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


async def let_through(fault: Fault | None, request: web.BaseRequest, answer: web.Response) -> web.Response:
    """The answer to a call that was carried out, once nothing holds it back any more."""
    if fault is not None and fault.kind == "drop_after":
        return hang_up(request)
    if fault is not None and fault.released is not None:
        await fault.released.wait()
    return answer


def hang_up(request: web.BaseRequest) -> web.Response:
    """Close the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
