"""A ticket's ledger says why it was asked about or not; recovery shows both ratings."""

from ratings.store.keys import Scope
from ratings.times import DAY, HOUR, MINUTE, format_instant
from tests.api.service import ACCOUNT, Service

ETAG = {"if-match": "*"}


async def change(service: Service, **survey: object) -> None:
    response = await service.ask("PATCH", "/v1/surveys/default", json=survey, headers=ETAG)
    assert response.status_code == 200, response.text


async def test_a_ticket_shows_each_decision_with_its_rule_and_the_next_chance(service: Service) -> None:
    await change(service, rules={"every_s": 7 * 86400}, timing={"delay_s": 3600})
    asked = await service.close(1, closing_id="a")
    await service.ask("POST", "/v1/tickets/reopened", json={"id": "T-1"}, scope=Scope.WRITE)
    service.clock.forward(MINUTE)
    again = await service.close(1, closing_id="b")
    other = await service.close(2, address={"channel": ACCOUNT, "id": "91"})
    ledger = await service.get("/v1/tickets/T-1/ledger")
    newest, oldest = ledger["closings"]
    assert (ledger["desk"], ledger["id"], ledger["reopened_at"] is None) == ("api", "T-1", False)
    assert [newest["id"], oldest["id"]] == [again["invitation"], asked["invitation"]]
    assert (oldest["state"], oldest["state_reason"]) == ("cancelled", "reopened")
    assert [(act["what"], act["state"], act["by"]) for act in newest["acts"]] == [("prompt", "due", ACCOUNT)]
    (skipped,) = (await service.get("/v1/tickets/T-2/ledger"))["closings"]
    assert (skipped["id"], skipped["reason"], skipped["detail"]["rule"]) == (
        other["invitation"],
        "asked_recently",
        "every_s",
    )
    assert skipped["next_at"] == format_instant(service.clock.now - MINUTE + HOUR + 7 * DAY)


async def test_a_ticket_that_nobody_closed(local: Service) -> None:
    for path in ("/v1/tickets/T-9/ledger", "/v1/tickets/a/b%2Fc/ledger?desk=pyrus.main"):
        response = await local.ask("GET", path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"


async def test_held_prompts_are_counted_by_what_holds_them(service: Service) -> None:
    await service.close(1)
    await change(service, enabled=False)
    service.send()
    closed = (await service.get("/v1/summary"))["closed"]
    assert (closed["states"], closed["held"]) == ({"scheduled": 1}, {"survey_off": 1})


async def test_recovery_is_a_pair_of_ratings_with_the_time_between(service: Service) -> None:
    assert (await service.get("/v1/summary"))["recovery"]["rate"] is None, "no data is not 0"
    first = (await service.close(1, closing_id="a", agent={"id": "7", "name": "Anna"}))["invitation"]
    service.send()
    service.rate(first, 1, 1)
    rated_at = service.clock.now
    await service.ask("POST", "/v1/tickets/reopened", json={"id": "T-1"}, scope=Scope.WRITE)
    service.clock.forward(HOUR)
    second = (await service.close(1, closing_id="b", agent={"id": "8", "name": "Boris"}))["invitation"]
    service.send()
    (waiting,) = (await service.get("/v1/recovery"))["items"]
    assert (waiting["recovered"], waiting["time_to_recovery_s"]) == (None, None)
    service.clock.forward(HOUR)
    service.rate(second, 1, 5)
    (pair,) = (await service.get("/v1/recovery", agent="8", rated_from=format_instant(rated_at)))["items"]
    assert (pair["first"]["value"], pair["first"]["agent"]["name"]) == (1, "Anna")
    assert (pair["second"]["value"], pair["second"]["agent"]["name"]) == (5, "Boris")
    assert (pair["recovered"], pair["time_to_recovery_s"]) == (True, 7200)
    summary = await service.get("/v1/summary")
    assert summary["recovery"] == {"asked_again": 1, "answered": 1, "recovered": 1, "rate": 100.0, "median_s": 7200}
    assert summary["ratings"] == 2, "both are kept"
