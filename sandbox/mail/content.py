"""What a mail says: its headers, its plain and its HTML part, its links. Never fails, whatever it is given."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses, parseaddr

from .links import Link, links_of

_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Content:
    """A mail that was read. Headers are decoded and in their order; what is missing is empty."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    links: tuple[Link, ...]
    attachments: tuple[str, ...]

    def header(self, name: str) -> str:
        """The first header of this name; "" when there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return self.header("Subject")

    @property
    def author(self) -> tuple[str, str]:
        """Name and address of the From header."""
        return parseaddr(self.header("From"))

    @property
    def answer_to(self) -> str:
        """Where an answer goes: Reply-To, else From."""
        addresses = getaddresses([self.header("Reply-To") or self.header("From")])
        return addresses[0][1] if addresses else ""

    @property
    def message_id(self) -> str:
        """With its angle brackets; "" when there is none."""
        found = _ID.search(self.header("Message-ID"))
        return found[0] if found else ""

    @property
    def relatives(self) -> tuple[str, ...]:
        """The ids of the mails before this one in its thread, oldest first."""
        return tuple(dict.fromkeys(_ID.findall(f"{self.header('References')} {self.header('In-Reply-To')}")))


def read(raw: bytes) -> Content:
    """Read a mail."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    texts: list[str] = []
    pages: list[str] = []
    attachments: list[str] = []
    for part in _leaves(message):
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment" or kind not in {"text/plain", "text/html"}:
            attachments.append(part.get_filename() or kind)
        else:
            (texts if kind == "text/plain" else pages).append(_words(part))
    text, html = "\n".join(texts), pages[0] if pages else ""
    return Content(headers_of(message), text, html, links_of(text, html), tuple(attachments))


def headers_of(message: Message) -> tuple[tuple[str, str], ...]:
    """All headers, decoded; one that cannot be decoded stays as it came."""
    headers = []
    for name, value in message.raw_items():
        try:
            shown = str(message.policy.header_fetch_parse(name, value))
        except Exception:  # noqa: BLE001 - the parser of the standard library stumbles in many ways over hostile headers
            shown = str(value)
        headers.append((name, " ".join(shown.split())))
    return tuple(headers)


def _leaves(message: Message) -> list[Message]:
    """The parts that are no containers. A mail within the mail is one part."""
    if message.get_content_maintype() != "multipart" or not isinstance(message.get_payload(), list):
        return [message]
    leaves: list[Message] = []
    for part in message.get_payload():
        if isinstance(part, Message):
            leaves.extend(_leaves(part))
    return leaves


def _words(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except LookupError:  # a charset that nobody knows
        return payload.decode("utf-8", "replace").replace("\r\n", "\n")
