"""Whom to tell of a rating, and in which words."""

import pytest

from ratings.alert_wording import MAX_SHOWN, alert_text, one_line
from ratings.alerting import Alerts, BadRating, alert_reasons, place_of
from ratings.scale import DEFAULT_SCALE, Scale

TO = ("telegram.support:-100",)


def bad(number: int = 1, value: int = 1, reasons: tuple[str, ...] = ("value",), comment: str = "") -> BadRating:
    return BadRating(
        number,
        reasons,
        value,
        DEFAULT_SCALE,
        comment,
        0,
        "default",
        "telegram.support",
        "desk",
        f"T-{number}",
        "",
        "",
        "",
    )


@pytest.mark.parametrize(
    ("comment", "word", "found"),
    [
        ("Это ЖАЛОБА!", "жалоб", True),
        ("прежалобно", "жалоб", False),
        ("Всё плохо", "все плохо", True),
        ("все плохо", "всё плохо", True),
        ("(суд)", "суд", True),
        ("досудебно", "суд", False),
        ("it is C++ again", "c++", True),
        ("Straße", "strasse", True),
        ("ﬁne", "fine", True),
        ("", "суд", False),
    ],
)
def test_words_are_found_at_a_word_s_beginning(comment: str, word: str, found: bool) -> None:
    alerts = Alerts(words=(word,), to=TO)
    assert alert_reasons(alerts, 5, comment) == (("words",) if found else ())


def test_nobody_is_told_without_a_rating_or_a_destination() -> None:
    assert alert_reasons(Alerts(value_max=2, words=("суд",), to=TO), None, "суд") == ()
    assert alert_reasons(Alerts(value_max=2, words=("суд",)), 1, "суд") == ()
    assert alert_reasons(Alerts(value_max=2, words=("суд",), to=TO), 2, "суд") == ("value", "words")


def test_places() -> None:
    assert place_of("telegram.support:-100") == ("telegram.support", "-100")
    assert place_of("email.a:b:c@example.org") == ("email.a", "b:c@example.org")
    assert place_of("https://example.org/a:b") is None


@pytest.mark.parametrize(
    ("language", "number", "head"),
    [
        ("ru", 1, "1 плохая оценка"),
        ("ru", 2, "2 плохие оценки"),
        ("ru", 5, "5 плохих оценок"),
        ("ru", 11, "11 плохих оценок"),
        ("ru", 12, "12 плохих оценок"),
        ("ru", 21, "21 плохая оценка"),
        ("ru", 112, "112 плохих оценок"),
        ("uk", 3, "3 погані оцінки"),
        ("pl", 1, "1 zła ocena"),
        ("pl", 21, "21 złych ocen"),
        ("pl", 22, "22 złe oceny"),
        ("en-GB", 1, "1 bad rating"),
        ("en", 21, "21 bad ratings"),
        ("xx", 2, "2 bad ratings"),
    ],
)
def test_plural_forms(language: str, number: int, head: str) -> None:
    assert alert_text([bad(each) for each in range(number)], language, 10**6).splitlines()[0] == head


def test_words_alone_are_no_bad_rating() -> None:
    ratings = [bad(1), bad(2, 5, ("words",))]
    assert alert_text(ratings, "ru", 4096).startswith("2 оценки требуют внимания\n")


def test_many_are_counted_and_a_small_message_shows_fewer() -> None:
    ratings = [bad(number, comment="😡" * 200) for number in range(25)]
    long = alert_text(ratings, "ru", 10**6)
    assert long.count("Обращение") == MAX_SHOWN
    assert long.endswith("\n\nИ ещё 15.")
    short = alert_text(ratings, "ru", 1_000)
    assert len(short.encode("utf-16-le")) // 2 <= 1_000
    assert (short.count("Обращение"), short.split("\n\n")[-1]) == (2, "И ещё 23.")
    assert alert_text(ratings, "ru", 10).count("Обращение") == 1


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("a\n\n b\t\u2028c", "a b c"),
        ("\u202egnihtyna\u200b \x07", "gnihtyna"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("x" * 11, "x" * 9 + "…"),
        ("\ud800", ""),
    ],
)
def test_customers_words_stay_on_their_line(told: str, shown: str) -> None:
    assert one_line(told, 10) == shown


def test_where_one_is_best_the_choice_is_shown_as_the_customer_saw_it() -> None:
    scale = Scale(DEFAULT_SCALE.name, DEFAULT_SCALE.choices, one_is_best=True)
    rating = BadRating(1, ("value",), 1, scale, "", 0, "default", "telegram.support", "desk", "T-1", "", "", "")
    assert alert_text([rating], "en", 4096).splitlines()[2] == "😍 5 Excellent"
