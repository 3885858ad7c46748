"""The service with its people on a port of loopback, for a browser."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.assembly import listening, running
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.pages.office import Office


@asynccontextmanager
async def served_office(url: str, clock: Clock) -> AsyncIterator[tuple[Office, str]]:
    """A started service, and its address."""
    parts = make_parts(url, clock, max_body=65_536)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        home = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with running(parts, work=False), listening(parts, [bound]):
            office = Office(parts, clock)
            yield office, home
            await office.close()
