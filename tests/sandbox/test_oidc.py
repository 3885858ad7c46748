"""The stand-in of a provider of OpenID Connect refuses what a provider refuses."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from sandbox.oidc import Client, OidcSandbox
from sandbox.oidc.signing import challenge_of
from tests.sandbox.conftest import Clock

BACK = "http://127.0.0.1:1/back"
VERIFIER = "v" * 43
ASKED = {
    "response_type": "code",
    "client_id": "tapfive",
    "redirect_uri": BACK,
    "scope": "openid email",
    "state": "s",
    "nonce": "n",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
BASIC = "tapfive:secret%20of%20the%20client"


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[OidcSandbox]:
    provider = OidcSandbox(Client(redirect_uris=[BACK]), clock=clock)
    provider.people["ann"] = {"email": "ann@example.org"}
    await provider.start()
    yield provider
    await provider.stop()


async def ask(http: aiohttp.ClientSession, provider: OidcSandbox, **changed: str) -> tuple[int, dict[str, str]]:
    """Sign in as Ann; return the status and what is led back with."""
    form = {**ASKED, "subject": "ann", **changed}
    async with http.post(f"{provider.issuer}/authorize", data=form, allow_redirects=False) as answer:
        return answer.status, dict(parse_qsl(urlsplit(answer.headers.get("Location", "")).query))


async def redeem(http: aiohttp.ClientSession, provider: OidcSandbox, auth: str = BASIC, **changed: str) -> Any:
    """Ask for tokens; return the status and the error, if there is one."""
    code = changed.pop("code", None) or (await ask(http, provider))[1]["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        **changed,
    }
    headers = {"Authorization": f"Basic {b64encode(auth.encode()).decode()}"} if auth else {}
    async with http.post(f"{provider.issuer}/token", data=form, headers=headers) as answer:
        told = await answer.json()
        return answer.status, told.get("error")


async def test_it_leads_nobody_to_a_strangers_address(provider: OidcSandbox, http: aiohttp.ClientSession) -> None:
    for changed in (
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": "https://evil.example"},
        {"client_id": "another"},
        {"state": ""},
        {"nonce": ""},
        {"code_challenge": ""},
        {"subject": "nobody"},
    ):
        assert await ask(http, provider, **changed) == (400, {}), changed
    for changed, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"no": "1"}, "access_denied"),
    ):
        status, back = await ask(http, provider, **changed)
        assert (status, back) == (303, {"state": "s", "iss": provider.issuer, "error": error})
    async with http.get(f"{provider.issuer}/authorize", params=ASKED) as page:
        assert (page.status, 'value="ann"' in await page.text()) == (200, True)
    async with http.get(f"{provider.issuer}/nothing") as answer:
        assert answer.status == 404


async def test_a_code_becomes_tokens_once_for_whom_it_was_given(
    provider: OidcSandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    code = (await ask(http, provider))[1]["code"]
    assert await redeem(http, provider, code=code) == (200, None)
    assert await redeem(http, provider, code=code) == (400, "invalid_grant")
    for changed in ({"code": "x"}, {"code_verifier": "w" * 43}, {"code_verifier": ""}, {"redirect_uri": BACK + "/"}):
        assert await redeem(http, provider, **changed) == (400, "invalid_grant"), changed
    assert await redeem(http, provider, grant_type="password") == (400, "unsupported_grant_type")
    late = (await ask(http, provider))[1]["code"]
    clock.now += 61
    assert await redeem(http, provider, code=late) == (400, "invalid_grant")
    for auth in ("", "tapfive:wrong", "tapfive", BASIC.replace("tapfive", "another")):
        assert await redeem(http, provider, auth=auth) == (401, "invalid_client")
    secret = {"client_id": "tapfive", "client_secret": provider.client.secret}
    assert await redeem(http, provider, auth="", **secret) == (401, "invalid_client")  # not the way that it takes
    provider.client.method = "client_secret_post"
    assert await redeem(http, provider, auth="", **secret) == (200, None)
    assert await redeem(http, provider) == (401, "invalid_client")
