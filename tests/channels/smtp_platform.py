"""A mail server on loopback that answers exactly as told, also with what no mail server should."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.channels.platform import Answer, Behaviour, Drop, Garbage, Hang, Platform, Recorded

EHLO = "250-mail.example.org\r\n250-SIZE 1000000\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES"
PLAIN_EHLO = "250-mail.example.org\r\n250 ENHANCEDSTATUSCODES"
_ANSWERS = {
    "greeting": "220 mail.example.org ESMTP",
    "EHLO": EHLO,
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go ahead",
    "content": "250 2.0.0 queued as 4711",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "STARTTLS": "220 2.0.0 go ahead",
    "QUIT": "221 2.0.0 bye",
}


@dataclass(frozen=True)
class Replies(Behaviour):
    """What is answered where, by the command's word; "greeting" and "content" are the ends of the conversation.

    A `Hang`, a `Drop` or a `Garbage` can stand for an answer, too.
    """

    at: Mapping[str, str | Behaviour] = field(default_factory=dict)

    def to(self, where: str) -> str | Behaviour:
        return self.at.get(where, _ANSWERS.get(where, "502 5.5.1 no such command"))


@dataclass(frozen=True)
class Delivered(Recorded):
    """A mail, or the beginning of one. `path` is the envelope's sender, `body` the mail's octets as they were written."""

    recipient: str = ""
    options: str = ""
    encrypted: bool = False


class _Over(Exception):
    """The conversation ends here."""


class SmtpPlatform(Platform):
    """One mail is one request; a conversation that never came to one is a request, too."""

    connections = 0
    certificate: ssl.SSLContext | None = None

    def __init__(self) -> None:
        super().__init__()
        self.behaviour: Behaviour = Replies()
        self.seen: list[str] = []
        self.open: set[asyncio.StreamWriter] = set()

    @property
    def mails(self) -> list[Delivered]:
        return [one for one in self.requests if isinstance(one, Delivered) and one.body]

    def drop_all(self) -> None:
        for writer in list(self.open):
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self.connections += 1
        self.open.add(writer)
        self.requests.append(Recorded("", b""))
        try:
            await self._converse(reader, writer)
        except _Over:
            pass
        finally:
            self.open.discard(writer)
        return False

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer("greeting", reader, writer)
        slot = len(self.requests) - 1
        mail = Delivered("", b"")
        while line := (await reader.readuntil(b"\r\n")).decode().removesuffix("\r\n"):
            self.seen.append(line)
            word = line.split(" ")[0].split(":")[0].upper()
            address, _, options = line.partition("<")[2].partition(">")
            if word == "MAIL":
                if isinstance(self.requests[slot], Delivered):
                    slot = len(self.requests)
                    self.requests.append(Recorded("", b""))
                self.requests[slot] = mail = Delivered(address, b"", {}, "", options.strip())
            if word == "RCPT":
                self.requests[slot] = mail = replace(mail, recipient=address)
            said = await self._answer(word, reader, writer)
            if word == "STARTTLS":
                assert self.certificate is not None
                await writer.start_tls(self.certificate)
            if word == "DATA" and said.startswith("354"):
                body = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
                encrypted = writer.get_extra_info("sslcontext") is not None
                self.requests[slot] = replace(mail, body=body, encrypted=encrypted)
                await self._answer("content", reader, writer)
            if word == "QUIT":
                return

    async def _answer(self, where: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        behaviour = self.behaviour
        said: str | Behaviour
        if isinstance(behaviour, Replies):
            said = behaviour.to(where)
        elif isinstance(behaviour, Answer):
            said = _ANSWERS.get(where, "502 5.5.1 no such command")
        elif isinstance(behaviour, Garbage) or where in {"greeting", "content"}:
            said = behaviour
        else:
            said = EHLO if where == "EHLO" else _ANSWERS[where]
        if where == "greeting" and isinstance(behaviour, Hang | Drop):
            said = _ANSWERS["greeting"]  # they know how to begin
        if isinstance(said, str):
            writer.write(said.encode() + b"\r\n")
            await writer.drain()
            return said
        if isinstance(said, Hang):
            await reader.read()  # until the other side gives up
        if isinstance(said, Garbage):
            writer.write(said.raw)
            await writer.drain()
        raise _Over
