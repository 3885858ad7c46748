"""What a request to the rating page says: its value, its sender, its form. Pure.

Protocols: application/x-www-form-urlencoded as HTML forms send it (html.spec.whatwg.org), multipart/form-data (RFC 7578),
one-click unsubscribe (RFC 8058), `Sec-Purpose` (fetch.spec.whatwg.org) with its older names `Purpose` and `X-Moz`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from enum import StrEnum
from urllib.parse import parse_qs

from ratings.builtin_texts import BUILT_IN
from ratings.links import LinkKind, Visit
from ratings.store.pages import Wish
from ratings.survey import FALLBACK_LANGUAGE
from ratings.texts import pick_language

MAX_COMMENT = 4_000
"""Characters."""

MAX_AGENT = 200
MAX_FIELDS = 20
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The one field that a mail provider posts for its user, and the page's own button, too."""

_VALUE = re.compile(r"0|[1-9][0-9]{0,2}").fullmatch
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Act(StrEnum):
    """What a form asks for."""

    RATE = "rate"
    WITHDRAW = "withdraw"
    NEVER_HERE = "never_here"
    NEVER = "never"
    LESS = "less"
    AGAIN = "again"


WISHES: Mapping[Act, Wish] = {
    Act.NEVER_HERE: "never_here",
    Act.NEVER: "never",
    Act.LESS: "less",
    Act.AGAIN: "again",
}


class NotUnderstood(Exception):
    """The form says something that no page of ours says."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A form as it was sent. `value` None: nothing is chosen. `comment` is unchecked: it can be too long."""

    act: Act = Act.RATE
    value: int | None = None
    comment: str = ""
    kind: LinkKind = LinkKind.BUTTON
    nonce: str = ""
    language: str = ""

    @property
    def by_script(self) -> bool:
        """True when the page's script sent it: it reads JSON, and shows no page."""
        return self.kind in {LinkKind.AUTO, LinkKind.GESTURE}


def value_of(segment: str) -> int | None:
    """Return the value that a link names; None for what is no number. Whether the scale has it is not asked here."""
    return int(segment) if _VALUE(segment) else None


def visit_of(headers: Mapping[str, str]) -> Visit:
    """Return what the headers (lower-case names) tell of the sender."""
    purpose = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")).lower()
    return Visit(headers.get("user-agent", "")[:MAX_AGENT], "prefetch" in purpose or "prerender" in purpose)


def media_type(headers: Mapping[str, str]) -> str:
    """Return the type of the body, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def language_wanted(accept_language: str) -> str:
    """Return the built-in language that a browser likes best (RFC 9110 §12.5.4, in the order given), else English."""
    for part in accept_language[:200].split(","):
        tag = part.partition(";")[0].strip()
        if found := pick_language(tag, BUILT_IN, ""):
            return found
    return FALLBACK_LANGUAGE


def parse_form(body: bytes) -> Posted:
    """Read a urlencoded form. Raises NotUnderstood.

    Words that come with a button are what makes a vote a `comment`; the script sends no words.
    """
    fields = _fields(body)
    try:
        act = Act(fields.get("act", Act.RATE))
        kind = LinkKind(fields.get("kind", LinkKind.BUTTON))
    except ValueError:
        raise NotUnderstood from None
    by_script = kind in {LinkKind.AUTO, LinkKind.GESTURE}
    comment = "" if by_script else _words(fields.get("comment", ""))
    if not by_script:
        kind = LinkKind.COMMENT if comment else LinkKind.BUTTON
    return Posted(
        act=act,
        value=value_of(fields.get("value", "")),
        comment=comment,
        kind=kind,
        nonce=fields.get("nonce", "")[:64],
        language=fields.get("lang", "")[:35],
    )


def is_one_click(content_type: str, body: bytes) -> bool:
    """True for the body that RFC 8058 prescribes, urlencoded or multipart."""
    name, value = ONE_CLICK
    if content_type.partition(";")[0].strip().lower() == MULTIPART:
        return _multipart_fields(content_type, body).get(name, "").strip() == value
    try:
        return _fields(body).get(name, "").strip() == value
    except NotUnderstood:
        return False


def _fields(body: bytes) -> dict[str, str]:
    """The first value of each field."""
    try:
        read = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise NotUnderstood from None
    return {name: values[0] for name, values in read.items()}


def _multipart_fields(content_type: str, body: bytes) -> dict[str, str]:
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message = message_from_bytes(head + body, _class=EmailMessage, policy=HTTP)
    fields: dict[str, str] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        payload = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and isinstance(payload, bytes):
            fields.setdefault(name, payload.decode("utf-8", "replace"))
    return fields


def _words(text: str) -> str:
    """Words as a textarea's user wrote them: forms send every end of line as CR LF."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
