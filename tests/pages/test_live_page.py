"""`/ratings/live` over real HTTP: who may listen, what is told, and that pages which listen hold up no stop."""

import asyncio
import socket
import time
from contextlib import AsyncExitStack

import httpx

from bot.assembly import listening, running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.pages.office import Office

PATIENCE = 5.0
"""Seconds: far less than a stop waits for requests in hand."""


async def test_pages_that_listen_are_told_and_hold_up_no_stop(sqlite_url: str, clock: Clock) -> None:
    parts = make_parts(sqlite_url, clock)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        home = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with running(parts, work=False), httpx.AsyncClient(base_url=home) as client:
            async with AsyncExitStack() as served:
                await served.enter_async_context(listening(parts, [bound]))
                office = Office(parts, clock)
                for name, status in (("agent", 403), ("nobody", 401)):
                    headers = {"cookie": f"tapfive=secret-of-{name}", "accept": "text/event-stream"}
                    assert (await client.get("/ratings/live", headers=headers)).status_code == status
                headers = {"cookie": "tapfive=secret-of-manager", "accept": "text/event-stream"}
                async with client.stream("GET", "/ratings/live", headers=headers) as stream:
                    assert stream.headers["content-type"].startswith("text/event-stream")
                    assert stream.headers["cache-control"] == "no-store"
                    lines = stream.aiter_lines()
                    async with asyncio.timeout(60):
                        while await anext(lines) != "event: ready":
                            pass
                    invitation = office.world.close("T-1").invitation_id
                    office.world.work()
                    office.world.tap(invitation, 2)
                    office.world.number()
                    async with asyncio.timeout(60):
                        while f'"invitation": {invitation}' not in await anext(lines):
                            pass
                    await office.close()
                    began = time.monotonic()
                    stopping = asyncio.create_task(served.aclose())
                    assert [line async for line in lines if line and not line.startswith(":")] == []
                await stopping
            assert time.monotonic() - began < PATIENCE
