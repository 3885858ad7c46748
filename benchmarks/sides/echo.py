"""A platform that takes no time: every request gets the same answer, {"ok":true,"result":true}, by a bare protocol."""

import asyncio
from typing import cast

import uvloop

from benchmarks.sides.common import listening, say, stop_asked

_BODY = b'{"ok":true,"result":true}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class _Echo(asyncio.Protocol):
    """Counts bytes until a request is whole."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            lowered = self._buffer[:head].lower()
            at = lowered.find(b"content-length:")
            length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < head + 4 + length:
                return
            self._buffer = self._buffer[head + 4 + length :]
            self._transport.write(_ANSWER)


async def main() -> None:
    listener = listening()
    listener.setblocking(False)
    server = await asyncio.get_running_loop().create_server(_Echo, sock=listener)
    say({"port": listener.getsockname()[1]})
    await stop_asked()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
