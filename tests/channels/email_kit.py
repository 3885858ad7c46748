"""What the tests of mail share."""

import asyncio
import email.policy
from collections.abc import AsyncIterator, Mapping, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from pydantic import SecretStr

from channels.base import Choice, Inbound, Links, Prompt, TextReceived
from channels.email.adapter import Email
from channels.email.addresses import Mailbox
from channels.email.config import EmailConfig
from channels.email.message import Sender

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
ANN = "ann@example.net"
REPLY = f"support+r.{TOKEN}@example.org"
DOMAIN = "example.org"
MAILBOX = Mailbox("support@example.org")
SENDER = Sender("email.support", "Служба поддержки", "support@example.org", MAILBOX, hears=True)
Batch = tuple[Sequence[Inbound], str]
NOW = 1_790_000_000_000
LINKS = Links(
    rate=f"https://rate.example.org/r/{TOKEN}",
    unsubscribe=f"https://rate.example.org/u/{TOKEN}",
    unsubscribe_label="Больше не спрашивать",
    hint="Можно и ответить словами.",
)
COLOURS = ("#d93025", "#f29900", "#fdd663", "#81c995", "#137333")
LABELS = ("Ужасно", "Плохо", "Нормально", "Хорошо", "Отлично")
FACES = tuple(
    Choice(value, symbol, label, colour)
    for value, (symbol, label, colour) in enumerate(zip("😡🙁😐🙂😍", LABELS, COLOURS, strict=True), start=1)
)
PROMPT = Prompt(
    key="prompt-17-0",
    text="Как мы справились?\n\nОбращение № 5",
    choices=FACES,
    token=TOKEN,
    language="ru",
    links=LINKS,
)


def read(raw: bytes) -> EmailMessage:
    """A mail as a mail program reads it."""
    message = message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(raw: bytes, subtype: str) -> str:
    body = read(raw).get_body((subtype,))
    assert body is not None
    content: str = body.get_content()
    return content


def raw_headers(raw: bytes) -> dict[str, str]:
    """The headers as they stand there, unfolded but not decoded."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ").replace("\r\n\t", " ")
    return dict(line.split(": ", 1) for line in head.split("\r\n"))


def config(**keys: Any) -> EmailConfig:
    return EmailConfig.model_validate(
        {"smtp": "smtp://127.0.0.1:1", "from": "support@example.org", "timeout": 5, **keys}
    )


def account(url: str, **keys: Any) -> Email:
    return Email("email.support", config(smtp=url, **keys), ())


def secret(text: str) -> SecretStr:
    return SecretStr(text)


def received(headers: Mapping[str, str], body: str = "5\r\n", *, kind: str = "text/plain; charset=utf-8") -> bytes:
    """A mail as a customer's program writes it, octet by octet."""
    known = {
        "From": "Ann <ann@example.net>",
        "To": f"support+r.{TOKEN}@example.org",
        "Subject": "Re: x",
        "Message-ID": "<answer@example.net>",
        "Content-Type": kind,
        "Content-Transfer-Encoding": "8bit",
    }
    lines = [f"{name}: {value}" for name, value in {**known, **headers}.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


async def batch(listening: AsyncIterator[Batch]) -> Batch:
    async with asyncio.timeout(60):
        return await anext(listening)


async def first(channel: Email, position: str | None) -> Batch:
    listening = channel.listen(position)
    try:
        return await batch(listening)
    finally:
        await listening.aclose()  # type: ignore[attr-defined]  # it is a generator


def texts(events: Sequence[Inbound]) -> list[str]:
    return [event.text for event in events if isinstance(event, TextReceived)]


def answer(number: int, text: str = "") -> bytes:
    return received({"Message-ID": f"<{number}@example.net>"}, text or str(number))
