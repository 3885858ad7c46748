"""Endpoints by the API: secrets shown once, private addresses refused, every wrong field named."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from bot import clock as system_clock
from bot.assembly import running
from ratings.reports.lists import list_events
from ratings.times import format_instant
from tests.api.service import Service, make_parts
from tests.conftest import Clock
from tests.receiver import Receiver, receiving, saying

PUBLIC = "https://93.184.216.34/tapfive/secret-path"


@pytest.fixture
async def open_service(store_url: str) -> AsyncIterator[Service]:
    """A service that works, may post to loopback, and whose clock is the system's: receivers compare."""
    clock = Clock(system_clock.now())
    parts = make_parts(store_url, clock, allow_private_hooks=True)
    async with running(parts, work=True):
        started = Service(parts, clock)
        yield started
        await started.client.aclose()


async def create(service: Service, url: str = PUBLIC, **more: Any) -> dict[str, Any]:
    response = await service.ask("POST", "/v1/endpoints", json={"url": url, **more})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def read(service: Service, path: str) -> Any:
    response = await service.ask("GET", path)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_secret_is_shown_when_it_is_made_and_never_again(service: Service) -> None:
    created = await create(service, types=["rating.received"], description="CRM")
    secret = created.pop("secret")
    assert secret.startswith("whsec_")
    assert created == {
        "id": created["id"],
        "url": PUBLIC,
        "types": ["rating.received"],
        "description": "CRM",
        "state": "active",
        "reason": None,
        "position": 0,
        "waiting": 0,
        "failing_since": None,
        "tries": 0,
        "next_at": None,
        "old_secrets_until": [],
        "created_at": format_instant(service.clock.now),
        "created_by": "key:admin",
    }
    one = f"/v1/endpoints/{created['id']}"
    rotated = (await service.ask("POST", f"{one}/rotate", json={"keep_s": 60})).json()
    assert rotated.pop("secret") != secret
    assert rotated["old_secrets_until"] == [format_instant(service.clock.now + 60_000)]
    changed = (await service.ask("PATCH", one, json={"types": None, "state": "paused"})).json()
    assert (changed["types"], changed["state"], changed["description"]) == (None, "paused", "CRM")
    assert await read(service, one) == changed
    assert await read(service, "/v1/endpoints") == {"items": [changed], "next": None}
    assert (await read(service, f"{one}/deliveries")) == {"items": [], "next": None}
    deleted = await service.ask("DELETE", one)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await service.ask("GET", one)).status_code == 404


async def test_a_repeated_creation_makes_one(local: Service) -> None:
    answers = [
        (await local.ask("POST", "/v1/endpoints", json={"url": PUBLIC}, headers={"Idempotency-Key": '"k"'})).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len((await read(local, "/v1/endpoints"))["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/url"]),
        ([], [""]),
        ({"url": None}, ["/url"]),
        ({"url": ""}, ["/url"]),
        ({"url": "https://a.example/" + "x" * 2000}, ["/url"]),
        ({"url": PUBLIC, "types": []}, ["/types"]),
        ({"url": PUBLIC, "types": ["rating.received", "x", "rating.received"]}, ["/types/1", "/types/2"]),
        ({"url": PUBLIC, "since": -1, "state": "disabled", "description": 5}, ["/description", "/state", "/since"]),
        ({"url": PUBLIC, "since": 1}, ["/since"]),
        ({"url": PUBLIC, "since": True}, ["/since"]),
        ({"url": PUBLIC, "secret": "x"}, ["/secret"]),
        ({"url": "http://93.184.216.34/"}, ["/url"]),
        ({"url": "https://ann:secret@example.com/"}, ["/url"]),
        ({"url": "https://127.0.0.1/"}, ["/url"]),
        ({"url": "https://[::ffff:10.0.0.1]/"}, ["/url"]),
        ({"url": "https://169.254.169.254/latest"}, ["/url"]),
    ],
)
async def test_every_wrong_field_is_named(local: Service, body: Any, pointers: list[str]) -> None:
    response = await local.ask("POST", "/v1/endpoints", json=body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == pointers
    assert "secret@" not in response.text


async def test_a_name_that_leads_inside_is_refused_when_it_is_saved(
    local: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def inside(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "192.168.0.7"]

    created = await create(local)
    monkeypatch.setattr(local.parts.guard, "look_up", inside)
    for method, path in (("POST", "/v1/endpoints"), ("PATCH", f"/v1/endpoints/{created['id']}")):
        response = await local.ask(method, path, json={"url": "https://crm.example/"})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/url"


async def test_without_the_endpoint_there_is_nothing(local: Service) -> None:
    for method, path in (
        ("GET", "/v1/endpoints/7"),
        ("PATCH", "/v1/endpoints/7"),
        ("DELETE", "/v1/endpoints/7"),
        ("POST", "/v1/endpoints/7/rotate"),
        ("POST", "/v1/endpoints/7/test"),
        ("GET", "/v1/endpoints/7/deliveries"),
    ):
        for missing in (path, path.replace("7", "x"), path.replace("7", "0")):
            assert (await local.ask(method, missing, json={})).status_code == 404


async def test_a_rotation_says_how_long(local: Service) -> None:
    one = f"/v1/endpoints/{(await create(local))['id']}"
    for keep in (-1, 604_801, "60", None, 1.5):
        response = await local.ask("POST", f"{one}/rotate", json={"keep_s": keep})
        assert [error["pointer"] for error in response.json()["errors"]] == ["/keep_s"]
    for _ in range(4):
        assert (await local.ask("POST", f"{one}/rotate", json={})).status_code == 200
    assert (await local.ask("POST", f"{one}/rotate", json={})).status_code == 409


async def test_a_test_message_is_signed_and_answers_what_came(open_service: Service) -> None:
    async with receiving(saying(418)) as receiver:
        created = await create(open_service, receiver.url)
        one = f"/v1/endpoints/{created['id']}"
        tested = [(await open_service.ask("POST", f"{one}/test")).json() for _ in range(2)]
    assert [(each["ok"], each["status"]) for each in tested] == [(False, 418), (True, 204)]
    assert tested[0]["reply"].startswith("no, thanks")
    for message in receiver.messages:
        assert Webhook(created["secret"]).verify(message.body, message.headers)["type"] == "endpoint.test"
        assert message.id.startswith("test_")
    gone = (await open_service.ask("POST", f"{one}/test")).json()
    assert (gone["ok"], gone["status"], gone["problem"]) == (False, None, "no connection to 127.0.0.1")
    assert (await read(open_service, f"{one}/deliveries"))["items"] == []


async def test_the_running_service_posts_what_happens(open_service: Service) -> None:
    """All of it together: the API, the numbers, the worker, the receiver."""
    came = asyncio.Event()
    receiver: Receiver

    async def listen(_message: object) -> None:
        if len(receiver.messages) == 2:
            came.set()

    async with receiving(listen) as receiver:
        created = await create(open_service, receiver.url)
        # Asked later: nothing goes out to a messenger meanwhile.
        later = {"timing": {"delay_s": 3600}}
        headers = {"If-Match": '"1"'}
        assert (await open_service.ask("PATCH", "/v1/surveys/default", json=later, headers=headers)).status_code == 200
        for number in (1, 2):
            await open_service.close(number)
            assert (await open_service.ask("POST", "/v1/tickets/reopened", json={"id": f"T-{number}"})).json() == {
                "cancelled": 1
            }
        async with asyncio.timeout(60):
            await came.wait()
        shown = (await open_service.store.read(list_events, since=0)).items
    assert [Webhook(created["secret"]).verify(each.body, each.headers)["data"] for each in receiver.messages] == shown
