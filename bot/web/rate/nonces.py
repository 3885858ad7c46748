"""The nonce of a page: it proves that a form was sent from a page that this service made, for this token, not long ago.

A nonce is the instant of issue in hexadecimal, the value of the link that led to the page ("" without one), and HMAC-SHA256 over
token and both, cut to 16 bytes; full stops between them. Nothing is stored. A program that posts to the address of a mail without reading the page has none.
"""

import hmac
import re
from collections.abc import Sequence

from ratings.times import HOUR, MINUTE, Duration, Instant

PAGE_LIFE: Duration = 12 * HOUR
"""How long a page can be left open before its form is refused (and shown again, with everything in it)."""

SKEW: Duration = MINUTE
"""How far the clocks of two web processes may differ: a page of the one is posted to the other."""

_MAC_BYTES = 16
_SHAPE = re.compile(r"([0-9a-f]{1,16})\.([0-9]{0,2})\.([0-9a-f]{32})").fullmatch


class Nonces:
    """Issues nonces with the first of the server's secrets and takes those of any."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed to issue nonces")
        self._keys = [hmac.digest(secret, b"tapfive rating page nonce 1", "sha256") for secret in secrets]

    def issue(self, token: str, now: Instant, linked: int | None = None) -> str:
        """Return the nonce of a page that is made now, for whoever followed the link of the value `linked`."""
        issued = f"{now:x}.{'' if linked is None else linked}"
        return f"{issued}.{_mac(self._keys[0], token, issued)}"

    def holds(self, nonce: str, token: str, now: Instant) -> bool:
        """True for a nonce of this token that is neither too old nor from the future."""
        shape = _SHAPE(nonce)
        if shape is None:
            return False
        issued, linked, told = shape.groups()
        signed = any(hmac.compare_digest(_mac(key, token, f"{issued}.{linked}"), told) for key in self._keys)
        return signed and -SKEW <= now - int(issued, 16) < PAGE_LIFE


def linked_value(nonce: str) -> int | None:
    """Return the value of the link that led to the page of a nonce that holds; None where there was none."""
    shape = _SHAPE(nonce)
    return int(shape[2]) if shape is not None and shape[2] else None


def _mac(key: bytes, token: str, issued: str) -> str:
    return hmac.digest(key, f"{token} {issued}".encode(), "sha256")[:_MAC_BYTES].hex()
