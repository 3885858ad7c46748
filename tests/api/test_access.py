"""The same ladder for every operation: no key 401, a small one 403, something wrong 422, else an answer."""

import json
import logging
import re
from typing import Any

import pytest

from bot.web.api.operations import COMPONENTS
from ratings.store.keys import RevokeKey, Scope
from tests.api.service import Service

OPERATIONS: list[tuple[str, str, Scope, Any, list[str]]] = [
    (
        "POST",
        "/v1/tickets/closed",
        Scope.WRITE,
        {"kind": "letter", "closed_at": "yesterday"},
        ["/id", "/closed_at", "/kind"],
    ),
    ("POST", "/v1/tickets/closed/batch", Scope.WRITE, {"id": "1"}, [""]),
    ("POST", "/v1/tickets/reopened", Scope.WRITE, {"desk": "a b", "reopened_at": 7}, ["/id", "/desk", "/reopened_at"]),
    ("POST", "/v1/render", Scope.WRITE, {"html": 1, "ticket": {}, "mail": ""}, ["/html", "/ticket/id", "/mail"]),
    ("GET", "/v1/invitations/1/votes?limit=1", Scope.READ, None, ["/limit"]),
    ("POST", "/v1/invitations/1/overrule", Scope.ADMIN, {"state": "maybe", "who": "me"}, ["/state", "/why", "/who"]),
    ("GET", "/v1/ratings?limit=0&value=x&stars=5", Scope.READ, None, ["/limit", "/value", "/stars"]),
    (
        "GET",
        "/v1/invitations?reason=mood&state=confirmed&limit=1001",
        Scope.READ,
        None,
        ["/reason", "/state", "/limit"],
    ),
    (
        "GET",
        "/v1/ratings/export?format=ods&headers=de&columns=mood&sort=asked&stars=5",
        Scope.READ,
        None,
        ["/sort", "/stars", "/columns", "/format", "/headers"],
    ),
    ("GET", "/v1/summary?rated_from=soon&limit=5", Scope.READ, None, ["/rated_from", "/limit"]),
    ("GET", "/v1/tickets/T-1/ledger?desk=a&desk=b&limit=5", Scope.READ, None, ["/desk", "/limit"]),
    ("GET", "/v1/recovery?rated_from=soon&value=1", Scope.READ, None, ["/rated_from", "/value"]),
    ("GET", "/v1/events?since=-1&survey=default", Scope.READ, None, ["/since", "/survey"]),
    ("POST", "/v1/tickets/closed?dry_run=1", Scope.WRITE, {}, ["/dry_run"]),
    ("POST", "/v1/tickets/closed/batch?limit=5", Scope.WRITE, [], ["/limit"]),
    ("POST", "/v1/tickets/reopened?limit=5", Scope.WRITE, {}, ["/limit"]),
    ("POST", "/v1/surveys", Scope.ADMIN, {"id": "A B", "share": 1}, ["/id", "/share"]),
    ("GET", "/v1/surveys/default/versions?limit=5", Scope.READ, None, ["/limit"]),
    (
        "POST",
        "/v1/surveys/default/preview",
        Scope.ADMIN,
        {"draft": {"scale": 5}, "lang": "ru"},
        ["/draft/scale", "/lang"],
    ),
    ("POST", "/v1/surveys/default/test", Scope.ADMIN, {"channel": "pigeon.post"}, ["/channel", "/address"]),
    ("POST", "/v1/surveys/default/rehearse", Scope.ADMIN, {"days": "all"}, ["/days"]),
    ("PATCH", "/v1/surveys/default?force=1", Scope.ADMIN, {}, ["/force"]),
    ("GET", "/v1/endpoints?state=active", Scope.ADMIN, None, ["/state"]),
    ("POST", "/v1/endpoints", Scope.ADMIN, {"types": "all", "secret": "x"}, ["/url", "/types", "/secret"]),
    ("GET", "/v1/endpoints/1?limit=5", Scope.ADMIN, None, ["/limit"]),
    ("PATCH", "/v1/endpoints/1", Scope.ADMIN, {"state": "disabled", "id": 1}, ["/state", "/id"]),
    ("DELETE", "/v1/endpoints/1?force=1", Scope.ADMIN, None, ["/force"]),
    ("POST", "/v1/endpoints/1/rotate", Scope.ADMIN, {"keep_s": "long"}, ["/keep_s"]),
    ("POST", "/v1/endpoints/1/test?type=x", Scope.ADMIN, {}, ["/type"]),
    ("GET", "/v1/endpoints/1/deliveries?ok=1&limit=0", Scope.ADMIN, None, ["/ok", "/limit"]),
    ("GET", "/v1/alerts?state=said&limit=0", Scope.ADMIN, None, ["/state", "/limit"]),
    ("GET", "/v1/alerts/secret?url=crm&limit=5", Scope.ADMIN, None, ["/limit", "/url"]),
    ("POST", "/v1/invitations/1/rating", Scope.ADMIN, {"value": "5", "who": "me"}, ["/value", "/why", "/who"]),
    ("GET", "/v1/desks?limit=5", Scope.ADMIN, None, ["/limit"]),
    ("POST", "/v1/desks/pyrus.main/retry?all=1", Scope.ADMIN, {}, ["/all"]),
    ("POST", "/v1/desks/pyrus.main/hold?for=1h", Scope.ADMIN, {}, ["/for"]),
    ("POST", "/v1/desks/pyrus.main/release?all=1", Scope.ADMIN, {}, ["/all"]),
    ("GET", "/v1/channels?limit=5", Scope.ADMIN, None, ["/limit"]),
    ("POST", "/v1/channels/telegram.support/hold?for=1h", Scope.ADMIN, {}, ["/for"]),
    ("POST", "/v1/channels/telegram.support/release?all=1", Scope.ADMIN, {}, ["/all"]),
    ("GET", "/v1/jobs?state=due&kind=letter&limit=0", Scope.ADMIN, None, ["/state", "/kind", "/limit"]),
    ("POST", "/v1/jobs/1/replay", Scope.ADMIN, {"twice": "yes", "kind": "prompt"}, ["/twice", "/kind"]),
    ("POST", "/v1/jobs/replay", Scope.ADMIN, {"kind": "letter", "account": ""}, ["/kind", "/account"]),
    ("GET", "/v1/audit?who=me&limit=0", Scope.ADMIN, None, ["/who", "/limit"]),
    ("POST", "/v1/customers/find", Scope.ADMIN, {"address": "7", "name": "Ann"}, ["/channel", "/name"]),
    ("POST", "/v1/customers/export", Scope.ADMIN, {"desk": "api", "email": ""}, ["", "/customer"]),
    ("POST", "/v1/customers/erase", Scope.ADMIN, {"email": 7}, ["/email"]),
    ("GET", "/v1/retention?limit=5", Scope.ADMIN, None, ["/limit"]),
    ("PATCH", "/v1/retention", Scope.ADMIN, {"comments_days": 0, "votes_days": 9}, ["/comments_days", "/votes_days"]),
    ("POST", "/v1/retention/preview", Scope.ADMIN, [], [""]),
    ("GET", "/v1/surveys?limit=5", Scope.READ, None, ["/limit"]),
    ("GET", "/v1/surveys/default?version=1", Scope.READ, None, ["/version"]),
    ("PATCH", "/v1/surveys/default", Scope.ADMIN, {"enabled": 1, "colour": "red"}, ["/enabled", "/colour"]),
]
NAMES = {"survey_id": "default", "ticket_id": "T-1", "name": "pyrus.main", "account": "telegram.support"}
PATHS = [pytest.param(*operation, id=f"{operation[0]} {operation[1]}") for operation in OPERATIONS]


