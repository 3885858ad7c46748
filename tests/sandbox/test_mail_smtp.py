"""The SMTP server of the mail stand-in, asked by the standard library's client over real sockets."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sandbox.mail import MailSandbox
from sandbox.mail.faults import CLOSING, GREYLISTED, MAILBOX_FULL, NO_SUCH_USER, REFUSED_BY_POLICY

from .conftest import Clock
from .mail_kit import ANNA, BORIS, INBOX, SENDER, by_smtp, certificate, mail, people, send


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[MailSandbox]:
    sandbox = people(MailSandbox(clock=clock, size_limit=20_000))
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


async def test_takes_a_mail_octet_by_octet_and_knows_when_it_said_so(sandbox: MailSandbox, clock: Clock) -> None:
    raw = mail(text="..two dots\r\n.one\r\nПривет")
    assert await send(sandbox, raw) == {}
    (got,) = sandbox.mails(ANNA)
    assert (got.raw, got.sender, got.recipient) == (raw, SENDER, ANNA)
    assert got.accepted_at == clock.now
    assert got.problems == []
    assert got.content.text == "..two dots\n.one\nПривет\n"
    assert got.stored.startswith(f"Return-Path: <{SENDER}>\r\nX-Original-To: {ANNA}\r\n".encode())
    assert got.stored.endswith(raw)
    (transaction,) = sandbox.transactions
    assert (transaction.recipients, transaction.encrypted) == ({ANNA: "250 2.1.5 Ok"}, False)
    assert transaction.reply == f"250 2.0.0 Ok: queued as {got.mail_id}"


async def test_each_recipient_has_a_result_and_a_copy(sandbox: MailSandbox) -> None:
    sandbox.refuse(BORIS, MAILBOX_FULL)
    refused = await send(sandbox, None, "Anna+tag@CUSTOMER.test", BORIS, "nobody@customer.test", INBOX)
    assert {address: code for address, (code, _) in refused.items()} == {BORIS: 552, "nobody@customer.test": 550}
    assert refused[BORIS][1] == b"5.2.2 Mailbox full"
    assert [got.recipient for got in sandbox.mails(ANNA)] == ["Anna+tag@CUSTOMER.test"]
    assert len(sandbox.mails(INBOX)) == 1
    assert sandbox.mails(BORIS) == []


@pytest.mark.parametrize("reply", [NO_SUCH_USER, MAILBOX_FULL, REFUSED_BY_POLICY, GREYLISTED, CLOSING])
@pytest.mark.parametrize("after_data", [False, True])
async def test_refuses_as_told(sandbox: MailSandbox, reply: str, after_data: bool) -> None:
    sandbox.refuse(ANNA, reply, after_data=after_data, times=1)
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)) as caught:
        await send(sandbox)
    problem = caught.value
    code, words = problem.recipients[ANNA] if isinstance(problem, smtplib.SMTPRecipientsRefused) else problem.args
    assert f"{code} {words.decode()}" == reply
    assert sandbox.transactions[0].reply == reply
    assert sandbox.mails(ANNA) == []
    assert await send(sandbox) == {}


async def test_a_greylisted_first_try_is_taken_the_second_time(sandbox: MailSandbox) -> None:
    sandbox.greylist(ANNA)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        await send(sandbox)
    assert caught.value.recipients == {ANNA: (451, b"4.7.1 Greylisted, try again later")}
    assert await send(sandbox) == {}
    assert [transaction.reply[:3] for transaction in sandbox.transactions] == ["451", "250"]


async def test_a_cut_line_before_the_mail_takes_nothing_and_one_after_it_takes_all(sandbox: MailSandbox) -> None:
    sandbox.drop_before(ANNA)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await send(sandbox)
    assert sandbox.mails(ANNA) == []
    sandbox.drop_after(ANNA)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await send(sandbox)
    (got,) = sandbox.mails(ANNA)
    assert got.accepted_at is None
    assert await send(sandbox) == {}


async def test_a_mail_can_be_taken_without_an_answer(sandbox: MailSandbox, clock: Clock) -> None:
    released = sandbox.hang(ANNA)
    sending = asyncio.create_task(send(sandbox))
    await sandbox.wait_for_mail(ANNA)
    assert [got.accepted_at for got in sandbox.mails(ANNA)] == [None]
    assert not sending.done()
    clock.now += 40
    released.set()
    assert await sending == {}
    assert [got.accepted_at for got in sandbox.mails(ANNA)] == [clock.now]
    assert len(sandbox.transactions) == 1


async def test_a_client_that_gives_up_does_not_keep_the_server_from_stopping(sandbox: MailSandbox) -> None:
    sandbox.hang(ANNA)

    def impatient(client: smtplib.SMTP) -> None:
        client.timeout = 0.05
        assert client.sock is not None
        client.sock.settimeout(0.05)
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            client.sendmail(SENDER, [ANNA], mail())

    await by_smtp(sandbox.smtp_url, impatient)
    await asyncio.wait_for(sandbox.stop(), 5)


async def test_greets_with_a_421_and_hangs_up(sandbox: MailSandbox) -> None:
    sandbox.refuse_connections()
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        await send(sandbox)
    assert caught.value.smtp_code == 421
    assert await send(sandbox) == {}


async def test_hangs_up_after_a_421(sandbox: MailSandbox) -> None:
    sandbox.refuse(ANNA, CLOSING)

    def talk(client: smtplib.SMTP) -> None:
        client.ehlo()
        client.mail(SENDER)
        assert client.rcpt(ANNA)[0] == 421
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()

    await by_smtp(sandbox.smtp_url, talk)


MALFORMED: list[tuple[bytes, int, bytes]] = [
    (b"\r\nline\nline\r\n", 550, b"5.5.2 Bare LF or CR received"),
    (b"\r\nline\rline\r\n", 550, b"5.5.2 Bare LF or CR received"),
    (b"\r\n" + b"x" * 999 + b"\r\n", 500, b"5.5.2 Line too long"),
    (b"\r\n" + b"x" * 5000 + b"\r\n", 500, b"5.5.2 Line too long"),
    (b"\r\n" + b"x" * 70 + (b"\r\n" + b"x" * 70) * 300 + b"\r\n", 552, b"5.3.4 Message size exceeds fixed limit"),
]


@pytest.mark.parametrize(("body", "code", "words"), MALFORMED)
async def test_refuses_what_standards_forbid(sandbox: MailSandbox, body: bytes, code: int, words: bytes) -> None:
    def talk(client: smtplib.SMTP) -> tuple[int, bytes]:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(ANNA)
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(mail(text="x").rstrip() + body + b".\r\n")
        return client.getreply()

    assert await by_smtp(sandbox.smtp_url, talk) == (code, words)
    assert sandbox.mails(ANNA) == []


async def test_takes_lines_of_998_octets(sandbox: MailSandbox) -> None:
    await send(sandbox, mail(text="x").rstrip() + b"\r\n" + b"y" * 998 + b"\r\n")
    assert len(sandbox.mails(ANNA)) == 1


async def test_says_at_once_that_a_mail_is_too_big(sandbox: MailSandbox) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        await by_smtp(sandbox.smtp_url, lambda client: client.sendmail(SENDER, [ANNA], b"x" * 30_000, ["SIZE=30000"]))
    assert (caught.value.smtp_code, caught.value.smtp_error) == (552, b"5.3.4 Message size exceeds fixed limit")


async def test_a_bounce_comes_from_nobody(sandbox: MailSandbox) -> None:
    assert await send(sandbox, sender="<>") == {}
    assert sandbox.mails(ANNA)[0].sender == ""
    assert sandbox.mails(ANNA)[0].stored.startswith(b"Return-Path: <>\r\n")


CYRILLIC = "анна@customer.test"


def _to_cyrillic(client: smtplib.SMTP) -> dict[str, tuple[int, bytes]]:
    client.ehlo()
    options = ["SMTPUTF8"] if client.has_extn("smtputf8") else []
    if options:
        client.command_encoding = "utf-8"
    return client.sendmail(SENDER, [CYRILLIC], mail(), options)


async def test_a_cyrillic_address_needs_smtputf8() -> None:
    sandbox = people(MailSandbox())
    sandbox.add_customer(CYRILLIC, "Анна")
    await sandbox.start()
    assert await by_smtp(sandbox.smtp_url, _to_cyrillic) == {}
    assert sandbox.mails(CYRILLIC)[0].smtputf8

    def without(client: smtplib.SMTP) -> tuple[int, bytes]:
        client.ehlo()
        client.command_encoding = "utf-8"
        client.mail(SENDER)
        return client.rcpt(CYRILLIC)

    assert (await by_smtp(sandbox.smtp_url, without))[0] == 553
    await sandbox.stop()


async def test_smtputf8_can_be_off() -> None:
    sandbox = people(MailSandbox(smtputf8=False))
    await sandbox.start()

    def talk(client: smtplib.SMTP) -> tuple[int, int]:
        client.ehlo()
        assert not client.has_extn("smtputf8")
        refused = client.docmd(f"MAIL FROM:<{SENDER}> SMTPUTF8")[0]
        client.command_encoding = "utf-8"
        client.mail(SENDER)
        return refused, client.rcpt(CYRILLIC)[0]

    assert await by_smtp(sandbox.smtp_url, talk) == (555, 553)
    await sandbox.stop()


Authenticate = Callable[[smtplib.SMTP], tuple[int, bytes]]


async def test_wants_a_password_where_there_is_one() -> None:
    sandbox = people(MailSandbox(auth=("tapfive", "right")))
    await sandbox.start()
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        await send(sandbox)
    assert (caught.value.smtp_code, caught.value.smtp_error) == (530, b"5.7.0 Authentication required")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        await by_smtp(sandbox.smtp_url, lambda client: client.login("tapfive", "wrong"))
    assert refused.value.smtp_code == 535

    def talk(client: smtplib.SMTP) -> None:
        client.login("tapfive", "right")
        client.sendmail(SENDER, [ANNA], mail())

    await by_smtp(sandbox.smtp_url, talk)
    assert sandbox.transactions[-1].user == "tapfive"
    await sandbox.stop()


async def test_offers_no_auth_where_there_is_no_password(sandbox: MailSandbox) -> None:
    def talk(client: smtplib.SMTP) -> bool:
        client.ehlo()
        assert client.has_extn("enhancedstatuscodes")
        return client.has_extn("auth")

    assert not await by_smtp(sandbox.smtp_url, talk)


async def test_encrypts_on_request_and_can_insist(tmp_path: Path) -> None:
    server = certificate(tmp_path)
    client_context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    sandbox = people(MailSandbox(tls=server, require_tls=True, auth=("tapfive", "right")))
    await sandbox.start()
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        await send(sandbox)
    assert caught.value.smtp_code == 530

    def talk(client: smtplib.SMTP) -> None:
        client.starttls(context=client_context)
        client.login("tapfive", "right")
        client.sendmail(SENDER, [ANNA], mail())

    await by_smtp(sandbox.smtp_url, talk)
    assert sandbox.transactions[-1].encrypted
    assert len(sandbox.mails(ANNA)) == 1
    await sandbox.stop()


async def test_speaks_tls_from_the_first_octet(tmp_path: Path) -> None:
    server = certificate(tmp_path)
    client_context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    sandbox = people(MailSandbox(tls=server, implicit_tls=True))
    await sandbox.start()
    assert sandbox.smtp_url.startswith("smtps://")
    await by_smtp(sandbox.smtp_url, lambda client: client.sendmail(SENDER, [ANNA], mail()), client_context)
    assert sandbox.transactions[-1].encrypted
    await sandbox.stop()


async def test_the_log_can_be_bounded() -> None:
    sandbox = people(MailSandbox(keep_log=1))
    await sandbox.start()
    await send(sandbox)
    await send(sandbox, None, BORIS)
    assert [transaction.recipients.keys() for transaction in sandbox.transactions] == [{BORIS}]
    await sandbox.stop()
