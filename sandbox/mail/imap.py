"""A small and strict IMAP4rev1 server (RFC 3501, with IDLE of RFC 2177 and UNSELECT) over the mailboxes of the sandbox.

One folder, INBOX. A command in the wrong state, an unknown one and a wrong argument are BAD; what the server will not
do is NO. New mails are told after a command, and at once during IDLE.
"""

import asyncio
import ssl

from sandbox.changes import Changes

from .imap_client import MOST, ImapClient
from .state import Mailbox, World

LONGEST_WAIT = 15.0
"""Seconds that a test waits for a look."""


class ImapServer:
    """Serves the mailboxes that have a password."""

    def __init__(self, world: World, tls: ssl.SSLContext | None) -> None:
        self.world = world
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._clients: dict[ImapClient, asyncio.Task[None]] = {}
        self._looks = 0
        self._looking = Changes()  # not the world's: whoever watches the mailboxes is not told of every look into them

    async def start(self, host: str, port: int) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=self._tls, limit=MOST)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            return
        self._server.close()
        talks = list(self._clients.values())
        self.disconnect()
        await asyncio.gather(*talks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def disconnect(self, mailbox: Mailbox | None = None) -> None:
        """Cut the connections of the programs in one mailbox, or of all."""
        for client in list(self._clients):
            if mailbox is None or client.mailbox is mailbox:
                client.writer.transport.abort()

    @property
    def url(self) -> str:
        """imap://127.0.0.1:PORT, or imaps://."""
        assert self._server is not None, "the sandbox is not started"
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"imap{'s' if self._tls else ''}://{host}:{port}"

    @property
    def connected(self) -> int:
        """How many programs are connected."""
        return len(self._clients)

    async def looked(self, times: int) -> None:
        """Wait until programs have searched a folder so many times more. Raises TimeoutError."""
        until = self._looks + times
        await self._looking.wait_for(lambda: self._looks >= until, LONGEST_WAIT)

    def _performed(self, command: str) -> None:
        if command.endswith("SEARCH"):
            self._looks += 1
            self._looking.notify()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = ImapClient(self.world, reader, writer, self._performed)
        task = asyncio.current_task()
        assert task is not None
        self._clients[client] = task
        self.world.changes.notify()
        try:
            await client.talk()
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass  # the client hung up, or sent a line without an end
        finally:
            del self._clients[client]
            self.world.changes.notify()
            writer.close()
