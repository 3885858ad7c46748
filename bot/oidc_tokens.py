"""ID tokens of OpenID Connect: who signed in, as their provider proves it.

Source: OpenID Connect Core 1.0 §3.1.3.7 (what has to be checked), RFC 8725 (algorithms and keys of JSON web tokens). The libraries
are imported with the first token: they take 19 MB.
"""

from collections.abc import Mapping, Sequence
from typing import Any

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""By key pairs alone: `none` proves nothing, and what HMAC proves, whoever knows the client's secret could have written."""

LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""

MAX_TOKEN = 65_536
MAX_SUBJECT = 255
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})


class TokenRefused(Exception):
    """The token proves nothing. `why` is a word for the log; nothing of the token is in it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class UnknownKey(TokenRefused):
    """It is signed by a key that is not among those known: perhaps the provider has new ones."""


def read_id_token(
    token: str,
    keys: Sequence[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: int,
) -> Mapping[str, Any]:
    """Return what a token says, once everything about it is proven. `keys` are those of the provider's JWKS; `now` is in seconds.

    Raises UnknownKey, TokenRefused.
    """
    from authlib.oidc.core import (  # type: ignore[import-untyped] # it ships no types  # noqa: PLC0415 - see above
        CodeIDToken,
    )
    from joserfc import jwt  # noqa: PLC0415 - as above
    from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError  # noqa: PLC0415 - as above

    if len(token) > MAX_TOKEN:
        raise TokenRefused("too_long")
    try:
        decoded = jwt.decode(token, _key_set(keys), algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=now, leeway=LEEWAY)
    except InvalidKeyIdError:
        raise UnknownKey("unknown_key") from None
    except ExpiredTokenError:
        raise TokenRefused("expired") from None
    except JoseError as error:
        raise TokenRefused(error.error) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # what a library meets in a token that is none
        raise TokenRefused(type(error).__name__) from None
    _look_closer(claims, client_id)
    return dict(claims)


def _look_closer(claims: Mapping[str, Any], client_id: str) -> None:
    """Check what the library leaves open: who else the token is for, and whom it is about. Raises TokenRefused."""
    audience = claims["aud"]
    if isinstance(audience, list) and set(audience) != {client_id} and claims.get("azp") != client_id:
        raise TokenRefused("invalid_audience")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise TokenRefused("invalid_subject")


def _key_set(keys: Sequence[Mapping[str, Any]]) -> Any:
    """Return the keys that signatures are checked with; a provider may publish others beside them."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above
    from joserfc.jwk import JWKRegistry, KeySet  # noqa: PLC0415 - as above

    usable = []
    for key in keys:
        if key.get("kty") not in _KEY_TYPES or key.get("use", "sig") != "sig" or "d" in key:
            continue
        try:
            usable.append(JWKRegistry.import_key(dict(key)))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not usable:
        raise TokenRefused("no_keys")
    return KeySet(usable)
