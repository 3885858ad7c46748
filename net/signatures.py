"""Signatures of webhooks: Standard Webhooks 1.0 (https://www.standardwebhooks.com), and any vendor's HMAC by its description.

The library signs, since it takes the time as an argument. It does not verify: it would read the clock itself, decode bodies
that are no UTF-8, and break over signatures of another shape. Keys are compared in constant time, all of them; whoever is
refused never learns why. `now` is in ms since the epoch, header names are lower-case.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from standardwebhooks import Webhook

from net.errors import WebhookRejected

TOLERANCE = 5 * 60 * 1000
"""Milliseconds that a sender's clock may be off, both ways, by Standard Webhooks' own libraries."""

ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
_PREFIX = "whsec_"
_MIN_KEY, _MAX_KEY = 16, 256  # bytes; the specification says 24 to 64, and some senders were there before it
_ID = re.compile(r"[^.\s]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,11}")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_PART = re.compile(r"\{([a-z]*)\}")
_NOT_PROVEN = "not proven to come from the sender"


# --- Standard Webhooks -------------------------------------------------------------------------------------------


def standard_key(secret: str) -> bytes:
    """The key in `whsec_` and base64; prefix and padding may be missing. Raises ValueError, without the secret, for none."""
    text = secret.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _MIN_KEY <= len(key) <= _MAX_KEY:
        raise ValueError("write whsec_ and the base64 of 24 to 64 random bytes")
    return key


def sign_standard(keys: Sequence[bytes], message_id: str, body: bytes, now: int) -> dict[str, str]:
    """The headers of a message: signed with every key, so that its receiver can change to a new one in peace.

    `message_id` has no dots and stays the same when the message is sent again; `body` is UTF-8.
    """
    at = datetime.fromtimestamp(now // 1000, UTC)
    text = body.decode()
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(now // 1000),
        SIGNATURE_HEADER: " ".join(Webhook(key).sign(message_id, at, text) for key in keys),
    }


def verify_standard(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: int) -> None:
    """Raise WebhookRejected unless one of the signatures was made by one of the keys, at most five minutes away."""
    message_id, sent = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    if not _ID.fullmatch(message_id) or not _SECONDS.fullmatch(sent) or abs(int(sent) * 1000 - now) > TOLERANCE:
        raise WebhookRejected(_NOT_PROVEN)
    signed = _bytes(f"{message_id}.{sent}.") + body
    versions = (one.partition(",") for one in headers.get(SIGNATURE_HEADER, "").split(" "))
    told = [_bytes(signature.rstrip("=")) for version, _, signature in versions if version == "v1"]
    proven = False
    for key in keys:
        made = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).rstrip(b"=")
        for one in told:
            proven |= hmac.compare_digest(made, one)
    if not proven:
        raise WebhookRejected(_NOT_PROVEN)


# --- any other HMAC ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HmacScheme:
    """How a vendor signs. Raises ValueError for a description by which nothing would be proven.

    `template` is the signed text, of {body}, {timestamp}, {id} and {url}; the first three come with the request, `url` is
    the address as the vendor knows it. `tolerance` is in ms, 0 for none; the timestamp is in seconds or ms since the epoch,
    or RFC 3339.
    """

    header: str
    prefix: str = ""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    template: str = "{body}"
    timestamp_header: str = ""
    id_header: str = ""
    url: str = ""
    tolerance: int = TOLERANCE
    _parts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = tuple(_PART.split(self.template))  # text, name, text, name, …, text
        wanted = set(parts[1::2])
        if not wanted <= {"body", "timestamp", "id", "url"} or any("{" in text or "}" in text for text in parts[::2]):
            raise ValueError("write the template of {body}, {timestamp}, {id} and {url}")
        if "body" not in wanted:
            raise ValueError("write {body} into the template: a signature without it proves nothing of the content")
        for name, given in (("timestamp", self.timestamp_header), ("id", self.id_header), ("url", self.url)):
            key = name if name == "url" else f"{name}_header"
            if name in wanted and not given:
                raise ValueError(f"write {key}, which the template needs")
        if self.timestamp_header and "timestamp" not in wanted:
            raise ValueError("write {timestamp} into the template: one that is not signed proves nothing")
        object.__setattr__(self, "_parts", parts)

    def verify(self, keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: int) -> None:
        """Raise WebhookRejected unless the header holds what one of the keys makes of the request."""
        told = headers.get(self.header.lower(), "")
        sent = headers.get(self.timestamp_header.lower(), "") if self.timestamp_header else ""
        if not told.startswith(self.prefix) or (self.timestamp_header and not self._in_time(sent, now)):
            raise WebhookRejected(_NOT_PROVEN)
        known = {"body": body, "timestamp": _bytes(sent), "url": self.url.encode()}
        known["id"] = _bytes(headers.get(self.id_header.lower(), "")) if self.id_header else b""
        signed = b"".join(known[part] if at % 2 else part.encode() for at, part in enumerate(self._parts))
        signature = _bytes(self._comparable(told.removeprefix(self.prefix)))
        proven = False
        for key in keys:
            made = hmac.digest(key, signed, self.algorithm)
            text = made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()
            proven |= hmac.compare_digest(_bytes(self._comparable(text)), signature)
        if not proven:
            raise WebhookRejected(_NOT_PROVEN)

    def _comparable(self, signature: str) -> str:
        return signature.lower() if self.encoding == "hex" else signature.rstrip("=")

    def _in_time(self, sent: str, now: int) -> bool:
        at = _instant(sent)
        return at is not None and (not self.tolerance or abs(at - now) <= self.tolerance)


def _instant(sent: str) -> int | None:
    if _SECONDS.fullmatch(sent):
        return int(sent) * 1000
    if _MILLISECONDS.fullmatch(sent):
        return int(sent)
    try:
        at = datetime.fromisoformat(sent)
        return None if at.tzinfo is None else int(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _bytes(text: str) -> bytes:
    """As the header came; what no header can hold matches nothing."""
    return text.encode(errors="backslashreplace")