@pytest.mark.parametrize(("method", "path", "scope", "wrong", "pointers"), PATHS)
async def test_the_ladder_of_an_operation(
    local: Service, method: str, path: str, scope: Scope, wrong: Any, pointers: list[str]
) -> None:
    anonymous = await local.ask(method, path, scope=None, json=wrong)
    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    for smaller in Scope:
        if not smaller.allows(scope):
            refused = await local.ask(method, path, scope=smaller, json=wrong)
            assert refused.status_code == 403
            assert f"needs the scope {scope.value}" in refused.json()["detail"]
    wrong_one = await local.ask(method, path, scope=scope, json=wrong, headers={"if-match": '"1"'})
    assert wrong_one.status_code == 422, wrong_one.text
    assert wrong_one.headers["content-type"] == "application/problem+json"
    assert {error["pointer"] for error in wrong_one.json()["errors"]} == set(pointers)


async def test_the_table_above_has_every_operation(local: Service) -> None:
    published = (await local.client.get("/openapi.json")).json()
    described = {
        (method.upper(), re.sub(r"{(\w+)}", lambda name: NAMES.get(name[1], "1"), path))
        for path, methods in published["paths"].items()
        for method in methods
    }
    assert described == {(method, path.partition("?")[0]) for method, path, *_ in OPERATIONS}


