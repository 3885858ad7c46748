"""The words of a received mail. Pure; reads a bounded number of parts, and any charset or none."""

import codecs
import re
from email.message import Message

from channels.email.bounces import parts
from channels.email.quotes import html_to_text, reply_text

MAX_WORDS = 16_384
"""Characters of a reply that are kept."""

_MAX_READ = 400_000
"""Characters of a part that are looked at: what a person wrote stands on top."""


def reply_of(mail: Message) -> str:
    """What its writer said, without what they quoted and signed; "" for nothing."""
    plain = _first(mail, "text/plain")
    words = reply_text(plain)
    if not words.strip():
        html = _first(mail, "text/html")
        words = reply_text(html_to_text(html)) if html else words
    return words.replace("\0", "").strip()[:MAX_WORDS]


def has_attachment(mail: Message) -> bool:
    """True when a file hangs on it. Pictures within the text are mostly logos, and do not count."""
    return any(part.get_content_disposition() == "attachment" for part in parts(mail))


def text_of(part: Message) -> str:
    """A part's text: its charset where it names one that exists, else UTF-8, else Windows Cyrillic."""
    payload = part.get_payload(decode=True)
    octets = payload if isinstance(payload, bytes) else b""
    named = part.get_content_charset()
    try:
        text = octets.decode(codecs.lookup(named).name, "replace") if named else octets.decode("utf-8")
    except (LookupError, ValueError):
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            text = octets.decode("windows-1251", "replace")
    return text[:_MAX_READ].replace("\r\n", "\n")


def _first(mail: Message, kind: str) -> str:
    for part in parts(mail):
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            text = text_of(part)
            if text.strip():
                return unflowed(text) if _is_flowed(part) else text
    return ""


def _is_flowed(part: Message) -> bool:
    value = part.get_param("format")
    return isinstance(value, str) and value.lower() == "flowed"


def unflowed(text: str) -> str:
    """Join the lines that a program broke (RFC 3676): those that end in a blank, quotes and the signature's line excepted."""
    lines = text.split("\n")
    joined: list[str] = []
    open_line = False
    for line in lines:
        quoted = line.startswith(">")
        if open_line and not quoted and line != "-- ":
            joined[-1] += line
        else:
            joined.append(line)
        open_line = line.endswith(" ") and not quoted and line != "-- " and bool(line.strip())
    return "\n".join(re.sub(r" +$", "", line) if line != "-- " else line for line in joined)
