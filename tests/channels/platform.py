"""A platform on loopback that answers exactly as told, also with what no platform should."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

MAX_REQUEST = 2**20


class Behaviour:
    """What a platform does with a request."""


@dataclass(frozen=True)
class Answer(Behaviour):
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Garbage(Behaviour):
    raw: bytes


class Hang(Behaviour):
    """Reads the request and never answers."""


class Drop(Behaviour):
    """Reads the request and hangs up."""


@dataclass(frozen=True)
class Recorded:
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names are lower-case."""

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass
class Platform:
    url: str = ""
    behaviour: Behaviour = field(default_factory=Answer)
    then: list[Behaviour] = field(default_factory=list)
    """What follows `behaviour`, one a request; the last stays."""
    requests: list[Recorded] = field(default_factory=list)
    """What was asked: an HTTP request, a mail."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append(Recorded(lines[0].split()[1], body, headers))
        behaviour = self.behaviour
        if self.then:
            self.behaviour = self.then.pop(0)
        if isinstance(behaviour, Hang):
            await reader.read()  # until the other side gives up
            return False
        if isinstance(behaviour, Drop):
            return False
        if isinstance(behaviour, Garbage):
            writer.write(behaviour.raw)
            await writer.drain()
            return False
        assert isinstance(behaviour, Answer)
        extra = "".join(f"{name}: {value}\r\n" for name, value in behaviour.headers)
        head = f"HTTP/1.1 {behaviour.status} X\r\nContent-Length: {len(behaviour.body)}\r\n{extra}\r\n"
        writer.write(head.encode() + behaviour.body)
        await writer.drain()
        return True


@asynccontextmanager
async def running_platform(kind: type[Platform] = Platform, scheme: str = "http") -> AsyncIterator[Platform]:
    platform = kind()
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0, limit=MAX_REQUEST)
    host, port = server.sockets[0].getsockname()[:2]
    platform.url = f"{scheme}://{host}:{port}"
    try:
        yield platform
    finally:
        server.close()
        await server.wait_closed()


def dead_url(scheme: str = "http") -> str:
    """An address where nobody listens: port 1 needs root to listen on."""
    return f"{scheme}://127.0.0.1:1"
