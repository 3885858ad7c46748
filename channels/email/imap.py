"""Answers from a mailbox by IMAP (RFC 3501), by imap-tools, in a thread of its own.

A position is "UIDVALIDITY:UID", the last mail that was read: sequence numbers move, and the Seen flag belongs to people.
The folder is opened for reading only: nothing is marked, moved or deleted. A first look starts behind the mails that
are there, since none of them can be an answer. When the server renumbers (another UIDVALIDITY) all are read again; that
repeats nothing, since each mail has the same event id whenever it is read.
"""

import asyncio
import imaplib
import re
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import MailboxFolderSelectError, MailboxLoginError

from channels.base import Inbound, Phrase
from channels.email.addresses import is_this_machine
from channels.email.config import Server
from channels.email.inbound import MAX_MAIL, Envelope
from channels.email.smtp import tls_context
from net.errors import DeliveryError, Misconfigured, Unreachable

BATCH = 50
REFUSED_WAIT = 60.0
"""Seconds to wait after a refused login: mail servers shut out whoever tries too often."""

_Result = TypeVar("_Result")
_POSITION = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class MailboxAccess:
    """Where a mailbox is, and how to get in. `timeout`: seconds for each answer of the server."""

    server: Server
    user: str
    password: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Folder:
    """What a server tells of an opened folder. `last` is the UID of the latest mail, 0 without one."""

    validity: int
    last: int


Read = Callable[[bytes, Envelope], Inbound]


class ImapListener:
    """Looks into one mailbox every few seconds."""

    def __init__(self, access: MailboxAccess, read: Read, *, poll: float) -> None:
        self._access = access
        self._read = read
        self._poll = poll
        self._not_before = 0.0

    async def listen(self, position: str | None) -> AsyncGenerator[tuple[Sequence[Inbound], str], None]:
        """Yield what came after `position`, in batches."""
        await asyncio.sleep(max(0.0, self._not_before - asyncio.get_running_loop().time()))
        session = _Session(self._access)
        try:
            folder = await self._in_thread(session, session.open)
            known = _POSITION.fullmatch(position or "")
            if known is None:
                last = folder.last
                yield [], f"{folder.validity}:{last}"
            else:
                last = int(known[2]) if int(known[1]) == folder.validity else 0
            while True:
                reached, events = await self._in_thread(session, partial(session.after, last, self._read))
                if reached == last:
                    await asyncio.sleep(self._poll)
                    continue
                last = reached
                yield events, f"{folder.validity}:{last}"
        finally:
            session.drop()

    async def probe(self) -> Phrase:
        """Open the folder and leave again. Raises a DeliveryError."""
        session = _Session(self._access)
        try:
            await self._in_thread(session, session.open)
        finally:
            session.drop()
        return Phrase("the mailbox lets us in")

    async def _in_thread(self, session: "_Session", work: Callable[[], _Result]) -> _Result:
        failure: DeliveryError
        try:
            return await asyncio.get_running_loop().run_in_executor(session.thread, work)
        except Exception as error:  # noqa: BLE001 - imaplib lets much through; nothing but a DeliveryError may leave
            failure = _translate(error)
        if isinstance(failure, Misconfigured):
            self._not_before = asyncio.get_running_loop().time() + REFUSED_WAIT
        # Outside of the handler: imaplib's errors hold what was sent, and that may be the password.
        raise failure


class _Session:
    """One connection. Everything but `drop` runs in its thread."""

    def __init__(self, access: MailboxAccess) -> None:
        self._access = access
        self._box: BaseMailBox | None = None
        self._dropped = False
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tapfive-imap")

    def open(self) -> Folder:
        """Connect, log in, open the folder for reading."""
        server, timeout = self._access.server, self._access.timeout
        context = tls_context(server.host)
        box: BaseMailBox
        if server.tls:
            box = MailBox(server.host, server.port, timeout=timeout, ssl_context=context)
        elif is_this_machine(server.host):
            box = MailBoxUnencrypted(server.host, server.port, timeout=timeout)
        else:
            box = MailBoxStartTls(server.host, server.port, timeout=timeout, ssl_context=context)
        self._box = box
        if self._dropped:  # meanwhile
            box.client.shutdown()
            raise Unreachable("nobody waits for the mailbox any more")
        user, password = self._access.user, self._access.password
        log_in = box.login if (user + password).isascii() else box.login_utf8
        log_in(user, password, initial_folder=None)
        box.folder.set(server.folder or "INBOX", readonly=True)
        validity, following = self._told("UIDVALIDITY"), self._told("UIDNEXT")
        if validity is None:
            raise Unreachable("the mailbox keeps no lasting numbers (UIDVALIDITY)")
        last = following - 1 if following is not None else max(self._uids("ALL"), default=0)
        return Folder(validity, last)

    def after(self, last: int, read: Read) -> tuple[int, list[Inbound]]:
        """The next mails with a higher UID, as events, and the UID that is reached with them."""
        assert self._box is not None
        self._box.client.noop()  # some servers tell of new mails only then
        # "n:*" always has the last mail in it, even when its UID is below n (RFC 3501 §6.4.8).
        uids = sorted(uid for uid in self._uids(f"UID {last + 1}:*") if uid > last)[:BATCH]
        mails = (self._fetch(uid) for uid in uids)  # one after another: the octets of a batch never lie here together
        return (uids[-1] if uids else last), [read(*mail) for mail in mails if mail is not None]

    def drop(self) -> None:
        """Hang up, from any thread: whatever waits for the server ends at once."""
        box = self._box
        self._dropped = True
        if box is not None:
            with suppress(OSError):
                box.client.sock.shutdown(socket.SHUT_RDWR)
            self.thread.submit(box.client.shutdown)
        self.thread.shutdown(wait=False)

    def _uids(self, criteria: str) -> list[int]:
        assert self._box is not None
        return [int(uid) for uid in self._box.uids(criteria, charset=None)]

    def _fetch(self, uid: int) -> tuple[bytes, Envelope] | None:
        """A mail's beginning, as far as it is read at all; None when it is gone."""
        assert self._box is not None
        status, answer = self._box.client.uid("FETCH", str(uid), f"(UID INTERNALDATE BODY.PEEK[]<0.{MAX_MAIL}>)")
        if status != "OK":
            raise Unreachable("the mailbox did not hand over a mail")
        pieces: list[Any] = answer
        mail = next((piece for piece in pieces if isinstance(piece, tuple)), None)
        if mail is None:
            return None
        rest = b" ".join(piece if isinstance(piece, bytes) else piece[0] for piece in pieces if piece)
        return mail[1], Envelope(at=_instant(rest))

    def _told(self, name: str) -> int | None:
        assert self._box is not None
        value = self._box.client.response(name)[1][-1]
        return int(value) if isinstance(value, bytes) and value.isdigit() else None


def _instant(answer: bytes) -> int:
    """When the mail came, in ms; 0 where it is not told."""
    told = imaplib.Internaldate2tuple(answer)
    return 0 if told is None else int(time.mktime(told)) * 1000


def _translate(error: Exception) -> DeliveryError:
    name = type(error).__name__
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, MailboxLoginError):
        return Misconfigured("the mailbox refused user and password", platform_code=name)
    if isinstance(error, MailboxFolderSelectError):
        return Misconfigured("there is no such folder in the mailbox", platform_code=name)
    if isinstance(error, TimeoutError):
        return Unreachable("the mailbox did not answer in time", platform_code="timeout")
    return Unreachable("no connection to the mailbox", platform_code=name)
