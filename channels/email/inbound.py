"""A received mail as an event. Pure; never raises: what cannot be read becomes `Unreadable`.

Which prompt is meant is told by the tagged address that the mail came to, else by the ids that it refers to; never by
its subject, and never by its sender, who may be an assistant. A mail that tells neither is not for us: the mailbox may
be read by a helpdesk, too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from channels.base import DeliveryReported, Inbound, OptOut, TextReceived, Unknown, Unreadable
from channels.email.addresses import Mailbox, Purpose, Tag
from channels.email.automatic import is_automatic
from channels.email.bounces import is_complaint, originals, read_bounce
from channels.email.content import has_attachment, reply_of
from channels.email.headers import Headers
from channels.email.message import is_our_id
from channels.unreadable import MAX_RAW

MAX_MAIL = 2 * 1024 * 1024
"""Octets of a mail that are read; what a person wrote stands before their pictures."""

_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_MAX_ID = 250
_MAX_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the transport knows: recipients and sender ("": a bounce; None: not known), and when it came (ms; 0: now)."""

    recipients: Sequence[str] = ()
    sender: str | None = None
    at: int = 0


def read_mail(raw: bytes, envelope: Envelope, *, mailbox: Mailbox, domain: str) -> Inbound:
    """One mail as one event. `domain` is that of our own Message-IDs."""
    raw = raw[:MAX_MAIL]
    try:
        return _read(raw, mailbox, domain, envelope)
    except Exception as error:  # noqa: BLE001 - one odd mail must not stop the others; a person looks at it
        return Unreadable(
            event_id=_digest(raw), address="", at=envelope.at, raw=raw[:MAX_RAW], error=type(error).__name__
        )


def _read(raw: bytes, mailbox: Mailbox, domain: str, envelope: Envelope) -> Inbound:
    mail = message_from_bytes(raw)
    headers = Headers(mail)
    tag = mailbox.read(envelope.recipients) or mailbox.read(headers.all(*_RECIPIENTS))
    message_id = headers.first("message-id").strip()
    address, at = headers.sender, envelope.at
    named = "\0".join((message_id, address, f"{tag.purpose}.{tag.token}" if tag else ""))
    event_id = _digest(named.encode()) if message_id else _digest(raw)
    if is_complaint(mail):
        return _complaint(mail, mailbox, tag, event_id, at)
    if tag is not None and tag.purpose is Purpose.BOUNCE:
        bounce = read_bounce(mail)
        if bounce is not None and not bounce.failed:
            return Unknown(event_id=event_id, address="", at=at, what="delivery notice")
        if bounce is not None:
            known = bounce.message_id if is_our_id(bounce.message_id, domain) else ""
            return DeliveryReported(
                event_id=event_id,
                address="",
                at=at,
                external_id=known,
                delivery="bounced",
                gone=bounce.gone,
                token=tag.token,
            )
    automatic = is_automatic(headers, mail.get_content_type(), envelope.sender) or address == mailbox.address
    # Mailbox providers unsubscribe in their customer's name, and may say that a program wrote it: not so with reports.
    asked = tag is not None and tag.purpose is Purpose.UNSUBSCRIBE and mail.get_content_type() != "multipart/report"
    if tag is not None and asked:
        return OptOut(event_id=event_id, address=address, at=at, reason="asked", token=tag.token)
    if automatic:
        return Unknown(event_id=event_id, address=address, at=at, what="automatic")
    reply_to = _reply_to(headers, domain)
    if tag is None and reply_to is None:
        return Unknown(event_id=event_id, address=address, at=at, what="not an answer")
    text = reply_of(mail)
    media = "attachment" if has_attachment(mail) else None
    if not text and media is None:
        return Unknown(event_id=event_id, address=address, at=at, what="empty")
    return TextReceived(
        event_id=event_id,
        address=address,
        at=at,
        text=text,
        message_id=message_id if 0 < len(message_id) <= _MAX_ID else event_id,
        reply_to=reply_to,
        media=media,
        token=tag.token if tag else "",
    )


def _complaint(mail: Message, mailbox: Mailbox, tag: Tag | None, event_id: str, at: int) -> Inbound:
    """A complaint comes to wherever the provider sends complaints; the mail in it names the prompt."""
    for each in originals(mail):
        tag = tag or mailbox.read(each.all("reply-to", "return-path", "list-unsubscribe"))
    if tag is None:
        return Unknown(event_id=event_id, address="", at=at, what="complaint")
    return OptOut(event_id=event_id, address="", at=at, reason="asked", token=tag.token)


def _reply_to(headers: Headers, domain: str) -> str | None:
    """The latest of our mails that it refers to."""
    referred = " ".join(headers.all("in-reply-to")).split()
    chain = " ".join(headers.all("references")).split()[-_MAX_REFERENCES:]
    return next((each for each in (*referred, *reversed(chain)) if is_our_id(each, domain)), None)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
