"""A prompt or a message as a mail: headers, parts, envelope. Pure; the same content gives the same octets.

Headers: RFC 5322, RFC 3834 (Auto-Submitted), RFC 2369 and RFC 8058 (unsubscribing by one click).
"""

import email
import email.policy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime

from channels.base import Links, Message, Picture, Prompt, Thread
from channels.email.addresses import Mailbox, Purpose, normalise
from channels.email.html import html_part
from channels.email.quotes import marker_line
from channels.limits import must_fit
from channels.link_block import TRAP_VALUE, choice_lines
from net.errors import Misconfigured, Rejected

EMPTY = "a mail needs a text"
MAX_TEXT = 20_000
MAX_CHOICES = 10
MAX_PICTURES = 4
MAX_SUBJECT = 200
"""Characters; a longer subject is cut, since no program shows more of it."""

_KEPT_REFERENCES = 20
_MAX_ID = 250
_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")  # printable ASCII without blanks and angle brackets
_OUR_ID = re.compile(r"<[0-9a-f]{32}\.tapfive@[a-z0-9.-]+>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

# Policies fold lines at 78 characters, and a URL that does not fit becomes an encoded word, which nobody decodes there.
_WHOLE = frozenset({"message-id", "in-reply-to", "references", "reply-to", "to", "list-unsubscribe"})
_LONG_LINE = 990
_PART = SMTP.clone(max_line_length=76)  # quoted-printable: RFC 2045 §6.7


class _HeaderPolicy(EmailPolicy):
    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _WHOLE and self.max_line_length != _LONG_LINE:
            return self.clone(max_line_length=_LONG_LINE).fold_binary(name, value)
        if name == "Subject":
            return f"Subject: {_encoded(str(value), name)}\r\n".encode()
        if isinstance(value, AddressHeader) and not value.addresses[0].display_name.isascii():
            who = value.addresses[0]
            return f"{name}: {_encoded(who.display_name, name)}\r\n <{who.addr_spec}>\r\n".encode()
        return super().fold_binary(name, value)


_HEADERS = _HeaderPolicy(linesep="\r\n")
_HEADERS_UTF8 = _HEADERS.clone(utf8=True)


def _encoded(text: str, name: str) -> str:
    """Words of at most 75 characters (RFC 2047 §2). The policies' own folding loses blanks between two of them."""
    charset = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, charset, header_name=name, maxlinelen=_PART.max_line_length).encode(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Mail:
    """What goes over SMTP. `international`: the recipient's address needs SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str
    message_id: str
    content: bytes
    international: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who an account is. `hears`: somebody of ours reads what comes to `mailbox`, so that tags lead back to us."""

    account: str
    name: str
    address: str
    mailbox: Mailbox
    hears: bool

    @property
    def domain(self) -> str:
        """The domain of our ids."""
        return self.address.rpartition("@")[2]


def prompt_mail(sender: Sender, address: str, prompt: Prompt, now: int) -> Mail:
    """The choices as links. `now` is the Date. Raises Rejected, or Misconfigured where there is no public address."""
    recipient = normalise(address)
    must_fit(prompt.text, MAX_TEXT, empty=EMPTY)
    if not prompt.choices or len(prompt.choices) > MAX_CHOICES:
        raise Rejected(f"a mail has 1 to {MAX_CHOICES} choices")
    if any(choice.value == TRAP_VALUE for choice in prompt.choices):
        raise Rejected(f"no choice in a mail has the value {TRAP_VALUE}")
    if prompt.links is None:
        raise Misconfigured("[server] public_url is empty: the links of a mail would lead nowhere")
    links = prompt.links
    marker = marker_line(prompt.language) if sender.hears else ""
    subject = _subject(prompt.thread.subject if prompt.thread else "", prompt.text)
    text = _text_part(prompt, links, marker)
    html = html_part(prompt, links, subject=subject, marker=marker)
    message_id = _message_id(sender, recipient, prompt.key, prompt.token)
    message = EmailMessage(policy=_PART)
    _set(message, text, "plain")
    alternative = EmailMessage(policy=_PART)
    _set(alternative, html, "html")
    message.make_alternative(boundary=f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}")
    message.attach(alternative)
    _thread(message, prompt.thread)
    unsubscribe = f"<{links.unsubscribe}>"
    if sender.hears:
        unsubscribe += f", <mailto:{sender.mailbox.tagged(Purpose.UNSUBSCRIBE, prompt.token)}>"
    message["List-Unsubscribe"] = unsubscribe
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return _finish(message, sender, recipient, subject=subject, token=prompt.token, message_id=message_id, now=now)


def text_mail(sender: Sender, address: str, content: Message, now: int) -> Mail:
    """Words, and pictures below them. Raises Rejected, also for actions: what can be pressed is on the rating page."""
    recipient = normalise(address)
    must_fit(content.text, MAX_TEXT, empty=EMPTY)
    if content.actions:
        raise Rejected("a mail has no actions: they are on the rating page")
    message = EmailMessage(policy=_PART)
    _set(message, content.text.strip() + "\n", "plain")
    key = content.key or f"{now} {content.text}"
    message_id = _message_id(sender, recipient, key, content.token)
    _add_pictures(message, content.pictures, message_id)
    subject = _subject("", content.text)
    return _finish(message, sender, recipient, subject=subject, token=content.token, message_id=message_id, now=now)


def _add_pictures(message: EmailMessage, pictures: Sequence[Picture], message_id: str) -> None:
    """Show pictures below the words (RFC 2183: inline)."""
    if len(pictures) > MAX_PICTURES:
        raise Rejected(f"a mail has at most {MAX_PICTURES} pictures")
    if not pictures:
        return
    message.make_mixed(boundary=f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}")
    for picture in pictures:
        part = EmailMessage(policy=_PART)
        part.set_content(
            picture.content, maintype="image", subtype="png", disposition="inline", filename=f"{picture.name}.png"
        )
        part["Content-Description"] = picture.description
        message.attach(part)


def shown(mail: Mail) -> dict[str, str]:
    """Return what a mail program shows of a mail: `subject`, `text`, and `html` where there is one."""
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    parts = {part.get_content_type(): part for part in message.walk()}
    found = {"subject": str(message["Subject"]), "text": parts["text/plain"].get_content()}
    return found | ({"html": parts["text/html"].get_content()} if "text/html" in parts else {})


def is_our_id(message_id: str, domain: str) -> bool:
    """True for a Message-ID of the form that we write."""
    return bool(_OUR_ID.fullmatch(message_id)) and message_id.endswith(f"@{domain}>")


def _text_part(prompt: Prompt, links: Links, marker: str) -> str:
    blocks = [
        marker,
        prompt.text.strip(),
        choice_lines(prompt.choices, links),
        links.hint if marker else "",
        f"{links.unsubscribe_label}: {links.unsubscribe}",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _finish(
    message: EmailMessage, sender: Sender, recipient: str, *, subject: str, token: str, message_id: str, now: int
) -> Mail:
    answers_to = returns_to = sender.mailbox.address
    if sender.hears and token:
        answers_to = sender.mailbox.tagged(Purpose.REPLY, token)
        returns_to = sender.mailbox.tagged(Purpose.BOUNCE, token)
    local, _, domain = sender.address.rpartition("@")
    message["From"] = Address(sender.name, local, domain)
    message["To"] = Address("", *recipient.rsplit("@", 1))
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now // 1000, UTC))
    message["Message-ID"] = message_id
    if answers_to != sender.address:
        message["Reply-To"] = answers_to
    # Otherwise an absence notice would answer, and Exchange would send one (MS-OXCMAIL §2.1.3.2.20).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    international = not (recipient.isascii() and sender.address.isascii())
    content = message.as_bytes(policy=_HEADERS_UTF8 if international else _HEADERS)
    return Mail(returns_to, recipient, message_id, content, international)


def _set(message: EmailMessage, text: str, subtype: str) -> None:
    """Quoted-printable rather than base64, so that filters and people can read it."""
    message.set_content(text, subtype=subtype, charset="utf-8", cte=None if text.isascii() else "quoted-printable")


def _thread(message: EmailMessage, thread: Thread | None) -> None:
    """Ids come from a desk: what is no id is left out."""
    if thread is None:
        return
    last = [thread.message_id] if _is_id(thread.message_id) else []
    chain = [each for each in thread.references if _is_id(each) and each not in last]
    if len(chain) >= _KEPT_REFERENCES:
        chain = [chain[0], *chain[2 - _KEPT_REFERENCES :]]  # programs find a thread by its first and its latest ids
    if last:
        message["In-Reply-To"] = last[0]
    if chain or last:
        message["References"] = " ".join([*chain, *last])


def _is_id(text: str) -> bool:
    return len(text) <= _MAX_ID and bool(_ID.fullmatch(text))


def _subject(told: str, text: str) -> str:
    """One line: the thread's, else the first words."""
    lines = [_CONTROL.sub(" ", line).strip() for line in (told, *text.strip().splitlines())]
    first = " ".join(next((line for line in lines if line), "").split())
    return first if len(first) <= MAX_SUBJECT else first[: MAX_SUBJECT - 1].rstrip() + "…"


def _message_id(sender: Sender, recipient: str, key: str, token: str) -> str:
    """The same over retries; the token in it keeps two installations with one domain apart."""
    parts = f"{sender.account}\0{recipient}\0{key}\0{token}"
    return f"<{hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()}.tapfive@{sender.domain}>"
