"""The way of a mail that somebody in the sandbox wrote: into a mailbox of the sandbox, or by LMTP to the service."""

import asyncio
import smtplib
from dataclasses import dataclass

from .state import HOST, World

PATIENCE = 30.0
"""Seconds that the receiver may take for one reply."""


@dataclass(slots=True, eq=False)
class Outgoing:
    """One mail on its way. `reply` is the receiver's last word; a mail that got a 4xx, or none, can be tried again."""

    sender: str
    recipient: str
    raw: bytes
    reply: str = ""
    tries: int = 0

    @property
    def delivered(self) -> bool:
        """Whether somebody has it."""
        return self.reply.startswith("2")

    @property
    def waits(self) -> bool:
        """Whether it can be tried again."""
        return not self.delivered and not self.reply.startswith("5")


class OutgoingMail:
    """Carries mails away. `lmtp` is where those go that no mailbox of the sandbox takes; None: nowhere."""

    def __init__(self, world: World) -> None:
        self.lmtp: tuple[str, int] | None = None
        self.mails: list[Outgoing] = []
        self._world = world

    async def send(self, sender: str, recipient: str, raw: bytes) -> Outgoing:
        """Deliver once; the mail that is returned tells how it went. A mail to nobody has a 550."""
        mail = Outgoing(sender, recipient, raw)
        self.mails.append(mail)
        await self.deliver(mail)
        return mail

    async def deliver(self, mail: Outgoing) -> None:
        """Try (again)."""
        mail.tries += 1
        mailbox = self._world.find(mail.recipient)
        if mailbox is not None:
            kept = self._world.keep(mailbox, mail.recipient, mail.sender, mail.raw)
            kept.accepted_at = kept.received_at
            mail.reply = f"250 2.0.0 {kept.mail_id}"
        elif self.lmtp is None:
            mail.reply = "550 5.1.1 User unknown"
        else:
            mail.reply = await asyncio.to_thread(_by_lmtp, *self.lmtp, mail)
        self._world.changes.notify()

    async def retry(self) -> list[Outgoing]:
        """Try everything that waits once more; what was tried."""
        tried = [mail for mail in self.mails if mail.waits]
        for mail in tried:
            await self.deliver(mail)
        return tried


def _by_lmtp(host: str, port: int, mail: Outgoing) -> str:
    """The last reply, "" when there was none (RFC 2033). Runs in a thread."""
    try:
        with smtplib.LMTP(host, port, local_hostname=HOST, timeout=PATIENCE) as client:
            client.ehlo_or_helo_if_needed()
            options = ["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
            if not (mail.recipient + mail.sender).isascii():
                client.command_encoding = "utf-8"
                options.append("SMTPUTF8")
            code, words = client.mail(mail.sender, options)
            if code == 250:
                code, words = client.rcpt(mail.recipient)
            if code == 250:
                code, words = client.data(mail.raw)
            return f"{code} {words.decode(errors='replace')}"
    except (OSError, smtplib.SMTPException):
        return ""
