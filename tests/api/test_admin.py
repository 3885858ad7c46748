"""What admins look after by the API: accounts that are held, jobs that failed, what was changed, and one customer's data."""

from typing import Any

from ratings.store.claims import Claim
from ratings.store.results import Failed, Finish
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.api.service import ACCOUNT, Service

HOLD, RELEASE = f"/v1/channels/{ACCOUNT}/hold", f"/v1/channels/{ACCOUNT}/release"


def claim(service: Service) -> Any:
    service.clock.forward(SECOND)
    operation = Claim(ACCOUNT, 100, 1000, 1000, 60_000, idempotent=False, acknowledge_within=None)
    return service.store.writer.do_now(operation).jobs


def fail(service: Service, code: str = "rejected") -> int:
    """Let the only message that is due fail; return its job."""
    (job,) = claim(service)
    failed = Failed(code, again=False, text="the chat was not found", platform_code="400")
    service.store.writer.do_now(Finish(job.job_id, job.attempt_id, failed, service.clock(), idempotent=False))
    return int(job.job_id)


async def post(service: Service, path: str, body: Any = None) -> Any:
    response = await service.ask("POST", path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def get(service: Service, path: str) -> Any:
    response = await service.ask("GET", path)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def test_an_account_is_held_and_released(service: Service) -> None:
    await service.close(1)
    held = await post(service, HOLD)
    assert (held["held_by"], held["waiting"], held["mode"]) == ("key:admin", 1, "send-only")
    service.clock.forward(MINUTE)
    assert claim(service) == ()
    (invitation,) = (await service.get("/v1/invitations"))["items"]
    assert (invitation["state"], invitation["state_reason"]) == ("scheduled", "held")
    released = await post(service, RELEASE)
    assert (released["held_at"], released["held_by"]) == (None, None)
    assert len(claim(service)) == 1
    assert (await service.ask("POST", "/v1/channels/viber.shop/hold")).status_code == 404
    desk = await post(service, "/v1/desks/generic.shop/hold")
    assert desk["held_by"] == "key:admin"
    changes = await get(service, "/v1/audit?kind=channel&kind=desk")
    assert [(change["what"], change["object"]) for change in changes] == [
        ("held", "generic.shop"),
        ("released", ACCOUNT),
        ("held", ACCOUNT),
    ]


async def test_what_failed_says_why_and_is_put_back(service: Service) -> None:
    await service.close(1, customer={"name": "Ann"})
    job = fail(service)
    (shown,) = await get(service, "/v1/jobs")
    assert (shown["id"], shown["kind"], shown["state"], shown["code"]) == (job, "prompt", "failed", "rejected")
    assert (shown["text"], shown["platform_code"], shown["tries"]) == ("the chat was not found", "400", 1)
    assert (shown["customer"], shown["ticket"]["id"], shown["invitation_state"]) == ("Ann", "T-1", "undeliverable")
    assert await get(service, "/v1/jobs?state=unknown") == []
    assert await get(service, "/v1/jobs?code=unreachable") == []
    assert len(await get(service, f"/v1/jobs?code=rejected&account={ACCOUNT}&kind=prompt")) == 1
    (channel,) = await get(service, "/v1/channels")
    assert (channel["failed"], channel["last_error"]["code"]) == (1, "rejected")
    assert await post(service, f"/v1/jobs/{job}/replay") == {"jobs": 1, "left": 0}
    assert (await service.ask("POST", f"/v1/jobs/{job}/replay")).status_code == 404
    assert len(claim(service)) == 1


async def test_what_may_have_arrived_wants_a_word_more(service: Service) -> None:
    await service.close(1)
    job = fail(service, "outcome_unknown")
    refused = await service.ask("POST", f"/v1/jobs/{job}/replay")
    assert (refused.status_code, "twice" in refused.json()["detail"]) == (409, True)
    assert await post(service, "/v1/jobs/replay", {"account": ACCOUNT}) == {"jobs": 0, "left": 1}
    assert await post(service, f"/v1/jobs/{job}/replay", {"twice": True}) == {"jobs": 1, "left": 0}
    assert [job.kind for job in claim(service)] == ["prompt"]


async def test_lists_are_read_page_by_page(service: Service) -> None:
    for number in range(5):
        await service.close(number, address={"channel": ACCOUNT, "id": str(number)})
        service.clock.forward(HOUR)
        fail(service)
    for path in ("/v1/jobs", "/v1/audit"):
        found: list[int] = []
        cursor = ""
        while True:
            response = await service.ask("GET", f"{path}?limit=2{cursor}")
            answered = response.json()
            found += [item["id"] for item in answered["items"]]
            if answered["next"] is None:
                break
            cursor = f"&cursor={answered['next']}"
        assert (len(found), found) == (len(set(found)), sorted(found, reverse=True)), path
    assert (await service.ask("GET", "/v1/jobs?cursor=x")).status_code == 422


async def test_every_change_stands_in_the_audit_log_without_secrets(service: Service) -> None:
    made = await service.ask("POST", "/v1/endpoints", json={"url": "https://93.184.216.34/secret-path"})
    endpoint, secret = made.json()["id"], made.json()["secret"]
    await service.ask("PATCH", f"/v1/endpoints/{endpoint}", json={"state": "paused"})
    rotated = await service.ask("POST", f"/v1/endpoints/{endpoint}/rotate", json={})
    await service.ask("DELETE", f"/v1/endpoints/{endpoint}")
    version = (await service.ask("GET", "/v1/surveys/default")).headers["etag"]
    body = {"enabled": False, "alerts": {"value_max": 2, "to": ["telegram.support:77001"]}}
    await service.ask("PATCH", "/v1/surveys/default", json=body, headers={"if-match": version})
    response = await service.ask("GET", "/v1/audit")
    told = [(item["by"], item["what"], item["kind"]) for item in response.json()["items"]]
    assert told[:5] == [
        ("key:admin", "changed", "survey"),
        ("key:admin", "removed", "endpoint"),
        ("key:admin", "new secret", "endpoint"),
        ("key:admin", "changed", "endpoint"),
        ("key:admin", "created", "endpoint"),
    ]
    survey, _, _, paused, _, *keys = response.json()["items"]
    assert (survey["before"]["enabled"], survey["after"]["enabled"]) == (True, False)
    assert (paused["before"], paused["after"]) == ({"state": "active"}, {"state": "paused"})
    assert {item["kind"] for item in keys} == {"key"}
    for hidden in (secret, rotated.json()["secret"], "secret-path", "77001", *service.keys.values()):
        assert hidden not in response.text


async def test_a_customer_is_found_given_out_and_erased(service: Service) -> None:
    await service.close(1, customer={"id": "7", "name": "Ann", "email": "ann@x.example"})
    who = {"customer": "7"}
    found = await post(service, "/v1/customers/find", who)
    assert (found["names"], found["tickets"], found["customer_ids"]) == (["Ann"], 1, ["api:7"])
    known = await post(service, "/v1/customers/export", {"email": "ANN@x.example"})
    assert known["tickets"][0]["ticket"]["customer"]["name"] == "Ann"
    assert await post(service, "/v1/customers/erase", who) == {"tickets": 1, "cancelled": 1}
    assert (await post(service, "/v1/customers/find", who))["tickets"] == 0
    changes = await get(service, "/v1/audit?kind=customer")
    assert [change["what"] for change in changes] == ["erased", "exported"]
    assert "ann" not in str(changes).lower()


async def test_periods_of_keeping_are_shown_tried_and_set_one_by_one(service: Service) -> None:
    await service.close(1)
    service.clock.forward(100 * DAY)

    async def shown() -> Any:
        return (await service.ask("GET", "/v1/retention")).json()

    periods: dict[str, int | None] = {
        "personal_data_days": None,
        "comments_days": None,
        "inbound_days": None,
        "audit_days": None,
    }
    assert await shown() == periods
    tried = await post(service, "/v1/retention/preview", {"personal_data_days": 90})
    assert tried["periods"] == {**periods, "personal_data_days": 90}
    assert (tried["erases"]["tickets"], await shown()) == (1, periods)
    steps: list[dict[str, int | None]] = [
        {"personal_data_days": 90},
        {"comments_days": 30},
        {"personal_data_days": None},
        {},
    ]
    for changes in steps:
        periods |= changes  # what a change does not name stays
        answered = await service.ask("PATCH", "/v1/retention", json=changes)
        assert (answered.status_code, answered.json(), await shown()) == (200, periods, periods)
    for wrong in ({"personal_data_days": 29}, {"comments_days": True}, {"audit_days": "30"}, {"inbound_days": 366}):
        assert (await service.ask("PATCH", "/v1/retention", json=wrong)).status_code == 422
    noted = await get(service, "/v1/audit?kind=setting")
    assert [(each["by"], each["object"], each["after"]["comments_days"]) for each in noted] == [
        ("key:admin", "retention", 30),
        ("key:admin", "retention", 30),
        ("key:admin", "retention", None),
    ]
