"""Signing in and out, the first owner, forged forms, wrong passwords, sessions that end."""

import asyncio
import re
from html import unescape
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from bot.passwords import hash_password
from bot.web.pages import entrance
from bot.web.pages.entrance import next_page
from ratings.rights import Role
from ratings.store.cleaning import Clean
from ratings.store.people_tables import login_failures
from ratings.store.sessions import (
    FAILURES_COUNT_FOR,
    FREE_TRIES,
    LONGEST_WAIT,
    SESSION_IDLE,
    SignOut,
    TryPassword,
    wait_after,
)
from ratings.store.users import (
    SETUP_LIFE,
    AddUser,
    ChangeUser,
    MakeSetupLink,
    Rights,
    SetPassword,
    hash_secret,
    list_users,
    read_name,
)
from ratings.times import MINUTE, SECOND
from tests.api.service import make_parts
from tests.conftest import Clock
from tests.pages.office import HOME, PASSWORD, Office, Person, csrf_of, statuses

WRONG = "The name or the password is wrong."


async def test_a_stranger_is_led_to_the_sign_in_and_back(office: Office) -> None:
    writer = office.parts.store.writer
    writer.do_now(AddUser("ann@example.org", Rights(Role.MANAGER), hash_password(PASSWORD), "test"))
    led = await office.stranger.get("/account?lang=en")
    assert (led.status_code, led.headers["location"]) == (303, "/login?next=%2Faccount%3Flang%3Den")
    page = await office.stranger.follow(led)
    assert 'id="login"' in page.text
    assert page.headers["cache-control"] == "no-store"
    fields = {"next": "/account?lang=en", "username": " Ann@Example.org ", "password": PASSWORD}
    signed_in = await office.stranger.client.post("/login", data=fields)
    assert signed_in.headers["location"] == "/account?lang=en"
    cookie = signed_in.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/"))
    assert "ann@example.org" in (await office.stranger.follow(signed_in)).text

    out = await office.stranger.post("/logout")
    assert "You have signed out." in (await office.stranger.follow(out)).text
    assert (await office.stranger.get("/account")).status_code == 303