async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(local: Service) -> None:
    live = local.keys[Scope.READ]
    key_id = live.split("_")[1]
    local.store.writer.do_now(RevokeKey("write", "test"))
    given = [
        None,
        "",
        "Bearer",
        f"Basic {live}",
        f"Bearer {live[:-1]}",
        f"Bearer {live}x",
        f"Bearer tf_{key_id}_",
        f"Bearer tf_00000000_{'a' * 43}",
        f"Bearer {local.keys[Scope.WRITE]}",
        "Bearer tf_\xff\xfe",
        f"Bearer {live}, Bearer {live}",
    ]
    bodies = set()
    for authorization in given:
        headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
        response = await local.client.request("GET", "/v1/ratings", headers=headers)
        bodies.add((response.status_code, response.content, response.headers["www-authenticate"]))
    assert len(bodies) == 1
    assert bodies.pop()[0] == 401


async def test_a_key_that_is_revoked_ends_at_once(service: Service) -> None:
    assert (await service.ask("GET", "/v1/ratings", scope=Scope.READ)).status_code == 200
    service.store.writer.do_now(RevokeKey("read", "test"))
    assert (await service.ask("GET", "/v1/ratings", scope=Scope.READ)).status_code == 401


async def test_what_is_not_there_and_what_does_not_go_are_problems(local: Service) -> None:
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/surveys/nobody", 404),
        ("GET", "/v1/tickets/closed", 405),
        ("POST", "/v1/tickets/closed/", 404),
        ("DELETE", "/v1/surveys/default", 405),
    ):
        response = await local.ask(method, path)
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
        assert response.json()["status"] == status
    assert "POST" in (await local.ask("GET", "/v1/tickets/closed")).headers["allow"]


async def test_a_failure_is_answered_and_logged_without_its_text(
    local: Service,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise RuntimeError("row of anna@example.com")

    monkeypatch.setattr("bot.web.api.reports.list_ratings", fail)
    with caplog.at_level(logging.DEBUG):
        response = await local.ask("GET", "/v1/ratings")
    logged = caplog.text + "".join(capsys.readouterr())
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert "anna" not in response.text + logged
    assert "RuntimeError" in logged


async def test_answers_are_for_no_cache(local: Service) -> None:
    for path in ("/v1/ratings", "/v1/surveys/default", "/v1/nothing?x=1"):
        response = await local.ask("GET", path)
        assert response.headers["cache-control"] == "no-store"


async def test_the_page_shows_every_operation_and_schema_and_loads_nothing(local: Service) -> None:
    page = await local.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    published = (await local.client.get("/openapi.json")).json()
    for path in published["paths"]:
        assert path in page.text
    for name in COMPONENTS:
        assert f"id='schema-{name}'" in page.text
    assert "<script" not in page.text
    assert not re.search(r"(src|href)=['\"]?(https?:)?//", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_document_says_where_the_api_is(local: Service) -> None:
    document = (await local.client.get("/openapi.json")).json()
    assert document["servers"] == [{"url": "/api"}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert json.dumps(document).count("HTTPValidationError") == 0
    assert all("401" in operation["responses"] for path in document["paths"].values() for operation in path.values())
