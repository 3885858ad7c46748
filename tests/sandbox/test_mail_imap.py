"""The IMAP server of the mail stand-in, read by imaplib and by imap_tools."""

import asyncio
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import imap_tools
import pytest

from sandbox.mail import MailSandbox

from .mail_kit import ANNA, INBOX, PASSWORD, certificate, mail, people, send

Result = TypeVar("Result")


@pytest.fixture
async def sandbox() -> AsyncIterator[MailSandbox]:
    sandbox = people(MailSandbox())
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def fill(sandbox: MailSandbox, *subjects: str) -> None:
    for subject in subjects:
        await send(sandbox, mail(Subject=subject), INBOX)


async def by_tools(sandbox: MailSandbox, read: Callable[[imap_tools.BaseMailBox], Result]) -> Result:
    def run() -> Result:
        box = imap_tools.MailBoxUnencrypted("127.0.0.1", int(sandbox.imap_url.rpartition(":")[2]), timeout=10)
        with box.login(INBOX, PASSWORD):
            return read(box)

    return await asyncio.to_thread(run)


async def by_imaplib(sandbox: MailSandbox, read: Callable[[imaplib.IMAP4], Result]) -> Result:
    def run() -> Result:
        with imaplib.IMAP4("127.0.0.1", int(sandbox.imap_url.rpartition(":")[2]), timeout=10) as client:
            return read(client)

    return await asyncio.to_thread(run)


async def test_imap_tools_reads_and_marks(sandbox: MailSandbox) -> None:
    await fill(sandbox, "one", "два", "three")

    def read(box: imap_tools.BaseMailBox) -> Any:
        peeked = [(got.uid, got.subject, got.flags) for got in box.fetch(mark_seen=False)]
        bulk = [got.subject for got in box.fetch(mark_seen=False, bulk=True)]
        unseen = box.uids(imap_tools.AND(seen=False))
        after = box.uids(imap_tools.AND(uid="2:*"))
        box.flag("2", imap_tools.MailMessageFlags.SEEN, True)
        (third,) = box.fetch(imap_tools.AND(uid="3"))
        return peeked, bulk, unseen, after, box.uids("UNSEEN"), third.from_, third.obj["Return-Path"]

    peeked, bulk, unseen, after, left, author, sender = await by_tools(sandbox, read)
    assert peeked == [("1", "one", ()), ("2", "два", ()), ("3", "three", ())]
    assert bulk == ["one", "два", "three"]
    assert (unseen, after, left) == (["1", "2", "3"], ["2", "3"], ["1"])
    assert (author, sender) == ("desk@tapfive.test", "<b+7.mac@tapfive.test>")
    assert [got.seen for got in sandbox.mails(INBOX)] == [False, True, True]


async def test_a_range_to_the_star_always_names_the_last(sandbox: MailSandbox) -> None:
    await fill(sandbox, "one", "two")
    assert await by_tools(sandbox, lambda box: box.uids("UID 9:*")) == ["2"]  # RFC 3501, 6.4.8
    assert await by_tools(sandbox, lambda box: box.uids("UID 9:12")) == []


async def test_every_octet_arrives(sandbox: MailSandbox) -> None:
    await send(sandbox, mail(text='a ) "quoted" {3}\r\n* 1 EXISTS\r\nПривет'), INBOX)
    stored = sandbox.mails(INBOX)[0].stored

    def read(client: imaplib.IMAP4) -> Any:
        client.login(INBOX, PASSWORD)
        client.select("INBOX", readonly=True)
        answers = {}
        for item in ("BODY.PEEK[]", "RFC822", "BODY[]<10.20>", "RFC822.SIZE", "BODY[HEADER.FIELDS (SUBJECT DATE)]"):
            answers[item] = client.uid("FETCH", "1", f"({item})")[1][0]
        return answers

    answers = await by_imaplib(sandbox, read)
    assert answers["BODY.PEEK[]"][1] == answers["RFC822"][1] == stored
    assert answers["BODY[]<10.20>"] == (b"1 (UID 1 BODY[]<10> {20}", stored[10:30])
    assert answers["RFC822.SIZE"] == f"1 (UID 1 RFC822.SIZE {len(stored)})".encode()
    fields = answers["BODY[HEADER.FIELDS (SUBJECT DATE)]"][1]
    assert fields == b"Subject: How was it?\r\nDate: Sat, 21 Nov 2026 19:49:00 +0000\r\n\r\n"
    assert not sandbox.mails(INBOX)[0].seen  # EXAMINE changes nothing


