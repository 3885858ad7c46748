"""A channel that does what a test tells it to, and the parts of the service that a test puts around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.answers import Answers
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.wake import Wake
from channels.base import (
    Channel,
    ChannelConfig,
    Finding,
    HookRequest,
    Inbound,
    Message,
    Mode,
    Pace,
    Prompt,
    Sent,
)
from channels.telegram.adapter import Telegram
from ratings.store.store import Store
from ratings.tokens import Tokens
from tests.store.world import ACCOUNT, World

PACE = Pace(per_second=1000, per_recipient=1000)


class TestChannel(Channel):
    """Takes everything, unless `acts` says otherwise: a coroutine function by the name of a call."""

    __test__ = False
    kind = "telegram"
    title = "Test"
    Config = ChannelConfig
    capabilities = replace(Telegram.capabilities, pace=PACE)

    def __init__(self, mode: Mode = Mode.WEBHOOK) -> None:
        config = ChannelConfig.model_validate({"pace": PACE, "mode": mode})
        super().__init__(ACCOUNT, config, ("secret",))
        self.calls: list[str] = []
        self.acts: dict[str, Callable[[], Awaitable[None]]] = {}
        self.updates: asyncio.Queue[tuple[Sequence[Inbound], str]] = asyncio.Queue()

    async def _do(self, name: str) -> Sent:
        self.calls.append(name)
        if act := self.acts.get(name):
            await act()
        return Sent(f"message-{len(self.calls)}")

    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        del address, prompt
        return await self._do("prompt")

    async def send_text(self, address: str, message: Message) -> Sent:
        del address, message
        return await self._do("text")

    async def edit(self, address: str, external_id: str, content: Prompt | Message) -> None:
        del address, external_id, content
        await self._do("edit")

    async def acknowledge(self, tap: str, text: str) -> None:
        del tap, text
        await self._do("acknowledge")

    def verify(self, request: HookRequest) -> None:
        raise NotImplementedError

    def parse(self, request: HookRequest) -> Sequence[Inbound]:
        raise NotImplementedError

    async def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
        self.calls.append(f"listen {position}")
        while True:
            yield await self.updates.get()

    async def install(self, url: str) -> None:
        del url
        await self._do("install")

    async def uninstall(self, url: str | None = None) -> None:
        raise NotImplementedError

    async def check(self, url: str | None) -> Sequence[Finding]:
        raise NotImplementedError

    async def close(self) -> None:
        pass


@dataclass
class Office:
    """One account's worker on a store."""

    world: World
    channel: TestChannel = field(default_factory=TestChannel)
    wake: Wake = field(default_factory=Wake)
    metrics: Metrics = field(default_factory=Metrics)
    tokens: Tokens = field(default_factory=lambda: Tokens([b"x" * 32]))

    @property
    def store(self) -> Store:
        return self.world.store

    def outbox(self) -> Outbox:
        """A worker; not started."""
        channels = {ACCOUNT: self.channel}
        return Outbox(self.store.writer, channels, self.tokens, self.wake, self.metrics, self.world.clock)

    def answers(self) -> Answers:
        """What receives events."""
        return Answers(self.store.writer, self.tokens, self.metrics, self.world.clock)

    async def rows(self, table: Any, **equal: Any) -> list[dict[str, Any]]:
        """Read a table, beside the loop."""
        return await asyncio.to_thread(self.world.rows, table, **equal)

    async def close(self, *customers: str) -> None:
        """Close a ticket of each customer."""
        for customer in customers:
            address = {"channel": ACCOUNT, "id": customer}
            await asyncio.to_thread(self.world.close, f"T-{customer}", address=address)


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """Look again until there is something to see."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110 - what is looked at is in a database: it sets no event
            await asyncio.sleep(0.01)
    return found
