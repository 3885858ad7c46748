"""What the tests of the mail stand-in share: mails to send, clients that know nothing of the sandbox, a certificate."""

import asyncio
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sandbox.mail import MailSandbox

ANNA = "anna@customer.test"
BORIS = "boris@customer.test"
INBOX = "desk@tapfive.test"
PASSWORD = "mail-pass"
SENDER = "b+7.mac@tapfive.test"

Result = TypeVar("Result")


def people(sandbox: MailSandbox) -> MailSandbox:
    """Two customers and the service's own mailbox."""
    sandbox.add_customer(ANNA, "Анна")
    sandbox.add_customer(BORIS, "Boris", "en")
    sandbox.add_mailbox(INBOX, PASSWORD)
    return sandbox


def mail(html: str = "", text: str = "Five lines\r\n5 - https://tapfive.test/r/abc/5", **headers: str) -> bytes:
    """A mail without a fault; a header given as "" is left out."""
    message = EmailMessage()
    given = {
        "From": "Tapfive <desk@tapfive.test>",
        "To": ANNA,
        "Subject": "How was it?",
        "Date": format_datetime(datetime(2026, 11, 21, 19, 49, tzinfo=UTC)),
        "Message_ID": "<first@tapfive.test>",
        **headers,
    }
    for name, value in given.items():
        if value:
            message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def by_smtp(url: str, talk: Callable[[smtplib.SMTP], Result], context: ssl.SSLContext | None = None) -> Result:
    """Talk to a server with the client of the standard library, in a thread; the connection ends with the talk."""
    scheme, _, place = url.partition("://")
    host, _, port = place.partition(":")

    def run() -> Result:
        if scheme == "smtps":
            with smtplib.SMTP_SSL(host, int(port), "client.test", timeout=10, context=context) as client:
                return talk(client)
        with smtplib.SMTP(host, int(port), "client.test", timeout=10) as client:
            return talk(client)

    return await asyncio.to_thread(run)


async def send(sandbox: MailSandbox, raw: bytes | None = None, *to: str, sender: str = SENDER) -> dict[str, Any]:
    """Send a mail by the standard library's client; who was refused. Raises what that client raises."""
    content = mail() if raw is None else raw
    options = [] if content.isascii() else ["BODY=8BITMIME"]
    return await by_smtp(sandbox.smtp_url, lambda client: client.sendmail(sender, list(to) or [ANNA], content, options))


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate for 127.0.0.1, made by the openssl program. Skips without one."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on the PATH to make a certificate with")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    asked = f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1".split()
    asked += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(asked, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