async def test_mails_that_come_meanwhile_are_told(sandbox: MailSandbox) -> None:
    await fill(sandbox, "one")
    loop = asyncio.get_running_loop()

    def read(client: imaplib.IMAP4) -> Any:
        client.login(INBOX, PASSWORD)
        assert client.select("INBOX")[1] == [b"1"]
        asyncio.run_coroutine_threadsafe(fill(sandbox, "two"), loop).result(10)
        client.noop()
        told = client.response("EXISTS")[1]
        return told, client.uid("SEARCH", "UID", "2:*")[1], client.response("UIDVALIDITY")[1]

    told, uids, validity = await by_imaplib(sandbox, read)
    assert (told, uids) == ([b"1", b"2"], [b"2"])
    assert validity == [str(sandbox.world.mailbox(INBOX).uid_validity).encode()]


async def test_idle_tells_at_once(sandbox: MailSandbox) -> None:
    loop = asyncio.get_running_loop()

    def read(box: imap_tools.BaseMailBox) -> Any:
        box.idle.start()  # type: ignore[no-untyped-call] # imap_tools annotates only part of itself
        asyncio.run_coroutine_threadsafe(fill(sandbox, "one"), loop).result(10)
        told = box.idle.poll(timeout=10)
        box.idle.stop()  # type: ignore[no-untyped-call] # as above
        return told, [got.subject for got in box.fetch()]

    assert await by_tools(sandbox, read) == ([b"* 1 EXISTS"], ["one"])


async def test_another_uidvalidity_sends_programs_away(sandbox: MailSandbox) -> None:
    await fill(sandbox, "one", "two")
    sandbox.delete(sandbox.mails(INBOX)[0].mail_id)
    before = sandbox.world.mailbox(INBOX).uid_validity
    loop = asyncio.get_running_loop()
    renewed = threading.Event()

    def renew() -> None:
        sandbox.renew_uids(INBOX)
        renewed.set()

    def read(client: imaplib.IMAP4) -> Any:
        client.login(INBOX, PASSWORD)
        client.select("INBOX")
        uids = client.uid("SEARCH", "ALL")[1]
        loop.call_soon_threadsafe(renew)
        assert renewed.wait(10)
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.noop()
        client.shutdown()
        client.state = "LOGOUT"
        return uids

    assert await by_imaplib(sandbox, read) == [b"2"]
    assert await by_tools(sandbox, lambda box: box.uids()) == ["1"]
    status = await by_tools(sandbox, lambda box: box.folder.status("INBOX"))
    assert (status["UIDVALIDITY"], status["UIDNEXT"], status["UNSEEN"]) == (before + 1, 2, 1)


async def test_deleted_mails_go_when_expunged(sandbox: MailSandbox) -> None:
    await fill(sandbox, "one", "two")
    await by_tools(sandbox, lambda box: box.delete("1"))
    assert [got.uid for got in sandbox.mails(INBOX)] == [2]
    await fill(sandbox, "three")
    assert await by_tools(sandbox, lambda box: box.uids()) == ["2", "3"]  # no UID is ever given twice


async def test_hands_out_whatever_octets_there_are(sandbox: MailSandbox) -> None:
    sandbox.put(INBOX, b"\0\xff not a mail\n\n)\r\n", sender="x@y.test")
    await fill(sandbox, "next")
    assert await by_tools(sandbox, lambda box: [got.subject for got in box.fetch()]) == ["", "next"]


async def test_refuses_wrong_passwords_and_mailboxes_without_one(sandbox: MailSandbox) -> None:
    for user, password in ((INBOX, "wrong"), (ANNA, ""), ("nobody@x.test", "x"), (INBOX, "")):
        with pytest.raises(imaplib.IMAP4.error, match="Invalid credentials"):
            await by_imaplib(sandbox, lambda client, u=user, p=password: client.login(u, p))  # type: ignore[misc] # bound by its defaults


async def test_other_ways_to_log_in(sandbox: MailSandbox) -> None:
    def plain(client: imaplib.IMAP4) -> str:
        return client.authenticate("PLAIN", lambda _: f"\0{INBOX}\0{PASSWORD}".encode())[0]

    assert await by_imaplib(sandbox, plain) == "OK"
    answer = await talk(
        sandbox, b"a LOGIN {%d}\r\n" % len(INBOX), INBOX.encode() + b' "' + PASSWORD.encode() + b'"\r\n'
    )
    assert answer.endswith(b"welcome\r\n")


