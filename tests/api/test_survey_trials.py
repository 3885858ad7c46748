"""What an admin does with a survey beside changing it: a new one, versions, what is open, previews, a test, a rehearsal."""

import asyncio
import threading
from typing import Any

import pytest

from bot.web.api import survey_trials
from ratings.store.inbound import Receive, Tapped
from ratings.store.keys import Scope
from ratings.store.pauses import RunPauses
from ratings.store.rehearsing import Rehearsed, rehearse
from ratings.store.results import Done, Failed
from ratings.store.schema import invitations, jobs, ratings
from ratings.store.trials import trial
from ratings.times import HOUR, SECOND
from tests.api.service import ACCOUNT, Service
from tests.store.world import World

ONE = "/v1/surveys/default"


async def test_a_new_survey_is_made_once(service: Service) -> None:
    made = await service.ask("POST", "/v1/surveys", json={"id": "vip", "forms": ["vip"], "version": 9})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"'), made.text
    assert made.headers["location"] == "/api/v1/surveys/vip"
    assert (made.json()["open_invitations"], made.json()["warnings"]) == ({"scheduled": 0, "asked": 0}, [])
    assert (await service.get("/v1/surveys/vip"))["forms"] == ["vip"]
    again = await service.ask("POST", "/v1/surveys", json={"id": "vip"})
    assert again.status_code == 409
    assert (await service.get("/v1/surveys/vip"))["forms"] == ["vip"]
    wrong = await service.ask("POST", "/v1/surveys", json={"id": "V I P", "scale": 5})
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"/id", "/scale"}
    refused = await service.ask("POST", "/v1/surveys", json={"id": "x"}, scope=Scope.WRITE)
    assert refused.status_code == 403


async def test_whom_nobody_can_tell_of_bad_ratings_is_warned_of_when_it_is_saved(local: Service) -> None:
    there = f"{ACCOUNT}:-100200"
    to = [there, "viber.gone:boss", "https://127.0.0.1/secret-path", "https://boss:word@hooks.example/x"]
    changed = (await local.ask("PATCH", ONE, json={"alerts": {"to": to}}, headers={"if-match": "*"})).json()
    told = {warning["pointer"]: warning["detail"] for warning in changed["warnings"]}
    assert set(told) == {"/alerts/to/1", "/alerts/to/2", "/alerts/to/3"}
    assert not [word for word in ("boss", "secret", "hooks") if word in str(told)]


async def test_a_change_says_what_it_does_to_invitations_that_are_open(local: Service) -> None:
    await local.close(1)
    local.send()
    change = {"timing": {"delay_s": 3600}, "when_paused": "cancel", "texts": {"de": {"question": "Wie war es?"}}}
    changed = (await local.ask("PATCH", ONE, json=change, headers={"if-match": "*"})).json()
    assert changed["open_invitations"] == {"scheduled": 0, "asked": 1}
    assert changed["effect"].startswith("texts: new words from now on")
    assert {warning["pointer"] for warning in changed["warnings"]} >= {"/texts/de", "/scale/choices/0/labels"}
    await local.close(2)
    local.clock.now += SECOND
    off = (await local.ask("PATCH", ONE, json={"enabled": False}, headers={"if-match": "*"})).json()
    assert off["open_invitations"] == {"scheduled": 0, "asked": 1}, (
        "what was scheduled is cancelled right after the switch"
    )
    assert off["paused_at"] is not None
    assert local.store.writer.do_now(RunPauses()) == 0
    (cancelled,) = (await local.get("/v1/invitations", state="cancelled"))["items"]
    assert cancelled["ticket"]["id"] == "T-2"
    local.clock.now += HOUR
    await local.ask("PATCH", ONE, json={"enabled": True}, headers={"if-match": "*"})
    versions = await local.get(f"{ONE}/versions")
    assert [each["version"] for each in versions["items"]] == [4, 3, 2, 1]
    assert versions["items"][1]["changed"] == ["/enabled"]
    assert versions["items"][2]["by"] == "key:admin"
    (pause,) = versions["paused"]
    assert pause["from"] == off["paused_at"]
    assert pause["to"] == versions["items"][0]["at"]


