"""Answers handed to us by a mail server (LMTP, RFC 2033), by aiosmtpd inside our own loop.

A mail gets its 250 only when the caller has asked for the next one, and that means: after the COMMIT. Until then the
mail server keeps it; a 451 makes it try again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope as Conversation
from aiosmtpd.smtp import Session

from channels.base import Inbound, Phrase
from channels.email.addresses import Mailbox
from channels.email.inbound import MAX_MAIL, Envelope
from net.errors import Misconfigured

POSITION = "lmtp"
"""There is none: what was not answered comes again."""

MAX_RECIPIENTS = 50
MAX_WAITING = 50
"""Mails that may wait for the COMMIT at the same time; a mail server has 20 conversations or so."""

BATCH = 20
_PATIENCE = 120.0  # seconds for a COMMIT; mail servers wait longer for their answer (RFC 5321 §4.5.3.2)
_PROBE_SECONDS = 3.0
_DONE = "250 2.0.0 stored"
_NOT_NOW = "451 4.3.0 try again later"

Read = Callable[[bytes, Envelope], Inbound]

# It writes every command, and with them addresses and tokens, below WARNING.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass(eq=False, slots=True)
class _Letter:
    """One mail that waits for its answer: True is a 250."""

    raw: bytes
    envelopes: list[Envelope]
    taken: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def answer(self, taken: bool) -> None:
        if not self.taken.done():
            self.taken.set_result(taken)


class _Server(LMTP):
    """A line of a mail may be long: some programs never break any."""

    line_length_limit = MAX_MAIL


class LmtpListener:
    """Listens on one address."""

    def __init__(self, address: tuple[str, int], mailbox: Mailbox, read: Read) -> None:
        self._address = address
        self._mailbox = mailbox
        self._read = read
        self._open: _Door | None = None

    @property
    def port(self) -> int | None:
        """The port that is listened on, None while none is."""
        return None if self._open is None else self._open.port

    async def listen(self) -> AsyncGenerator[tuple[Sequence[Inbound], str], None]:
        """Yield what is handed in, several mails at a time when several wait."""
        await self.close()  # a caller that was cancelled may have left its own open
        door = self._open = _Door(self._mailbox)
        try:
            await door.open(self._address)
            while True:
                letters = await door.next()
                events = await asyncio.to_thread(self._events, letters)
                yield events, POSITION
                for letter in letters:
                    letter.answer(True)
        finally:
            await door.close()

    async def close(self) -> None:
        """Stop listening; what waits for its answer is told to come again."""
        if self._open is not None:
            await self._open.close()
            self._open = None

    async def probe(self) -> Phrase:
        """Listen for a moment, or see that somebody does. Raises a DeliveryError."""
        door = _Door(self._mailbox)
        failure: Misconfigured
        try:
            await door.open(self._address)
        except Misconfigured as error:
            failure = error
        else:
            await door.close()
            return Phrase("the address is free to be listened on")
        if await _greeted(self._address):
            return Phrase("a mail server answers at the address; if that is this very service, all is well")
        raise failure

    def _events(self, letters: Sequence[_Letter]) -> list[Inbound]:
        return [self._read(letter.raw, envelope) for letter in letters for envelope in letter.envelopes]


class _Door:
    """The listening socket with its conversations, and the letters that came through it. Also aiosmtpd's handler."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._letters: asyncio.Queue[_Letter] = asyncio.Queue()
        self._waiting: set[_Letter] = set()
        self._conversations: WeakSet[_Server] = WeakSet()
        self._server: asyncio.Server | None = None
        self._closed = False

    @property
    def port(self) -> int | None:
        sockets = () if self._server is None else self._server.sockets
        return int(sockets[0].getsockname()[1]) if sockets else None

    async def open(self, address: tuple[str, int]) -> None:
        failure: Misconfigured
        try:
            # Started in a step of its own, so that a cancelled start leaves nothing open that nobody knows.
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._converse, *address, start_serving=False)
            await self._server.start_serving()
        except OSError as error:
            text = f"lmtp_listen: {address[0]}:{address[1]} cannot be listened on"
            failure = Misconfigured(text, platform_code=type(error).__name__)
        else:
            return
        raise failure

    async def next(self) -> list[_Letter]:
        """The next letters, as many as are there."""
        letters = [await self._letters.get()]
        while not self._letters.empty() and len(letters) < BATCH:
            letters.append(self._letters.get_nowait())
        return letters

    async def close(self) -> None:
        self._closed = True
        if self._server is not None:
            self._server.close()
            self._server = None
        for letter in list(self._waiting):
            letter.answer(False)
        while self._waiting:  # noqa: ASYNC110 - each writes its answer in its next turn
            await asyncio.sleep(0)
        for transport in [conversation.transport for conversation in self._conversations]:
            if transport is not None:
                transport.close()

    def _converse(self) -> LMTP:
        conversation = _Server(
            self,
            data_size_limit=MAX_MAIL,
            enable_SMTPUTF8=True,
            hostname=self._mailbox.address.rpartition("@")[2],
            ident="Tapfive",
            timeout=_PATIENCE + 30,
            loop=asyncio.get_running_loop(),
        )
        self._conversations.add(conversation)
        return conversation

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: LMTP, _session: Session, conversation: Conversation, address: str, _options: Sequence[Any]
    ) -> str:
        """Take what carries a tag: everything else would be swallowed."""
        if self._mailbox.read([address]) is None:
            return "550 5.1.1 nobody is asked by this address"
        if len(conversation.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        conversation.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - as above
        self, _server: LMTP, _session: Session, conversation: Conversation
    ) -> str:
        """One line a recipient (RFC 2033 §4.2)."""
        taken = await self._hand_in(conversation)
        return "\r\n".join([_DONE if taken else _NOT_NOW] * len(conversation.rcpt_tos))

    async def handle_exception(self, _error: Exception) -> str:
        """Say nothing of it: by default aiosmtpd logs and tells the whole error."""
        return _NOT_NOW

    async def _hand_in(self, conversation: Conversation) -> bool:
        raw = conversation.original_content or b""
        sender = (conversation.mail_from or "").strip("<>")  # a bounce's is "<>"
        envelopes = [Envelope((recipient,), sender) for recipient in conversation.rcpt_tos]
        letter = _Letter(raw, envelopes)
        if self._closed or len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.add(letter)
        self._letters.put_nowait(letter)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await letter.taken
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(letter)


async def _greeted(address: tuple[str, int]) -> bool:
    """True when a server of mail answers there."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(*address)
            try:
                return (await reader.readline()).startswith(b"220 ")
            finally:
                writer.close()
    except (OSError, ValueError):
        return False
