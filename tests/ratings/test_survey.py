import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.alerting import NIGHT, Alerts
from ratings.builtin_texts import BUILT_IN
from ratings.conditions import parse_condition
from ratings.errors import InvalidInput
from ratings.hours import Hours
from ratings.outcomes import Outcomes
from ratings.release import Release
from ratings.scale import DEFAULT_SCALE, Choice, Scale
from ratings.send_rules import SendRules
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey, survey_to_dict
from ratings.texts import OWN_KEYS
from ratings.times import DAY, HOUR, MINUTE, SECOND
from ratings.timing import Timing


def pointers(data: object, base: Survey | None = None) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_survey(data, base=base)
    return [error.pointer for error in caught.value.errors]


def test_the_default_survey_is_on_for_every_form_and_asks_at_once() -> None:
    assert DEFAULT_SURVEY.id == "default"
    assert DEFAULT_SURVEY.enabled
    assert DEFAULT_SURVEY.forms == ()
    assert DEFAULT_SURVEY.timing == Timing(0, (), 7 * DAY, 30 * DAY, 24 * HOUR, 15 * MINUTE, 72 * HOUR)
    assert DEFAULT_SURVEY.scale == DEFAULT_SCALE
    assert (DEFAULT_SURVEY.ask_when, DEFAULT_SURVEY.skip_when) == (None, None)


def test_a_new_survey_needs_an_id_alone() -> None:
    assert parse_survey({"id": "sales"}) == Survey("sales", "sales")


def test_durations_are_seconds_in_json_and_milliseconds_inside() -> None:
    read = parse_survey({"id": "s", "timing": {"delay_s": 90, "reminders_s": [60, 3600]}})
    assert read.timing == replace(Timing(), delay=90 * SECOND, reminders=(MINUTE, HOUR))


def test_a_change_touches_only_what_it_names() -> None:
    base = parse_survey(
        {
            "id": "s",
            "forms": ["1"],
            "texts": {"ru": {"question": "Как?", "thanks": "Спасибо"}, "de": {"question": "Wie?"}},
            "ask_when": {"field": "kind", "is": "chat"},
            "timing": {"delay_s": 5, "max_age_s": 60},
        }
    )
    assert parse_survey({}, base=base) == base
    assert parse_survey({"enabled": False}, base=base) == replace(base, enabled=False)
    change = {
        "texts": {"ru": {"thanks": None, "reminder": "Ну как?"}, "de": None},
        "timing": {"delay_s": None, "edit_window_s": 0},
    }
    changed = parse_survey(change, base=base)
    assert changed.texts == {"ru": {"question": "Как?", "reminder": "Ну как?"}}
    assert changed.timing == replace(Timing(), max_age=MINUTE, edit_window=0)
    assert base.texts["ru"]["thanks"] == "Спасибо"
    emptied = parse_survey({"ask_when": None, "texts": None, "timing": None, "forms": []}, base=base)
    assert emptied == Survey("s", "s")


def test_a_release_is_merged_and_null_takes_it_back() -> None:
    base = parse_survey({"id": "s", "release": {"to_agents": True, "after_ratings": 3}})
    assert base.release == Release(to_agents=True, after_ratings=3, after_days=14)
    changed = parse_survey({"release": {"after_ratings": None, "after_days": 30}}, base=base)
    assert changed.release == Release(to_agents=True, after_ratings=5, after_days=30)
    assert parse_survey({"release": None}, base=base).release == Release()


