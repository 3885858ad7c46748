"""Votes with their evidence, and staff who overrule it, by the API."""

import pytest

from ratings.links import LinkKind, Timings, Visit
from ratings.store.keys import Scope
from ratings.store.link_votes import PageVote, RecordHit, RunSettlements
from ratings.times import MINUTE, SECOND
from tests.api.service import Service

TIMINGS = Timings(10 * SECOND, 60 * SECOND, 15 * MINUTE)


async def robbed(service: Service) -> int:
    """Return an invitation that a program voted on."""
    number: int = (await service.close(1))["invitation"]
    service.send()
    writer = service.store.writer
    for value in (1, 2, 3, 4, 5):
        writer.do_now(RecordHit(number, value, "GET", Visit("Scanner/1")))
        writer.do_now(PageVote(number, value, None, LinkKind.AUTO, Visit("Scanner/1"), TIMINGS))
    service.clock.forward(20 * MINUTE)
    writer.do_now(RunSettlements(TIMINGS))
    return number


async def test_votes_are_shown_with_what_spoke_against_them(service: Service) -> None:
    number = await robbed(service)
    shown = await service.get(f"/v1/invitations/{number}/votes")
    assert [(vote["value"], vote["state"]) for vote in shown["votes"]] == [(v, "quarantined") for v in (1, 2, 3, 4, 5)]
    assert all("many_values" in vote["evidence"] for vote in shown["votes"])
    assert {hit["agent"] for hit in shown["hits"]} == {"Scanner/1"}
    assert (await service.get("/v1/ratings"))["items"] == []
    assert [item["state"] for item in (await service.get("/v1/ratings", state="quarantined"))["items"]] == [
        "quarantined"
    ]
    summary = await service.get("/v1/summary")
    assert (summary["ratings"], summary["states"]["quarantined"], summary["csat"]) == (0, 1, None)


async def test_staff_overrules_and_the_history_says_who_and_why(service: Service) -> None:
    number = await robbed(service)
    path = f"/v1/invitations/{number}/overrule"
    response = await service.ask("POST", path, json={"state": "confirmed", "why": "the customer called"})
    assert response.status_code == 200, response.text
    assert [vote["state"] for vote in response.json()["votes"]].count("confirmed") == 1
    told = [item for item in response.json()["history"] if item["what"] == "overruled"]
    assert [(item["old"], item["new"], item["by"]) for item in told] == [
        ("quarantined", "confirmed: the customer called", "api:admin")
    ]
    assert [item["value"] for item in (await service.get("/v1/ratings"))["items"]] == [5]
    back = await service.ask("POST", path, json={"state": "quarantined", "why": "it was a scanner after all"})
    assert back.status_code == 200
    assert (await service.get("/v1/ratings"))["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"state": "withdrawn", "why": "x"}, "/state"),
        ({"state": "confirmed"}, "/why"),
        ({"state": "confirmed", "why": " "}, "/why"),
    ],
)
async def test_wrong_words_change_nothing(service: Service, body: dict[str, str], pointer: str) -> None:
    number = await robbed(service)
    response = await service.ask("POST", f"/v1/invitations/{number}/overrule", json=body)
    assert (response.status_code, [error["pointer"] for error in response.json()["errors"]]) == (422, [pointer])


async def test_only_an_admin_overrules_and_only_what_there_is(service: Service) -> None:
    number: int = (await service.close(1))["invitation"]
    body = {"state": "confirmed", "why": "because"}
    for scope in (Scope.READ, Scope.WRITE):
        response = await service.ask("POST", f"/v1/invitations/{number}/overrule", scope=scope, json=body)
        assert response.status_code == 403
    assert (await service.ask("POST", f"/v1/invitations/{number}/overrule", json=body)).status_code == 409
    for unknown in ("999999", "0", "x", "٣", "9" * 30):
        assert (await service.ask("GET", f"/v1/invitations/{unknown}/votes")).status_code == 404
