"""The list of surveys: its switch acts at once and says what it did; a new survey begins switched off."""

from dataclasses import replace

import pytest

from bot.web.pages.surveys.listing import free_id
from ratings.store.schema import invitations
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import Survey, parse_survey
from ratings.times import DAY
from tests.pages.office import Office


def surveys(office: Office) -> dict[str, Survey]:
    return {each.id: each for each in office.parts.store.read_now(load_surveys)}


def change(office: Office, survey_id: str = "default", **change: object) -> Survey:
    saved = office.parts.store.writer.do_now(
        SaveSurvey(parse_survey(change, base=surveys(office)[survey_id]), None, "api:crm")
    )
    assert saved.survey is not None
    return saved.survey


async def test_the_switch_acts_at_once_and_says_what_becomes_of_those_who_wait(office: Office) -> None:
    office.world.asked("T-1")
    change(office, timing={"delay_s": 3600})
    office.world.close("T-2")
    assert 'role="switch" aria-checked="true"' in (await office.admin.get("/surveys")).text
    off = await office.admin.post("/surveys/default/switch", version="2", to="off")
    told = await office.admin.follow(off)
    assert "is off: nobody is asked from now on." in told.text
    assert "1 scheduled prompt waits until it is on again. 1 customer who was asked may still answer." in told.text
    assert 'aria-checked="false"' in told.text
    assert office.world.close("T-3").reason == "survey_off"
    on = await office.admin.post("/surveys/default/switch", version="3", to="on", back="survey")
    assert on.headers["location"] == "/surveys/default"
    assert surveys(office)["default"].enabled
    cancelling = change(office, when_paused="cancel")
    off = await office.admin.post("/surveys/default/switch", version=str(cancelling.version), to="off")
    assert "What was scheduled is cancelled." in (await office.admin.follow(off)).text
    assert [row["state"] for row in office.world.rows(invitations, ticket_id="T-2")] == ["cancelled"]


async def test_a_switch_on_an_old_page_changes_nothing_and_says_who_was_faster(local: Office) -> None:
    change(local, company="Shop")
    for version in ("1", "", "x"):
        refused = await local.admin.post("/surveys/default/switch", version=version, to="off")
        assert (refused.status_code, surveys(local)["default"].enabled) == (409, True)
        assert "was changed meanwhile by the key “crm”" in refused.text
    # Whoever wants what is so already is told so.
    assert (await local.admin.post("/surveys/default/switch", version="1", to="on")).status_code == 303
    assert surveys(local)["default"].version == 2
    assert (await local.admin.post("/surveys/none/switch", version="1", to="on")).status_code == 404


async def test_the_list_tells_what_each_is_for_and_what_it_did_lately(office: Office) -> None:
    change(office, forms=["sales", "help"], texts={"de": {"question": "Wie war es?"}})
    asked = [office.world.asked(ticket, form=form) for ticket, form in (("T-1", "help"), ("T-2", "sales"))]
    office.world.tap(asked[0], 5)
    shown = (await office.admin.get("/surveys")).text
    assert "sales, help" in shown
    assert "+ de" in shown
    assert 'href="/ratings?survey=default&amp;asked_from=2026-09-15&amp;show=all">2</a>' in shown
    assert 'href="/ratings?survey=default&amp;asked_from=2026-09-15&amp;show=rated">1</a>' in shown
    office.clock.forward(7 * DAY)
    assert "&amp;show=all" not in (await office.admin.get("/surveys")).text


async def test_a_new_survey_is_off_and_a_copy_has_all_but_its_name(office: Office) -> None:
    made = await office.admin.post("/surveys/_new", page="/surveys/_new", name="Отдел продаж")
    assert made.headers["location"] == "/surveys/otdel-prodazh"
    assert surveys(office)["otdel-prodazh"] == Survey("otdel-prodazh", "Отдел продаж", enabled=False)
    source = change(office, company="Shop", forms=["x"], timing={"delay_s": 60})
    await office.admin.post("/surveys/_new", page="/surveys/_new?copy=default", name="VIP", id="vip", copy="default")
    assert surveys(office)["vip"] == replace(source, id="vip", name="VIP", enabled=False, version=1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": " "}, "Give it a name."),
        ({"name": "x" * 201}, "at most 200 characters"),
        ({"name": "x", "id": "A B"}, "1 to 64 small Latin letters"),
        ({"name": "x", "id": "_new"}, "1 to 64 small Latin letters"),
        ({"name": "x", "id": "default"}, "with this id already"),
    ],
)
async def test_what_is_wrong_with_a_new_one_is_said_and_what_was_typed_stays(
    local: Office, fields: dict[str, str], problem: str
) -> None:
    refused = await local.admin.post("/surveys/_new", page="/surveys/_new", **fields)
    assert (refused.status_code, problem in refused.text) == (422, True)
    assert f'value="{fields["name"].strip()}"' in refused.text
    assert list(surveys(local)) == ["default"]


def test_ids_are_made_of_names_in_either_alphabet() -> None:
    assert free_id("Щи & Борщ, №5", set()) == "shchi-borshch-5"
    assert free_id("Sales", {"sales", "sales-2"}) == "sales-3"
    assert free_id("😍", set()) == "survey"
    assert len(free_id("x" * 200, {"x" * 60})) <= 64
