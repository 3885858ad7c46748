"""Mailboxes, and the mails in them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property

from sandbox.changes import Changes

from .content import Content, read
from .problems import problems_of

SEEN = "\\Seen"
DELETED = "\\Deleted"
HOST = "mail.sandbox.test"


@dataclass(eq=False)
class Mail:
    """One copy of a mail in one mailbox.

    `raw` is what came over SMTP, octet by octet; `stored` what a program gets by IMAP: with the lines that the last
    server puts on top. `recipient` is the address as it was written, with its tag; `sender` the envelope's, "" for <>.
    Times are seconds since the epoch; `accepted_at` is the moment of the 250, None where it was never said.
    """

    mail_id: int
    mailbox: str
    recipient: str
    sender: str
    raw: bytes
    received_at: float
    uid: int
    mine: bool = False
    smtputf8: bool = False
    eight_bit: bool = True
    accepted_at: float | None = None
    flags: set[str] = field(default_factory=set)

    @cached_property
    def content(self) -> Content:
        """The mail as it reads."""
        return read(self.raw)

    @cached_property
    def problems(self) -> list[str]:
        """What a spam filter or a standard minds about it."""
        return problems_of(self.raw, self.content, smtputf8=self.smtputf8, eight_bit=self.eight_bit)

    @cached_property
    def stored(self) -> bytes:
        """As a mailbox keeps it."""
        lines = [
            f"Return-Path: <{self.sender}>",
            f"X-Original-To: {self.recipient}",
            f"Delivered-To: {self.recipient}",
            f"Received: by {HOST} with ESMTP id {self.mail_id}; {formatdate(self.received_at)}",
        ]
        return "\r\n".join([*lines, ""]).encode() + self.raw

    @property
    def seen(self) -> bool:
        """Whether it was opened."""
        return SEEN in self.flags


class Mailbox:
    """The mails of one address. `name` is that of a customer; a mailbox without one belongs to a program."""

    def __init__(self, address: str, name: str, language: str, password: str, uid_validity: int) -> None:
        self.address = address
        self.name = name
        self.language = language
        self.password = password
        self.mails: list[Mail] = []
        self.sent: list[Mail] = []
        self.uid_validity = uid_validity
        self.uid_next = 1
        self.listeners: list[Callable[[Mail], None]] = []


class World:
    """Everything that the servers, the customers and the pages share. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float], seed: int, separator: str) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.separator = separator
        self.changes = Changes()
        self.mailboxes: dict[str, Mailbox] = {}
        self._mails: dict[int, Mail] = {}
        self._last_id = 0

    def add(self, address: str, name: str, language: str, password: str) -> Mailbox:
        """A mailbox. Raises ValueError for what is no address, or one that is taken."""
        local, _, domain = address.rpartition("@")
        if not local or not domain or any(letter.isspace() or letter in "<>" for letter in address):
            raise ValueError("an address is left@right")
        if address.lower() in self.mailboxes:
            raise ValueError("there is such a mailbox already")
        mailbox = Mailbox(address, name, language, password, self.random.randrange(1, 2**31))
        self.mailboxes[address.lower()] = mailbox
        self.changes.notify()
        return mailbox

    def find(self, address: str) -> Mailbox | None:
        """Whose address this is; a tag after the separator leads to the mailbox without it."""
        address = address.lower()
        local, _, domain = address.rpartition("@")
        return self.mailboxes.get(address) or self.mailboxes.get(f"{local.partition(self.separator)[0]}@{domain}")

    def mailbox(self, address: str) -> Mailbox:
        """Like `find`, but raises LookupError."""
        mailbox = self.find(address)
        if mailbox is None:
            raise LookupError("no such mailbox in the sandbox")
        return mailbox

    def mail(self, mail_id: int) -> Mail:
        """The mail of this id, in whatever mailbox. Raises LookupError."""
        mail = self._mails.get(mail_id)
        if mail is None:
            raise LookupError("no such mail in the sandbox")
        return mail

    def forget(self, mailbox: Mailbox, gone: Callable[[Mail], bool]) -> None:
        """Take mails out of a mailbox for good."""
        for mails in (mailbox.mails, mailbox.sent):
            for mail in filter(gone, list(mails)):
                mails.remove(mail)
                del self._mails[mail.mail_id]
        self.changes.notify()

    def keep(
        self,
        mailbox: Mailbox,
        recipient: str,
        sender: str,
        raw: bytes,
        *,
        mine: bool = False,
        smtputf8: bool = False,
        eight_bit: bool = True,
    ) -> Mail:
        """Put a mail into a mailbox (`mine`: among those that its owner sent), and tell whoever listens."""
        self._last_id += 1
        mail = Mail(
            self._last_id,
            mailbox.address,
            recipient,
            sender,
            raw,
            self.clock(),
            0 if mine else mailbox.uid_next,
            mine,
            smtputf8,
            eight_bit,
            flags={SEEN} if mine else set(),
        )
        self._mails[mail.mail_id] = mail
        if mine:
            mailbox.sent.append(mail)
        else:
            mailbox.uid_next += 1
            mailbox.mails.append(mail)
            for listener in list(mailbox.listeners):
                listener(mail)
        self.changes.notify()
        return mail
