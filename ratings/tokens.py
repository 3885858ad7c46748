"""Tokens of invitations: unguessable, derivable, nothing stored.

A token is lower-case base32 (RFC 4648, unpadded) of: key id (1 byte), invitation id (8 bytes, big-endian), HMAC-SHA256
over both, cut to 12 bytes (RFC 2104 §5 allows half; 96 bits cannot be guessed online). The key id names the secret, so
that several secrets live side by side while one is being replaced.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

LENGTH = 34
"""Characters of a token."""

_ID_BYTES = 8
_MAC_BYTES = 12


class Tokens:
    """Issues tokens with the first secret and reads those of any."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("at least one secret is needed to issue tokens")
        self._keys = [_derive(secret) for secret in secrets]

    def issue(self, invitation_id: int) -> str:
        """Return the token of an invitation."""
        return _token(self._keys[0], invitation_id)

    def read(self, token: str) -> int | None:
        """Return the invitation id, or None when the token was not issued with one of the secrets. Constant time."""
        if len(token) != LENGTH:
            return None
        try:
            raw = base64.b32decode(token.upper() + "======")
        except (binascii.Error, ValueError):
            return None
        invitation_id = int.from_bytes(raw[1 : 1 + _ID_BYTES])
        for key_id, key in self._keys:
            # The whole text is compared, so that another spelling of the same bytes is no token either.
            if key_id == raw[0] and hmac.compare_digest(_token((key_id, key), invitation_id).encode(), token.encode()):
                return invitation_id
        return None


def _derive(secret: bytes) -> tuple[int, bytes]:
    key = hmac.digest(secret, b"tapfive invitation token 1", "sha256")
    return hashlib.sha256(b"tapfive key id" + key).digest()[0], key


def _token(key: tuple[int, bytes], invitation_id: int) -> str:
    body = bytes((key[0],)) + invitation_id.to_bytes(_ID_BYTES)
    return base64.b32encode(body + hmac.digest(key[1], body, "sha256")[:_MAC_BYTES]).decode().rstrip("=").lower()
