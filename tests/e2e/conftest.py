"""The whole service in this process, against the stand-ins, on real sockets and a real database."""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

import channels.telegram.client  # noqa: F401 - loaded once and not within a test's time: it takes seconds
from bot import assembly
from bot.settings import build_settings
from channels.email.adapter import Email
from net.http import HttpClient
from ratings.store.keys import CreateKey, Scope, new_key
from ratings.store.positions import load_position
from sandbox.mail import MailSandbox
from sandbox.telegram import TelegramSandbox
from tests.e2e.kit import GoingClock, Service, until

TOKEN = "42:" + "T" * 35
ANN = 555001
ANNA, BORIS = "anna@customer.test", "boris@customer.test"
SUPPORT = "support@shop.test"
ENVIRON = {
    "TAPFIVE_SECRET": "s" * 40,
    "BOT_TOKEN": TOKEN,
    "VK_TOKEN": "vk1.a.secret-of-the-community_x-0123456789",
    "VIBER_TOKEN": "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9",
    "IMAP_PASSWORD": "mail-pass",
}

Serve = Callable[..., Any]
Start = Callable[..., Any]


@pytest.fixture
def clock() -> GoingClock:
    return GoingClock()


@pytest.fixture
async def serve(clock: GoingClock) -> AsyncIterator[Serve]:
    """Run services with the accounts that are named; several are several processes on one store."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(HttpClient())

        async def run(
            store_url: str,
            accounts: Mapping[str, Mapping[str, Any]],
            *,
            customer: int | str = "",
            work: bool = True,
            public_url: str = "",
            environ: Mapping[str, str] | None = None,
            desks: Mapping[str, Mapping[str, Any]] | None = None,
        ) -> Service:
            listener = socket.create_server(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            tables: dict[str, dict[str, Any]] = {}
            for name, keys in accounts.items():
                kind, _, account = name.partition(".")
                tables.setdefault(kind, {})[account] = {"pace": {"per_second": 1000, "per_recipient": 1000}, **keys}
            helpdesks: dict[str, dict[str, Any]] = {}
            for name, keys in (desks or {}).items():
                kind, _, own = name.partition(".")
                helpdesks.setdefault(kind, {})[own] = {"per_second": 1000, **keys}
            settings = build_settings(
                {
                    "server": {"public_url": public_url or url, "secret": "env:TAPFIVE_SECRET"},
                    "store": {"url": store_url},
                    "channels": tables,
                    "desks": helpdesks,
                },
                environ={**ENVIRON, **(environ or {})},
            )
            parts = assembly.assemble(settings, clock)
            await stack.enter_async_context(assembly.running(parts, work=work))
            await stack.enter_async_context(assembly.listening(parts, [listener]))
            key_id, key, key_hash = new_key()
            await parts.store.writer.do(CreateKey(key_id, f"test {key_id}", Scope.ADMIN, key_hash, "test"))
            return Service(parts, client, clock, url, key, next(iter(accounts)), str(customer))

        yield run


@pytest.fixture
async def sandbox() -> AsyncIterator[TelegramSandbox]:
    sandbox = TelegramSandbox(limits=None)
    await sandbox.start()
    sandbox.add_bot(TOKEN, "support_bot")
    sandbox.add_customer(ANN, "Ann", "en")
    yield sandbox
    await sandbox.stop()


def telegram(sandbox: TelegramSandbox, mode: str = "webhook", **keys: Any) -> dict[str, Any]:
    """Return the settings of an account at the stand-in of Telegram."""
    return {"token": "env:BOT_TOKEN", "api_url": sandbox.url, "mode": mode, "poll_wait": 1, **keys}


@pytest.fixture
def start(sandbox: TelegramSandbox, serve: Serve) -> Start:
    """Run services with an account of Telegram."""

    async def run(
        store_url: str, mode: str = "webhook", *, work: bool = True, public_url: str = "", **keys: Any
    ) -> Service:
        accounts = {"telegram.support": telegram(sandbox, mode, **keys)}
        service: Service = await serve(store_url, accounts, customer=ANN, work=work, public_url=public_url)
        return service

    return run


@pytest.fixture
async def mail(clock: GoingClock) -> AsyncIterator[MailSandbox]:
    """Mail servers with two customers. The service's own mailbox is the test's to make."""
    mail = MailSandbox(clock=clock.seconds)
    mail.add_customer(ANNA, "Anna", "en")
    mail.add_customer(BORIS, "Boris", "en")
    await mail.start_servers()
    yield mail
    await mail.stop()


@pytest.fixture
def start_mail(mail: MailSandbox, serve: Serve) -> Start:
    """Run services that ask by mail and hear answers by IMAP or LMTP, and wait until they hear."""

    async def run(
        store_url: str,
        hears: str = "imap",
        *,
        others: Mapping[str, Mapping[str, Any]] | None = None,
        environ: Mapping[str, str] | None = None,
        **keys: Any,
    ) -> Service:
        account = {"from": f"Support <{SUPPORT}>", "smtp": mail.smtp_url, "timeout": 5, **keys}
        if hears == "imap":
            if mail.world.find(SUPPORT) is None:
                mail.add_mailbox(SUPPORT, ENVIRON["IMAP_PASSWORD"])
            password = "env:IMAP_PASSWORD"
            account |= {"imap": mail.imap_url, "imap_user": SUPPORT, "imap_password": password, "imap_poll": 0.1}
        elif hears == "lmtp":
            account["lmtp_listen"] = "127.0.0.1:0"
        accounts = {"email.support": account, **(others or {})}
        service: Service = await serve(store_url, accounts, customer=ANNA, environ=environ)
        channel = service.parts.channels["email.support"]
        assert isinstance(channel, Email)

        async def listens() -> bool:
            if hears == "lmtp":
                return channel._lmtp is not None and channel._lmtp.port is not None
            return await service.parts.store.read(load_position, "email.support") is not None

        if hears:
            await until(listens)
        if channel._lmtp is not None and channel._lmtp.port is not None:
            mail.send_by_lmtp("127.0.0.1", channel._lmtp.port)
        return service

    return run
