"""Standard Webhooks by the letter of the specification, both ways (https://www.standardwebhooks.com), symmetric keys only."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

TOLERANCE = 300
"""Seconds."""


class RefusedError(Exception):
    """A request that is not answered by a 2xx. `title` is what the sender reads."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title


def key_of(secret: str) -> bytes:
    """The key in whsec_ and base64. Raises ValueError for one of another length than the specification allows."""
    if not secret.startswith("whsec_"):
        raise ValueError("a secret starts with whsec_")
    key = base64.b64decode(secret[6:], validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("a secret has 24 to 64 bytes")
    return key


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """One signature, with its version."""
    content = b".".join([message_id.encode(), str(seconds).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key_of(secret), content, hashlib.sha256).digest()).decode()


def open_message(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, seconds: float) -> str:
    """The id of a message that is proven. Raises RefusedError."""
    message_id = headers.get("webhook-id", "")
    sent = headers.get("webhook-timestamp", "")
    if not message_id or not sent.isdecimal() or not headers.get("webhook-signature"):
        raise RefusedError(400, "webhook-id, webhook-timestamp and webhook-signature are wanted")
    if "." in message_id:
        raise RefusedError(400, "webhook-id must not hold a dot")
    if abs(int(sent) - seconds) > TOLERANCE:
        raise RefusedError(401, "not signed by us")
    told = headers["webhook-signature"].split(" ")
    if any("," not in one for one in told):
        raise RefusedError(400, "a signature is its version, a comma and base64")
    if not any(signature(secret, message_id, int(sent), body) in told for secret in secrets):
        raise RefusedError(401, "not signed by us")
    return message_id
