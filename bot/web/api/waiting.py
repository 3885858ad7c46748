"""How long a caller is kept waiting: a store that is locked or stalled is a 503 in time, not a connection that hangs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.errors import ApiProblem

WAIT_SECONDS = 10.0

Handler = Callable[[Request], Awaitable[Response]]


def in_time(handler: Handler) -> Handler:
    """Return a handler that raises ApiProblem (503) when it takes too long.

    What waits to be written may be written all the same: to send it again is harmless, and gets the same decision.
    """

    async def bounded(request: Request) -> Response:
        try:
            async with asyncio.timeout(WAIT_SECONDS) as clock:
                request.state.clock = clock
                return await handler(request)
        except TimeoutError:
            raise ApiProblem(503, "the store takes too long; come again", headers={"retry-after": "1"}) from None

    return bounded


@contextmanager
def clock_stopped(request: Request) -> Iterator[None]:
    """Let the client take its time, as with a body on a slow line; then the whole time is ours again."""
    clock: asyncio.Timeout = request.state.clock
    clock.reschedule(None)
    try:
        yield
    finally:
        clock.reschedule(asyncio.get_running_loop().time() + WAIT_SECONDS)
