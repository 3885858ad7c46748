"""One client of the IMAP server: the commands, each in the states in which RFC 3501 allows it."""

import asyncio
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from secrets import compare_digest
from typing import Any

from .imap_words import BadCommandError, RefusedError, Words, chosen, found, part, quote, words_of
from .state import DELETED, SEEN, Mail, Mailbox, World

MOST = 65_536
"""Octets that a line or a literal may have."""

_FLAGS = ("\\Answered", "\\Flagged", DELETED, SEEN, "\\Draft")
_CAPABILITIES = "IMAP4rev1 IDLE UNSELECT AUTH=PLAIN"
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


class ImapClient:
    """One connection."""

    def __init__(
        self,
        world: World,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        performed: Callable[[str], None],
    ) -> None:
        """`performed` is told the name of every command that was carried out."""
        self.writer = writer
        self._performed = performed
        self.mailbox: Mailbox | None = None
        self._world = world
        self._reader = reader
        self._view: list[Mail] | None = None  # the folder as this client knows it; None: no folder is selected
        self._writable = False
        self._over = False

    async def talk(self) -> None:
        """Greet, and answer commands until the client leaves."""
        self._say(f"* OK [CAPABILITY {_CAPABILITIES}] ready")
        while not self._over:
            await self.writer.drain()
            line = await self._line()
            tag, _, rest = line.partition(" ")
            if not tag or not rest:
                self._say("* BAD a command has a tag and a name")
                continue
            try:
                text = await self._perform(rest)
            except BadCommandError as bad:
                self._say(f"{tag} BAD {bad}")
            except RefusedError as refused:
                self._say(f"{tag} NO {refused}")
            else:
                self._say(f"{tag} OK {text}")
        await self.writer.drain()

    def _say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def _line(self) -> str:
        """One command, its literals put in as quoted words."""
        line = ""
        while True:
            read = await self._reader.readuntil(b"\r\n")
            literal = _LITERAL.search(read)
            if literal is None:
                return line + read[:-2].decode(errors="replace")
            if int(literal[1]) > MOST:
                raise ValueError("a literal of that size is not taken")
            self._say("+ go on")
            await self.writer.drain()
            line += read[: literal.start()].decode(errors="replace")
            line += quote(await self._reader.readexactly(int(literal[1])))

    async def _perform(self, rest: str) -> str:
        words = words_of(rest)
        name = str(words.pop(0)).upper() if words else ""
        by_uid = name == "UID" and bool(words)
        if by_uid:
            name = f"UID {str(words.pop(0)).upper()}"
        state = "selected" if self._view is not None else "authenticated" if self.mailbox else "new"
        command = _COMMANDS.get(name.removeprefix("UID ") if by_uid else name)
        if command is None or (by_uid and name not in _BY_UID):
            raise BadCommandError("no such command")
        states, function = command
        if state not in states:
            raise BadCommandError("not now")
        text = await function(self, words, by_uid)
        if self._view is not None and (by_uid or name not in {"FETCH", "STORE", "SEARCH"}):
            self._tell_changes(self._view)
        self._performed(name)
        return text

    def _tell_changes(self, view: list[Mail]) -> None:
        """What happened in the folder since. Never during a command by sequence numbers: they would change under it."""
        assert self.mailbox is not None
        now = self.mailbox.mails
        left = {mail.mail_id for mail in now}
        gone = [at for at, mail in enumerate(view) if mail.mail_id not in left]
        for at in reversed(gone):
            del view[at]
            self._say(f"* {at + 1} EXPUNGE")
        if len(now) > len(view):
            view.extend(now[len(view) :])
            self._say(f"* {len(view)} EXISTS")

    # --- commands -------------------------------------------------------------------------------------------------

    async def capability(self, _words: Words, _by_uid: bool) -> str:
        """CAPABILITY."""
        self._say(f"* CAPABILITY {_CAPABILITIES}")
        return "done"

    async def noop(self, _words: Words, _by_uid: bool) -> str:
        """NOOP, and CHECK: news is told after it."""
        return "done"

    async def logout(self, _words: Words, _by_uid: bool) -> str:
        """LOGOUT."""
        self._say("* BYE see you")
        self._over, self._view = True, None
        return "done"

    async def login(self, words: Words, _by_uid: bool) -> str:
        """LOGIN name password."""
        if len(words) != 2:
            raise BadCommandError("LOGIN wants a name and a password")
        return self._let_in(str(words[0]), str(words[1]))

    async def authenticate(self, words: Words, _by_uid: bool) -> str:
        """AUTHENTICATE PLAIN (RFC 4616), without an initial response."""
        if len(words) != 1 or str(words[0]).upper() != "PLAIN":
            raise RefusedError("only PLAIN")
        self._say("+ ")
        await self.writer.drain()
        try:
            _, user, password = b64decode(await self._line(), validate=True).decode().split("\0")
        except (NotBase64, ValueError) as problem:
            raise BadCommandError("that is not what PLAIN is") from problem
        return self._let_in(user, password)

    def _let_in(self, user: str, password: str) -> str:
        mailbox = self._world.mailboxes.get(user.lower())
        known = mailbox.password if mailbox else ""
        if not compare_digest(password.encode(), known.encode()) or not known:
            raise RefusedError("[AUTHENTICATIONFAILED] Invalid credentials")
        self.mailbox = mailbox
        return f"[CAPABILITY {_CAPABILITIES}] welcome"

    async def list_folders(self, words: Words, _by_uid: bool) -> str:
        """LIST: there is INBOX."""
        if len(words) != 2:
            raise BadCommandError("LIST wants a reference and a name")
        if str(words[1]).upper() in {"INBOX", "*", "%"}:
            self._say('* LIST (\\HasNoChildren) "/" INBOX')
        return "done"

    async def status(self, words: Words, _by_uid: bool) -> str:
        """STATUS INBOX (items)."""
        mailbox = self._inbox(words)
        if len(words) != 2 or not isinstance(words[1], list):
            raise BadCommandError("STATUS wants a folder and a list")
        values = {
            "MESSAGES": len(mailbox.mails),
            "RECENT": 0,
            "UIDNEXT": mailbox.uid_next,
            "UIDVALIDITY": mailbox.uid_validity,
            "UNSEEN": sum(not mail.seen for mail in mailbox.mails),
        }
        try:
            told = " ".join(f"{item.upper()} {values[item.upper()]}" for item in words[1])
        except (KeyError, AttributeError) as problem:
            raise BadCommandError("no such item of STATUS") from problem
        self._say(f"* STATUS INBOX ({told})")
        return "done"

    async def select(self, words: Words, _by_uid: bool) -> str:
        """SELECT, to read and to change."""
        return self._open(words, writable=True)

    async def examine(self, words: Words, _by_uid: bool) -> str:
        """EXAMINE: nothing can be changed."""
        return self._open(words, writable=False)

    def _open(self, words: Words, *, writable: bool) -> str:
        self._view = None
        mailbox = self._inbox(words)
        self._view, self._writable = list(mailbox.mails), writable
        flags = " ".join(_FLAGS)
        self._say(f"* FLAGS ({flags})")
        self._say(f"* {len(self._view)} EXISTS")
        self._say("* 0 RECENT")
        first_unseen = next((number for number, mail in enumerate(self._view, 1) if not mail.seen), None)
        if first_unseen is not None:
            self._say(f"* OK [UNSEEN {first_unseen}] first unseen")
        self._say(f"* OK [PERMANENTFLAGS ({flags if writable else ''})] kept")
        self._say(f"* OK [UIDVALIDITY {mailbox.uid_validity}] valid")
        self._say(f"* OK [UIDNEXT {mailbox.uid_next}] next")
        return f"[READ-{'WRITE' if writable else 'ONLY'}] done"

    def _inbox(self, words: Words) -> Mailbox:
        if not words:
            raise BadCommandError("which folder?")
        if str(words[0]).upper() != "INBOX":
            raise RefusedError("[NONEXISTENT] no such folder")
        assert self.mailbox is not None
        return self.mailbox

    async def close(self, _words: Words, _by_uid: bool) -> str:
        """CLOSE: expunge without a word, and leave the folder."""
        if self._writable:
            self._expunge()
        self._view = None
        return "done"

    async def unselect(self, _words: Words, _by_uid: bool) -> str:
        """UNSELECT: leave the folder."""
        self._view = None
        return "done"

    async def expunge(self, _words: Words, _by_uid: bool) -> str:
        """EXPUNGE what is flagged as deleted."""
        if not self._writable:
            raise RefusedError("the folder is open for reading only")
        self._expunge()
        return "done"

    def _expunge(self) -> None:
        assert self.mailbox is not None
        self._world.forget(self.mailbox, lambda mail: DELETED in mail.flags)

    async def search(self, words: Words, by_uid: bool) -> str:
        """SEARCH and UID SEARCH."""
        assert self._view is not None
        hits = [str(mail.uid if by_uid else number) for number, mail in found(self._view, words)]
        self._say(" ".join(["* SEARCH", *hits]))
        return "done"

    async def fetch(self, words: Words, by_uid: bool) -> str:
        """FETCH and UID FETCH."""
        if len(words) != 2:
            raise BadCommandError("FETCH wants a set and items")
        items = words[1] if isinstance(words[1], list) else [words[1]]
        for number, mail in self._meant(words[0], by_uid):
            self.writer.write(self._fetched(number, mail, [str(item) for item in items], by_uid=by_uid))
            await self.writer.drain()
        return "done"

    def _meant(self, numbers: Any, by_uid: bool) -> list[tuple[int, Mail]]:
        """Sequence numbers that do not exist are a mistake, UIDs that do not are not (RFC 3501, 6.4.8)."""
        assert self._view is not None
        view = self._view
        fits = chosen(numbers, view[-1].uid if by_uid and view else len(view))
        meant = [(number, mail) for number, mail in enumerate(view, 1) if fits(mail.uid if by_uid else number)]
        if not by_uid and not meant:
            raise BadCommandError("there is no such mail")
        return meant

    def _fetched(self, number: int, mail: Mail, items: list[str], *, by_uid: bool) -> bytes:
        told: list[bytes] = []
        read = False
        if by_uid and "UID" not in (item.upper() for item in items):
            items = ["UID", *items]
        for item in items:
            simple = {
                "UID": f"UID {mail.uid}",
                "RFC822.SIZE": f"RFC822.SIZE {len(mail.stored)}",
                "INTERNALDATE": f'INTERNALDATE "{_internal_date(mail.received_at)}"',
            }
            if item.upper() in simple:
                told.append(simple[item.upper()].encode())
            elif item.upper() != "FLAGS":
                described = part(item, mail)
                if described is None:
                    raise BadCommandError("no such item of FETCH")
                name, octets, reads = described
                read = read or reads
                told.append(f"{name} {{{len(octets)}}}\r\n".encode() + octets)
        changed = read and self._writable and not mail.seen
        if changed:
            mail.flags.add(SEEN)
            self._world.changes.notify()
        if changed or "FLAGS" in (item.upper() for item in items):
            told.insert(0, f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
        return f"* {number} FETCH (".encode() + b" ".join(told) + b")\r\n"

    async def store(self, words: Words, by_uid: bool) -> str:
        """STORE and UID STORE."""
        if len(words) < 3:
            raise BadCommandError("STORE wants a set, what to do, and flags")
        if not self._writable:
            raise RefusedError("the folder is open for reading only")
        action, silent = str(words[1]).upper().removesuffix(".SILENT"), str(words[1]).upper().endswith(".SILENT")
        flags = set(words[2] if isinstance(words[2], list) else words[2:])
        known = {flag.lower(): flag for flag in _FLAGS}
        if action not in {"FLAGS", "+FLAGS", "-FLAGS"} or any(str(flag).lower() not in known for flag in flags):
            raise BadCommandError("no such flag, or nothing to do with it")
        flags = {known[str(flag).lower()] for flag in flags}
        for number, mail in self._meant(words[0], by_uid):
            mail.flags = {"FLAGS": flags, "+FLAGS": mail.flags | flags, "-FLAGS": mail.flags - flags}[action]
            if not silent:
                uid = f"UID {mail.uid} " if by_uid else ""
                self._say(f"* {number} FETCH ({uid}FLAGS ({' '.join(sorted(mail.flags))}))")
        self._world.changes.notify()
        return "done"

    async def idle(self, _words: Words, _by_uid: bool) -> str:
        """IDLE until DONE: news is told at once."""
        assert self._view is not None
        self._say("+ idling")
        end = asyncio.create_task(self._line())
        try:
            while not end.done():
                version = self._world.changes.version
                self._tell_changes(self._view)
                await self.writer.drain()
                change = asyncio.create_task(self._changed(version))
                await asyncio.wait({end, change}, return_when=asyncio.FIRST_COMPLETED)
                change.cancel()
        finally:
            end.cancel()
        if (await end).upper() != "DONE":
            raise BadCommandError("IDLE ends with DONE")
        return "done"

    async def _changed(self, version: int) -> None:
        while self._world.changes.version == version:
            await self._world.changes.next()


def _internal_date(at: float) -> str:
    day, month, year, clock, zone = formatdate(at).split(" ")[1:]
    return f"{day:>2}-{month}-{year} {clock} {zone.replace('-0000', '+0000')}"


_ANY = frozenset({"new", "authenticated", "selected"})
_NEW = frozenset({"new"})
_KNOWN = frozenset({"authenticated", "selected"})
_SELECTED = frozenset({"selected"})
_BY_UID = frozenset({"UID SEARCH", "UID FETCH", "UID STORE"})
_COMMANDS: dict[str, tuple[frozenset[str], Callable[[ImapClient, Words, bool], Awaitable[str]]]] = {
    "CAPABILITY": (_ANY, ImapClient.capability),
    "NOOP": (_ANY, ImapClient.noop),
    "LOGOUT": (_ANY, ImapClient.logout),
    "LOGIN": (_NEW, ImapClient.login),
    "AUTHENTICATE": (_NEW, ImapClient.authenticate),
    "LIST": (_KNOWN, ImapClient.list_folders),
    "STATUS": (_KNOWN, ImapClient.status),
    "SELECT": (_KNOWN, ImapClient.select),
    "EXAMINE": (_KNOWN, ImapClient.examine),
    "CLOSE": (_SELECTED, ImapClient.close),
    "UNSELECT": (_SELECTED, ImapClient.unselect),
    "CHECK": (_SELECTED, ImapClient.noop),
    "EXPUNGE": (_SELECTED, ImapClient.expunge),
    "SEARCH": (_SELECTED, ImapClient.search),
    "FETCH": (_SELECTED, ImapClient.fetch),
    "STORE": (_SELECTED, ImapClient.store),
    "IDLE": (_SELECTED, ImapClient.idle),
}
