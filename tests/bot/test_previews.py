"""Previews and warnings: what a survey would say, by what says it."""

from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from bot.previews import SAMPLE_TICKET, previews, survey_warnings
from channels import registry
from channels.base import Channel, Mode
from ratings.scale import Choice, Scale
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey

URL = "https://rate.example"


def made(kind: str, **settings: Any) -> Channel:
    return registry.load(kind)(f"{kind}.a", registry.config_class(kind)(**settings), ("s" * 32,))


TELEGRAM = made("telegram", token=SecretStr("123456:" + "t" * 35))
VIBER = made("viber", token=SecretStr("t" * 40), sender="Shop")
EMAIL = made("email", smtp="smtp://127.0.0.1:2525", **{"from": "Shop <rate@example.org>"}, mode=Mode.SEND_ONLY)
ALL = {"telegram.a": TELEGRAM, "viber.a": VIBER, "email.a": EMAIL}


def survey(**change: Any) -> Survey:
    return parse_survey(change, base=DEFAULT_SURVEY)


def test_a_preview_shows_everything_that_is_said_as_each_channel_shows_it() -> None:
    full = survey(
        company="Shop",
        greeting=True,
        texts={
            "en": {
                "question": "How was {agent.name}?",
                "reminder_2": "Last call, {customer.name}",
                "reaction.1": "Sorry",
                "reaction.5": "",
            }
        },
        timing={"reminders_s": [60, 60]},
    )
    telegram, viber, email, plain = previews(full, {**ALL, "sms": None}, "en", SAMPLE_TICKET, URL)
    assert telegram["question"] == {"text": "How was Anna?", "buttons": [["😡", "🙁", "😐", "🙂", "😍"]]}
    assert str(telegram["greeting"]).find("Hello! This is Shop.\\n\\nHow was Anna?") > 0
    first, second = telegram["reminders"]
    assert second["text"] == "Last call, Maria"
    assert first["text"] != second["text"]
    shown = {each["value"]: each["shown"] for each in telegram["answers"]}
    assert shown[1]["text"].startswith("Sorry\n")
    assert shown[3]["text"].startswith("😐 Thank you!")
    silent = {each["value"]: each["shown"] for each in viber["answers"]}
    assert silent[5] is None, "an empty reaction says nothing, where nothing has to stand in the prompt's place"
    assert viber["question"]["colours"][0] == ["#d32f2f"]
    assert f"{URL}/r/" in email["question"]["html"]
    assert email["answers"] == [], "what follows an answer is said on the rating page"
    assert plain["question"]["text"] == "How was Anna?"


def test_what_cannot_be_said_is_shown_with_its_problem() -> None:
    (email,) = previews(DEFAULT_SURVEY, {"email.a": EMAIL}, "ru", SAMPLE_TICKET, "")
    assert "public_url" in email["question"]["problem"]


def test_the_default_survey_warns_of_nothing() -> None:
    assert survey_warnings(DEFAULT_SURVEY, ALL, URL) == []


def test_texts_that_do_not_fit_are_warned_of_where_they_do_not() -> None:
    long = survey(texts={"en": {"question": "{ticket.subject} " * 50, "thanks": "Thanks"}})
    assert survey_warnings(long, ALL, URL) == [
        {
            "pointer": "/texts/en/question",
            "channel": "telegram.a",
            "detail": "a text has at most 4096 UTF-16 code units",
        }
    ]


def test_choices_that_do_not_fit_are_warned_of_once_a_channel() -> None:
    choices = tuple(Choice(value, f"{value}", {}, satisfied=value > 5) for value in range(1, 11))
    fits = replace(DEFAULT_SURVEY, scale=Scale("1-10", choices))
    assert survey_warnings(fits, ALL, URL) == []
    without_url = survey_warnings(fits, {"email.a": EMAIL}, "")
    assert [(each["pointer"], each["channel"]) for each in without_url] == [("/texts/ru/question", "email.a")]


def test_an_added_language_says_what_it_lacks() -> None:
    german = survey(texts={"de": {"question": "Wie war es?"}})
    pointers = [each["pointer"] for each in survey_warnings(german, {}, URL)]
    assert pointers == ["/texts/de", *(f"/scale/choices/{index}/labels" for index in range(5))]
