"""The whole service in this process, against the stand-in of Telegram, on real sockets and a real database."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

import channels.telegram.client  # noqa: F401 - loaded once and not within a test's time: it takes seconds
from bot import assembly, clock
from bot.assembly import Parts
from bot.settings import build_settings
from net.http import HttpAnswer, HttpClient
from ratings.store.keys import CreateKey, Scope, new_key
from ratings.times import MINUTE, format_instant
from sandbox.telegram import TelegramSandbox

TOKEN = "42:" + "T" * 35
ANN = 555001
ENVIRON = {"TAPFIVE_SECRET": "s" * 40, "BOT_TOKEN": TOKEN}


@dataclass
class Service:
    """A running service and everything around it."""

    parts: Parts
    sandbox: TelegramSandbox
    client: HttpClient
    url: str
    key: str

    async def post(self, path: str, json: Any) -> HttpAnswer:
        """POST to the API."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return await self.client.request("POST", f"{self.url}/api/v1{path}", json=json, headers=headers)

    async def close(self, ticket_id: str = "T-1", customer: int = ANN, **more: Any) -> HttpAnswer:
        """Report a closing a minute old."""
        ticket = {
            "id": ticket_id,
            "closed_at": format_instant(clock.now() - MINUTE),
            "subject": "Printer <b>&",
            "customer": {"language": "en"},
            "address": {"channel": "telegram.support", "id": str(customer)},
            **more,
        }
        return await self.post("/tickets/closed", ticket)


Start = Callable[..., Any]


@pytest.fixture
async def sandbox() -> AsyncIterator[TelegramSandbox]:
    sandbox = TelegramSandbox(limits=None)
    await sandbox.start()
    sandbox.add_bot(TOKEN, "support_bot")
    sandbox.add_customer(ANN, "Ann", "en")
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def start(sandbox: TelegramSandbox) -> AsyncIterator[Start]:
    """Start services; several are several processes on one store."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(HttpClient())

        async def run(
            store_url: str, mode: str = "webhook", *, work: bool = True, public_url: str = "", **keys: Any
        ) -> Service:
            listener = socket.create_server(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            account = {"token": "env:BOT_TOKEN", "api_url": sandbox.url, "mode": mode, "poll_wait": 1, **keys}
            account.setdefault("pace", {"per_second": 1000, "per_recipient": 1000})
            settings = build_settings(
                {
                    "server": {"public_url": public_url or url, "secret": "env:TAPFIVE_SECRET"},
                    "store": {"url": store_url},
                    "channels": {"telegram": {"support": account}},
                },
                environ=ENVIRON,
            )
            parts = assembly.assemble(settings)
            await stack.enter_async_context(assembly.running(parts, work=work))
            await stack.enter_async_context(assembly.listening(parts, [listener]))
            key_id, key, key_hash = new_key()
            await parts.store.writer.do(CreateKey(key_id, f"test {key_id}", Scope.ADMIN, key_hash))
            return Service(parts, sandbox, client, url, key)

        yield run
