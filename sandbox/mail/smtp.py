"""The SMTP server: aiosmtpd in the caller's event loop, stricter than most, with faults on demand.

Refused: bare LF and bare CR (RFC 5321, 2.3.8), lines over 998 octets (4.5.3.1.6), addresses that nobody has,
non-ASCII addresses without SMTPUTF8 (RFC 6531), too much data. Every reply has an enhanced code (RFC 3463).
"""

import asyncio
import logging
import re
import ssl
from collections import deque
from dataclasses import dataclass, field
from secrets import compare_digest
from typing import Any, NoReturn

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from .faults import NO_SUCH_USER, Faults
from .state import HOST, Mail, World

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_REWORDED = {
    "552 Error: message size exceeds fixed maximum message size": "552 5.3.4 Message size exceeds fixed limit",
    "552 Error: Too much mail data": "552 5.3.4 Message size exceeds fixed limit",
    "500 Line too long (see RFC5321 4.5.3.1.6)": "500 5.5.2 Line too long",
    "501 Error: SMTPUTF8 disabled": "555 5.5.4 SMTPUTF8 is not offered",
    "500 Error: strict ASCII mode": "553 5.6.7 SMTPUTF8 is not offered",
}
logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd writes every command there, addresses and all


@dataclass(slots=True)
class Transaction:
    """One MAIL … DATA that was answered: the reply to every recipient, and the last one ("" where the line was cut)."""

    sender: str
    recipients: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    encrypted: bool = False
    user: str | None = None
    size: int = 0
    at: float = 0.0
    mails: list[Mail] = field(default_factory=list)


@dataclass(slots=True)
class SmtpRules:
    """How this server is set. `tls` offers STARTTLS, or speaks TLS from the first octet with `implicit_tls`."""

    tls: ssl.SSLContext | None
    implicit_tls: bool
    require_tls: bool
    auth: tuple[str, str] | None
    smtputf8: bool
    size_limit: int


class SmtpServer:
    """Takes mail for the mailboxes of the world."""

    def __init__(self, world: World, rules: SmtpRules, faults: Faults, keep_log: int | None) -> None:
        self.world = world
        self.rules = rules
        self.faults = faults
        self.transactions: deque[Transaction] = deque(maxlen=keep_log)
        self.greetings: list[str] = []
        self.connections: set[Connection] = set()
        self.connected = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen."""
        implicit = self.rules.tls if self.rules.implicit_tls else None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), host, port, ssl=implicit
        )

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is None:
            return
        self._server.close()
        talks = [talk for connection in self.connections if (talk := connection.cut())]
        await asyncio.gather(*talks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    @property
    def url(self) -> str:
        """smtp://127.0.0.1:PORT, or smtps:// when TLS begins at once."""
        assert self._server is not None, "the sandbox is not started"
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"smtp{'s' if self.rules.implicit_tls else ''}://{host}:{port}"


