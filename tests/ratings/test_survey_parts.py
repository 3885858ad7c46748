"""A survey's parts: what belongs together, what a change keeps, and whose words are said."""

from dataclasses import replace

import pytest

from ratings.alerting import Alerts
from ratings.builtin_texts import BUILT_IN
from ratings.errors import InvalidInput
from ratings.outcomes import Outcomes, Then
from ratings.send_rules import SendRules
from ratings.survey import Survey, parse_survey
from ratings.times import MINUTE, SECOND


def pointers(data: object, base: Survey) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_survey(data, base=base)
    return [error.pointer for error in caught.value.errors]


# --- what belongs together -----------------------------------------------------------------------------------------

THREE = {
    "name": "1-3",
    "choices": [{"value": value, "symbol": str(value), "satisfied": value > 2} for value in (1, 2, 3)],
}


def test_a_smaller_scale_is_refused_while_something_speaks_of_its_missing_values() -> None:
    base = parse_survey(
        {"id": "s", "texts": {"ru": {"reaction.5": "Ура"}}, "outcomes": {"levels": {"4": "leave", "2": "close"}}}
    )
    assert pointers({"scale": THREE}, base) == ["/outcomes/levels/4", "/texts/ru/reaction.5"]
    mended = {"scale": THREE, "texts": {"ru": {"reaction.5": None}}, "outcomes": {"levels": {"4": None}}}
    changed = parse_survey(mended, base=base)
    assert (changed.scale.values, changed.texts) == ((1, 2, 3), {})
    assert changed.outcomes.levels == {2: Then.CLOSE}


def test_each_part_keeps_what_a_change_does_not_name() -> None:
    base = parse_survey(
        {
            "id": "s",
            "rules": {"min_talk_s": 5, "staff": ["a"]},
            "timing": {"delay_s": 5, "hours": {"weekdays": [1]}},
            "outcomes": {"note": True, "levels": {"1": "leave"}},
            "alerts": {"value_max": 2, "per_hour": 1},
            "company": "Tea",
        }
    )
    change = {
        "rules": {"staff": None, "share": 0.5},
        "timing": {"lapse_after_s": 60},
        "outcomes": {"levels": {"2": "leave"}},
        "alerts": {"value_max": None},
    }
    assert parse_survey(change, base=base) == replace(
        base,
        rules=SendRules(min_talk=5 * SECOND, share=0.5),
        timing=replace(base.timing, lapse_after=MINUTE),
        outcomes=Outcomes(note=True, levels={1: Then.LEAVE, 2: Then.LEAVE}),
        alerts=Alerts(per_hour=1),
    )
    back = dict.fromkeys(("rules", "timing", "outcomes", "alerts", "company", "timezone"))
    assert parse_survey(back, base=base) == Survey("s", "s")


def test_ids_of_bindings_may_be_numbers_as_on_tickets() -> None:
    read = parse_survey({"id": "s", "forms": [5, "7", 5], "groups": None, "desks": ["crm"], "channels": ["vk"]})
    assert (read.forms, read.bound) == (("5", "7"), ("desks", "forms", "channels"))


def test_a_zone_is_any_that_the_clock_knows_and_none_is_the_installations() -> None:
    assert parse_survey({"id": "s", "timezone": "europe/warsaw"}).timezone == "europe/warsaw"
    assert parse_survey({"id": "s", "timezone": "+03:00"}).timezone == "+03:00"
    assert parse_survey({"id": "s", "timezone": None}).timezone == ""


# --- words ---------------------------------------------------------------------------------------------------------

WORDED = parse_survey(
    {
        "id": "s",
        "language": "ru",
        "texts": {
            "ru": {"reminder": "Ну как?", "reminder_3": "Последний раз", "reaction.1": "Простите", "reaction.3": ""},
            "de": {"reminder_2": "Noch einmal", "reaction.5": "Danke!"},
        },
    }
)


@pytest.mark.parametrize(
    ("number", "language", "words"),
    [
        (1, "ru", "Ну как?"),
        (2, "ru", "Ну как?"),
        (3, "ru", "Последний раз"),
        (1, "en", BUILT_IN["en"]["reminder"]),
        (3, "en", BUILT_IN["en"]["reminder"]),
        (2, "de", "Noch einmal"),
        (1, "de", "Ну как?"),
        (3, "de", "Последний раз"),
    ],
)
def test_a_reminder_has_its_own_words_else_the_firsts_in_the_customers_language(
    number: int, language: str, words: str
) -> None:
    assert WORDED.reminder(number, language) == words


@pytest.mark.parametrize(
    ("value", "language", "words"),
    [
        (1, "ru", "Простите"),
        (3, "ru", ""),
        (5, "ru", None),
        (1, "en", None),  # the thanks in English say more to her than an apology in Russian
        (5, "de", "Danke!"),
        (1, "de", "Простите"),  # there are no thanks in German
        (3, "de", ""),
        (1, "fr", "Простите"),
    ],
)
def test_a_reaction_is_said_in_a_language_in_which_there_is_nothing_nearer(
    value: int, language: str, words: str | None
) -> None:
    assert WORDED.reaction(value, language) == words
