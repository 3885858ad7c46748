"""Outcomes: what a rating does to its ticket, once; what follows its edits; what silence does; and the JSON of it all."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.errors import FieldError
from ratings.lifecycle import Invitation, State, Terms
from ratings.outcomes import (
    NO_OUTCOMES,
    WRITABLE,
    Outcomes,
    Then,
    Told,
    Wanted,
    default_levels,
    is_bad,
    outcomes_to_dict,
    read_outcomes,
    tag_of,
    then_of,
    wanted,
)
from ratings.scale import DEFAULT_SCALE, Choice, Scale

LEAVE, CLOSE, REOPEN = Then
TERMS = Terms((1, 2, 3, 4, 5), edit_window=1, comment_window=1, reminders=(), lapse_after=1)
CLOSES = frozenset({"close", "suppress_native"})


def scale_of(count: int, *, satisfied: int = 100, one_is_best: bool = False) -> Scale:
    """Values 1 to `count`; from `satisfied` on they are, as they are counted."""
    choices = (
        Choice(n, f"s{n}", {"en": f"L, {n}"}, satisfied=(count + 1 - n if one_is_best else n) >= satisfied)
        for n in range(1, count + 1)
    )
    return Scale("n", tuple(choices), one_is_best)


TEN = scale_of(10, satisfied=9)
BEST_IS_ONE = scale_of(5, satisfied=4, one_is_best=True)


def rated(value: int | None, comment: str = "") -> Invitation:
    state = State.LAPSED if value is None else State.ANSWERED
    at = None if value is None else 1_000
    return Invitation(id=7, state=state, terms=TERMS, expires_at=10**9, value=value, rated_at=at, comment=comment)


def do(outcomes: Outcomes, value: int | None, told: Told = Told(), scale: Scale = DEFAULT_SCALE) -> Wanted | None:  # noqa: B008 - a Told never changes
    return wanted(outcomes, scale, rated(value), told, "en")


def verbs(found: Wanted | None) -> set[str]:
    return set() if found is None else set(found.verbs)


# --- close, reopen, leave -----------------------------------------------------------------------------------------


def test_by_default_one_and_two_reopen_and_three_to_five_close() -> None:
    assert default_levels(DEFAULT_SCALE) == {1: REOPEN, 2: REOPEN, 3: CLOSE, 4: CLOSE, 5: CLOSE}


@pytest.mark.parametrize(
    ("count", "reopening"), [(2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 2), (8, 3), (9, 3), (10, 4)]
)
@pytest.mark.parametrize("one_is_best", [False, True])
def test_on_every_scale_the_worst_reopen_and_the_best_close(count: int, reopening: int, one_is_best: bool) -> None:
    scale = scale_of(count, one_is_best=one_is_best)
    levels = default_levels(scale)
    assert [levels[value] for value in scale.values] == [REOPEN] * reopening + [CLOSE] * (count - reopening)
    best, worst = (1, count) if one_is_best else (count, 1)
    assert verbs(do(NO_OUTCOMES, worst, scale=scale)) == {"reopen_keep"}
    assert verbs(do(NO_OUTCOMES, best, scale=scale)) == CLOSES


def test_what_counts_as_satisfied_never_reopens_by_default() -> None:
    assert default_levels(scale_of(10, satisfied=3)) == {n: REOPEN if n < 3 else CLOSE for n in range(1, 11)}
    assert set(default_levels(scale_of(5, satisfied=1)).values()) == {CLOSE}
    mirrored = scale_of(10, satisfied=3, one_is_best=True)
    assert [value for value, then in default_levels(mirrored).items() if then is REOPEN] == [1, 2]


@pytest.mark.parametrize(("value", "clear", "expected"), [(2, False, "reopen_keep"), (2, True, "reopen_clear")])
def test_a_reopened_ticket_keeps_its_assignee_unless_the_admin_says_so(value: int, clear: bool, expected: str) -> None:
    found = do(Outcomes(clear_assignee=clear), value)
    assert found == Wanted(frozenset({expected}), value, "", 1_000, outcome="reopen")


def test_levels_override_the_default_value_by_value() -> None:
    outcomes = Outcomes(levels={2: LEAVE, 5: REOPEN})
    assert [then_of(outcomes, DEFAULT_SCALE, value) for value in (1, 2, 3, 5)] == [REOPEN, LEAVE, CLOSE, REOPEN]
    assert do(outcomes, 2) is None
    assert then_of(outcomes, DEFAULT_SCALE, 99) is LEAVE, "a value that the scale does not have"


def test_on_a_scale_where_one_is_best_levels_and_thresholds_go_by_what_is_counted() -> None:
    outcomes = Outcomes(levels={1: LEAVE}, tag_below=3)
    assert verbs(do(outcomes, 5, scale=BEST_IS_ONE)) == {"tag"}, "five is the worst: it is counted as one"
    found = do(outcomes, 4, scale=BEST_IS_ONE)
    assert found is not None
    assert (found.value, found.tag, found.outcome) == (2, "Оценка 2", "reopen")
    assert verbs(do(outcomes, 1, scale=BEST_IS_ONE)) == CLOSES


def test_switched_off_no_rating_closes_or_reopens_and_it_may_still_be_bad() -> None:
    off = Outcomes(enabled=False, write=("score",))
    assert all(verbs(do(off, value)) == {"score"} for value in (1, 3, 5))
    assert is_bad(off, DEFAULT_SCALE, 2)
    assert not is_bad(off, DEFAULT_SCALE, 3)
    assert not is_bad(Outcomes(levels={2: CLOSE}), DEFAULT_SCALE, 2)


# --- the tag ------------------------------------------------------------------------------------------------------


def test_a_tag_is_for_what_is_below_the_threshold_as_in_mango_office() -> None:
    outcomes = Outcomes(tag_below=9)
    assert [tag_of(outcomes, value) for value in (1, 8, 9, 10, None)] == ["Оценка 1", "Оценка 8", "", "", ""]
    assert tag_of(NO_OUTCOMES, 1) == ""
    assert verbs(do(outcomes, 8, scale=TEN)) >= {"tag"}
    assert verbs(do(outcomes, 9, scale=TEN)) == CLOSES


@pytest.mark.parametrize(
    ("template", "tag"), [("bad", "bad"), ("{symbol} {label}", "s2 L 2"), ("[{label}: ]{value}", "L 2: 2")]
)
def test_a_tag_says_what_the_admin_wrote_without_a_comma(template: str, tag: str) -> None:
    found = do(Outcomes(tag_below=3, tag=template), 2, scale=TEN)
    assert found is not None
    assert found.tag == tag


def test_after_an_edit_the_old_tag_goes() -> None:
    outcomes = Outcomes(tag_below=3)
    first = do(outcomes, 1)
    assert first is not None
    assert (first.tag, first.untag) == ("Оценка 1", ())
    told = Told("reopen", "Оценка 1", 1, written=True)
    lower = do(outcomes, 2, told)
    assert lower == Wanted(frozenset({"tag", "untag"}), 2, "", 1_000, "Оценка 2", ("Оценка 1",), "reopen")
    assert do(outcomes, 5, told) == Wanted(frozenset({"untag"}), 5, "", 1_000, "", ("Оценка 1",), "reopen")
    same = do(outcomes, 1, told)
    assert same is not None
    assert same.untag == ()


# --- what is written ----------------------------------------------------------------------------------------------


def test_nothing_is_written_to_the_desks_fields_unless_the_admin_says_so() -> None:
    assert not verbs(do(NO_OUTCOMES, 5)) & {*WRITABLE, "note"}
    found = do(Outcomes(write=("score", "comment"), note=True), 5)
    assert verbs(found) == CLOSES | {"score", "comment", "note"}


def test_what_is_wanted_has_the_words_and_the_time_of_the_rating() -> None:
    found = wanted(Outcomes(write=WRITABLE), DEFAULT_SCALE, rated(4, "Спасибо"), Told(), "ru")
    assert found is not None
    assert (found.value, found.comment, found.rated_at) == (4, "Спасибо", 1_000)


@pytest.mark.parametrize("outcome", ["reopen", "close", "leave"])
@pytest.mark.parametrize("value", [1, 3, 5])
def test_an_edit_never_closes_or_reopens_a_second_time(outcome: str, value: int) -> None:
    outcomes = Outcomes(write=("score",))
    found = do(outcomes, value, Told(outcome, None, 4, written=True))
    assert found is not None
    assert (found.verbs, found.outcome, found.value) == (frozenset({"score"}), outcome, value)


def test_a_rating_that_was_taken_back_takes_its_tag_and_score_along_and_nothing_else() -> None:
    told = Told("reopen", "Оценка 1", 1, written=True)
    found = do(Outcomes(tag_below=3, write=("score",), note=True, close_lapsed=True), None, told)
    assert found == Wanted(frozenset({"score", "untag"}), None, "", None, "", ("Оценка 1",), "reopen")
    assert do(NO_OUTCOMES, None, replace(told, tag=None)) is None


# --- nobody answered ----------------------------------------------------------------------------------------------

LAPSES = Outcomes(close_lapsed=True)


def test_a_ticket_that_nobody_rated_is_closed_unrated_where_the_admin_says_so() -> None:
    assert do(LAPSES, None) == Wanted(frozenset({"close_unrated", "suppress_native"}), outcome="close_unrated")
    assert do(NO_OUTCOMES, None) is None


@pytest.mark.parametrize(
    "told", [Told("close_unrated"), Told("reopen"), Told("leave"), Told(None, None, 5, written=True)]
)
def test_it_is_closed_unrated_only_once_and_only_if_nothing_was_written(told: Told) -> None:
    assert "close_unrated" not in verbs(do(LAPSES, None, told))


@pytest.mark.parametrize("state", [each for each in State if each not in {State.LAPSED, State.ANSWERED}])
def test_only_a_lapse_closes_unrated(state: State) -> None:
    assert wanted(LAPSES, DEFAULT_SCALE, rated(None)._replace(state=state), Told(), "en") is None


@pytest.mark.parametrize(("value", "act"), [(1, "reopen_keep"), (5, "close")])
def test_a_rating_that_comes_after_that_still_acts(value: int, act: str) -> None:
    found = do(LAPSES, value, Told("close_unrated"))
    assert found is not None
    assert act in found.verbs
    assert found.outcome in {"reopen", "close"}


VALUES = st.none() | st.integers(1, 5)


@given(
    st.lists(VALUES, min_size=1, max_size=8),
    st.builds(
        Outcomes,
        enabled=st.booleans(),
        levels=st.dictionaries(st.integers(1, 5), st.sampled_from(Then)),
        tag_below=st.none() | st.integers(2, 6),
        write=st.sampled_from([(), ("score",)]),
        close_lapsed=st.booleans(),
    ),
)
def test_over_any_history_a_ticket_is_closed_or_reopened_once_and_has_the_tag_of_its_value(
    values: list[int | None], outcomes: Outcomes
) -> None:
    told, tags, acts = Told(), set[str](), list[str]()
    for value in values:
        found = do(outcomes, value, told)
        if found is not None:
            assert found.verbs
            tags = (tags - set(found.untag)) | ({found.tag} if found.tag else set())
            acts += [verb for verb in found.verbs if verb in {"close", "reopen_keep", "reopen_clear"}]
            told = Told(found.outcome, found.tag or None, found.value, told.written or found.value is not None)
        elif value is not None and outcomes.enabled and told.outcome is None:
            told = replace(told, outcome="leave")  # as the store remembers it
        assert tags == ({tag_of(outcomes, value)} - {""})
    assert len(acts) <= 1


# --- JSON ---------------------------------------------------------------------------------------------------------


def read(data: object, start: Outcomes = NO_OUTCOMES) -> tuple[Outcomes, list[FieldError]]:
    errors: list[FieldError] = []
    return read_outcomes(errors, data, start, "/outcomes"), errors


ALL = st.builds(
    Outcomes,
    enabled=st.booleans(),
    levels=st.dictionaries(st.integers(1, 99), st.sampled_from(Then), max_size=4),
    clear_assignee=st.booleans(),
    tag_below=st.none() | st.integers(2, 100),
    tag=st.sampled_from(["Оценка {value}", "{symbol}", "bad [{label}]"]),
    write=st.lists(st.sampled_from(WRITABLE), unique=True).map(tuple),
    note=st.booleans(),
    close_lapsed=st.booleans(),
)


@given(ALL, ALL)
def test_outcomes_written_and_read_again_are_the_same(outcomes: Outcomes, others: Outcomes) -> None:
    written = json.loads(json.dumps(outcomes_to_dict(outcomes)))
    assert list(written) == [one.name for one in fields(Outcomes)]
    assert read(written) == (outcomes, [])
    assert read(written, replace(others, levels={})) == (outcomes, [])


@given(ALL, st.sampled_from([one.name for one in fields(Outcomes)]))
def test_a_change_keeps_what_it_does_not_name_and_null_takes_it_back(outcomes: Outcomes, name: str) -> None:
    assert read({}, outcomes) == (outcomes, [])
    assert read(None, outcomes) == (NO_OUTCOMES, [])
    assert read({name: None}, outcomes) == (replace(outcomes, **{name: getattr(NO_OUTCOMES, name)}), [])


def test_levels_are_merged_value_by_value() -> None:
    start = Outcomes(levels={1: LEAVE, 2: LEAVE})
    changed, errors = read({"levels": {"2": None, "3": "reopen"}}, start)
    assert (changed.levels, errors) == ({1: LEAVE, 3: REOPEN}, [])
    assert start.levels == {1: LEAVE, 2: LEAVE}


@pytest.mark.parametrize(
    ("data", "pointer", "remedy"),
    [
        ("close", "/outcomes", "expected an object"),
        ({"reopen": True}, "/outcomes/reopen", "expected one of enabled, levels,"),
        ({"enabled": "on"}, "/outcomes/enabled", "expected true or false"),
        ({"clear_assignee": 0}, "/outcomes/clear_assignee", "expected true or false"),
        ({"note": []}, "/outcomes/note", "expected true or false"),
        ({"close_lapsed": "yes"}, "/outcomes/close_lapsed", "expected true or false"),
        ({"levels": ["close"]}, "/outcomes/levels", "expected an object"),
        ({"levels": {"0": "close"}}, "/outcomes/levels/0", "expected 1 to 99"),
        ({"levels": {"100": "close"}}, "/outcomes/levels/100", "expected 1 to 99"),
        ({"levels": {"01": "close"}}, "/outcomes/levels/01", "expected 1 to 99"),
        ({"levels": {"0991": "close"}}, "/outcomes/levels/0991", "expected 1 to 99"),
        ({"levels": {"٣": "close"}}, "/outcomes/levels/٣", "expected 1 to 99"),
        ({"levels": {"1/2": "close"}}, "/outcomes/levels/1~12", "expected 1 to 99"),
        ({"levels": {"1": "open"}}, "/outcomes/levels/1", "expected one of leave, close, reopen"),
        ({"levels": {"1": []}}, "/outcomes/levels/1", "expected one of leave, close, reopen"),
        ({"tag_below": 1}, "/outcomes/tag_below", "expected a whole number from 2 to 100"),
        ({"tag_below": 101}, "/outcomes/tag_below", "lower values are tagged"),
        ({"tag_below": 3.0}, "/outcomes/tag_below", "expected a whole number"),
        ({"tag_below": True}, "/outcomes/tag_below", "expected a whole number"),
        ({"tag": ""}, "/outcomes/tag", "expected words with {value}"),
        ({"tag": " "}, "/outcomes/tag", "expected words with {value}"),
        ({"tag": "a,b"}, "/outcomes/tag", "no comma"),
        ({"tag": "a\nb"}, "/outcomes/tag", "no line break"),
        ({"tag": "{agent.name}"}, "/outcomes/tag", "no other brace"),
        ({"tag": "x" * 61}, "/outcomes/tag", "expected at most 60"),
        ({"tag": 5}, "/outcomes/tag", "expected a string"),
        ({"write": "score"}, "/outcomes/write", "expected a list"),
        ({"write": ["score", "tag"]}, "/outcomes/write/1", "expected one of score, comment, rated_at"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_remedy(data: Any, pointer: str, remedy: str) -> None:
    _, errors = read(data)
    assert [error.pointer for error in errors] == [pointer]
    assert remedy in errors[0].detail
