"""Tokens of invitations: unguessable, derivable, nothing stored.

A token is lower-case base32 (RFC 4648, unpadded) of: key id (1 byte), invitation id (8 bytes, big-endian), HMAC-SHA256
over both, cut to 12 bytes (RFC 2104 §5 allows half; 96 bits cannot be guessed online). The key id names the secret, so
that several secrets live side by side while one is being replaced.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

LENGTH = 34
"""Characters of a token."""

_ID_BYTES = 8
_MAC_BYTES = 12
_SIZE = 1 + _ID_BYTES + _MAC_BYTES
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""base32 read as a number of base 32: what int() does at once takes the base64 module several times as long."""


class Tokens:
    """Issues tokens with the first secret and reads those of any."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed to issue tokens")
        self._keys = [_Key(secret) for secret in secrets]

    def issue(self, invitation_id: int) -> str:
        """Return the token of an invitation."""
        return _token(self._keys[0], invitation_id)

    def read(self, token: str) -> int | None:
        """Return the invitation id, or None when the token was not issued with one of the secrets. Constant time."""
        if len(token) != LENGTH or token.strip(_ALPHABET):
            return None
        number = int(token.translate(_DIGITS), 32)
        if number & 3:
            return (
                None  # 34 characters hold two bits more than 21 bytes: another spelling of the same bytes is no token
            )
        raw = (number >> 2).to_bytes(_SIZE)
        body, told = raw[: 1 + _ID_BYTES], raw[1 + _ID_BYTES :]
        for key in self._keys:
            if key.id == raw[0] and hmac.compare_digest(key.sign(body), told):
                return int.from_bytes(body[1:])
        return None


class _Key:
    """What one secret signs with.

    HMAC by its definition (RFC 2104 §2), from two hashes that have taken the key already: `hmac.digest` begins anew each time,
    takes twice as long, and lets go of the interpreter's lock for it. Of a tap's hook that is a tenth: whoever writes the batch
    before takes the lock, and keeps it for milliseconds.
    """

    def __init__(self, secret: bytes) -> None:
        key = hmac.digest(secret, b"tapfive invitation token 1", "sha256")
        self.id = hashlib.sha256(b"tapfive key id" + key).digest()[0]
        block = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, body: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(body)
        outer.update(inner.digest())
        return outer.digest()[:_MAC_BYTES]


def _token(key: _Key, invitation_id: int) -> str:
    body = bytes((key.id,)) + invitation_id.to_bytes(_ID_BYTES)
    return base64.b32encode(body + key.sign(body)).decode().rstrip("=").lower()
