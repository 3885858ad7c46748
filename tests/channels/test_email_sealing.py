"""Mails that nobody reads or changes on their way: encryption and the signature."""

import asyncio
import base64
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import dkim  # type: ignore[import-untyped]  # it ships no types
import pytest

from channels.base import Mode
from channels.email.adapter import Email
from net.errors import (
    DeliveryError,
    Misconfigured,
    Unreachable,
)
from tests.channels.email_kit import ANN, PROMPT, account, raw_headers, secret
from tests.channels.platform import running_platform
from tests.channels.smtp_platform import Delivered, Replies, SmtpPlatform

STARTTLS_EHLO = "250-mail.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN"


@pytest.fixture
async def server() -> AsyncIterator[SmtpPlatform]:
    async with running_platform(SmtpPlatform, "smtp") as platform:
        assert isinstance(platform, SmtpPlatform)
        yield platform


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=mail")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def openssl(*arguments: str | Path) -> bytes:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on the PATH to make a certificate or a key with")
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout  # noqa: S607 - from the PATH


async def failing(channel: Email) -> DeliveryError:
    with pytest.raises(DeliveryError) as failure:
        await channel.send_prompt(ANN, PROMPT)
    assert ANN not in str(vars(failure.value))
    assert failure.value.__context__ is None, "the library's own error holds addresses"
    return failure.value


# --- encryption


async def test_auto_encrypts_where_it_is_offered(server: SmtpPlatform, certificate: ssl.SSLContext) -> None:
    server.certificate = certificate
    server.behaviour = Replies({"EHLO": STARTTLS_EHLO})
    for starttls in ("auto", "require"):
        mailer = account(server.url, starttls=starttls, user="support", password=secret("x"))
        await mailer.send_prompt(ANN, PROMPT)
        await mailer.close()
    assert [mail.encrypted for mail in server.mails] == [True, True]
    words = [line.split(" ")[0].split(":")[0] for line in server.seen]
    assert words[:5] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"], "the password goes encrypted"


async def test_never_does_not_and_require_sends_nothing_in_the_clear(
    server: SmtpPlatform, certificate: ssl.SSLContext
) -> None:
    server.certificate = certificate
    server.behaviour = Replies({"EHLO": STARTTLS_EHLO})
    plain = account(server.url, starttls="never")
    await plain.send_prompt(ANN, PROMPT)
    await plain.close()
    assert [mail.encrypted for mail in server.mails] == [False]
    server.behaviour = Replies()
    assert isinstance(await failing(account(server.url, starttls="require")), Misconfigured)
    assert len(server.mails) == 1


async def test_a_refused_upgrade_is_no_reason_to_go_on_in_the_clear(server: SmtpPlatform) -> None:
    server.behaviour = Replies({"EHLO": STARTTLS_EHLO, "STARTTLS": "454 4.7.0 not now"})
    assert isinstance(await failing(account(server.url)), Unreachable)
    assert not server.mails


async def test_smtps_is_encrypted_from_the_first_byte(certificate: ssl.SSLContext) -> None:
    platform = SmtpPlatform()
    listener = await asyncio.start_server(platform.serve, "127.0.0.1", 0, ssl=certificate)
    async with listener:
        mailer = account(f"smtps://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        await mailer.send_prompt(ANN, PROMPT)
        await mailer.close()
    assert [mail.encrypted for mail in platform.mails] == [True]


# --- the signature


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    openssl("genrsa", "-out", path, "2048")
    return path


@pytest.fixture(scope="module")
def pem(key: Path) -> str:
    return key.read_text()


def verified(mail: bytes, key: Path) -> bool:
    public = openssl("rsa", "-in", key, "-pubout", "-outform", "DER")
    asked: list[bytes] = []

    def lookup(name: bytes, timeout: float = 5) -> bytes:  # noqa: ARG001 - dkimpy hands it over
        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    valid = bool(dkim.verify(mail, dnsfunc=lookup))
    assert asked == [b"mail2026._domainkey.example.org."]
    return valid


async def signed_mail(server: SmtpPlatform, pem: str) -> bytes:
    mailer = account(
        server.url,
        dkim_domain="example.org",
        dkim_selector="mail2026",
        dkim_key=secret(pem),
        mode=Mode.SEND_ONLY,
    )
    await mailer.send_prompt(ANN, PROMPT)
    await mailer.close()
    return server.mails[-1].body


async def test_the_octets_that_go_out_are_signed(server: SmtpPlatform, key: Path, pem: str) -> None:
    mail = await signed_mail(server, pem)
    assert verified(mail, key)
    signed = (
        raw_headers(mail)["DKIM-Signature"].replace(" ", "").partition("h=")[2].partition(";")[0].lower().split(":")
    )
    for name in ("from", "subject", "to", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post"):
        assert name in signed
    assert not verified(mail.replace(b"Content-Type: text/plain", b"Content-Type: text/x-lain"), key)


@pytest.mark.parametrize(
    "added",
    [
        *(b"Subject: you have won", b"From: bank@example.com", b"Reply-To: thief@example.com", b"To: x@example.com"),
        *(
            b"List-Unsubscribe: <https://evil.example/>",
            b"Date: Mon, 02 Nov 2026 10:00:00 +0000",
            b"In-Reply-To: <a@b>",
        ),
    ],
)
async def test_no_header_can_be_added_under_the_signature(
    server: SmtpPlatform, key: Path, pem: str, added: bytes
) -> None:
    mail = await signed_mail(server, pem)
    assert not verified(added + b"\r\n" + mail, key)


async def test_a_key_that_is_none_is_a_matter_for_a_person(server: SmtpPlatform) -> None:
    mailer = account(server.url, dkim_domain="example.org", dkim_selector="a", dkim_key=secret("-----BEGIN x"))
    assert isinstance(await failing(mailer), Misconfigured)
    assert not [one for one in server.requests if isinstance(one, Delivered)]
    assert "BEGIN" not in str(await mailer.check(None))