def test_the_version_is_the_stores_and_the_id_stays() -> None:
    base = replace(DEFAULT_SURVEY, version=7)
    assert parse_survey({"id": "default", "version": 3}, base=base).version == 7
    assert pointers({"id": "other"}, base) == ["/id"]
    assert parse_survey({"id": "x", "version": 3}).version == 3


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": "Sales!"}, "/id"),
        ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"),
        ({"name": 5}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"enabled": 1}, "/enabled"),
        ({"enabled": None}, "/enabled"),
        ({"version": 0}, "/version"),
        ({"forms": "sales"}, "/forms"),
        ({"forms": ["a", True]}, "/forms/1"),
        ({"position": -1}, "/position"),
        ({"position": True}, "/position"),
        ({"language": "русский"}, "/language"),
        ({"language": 5}, "/language"),
        ({"scale": []}, "/scale"),
        (
            {
                "scale": {
                    "name": "x",
                    "choices": [
                        {"value": 0, "symbol": "a", "satisfied": True},
                        {"value": 1, "symbol": "b", "satisfied": True},
                    ],
                }
            },
            "/scale/choices/0/value",
        ),
        ({"reverse": "yes"}, "/reverse"),
        ({"texts": []}, "/texts"),
        ({"texts": {"русский": {}}}, "/texts/русский"),
        ({"texts": {"ru": "Как?"}}, "/texts/ru"),
        ({"texts": {"ru": {"salute": "x"}}}, "/texts/ru/salute"),
        ({"texts": {"ru": {"question": 5}}}, "/texts/ru/question"),
        ({"texts": {"ru": {"question": "{customer.phone}"}}}, "/texts/ru/question"),
        ({"texts": {"ru": {"button_skip": "x" * 41}}}, "/texts/ru/button_skip"),
        ({"ask_when": {"field": "x", "is": 1}}, "/ask_when/field"),
        ({"skip_when": {"all": []}}, "/skip_when/all"),
        ({"timing": 5}, "/timing"),
        ({"timing": {"delay": 5}}, "/timing/delay"),
        ({"timing": {"delay_s": 1.5}}, "/timing/delay_s"),
        ({"timing": {"delay_s": True}}, "/timing/delay_s"),
        ({"timing": {"delay_s": -1}}, "/timing/delay_s"),
        ({"timing": {"delay_s": 366 * 86400 + 1}}, "/timing/delay_s"),
        ({"timing": {"delay_s": 100, "expires_after_s": 100}}, "/timing/delay_s"),
        ({"timing": {"lapse_after_s": 0}}, "/timing/lapse_after_s"),
        ({"timing": {"reminders_s": 5}}, "/timing/reminders_s"),
        ({"timing": {"reminders_s": [1, 2, 3, 4]}}, "/timing/reminders_s"),
        ({"timing": {"reminders_s": [1, 0]}}, "/timing/reminders_s/1"),
        ({"colour": "red"}, "/colour"),
        ({"paused_at": 5}, "/paused_at"),
        ({"desks": "crm"}, "/desks"),
        ({"groups": [["a"]]}, "/groups/0"),
        ({"channels": ["x" * 201]}, "/channels/0"),
        ({"company": 5}, "/company"),
        ({"company": "x" * 201}, "/company"),
        ({"timezone": "Mars/Phobos"}, "/timezone"),
        ({"timezone": 3}, "/timezone"),
        ({"opt_out": "never"}, "/opt_out"),
        ({"when_paused": "wait"}, "/when_paused"),
        ({"when_paused": ""}, "/when_paused"),
        ({"greeting": "Hello"}, "/greeting"),
        ({"fallback": 1}, "/fallback"),
        ({"confirm_links": "no"}, "/confirm_links"),
        ({"rules": {"min_talk": 5}}, "/rules/min_talk"),
        ({"outcomes": {"levels": {"6": "close"}}}, "/outcomes/levels/6"),
        ({"alerts": {"to": ["somebody"]}}, "/alerts/to/0"),
        ({"release": []}, "/release"),
        ({"release": {"to_agents": 1}}, "/release/to_agents"),
        ({"release": {"after_ratings": 2}}, "/release/after_ratings"),
        ({"release": {"after_days": 367}}, "/release/after_days"),
        ({"release": {"after_weeks": 2}}, "/release/after_weeks"),
        ({"timing": {"hours": {"quiet": {"from": "9", "to": "10:00"}}}}, "/timing/hours/quiet/from"),
        ({"texts": {"ru": {"reaction.6": "x"}}}, "/texts/ru/reaction.6"),
        ({"texts": {"ru": {"reaction.05": "x"}}}, "/texts/ru/reaction.05"),
        ({"texts": {"ru": {"reminder_1": "x"}}}, "/texts/ru/reminder_1"),
        ({"texts": {"ru": {"reaction.5": "{customer.phone}"}}}, "/texts/ru/reaction.5"),
    ],
)
def test_a_wrong_field_is_named(more: dict[str, Any], pointer: str) -> None:
    assert pointers({"id": "s", **more}) == [pointer]


def test_every_wrong_field_is_listed_at_once() -> None:
    data = {"x": 1, "enabled": "on", "texts": {"ru": {"a": "b", "question": ""}}, "timing": {"delay_s": "now", "y": 1}}
    assert sorted(pointers(data)) == [
        "/enabled", "/id", "/texts/ru/a", "/texts/ru/question", "/timing/delay_s", "/timing/y", "/x",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [None, [], "default", 5])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert pointers(data) == [""]


