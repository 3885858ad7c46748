"""One sender with its mailbox. Translates between the channel contract and mail; retries nothing, stores nothing."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from channels.base import (
    Capabilities,
    Channel,
    Finding,
    HookRequest,
    Inbound,
    Message,
    Mode,
    Pace,
    Phrase,
    Prompt,
    Sent,
    Unreadable,
)
from channels.email.addresses import Mailbox
from channels.email.config import EmailConfig, listen_address, server
from channels.email.findings import dkim_findings, inbound_finding, smtp_finding
from channels.email.inbound import read_mail
from channels.email.message import MAX_CHOICES, MAX_PICTURES, MAX_TEXT, Mail, Sender, prompt_mail, shown, text_mail
from channels.email.pool import Pool
from channels.email.signing import Signer
from channels.email.smtp import Account
from channels.unreadable import MAX_RAW
from net.errors import Misconfigured, WebhookRejected

if TYPE_CHECKING:
    from channels.email.imap import ImapListener
    from channels.email.lmtp import LmtpListener

NO_HOOKS = "mail has no hooks"

_SOMEBODY = "somebody@example.org"
"""Whom a preview is addressed to: nobody."""


class Email(Channel):
    """One sender with its mailbox. An address is an e-mail address, its domain in lower case."""

    kind = "email"
    title = "E-mail"
    Config = EmailConfig
    capabilities = Capabilities(
        choices="links",
        max_choices=MAX_CHOICES,
        max_text=MAX_TEXT,
        edit=False,
        acknowledge=False,
        acknowledge_within=None,
        max_acknowledgment=0,
        idempotent_send=False,  # the Message-ID is the same each time, but few programs hide a mail that comes twice
        window=None,
        receipts=False,  # only bounces are told; "opened" means nothing, since proxies fetch pictures early
        modes=(Mode.POLLING, Mode.SEND_ONLY),
        pace=Pace(per_second=10, per_recipient=1),
        converses=False,
        pictures=MAX_PICTURES,
        shared=True,  # the helpdesk may read the same mailbox
    )

    def __init__(self, account: str, config: EmailConfig, hook_secrets: tuple[str, ...]) -> None:
        super().__init__(account, config, hook_secrets)
        name, address = config.sender
        mailbox = Mailbox(config.mailbox, config.separator)
        self._config = config
        self._sender = Sender(account, name, address, mailbox, hears=config.mode is Mode.POLLING)
        password = None if config.password is None else config.password.get_secret_value()
        smtp = Account(server(config.smtp), config.starttls, config.user, password, self._sender.domain)
        self._pool = Pool(smtp, connections=config.connections, timeout=config.timeout)
        self._read = partial(read_mail, mailbox=mailbox, domain=self._sender.domain)
        self._lmtp: LmtpListener | None = None
        self._imap: ImapListener | None = None
        self._signer = _signer(config)

    # --- what goes out

    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        """Send the choices as links."""
        return await self._send(address, prompt_mail(self._sender, address, prompt, _now()))

    async def send_text(self, address: str, message: Message) -> Sent:
        """Send words."""
        return await self._send(address, text_mail(self._sender, address, message, _now()))

    def preview(self, content: Prompt | Message) -> Mapping[str, object]:
        """Show the mail: its subject, its plain part and its HTML part. The choices are links in both, and so no buttons."""
        if isinstance(content, Prompt):
            mail = prompt_mail(self._sender, _SOMEBODY, content, 0)
        else:
            mail = text_mail(self._sender, _SOMEBODY, content, 0)
        return {"buttons": [], **shown(mail)}

    async def _send(self, address: str, mail: Mail) -> Sent:
        if self._signer is not None:
            # A signature takes some milliseconds of pure arithmetic.
            signed = await asyncio.to_thread(self._signer.sign, mail.content)
            mail = Mail(mail.sender, mail.recipient, mail.message_id, signed, mail.international)
        await self._pool.send(mail)
        return Sent(mail.message_id, None if mail.recipient == address else mail.recipient)

    # --- what comes in

    def verify(self, request: HookRequest) -> None:  # noqa: ARG002 - whatever it is
        """Refuse: mail has no hooks."""
        raise WebhookRejected(NO_HOOKS)

    def parse(self, request: HookRequest) -> Sequence[Inbound]:
        """Keep it: mail has no hooks."""
        digest = hashlib.blake2b(request.body, digest_size=16).hexdigest()
        return [Unreadable(event_id=digest, address="", at=0, raw=request.body[:MAX_RAW], error=NO_HOOKS)]

    async def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
        """Read the mailbox from `position`, or take what the mail server hands over."""
        if self._config.mode is not Mode.POLLING:
            raise Misconfigured(f"the mode is {self._config.mode}: nothing is read")
        received = (
            self._lmtp_listener().listen() if self._config.lmtp_listen else self._imap_listener().listen(position)
        )
        try:
            async for events, reached in received:
                yield events, reached
        finally:
            await received.aclose()

    def _lmtp_listener(self) -> "LmtpListener":
        from channels.email.lmtp import LmtpListener  # noqa: PLC0415 - few need it

        if self._lmtp is None:
            address = listen_address(self._config.lmtp_listen)
            self._lmtp = LmtpListener(address, self._sender.mailbox, self._read)
        return self._lmtp

    def _imap_listener(self) -> "ImapListener":
        from channels.email.imap import ImapListener, MailboxAccess  # noqa: PLC0415 - only who reads a mailbox needs it

        if self._imap is None:
            config = self._config
            user, password = config.imap_user or config.user, config.imap_password or config.password
            assert config.imap, "the settings see to it"
            assert user, "the settings see to it"
            assert password, "the settings see to it"
            access = MailboxAccess(server(config.imap), user, password.get_secret_value(), config.timeout)
            self._imap = ImapListener(access, self._read, poll=config.imap_poll)
        return self._imap

    # --- the account

    async def install(self, url: str) -> None:  # noqa: ARG002 - there is nothing to point there
        """Refuse: mail has no hooks."""
        raise Misconfigured(NO_HOOKS)

    async def uninstall(self, url: str | None = None) -> None:
        """Nothing is installed."""

    async def check(self, url: str | None) -> Sequence[Finding]:  # noqa: ARG002 - mail has no hooks
        """Log in at the mail server and at the mailbox, and sign something. No mail is sent, no name is looked up."""
        findings = [await smtp_finding(self._pool)]
        if self._config.mode is Mode.SEND_ONLY:
            text = Phrase("nothing is heard: answers and bounces go where they always went")
            findings.append(Finding("email.inbound", "ok", text))
        elif self._config.lmtp_listen:
            findings.append(await inbound_finding(self._lmtp_listener().probe))
        else:
            findings.append(await inbound_finding(self._imap_listener().probe))
        return [*findings, *dkim_findings(self._signer)]

    async def close(self) -> None:
        """Let go of connections."""
        if self._lmtp is not None:
            await self._lmtp.close()
        await self._pool.close()


def _signer(config: EmailConfig) -> Signer | None:
    if config.dkim_domain is None or config.dkim_selector is None or config.dkim_key is None:
        return None
    return Signer(config.dkim_domain, config.dkim_selector, config.dkim_key.get_secret_value())


def _now() -> int:
    return int(time.time() * 1000)
