"""Signing in at a provider of OpenID Connect: where to send somebody, and who came back.

Authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9700). What goes wrong is told by kind alone: codes,
tokens and names are in no log and on no page.
"""

import asyncio
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from bot.oidc_groups import granted, groups_in
from bot.oidc_tokens import TokenRefused, UnknownKey, read_id_token
from bot.settings import Settings
from net.errors import DeliveryError
from net.http import HttpClient
from ratings.store.sign_on import Grant
from ratings.times import HOUR, SECOND, Duration, Instant

CALLBACK = "/login/oidc/callback"
KEPT_FOR: Duration = HOUR
"""How long what the provider says of itself is taken to hold. A key that is not known is asked for at once."""

TIMEOUT = 4.0
WHOLE_TIMEOUT = 15.0
"""Seconds for one answer, and for all that one sign-in needs: less than a person is kept waiting at a page."""

MAX_ANSWER = 262_144
_OK, _BROKEN, _THROTTLED = 200, 500, 429
_WELL_KNOWN = "/.well-known/openid-configuration"
_TOLD = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"}
)


class Refusal(StrEnum):
    """Why somebody is not let in."""

    DECLINED = "declined"
    """They, or the provider, said no."""
    STALE = "stale"
    """The answer belongs to no question of this browser, or comes too late."""
    AWAY = "away"
    """The provider does not answer, or answers that it is broken."""
    MISCONFIGURED = "misconfigured"
    """The provider is another one than set, says nothing sensible, or does not know us."""
    FORGED = "forged"
    """What should prove who they are does not."""
    UNVERIFIED = "unverified"
    """The provider does not vouch for the mail address."""
    NAMELESS = "nameless"
    """The provider does not say what they are known by here."""
    UNKNOWN = "unknown"
    """Nobody of that name is let in."""
    UNGROUPED = "ungrouped"
    """They are in no group that is let in."""
    SHUT_OUT = "shut_out"
    TAKEN = "taken"
    """Somebody else at the provider signs in under that name."""


