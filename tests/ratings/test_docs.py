"""The page about surveys names everything that a survey has."""

from pathlib import Path

import pytest

from ratings.conditions import OPERATORS
from ratings.release import NO_RELEASE, release_to_dict
from ratings.rules import SkipReason
from ratings.send_rules import NO_RULES, rules_to_dict
from ratings.survey import BINDINGS, DEFAULT_SURVEY, survey_to_dict
from ratings.texts import KEYS, PLACEHOLDERS, reason_text

PAGE = (Path(__file__).parents[2] / "docs" / "surveys.md").read_text()


@pytest.mark.parametrize("reason", SkipReason)
def test_every_reason_is_explained_in_both_languages(reason: SkipReason) -> None:
    assert f"| `{reason.value}` | {reason_text(reason, 'en')} | {reason_text(reason, 'ru')} |" in PAGE


@pytest.mark.parametrize("key", KEYS)
def test_every_text_is_named(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_every_placeholder_is_named(placeholder: str) -> None:
    assert f"`{{{placeholder}}}`" in PAGE


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_explained(operator: str) -> None:
    assert f"`{operator}`" in PAGE


def test_every_timing_is_named_with_its_default() -> None:
    timing = survey_to_dict(DEFAULT_SURVEY)["timing"]
    assert isinstance(timing, dict)
    for key, default in timing.items():
        assert f"| `{key}` | {default or (0 if default == 0 else 'none')}" in PAGE


@pytest.mark.parametrize("key", [*rules_to_dict(NO_RULES), *BINDINGS, "when_paused", "greeting", "company", "timezone"])
def test_every_rule_and_binding_is_named(key: str) -> None:
    assert f"`{key}`" in PAGE or f"`{key} = " in PAGE


def test_every_part_of_the_release_is_named_with_its_default() -> None:
    for key, default in release_to_dict(NO_RELEASE).items():
        assert f"| `{key}` | {str(default).lower()} |" in PAGE


@pytest.mark.parametrize("key", ["reminder_2", "reminder_3", "reaction.<value>", "one_is_best = true"])
def test_texts_without_built_in_words_are_named(key: str) -> None:
    assert f"`{key}`" in PAGE