class Connection(SMTP):
    """One client's connection."""

    def __init__(self, post: SmtpServer) -> None:
        rules = post.rules
        self.post = post
        super().__init__(
            _Talk(post),
            data_size_limit=rules.size_limit,
            enable_SMTPUTF8=rules.smtputf8,
            hostname=HOST,
            ident="ESMTP",
            tls_context=None if rules.implicit_tls else rules.tls,
            require_starttls=rules.require_tls and not rules.implicit_tls,
            auth_require_tls=False,
            authenticator=self._check,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came, or its connection is encrypted now."""
        self.post.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The client went."""
        self.post.connections.discard(self)
        super().connection_lost(error)

    def cut(self) -> asyncio.Task[None] | None:
        """Close without a word; what is returned ends soon after."""
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.Transport):
            transport.abort()
        return self._handler_coroutine

    async def vanish(self) -> NoReturn:
        """Close without a word, and never return: the end of the connection ends the talk, too."""
        self.cut()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")

    async def push(self, status: Any) -> None:
        """Answer. After a 421 the server closes."""
        reply = _REWORDED.get(status, status) if isinstance(status, str) else status
        await super().push(reply)
        if isinstance(reply, str) and reply.startswith("421") and self.transport is not None:
            self.transport.close()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds it by this name
        """Take the mail itself, unless the line is cut here."""
        assert self.envelope is not None
        if self.envelope.rcpt_tos and self.post.faults.take(self.envelope.rcpt_tos, "drop_before"):
            await self.vanish()
        await super().smtp_DATA(arg)

    async def _handle_client(self) -> None:
        self.post.connected += 1
        if self.post.greetings:
            await self.push(self.post.greetings.pop(0))
            await self.vanish()
        await super()._handle_client()

    def _check(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        wanted = self.post.rules.auth
        assert wanted is not None
        assert isinstance(given, LoginPassword)
        right = compare_digest(given.login, wanted[0].encode()) and compare_digest(given.password, wanted[1].encode())
        return AuthResult(success=right, handled=False, auth_data=given)


class _Talk:
    """What aiosmtpd asks of a server, for one connection."""

    def __init__(self, post: SmtpServer) -> None:
        self.post = post
        self.transaction = Transaction("")
        self._logged: Transaction | None = None

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: Connection, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self.post.rules.auth is None:
            responses = [response for response in responses if not response.startswith("250-AUTH")]
        return [*responses[:-1], "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_AUTH(self, _server: Connection, _session: Session, _envelope: Envelope, _args: list[str]) -> Any:  # noqa: N802 - as above
        return MISSING if self.post.rules.auth else "503 5.5.1 AUTH is not offered"

    async def handle_MAIL(  # noqa: N802 - as above
        self, _server: Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        rules = self.post.rules
        if rules.auth is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 A non-ASCII address needs SMTPUTF8"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        login: Any = session.auth_data
        user = login.login.decode() if session.authenticated else None
        encrypted = rules.implicit_tls or session.ssl is not None
        self.transaction = Transaction(_bare(address), encrypted=encrypted, user=user, at=self.post.world.clock())
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: Connection, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = "250 2.1.5 Ok"
        if not address.isascii() and not envelope.smtp_utf8:
            reply = "553 5.6.7 A non-ASCII address needs SMTPUTF8"
        elif fault := self.post.faults.take([address], "rcpt"):
            reply = fault.reply
        elif self.post.world.find(address) is None:
            reply = NO_SUCH_USER
        self.transaction.recipients[address] = reply
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        elif all(not known.startswith("250") for known in self.transaction.recipients.values()):
            self._log(reply)
        return reply

    async def handle_DATA(self, server: Connection, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        raw = envelope.original_content or b""
        self.transaction.size = len(raw)
        faults, recipients = self.post.faults, envelope.rcpt_tos
        if refusal := self._refusal(raw, recipients):
            self._log(refusal)
            return refusal
        mails = self.transaction.mails = [self._keep(recipient, raw, envelope) for recipient in recipients]
        if faults.take(recipients, "drop_after"):
            self._log("")
            await server.vanish()
        if (hanging := faults.take(recipients, "hang")) and hanging.released:
            self._log("")
            await hanging.released.wait()
        for mail in mails:
            mail.accepted_at = self.post.world.clock()
        reply = f"250 2.0.0 Ok: queued as {mails[0].mail_id}"
        self._log(reply)
        return reply

    def _refusal(self, raw: bytes, recipients: list[str]) -> str:
        if _BARE.search(raw):
            return "550 5.5.2 Bare LF or CR received"
        if any(len(line) > 998 for line in raw.split(b"\r\n")):
            return "500 5.5.2 Line too long"
        fault = self.post.faults.take(recipients, "data")
        return fault.reply if fault else ""

    def _keep(self, recipient: str, raw: bytes, envelope: Envelope) -> Mail:
        world = self.post.world
        return world.keep(
            world.mailbox(recipient),
            recipient,
            self.transaction.sender,
            raw,
            smtputf8=envelope.smtp_utf8,
            eight_bit="BODY=8BITMIME" in envelope.mail_options,
        )

    def _log(self, reply: str) -> None:
        """The transaction has its answer; a hanging one gets it later, on the same record."""
        self.transaction.reply = reply
        if self._logged is not self.transaction:
            self._logged = self.transaction
            self.post.transactions.append(self.transaction)
        self.post.world.changes.notify()


def _bare(address: str) -> str:
    return "" if address == "<>" else address
