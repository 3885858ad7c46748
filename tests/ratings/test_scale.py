from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.errors import InvalidInput
from ratings.scale import DEFAULT_SCALE, Choice, Scale


def test_the_default_scale_is_five_emoji_with_labels_in_four_languages() -> None:
    assert [choice.symbol for choice in DEFAULT_SCALE.choices] == ["😡", "🙁", "😐", "🙂", "😍"]
    assert [choice.value for choice in DEFAULT_SCALE.choices if choice.satisfied] == [4, 5]
    assert all(set(choice.labels) == {"ru", "en", "uk", "pl"} for choice in DEFAULT_SCALE.choices)
    assert DEFAULT_SCALE.name == "1-5"


def test_a_choice_is_found_by_its_value_alone() -> None:
    found = DEFAULT_SCALE.get(5)
    assert found is not None
    assert found.symbol == "😍"
    assert [DEFAULT_SCALE.get(value) for value in (0, 6, -1, 99)] == [None] * 4


@pytest.mark.parametrize(
    ("labels", "language", "expected"),
    [
        ({"ru": "Да", "en": "Yes"}, "ru", "Да"),
        ({"ru": "Да", "en": "Yes"}, "de", "Yes"),
        ({"pl": "Tak"}, "de", "Tak"),
        ({}, "de", "👍"),
    ],
)
def test_a_label_falls_back_to_english_then_to_any_then_to_the_symbol(
    labels: dict[str, str], language: str, expected: str
) -> None:
    assert Choice(1, "👍", labels, satisfied=True).label(language) == expected


def test_choices_are_kept_in_the_order_of_their_values() -> None:
    scale = Scale("two", (Choice(7, "b", {}, satisfied=True), Choice(3, "a", {}, satisfied=False)))
    assert scale.values == (3, 7)


def test_a_scale_round_trips() -> None:
    assert Scale.from_dict(DEFAULT_SCALE.to_dict()) == DEFAULT_SCALE


def test_every_wrong_field_is_listed_where_it_stands() -> None:
    data = {
        "name": "",
        "colour": "red",
        "choices": [
            {"value": 0, "symbol": "a", "labels": {}, "satisfied": False},
            {"value": True, "symbol": 1, "labels": {"ru": 5}, "satisfied": "yes", "x/y": 1},
            {"value": 3, "symbol": "a", "satisfied": True},
            {"value": 3, "symbol": "b\n", "satisfied": True},
            "five",
        ],
    }
    with pytest.raises(InvalidInput) as caught:
        Scale.from_dict(data, "/scale")
    assert {error.pointer for error in caught.value.errors} == {
        "/scale/name",
        "/scale/colour",
        "/scale/choices/0/value",
        "/scale/choices/1/value",
        "/scale/choices/1/symbol",
        "/scale/choices/1/labels/ru",
        "/scale/choices/1/satisfied",
        "/scale/choices/1/x~1y",
        "/scale/choices/2/symbol",
        "/scale/choices/3/value",
        "/scale/choices/3/symbol",
        "/scale/choices/4",
    }


@pytest.mark.parametrize("count", [0, 1, 11])
def test_a_scale_has_two_to_ten_choices(count: int) -> None:
    choices = tuple(Choice(value, str(value), {}, satisfied=True) for value in range(1, count + 1))
    with pytest.raises(InvalidInput, match="expected 2 to 10"):
        Scale("n", choices)


@pytest.mark.parametrize("value", [0, -1, 100])
def test_values_are_1_to_99_and_zero_is_refused(value: int) -> None:
    with pytest.raises(InvalidInput, match="expected 1 to 99"):
        Scale("n", (Choice(value, "a", {}, satisfied=True), Choice(5, "b", {}, satisfied=True)))


@pytest.mark.parametrize("data", [None, [], "1-5", {"name": "x"}, {"name": 1, "choices": {}}])
def test_what_is_no_scale_is_refused_and_never_crashes(data: object) -> None:
    with pytest.raises(InvalidInput):
        Scale.from_dict(data)


# --- scales on which 1 is best ------------------------------------------------------------------------------------


def scale_of(values: list[int], *, one_is_best: bool) -> Scale:
    choices = tuple(Choice(value, f"s{value}", {}, satisfied=True) for value in values)
    return Scale("n", choices, one_is_best)


@pytest.mark.parametrize(
    ("values", "one_is_best", "counted"),
    [
        ([1, 2, 3, 4, 5], False, [1, 2, 3, 4, 5]),
        ([1, 2, 3, 4, 5], True, [5, 4, 3, 2, 1]),
        ([1, 2], True, [2, 1]),
        ([1, 2, 3, 6], True, [6, 3, 2, 1]),
        ([10, 20, 99], True, [99, 20, 10]),
    ],
)
def test_where_one_is_best_the_mirror_image_is_counted(
    values: list[int], one_is_best: bool, counted: list[int]
) -> None:
    scale = scale_of(values, one_is_best=one_is_best)
    assert [scale.counted(value) for value in values] == counted
    assert scale.values == tuple(values), "what is shown and kept stays as it is"


def test_a_value_that_the_scale_does_not_have_stays_as_it_is() -> None:
    assert [scale_of([1, 2, 3], one_is_best=True).counted(value) for value in (0, 4, 99)] == [0, 4, 99]


@given(st.lists(st.integers(1, 99), min_size=2, max_size=10, unique=True), st.booleans())
def test_counting_is_its_own_inverse_and_turns_the_order_over(values: list[int], one_is_best: bool) -> None:
    scale = scale_of(values, one_is_best=one_is_best)
    counted = [scale.counted(value) for value in scale.values]
    assert [scale.counted(value) for value in counted] == list(scale.values)
    assert counted == sorted(values, reverse=one_is_best)
    assert Scale.from_dict(scale.to_dict()) == scale


@pytest.mark.parametrize("wrong", ["yes", 1, None, []])
def test_one_is_best_is_a_switch_and_off_unless_named(wrong: Any) -> None:
    data = scale_of([1, 2], one_is_best=True).to_dict()
    with pytest.raises(InvalidInput) as caught:
        Scale.from_dict({**data, "one_is_best": wrong}, "/scale")
    assert [error.pointer for error in caught.value.errors] == ["/scale/one_is_best"]
    del data["one_is_best"]
    assert not Scale.from_dict(data).one_is_best
