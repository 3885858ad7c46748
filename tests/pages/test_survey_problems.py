"""What is wrong with a field is said in the reader's language, whatever is wrong."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.web.pages.speech import Speech
from bot.web.pages.surveys.problems import problem_said, warnings_said
from ratings.errors import InvalidInput
from ratings.survey import DEFAULT_SURVEY, parse_survey

EN, RU = (Speech(language, ZoneInfo("Europe/Moscow")) for language in ("en", "ru"))
TWICE = {"value": 1, "symbol": "a", "satisfied": True}
LONG = {"value": 200, "symbol": "x" * 17, "labels": {"ru": "x" * 41}, "satisfied": True}
SPAN = {"from": "09:00", "to": "09:00"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "1 to 200 characters on one line are expected"),
    ({"name": "x" * 201}, "201 characters are too many: at most 200"),
    ({"position": -1}, "a whole number from 0 to 1000000 is expected"),
    ({"language": "русский"}, "a language's tag such as ru or pt-br is expected"),
    ({"timezone": "Mars/Phobos"}, "a time zone such as Europe/Moscow is expected, or nothing"),
    ({"scale": {"name": "x", "choices": [TWICE]}}, "2 to 10 choices are expected"),
    ({"scale": {"name": "x", "choices": [TWICE, TWICE]}}, "1 stands twice: every value may stand once"),
    ({"scale": {"name": "x", "choices": [TWICE, {**TWICE, "value": 2}]}}, "this symbol stands twice"),
    ({"scale": {"name": "x", "choices": [TWICE, LONG]}}, "a number from 1 to 99 is expected"),
    ({"texts": {"ru": {"question": "{x}"}}}, "there is no placeholder {x}; there are {ticket.id}"),
    ({"texts": {"ru": {"question": "}"}}}, "a brace stands alone; placeholders are"),
    ({"texts": {"ru": {"question": "\x01"}}}, "a character that cannot be shown"),
    ({"texts": {"ru": {"question": " "}}}, "words are expected"),
    ({"ask_when": {"field": "fields.", "is": "x"}}, "the name of the desk's field is expected"),
    ({"ask_when": {"field": "kind", "is": "x"}}, "one of these is expected: ticket, chat, call"),
    ({"ask_when": {"field": "tags", "has": ""}}, "a value is expected"),
    ({"ask_when": {"field": "talk_s", "is": "x"}}, "a number is expected"),
    ({"rules": {"opening": SPAN}}, "the same time as the first one"),
    ({"rules": {"opening": {"from": "9", "to": "10:00"}}}, "a time such as 09:30 is expected"),
    ({"rules": {"min_open_s": 60, "max_open_s": 30}}, "less than the least time above"),
    ({"timing": {"lapse_after_s": 0}}, "from 1\u00a0s to 366\u00a0days is expected"),
    ({"timing": {"delay_s": 100, "expires_after_s": 100}}, "by then the time for an answer would be over"),
    ({"timing": {"hours": {"quiet": {"from": "00:00", "to": "24:00"}}}}, "quiet all day"),
    ({"outcomes": {"tag": "a,b"}}, "no comma, no line break"),
    ({"outcomes": {"levels": {"9": "close"}}}, "the scale has no such value"),
    ({"alerts": {"to": ["somebody"]}}, "an account with an address such as email.support:head@example.org"),
    ({"rules": {"only_tags": ["x"] * 101}}, "101 are too many: at most 100"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_what_is_wrong_is_said_in_either_language(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_survey(change, base=DEFAULT_SURVEY)
    english, russian = ([problem_said(speech, each.detail) for each in caught.value.errors] for speech in (EN, RU))
    assert [text for text in english if said in text], english
    for text, other in zip(english, russian, strict=True):
        assert text != other
        assert "; expected" not in text


def test_warnings_are_said_once_with_the_page_that_mends_them() -> None:
    warnings = [
        {
            "pointer": f"/scale/choices/{number}/labels",
            "channel": None,
            "detail": "no label in de: another language's is shown",
        }
        for number in range(3)
    ]
    warnings.append({"pointer": "/texts/de/question", "channel": "viber.a", "detail": "odd"})
    warnings.append({"pointer": "/alerts/to/0", "channel": None, "detail": "nobody is told: a URL that is odd"})
    told = warnings_said(RU, warnings)
    assert [(each.channel, each.page) for each in told] == [
        (None, "scale"),
        ("viber.a", "texts?language=de"),
        (None, "outcomes"),
    ]
    assert told[0].text == "у вариантов нет подписи на de: показана подпись на другом языке"


def test_what_nobody_thought_of_stands_as_it_is() -> None:
    assert problem_said(RU, "something else entirely") == "something else entirely"
    assert problem_said(RU, "a value is expected") == "здесь нужно значение"
