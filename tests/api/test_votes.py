"""Votes with their evidence, and staff who overrule it, by the API."""

import pytest

from ratings.links import LinkKind, Timings, Visit
from ratings.store.keys import Scope
from ratings.store.link_votes import PageVote, RecordHit, RunSettlements
from ratings.times import DAY, MINUTE, SECOND
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
        ("quarantined", "confirmed: the customer called", "key:admin")
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


async def test_staff_corrects_a_rating_and_no_words_of_the_customer(service: Service) -> None:
    number = (await service.close(1))["invitation"]
    path = f"/v1/invitations/{number}/rating"
    early = await service.ask("POST", path, json={"value": 4, "why": "x"})
    assert early.status_code == 409
    service.send()
    service.rate(number, 1, 1, "the courier was rude")
    service.clock.forward(20 * DAY)
    response = await service.ask("POST", path, json={"value": 4, "why": "she meant the courier"})
    assert response.status_code == 200, response.text
    told = response.json()["history"][-1]
    assert (told["old"], told["new"], told["by"], told["why"]) == ("1", "4", "key:admin", "she meant the courier")
    assert [(vote["value"], vote["source"]) for vote in response.json()["votes"]] == [(1, "tap"), (4, "staff")]
    (item,) = (await service.get("/v1/ratings"))["items"]
    assert (item["value"], item["comment"]) == (4, "the courier was rude")
    beyond = await service.ask("POST", path, json={"value": 9, "why": "x"})
    assert (beyond.status_code, [each["pointer"] for each in beyond.json()["errors"]]) == (422, ["/value"])
    assert (await service.ask("POST", "/v1/invitations/7/rating", json={"value": 4, "why": "x"})).status_code == 404
    (invitation,) = (await service.get("/v1/invitations"))["items"]
    assert invitation["desk_result"] is None


async def test_what_a_desk_has_of_a_rating_and_what_waits_for_it(service: Service) -> None:
    number = (await service.close(1, desk="generic.shop"))["invitation"]
    service.rate(number, 1, 1)
    nothing: dict[str, object] = {"outcome": None, "tag": None, "value": None, "written_at": None, "refused": []}
    (item,) = (await service.get("/v1/invitations"))["items"]
    assert item["desk_result"] == {**nothing, "waiting": 1, "error": None}
    shown = await service.ask("GET", "/v1/desks")
    (desk,) = shown.json()["items"]
    assert desk["oldest"]
    assert {**desk, "oldest": None} == {
        "name": "generic.shop",
        "kind": "generic",
        "held_at": None,
        "held_by": None,
        "waiting": 1,
        "failed": 0,
        "oldest": None,
        "last_error": None,
    }
    assert (await service.ask("POST", "/v1/desks/generic.shop/retry")).json() == desk
    assert (await service.ask("POST", "/v1/desks/api/retry")).status_code == 404
