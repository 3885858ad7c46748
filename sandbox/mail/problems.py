"""What is wrong with a mail that was taken all the same: what spam filters, mail programs and standards mind."""

import email
import email.policy
import re
from collections import Counter
from email.message import Message
from email.utils import parsedate_to_datetime

from .content import Content

CLIPPED_AT = 102_000
"""Octets of HTML after which Gmail cuts a mail."""

_ONCE = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
    "date",
    "mime-version",
]  # RFC 5322, 3.6
_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_PLAIN = [
    "message-id",
    "in-reply-to",
    "references",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "reply-to",
    "auto-submitted",
]


def problems_of(raw: bytes, content: Content, *, smtputf8: bool, eight_bit: bool) -> list[str]:
    """Findings, each a short sentence that begins with what it is about.

    `smtputf8` and `eight_bit`: the sender said so in MAIL FROM.
    """
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    raw_headers, _, body = raw.partition(b"\r\n\r\n")
    counts = Counter(name.lower() for name, _ in message.raw_items())
    found = [f"{name} is missing" for name in ("From", "Date", "Message-ID") if not counts[name.lower()]]
    if not (counts["to"] or counts["cc"] or counts["bcc"]):
        found.append("To is missing")
    found += [f"{name} stands there {counts[name]} times" for name in _ONCE if counts[name] > 1]
    if counts["message-id"] and not _ID.fullmatch(content.header("Message-ID")):
        found.append("Message-ID is not of the form <left@right>")
    if counts["date"] and not _is_date(content.header("Date")):
        found.append("Date is no date")
    for name, value in message.raw_items():
        if name.lower() in _PLAIN and "=?" in str(
            value
        ):  # encoded words are not allowed there, and nobody decodes them
            found.append(f"{name} has encoded words")
    if not raw_headers.isascii() and not smtputf8:
        found.append("headers have 8-bit octets without SMTPUTF8")
    if not body.isascii() and not (eight_bit or smtputf8):
        found.append("the body has 8-bit octets without BODY=8BITMIME")
    if b"\0" in raw:
        found.append("there is a NUL")
    return found + _unsubscribing(content) + _parts(message, content)


def _unsubscribing(content: Content) -> list[str]:
    """RFC 8058: one click needs an https address, and exactly these words."""
    post, where = content.header("List-Unsubscribe-Post"), content.header("List-Unsubscribe")
    if not post:
        return []
    found = []
    if post != "List-Unsubscribe=One-Click":
        found.append("List-Unsubscribe-Post does not read List-Unsubscribe=One-Click")
    if not re.search(r"<https?://", where):
        found.append("List-Unsubscribe has no address for one click")
    return found


def _parts(message: Message, content: Content) -> list[str]:
    found = [f"the structure is broken: {type(defect).__name__}" for part in message.walk() for defect in part.defects]
    if (message.is_multipart() or content.html) and not message.get("MIME-Version"):
        found.append("MIME-Version is missing")
    if content.html and not content.text.strip():
        found.append("there is no plain text beside the HTML")
    for part in message.walk():
        if part.get_content_type() == "multipart/alternative":
            kinds = [child.get_content_type() for child in part.get_payload() if isinstance(child, Message)]
            if "text/html" in kinds and "text/plain" in kinds[kinds.index("text/html") :]:
                found.append("the plain text comes after the HTML")
    if len(content.html.encode()) > CLIPPED_AT:
        found.append("the HTML is cut by Gmail")
    found += ["a link has no text" for link in content.links if not link.text and not link.hidden]
    return found


def _is_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True
