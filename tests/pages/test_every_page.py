"""Every page, as everybody: who is let in, forms without the token, headers, whole HTML, no secret in sight."""

import re
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from bot.web.pages.shell import _Endpoint
from bot.web.pages.visit import HEADERS
from ratings.rights import Right, Role, Viewer, may
from tests.pages.markup import problems_of
from tests.pages.office import Office, csrf_of
from tests.pages.places import EVERYBODY, PLACES, Want, address, examples

_PARAMETER = re.compile(r"\{[^}]*\}")
ODD_QUERY = "lang=%00&q=%00&rated_from=0001-01-01&value=-1&period=%5B&cursor=%ED%A0%80&next=//%5B"
SIGNS_OUT = ("/logout",)


def handlers(office: Office) -> dict[str, set[str]]:
    """Every address of a page that the service has, and what it takes."""
    rest: Any = office.parts.application._rest
    return {
        route.path: set(route.endpoint._handlers) - {"HEAD"}
        for route in rest.routes
        if isinstance(getattr(route, "endpoint", None), _Endpoint)
    }


def lets_in(want: Want, name: str) -> bool:
    """True for whoever has the right."""
    if want == EVERYBODY:
        return True
    if name == "stranger":
        return False
    return not isinstance(want, Right) or may(Viewer(1, name, Role(name)), want)


def secrets_of(value: object) -> set[str]:
    """Every secret in the settings."""
    if isinstance(value, SecretStr):
        return {value.get_secret_value()} - {""}
    if isinstance(value, BaseModel):
        return secrets_of(dict(value))
    if isinstance(value, dict):
        return secrets_of(list(value.values()))
    return {each for one in value for each in secrets_of(one)} if isinstance(value, list | tuple) else set()


async def test_every_page_is_in_the_list(local: Office) -> None:
    listed = {
        path: {method for method, want in (("GET", place.get), ("POST", place.post)) if want is not None}
        for path, place in PLACES.items()
    }
    assert handlers(local) == listed, "tests/pages/places.py lists every page with the right it wants"


async def test_every_page_lets_in_whom_it_should_and_is_whole(local: Office) -> None:
    filled = examples(local)
    settings = local.parts.settings
    hidden = secrets_of([settings.server, settings.store, settings.oidc, dict(settings.channels), dict(settings.desks)])
    assert len(hidden) == 4
    problems: list[str] = []
    for path, place in PLACES.items():
        if place.get is None:
            continue
        where = address(path, place, filled)
        for name, person in local.roles.items():
            if place.get == EVERYBODY and name != "stranger":
                continue  # some lead on whoever is signed in already
            allowed = lets_in(place.get, name)
            if allowed and place.endless:
                continue
            response = await person.get(where)
            wanted = place.status if allowed else 303 if name == "stranger" else 403
            if response.status_code != wanted:
                problems.append(f"{name} at {where}: {response.status_code}, not {wanted}")
            if wanted == 303 and not response.headers.get("location", "").startswith("/login"):
                problems.append(f"{name} at {where} is led to {response.headers.get('location')}")
            problems += [f"{name} at {where}: {each}" for each in flaws(response, hidden, signed_in=name != "stranger")]
    assert problems == []


async def test_no_form_is_taken_from_strangers_from_the_wrong_role_or_without_its_token(local: Office) -> None:
    filled = examples(local)
    problems: list[str] = []
    for path, place in PLACES.items():
        if place.post is None:
            continue
        where = address(path, place, filled)
        for name, person in local.roles.items():
            if place.post == EVERYBODY and name == "stranger":
                continue
            response = await person.client.post(where, data={"x": "1"})
            wanted = 303 if name == "stranger" else 403
            if response.status_code != wanted:
                problems.append(f"{name} sends to {where}: {response.status_code}, not {wanted}")
            title = "The form is too old" if lets_in(place.post, name) else "This page is not for you"
            if name != "stranger" and title not in response.text:
                problems.append(f"{name} sends to {where}: not {title!r}")
    assert problems == []


async def test_what_does_not_exist_and_what_nobody_would_send_is_no_failure(local: Office) -> None:
    filled = examples(local)
    token = csrf_of(await local.owner.get("/account"))
    odd = dict.fromkeys(("id", "job", "value", "version", "days", "after_days", "months", "number"), "9" * 40)
    problems: list[str] = []
    for path, place in PLACES.items():
        wheres = [_PARAMETER.sub(each, path) for each in (str(2**63), "0")] if ":int}" in path else []
        wheres += [_PARAMETER.sub(each, path) for each in ("%00", "%C3%A9[")] if "{" in path and not wheres else []
        asked = [] if place.get is None or place.endless else [*wheres, oddly(address(path, place, filled))]
        problems += [where for where in asked if (await local.owner.get(where)).status_code >= 500]
        if place.post is None or path in SIGNS_OUT:
            continue
        for where in (*wheres, address(path, place, filled)):
            answered = await local.owner.client.post(where, data={"csrf": token, **odd})
            problems += [f"POST {where}"] if answered.status_code >= 500 else []
    assert problems == []


def oddly(where: str) -> str:
    """Return an address with a query that no page of ours leads to."""
    return f"{where}{'&' if '?' in where else '?'}{ODD_QUERY}"


def flaws(response: httpx.Response, hidden: set[str], *, signed_in: bool) -> list[str]:
    """What is wrong with an answer, whatever it says."""
    found = [f"no header {name}" for name, value in HEADERS.items() if response.headers.get(name) != value]
    found += [f"a secret of the settings: {each[:6]}…" for each in hidden if each in response.text]
    if response.headers.get("content-type", "").startswith("text/html"):
        found += problems_of(response.text, tokens=signed_in)
        if "<script>alert" in response.text or "<b>&" in response.text:
            found.append("a customer's words as HTML")
    return found


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<p><b>x</p>", "closes"),
        ('<p id="a"></p><p id="a"></p>', "twice"),
        ('<input name="a">', "no label"),
        ('<label for="a">A</label><input id="b">', "no label"),
        ('<label for="a">A</label>', "nothing has the id"),
        ("<script>x</script>", "a script within"),
        ('<p style="color: red"></p>', "style within"),
        ('<p onclick="x"></p>', "onclick"),
        ('<a href="javascript:x">x</a>', "javascript"),
        ('<form method="post"></form>', "no token"),
        ("<h1>two</h1>", "2 headings"),
    ],
)
def test_the_reader_of_pages_sees_what_is_wrong(html: str, problem: str) -> None:
    frame = '<!doctype html><html lang="en"><head><title>A · Tapfive</title></head><body><h1>A</h1>{}</body></html>'
    assert problems_of(frame.format("<p>x<br></p>")) == []
    assert problem in " ".join(problems_of(frame.format(html)))


def test_every_place_says_what_it_is() -> None:
    assert all(place.get or place.post for place in PLACES.values())
    assert all("{" not in path or place.at for path, place in PLACES.items())
