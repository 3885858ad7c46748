"""What stands in a form is what the survey says, and what is typed over it is all that changes: for every field that there is."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.pages.surveys.condition_field import ConditionField, with_group, with_test
from bot.web.pages.surveys.fields import Group, Lasting, Share, Typed, Whole, at
from bot.web.pages.surveys.rows import remove_row
from bot.web.pages.surveys.scale_field import ScaleField, with_choice, with_language
from bot.web.pages.surveys.sections import SECTIONS, acted, group_of, place_of, rebased, tidied
from ratings.conditions import MAX_DEPTH, OPERATORS, parse_condition
from ratings.errors import FieldError
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey, survey_to_dict
from tests.ratings.test_survey import SURVEYS

SCALARS = st.one_of(
    st.text(st.characters(categories=["L", "N", "S", "Zs", "P"]), min_size=1, max_size=12),
    st.integers(-(10**6), 10**6),
    st.floats(-1000, 1000, allow_nan=False),
    st.booleans(),
    st.sampled_from([" spaced ", "two\nlines", "yes", "5", "5.0", "true"]),
)
TESTS = st.sampled_from(OPERATORS).flatmap(
    lambda op: st.fixed_dictionaries(
        {
            "field": st.sampled_from(["priority", "form", "tags", "fields.contract.level"]),
            op: st.lists(SCALARS, min_size=1, max_size=3)
            if op in {"in", "not_in"}
            else st.integers(0, 100) | st.floats(0, 9)
            if op in {"ge", "le"}
            else SCALARS,
        }
    )
)
CONDITIONS = st.recursive(
    TESTS, lambda inner: st.builds(lambda joint, some: {joint: some}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)), max_leaves=5
)  # fmt: skip


def edited(base: Survey, wanted: Survey) -> Survey:
    """The survey after somebody typed all of another one into every page of the editor."""
    for section in ("scale", *(each for each in SECTIONS if each != "scale")):
        languages = sorted({*base.texts, *wanted.texts}) if section == "texts" else [""]
        for language in languages:
            # A page shows the values that the survey has by now: the scale is saved first.
            typed = group_of(section, wanted, language).fill(survey_to_dict(wanted))
            group = group_of(section, base, language)
            patch, problems = group.change(survey_to_dict(base), tidied(group.taken(typed.items())))
            assert problems == []
            base = parse_survey(patch, base=base)
    return base


@given(SURVEYS)
@settings(max_examples=60)
def test_every_field_can_be_typed(wanted: Survey) -> None:
    base = parse_survey({"id": wanted.id, "texts": {"pl": {"question": "Jak?"}}})
    made = survey_to_dict(edited(base, wanted))
    expected = survey_to_dict(wanted)
    for switched in ("enabled", "version"):  # neither is in a form
        made.pop(switched)
        expected.pop(switched)
    for condition in ("ask_when", "skip_when"):  # a single test is a group of one
        assert made[condition] == expected[condition]
    assert made == expected


def test_every_setting_is_in_a_form() -> None:
    """No key of a survey is without its field, however it is nested; a new one fails here until it has one."""
    pointers: set[str] = set()
    for section in SECTIONS:
        pointers |= {field.pointer for field in group_of(section, DEFAULT_SURVEY, "ru").fields}
    left = [
        pointer
        for pointer in leaves({key: value for key, value in survey_to_dict(DEFAULT_SURVEY).items() if key != "texts"})
        if not any(pointer == one or pointer.startswith(f"{one}/") for one in pointers)
    ]
    assert left == ["/id", "/enabled", "/version"]


def leaves(data: dict[str, Any], pointer: str = "") -> list[str]:
    found: list[str] = []
    for key, value in data.items():
        inside = f"{pointer}/{key}"
        found += leaves(value, inside) if isinstance(value, dict) and value else [inside]
    return found


@given(SURVEYS)
@settings(max_examples=30)
def test_a_form_that_nobody_typed_in_changes_nothing(survey: Survey) -> None:
    for section in SECTIONS:
        group = group_of(section, survey, "ru")
        shown = group.fill(survey_to_dict(survey))
        assert group.change(survey_to_dict(survey), tidied(group.taken(shown.items()))) == ({}, [])


@given(CONDITIONS)
def test_a_condition_is_typed_as_it_reads(data: dict[str, Any]) -> None:
    field = ConditionField("/ask_when")
    problems: list[FieldError] = []
    read = field.read(field.fill(json.loads(json.dumps(data))), problems)
    wanted = data if "field" not in data else {"all": [data]}
    assert (read, problems) == (wanted, [])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ({"value": "12", "op": "ge", "field": "priority"}, {"field": "priority", "ge": 12}),
        ({"value": "1,5", "op": "is", "field": "talk_s"}, {"field": "talk_s", "is": 1.5}),
        ({"value": "да", "op": "is", "field": "fields.", "own": "paid", "as": "switch"}, {"field": "fields.paid", "is": True}),
        ({"value": " a \n\n b", "op": "in", "field": "tags"}, {"field": "tags", "in": ["a", "b"]}),
    ],
)  # fmt: skip
def test_values_are_meant_as_people_type_them(typed: Typed, read: dict[str, Any]) -> None:
    form = {"ask_when.joint": "any", **{f"ask_when.0.{name}": text for name, text in typed.items()}}
    problems: list[FieldError] = []
    assert ConditionField("/ask_when").read(form, problems) == {"any": [read]}
    assert problems == []


def test_rows_are_added_and_taken_away_and_nothing_else_is_lost() -> None:
    form = with_test(with_group(with_test({}, "ask_when"), "ask_when"), "ask_when.1")
    form |= {"ask_when.0.value": "high", "ask_when.1.1.value": "vip", "kept": "yes"}
    assert form["ask_when.joint"] == "all"
    assert form["ask_when.1.joint"] == "any"
    less = remove_row(form, "ask_when.1.0")
    assert (less["ask_when.1.0.value"], "ask_when.1.1.value" in less) == ("vip", False)
    only = acted("remove:ask_when.0", less)
    assert only["ask_when.0.0.value"] == "vip"
    assert only["kept"] == "yes"
    problems: list[FieldError] = []
    group = {"any": [{"field": "priority", "is": "vip"}]}
    assert ConditionField("/ask_when").read(only, problems) == {"all": [group]}
    parse_condition({"all": [group]})
    assert acted("save", only) == only
    assert acted("no such:thing", only) == only


def test_what_is_empty_is_no_condition() -> None:
    form = with_group(with_test({}, "skip_when"), "skip_when")
    assert ConditionField("/skip_when").read(form, []) is None
    assert tidied(form) == {"skip_when.joint": "all"}
    deep = "ask_when" + ".0" * MAX_DEPTH
    assert (
        place_of("/ask_when" + "/all/0" * MAX_DEPTH + "/in/3", group_of("rules", DEFAULT_SURVEY, "")) == f"{deep}.value"
    )


def test_a_scale_gets_choices_and_languages() -> None:
    field = ScaleField()
    form = field.fill(DEFAULT_SURVEY.scale.to_dict())
    form = acted("language", form | {"scale.new_language": " DE "})
    assert form["scale.languages"].split() == ["ru", "en", "uk", "pl", "de"]
    assert "scale.new_language" not in form
    form = with_choice(with_language(form, "de"))
    assert form["scale.choices.5.value"] == "6"
    problems: list[FieldError] = []
    assert len(field.read(tidied(form), problems)["choices"]) == 5
    form |= {"scale.choices.5.symbol": "🤩", "scale.choices.5.labels.de": "Super", "scale.choices.0.value": "x"}
    read = field.read(form, problems)
    assert read["choices"][-1] == {"value": 6, "symbol": "🤩", "labels": {"de": "Super"}, "satisfied": False}
    assert [problem.pointer for problem in problems] == ["/scale/choices/0/value"]


@pytest.mark.parametrize(
    ("field", "typed", "read", "wrong"),
    [
        (Lasting("/rules/every_s"), {"rules.every_s": "7", "rules.every_s.unit": "d"}, 604_800, False),
        (Lasting("/rules/every_s"), {"rules.every_s": "1 000", "rules.every_s.unit": "s"}, 1_000, False),
        (Lasting("/rules/every_s"), {"rules.every_s": "", "rules.every_s.unit": "d"}, 0, False),
        (Lasting("/rules/every_s"), {"rules.every_s": "-1", "rules.every_s.unit": "d"}, 0, True),
        (Lasting("/timing/lapse_after_s", none=True), {}, None, False),
        (Share("/rules/share"), {"rules.share": "12,5 %"}, 0.125, False),
        (Share("/rules/share"), {"rules.share": ""}, None, False),
        (Share("/rules/share"), {"rules.share": "0"}, None, True),
        (Share("/rules/share"), {"rules.share": "a lot"}, None, True),
        (Whole("/alerts/per_hour"), {"alerts.per_hour": "9" * 30}, None, True),
        (Whole("/position", empty=0), {}, 0, False),
    ],
)
def test_numbers_are_read_as_people_type_them(field: Any, typed: Typed, read: object, wrong: bool) -> None:
    problems: list[FieldError] = []
    assert field.read(typed, problems) == read
    assert [problem.pointer for problem in problems] == ([field.pointer] if wrong else [])


def test_a_wrong_value_is_found_in_its_field() -> None:
    rules = group_of("rules", DEFAULT_SURVEY, "")
    outcomes = group_of("outcomes", DEFAULT_SURVEY, "")
    texts = group_of("texts", DEFAULT_SURVEY, "ru")
    assert place_of("/rules/only_tags/3", rules) == "rules.only_tags"
    assert place_of("/ask_when/any/0/all/1/field", rules) == "ask_when.0.1.field"
    assert place_of("/alerts/hours/quiet/from", outcomes) == "alerts.hours.quiet.from"
    assert place_of("/texts/ru/reaction.1", texts) == "texts.ru.reaction.1"
    assert place_of("/nothing/of/it", rules) == ""


def test_what_was_typed_stands_over_somebody_elses_version() -> None:
    base = parse_survey({"company": "Old", "rules": {"every_s": 60}}, base=DEFAULT_SURVEY)
    newest = parse_survey({"company": "Theirs", "greeting": True}, base=base)
    group = group_of("general", base, "")
    shown, theirs = group.fill(survey_to_dict(base)), group.fill(survey_to_dict(newest))
    mine = {key: text for key, text in shown.items() if key != "name"} | {"name": "Mine", "company": "Old"}
    merged = rebased(group, shown, mine, theirs)
    assert (merged["name"], merged["company"], merged["greeting"]) == ("Mine", "Theirs", "on")


def test_a_pointer_into_nothing_is_nothing() -> None:
    assert at({"a": {"b/c": 1}}, "/a/b~1c") == 1
    assert at({"a": 1}, "/a/b/c") is None
    assert Group().fill({}) == {}