async def test_wrong_names_and_wrong_passwords_are_answered_alike(local: Office) -> None:
    local.parts.store.writer.do_now(SetPassword(local.ids["manager"], hash_password(PASSWORD), "test"))
    for fields in (
        {"username": "manager", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": " ", "password": PASSWORD},
        {"username": ""},
    ):
        answered = await local.stranger.client.post("/login", data=fields)
        assert (answered.status_code, WRONG in answered.text) == (401, True)
        assert "set-cookie" not in answered.headers


async def test_many_wrong_passwords_in_a_row_make_everybody_wait(office: Office) -> None:
    office.parts.store.writer.do_now(SetPassword(office.ids["manager"], hash_password(PASSWORD), "test"))
    wrong = {"username": "manager", "password": "wrong"}
    right = {"username": "Manager", "password": PASSWORD}
    for _ in range(FREE_TRIES):
        assert (await office.stranger.client.post("/login", data=wrong)).status_code == 401
    refused = await office.stranger.client.post("/login", data=right)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (await office.stranger.client.post("/login", data={**right, "username": "other"})).status_code == 401
    office.clock.forward(SECOND)
    assert (await office.stranger.client.post("/login", data=right)).status_code == 303


def test_the_wait_doubles_and_has_an_end() -> None:
    waits = [wait_after(many) for many in range(FREE_TRIES + 4)]
    assert waits == [0] * FREE_TRIES + [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
    assert wait_after(10_000) == LONGEST_WAIT


async def test_the_first_owner_is_made_by_a_link_that_works_once(store_url: str, clock: Clock) -> None:
    parts = make_parts(store_url, clock)
    parts.store.start()
    try:
        store = parts.store
        assert store.writer.do_now(MakeSetupLink(hash_secret("one")))
        assert store.writer.do_now(MakeSetupLink(hash_secret("two")))
        first = Person(parts)
        assert (await first.get("/setup/three")).status_code == 410
        assert 'id="setup"' in (await first.get("/setup/one")).text
        for fields in ({"username": "", "password": PASSWORD}, {"username": "boss", "password": "short"}):
            assert (await first.client.post("/setup/one", data=fields)).status_code == 422
        made = await first.client.post("/setup/one", data={"username": "Boss", "password": PASSWORD})
        assert (made.status_code, made.headers["location"]) == (303, "/")
        assert "Welcome" in (await first.follow(made)).text
        assert [(user.name, user.role) for user in store.read_now(list_users)] == [("boss", Role.OWNER)]
        for used in ("one", "two"):
            again = await Person(parts).client.post(f"/setup/{used}", data={"username": "thief", "password": PASSWORD})
            assert again.status_code == 410
        assert not store.writer.do_now(MakeSetupLink(hash_secret("four")))
        await first.client.aclose()
    finally:
        parts.store.stop()


async def test_a_set_up_link_ends_after_a_day(sqlite_url: str, clock: Clock) -> None:
    parts = make_parts(sqlite_url, clock)
    parts.store.start()
    try:
        parts.store.writer.do_now(MakeSetupLink(hash_secret("one")))
        client = Person(parts).client
        clock.forward(SETUP_LIFE)
        assert (await client.post("/setup/one", data={"username": "boss", "password": PASSWORD})).status_code == 410
        assert parts.store.read_now(list_users) == []
        await client.aclose()
    finally:
        parts.store.stop()


async def test_forms_of_other_sites_are_refused(local: Office) -> None:
    token = csrf_of(await local.manager.get("/account"))
    post = local.manager.client.post
    for fields, headers in (
        ({"x": ""}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": "é"}, {}),
        ({"csrf": csrf_of(await local.owner.get("/account"))}, {}),
        ({"csrf": token}, {"sec-fetch-site": "cross-site"}),
        ({"csrf": token}, {"sec-fetch-site": "same-site"}),
        ({"csrf": token}, {"origin": "https://evil.example"}),
        ({"csrf": token}, {"origin": "null"}),
    ):
        refused = await post("/account/sign-out", data=fields, headers=headers)
        assert refused.status_code == 403, (fields, headers)
    assert (await post("/account/sign-out", data={"csrf": token}, headers={"origin": HOME})).status_code == 303
    signing_in = await local.stranger.client.post(
        "/login", data={"username": "x"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert signing_in.status_code == 403


async def test_what_is_no_form_is_told_so(local: Office) -> None:
    for body, kind in (
        (b"{}", "application/json"),
        (b"csrf=%00", "application/x-www-form-urlencoded"),
        (b"a&" * 3000, "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"a" * 2_000_000, "application/x-www-form-urlencoded"),
    ):
        answered = await local.manager.client.post("/logout", content=body, headers={"content-type": kind})
        assert answered.status_code == 400, body[:20]
    assert (await local.manager.client.post("/account")).status_code == 405
    assert (await local.manager.client.get("/logout")).status_code == 405


async def test_sessions_end_when_nobody_uses_them_and_when_their_owner_is_shut_out(office: Office) -> None:
    office.clock.forward(SESSION_IDLE - MINUTE)
    assert (await office.manager.get("/account")).status_code == 200
    office.clock.forward(SESSION_IDLE - MINUTE)  # it was used meanwhile
    assert (await office.manager.get("/account")).status_code == 200
    assert (await office.admin.get("/account")).status_code == 303
    office.parts.store.writer.do_now(ChangeUser(office.ids["manager"], Rights(Role.MANAGER), True, "test"))
    assert (await office.manager.get("/account")).status_code == 303


async def test_signing_out_everywhere_else_leaves_this_session(office: Office) -> None:
    elsewhere = Person(office.parts, "manager", office.session("manager", "another"))
    ended = await office.manager.post("/account/sign-out")
    assert "1 other session is ended." in (await office.manager.follow(ended)).text
    assert (await elsewhere.get("/account")).status_code == 303
    await elsewhere.client.aclose()


async def test_ones_own_password_wants_the_old_one(local: Office) -> None:
    local.parts.store.writer.do_now(SetPassword(local.ids["manager"], hash_password(PASSWORD), "test"))
    local.session("manager")
    change = local.manager.post
    assert (await change("/account/password", old="wrong", new="a new long one")).status_code == 422
    assert (await change("/account/password", old=PASSWORD, new="short")).status_code == 422
    changed = await change("/account/password", old=PASSWORD, new="a new long one")
    assert "is changed" in (await local.manager.follow(changed)).text
    fields = {"username": "manager", "password": "a new long one"}
    assert (await local.stranger.client.post("/login", data=fields)).status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "evil",
        "/a\nb",
        "/\t/evil.example",
        "javascript:alert(1)",
        "//[",
        "http://[",
        "/рейтинг",
        "/" + "a" * 3_000,
        "",
    ],
)
def test_signing_in_leads_to_our_own_pages_only(wanted: str) -> None:
    assert next_page(wanted) == "/"
    assert next_page("/ratings?value_max=2") == "/ratings?value_max=2"


async def test_the_language_is_the_readers(local: Office) -> None:
    assert "Войти" in (await local.stranger.get("/login", headers={"accept-language": "ru-RU,en;q=0.5"})).text
    assert "Sign in" in (await local.stranger.get("/login", headers={"accept-language": "fr"})).text
    assert "Войти" in (await local.stranger.get("/login?lang=ru")).text
    chosen = await local.manager.post("/language", language="ru", next="/account")
    page = await local.manager.follow(chosen)
    assert "Мой профиль" in page.text
    assert page.headers["content-language"] == "ru"


async def test_each_page_of_people_wants_its_role(office: Office) -> None:
    everybody = {"stranger": 303, "agent": 200, "manager": 200, "admin": 200, "owner": 200}
    assert await statuses(office, "/account") == everybody
    admins = {"stranger": 303, "agent": 403, "manager": 403, "admin": 200, "owner": 200}
    assert await statuses(office, "/settings/users") == admins
    assert await statuses(office, f"/settings/users/{office.ids['manager']}") == admins
    owners = {**admins, "admin": 403}
    assert await statuses(office, f"/settings/users/{office.ids['owner']}") == owners


async def test_whoever_guesses_passwords_keeps_nobody_out_of_their_own_browser(office: Office) -> None:
    office.parts.store.writer.do_now(SetPassword(office.ids["manager"], hash_password(PASSWORD), "test"))
    right = {"username": "manager", "password": PASSWORD}
    own, other = Person(office.parts), Person(office.parts)
    assert (await own.client.post("/login", data=right)).status_code == 303
    own.client.cookies.delete("tapfive")
    browser = own.client.cookies["tapfive_browser"]
    for number in range(FREE_TRIES):
        wrong = {"username": "manager", "password": f"wrong {number}"}
        assert (await office.stranger.client.post("/login", data=wrong)).status_code == 401
    assert (await office.stranger.client.post("/login", data=right)).status_code == 429
    # It is of this person and signed: another's, or a forged one, is a stranger's.
    for forged in (browser.replace(".", ".0"), "x", browser.partition(".")[0]):
        other.client.cookies.clear()
        other.client.cookies.set("tapfive_browser", forged)
        assert (await other.client.post("/login", data=right)).status_code == 429, forged
    assert (await own.client.post("/login", data=right)).status_code == 303
    for person in (own, other):
        await person.client.aclose()


async def test_the_browsers_tries_are_counted_too(local: Office) -> None:
    local.parts.store.writer.do_now(SetPassword(local.ids["manager"], hash_password(PASSWORD), "test"))
    own = Person(local.parts)
    assert (await own.client.post("/login", data={"username": "manager", "password": PASSWORD})).status_code == 303
    own.client.cookies.delete("tapfive")
    wrong = {"username": "manager", "password": "wrong"}
    found = [(await own.client.post("/login", data=wrong)).status_code for _ in range(FREE_TRIES + 1)]
    assert found == [401] * FREE_TRIES + [429]
    await own.client.aclose()


async def test_signing_in_ends_the_session_that_the_browser_had(local: Office) -> None:
    local.parts.store.writer.do_now(SetPassword(local.ids["manager"], hash_password(PASSWORD), "test"))
    local.session("manager")
    planted = local.manager.client.cookies["tapfive"]
    fields = {"username": "manager", "password": PASSWORD}
    signed_in = await local.manager.post("/login", **fields)
    assert (signed_in.status_code, planted in signed_in.headers["set-cookie"]) == (303, False)
    thief = Person(local.parts, "manager", planted)
    assert (await thief.get("/account")).status_code == 303
    await thief.client.aclose()


async def test_a_wrong_password_does_not_forget_where_one_wanted_to_go(local: Office) -> None:
    fields = {"username": "manager", "password": "wrong", "next": "/ratings?value_max=2"}
    assert 'value="/ratings?value_max=2"' in (await local.stranger.client.post("/login", data=fields)).text
    assert (await local.stranger.get("/login?next=//[")).status_code == 200


@pytest.mark.parametrize("ticket", ["Заказ №7", "a/b?c#d", "50%"])
async def test_the_way_to_a_ticket_is_kept_whatever_its_id(local: Office, ticket: str) -> None:
    led = await local.stranger.get(f"/tickets/{quote(ticket, safe='')}?desk=shop")
    wanted = next_page(parse_qs(urlsplit(led.headers["location"]).query)["next"][0])
    path, _, query = wanted.partition("?")
    assert (unquote(path), query) == (f"/tickets/{ticket}", "desk=shop")


async def test_who_is_lost_reads_a_page_and_a_program_a_problem(local: Office) -> None:
    for person, leads in ((local.stranger, False), (local.manager, True)):
        for path in ("/nothing", "/ratings/", "/favicon.ico", "/%ff"):
            lost = await person.get(path)
            assert (lost.status_code, "There is no such page" in lost.text) == (404, True), path
            assert ('href="/agents"' in lost.text) == leads
    program = await local.manager.get("/nothing", headers={"accept": "*/*"})
    assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")
    assert (await local.manager.post("/nothing")).headers["content-type"] == "application/problem+json"
    in_russian = await local.stranger.get("/nothing", headers={"accept-language": "ru"})
    assert 'lang="ru"' in in_russian.text


async def test_many_who_sign_in_at_once_do_not_pile_up(local: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "AT_ONCE", 2)  # each of them takes a tenth of a second
    fields = {"username": "nobody at all", "password": "x" * 20}
    waiting = [local.stranger.client.post("/login", data={**fields, "username": f"n{each}"}) for each in range(6)]
    found = sorted(answer.status_code for answer in await asyncio.gather(*waiting))
    assert found == [401] * 2 + [503] * 4
    assert (await local.stranger.client.post("/login", data=fields)).status_code == 401


async def test_who_signs_in_elsewhere_makes_no_password_of_their_own(local: Office) -> None:
    writer = local.parts.store.writer
    local.ids["ann"] = writer.do_now(AddUser("ann", Rights(Role.MANAGER), None, "test", oidc_subject="x|1"))
    ann = Person(local.parts, "ann", local.session("ann"))
    page = await ann.get("/account")
    assert ("You sign in elsewhere" in page.text, 'name="old"' in page.text) == (True, False)
    refused = await ann.post("/account/password", old="", new="a new long one")
    assert (refused.status_code, "You sign in elsewhere" in refused.text) == (422, True)
    assert (await local.stranger.client.post("/login", data={"username": "ann", "password": ""})).status_code == 401
    await ann.client.aclose()


def test_names_are_the_same_however_they_are_typed() -> None:
    assert read_name(" Ａnn ") == read_name("ANN") == "ann"
    assert read_name("ǰ") == read_name(read_name("ǰ"))  # its small letter falls apart in two
    for wrong in ("", " ", "a\nb", "a" * 101, "a" * 1_000_000):
        with pytest.raises(ValueError, match="1 to 100"):
            read_name(wrong)


async def test_wrong_passwords_are_forgotten_in_time(office: Office) -> None:
    writer = office.parts.store.writer
    for number in range(3):
        writer.do_now(TryPassword(f"n{number}"))
    office.clock.forward(FAILURES_COUNT_FOR - MINUTE)
    writer.do_now(TryPassword("late"))
    office.clock.forward(2 * MINUTE)
    writer.do_now(Clean())
    assert len(office.world.rows(login_failures)) == 1


async def test_behind_https_cookies_are_the_hosts_own(sqlite_url: str, clock: Clock) -> None:
    for public_url, name, path in (
        ("https://rate.example.com", "__Host-tapfive", "/"),
        ("https://example.com/rate", "tapfive", "/rate/"),
    ):
        parts = make_parts(sqlite_url, clock, public_url=public_url)
        parts.store.start()
        try:
            writer = parts.store.writer
            writer.do_now(AddUser(f"at {path}", Rights(Role.MANAGER), hash_password(PASSWORD), "test"))
            client = Person(parts).client
            signed_in = await client.post("/login", data={"username": f"at {path}", "password": PASSWORD})
            cookies = signed_in.headers.get_list("set-cookie")
            assert {each.partition("=")[0] for each in cookies} == {name, f"{name}_browser"}
            for cookie in cookies:
                assert {"Secure", "HttpOnly", "SameSite=lax", f"Path={path}"} <= set(cookie.split("; ")), cookie
                assert "Domain" not in cookie
            await client.aclose()
        finally:
            parts.store.stop()


# --- what was typed when a session ended ---

FROM_US = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"}


async def test_what_was_typed_outlives_the_session(local: Office) -> None:
    path, typed = "/settings/users", {"name": "Ann <b>", "role": "manager", "forms": "\nsales\nhelp", "agents": ""}
    token = csrf_of(await local.admin.get(path))
    local.parts.store.writer.do_now(SignOut(local.ids["admin"]))
    over = await local.admin.client.post(path, data={"csrf": token, **typed}, headers=FROM_US)
    assert (over.status_code, "You were signed out meanwhile" in over.text) == (401, True)
    assert 'action="/settings/users"' in over.text
    assert token not in over.text
    assert "?lang=" not in over.text  # a link to another language would lose it
    # Signed in in another tab, they send the page that they came back to: it was made before, so it is asked once more.
    local.admin.client.cookies.set("tapfive", local.session("admin", "another"))
    again = await local.admin.client.post(path, data={"csrf": "", **kept(over.text)}, headers=FROM_US)
    assert (again.status_code, "You signed in meanwhile" in again.text) == (409, True)
    assert kept(again.text) == typed
    sent = await local.admin.client.post(path, data={"csrf": csrf_of(again), **kept(again.text)}, headers=FROM_US)
    assert (sent.status_code, "may sign in now" in sent.text) == (200, True)


def kept(text: str) -> dict[str, str]:
    """The fields of the page as a browser reads them: it drops the first end of line."""
    return {
        name: unescape(value)
        for name, value in re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', text, re.DOTALL)
    }


async def test_nothing_is_kept_of_passwords_nor_for_scripts_nor_of_what_may_be_another_sites(local: Office) -> None:
    typed = {"csrf": "x", "name": "Ann", "role": "manager"}
    post = local.stranger.client.post
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "none"}, {"origin": "null"}):
        answered = await post("/settings/users", data=typed, headers=headers)
        assert (answered.status_code, answered.headers["location"]) == (303, "/login"), headers
    secret = await post("/settings/users", data={**typed, "password": "swordfish swordfish"}, headers=FROM_US)
    assert (secret.status_code, "swordfish" in secret.text) == (303, False)
    assert (await post("/logout", data={"csrf": "x"}, headers=FROM_US)).headers["location"] == "/login"
    # A script cannot show the sign-in: it is told, and does not put that page into its own.
    for mode in ("cors", "same-origin"):
        told = await post(
            "/surveys/default/texts/preview",
            data=typed,
            headers={"accept": "*/*", "sec-fetch-mode": mode, "sec-fetch-site": "same-origin"},
        )
        assert (told.status_code, told.content) == (401, b"")


async def test_an_address_that_leads_nowhere_is_a_page_for_people(local: Office) -> None:
    for person in (local.stranger, local.agent, local.owner):
        page = await person.get("/setings/users")
        assert (page.status_code, "There is no such page" in page.text, "To the start" in page.text) == (
            404,
            True,
            True,
        )
    for request in (
        local.stranger.client.get("/nothing", headers={"accept": "*/*"}),
        local.stranger.client.post("/nothing", data={"a": "b"}),
        local.stranger.client.get("/api/nothing"),
    ):
        answered = await request
        assert (answered.status_code, answered.headers["content-type"]) == (404, "application/problem+json")
