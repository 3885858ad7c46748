"""The mails that people and machines write back: replies, automatic answers, bounces, complaints. Pure.

Bounces: RFC 3464 in the shapes that servers really send; complaints: RFC 5965; automatic answers: RFC 3834, and the
ways of programs that never read it.
"""

import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from typing import Literal

from .content import Content
from .quoting import STYLES, Quoted
from .state import HOST, Mail

AutoReplyStyle = Literal["rfc3834", "exchange", "legacy"]
BounceStyle = Literal["exim", "postfix", "headers_only", "delayed", "prose"]

_UNFOLDED = email.policy.SMTP.clone(max_line_length=990)  # for headers alone: quoted-printable keeps its 76
_AUTOMATIC: dict[AutoReplyStyle, dict[str, str]] = {
    "rfc3834": {"Auto-Submitted": "auto-replied"},
    "exchange": {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    "legacy": {"Precedence": "bulk", "X-Autoreply": "yes", "X-Autorespond": "yes"},
}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, the id of the new mail without its brackets, and when (seconds since the epoch)."""

    name: str
    address: str
    message_id: str
    now: float


def reply(writer: Writer, mail: Mail, words: str, style: str) -> tuple[str, bytes]:
    """An answer of a person: to whom it goes, and the mail. Raises KeyError for a style that nobody knows."""
    content = mail.content
    name, address = content.author
    quoted = Quoted(name, address, mail.recipient, content.subject, content.text, content.html, mail.received_at)
    text, page = STYLES[style](words, quoted)
    message = _answer(writer, content, _again(content.subject))
    message.set_content(text, cte="7bit" if text.isascii() else "quoted-printable")
    if page:
        message.add_alternative(page, subtype="html", cte="quoted-printable")
    return content.answer_to, message.as_bytes(policy=_UNFOLDED)


def auto_reply(writer: Writer, mail: Mail, words: str, style: AutoReplyStyle) -> bytes:
    """An out-of-office note."""
    message = _answer(writer, mail.content, f"Automatic reply: {mail.content.subject}")
    for name, value in _AUTOMATIC[style].items():
        message[name] = value
    message.set_content(words, cte="quoted-printable")
    return message.as_bytes(policy=_UNFOLDED)


def complaint(writer: Writer, mail: Mail, to: str) -> bytes:
    """A feedback report of the mailbox's provider: its owner pressed "spam"."""
    report = (
        "Feedback-Type: abuse\r\nUser-Agent: SandboxFeedback/1.0\r\nVersion: 1\r\n"
        f"Original-Mail-From: <{mail.sender}>\r\nOriginal-Rcpt-To: <{mail.recipient}>\r\n"
        f"Arrival-Date: {formatdate(mail.received_at)}\r\n"
    )
    parts = [
        ("text/plain; charset=us-ascii", b"This is an abuse report for a mail that came to our user.\r\n"),
        ("message/feedback-report", report.encode()),
        ("message/rfc822", mail.raw),
    ]
    head = [f"From: Feedback Loop <fbl@{HOST}>", "Subject: Abuse report"]
    return _report(writer, to, head, "feedback-report", parts)


def bounce(writer: Writer, mail: Mail, style: BounceStyle, status: str, words: str) -> bytes:
    """A notice that a mail did not arrive (or not yet). `status` such as 5.1.1, `words` the far server's reply."""
    subject = "Warning: message delayed" if style == "delayed" else "Mail delivery failed: returning message to sender"
    prose = (
        "This message was created automatically by mail delivery software.\r\n\r\n"
        f"A message that you sent could not be delivered:\r\n\r\n  {mail.recipient}\r\n    {words}\r\n"
    )
    head = [f"From: Mail Delivery System <Mailer-Daemon@{HOST}>", f"Subject: {subject}"]
    if style == "prose":  # as old servers do: no report, no Auto-Submitted, the headers quoted in the text
        quoted = mail.raw.partition(b"\r\n\r\n")[0]
        lines = [*head, *_common(writer, mail.sender), "Content-Type: text/plain; charset=utf-8"]
        return (
            "\r\n".join([*lines, "", prose, "------ This is a copy of the headers ------", ""]).encode()
            + quoted
            + b"\r\n"
        )
    head += ["Auto-Submitted: auto-replied", f"X-Failed-Recipients: {mail.recipient}"]
    if mail.content.message_id:
        head.append(f"References: {mail.content.message_id}")
    returned = ("message/rfc822", mail.raw)
    if style == "headers_only":
        returned = ("text/rfc822-headers", mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n")
    notice = _exim_status(mail) if style == "exim" else _full_status(mail, style, status, words)
    parts = [("text/plain; charset=utf-8", prose.encode()), ("message/delivery-status", notice.encode()), returned]
    return _report(writer, mail.sender, head, "delivery-status", parts)


def _exim_status(mail: Mail) -> str:
    """What exim 4.96 says: the real reason stands in the prose alone, and there is no blank after rfc822."""
    return f"Reporting-MTA: dns; {HOST}\r\n\r\nAction: failed\r\nFinal-Recipient: rfc822;{mail.recipient}\r\nStatus: 5.0.0\r\n"


def _full_status(mail: Mail, style: BounceStyle, status: str, words: str) -> str:
    lines = [
        f"Reporting-MTA: dns; {HOST}",
        f"Arrival-Date: {formatdate(mail.received_at)}",
        "",
        f"Final-Recipient: {'rfc822' if mail.recipient.isascii() else 'utf-8'}; {mail.recipient}",
        f"Original-Recipient: rfc822;{mail.recipient}",
        f"Action: {'delayed' if style == 'delayed' else 'failed'}",
        f"Status: {status} (as the far server says)",
        "Remote-MTA: dns; mx.example.test",
        f"Diagnostic-Code: smtp;\r\n    {words}",
    ]
    if style == "delayed":
        lines.append(f"Will-Retry-Until: {formatdate(mail.received_at + 4 * 86400)}")
    return "\r\n".join([*lines, ""])


def _answer(writer: Writer, content: Content, subject: str) -> EmailMessage:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = formataddr((writer.name, writer.address))
    message["To"] = content.answer_to
    message["Subject"] = subject
    message["Date"] = formatdate(writer.now)
    message["Message-ID"] = f"<{writer.message_id}>"
    if content.message_id:
        message["In-Reply-To"] = content.message_id
        message["References"] = " ".join([*content.relatives, content.message_id])
    return message


def _report(writer: Writer, to: str, head: list[str], kind: str, parts: list[tuple[str, bytes]]) -> bytes:
    boundary = f"=_{writer.message_id.partition('@')[0]}"
    lines = [
        *head,
        *_common(writer, to),
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"',
    ]
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
        + part
        + b"\r\n"
        for content_type, part in parts
    )
    return "\r\n".join([*lines, "", ""]).encode() + body + f"--{boundary}--\r\n".encode()


def _common(writer: Writer, to: str) -> list[str]:
    return [f"To: {to}", f"Date: {formatdate(writer.now)}", f"Message-ID: <{writer.message_id}>"]


def _again(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