async def test_a_preview_shows_a_draft_and_stores_nothing(local: Service) -> None:
    before = await local.get(ONE)
    draft = {"texts": {"en": {"question": "How was {agent.name}, {customer.name}?"}}}
    ticket = local.ticket(1, agent={"name": "Zoe"}, customer={"name": "Ann"})
    body = {"draft": draft, "language": "en-GB", "ticket": ticket}
    response = await local.ask("POST", f"{ONE}/preview", json=body)
    assert response.status_code == 200, response.text
    shown = response.json()
    assert shown["language"] == "en"
    (telegram,) = shown["channels"]
    assert telegram["channel"] == ACCOUNT
    assert telegram["question"]["text"] == "How was Zoe, Ann?"
    assert telegram["question"]["buttons"] == [["😡", "🙁", "😐", "🙂", "😍"]]
    assert [each["value"] for each in telegram["answers"]] == [1, 2, 3, 4, 5]
    assert await local.get(ONE) == before
    wrong = {"draft": {"scale": 5}, "ticket": {"id": 5}, "colour": "red", "language": 7}
    refused = await local.ask("POST", f"{ONE}/preview", json=wrong)
    pointers = {error["pointer"] for error in refused.json()["errors"]}
    assert pointers == {"/draft/scale", "/ticket/closed_at", "/colour", "/language"}


async def test_a_test_message_is_sent_for_real_and_its_taps_count_nowhere(local: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(survey_trials, "TEST_SECONDS", 0.0)
    body = {"channel": ACCOUNT, "address": 777, "language": "en", "draft": {"texts": {"en": {"question": "Well?"}}}}
    response = await local.ask("POST", f"{ONE}/test", json=body)
    assert (response.status_code, response.json()["state"]) == (202, "waits"), "no worker runs here"
    world = World(local.store, local.clock)
    (job,) = world.claim()
    assert (job.kind, job.address, job.invitation) == ("test", "777", None)
    world.work()
    world.finish(job, Done("m1"))
    assert local.store.read_now(trial, response.json()["job"]).state == "sent"
    token = local.parts.tokens.issue(0)
    tap = Tapped(event_id="e1", sender="777", invitation_id=local.parts.tokens.read(token), value=5, tap="t")
    received = local.store.writer.do_now(Receive(ACCOUNT, (tap,)))
    assert received.outcomes == ("test",)
    assert "не сохраняется" in received.acknowledgments[0].text
    assert (world.rows(ratings), world.rows(invitations)) == ([], [])
    wrong = await local.ask("POST", f"{ONE}/test", json={"channel": "viber.none"})
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"/channel", "/address"}


async def test_a_test_message_that_failed_says_why(local: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(survey_trials, "_LOOK_EVERY", 0.01)
    world = World(local.store, local.clock)
    asked = asyncio.create_task(local.ask("POST", f"{ONE}/test", json={"channel": ACCOUNT, "address": "777"}))
    while not world.rows(jobs, kind="test"):  # noqa: ASYNC110 - the row is what the request writes
        await asyncio.sleep(0.01)
    (job,) = world.claim()
    world.finish(job, Failed("recipient_gone", again=False, text="blocked"))
    answered = (await asked).json()
    assert (answered["state"], answered["code"], answered["detail"]) == ("failed", "recipient_gone", "blocked")


async def test_a_rehearsal_tells_what_a_draft_would_have_asked(local: Service) -> None:
    for number in range(4):
        await local.close(number, agent={"id": "7", "name": "Anna"}, priority="low" if number % 2 else "high")
    local.clock.now += SECOND
    body = {"draft": {"ask_when": {"field": "priority", "is": "high"}}, "days": 7}
    response = await local.ask("POST", f"{ONE}/rehearse", json=body)
    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["survey"], found["closings"], found["asked"], found["was_asked"]) == ("default", 4, 2, 4)
    assert found["reasons"] == [{"reason": "condition_not_met", "skipped": 2, "was_skipped": 0}]
    assert found["agents"] == [{"id": "7", "name": "Anna", "closings": 4, "asked": 2, "was_asked": 4}]
    assert found["channels"] == [{"channel": ACCOUNT, "closings": 4, "asked": 2, "was_asked": 4}]
    refused = await local.ask("POST", f"{ONE}/rehearse", json={"days": 0})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/days"]


async def test_of_two_rehearsals_at_once_one_is_refused(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def rehearse_slowly(*arguments: Any, **more: Any) -> Rehearsed:
        begun.set()
        assert go_on.wait(30)
        return rehearse(*arguments, **more)

    monkeypatch.setattr(survey_trials, "rehearse", rehearse_slowly)
    first = asyncio.create_task(local.ask("POST", f"{ONE}/rehearse", json={}))
    assert await asyncio.to_thread(begun.wait, 30)
    assert (await local.ask("POST", f"{ONE}/rehearse", json={})).status_code == 409
    go_on.set()
    assert (await first).status_code == 200
    assert (await local.ask("POST", f"{ONE}/rehearse", json={})).status_code == 200
