import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings import texts
from ratings.builtin_texts import BUILT_IN, REASONS
from ratings.rules import SkipReason
from ratings.texts import check_text, pick_language, reason_text, render

FULL = dict.fromkeys(texts.PLACEHOLDERS, "X")
QUESTION = "Как мы справились с обращением «{ticket.subject}»?"


def test_every_language_says_everything_and_says_it_well() -> None:
    assert set(BUILT_IN) == {"ru", "en", "uk", "pl"}
    for words in BUILT_IN.values():
        assert set(words) == set(texts.KEYS)
        for key, template in words.items():
            assert check_text(template, key) == []
            assert len(render(template, FULL)) <= (
                40 if key.startswith("button_") else 200 if key == "acknowledged" else 400
            )


@pytest.mark.parametrize("language", sorted(BUILT_IN))
def test_no_built_in_text_shows_that_a_value_is_missing(language: str) -> None:
    for template in BUILT_IN[language].values():
        message = render(template, {})
        assert not any(mark in message for mark in ("None", "{", "}", "«»", "“”", "„”", "\0", "  ", " ?", " ."))
        assert message[0].isupper()


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (QUESTION, "Как мы справились с обращением?"),
        ("{customer.name}, как мы справились?", "Как мы справились?"),
        ("Здравствуйте, {customer.name}! Оцените нас.", "Здравствуйте! Оцените нас."),
        ("Здравствуйте, {customer.name}, оцените нас.", "Здравствуйте, оцените нас."),
        ("Вам помог {agent.name} сегодня.", "Вам помог сегодня."),
        ("Обращение №{ticket.id}: как мы справились?", "Обращение: как мы справились?"),
        ("Как мы{label} справились?", "Как мы справились?"),
        ("Спасибо ({agent.name})", "Спасибо"),
        ("Спасибо!\n{customer.name}, ещё слово?", "Спасибо!\nЕщё слово?"),
        ("Hello[ dear {customer.name}], rate us", "Hello, rate us"),
        ("How did we do[ with “{ticket.subject}” by {agent.name}]?", "How did we do?"),
        ("[Support] rate us, {customer.name}", "[Support] rate us"),
        ("«{ticket.subject}» {agent.name}", ""),
        ("Hello {nobody.knows}!", "Hello!"),
    ],
)
def test_a_missing_value_takes_its_quotes_and_commas_along(template: str, message: str) -> None:
    assert render(template, {}) == message


def test_values_are_put_in_as_they_are_on_one_line_and_never_read_as_a_template() -> None:
    assert render(QUESTION, {"ticket.subject": "{agent.name} [x] %s\n {}"}) == (
        "Как мы справились с обращением «{agent.name} [x] %s {}»?"
    )
    assert render("How did we do[ with “{ticket.subject}”]?", {"ticket.subject": "Tea"}) == "How did we do with “Tea”?"


def test_nothing_is_tidied_where_nothing_is_missing() -> None:
    template = "  Так  , «» — {symbol} ()  "
    assert render(template, {"symbol": "😍"}) == "  Так  , «» — 😍 ()  "


def test_a_long_value_is_cut() -> None:
    assert render("{ticket.subject}", {"ticket.subject": "я" * 500}) == "я" * 119 + "…"


@given(
    st.text(alphabet="ab ,.?!«»()[]{}\n:—", max_size=30),
    st.dictionaries(st.sampled_from(texts.PLACEHOLDERS), st.text()),
)
def test_any_text_renders_without_a_hole_and_without_a_placeholder(around: str, values: dict[str, str]) -> None:
    message = render(f"{around}{{ticket.subject}}{around}{{agent.name}}", values)
    assert "\0" not in message
    if "{" not in around and "{" not in "".join(values.values()):
        assert "{" not in message


@pytest.mark.parametrize(
    ("template", "key", "problems"),
    [
        ("Спасибо, {customer.name}!", "thanks", 0),
        ("{customer.phone}", "thanks", 1),
        ("{ticket.subject", "thanks", 1),
        ("a } b", "thanks", 1),
        ("{}", "thanks", 1),
        ("{Ticket.Id} {x}", "thanks", 2),
        ("  ", "thanks", 1),
        ("я" * 1001, "thanks", 1),
        ("я" * 41, "button_skip", 1),
        ("{ticket.subject}", "acknowledged", 1),
        ("{symbol}", "acknowledged", 0),
        ("a\0b", "thanks", 1),
        ("\ud800", "thanks", 1),
        ("два\nряда", "thanks", 0),
        ("", "reaction.5", 0),
        (" ", "reaction.5", 1),
        ("{label} {ticket.id}", "reaction.5", 0),
        ("{customer.phone}", "reaction.5", 1),
        ("", "reaction.x", 1),
        ("", "reminder_2", 1),
    ],
)
def test_templates_are_checked_before_they_are_saved(template: str, key: str, problems: int) -> None:
    assert len(check_text(template, key)) == problems


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reaction.1", 1),
        ("reaction.99", 99),
        ("reaction.0", None),
        ("reaction.05", None),
        ("reaction.100", None),
        ("reaction.", None),
        ("reaction.-1", None),
        ("reaction.٣", None),
        ("reaction.1 ", None),
        ("reactions.1", None),
        ("thanks", None),
    ],
)
def test_a_reaction_is_named_by_its_value_in_one_way(key: str, value: int | None) -> None:
    assert texts.reaction_value(key) == value


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [
        ("ru-RU", "ru"),
        ("RU", "ru"),
        ("ru_RU", "ru"),
        ("pt-BR", "pt-br"),
        ("pt", "en"),
        ("de", "en"),
        (None, "en"),
        ("", "en"),
        ("-", "en"),
        ("zh-Hans-CN", "zh-hans"),
    ],
)
def test_the_nearest_language_is_picked(wanted: str | None, picked: str) -> None:
    assert pick_language(wanted, ["ru", "en", "pt-br", "zh-hans"], "en") == picked


def test_every_reason_is_told_in_russian_and_english() -> None:
    for language in ("ru", "en"):
        assert set(REASONS[language]) == {reason.value for reason in SkipReason}
    assert reason_text(SkipReason.SURVEY_OFF, "ru-RU") == "опрос выключен"
    assert reason_text("survey_off", "pl") == "the survey is off"
