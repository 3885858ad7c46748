"""Parts of the service that run until it stops: one that fails is told in the log and begins again."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable

import structlog

AGAIN_SECONDS = 5.0
"""The pause after a failure: a defect that stays must not fill the log or the processor."""

_log = structlog.get_logger("tapfive.service")


async def keep_running(part: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part until it returns. Each part stands alone: the others, and the hooks, go on while it rests."""
    while True:
        try:
            await run()
        except Exception as error:  # noqa: BLE001 - a defect, whatever it is, must not end the part for good
            _log.error("a part of the service failed; it begins again", part=part, **told(error))
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return


def told(error: BaseException) -> dict[str, object]:
    """Return what a log may hold of an error that nobody foresaw: its kind and its place; its text may quote a customer."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "where": where}
