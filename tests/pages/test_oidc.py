"""Signing in at a provider of OpenID Connect: the way there and back, and everything forged on it."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from bot import oidc
from bot.assembly import assemble, running
from bot.check import check_settings
from bot.oidc_groups import granted, groups_in
from bot.settings import SettingsError, build_settings
from ratings.reports.audit import list_audit
from ratings.rights import Role
from ratings.store.users import AddUser, ChangeUser, Rights, list_users
from ratings.times import MINUTE, SECOND
from sandbox.oidc import Client, Keys, OidcSandbox
from tests.conftest import Clock
from tests.pages.office import Office, Person

PUBLIC = "http://tapfive.test"
BACK = f"{PUBLIC}/login/oidc/callback"
ANN: dict[str, Any] = {"email": "Ann@Example.org", "email_verified": True, "name": "Ann"}
Forge = Callable[[dict[str, Any], dict[str, Any]], None]


def settings_of(url: str, provider: OidcSandbox, **more: Any) -> Any:
    client = provider.client
    named = {"issuer": provider.issuer, "client_id": client.client_id, "client_secret": "env:OIDC", "title": "Works"}
    values = {
        "server": {"secret": ["env:SECRET"], "public_url": PUBLIC},
        "store": {"url": "env:STORE"},
        "oidc": {**named, **more},
    }
    return build_settings(values, environ={"SECRET": "s" * 40, "STORE": url, "OIDC": "secret of the client"})


class Elsewhere:
    """The service, the provider, and somebody with a browser that knows both."""

    def __init__(self, office: Office, provider: OidcSandbox) -> None:
        self.office = office
        self.provider = provider
        self.writer = office.parts.store.writer
        self.there = httpx.AsyncClient(timeout=5)
        self.browser = Person(office.parts)

    def let_in(self, name: str = "ann@example.org", **more: Any) -> int:
        return self.writer.do_now(AddUser(name, Rights(Role.MANAGER), None, "test", **more))

    async def begin(self, page: str = "") -> str:
        """Follow the button of the sign-in; return the address at the provider."""
        led = await self.browser.get("/login/oidc" + (f"?next={page}" if page else ""))
        assert led.status_code == 303, led.text
        return led.headers["location"]

    async def sign_in(self, address: str, **chosen: str) -> str:
        """Be somebody at the provider; return the address that it leads back to, as our server sees it."""
        shown = await self.there.get(address)
        assert shown.status_code == 200, shown.text
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)">', shown.text.replace("&amp;", "&")))
        fields = {name: value for name, value in hidden.items() if name not in {"subject", "no"}}
        led = await self.there.post(address, data={**fields, **(chosen or {"subject": "ann"})})
        assert led.status_code == 303, led.text
        back = led.headers["location"]
        assert back.startswith(BACK), back
        return back.removeprefix(PUBLIC)

    async def whole(self, **chosen: str) -> httpx.Response:
        """Go there and come back."""
        return await self.browser.get(await self.sign_in(await self.begin(), **chosen))

    def names(self) -> list[str]:
        return [user.name for user in self.office.parts.store.read_now(list_users)]


@pytest.fixture(scope="module")
def keys() -> Keys:
    """Made once: an RSA key takes a while."""
    return Keys("k1")


@pytest.fixture
async def provider(clock: Clock, keys: Keys) -> AsyncIterator[OidcSandbox]:
    provider = OidcSandbox(Client(redirect_uris=[BACK]), clock=lambda: clock() / SECOND, keys=keys)
    provider.people["ann"] = dict(ANN)
    await provider.start()
    yield provider
    await provider.stop()


async def _opened(url: str, clock: Clock, provider: OidcSandbox, **more: Any) -> AsyncIterator[Elsewhere]:
    parts = assemble(settings_of(url, provider, **more), clock)
    async with running(parts, work=False):
        office = Office(parts, clock)
        elsewhere = Elsewhere(office, provider)
        yield elsewhere
        await elsewhere.there.aclose()
        await elsewhere.browser.client.aclose()
        await office.close()


@pytest.fixture
async def elsewhere(sqlite_url: str, clock: Clock, provider: OidcSandbox) -> AsyncIterator[Elsewhere]:
    async for opened in _opened(sqlite_url, clock, provider):
        yield opened


@pytest.fixture
async def both(store_url: str, clock: Clock, provider: OidcSandbox) -> AsyncIterator[Elsewhere]:
    async for opened in _opened(store_url, clock, provider):
        yield opened


async def refused(answer: httpx.Response, status: int, title: str) -> None:
    """It is said in plain words, and nobody is signed in."""
    assert (answer.status_code, title in answer.text) == (status, True), (answer.status_code, answer.text)
    assert "tapfive=" not in answer.headers.get("set-cookie", "")


# --- the way ---


async def test_somebody_signs_in_elsewhere_and_stays_who_they_are(both: Elsewhere) -> None:
    user_id = both.let_in()
    login = await both.browser.get("/login?next=/account")
    assert '<a class="button" href="/login/oidc?next=/account">Sign in with Works</a>' in login.text
    address = await both.begin("/account")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert (asked["redirect_uri"], asked["scope"], asked["code_challenge_method"]) == (
        BACK,
        "openid email profile",
        "S256",
    )
    signed_in = await both.browser.get(await both.sign_in(address))
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/account")
    page = await both.browser.follow(signed_in)
    assert ("ann@example.org" in page.text, "You sign in elsewhere" in page.text) == (True, True)

    # Called otherwise by now, they are known by what never changes.
    both.provider.people["ann"]["email"] = "ann.married@example.org"
    assert (await both.whole()).status_code == 303
    # Somebody else who gets that address later is not them.
    both.provider.people["thief"] = dict(ANN)
    await refused(await both.whole(subject="thief"), 403, "Another account of the other service")
    path = f"/settings/users/{user_id}"
    assert "known by their account there" in (await both.office.admin.get(path)).text
    assert (await both.office.admin.post(f"{path}/forget", page=path)).status_code == 303
    assert "known by their account there" not in (await both.office.admin.get(path)).text
    assert (await both.whole(subject="thief")).status_code == 303  # an admin said so


async def test_nobody_unknown_gets_in_unless_the_settings_say_so(
    elsewhere: Elsewhere, postgres_url: str, clock: Clock, provider: OidcSandbox
) -> None:
    before = elsewhere.names()
    await refused(await elsewhere.whole(), 403, "Nobody has let you in yet")
    assert elsewhere.names() == before
    async for other in _opened(postgres_url, clock, provider, role="agent"):
        assert (await other.whole()).headers["location"] == "/"
        (made,) = [user for user in other.office.parts.store.read_now(list_users) if user.name == "ann@example.org"]
        assert (made.role, made.has_password, made.created_by, made.elsewhere) == (Role.AGENT, False, "oidc", True)
        assert (await other.whole()).status_code == 303


async def test_who_was_shut_out_stays_out(elsewhere: Elsewhere) -> None:
    user_id = elsewhere.let_in()
    assert (await elsewhere.whole()).status_code == 303
    elsewhere.writer.do_now(ChangeUser(user_id, Rights(Role.MANAGER), True, "test"))
    elsewhere.provider.people["ann"]["email"] = "other@example.org"
    await refused(await elsewhere.whole(), 403, "You may not sign in")


async def test_the_client_proves_itself_as_the_provider_wants(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    elsewhere.provider.client.method = "client_secret_post"
    elsewhere.provider.forge = lambda header, _claims: header.update(alg="ES256", kid="k1-ec")
    assert (await elsewhere.whole()).status_code == 303


async def test_new_keys_of_the_provider_are_asked_for_once(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    assert (await elsewhere.whole()).status_code == 303
    elsewhere.provider.keys = Keys("k2")
    assert (await elsewhere.whole()).status_code == 303
    elsewhere.provider.forge = lambda header, _claims: header.update(kid="k3")
    await refused(await elsewhere.whole(), 403, "does not prove who you are")
    paths = elsewhere.provider.requests
    assert (paths.count("/jwks"), paths.count("/.well-known/openid-configuration")) == (3, 1)


# --- what groups give ---

GROUPS: dict[str, Any] = {
    "roles": {"leads": "manager", "/it": "admin", "support": "agent"},
    "forms": {"leads": ["1", "2"], "support": ["2", "3"], "all of it": ["*"]},
    "groups_claim": "realm.groups",
}


@pytest.mark.parametrize(
    ("groups", "otherwise", "role", "forms"),
    [
        (["support"], "", Role.AGENT, ("2", "3")),
        (["support", "leads"], "", Role.MANAGER, ("2", "3", "1")),
        (["leads", "all of it"], "", Role.MANAGER, None),
        (["support", "/it"], "", Role.ADMIN, None),
        (["Support", "SUPPORT ", "others"], "", None, ()),
        ([], "", None, ()),
        ([], "manager", None, ()),  # a role without a form: nothing to see
        (["all of it"], "manager", Role.MANAGER, None),
        (["support"], "admin", Role.AGENT, ("2", "3")),  # what is for others is not added
    ],
)
def test_groups_give_the_highest_of_their_roles_and_all_of_their_forms(
    groups: list[str], otherwise: str, role: Role | None, forms: tuple[str, ...] | None
) -> None:
    given = granted(groups, GROUPS["roles"], GROUPS["forms"], otherwise)
    assert (given.role, given.forms) == (role, forms)


def test_without_forms_in_the_settings_groups_leave_them_as_they_are() -> None:
    kept = Rights(Role.AGENT, ("7",), ("a",), may_edit=True)
    given = granted(["leads"], GROUPS["roles"], {}, "")
    assert given.over(kept) == Rights(Role.MANAGER, ("7",), ("a",), may_edit=True)
    owner = Rights(Role.OWNER)
    assert granted(["support"], GROUPS["roles"], GROUPS["forms"], "").over(owner) == owner


@pytest.mark.parametrize(
    ("said", "claim", "found"),
    [
        ({"groups": ["a", "b"]}, "groups", ("a", "b")),
        ({"groups": "a"}, "groups", ("a",)),
        ({"groups": ["a", 1, None, ["b"]]}, "groups", ("a",)),
        ({"groups": {"a": True}}, "groups", ()),
        ({}, "groups", ()),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ("a",)),
        ({"https://x.example/groups": ["a"]}, "https://x.example/groups", ("a",)),
        ({"realm_access": ["roles"]}, "realm_access.roles", ()),
    ],
)
def test_groups_are_read_from_whatever_a_provider_sends(
    said: dict[str, Any], claim: str, found: tuple[str, ...]
) -> None:
    assert groups_in(said, claim) == found


async def test_groups_say_at_each_sign_in_what_somebody_is_and_the_log_shows_it(
    store_url: str, clock: Clock, provider: OidcSandbox
) -> None:
    async for there in _opened(store_url, clock, provider, **GROUPS):
        ann, read = provider.people["ann"], there.office.parts.store.read_now

        def known(read: Any = read) -> Any:
            (found,) = [user for user in read(list_users) if user.name == "ann@example.org"]
            return found

        await refused(await there.whole(), 403, "You are in no group that is let in")
        assert "ann@example.org" not in there.names()
        ann["realm"] = {"groups": ["leads"]}
        assert (await there.whole()).status_code == 303
        assert (known().role, known().forms, known().created_by) == (Role.MANAGER, ("1", "2"), "oidc")

        # An admin may say otherwise, until they come again; the page says so.
        path = f"/settings/users/{known().id}"
        assert "each time they sign in there" in (await there.office.admin.get(path)).text
        there.writer.do_now(ChangeUser(known().id, Rights(Role.ADMIN, None, ("7",), True), False, "test"))
        assert (await there.browser.get("/settings/users")).status_code == 200
        ann["realm"] = {"groups": ["support", "unknown"]}
        assert (await there.whole()).status_code == 303
        assert (known().role, known().forms, known().agents) == (Role.AGENT, ("2", "3"), ("7",))
        assert (await there.browser.get("/settings/users")).status_code == 403  # in every session of theirs
        last = read(list_audit, kinds=["user"], object_="ann@example.org").items[0]
        assert (last["by"], last["what"], last["before"], last["after"]) == (
            "oidc",
            "changed",
            {"role": "admin", "forms": None},
            {"role": "agent", "forms": ["2", "3"]},
        )
        many = len(read(list_audit).items)
        assert (await there.whole()).status_code == 303
        assert len(read(list_audit).items) == many  # nothing changed, nothing noted

        # Out of every group: not let in, and signed out where they are.
        there.office.ids["ann@example.org"] = known().id
        other = Person(there.office.parts, "ann@example.org", there.office.session("ann@example.org", "another"))
        assert (await other.get("/account")).status_code == 200
        ann["realm"] = {"groups": []}
        await refused(await there.whole(), 403, "You are in no group that is let in")
        assert (await other.get("/account")).status_code == 303
        assert (await there.browser.get("/account")).status_code == 303
        assert read(list_audit).items[0]["what"] == "signed out"
        await other.client.aclose()


async def test_groups_change_no_owner(sqlite_url: str, clock: Clock, provider: OidcSandbox) -> None:
    async for there in _opened(sqlite_url, clock, provider, **GROUPS):
        there.writer.do_now(AddUser("ann@example.org", Rights(Role.OWNER), None, "test"))
        for groups in ([], ["support"]):
            provider.people["ann"]["realm"] = {"groups": groups}
            assert (await there.whole()).status_code == 303
        assert [u.role for u in there.office.parts.store.read_now(list_users) if u.name == "ann@example.org"] == [
            "owner"
        ]


# --- what is forged ---


def claims(**changed: Any) -> Forge:
    return lambda _header, said: said.update(changed)


def header(**changed: Any) -> Forge:
    return lambda head, _claims: head.update(changed)


def without(name: str) -> Forge:
    return lambda _header, said: said.pop(name)


NOW = 1_790_000_000


FORGED: tuple[tuple[Forge, str | None], ...] = (
    (claims(iss="https://evil.example"), "invalid_claim"),
    (claims(aud="another"), "invalid_claim"),
    (claims(aud=["tapfive", "another"]), "missing_claim"),
    (claims(aud=["tapfive", "another"], azp="another"), "invalid_claim"),
    (claims(azp="another"), "invalid_claim"),
    (claims(nonce="another"), "invalid_claim"),
    (without("nonce"), "missing_claim"),
    (without("exp"), "missing_claim"),
    (without("sub"), "missing_claim"),
    (claims(sub=""), None),
    (claims(sub="s" * 256), "invalid_subject"),
    (claims(exp=NOW - 61), "expired"),
    (claims(iat=NOW + 120), "invalid_claim"),
    (claims(nbf=NOW + 120), "invalid_claim"),
    (claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "invalid_claim"),
    (header(alg="none"), None),
    (header(alg="HS256"), None),
    (header(kid="f"), "unknown_key"),
    (header(crit=["exp"]), None),
)


async def test_a_token_that_does_not_prove_it_is_refused(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    for number, (forge, detail) in enumerate(FORGED):
        elsewhere.provider.forge = forge
        with capture_logs() as logged:
            await refused(await elsewhere.whole(), 403, "does not prove who you are")
        (line,) = [each for each in logged if each.get("kind")]
        assert (number, line["kind"], line["detail"]) == (number, "forged", detail or line["detail"])
        said = json.dumps(logged)
        assert not any(part in said for part in ("ann", *elsewhere.provider.tokens[-1].split(".")[:2]))
    elsewhere.provider.forge = claims()
    assert (await elsewhere.whole()).status_code == 303


async def test_a_strangers_signature_is_refused(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    elsewhere.provider.sign_by = Keys("k1")
    await refused(await elsewhere.whole(), 403, "does not prove who you are")


async def test_a_name_that_nobody_vouches_for_is_refused(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    unconfirmed, nameless = "Your mail address is not confirmed", "does not say by what name"
    said: tuple[tuple[dict[str, Any], str], ...] = (
        ({"email_verified": False}, unconfirmed),
        ({"email_verified": "false"}, unconfirmed),
        ({"email_verified": 1}, unconfirmed),
        ({"email_verified": None}, unconfirmed),
        ({"email": None}, nameless),
        ({"email": " "}, nameless),
        ({"email": "a" * 300}, nameless),
    )
    for changed, title in said:
        elsewhere.provider.people["ann"] = ANN | changed
        await refused(await elsewhere.whole(), 403, title)


async def test_an_answer_belongs_to_the_browser_that_asked_and_works_once(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    office, title = elsewhere.office, "That took too long"
    back = await elsewhere.sign_in(await elsewhere.begin())
    await refused(await office.stranger.get(back), 400, title)  # another browser
    state = dict(parse_qsl(urlsplit(back).query))["state"]
    await refused(await elsewhere.browser.get(back.replace(state, "é")), 400, title)
    await refused(await elsewhere.browser.get(back), 400, title)  # what was begun ended with that

    back = await elsewhere.sign_in(await elsewhere.begin())
    kept = elsewhere.browser.client.cookies["tapfive_oidc"]
    assert (await elsewhere.browser.get(back)).status_code == 303
    for cookie, status, said in ((kept, 400, title), (f"x{kept}", 400, title), (kept.replace(".", ".0"), 400, title)):
        thief = Person(office.parts)
        thief.client.cookies.set("tapfive_oidc", cookie)
        await refused(await thief.get(back), status, said)  # the provider takes a code once, we no cookie but ours
        await thief.client.aclose()

    back = await elsewhere.sign_in(await elsewhere.begin())
    office.clock.forward(10 * MINUTE)
    with capture_logs() as logged:
        await refused(await elsewhere.browser.get(back), 400, title)
    assert [each["detail"] for each in logged if each.get("kind")] == ["too_late"]  # the code is no more asked about
    repeated = await elsewhere.sign_in(await elsewhere.begin())
    await refused(await elsewhere.browser.get(f"{repeated}&code=x"), 403, "does not prove who you are")


async def test_another_provider_cannot_answer_in_its_place(elsewhere: Elsewhere) -> None:
    elsewhere.let_in()
    for part, instead in (
        (r"iss=[^&]*", "iss=https%3A%2F%2Fevil.example"),
        (r"&?iss=[^&]*", ""),
        (r"code=[^&]*", "code="),
    ):
        back = await elsewhere.sign_in(await elsewhere.begin())
        await refused(await elsewhere.browser.get(re.sub(part, instead, back)), 403, "does not prove who you are")
    await refused(await elsewhere.whole(no="1"), 403, "did not agree")


# --- a provider in trouble ---


async def test_a_provider_that_is_slow_broken_or_another_is_said_plainly(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.let_in()
    monkeypatch.setattr(oidc, "TIMEOUT", 0.2)
    provider, well_known = elsewhere.provider, "/.well-known/openid-configuration"
    away, wrong = "The other service does not answer", "is not set up right"
    for status, body, title in (
        (503, b"", away),
        (429, b"", away),
        (404, b"", wrong),
        (200, b"<html>", wrong),
        (200, b"[1]", wrong),
        (200, b"{}", wrong),
        (200, b"{" * 100_000, wrong),
        (200, b" " * 300_000, away),
    ):
        provider.answer(well_known, status, body)
        await refused(await elsewhere.browser.get("/login/oidc"), 502, title)
    provider.hang(well_known)
    await refused(await elsewhere.browser.get("/login/oidc"), 502, away)
    for about in (
        {"issuer": provider.issuer + "/"},
        {"token_endpoint": "ftp://x"},
        {"jwks_uri": None},
        {"authorization_endpoint": "http://[x"},
    ):
        provider.about = about
        await refused(await elsewhere.browser.get("/login/oidc"), 502, wrong)
    provider.about = {}

    for path, status, body, title in (
        ("/token", 500, b"", away),
        ("/token", 200, b"{}", wrong),
        ("/token", 400, b'{"error": "invalid_scope"}', wrong),
        ("/jwks", 200, b'{"keys": [1]}', wrong),
        ("/jwks", 200, b'{"keys": 1}', wrong),
    ):
        back = await elsewhere.sign_in(await elsewhere.begin())
        provider.answer(path, status, body)
        await refused(await elsewhere.browser.get(back), 502, title)
    back = await elsewhere.sign_in(await elsewhere.begin())
    provider.answer("/jwks", 200, b'{"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}')
    await refused(await elsewhere.browser.get(back), 403, "does not prove who you are")
    provider.client.secret = "another"
    await refused(await elsewhere.whole(), 502, wrong)


# --- the set-up ---


async def test_what_the_set_up_lacks_is_said(sqlite_url: str, provider: OidcSandbox) -> None:
    found = {each.id: each for each in await check_settings(settings_of(sqlite_url, provider))}
    assert found["oidc.provider"].level == "ok"
    provider.about = {"issuer": "https://evil.example"}
    found = {each.id: each for each in await check_settings(settings_of(sqlite_url, provider))}
    assert (found["oidc.provider"].level, "wrong_issuer" in found["oidc.provider"].text) == ("error", True)
    for values, line in (
        ({"issuer": "https://x.example"}, "oidc.client_id: found nothing"),
        ({"issuer": "https://x.example", "client_id": "x"}, "server.public_url: found nothing"),
        ({"issuer": "http://x.example"}, "oidc.issuer: found"),
        ({"issuer": "https://x.example?a"}, "oidc.issuer: found"),
        ({"scopes": "email"}, "openid among them"),
        ({"client_secret": "plain"}, "oidc.client_secret: found a plain string"),
        ({"role": "owner"}, "oidc.role"),
        ({"roles": {"bosses": "owner"}}, "oidc.roles.bosses: found \"owner\"; allowed: 'agent', 'manager' or 'admin'"),
        ({"roles": {" bosses": "admin"}}, "oidc.roles: found a group called ' bosses'; allowed: names of groups"),
        ({"roles": ["admin"]}, "oidc.roles: found a list"),
        (
            {"roles": {"a": "agent"}, "forms": {"a": []}},
            "oidc.forms: found a form without an id, or none at all, for 'a'",
        ),
        ({"roles": {"a": "agent"}, "forms": {"a": "*"}}, "oidc.forms.a: found"),
        ({"groups_claim": ""}, "oidc.groups_claim: found"),
        (
            {"issuer": "https://x.example", "client_id": "x", "forms": {"a": ["1"]}},
            "oidc.forms: found forms of groups, and no roles",
        ),
    ):
        with pytest.raises(SettingsError, match=re.escape(line)):
            build_settings({"server": {"secret": ["env:S"]}, "oidc": values}, environ={"S": "s" * 40})


def test_the_page_names_every_refusal() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pages" / "people.md").read_text(encoding="utf-8")
    assert [kind.value for kind in oidc.Refusal if f"`{kind.value}`" not in page] == []


def test_the_libraries_are_imported_where_a_provider_is_set_and_used() -> None:
    code = (
        "import sys, bot.oidc, bot.oidc_tokens; print([each for each in ('authlib', 'joserfc') if each in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
