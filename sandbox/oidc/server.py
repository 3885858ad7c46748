"""The provider itself: what it says of itself, the page on which people sign in, and the place where codes become tokens."""

import html
import json
import secrets
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from aiohttp import web

from sandbox.changes import Changes
from sandbox.faults import Fault, Faults, hang_up, let_through
from sandbox.phones.serving import Handler
from sandbox.stand_in import StandIn

from .signing import Json, Keys, challenge_of, half_hash

PATH = "/oidc"
CODE_SECONDS = 60
TOKEN_SECONDS = 300
_ASKED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)


@dataclass(slots=True)
class _Code:
    """What was asked when a code was given out."""

    asked: Mapping[str, str]
    subject: str
    at: float
    used: bool = False


class _RefusedError(Exception):
    """A request is refused by a code of RFC 6749."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass
class Client:
    """An application that may send people here. `secret` "": a public one."""

    client_id: str = "tapfive"
    secret: str = "secret of the client"  # noqa: S105 - a stand-in's
    redirect_uris: list[str] = field(default_factory=list)
    method: str = "client_secret_basic"


class OidcSandbox(StandIn):
    """A provider with one client, for the tests and the demo.

    `people` is subject to claims. `forge` may change a token's header and claims before it is signed, `sign_by` signs with other
    keys than those published; `faults` are by path.
    """

    def __init__(
        self, client: Client | None = None, *, clock: Callable[[], float] = time.time, keys: Keys | None = None
    ) -> None:
        super().__init__(Changes())
        self.client = client or Client()
        self.clock = clock
        self.people: dict[str, Json] = {}
        self.keys = keys or Keys("k1")
        self.sign_by: Keys | None = None
        self.forge: Callable[[Json, Json], None] = lambda _header, _claims: None
        self.about: Json = {}
        """What it says of itself otherwise than it is."""
        self.faults = Faults()
        self.requests: list[str] = []
        self.tokens: list[str] = []
        self._codes: dict[str, _Code] = {}

    @property
    def issuer(self) -> str:
        """How it calls itself."""
        return self.url + PATH

    @property
    def routes(self) -> Mapping[str, Handler]:
        """Path prefix to handler."""
        return {PATH: self.handle}

    async def _end(self) -> None:
        """Nothing works here of its own."""

    def hang(self, path: str) -> None:
        """Leave the next request to a path without an answer until the sandbox stops."""
        self.faults.add(PATH + path, Fault("hang", released=self._hang()))

    def answer(self, path: str, status: int, body: bytes) -> None:
        """Answer the next request to a path so."""
        self.faults.add(PATH + path, Fault("answer", status, body))

    # --- requests -------------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path
        self.requests.append(path.removeprefix(PATH))
        fault = self.faults.take(path)
        if fault is not None and fault.kind == "answer":
            return fault.replacement
        if fault is not None and fault.kind == "drop_before":
            return hang_up(request)
        found = {
            ("GET", "/.well-known/openid-configuration"): self._metadata,
            ("GET", "/jwks"): self._jwks,
            ("GET", "/authorize"): self._page,
            ("POST", "/authorize"): self._sign_in,
            ("POST", "/token"): self._token,
        }.get((request.method, path.removeprefix(PATH)))
        if found is None:
            return web.Response(status=404)
        try:
            answer = await found(request)
        except _RefusedError as refused:
            answer = _json({"error": refused.error}, refused.status)
        return await let_through(fault, request, answer)

    async def _metadata(self, _request: web.BaseRequest) -> web.Response:
        return _json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "token_endpoint_auth_methods_supported": [self.client.method],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                **self.about,
            }
        )

    async def _jwks(self, _request: web.BaseRequest) -> web.Response:
        return _json({"keys": self.keys.public()})

    # --- signing in -----------------------------------------------------------------------------------------------

    async def _page(self, request: web.BaseRequest) -> web.Response:
        """Show whom one can be. What is wrong with the client's address is said here: nobody is led to a stranger's."""
        asked = self._asked(parse_qsl(request.query_string, keep_blank_values=True))
        hidden = "".join(f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">' for name in asked)
        people = "".join(
            f'<button name="subject" value="{html.escape(subject)}">{html.escape(str(claims.get("name", subject)))}</button>'
            for subject, claims in self.people.items()
        )
        page = f'<!doctype html><title>Sign in</title><form method="post">{hidden}{people}<button name="no" value="1">No</button></form>'
        return web.Response(text=page, content_type="text/html")

    async def _sign_in(self, request: web.BaseRequest) -> web.Response:
        sent = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        chosen = {name: value for name, value in sent if name in {"subject", "no"}}
        asked = self._asked([(name, value) for name, value in sent if name not in chosen])
        back = {"state": asked["state"], "iss": self.issuer}
        if "no" in chosen:
            return self._lead(asked, {**back, "error": "access_denied"})
        if chosen.get("subject") not in self.people:
            raise _RefusedError("invalid_request")
        if "openid" not in asked["scope"].split():
            return self._lead(asked, {**back, "error": "invalid_scope"})
        if asked["response_type"] != "code":
            return self._lead(asked, {**back, "error": "unsupported_response_type"})
        if asked["code_challenge_method"] != "S256" or len(asked["code_challenge"]) != 43:
            return self._lead(asked, {**back, "error": "invalid_request"})
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(asked, chosen["subject"], self.clock())
        return self._lead(asked, {**back, "code": code})

    def _asked(self, sent: list[tuple[str, str]]) -> dict[str, str]:
        asked = dict(sent)
        if len(asked) != len(sent) or any(not asked.get(name) for name in _ASKED):
            raise _RefusedError("invalid_request")
        if asked["client_id"] != self.client.client_id or asked["redirect_uri"] not in self.client.redirect_uris:
            raise _RefusedError("invalid_request")
        return asked

    @staticmethod
    def _lead(asked: Mapping[str, str], back: Mapping[str, str]) -> web.Response:
        return web.Response(status=303, headers={"Location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    # --- codes become tokens --------------------------------------------------------------------------------------

    async def _token(self, request: web.BaseRequest) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise _RefusedError("invalid_request")
        pairs = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        sent = dict(pairs)
        if len(sent) != len(pairs):
            raise _RefusedError("invalid_request")
        self._prove_client(request.headers.get("Authorization"), sent)
        if sent.get("grant_type") != "authorization_code":
            raise _RefusedError("unsupported_grant_type")
        code = self._codes.get(sent.get("code", ""))
        if code is None or code.used or self.clock() - code.at > CODE_SECONDS:
            raise _RefusedError("invalid_grant")
        code.used = True
        verifier = sent.get("code_verifier", "")
        proven = 43 <= len(verifier) <= 128 and challenge_of(verifier) == code.asked["code_challenge"]
        if not proven or sent.get("redirect_uri") != code.asked["redirect_uri"]:
            raise _RefusedError("invalid_grant")
        access = secrets.token_urlsafe(24)
        token = self._id_token(code, access)
        self.tokens.append(token)
        body = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "id_token": token}
        return _json(body)

    def _prove_client(self, authorization: str | None, sent: Mapping[str, str]) -> None:
        """Take the one way that it says it takes. Raises _RefusedError."""
        client = self.client
        if client.method == "client_secret_basic":
            scheme, _, given = (authorization or "").partition(" ")
            both = b64decode(given).decode() if scheme == "Basic" else ""
            named, _, secret = both.partition(":")
            proven = (unquote(named), unquote(secret)) == (
                client.client_id,
                client.secret,
            ) and "client_secret" not in sent
        else:
            secret = sent.get("client_secret", "")
            proven = authorization is None and (sent.get("client_id"), secret) == (client.client_id, client.secret)
        if not proven:
            raise _RefusedError("invalid_client", 401)

    def _id_token(self, code: _Code, access: str) -> str:
        now = int(self.clock())
        header: Json = {"alg": "RS256", "typ": "JWT", "kid": self.keys.kid}
        claims: Json = {
            "iss": self.issuer,
            "sub": code.subject,
            "aud": self.client.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": code.asked["nonce"],
            "at_hash": half_hash(access),
            **self.people[code.subject],
        }
        self.forge(header, claims)
        return (self.sign_by or self.keys).sign(header, claims, self.client.secret)


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
