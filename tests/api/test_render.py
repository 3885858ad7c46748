"""Closing notices that a desk sends itself, by the API."""

import re
from typing import Any

import pytest

from ratings.store.keys import Scope
from ratings.times import HOUR, MINUTE, format_instant
from tests.api.service import Service

RENDER, CLOSED = "/v1/render", "/v1/tickets/closed"
VARIABLE = "${satisfaction:rating}"
MAIL = {"id": "T-7", "customer": {"id": "c-1", "email": "ann@example.com", "language": "en"}}


async def render(service: Service, ticket: dict[str, Any] | None = None, **parts: str) -> dict[str, Any]:
    response = await service.ask("POST", RENDER, scope=Scope.WRITE, json={"ticket": ticket or MAIL, **parts})
    assert response.status_code == 200, response.text
    rendered: dict[str, Any] = response.json()
    return rendered


def links(text: str) -> list[str]:
    return re.findall(r"https://rate\.example/r/[a-z2-7]{34}/\d", text)


async def test_the_variable_becomes_five_links_in_html_and_in_text(public: Service) -> None:
    done = await render(public, html=f"<p>Done &amp; closed</p>{VARIABLE}<p>Bye</p>", text=f"Done\n{VARIABLE}\nBye")
    assert done["decision"] == "ask"
    assert [link[-1] for link in links(done["html"])] == ["1", "2", "3", "4", "5", "0"]  # the last is the trap
    assert [link[-1] for link in links(done["text"])] == ["1", "2", "3", "4", "5"]
    assert VARIABLE not in done["html"] + done["text"]
    assert done["html"].startswith("<p>Done &amp; closed</p><table")
    assert done["html"].endswith("<p>Bye</p>")
    assert "5 - Excellent: https://rate.example/r/" in done["text"]


@pytest.mark.parametrize(("notice", "first"), [(f"<b>Done</b> {VARIABLE}", "<b>Done</b> <table"), (VARIABLE, "1 - ")])
async def test_a_notice_is_html_when_it_has_a_tag(public: Service, notice: str, first: str) -> None:
    assert (await render(public, notice=notice))["notice"].startswith(first)


async def test_who_is_asked_counts_as_asked_now_and_the_later_closing_finds_it(public: Service) -> None:
    done = await render(public, text=VARIABLE)
    (item,) = (await public.get("/v1/invitations", ticket="T-7"))["items"]
    assert (item["id"], item["state"], item["delivery"]) == (done["invitation"], "asked", "accepted")
    assert item["asked_at"] == format_instant(public.clock.now)
    assert item["channel"] == "notice.api"
    public.clock.forward(MINUTE)
    closed = {
        **MAIL,
        "closed_at": format_instant(public.clock.now),
        "address": {"channel": "telegram.support", "id": "9"},
    }
    reported = await public.ask("POST", CLOSED, scope=Scope.WRITE, json=closed)
    assert (reported.status_code, reported.json()["invitation"]) == (200, done["invitation"])
    public.clock.forward(HOUR)
    again = await public.ask("POST", CLOSED, scope=Scope.WRITE, json=closed)
    assert (again.status_code, again.json()["invitation"]) == (200, done["invitation"])


async def test_rendering_again_gives_the_same_links(public: Service) -> None:
    first = await render(public, text=VARIABLE)
    public.clock.forward(MINUTE)
    again = await render(public, text=VARIABLE)
    assert (again["text"], again["invitation"]) == (first["text"], first["invitation"])


async def test_the_closing_with_its_id_finds_the_decision(public: Service) -> None:
    done = await render(public, {**MAIL, "closing_id": "c7"}, text=VARIABLE)
    closed = {**MAIL, "closing_id": "c7", "closed_at": format_instant(public.clock.now)}
    reported = await public.ask("POST", CLOSED, scope=Scope.WRITE, json=closed)
    assert (reported.status_code, reported.json()["invitation"]) == (200, done["invitation"])


async def test_a_skip_leaves_nothing_in_the_place_and_stands_for_the_closing(public: Service) -> None:
    done = await render(public, {**MAIL, "ask": False}, html=f"<p>Done{VARIABLE}</p>")
    assert (done["decision"], done["reason"], done["html"]) == ("skip", "ask_false", "<p>Done</p>")
    closed = {
        **MAIL,
        "closed_at": format_instant(public.clock.now),
        "address": {"channel": "telegram.support", "id": "9"},
    }
    reported = (await public.ask("POST", CLOSED, scope=Scope.WRITE, json=closed)).json()
    assert (reported["decision"], reported["reason"]) == ("skip", "ask_false")


async def test_without_the_variable_nobody_is_asked_and_nothing_changes(public: Service) -> None:
    notice = "<p>Done</p>\n  ${satisfaction} "
    done = await render(public, html=notice)
    assert done == {"decision": None, "reason": None, "invitation": None, "due_at": None, "html": notice}
    assert (await public.get("/v1/invitations"))["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ticket": MAIL}, "/notice"),
        ({"html": VARIABLE}, "/ticket"),
        ({"html": 5, "ticket": MAIL}, "/html"),
        ({"html": VARIABLE, "ticket": {}}, "/ticket/id"),
        ({"html": VARIABLE * 11, "ticket": MAIL}, "/html"),
        ({"html": VARIABLE, "ticket": MAIL, "format": "html"}, "/format"),
        ([], ""),
    ],
)
async def test_every_wrong_field_is_named(public: Service, body: Any, pointer: str) -> None:
    response = await public.ask("POST", RENDER, scope=Scope.WRITE, json=body)
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert (await public.get("/v1/invitations"))["items"] == []


async def test_without_a_public_address_it_says_so_and_decides_nothing(service: Service) -> None:
    response = await service.ask("POST", RENDER, scope=Scope.WRITE, json={"text": VARIABLE, "ticket": MAIL})
    assert response.status_code == 422
    assert "public_url" in response.text
    assert (await service.get("/v1/invitations"))["items"] == []


async def test_a_read_key_renders_nothing(public: Service) -> None:
    response = await public.ask("POST", RENDER, scope=Scope.READ, json={"text": VARIABLE, "ticket": MAIL})
    assert response.status_code == 403