def test_a_text_is_the_admins_else_the_built_in_one_of_the_nearest_language() -> None:
    survey = parse_survey(
        {"id": "s", "language": "pl", "texts": {"ru": {"question": "Ну как?"}, "de": {"question": "Wie war es?"}}}
    )
    assert survey.text("question", "ru") == "Ну как?"
    assert survey.text("thanks", "ru") == BUILT_IN["ru"]["thanks"]
    assert survey.text("question", "de") == "Wie war es?"
    assert survey.text("thanks", "de") == BUILT_IN["pl"]["thanks"]
    assert replace(survey, language="de").text("thanks", "fr") == BUILT_IN["en"]["thanks"]
    assert survey.languages == ("ru", "en", "uk", "pl", "de")
    with pytest.raises(KeyError):
        survey.text("salute", "ru")


# --- properties ---------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(categories=["L", "N", "S"]), min_size=1, max_size=12)
DURATIONS = st.integers(1, 1_000_000).map(lambda seconds: seconds * SECOND)
TIMINGS = st.builds(
    Timing,
    delay=st.integers(0, 1000).map(lambda seconds: seconds * SECOND),
    reminders=st.lists(DURATIONS, max_size=3).map(tuple),
    lapse_after=DURATIONS,
    expires_after=st.integers(1001, 10**7).map(lambda seconds: seconds * SECOND),
    edit_window=DURATIONS,
    comment_window=DURATIONS,
    max_age=DURATIONS,
    hours=st.none() | st.builds(Hours, st.just(60), st.just(0), st.sampled_from([(), (1, 7)])),
)
SCALES = st.builds(
    lambda name, values, mirrored: Scale(
        name, tuple(Choice(one, f"s{one}", {"ru": "да"}, satisfied=one > 3) for one in values), mirrored
    ),
    WORDS,
    st.lists(st.integers(1, 99), min_size=2, max_size=10, unique=True),
    st.booleans(),
)
TEXTS = st.dictionaries(
    st.sampled_from(["ru", "de", "pt-br"]), st.dictionaries(st.sampled_from(OWN_KEYS), WORDS, min_size=1, max_size=3)
)
CONDITION = st.none() | WORDS.map(lambda word: parse_condition({"any": [{"field": "tags", "has": word}]}))
NAMES = st.lists(WORDS, unique=True, max_size=3).map(tuple)
SWITCHES_AND_PARTS: dict[str, st.SearchStrategy[Any]] = {
    "desks": NAMES,
    "groups": NAMES,
    "channels": NAMES,
    "company": st.just("") | WORDS,
    "timezone": st.sampled_from(["", "Europe/Moscow", "+03:00"]),
    "fallback": st.booleans(),
    "confirm_links": st.booleans(),
    "opt_out": st.sampled_from(["channel", "everywhere"]),
    "when_paused": st.sampled_from(["hold", "cancel"]),
    "greeting": st.booleans(),
    "rules": st.builds(SendRules, min_talk=DURATIONS, closed_by=st.just(("auto",)), share=st.sampled_from([0.1, 1.0])),
    "outcomes": st.builds(Outcomes, tag_below=st.none() | st.just(3), note=st.booleans()),
    "alerts": st.builds(Alerts, value_max=st.none() | st.just(2), hours=st.none() | st.just(NIGHT), words=NAMES),
    "release": st.builds(Release, st.booleans(), st.integers(3, 100), st.integers(1, 366)),
}
SURVEYS = st.builds(
    Survey,
    id=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True),
    name=WORDS,
    enabled=st.booleans(),
    version=st.integers(1, 1000),
    forms=st.lists(WORDS, unique=True, max_size=3).map(tuple),
    position=st.integers(0, 100),
    language=st.sampled_from(["ru", "en", "de"]),
    scale=SCALES,
    reverse=st.booleans(),
    texts=TEXTS,
    ask_when=CONDITION,
    skip_when=CONDITION,
    timing=TIMINGS,
    **SWITCHES_AND_PARTS,
)


@given(SURVEYS)
def test_a_survey_written_and_read_again_is_the_same(survey: Survey) -> None:
    written = json.loads(json.dumps(survey_to_dict(survey)))
    assert set(written) == {one.name for one in fields(Survey)} - {"paused_at"}
    assert parse_survey(written) == survey
    assert parse_survey(written, base=survey) == survey


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)), st.lists, max_leaves=3
    ).flatmap(
        lambda junk: st.fixed_dictionaries({}, optional=dict.fromkeys(survey_to_dict(DEFAULT_SURVEY), st.just(junk)))
    )
)
def test_junk_is_refused_or_read_and_never_crashes(data: dict[str, Any]) -> None:
    try:
        read = parse_survey(data, base=DEFAULT_SURVEY)
    except InvalidInput as wrong:
        read = None
        found = wrong.errors
    else:
        found = ()
    assert (read is None) is bool(found)
