"""Tickets closed, one and many, and reopened."""

import asyncio
import json
from typing import Any

import pytest

from bot.web.api.errors import ApiProblem
from bot.web.api.idempotency import read_key
from bot.web.api.tickets import MAX_TICKETS
from ratings.rules import decide
from ratings.store.keys import Scope
from ratings.store.writer import StoreBusy
from ratings.ticket import Ticket
from ratings.times import DAY, HOUR, format_instant
from tests.api.service import MAX_BODY, Service

CLOSED, BATCH, REOPENED = "/v1/tickets/closed", "/v1/tickets/closed/batch", "/v1/tickets/reopened"


async def test_a_closing_is_decided_once(service: Service) -> None:
    ticket = service.ticket(1)
    first = await service.ask("POST", CLOSED, scope=Scope.WRITE, json=ticket)
    assert first.status_code == 202
    assert first.json() == {
        "decision": "ask",
        "reason": None,
        "invitation": first.json()["invitation"],
        "due_at": format_instant(service.clock.now),
    }
    service.clock.forward(HOUR)
    again = await service.ask("POST", CLOSED, scope=Scope.WRITE, json={**ticket, "ask": False, "priority": "low"})
    assert (again.status_code, again.json()) == (200, first.json())


async def test_a_skip_has_its_reason(service: Service) -> None:
    decided = await service.close(1, ask=False)
    stored = (await service.get("/v1/invitations", ticket="T-1"))["items"][0]["id"]
    assert decided == {"decision": "skip", "reason": "ask_false", "invitation": stored, "due_at": None}
    unknown = await service.close(2, address={"channel": "viber.shop", "id": "1"})
    assert (unknown["decision"], unknown["reason"]) == ("skip", "channel_unknown")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/vnd.desk+json", ""])