async def talk(sandbox: MailSandbox, *lines: bytes) -> bytes:
    """Say lines, each after the answer to the one before; the last answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.imap_url.rpartition(":")[2]))
    await reader.readline()
    answer = b""
    for line in lines:
        writer.write(line)
        answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer


LOGIN = f"a LOGIN {INBOX} {PASSWORD}\r\n".encode()
BAD = [
    ([b"b SELECT INBOX\r\n"], b"b BAD not now\r\n"),
    ([LOGIN, b"b FETCH 1 BODY[]\r\n"], b"b BAD not now\r\n"),
    ([LOGIN, b"b DANCE\r\n"], b"b BAD no such command\r\n"),
    ([LOGIN, b"b UID EXPUNGE 1\r\n"], b"b BAD no such command\r\n"),
    ([LOGIN, b"b SELECT Archive\r\n"], b"b NO [NONEXISTENT] no such folder\r\n"),
    ([LOGIN, b'b SELECT "INBOX\r\n'], b"b BAD a quotation is not closed\r\n"),
    ([LOGIN, b"b STATUS INBOX (UIDNEXT\r\n"], b"b BAD a parenthesis is not closed\r\n"),
    ([LOGIN, b"b STATUS INBOX (COLOUR)\r\n"], b"b BAD no such item of STATUS\r\n"),
    ([b"nonsense\r\n"], b"* BAD a command has a tag and a name\r\n"),
]


@pytest.mark.parametrize(("lines", "answer"), BAD)
async def test_is_strict(sandbox: MailSandbox, lines: list[bytes], answer: bytes) -> None:
    assert await talk(sandbox, *lines) == answer


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("UID FETCH 1 (SUBJECT)", "BAD .*no such item of FETCH"),
        ("UID FETCH one (FLAGS)", "BAD .*no set of numbers"),
        ("FETCH 7 (FLAGS)", "BAD .*no such mail"),
        ("UID SEARCH CHARSET KOI8-R ALL", "NO .*BADCHARSET"),
        ("UID SEARCH PURPLE", "BAD .*no set of numbers"),
        ("UID STORE 1 +FLAGS (\\Purple)", "BAD .*no such flag"),
    ],
)
async def test_is_strict_within_a_folder(sandbox: MailSandbox, command: str, words: str) -> None:
    await fill(sandbox, "one")

    def ask() -> str:
        with socket.create_connection(("127.0.0.1", int(sandbox.imap_url.rpartition(":")[2])), 10) as line:
            stream = line.makefile("rwb")
            stream.write(LOGIN + f"b SELECT INBOX\r\nc {command}\r\nd LOGOUT\r\n".encode())
            stream.flush()
            return stream.read().decode()

    assert re.search(f"^c {words}", await asyncio.to_thread(ask), re.MULTILINE)


async def test_a_folder_opened_for_reading_cannot_be_changed(sandbox: MailSandbox) -> None:
    await fill(sandbox, "one")

    def read(client: imaplib.IMAP4) -> Any:
        client.login(INBOX, PASSWORD)
        client.select("INBOX", readonly=True)
        return client.uid("STORE", "1", "+FLAGS", "(\\Seen)")[0]

    assert await by_imaplib(sandbox, read) == "NO"


async def test_speaks_tls(tmp_path: Path) -> None:
    sandbox = people(MailSandbox(imap_tls=certificate(tmp_path)))
    await sandbox.start()
    context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    assert sandbox.imap_url.startswith("imaps://")

    def run() -> str:
        port = int(sandbox.imap_url.rpartition(":")[2])
        with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context, timeout=10) as client:
            return client.login(INBOX, PASSWORD)[0]

    assert await asyncio.to_thread(run) == "OK"
    await sandbox.stop()


async def test_stops_while_programs_wait(sandbox: MailSandbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.imap_url.rpartition(":")[2]))
    writer.write(LOGIN + b"b SELECT INBOX\r\nc IDLE\r\n")
    await reader.readuntil(b"+ idling\r\n")
    assert sandbox.imap.connected == 1
    await asyncio.wait_for(sandbox.stop(), 5)
    assert sandbox.imap.connected == 0
    writer.close()
