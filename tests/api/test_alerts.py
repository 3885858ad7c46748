"""Alerts by the API: for admins alone, with what became of each, and the secret of a receiver."""

from typing import Any

import pytest
from standardwebhooks import Webhook

from bot.alerts import hook_secret
from ratings.store.alerts import SayAlerts
from ratings.store.claims import Claim
from ratings.store.keys import Scope
from ratings.store.results import Failed, Finish
from ratings.store.surveys import SaveSurvey
from ratings.survey import DEFAULT_SURVEY, parse_survey
from ratings.times import MINUTE
from tests.api.service import ACCOUNT, Service

NOBODY = "email.nobody:head@example.org"
CHIEF = f"{ACCOUNT}:-100"


async def alerts(service: Service, **parameters: str) -> dict[str, Any]:
    response = await service.ask("GET", "/v1/alerts", params=parameters)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_each_alert_says_what_became_of_it(service: Service) -> None:
    change = {"alerts": {"value_max": 2, "to": [NOBODY, CHIEF], "hours": {}}}
    service.store.writer.do_now(SaveSurvey(parse_survey(change, base=DEFAULT_SURVEY), None, "test"))
    asked = await service.close(1, url="https://desk.example/1", subject="Printer")
    service.send()
    service.rate(asked["invitation"], 1, 2)
    assert service.store.writer.do_now(SayAlerts(0, "UTC", frozenset({ACCOUNT}))) == 1
    claim = Claim(ACCOUNT, 1000, 1e6, 1e6, MINUTE, idempotent=False, acknowledge_within=None)
    for job in service.store.writer.do_now(claim).jobs:
        outcome = Failed("recipient_gone", again=False, text="the bot is not in the chat", platform_code="403")
        service.store.writer.do_now(Finish(job.job_id, job.attempt_id, outcome, service.clock.now, idempotent=False))
    [to_chief, to_nobody] = (await alerts(service))["items"]
    assert [to_chief[name] for name in ("destination", "state", "problem", "detail", "tries", "said_at")] == [
        CHIEF,
        "failed",
        "recipient_gone",
        "the bot is not in the chat",
        1,
        None,
    ]
    assert [to_nobody[name] for name in ("destination", "state", "problem", "value", "reason")] == [
        NOBODY,
        "waiting",
        "account_not_configured",
        2,
        "value",
    ]
    assert to_nobody["ticket"]["subject"] == "Printer"
    first = await alerts(service, limit="1")
    assert first["items"] == [to_chief]
    assert await alerts(service, limit="1", cursor=str(first["next"])) == {"items": [to_nobody], "next": None}
    assert (await service.ask("GET", "/v1/alerts", params={"cursor": "x"})).status_code == 422


async def test_alerts_are_for_admins(local: Service) -> None:
    for path in ("/v1/alerts", "/v1/alerts/secret?url=https://crm.example.com/"):
        assert (await local.ask("GET", path, scope=Scope.WRITE)).status_code == 403


@pytest.mark.parametrize("url", ["", "ftp://crm.example.com/", "https://127.0.0.1/", "https://u:p@crm.example.com/"])
async def test_a_url_that_nothing_is_posted_to_has_no_secret(local: Service, url: str) -> None:
    assert (await local.ask("GET", "/v1/alerts/secret", params={"url": url})).status_code == 422


async def test_the_secret_of_a_receiver(local: Service) -> None:
    url = "https://crm.example.com/alerts?a=1"
    shown = (await local.ask("GET", "/v1/alerts/secret", params={"url": url})).json()
    assert shown == {"url": url, "secret": hook_secret(b"s" * 40, url)}
    Webhook(shown["secret"])
