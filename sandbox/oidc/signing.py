"""Tokens as RFC 7515 and RFC 7519 write them, by `cryptography` alone: none of the libraries that are tried against them."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Json = dict[str, Any]


class Keys:
    """One key of each kind, under a name."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self._rsa = rsa.generate_private_key(65_537, 2048)
        self._ec = ec.generate_private_key(ec.SECP256R1())

    def public(self) -> list[Json]:
        """The keys as a JWKS lists them, with one for encryption, which proves nothing."""
        numbers = self._rsa.public_key().public_numbers()
        point = self._ec.public_key().public_numbers()
        wide = {"n": _number(numbers.n, 256), "e": _number(numbers.e, 3)}
        return [
            {"kty": "RSA", "use": "enc", "kid": self.kid, "alg": "RSA-OAEP", **wide},
            {"kty": "RSA", "use": "sig", "kid": self.kid, "alg": "RS256", **wide},
            {
                "kty": "EC",
                "kid": f"{self.kid}-ec",
                "crv": "P-256",
                "x": _number(point.x, 32),
                "y": _number(point.y, 32),
            },
            {"kty": "future", "kid": "f"},
        ]

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any], secret: str = "") -> str:
        """Write a token by the algorithm that its header names; HS256 by a secret, none by nothing."""
        text = f"{_part(header)}.{_part(claims)}"
        return f"{text}.{encode(self._signature(str(header['alg']), text.encode(), secret))}"

    def _signature(self, algorithm: str, text: bytes, secret: str) -> bytes:
        if algorithm == "RS256":
            return self._rsa.sign(text, padding.PKCS1v15(), SHA256())
        if algorithm == "ES256":
            r, s = decode_dss_signature(self._ec.sign(text, ec.ECDSA(SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return hmac.digest(secret.encode(), text, hashlib.sha256) if algorithm == "HS256" else b""


def encode(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def half_hash(text: str) -> str:
    """What an ID token says of the access token beside it (at_hash, OpenID Connect Core 1.0 §3.1.3.6)."""
    return encode(hashlib.sha256(text.encode()).digest()[:16])


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636 §4.2."""
    return encode(hashlib.sha256(verifier.encode()).digest())


def _part(data: Mapping[str, Any]) -> str:
    return encode(json.dumps(data, separators=(",", ":")).encode())


def _number(value: int, size: int) -> str:
    return encode(value.to_bytes(size, "big"))
