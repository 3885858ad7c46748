"""The service as a process that can be killed, and the customers who tap meanwhile."""

import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import time
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import aiohttp

from bot.cli import main
from ratings.store.closings import DeskReport
from ratings.store.store import Store
from ratings.ticket import parse_ticket
from ratings.times import format_instant
from sandbox.telegram import TelegramSandbox

ACCOUNT = "telegram.support"
TOKEN = "123456:ABC-def"
HOOK_SECRET = "of-the-relay"
PATIENCE = 30.0
_SECRETS = {"secret": "0123456789abcdef0123456789abcdef", "token": TOKEN, "hook_secret": HOOK_SECRET}


# A life of the service is forked from a process that has imported it, for a life's beginning is the imports' time alone;
# the programs themselves are started in tests/cli.
_lives = multiprocessing.get_context("forkserver")
_lives.set_forkserver_preload(
    [__name__, "alembic.command", "bot.assembly", "bot.cli.service", "bot.web.app", "channels.telegram.client"]
)


def now() -> int:
    return time.time_ns() // 1_000_000


class KilledService:
    """`tapfive serve` on one port, whatever happens to its processes."""

    def __init__(self, folder: Path, store_url: str, api_url: str) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.running = asyncio.Event()
        self._log = folder / "service.log"
        self._config = folder / "config.toml"
        self._process: ForkServerProcess | None = None
        for name, secret in _SECRETS.items():
            (folder / name).write_text(secret)
        self._config.write_text(
            f"""
            [server]
            port = {port}
            secret = "file:secret"
            [store]
            url = "{store_url}"
            [log]
            format = "json"
            [channels.{ACCOUNT}]
            token = "file:token"
            hook_secret = "file:hook_secret"
            mode = "relay"
            api_url = "{api_url}"
            pace = {{ per_second = 100000.0, per_recipient = 100000.0 }}
            """
        )

    async def start(self, session: aiohttp.ClientSession) -> None:
        """Start a process and wait for its first 200."""
        self._log.touch()
        self._process = _lives.Process(target=_serve, args=(self._config, self._log))
        await asyncio.to_thread(self._process.start)
        async with asyncio.timeout(PATIENCE):
            while True:
                assert self._process.is_alive(), self._log.read_text()[-2000:]
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/healthz") as answer:
                        if answer.status == 200:
                            break
                await asyncio.sleep(0.01)  # between two looks
        self.running.set()

    async def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said goodbye to."""
        self.running.clear()
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.join)

    async def end(self) -> None:
        """SIGTERM, or nothing when it is dead."""
        self.running.clear()
        if self._process is not None and self._process.is_alive():
            self._process.terminate()
            await asyncio.to_thread(self._process.join, PATIENCE)
            assert not self._process.is_alive(), "it does not end when it is told to"


def _serve(config: Path, log: Path) -> None:
    """`tapfive serve`, in a process of its own."""
    with log.open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    main(["serve", "--config", str(config)])


@dataclass
class Taps:
    """What the customers tapped, in order, and what was answered 200; by invitation's address, then update id."""

    tapped: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)


class Customers:
    """Everyone taps as soon as the prompt is there, every third changes their mind at once.

    What gets no 200 is delivered again, in its order, as Telegram would; the test is the relay.
    """

    def __init__(self, sandbox: TelegramSandbox, service: KilledService, session: aiohttp.ClientSession) -> None:
        self.taps = Taps()
        self._sandbox = sandbox
        self._service = service
        self._session = session
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._progress = asyncio.Condition()

    @property
    def all_answered(self) -> bool:
        """Whether everybody who got a prompt got a 200 for every tap."""
        return all(task.done() for task in self._tasks.values())

    async def watch(self) -> None:
        """Run until cancelled."""
        try:
            while True:
                for user_id in await self._sandbox.wait_for(self._prompted, timeout=3600):
                    self._tasks[user_id] = asyncio.create_task(self._tap(user_id))
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def answers(self, count: int) -> None:
        """Return when so many taps were answered 200 in all."""
        async with asyncio.timeout(PATIENCE), self._progress:
            await self._progress.wait_for(lambda: len(self.taps.answered) >= count)

    async def deliver(self, event_id: str) -> None:
        """Deliver a tap until it is answered 200."""
        while True:
            await self._service.running.wait()
            if await self._post(self.taps.bodies[event_id]):
                return

    def _prompted(self) -> list[int]:
        customers = self._sandbox.world.customers
        return [each for each in customers if each not in self._tasks and self._sandbox.messages(each)]

    async def _tap(self, user_id: int) -> None:
        message = self._sandbox.messages(user_id)[0]
        values = [user_id % 5 + 1] if user_id % 3 else [user_id % 5 + 1, (user_id + 2) % 5 + 1]
        data = {value: message.data[value - 1] for value in values}  # the keyboard changes with the first answer
        for value in values:
            update = self._sandbox.tap(user_id, message.message_id, data[value]).update
            assert update is not None
            event_id = str(update.update_id)
            self.taps.bodies[event_id] = json.dumps(update.body).encode()
            self.taps.tapped.setdefault(user_id, []).append((event_id, value))
            await self.deliver(event_id)
            async with self._progress:
                self.taps.answered.append(event_id)
                self._progress.notify_all()

    async def _post(self, body: bytes) -> bool:
        headers = {"X-Telegram-Bot-Api-Secret-Token": HOOK_SECRET}
        url = f"{self._service.url}/hooks/channels/telegram/support"
        try:
            async with self._session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status == 200
        except aiohttp.ClientError:
            return False


async def close_tickets(store_url: str, numbers: range) -> None:
    """Report closed tickets to the store while no service runs; the ticket's number is its customer's address."""
    store = Store(store_url, now).start()
    try:
        reports = [DeskReport(parse_ticket(_ticket(number), now=now()), frozenset({ACCOUNT})) for number in numbers]
        await asyncio.gather(*map(store.writer.do, reports))
    finally:
        await asyncio.to_thread(store.stop)


def _ticket(number: int) -> dict[str, object]:
    closed_at = format_instant(now() - 60_000)
    return {"id": f"T-{number}", "closed_at": closed_at, "address": {"channel": ACCOUNT, "id": str(number)}}