async def test_json_may_be_called_so_or_not_at_all(local: Service, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    body = json.dumps(local.ticket(1)).encode()
    assert (await local.ask("POST", CLOSED, content=body, headers=headers)).status_code == 202


@pytest.mark.parametrize("path", [CLOSED, BATCH, REOPENED])
async def test_what_is_no_json(local: Service, path: str) -> None:
    assert (await local.ask("POST", path, data={"id": "1"})).status_code == 415
    for body in (b"", b"{", b"\xff", b'{"id": "\\ud800"}', b"NaN", b"[" * (MAX_BODY - 1)):
        response = await local.ask("POST", path, content=body)
        assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(("encoding", "status"), [("identity", 202), ("Identity ", 202), ("gzip", 415), ("br", 415)])
async def test_a_body_comes_as_it_is(local: Service, encoding: str, status: int) -> None:
    response = await local.ask("POST", CLOSED, json=local.ticket(1), headers={"content-encoding": encoding})
    assert response.status_code == status
    assert response.headers.get("accept-encoding") == ("identity" if status == 415 else None)


async def test_a_deep_ticket_harms_no_other(local: Service) -> None:
    deep = json.dumps({**local.ticket(2), "zzz": 0}).replace('"zzz": 0', f'"zzz": {"[" * 900}{"]" * 900}')
    body = f"[{json.dumps(local.ticket(1))}, {deep}]"
    response = await local.ask("POST", BATCH, content=body)
    assert response.status_code == 200
    first, second = response.json()["items"]
    assert (first["decision"], second["status"]) == ("ask", 422)
    assert second["errors"][0]["pointer"] == "/1/fields"


async def test_a_body_over_the_limit(local: Service) -> None:
    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * MAX_BODY

    for path in (CLOSED, REOPENED):
        assert (await local.ask("POST", path, content=b" " * (MAX_BODY + 1))).status_code == 413
        assert (await local.ask("POST", path, content=b" " * MAX_BODY)).status_code == 400
    assert (await local.ask("POST", BATCH, content=b" " * (MAX_BODY * 16 + 1))).status_code == 413
    assert (await local.ask("POST", BATCH, content=b" " * (MAX_BODY * 16))).status_code == 400
    assert (await local.ask("POST", BATCH, content=chunks())).status_code == 413


async def test_a_batch_answers_in_order_and_no_bad_one_harms_another(service: Service) -> None:
    stands = await service.close(2)
    bad = {"id": "T-3", "closed_at": "never", "talk_s": -1}
    found = [service.ticket(1), service.ticket(2), bad, 17, service.ticket(4, ask=False), service.ticket(1)]
    response = await service.ask("POST", BATCH, scope=Scope.WRITE, json=found)
    assert response.status_code == 200
    first, second, third, fourth, fifth, sixth = response.json()["items"]
    assert (first["decision"], second, fifth["reason"]) == ("ask", stands, "ask_false")
    assert sixth == first
    assert (third["status"], fourth["status"]) == (422, 422)
    assert [error["pointer"] for error in third["errors"]] == ["/2/closed_at", "/2/talk_s"]
    assert fourth["errors"][0]["pointer"] == "/3"
    stored = await service.get("/v1/invitations")
    assert {item["ticket"]["id"] for item in stored["items"]} == {"T-1", "T-2", "T-4"}


async def test_the_size_of_a_batch(local: Service) -> None:
    empty = await local.ask("POST", BATCH, json=[])
    assert (empty.status_code, empty.json()) == (200, {"items": []})
    most = await local.ask("POST", BATCH, json=[0] * MAX_TICKETS)
    assert (most.status_code, len(most.json()["items"])) == (200, MAX_TICKETS)
    assert (await local.ask("POST", BATCH, json=[0] * (MAX_TICKETS + 1))).status_code == 422


async def test_one_ticket_that_cannot_be_stored_does_not_hide_the_others(
    local: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide_but_one(ticket: Ticket, *rest: Any) -> Any:
        if ticket.id == "T-2":
            raise RuntimeError("the disk is full")
        return decide(ticket, *rest)

    monkeypatch.setattr("ratings.store.closings.decide", decide_but_one)
    response = await local.ask("POST", BATCH, json=[local.ticket(1), local.ticket(2), local.ticket(3)])
    assert response.status_code == 200
    assert [item.get("status", item.get("decision")) for item in response.json()["items"]] == ["ask", 500, "ask"]


async def test_a_reopen_cancels_what_is_not_answered(service: Service) -> None:
    answered, open_one = await service.close(1), await service.close(2)
    service.rate(answered["invitation"], 1, 5)
    for number, cancelled in ((1, 0), (2, 1), (2, 0), (3, 0)):
        body = {"id": f"T-{number}", "reopened_at": format_instant(service.clock.now)}
        response = await service.ask("POST", REOPENED, scope=Scope.WRITE, json=body)
        assert (response.status_code, response.json()) == (200, {"cancelled": cancelled})
    states = {item["id"]: item["state"] for item in (await service.get("/v1/invitations"))["items"]}
    assert states == {answered["invitation"]: "answered", open_one["invitation"]: "cancelled"}


async def test_a_full_store_says_when_to_come_again(local: Service) -> None:
    local.parts.store.writer._max_waiting = 0
    for path, body in ((CLOSED, local.ticket(1)), (BATCH, [local.ticket(1)]), (REOPENED, {"id": "T-1"})):
        response = await local.ask("POST", path, json=body)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")


# --- Idempotency-Key ------------------------------------------------------------------------------------------------


async def test_a_failure_is_not_kept_under_the_key(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_ticket: Any) -> Any:
        raise StoreBusy

    headers = {"idempotency-key": "k1"}
    with monkeypatch.context() as patched:
        patched.setattr(local.parts.closings, "close", fail)
        assert (await local.ask("POST", CLOSED, json=local.ticket(1), headers=headers)).status_code == 503
    again = await local.ask("POST", CLOSED, json=local.ticket(1), headers=headers)
    assert (again.status_code, "idempotency-replayed" in again.headers) == (202, False)


async def test_a_key_replays_status_and_body(service: Service) -> None:
    headers = {"idempotency-key": '"8e03978e-40d5"'}
    first = await service.ask("POST", CLOSED, json=service.ticket(1), headers=headers)
    again = await service.ask("POST", CLOSED, json=service.ticket(1), headers={"idempotency-key": "8e03978e-40d5"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    other = await service.ask("POST", CLOSED, json=service.ticket(2), headers=headers)
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert (await service.get("/v1/invitations", ticket="T-2"))["items"] == []
    service.clock.forward(DAY)
    assert (await service.ask("POST", CLOSED, json=service.ticket(2), headers=headers)).status_code == 202


async def test_a_key_belongs_to_an_api_key_and_a_path(service: Service) -> None:
    headers = {"idempotency-key": "same"}
    for scope, path, body in (
        (Scope.WRITE, CLOSED, service.ticket(1)),
        (Scope.ADMIN, CLOSED, service.ticket(2)),
        (Scope.WRITE, BATCH, [service.ticket(3)]),
        (Scope.WRITE, REOPENED, {"id": "T-1"}),
    ):
        response = await service.ask("POST", path, scope=scope, json=body, headers=headers)
        assert response.status_code in {200, 202}
        assert "idempotency-replayed" not in response.headers


async def test_a_refusal_is_replayed_as_well(service: Service) -> None:
    answers = [
        await service.ask("POST", CLOSED, json={"id": "T-1"}, headers={"idempotency-key": "bad"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert answers[1].headers["idempotency-replayed"] == "true"


async def test_while_the_first_runs_the_second_waits(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    close, entered, go_on = local.parts.closings.close, asyncio.Event(), asyncio.Event()

    async def slowly(ticket: Any) -> Any:
        entered.set()
        await go_on.wait()
        return await close(ticket)

    monkeypatch.setattr(local.parts.closings, "close", slowly)
    headers = {"idempotency-key": "slow"}
    first = asyncio.create_task(local.ask("POST", CLOSED, json=local.ticket(1), headers=headers))
    await entered.wait()
    second = await local.ask("POST", CLOSED, json=local.ticket(1), headers=headers)
    other = await local.ask("POST", CLOSED, json=local.ticket(2), headers=headers)
    assert (second.status_code, second.headers["retry-after"], other.status_code) == (409, "1", 422)
    go_on.set()
    assert (await first).status_code == 202
    replayed = await local.ask("POST", CLOSED, json=local.ticket(1), headers=headers)
    assert (replayed.status_code, replayed.headers["idempotency-replayed"]) == (202, "true")


@pytest.mark.parametrize(
    ("found", "key"),
    [
        ([], None),
        (['"a b"'], "a b"),
        (["a-b"], "a-b"),
        ([r'"a\"b\\"'], 'a"b\\'),
        (["x" * 200], "x" * 200),
    ],
)
def test_how_a_key_may_be_written(found: list[str], key: str | None) -> None:
    assert read_key(found) == key


@pytest.mark.parametrize(
    "found", [[""], ['""'], ["x" * 201], ['"a'], ['a"b'], [r'"a\b"'], ["ключ"], ["a", "b"], ["a\tb"]]
)
def test_how_a_key_may_not_be_written(found: list[str]) -> None:
    with pytest.raises(ApiProblem) as raised:
        read_key(found)
    assert raised.value.status == 400