class SignInRefused(Exception):
    """Somebody is not let in. `detail` is a word for the log."""

    def __init__(self, kind: Refusal, detail: str = "") -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came back: `subject` never changes and belongs to nobody else; `name` is the claim that names them here.

    `grant` is what their groups give them, where groups rule.
    """

    subject: str
    name: str
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization: str
    token: str
    keys: str
    says_issuer: bool
    """The provider names itself in its answers (RFC 9207)."""
    secret_in_form: bool


class Provider:
    """The provider of the settings. Opens its connections anew for each sign-in: they are rare."""

    def __init__(self, settings: Settings, clock: Callable[[], Instant]) -> None:
        self._set = settings.oidc
        self.title = settings.oidc.title
        self.role = settings.oidc.role
        self.groups_rule = bool(settings.oidc.roles)
        """What groups give holds at each sign-in."""
        self._clock = clock
        self._redirect = settings.server.public_url + CALLBACK
        self._metadata: tuple[Instant, _Metadata] | None = None
        self._keys: tuple[Instant, Sequence[Mapping[str, Any]]] | None = None

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Return where somebody signs in. Raises SignInRefused."""
        async with self._client() as client:
            metadata = await self._about(client)
        query = {
            "response_type": "code",
            "client_id": self._set.client_id,
            "redirect_uri": self._redirect,
            "scope": self._set.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{metadata.authorization}{'&' if '?' in metadata.authorization else '?'}{urlencode(query)}"

    async def identify(self, code: str, issuer: str | None, nonce: str, verifier: str) -> Identity:
        """Return who came back with a code. `issuer` is what the answer named as its sender. Raises SignInRefused."""
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT), self._client() as client:
                metadata = await self._about(client)
                if issuer != self._set.issuer and (issuer is not None or metadata.says_issuer):
                    raise SignInRefused(Refusal.FORGED, "wrong_issuer")
                answer = await self._redeem(client, metadata, code, verifier)
                return self._identity(await self._claims(client, metadata, answer, nonce))
        except TimeoutError:
            raise SignInRefused(Refusal.AWAY, "too_slow") from None

    async def look(self) -> None:
        """See whether the provider is the one that is set, and has keys. Raises SignInRefused."""
        async with self._client() as client:
            await self._key_list(client, await self._about(client), anew=True)

    # --- what the provider says of itself ---

    async def _about(self, client: HttpClient) -> _Metadata:
        now = self._clock()
        if self._metadata is None or now - self._metadata[0] >= KEPT_FOR:
            told = await _read(client, self._set.issuer.rstrip("/") + _WELL_KNOWN)
            # Another issuer's document would let it speak for this one (OpenID Connect Discovery 1.0 §4.3).
            if told.get("issuer") != self._set.issuer:
                raise SignInRefused(Refusal.MISCONFIGURED, "wrong_issuer")
            methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            metadata = _Metadata(
                authorization=self._endpoint(told, "authorization_endpoint"),
                token=self._endpoint(told, "token_endpoint"),
                keys=self._endpoint(told, "jwks_uri"),
                says_issuer=told.get("authorization_response_iss_parameter_supported") is True,
                secret_in_form="client_secret_basic" not in methods and "client_secret_post" in methods,
            )
            self._metadata = (now, metadata)
        return self._metadata[1]

    def _endpoint(self, told: Mapping[str, Any], name: str) -> str:
        value = told.get(name)
        try:
            parts = urlsplit(value if isinstance(value, str) else "")
            secure = parts.scheme == "https" or (parts.scheme == "http" and self._set.issuer.startswith("http:"))
            proper = secure and bool(parts.hostname) and parts.username is None and not parts.fragment
        except ValueError:
            proper = False
        if not proper:
            raise SignInRefused(Refusal.MISCONFIGURED, name)
        return str(value)

    async def _key_list(self, client: HttpClient, metadata: _Metadata, *, anew: bool) -> Sequence[Mapping[str, Any]]:
        now = self._clock()
        if anew or self._keys is None or now - self._keys[0] >= KEPT_FOR:
            keys = (await _read(client, metadata.keys)).get("keys")
            if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                raise SignInRefused(Refusal.MISCONFIGURED, "jwks_uri")
            self._keys = (now, keys)
        return self._keys[1]

    # --- who came back ---

    async def _redeem(self, client: HttpClient, metadata: _Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        secret = self._set.client_secret.get_secret_value()
        if secret and not metadata.secret_in_form:
            # Both are written as in a form first (RFC 6749 §2.3.1).
            both = f"{quote(self._set.client_id, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {b64encode(both).decode()}"
        else:
            form |= {"client_id": self._set.client_id} | ({"client_secret": secret} if secret else {})
        return await _read(client, metadata.token, form, headers)

    async def _claims(
        self, client: HttpClient, metadata: _Metadata, answer: Mapping[str, Any], nonce: str
    ) -> Mapping[str, Any]:
        token, access_token = answer.get("id_token"), answer.get("access_token", "")
        if not isinstance(token, str) or not isinstance(access_token, str):
            raise SignInRefused(Refusal.MISCONFIGURED, "no_id_token")
        expected: dict[str, Any] = {
            "issuer": self._set.issuer,
            "client_id": self._set.client_id,
            "nonce": nonce,
            "access_token": access_token,
            "now": self._clock() // SECOND,
        }
        try:
            try:
                return read_id_token(token, await self._key_list(client, metadata, anew=False), **expected)
            except UnknownKey:  # it has changed them since: once, and no more
                return read_id_token(token, await self._key_list(client, metadata, anew=True), **expected)
        except TokenRefused as error:
            raise SignInRefused(Refusal.FORGED, error.why) from None

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        claim = self._set.claim
        name = claims.get(claim)
        if not isinstance(name, str) or not name.strip():
            raise SignInRefused(Refusal.NAMELESS)
        # Who may write any address into their profile must not become its owner here.
        verified = claims.get("email_verified")
        if claim == "email" and verified is not True and verified != "true":  # 1 equals True, and says nothing
            raise SignInRefused(Refusal.UNVERIFIED)
        return Identity(f"{self._set.issuer}|{claims['sub']}", name, self._grant(claims))

    def _grant(self, claims: Mapping[str, Any]) -> Grant | None:
        if not self.groups_rule:
            return None
        groups = groups_in(claims, self._set.groups_claim)
        return granted(groups, self._set.roles, self._set.forms, self._set.role)

    @staticmethod
    def _client() -> HttpClient:
        return HttpClient(connections=4, max_answer=MAX_ANSWER)


def challenge(verifier: str) -> str:
    """Return what is told of a verifier before it is used (S256, RFC 7636 §4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


async def _read(
    client: HttpClient,
    url: str,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """Return a JSON object that the provider answers. Raises SignInRefused."""
    try:
        method = "GET" if form is None else "POST"
        answer = await client.request(method, url, data=form, headers=headers, timeout=TIMEOUT)
    except DeliveryError as error:
        raise SignInRefused(Refusal.AWAY, error.code) from None
    if answer.status >= _BROKEN or answer.status == _THROTTLED:
        raise SignInRefused(Refusal.AWAY, str(answer.status))
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    if answer.status != _OK:
        error_code = told.get("error") if isinstance(told, dict) else None
        # A code that was used, or that has come too late, is a matter of this one sign-in; all else is the set-up's.
        kind = Refusal.STALE if error_code == "invalid_grant" else Refusal.MISCONFIGURED
        raise SignInRefused(kind, error_code if error_code in _TOLD else str(answer.status))
    if not isinstance(told, dict):
        raise SignInRefused(Refusal.MISCONFIGURED, "no_json")
    return told
