"""Reports about our own mails: bounces (RFC 3464) and complaints (RFC 5965). Pure.

A real bounce may hold no more than `Action: failed` and `Status: 5.0.0`, with the reason in its prose (Exim); the blank
after "rfc822;" may be missing; codes carry comments. So the codes are looked for wherever they can stand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import Message

from channels.email.failures import is_bad_address
from channels.email.headers import Headers

_CODE = re.compile(r"(?<![\w.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![\w]|\.[0-9])")
_NOBODY = re.compile(
    r"unrouteable address|user unknown|unknown user|no such (?:user|mailbox|recipient)|(?:user|mailbox|account) (?:not found|does ?n.t exist)"
    r"|does not exist|recipient address rejected: (?:undeliverable|user)|mailbox unavailable",
    re.IGNORECASE,
)
_VAGUE = {"5.0.0", "5.1.0", "5.5.0"}
_MAX_PROSE = 20_000
_MAX_RECIPIENTS = 100


@dataclass(frozen=True, slots=True)
class Bounce:
    """`failed` False: only a delay or a receipt. `gone`: there is no such address. `message_id` is our mail's, or ""."""

    failed: bool
    gone: bool
    message_id: str


def read_bounce(mail: Message) -> Bounce | None:
    """What a delivery status notification says; None for any other mail."""
    reports = [part for part in parts(mail) if part.get_content_type() == "message/delivery-status"]
    if reports:
        return _read_report(mail, reports[0])
    headers = Headers(mail)
    if headers.first("x-failed-recipients") or _is_from_a_mailer(headers):
        # Old servers write prose alone: not enough to give an address up.
        return Bounce(failed=True, gone=False, message_id=_original_id(mail))
    return None


def is_complaint(mail: Message) -> bool:
    """True for a feedback report: somebody pressed "this is spam"."""
    return mail.get_content_type() == "multipart/report" and _parameter(mail, "report-type") == "feedback-report"


def originals(mail: Message) -> Iterator[Headers]:
    """The headers of the mails that a report sends back, whole or only their head."""
    for part in parts(mail):
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            yield from (Headers(inner) for inner in part.get_payload() if isinstance(inner, Message))
        elif kind == "text/rfc822-headers":
            yield Headers(message_from_string(_text(part)))


def parts(mail: Message, *, most: int = 100, deepest: int = 10) -> Iterator[Message]:
    """The parts in their order, but not those of mails within it; no more than `most`, none deeper than `deepest`."""
    waiting = [(mail, 0)]
    count = 0
    while waiting and count < most:
        part, depth = waiting.pop(0)
        count += 1
        yield part
        if part.is_multipart() and part.get_content_maintype() == "multipart" and depth < deepest:
            waiting[:0] = [(inner, depth + 1) for inner in part.get_payload() if isinstance(inner, Message)]


def _read_report(mail: Message, report: Message) -> Bounce:
    blocks = report.get_payload()
    # The library makes a list of header blocks of it: the first is about the mail, each further about one recipient.
    known = blocks[:_MAX_RECIPIENTS] if isinstance(blocks, list) else []
    recipients = [Headers(block) for block in known if isinstance(block, Message)]
    failures = [each for each in recipients if each.word("action") == "failed"]
    return Bounce(
        failed=bool(failures),
        gone=any(_is_gone(each, mail) for each in failures),
        message_id=_original_id(mail),
    )


def _is_gone(recipient: Headers, mail: Message) -> bool:
    status = _first_code(recipient.first("status"))
    if status.startswith(("2.", "4.")):
        return False
    diagnostic = recipient.first("diagnostic-code")
    told = [status, _first_code(diagnostic)]
    clear = [code for code in told if code and code not in _VAGUE]
    if clear:
        return any(is_bad_address(code) for code in clear)
    prose = f"{diagnostic}\n{_prose(mail)}"
    code = _first_code(prose)
    if code and code not in _VAGUE:
        return is_bad_address(code)
    return bool(_NOBODY.search(prose)) or "5.1.0" in told


def _first_code(text: str) -> str:
    match = _CODE.search(text)
    return match[0] if match else ""


def _prose(mail: Message) -> str:
    for part in parts(mail):
        if part.get_content_type() == "text/plain":
            return _text(part)[:_MAX_PROSE]
    return ""


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _original_id(mail: Message) -> str:
    return next((found for each in originals(mail) if (found := each.first("message-id").strip())), "")


def _is_from_a_mailer(headers: Headers) -> bool:
    return headers.sender.partition("@")[0].lower().startswith("mailer-daemon")


def _parameter(part: Message, name: str) -> str:
    value = part.get_param(name)
    return value.strip().lower() if isinstance(value, str) else ""
