"""A receiver of events as somebody else would write it: a web server on loopback that checks signatures by the standard's library."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

Answer = Callable[["Message"], Awaitable[web.StreamResponse | None]]


@dataclass(frozen=True)
class Message:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data

    def signed_by(self, secret: str) -> bool:
        """True when a secret signed it, by the library; at any time, where a test let hours pass."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        made = Webhook(secret).sign(self.id, at, self.body.decode())
        return made in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """Answers 204, but where `answer` has something else to say. `taken` are the messages it answered so, by their ids."""

    answer: Answer | None = None
    port: int = 0
    messages: list[Message] = field(default_factory=list)
    taken: dict[str, Message] = field(default_factory=dict)
    most_at_once: int = 0
    _at_once: int = 0
    _runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def numbers(self) -> list[int]:
        """The numbers of the events that came, in their order, again and again where they did."""
        return [message.data["number"] for message in self.messages]

    async def start(self) -> None:
        """Listen: the first time on a free port, then on the same one."""
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be gone, as a machine that lost its power."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            message = Message({name.lower(): value for name, value in request.headers.items()}, await request.read())
            self.messages.append(message)
            await asyncio.sleep(0)  # let a second worker come, if there is one
            said = await self.answer(message) if self.answer else None
            if said is not None:
                return said
            self.taken.setdefault(message.id, message)
            return web.Response(status=204)
        finally:
            self._at_once -= 1


@asynccontextmanager
async def receiving(answer: Answer | None = None) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(answer)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


def saying(*statuses: int, **headers: str) -> Answer:
    """Answer these statuses, one a message; 204 once they are said."""
    left = list(statuses)

    async def answer(_message: Message) -> web.StreamResponse | None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=left.pop(0), text="no, thanks\0" * 100, headers=named) if left else None

    return answer
