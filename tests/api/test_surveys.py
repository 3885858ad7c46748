"""Surveys read and changed; the switch."""

import asyncio

from bot.web.api.survey_operations import SURVEY_COMPONENTS
from ratings.store.keys import Scope
from ratings.store.surveys import load_survey_version
from tests.api.service import Service

ONE = "/v1/surveys/default"


async def test_a_survey_has_its_version_as_etag(service: Service) -> None:
    response = await service.ask("GET", ONE, scope=Scope.READ)
    assert (response.status_code, response.headers["etag"], response.json()["version"]) == (200, '"1"', 1)
    assert await service.get("/v1/surveys") == {"items": [response.json()], "next": None}
    assert set(response.json()) == set(SURVEY_COMPONENTS["Survey"]["properties"])


async def test_the_switch_acts_from_the_next_decision_on(service: Service) -> None:
    before = await service.close(1)
    off = await service.ask("PATCH", ONE, json={"enabled": False}, headers={"if-match": '"1"'})
    assert (off.status_code, off.headers["etag"], off.json()["enabled"]) == (200, '"2"', False)
    while_off = await service.close(2)
    on = await service.ask("PATCH", ONE, json={"enabled": True}, headers={"if-match": off.headers["etag"]})
    assert on.status_code == 200
    after = await service.close(3)
    assert [before["decision"], while_off["decision"], after["decision"]] == ["ask", "skip", "ask"]
    assert while_off["reason"] == "survey_off"
    assert await service.close(2) == while_off, "a decision never changes"


async def test_a_change_keeps_what_it_does_not_name(service: Service) -> None:
    old = await service.get(ONE)
    change = {
        "name": "Shop",
        "texts": {"ru": {"question": "Оцените, пожалуйста"}},
        "ask_when": {"field": "priority", "in": ["high", "urgent"]},
        "timing": {"delay_s": 60},
    }
    response = await service.ask("PATCH", ONE, json=change, headers={"if-match": '"1"'})
    assert response.status_code == 200, response.text
    wanted = {**old, **change, "version": 2, "timing": {**old["timing"], "delay_s": 60}}
    assert set(response.json()) - set(wanted) == {"open_invitations", "effect", "warnings"}
    assert {key: response.json()[key] for key in wanted} == wanted
    assert await service.get(ONE) == wanted
    told = {key: response.json()[key] for key in ("name", "paused_at", "open_invitations", "effect", "warnings")}
    again = await service.ask("PATCH", ONE, json=told, headers={"if-match": '"2"'})
    assert (again.status_code, again.headers["etag"]) == (200, '"2"'), "what was answered can be sent back"
    assert (await service.close(1, priority="low"))["reason"] == "condition_not_met"
    assert (await service.close(2, priority="high"))["decision"] == "ask"
    before = await service.store.read(load_survey_version, "default", 1)
    assert before.name == old["name"], "the decisions of version 1 keep it"


async def test_a_change_needs_the_version_that_was_read(service: Service) -> None:
    missing = await service.ask("PATCH", ONE, json={"name": "A"})
    assert missing.status_code == 428
    for stale in ('"0"', '"2"', 'W/"1"', "1", '"11"', '"a", "b"'):
        refused = await service.ask("PATCH", ONE, json={"name": "A"}, headers={"if-match": stale})
        assert (refused.status_code, refused.headers["etag"]) == (412, '"1"'), stale
    listed = await service.ask("PATCH", ONE, json={"name": "A"}, headers={"if-match": '"7", "1"'})
    assert (listed.status_code, listed.headers["etag"]) == (200, '"2"')
    whatever = await service.ask("PATCH", ONE, json={"name": "B"}, headers={"if-match": "*"})
    assert (whatever.status_code, whatever.headers["etag"]) == (200, '"3"')
    same = await service.ask("PATCH", ONE, json={"name": "B"}, headers={"if-match": '"3"'})
    assert (same.status_code, same.headers["etag"]) == (200, '"3"'), "nothing changed: no new version"


async def test_of_two_changes_at_once_one_is_made(service: Service) -> None:
    answers = await asyncio.gather(
        *(service.ask("PATCH", ONE, json={"name": name}, headers={"if-match": '"1"'}) for name in "ABCDEFGH")
    )
    made = [answer for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert (await service.get(ONE))["name"] == made[0].json()["name"]


async def test_what_is_wrong_is_all_named_and_nothing_is_changed(service: Service) -> None:
    change = {
        "id": "other",
        "enabled": "yes",
        "texts": {"ru": {"question": "{who}"}, "??": {}},
        "timing": {"delay_s": -1, "delay": 5},
        "ask_when": {"field": "colour", "is": "red"},
    }
    response = await service.ask("PATCH", ONE, json=change, headers={"if-match": '"1"'})
    assert response.status_code == 422
    assert {error["pointer"] for error in response.json()["errors"]} == {
        "/id",
        "/enabled",
        "/texts/ru/question",
        "/texts/??",
        "/timing/delay_s",
        "/timing/delay",
        "/ask_when/field",
    }
    assert (await service.get(ONE))["version"] == 1


async def test_a_change_is_signed_with_the_keys_name(local: Service) -> None:
    from sqlalchemy import text  # noqa: PLC0415 - only this test looks below the reports

    await local.ask("PATCH", ONE, json={"name": "A"}, headers={"if-match": '"1"'})
    by = local.store.read_now(
        lambda connection: connection.execute(text("SELECT created_by FROM survey_versions")).all()
    )
    assert [row[0] for row in by] == ["migration", "key:admin"]


async def test_what_is_no_survey(local: Service) -> None:
    headers = {"if-match": '"1"'}
    assert (await local.ask("PATCH", ONE, content=b"{", headers=headers)).status_code == 400
    assert (await local.ask("PATCH", ONE, json=[], headers=headers)).status_code == 422
    assert (await local.ask("PATCH", ONE, data={"enabled": "1"}, headers=headers)).status_code == 415
    assert (await local.ask("PATCH", "/v1/surveys/nobody", json={}, headers=headers)).status_code == 404
    merge = {**headers, "content-type": "application/merge-patch+json"}
    assert (await local.ask("PATCH", ONE, content=b"{}", headers=merge)).status_code == 200


async def test_addresses_of_staff_are_for_those_who_set_them(service: Service) -> None:
    private = {"alerts": {"to": ["email.support:head@acme.example"]}, "rules": {"staff": ["*@acme.example"]}}
    changed = await service.ask("PATCH", ONE, json=private, headers={"if-match": '"1"'})
    assert changed.status_code == 200
    for path in (ONE, "/v1/surveys"):
        assert "acme.example" not in (await service.ask("GET", path, scope=Scope.READ)).text
        assert "head@acme.example" in (await service.ask("GET", path)).text
    log = (await service.ask("GET", "/v1/audit")).text
    assert '"staff"' in log
    assert "acme.example" not in log


async def test_null_goes_back_to_the_default(service: Service) -> None:
    await service.ask("PATCH", ONE, json={"language": "pl", "greeting": True}, headers={"if-match": "*"})
    back = await service.ask("PATCH", ONE, json={"language": None, "greeting": None}, headers={"if-match": "*"})
    assert (back.json()["language"], back.json()["greeting"]) == ("ru", False)
