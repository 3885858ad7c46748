"""A survey read as sentences, in both languages: no setting without one, and no change that is not told."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from bot.web.pages.speech import Speech
from bot.web.pages.surveys.differences import difference
from bot.web.pages.surveys.sections import SECTIONS
from bot.web.pages.surveys.sentences import sentences
from bot.web.pages.surveys.text_titles import REACTIONS, TEXT_GROUPS, TITLES
from bot.web.pages.surveys.words import condition_said, hours_said, lasting, listed, values_said
from ratings.conditions import FIELDS, OPERATORS, parse_condition
from ratings.hours import Hours
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey, survey_to_dict
from ratings.texts import OWN_KEYS
from ratings.times import SECOND
from tests.pages.test_survey_fields import leaves
from tests.ratings.test_survey import SURVEYS

EN, RU = (Speech(language, ZoneInfo("Europe/Moscow")) for language in ("en", "ru"))
TO: dict[str, Any] = {"to": ["email.support:head@example.org"]}
THREE: list[dict[str, Any]] = [
    {"value": value, "symbol": str(value), "labels": {}, "satisfied": value > 2} for value in (1, 2, 3)
]
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/name": ({}, {"name": "Sales"}),
    "/enabled": ({}, {"enabled": False}),
    "/desks": ({}, {"desks": ["crm.main"]}),
    "/forms": ({}, {"forms": ["sales", "help"]}),
    "/groups": ({}, {"groups": ["vip"]}),
    "/channels": ({}, {"channels": ["telegram"]}),
    "/position": ({}, {"position": 3}),
    "/company": ({}, {"company": "Shop"}),
    "/language": ({}, {"language": "pl"}),
    "/timezone": ({}, {"timezone": "Asia/Omsk"}),
    "/scale/name": ({}, {"scale": survey_to_dict(DEFAULT_SURVEY)["scale"] | {"name": "faces"}}),  # type: ignore[operator] # it is a dict
    "/scale/choices": ({}, {"scale": {"name": "1-5", "choices": THREE}}),
    "/scale/one_is_best": ({}, {"scale": survey_to_dict(DEFAULT_SURVEY)["scale"] | {"one_is_best": True}}),  # type: ignore[operator] # as above
    "/reverse": ({}, {"reverse": True}),
    "/fallback": ({}, {"fallback": True}),
    "/confirm_links": ({}, {"confirm_links": True}),
    "/opt_out": ({}, {"opt_out": "everywhere"}),
    "/when_paused": ({}, {"when_paused": "cancel"}),
    "/greeting": ({}, {"greeting": True}),
    "/texts": ({}, {"texts": {"de": {"question": "Wie war es?", "reaction.1": ""}}}),
    "/ask_when": ({}, {"ask_when": {"field": "priority", "is": "high"}}),
    "/skip_when": ({}, {"skip_when": {"field": "tags", "has": "spam"}}),
    "/rules/min_talk_s": ({}, {"rules": {"min_talk_s": 30}}),
    "/rules/min_customer_messages": ({}, {"rules": {"min_customer_messages": 2}}),
    "/rules/min_agent_messages": ({}, {"rules": {"min_agent_messages": 2}}),
    "/rules/both_sides": ({}, {"rules": {"both_sides": True}}),
    "/rules/closed_by": ({}, {"rules": {"closed_by": ["agent", "auto"]}}),
    "/rules/min_open_s": ({}, {"rules": {"min_open_s": 60}}),
    "/rules/max_open_s": ({}, {"rules": {"max_open_s": 86400}}),
    "/rules/min_silence_s": ({}, {"rules": {"min_silence_s": 60}}),
    "/rules/max_silence_s": ({}, {"rules": {"max_silence_s": 3600}}),
    "/rules/opening": ({}, {"rules": {"opening": {"from": "09:00", "to": "18:00", "weekdays": [1, 2, 3, 4, 5]}}}),
    "/rules/only_subjects": ({}, {"rules": {"only_subjects": ["*order*"]}}),
    "/rules/never_subjects": ({}, {"rules": {"never_subjects": ["*test*"]}}),
    "/rules/only_tags": ({}, {"rules": {"only_tags": ["vip"]}}),
    "/rules/never_tags": ({}, {"rules": {"never_tags": ["spam"]}}),
    "/rules/staff": ({}, {"rules": {"staff": ["*@example.org"]}}),
    "/rules/share": ({}, {"rules": {"share": 0.125}}),
    "/rules/every_s": ({}, {"rules": {"every_s": 7 * 86400}}),
    "/rules/again_after_s": ({}, {"rules": {"again_after_s": 3600}}),
    "/rules/recovery": ({}, {"rules": {"recovery": False}}),
    "/timing/delay_s": ({}, {"timing": {"delay_s": 3600}}),
    "/timing/reminders_s": ({}, {"timing": {"reminders_s": [86400, 2 * 86400, 3600]}}),
    "/timing/lapse_after_s": ({}, {"timing": {"lapse_after_s": 86400}}),
    "/timing/expires_after_s": ({}, {"timing": {"expires_after_s": 86400}}),
    "/timing/edit_window_s": ({}, {"timing": {"edit_window_s": 0}}),
    "/timing/comment_window_s": ({}, {"timing": {"comment_window_s": 0}}),
    "/timing/max_age_s": ({}, {"timing": {"max_age_s": 90}}),
    "/timing/hours": ({}, {"timing": {"hours": {"quiet": {"from": "22:00", "to": "09:00"}}}}),
    "/outcomes/enabled": ({}, {"outcomes": {"enabled": False}}),
    "/outcomes/levels": ({}, {"outcomes": {"levels": {"3": "leave"}}}),
    "/outcomes/clear_assignee": ({}, {"outcomes": {"clear_assignee": True}}),
    "/outcomes/tag_below": ({}, {"outcomes": {"tag_below": 3}}),
    "/outcomes/tag": ({"outcomes": {"tag_below": 3}}, {"outcomes": {"tag": "bad {value}"}}),
    "/outcomes/write": ({}, {"outcomes": {"write": ["score", "comment"]}}),
    "/outcomes/note": ({}, {"outcomes": {"note": True}}),
    "/outcomes/close_lapsed": ({}, {"outcomes": {"close_lapsed": True}}),
    "/alerts/value_max": ({}, {"alerts": {"value_max": 2}}),
    "/alerts/words": ({}, {"alerts": {"words": ["жалоб"]}}),
    "/alerts/to": ({}, {"alerts": TO}),
    "/alerts/per_hour": ({"alerts": TO}, {"alerts": {"per_hour": 1}}),
    "/alerts/hours": ({"alerts": TO}, {"alerts": {"hours": {}}}),
    "/release/to_agents": ({}, {"release": {"to_agents": True}}),
    "/release/after_ratings": ({"release": {"to_agents": True}}, {"release": {"after_ratings": 3}}),
    "/release/after_days": ({"release": {"to_agents": True}}, {"release": {"after_days": 30}}),
}
"""For each setting: where it is seen, and a change of it."""


def test_every_setting_has_its_change_below() -> None:
    settings_ = survey_to_dict(DEFAULT_SURVEY)
    wanted = {
        "/outcomes/levels" if pointer.startswith("/outcomes/levels") else
        "/alerts/hours" if pointer.startswith("/alerts/hours") else pointer
        for pointer in leaves(settings_)
    }  # fmt: skip
    assert wanted - {"/id", "/version"} == set(CHANGES)


@pytest.mark.parametrize("speech", [EN, RU], ids=["en", "ru"])
@pytest.mark.parametrize("pointer", CHANGES)
def test_every_setting_has_its_sentence(pointer: str, speech: Speech) -> None:
    first, then = CHANGES[pointer]
    before = parse_survey(first, base=DEFAULT_SURVEY)
    told = difference(before, parse_survey(then, base=before), speech)
    assert told.new or told.gone, "no sentence says it"
    assert told.silent == (), "it is told by its name alone"
    if speech is RU:
        english = difference(before, parse_survey(then, base=before), EN)
        assert not {*told.new, *told.gone} & {*english.new, *english.gone}, "it is said in English"
    assert all(len(text) > 5 and "%(" not in text and "None" not in text for text in (*told.new, *told.gone))


@given(SURVEYS, SURVEYS)
@settings(max_examples=40)
def test_no_change_goes_untold_and_no_difference_is_made_up(before: Survey, after: Survey) -> None:
    assert difference(before, before, EN).none
    told = difference(before, after, RU)
    same = {**survey_to_dict(after), "id": "", "version": 0} == {**survey_to_dict(before), "id": "", "version": 0}
    assert told.none is (same and before.id == after.id)
    pages = {each.page for each in sentences(after, EN)}
    assert pages == set(SECTIONS)


def test_the_default_survey_reads_as_a_short_list() -> None:
    told = [each.text for each in sentences(DEFAULT_SURVEY, EN)]
    assert len(told) < 40
    assert "It is for every closed ticket." in told
    assert "No rule refuses a ticket." in told
    assert "A rating of 3–5 closes the ticket." in told
    assert "A rating of 1, 2 reopens the ticket." in told
    assert "Оценка 1, 2 открывает обращение снова." in [each.text for each in sentences(DEFAULT_SURVEY, RU)]


def test_nothing_is_said_in_english_to_who_reads_russian() -> None:
    english = {each.text for each in sentences(DEFAULT_SURVEY, EN)}
    assert [each.text for each in sentences(DEFAULT_SURVEY, RU) if each.text in english] == []


def test_rules_read_as_people_say_them() -> None:
    rules = {"every_s": 7 * 86400, "min_talk_s": 30, "share": 0.125, "never_tags": ["a", "b", "c", "d", "e", "f", "g"]}
    survey = parse_survey({"rules": rules}, base=DEFAULT_SURVEY)
    told = {each.pointer: each.text for each in sentences(survey, EN) if each.page == "rules"}
    assert told["/rules/min_talk_s"] == "Only calls with at least 30\u00a0s of talk are asked about."
    assert told["/rules/every_s"].startswith("No customer is asked more often than once in 7\u00a0days")
    assert told["/rules/share"].startswith("Of the tickets, 12.5% are asked about")
    assert told["/rules/never_tags"].endswith("“d”, “e” or 2 more are not asked about.")
    assert "/rules" not in told
    whole = {each.pointer: each.text for each in sentences(survey, EN, short=False)}
    assert "“g”" in whole["/rules/never_tags"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"field": "priority", "in": ["high", "urgent"]}, "the priority is one of “high” or “urgent”"),
        ({"all": [{"field": "closed_by", "is": "auto"}, {"field": "talk_s", "ge": 30}]}, "whoever closed it is a rule of the desk and the seconds of talk is at least 30"),
        ({"any": [{"field": "fields.paid", "is": True}, {"all": [{"field": "tags", "has": "a"}, {"field": "form", "is_not": "b"}]}]}, "the field “paid” is yes or (a tag has the value “a” and the form is not “b”)"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_clause(condition: dict[str, Any], said: str) -> None:
    assert condition_said(EN, parse_condition(condition)) == said


def test_every_field_and_operator_can_be_said() -> None:
    for field in (*FIELDS, "fields.x"):
        for op in OPERATORS:
            value: object = [1] if op in {"in", "not_in"} else 1
            if field in {"kind", "direction", "closed_by"}:
                named = {"kind": "chat", "direction": "in", "closed_by": "agent"}[field]
                value = [named] if op in {"in", "not_in"} else 1 if op in {"ge", "le"} else named
            said = condition_said(RU, parse_condition({"field": field, op: value}))
            assert field not in said, op


@pytest.mark.parametrize(
    ("seconds", "en", "ru"),
    [(0, "0 s", "0 с"), (90, "90 s", "90 с"), (3600, "1 h", "1 ч"), (86400, "1 day", "1 день"), (5 * 86400, "5 days", "5 дней"), (36 * 3600, "36 h", "36 ч"), (86401, "86,401 s", "86\u00a0401 с")],
)  # fmt: skip
def test_durations_lose_nothing(seconds: int, en: str, ru: str) -> None:
    assert lasting(EN, seconds * SECOND) == en.replace(" ", "\u00a0")
    assert lasting(RU, seconds * SECOND) == ru.replace(" ", "\u00a0")


def test_hours_and_lists() -> None:
    assert hours_said(EN, Hours(22 * 60, 9 * 60, (1, 2, 3, 4, 5))) == "from 09:00 to 22:00, Mon–Fri"
    assert hours_said(EN, Hours(None, None, (1, 7))) == "Mon, Sun"
    assert hours_said(EN, Hours()) == "at any time"
    assert listed(EN, []) == ""
    assert values_said([1, 2, 3, 5, 7, 8]) == "1–3, 5, 7, 8"


def test_every_text_has_a_title_and_a_place() -> None:
    assert set(TITLES) == set(OWN_KEYS)
    placed = [key for group in TEXT_GROUPS for key in group.keys]
    assert sorted(placed) == sorted([*OWN_KEYS, REACTIONS])
