"""The pages' texts: each has its Russian, with the same places to fill and all plural forms; numbers and dates as people write them."""

import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bot.web.pages.speech import Speech, pick
from ratings.times import parse_instant
from tests.pages.words import texts, translated

TEXTS = texts()
MOSCOW = ZoneInfo("Europe/Moscow")
EN, RU = Speech("en", MOSCOW), Speech("ru", MOSCOW)
AT = parse_instant("2026-11-29T11:05:07Z")
_PLACES = re.compile(r"%\(\w+\)s")


def test_every_text_has_its_russian() -> None:
    known = translated("ru")
    missing = [f"{place}: {text}" for text, place in TEXTS.items() if text not in known]
    assert missing == [], "python -m tests.pages.words prints them as .po entries"


def test_translations_are_whole_and_belong_to_a_text() -> None:
    for text, message in translated("ru").items():
        assert text in TEXTS, f"nothing says {text!r} any more"
        assert not message.fuzzy, text
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        assert len(forms) == (1 if isinstance(text, str) else 3), text
        wanted = set(_PLACES.findall(text if isinstance(text, str) else text[1]))
        for form in forms:
            assert form, text
            assert set(_PLACES.findall(form)) == wanted, (text, form)


def test_numbers_are_written_as_their_readers_write_them() -> None:
    assert EN.number(1234567.891, 2) == "1,234,567.89"
    assert RU.number(1234567.891, 2) == "1\u00a0234\u00a0567,89"
    assert (EN.number(None), EN.percent(None), RU.percent(None)) == ("—", "no data", "нет данных")
    assert (EN.percent(0.1234, 1), RU.percent(0.1234, 1)) == ("12.3%", "12,3\u00a0%")
    assert (EN.interval((0.714, 0.84)), RU.interval((0.714, 0.84), 1)) == ("71–84%", "71,4–84,0\u00a0%")


def test_a_share_is_none_or_all_only_where_it_is() -> None:
    assert [EN.percent(share) for share in (0.0, 0.001, 0.005, 0.006, 0.994, 0.995, 4068 / 4070, 1.0)] == [
        "0%", "<1%", "<1%", "1%", "99%", ">99%", ">99%", "100%",
    ]  # fmt: skip
    assert (RU.percent(0.9999, 1), RU.percent(1.0, 1)) == (">99,9\u00a0%", "100,0\u00a0%")


def test_times_are_of_the_installations_zone() -> None:
    assert EN.moment(AT) == "29 Nov 2026, 14:05"
    assert RU.moment(AT) == "29 нояб. 2026 г., 14:05"
    assert RU.exact(AT) == "29 ноября 2026, 14:05:07 +03:00"
    assert EN.short_moment(AT, AT) == "14:05"
    assert EN.short_moment(AT - 86_400_000, AT) == "28 Nov, 14:05"
    assert RU.short_moment(parse_instant("2025-12-31T21:30:00Z"), AT) == "1 янв., 00:30"
    assert RU.short_moment(parse_instant("2025-12-31T20:30:00Z"), AT) == "31 дек. 2025, 23:30"
    assert EN.day(AT) == "29 Nov 2026"
    assert RU.days(date(2026, 11, 1), date(2026, 11, 30)) == "1 нояб. – 30 нояб. 2026 г."
    assert EN.days(date(2025, 12, 31), date(2026, 1, 1)) == "31 Dec 2025 – 1 Jan 2026"
    assert EN.iso(AT) == "2026-11-29T11:05:07+00:00"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "—"),
        (0, "0\u00a0с"),
        (59.6, "1\u00a0мин"),
        (3599, "59\u00a0мин 59\u00a0с"),
        (3600, "1\u00a0ч"),
        (183_600, "2\u00a0дн. 3\u00a0ч"),
        (86_460, "1\u00a0дн."),
    ],
)
def test_durations_have_their_two_largest_units(seconds: float | None, said: str) -> None:
    assert RU.duration(seconds) == said


def test_russian_has_three_forms() -> None:
    forms = [
        RU.plural("%(number)s other session is ended.", "%(number)s other sessions are ended.", many)
        for many in (1, 2, 5, 11, 21, 1_001)
    ]
    assert [form.partition(" ")[0] for form in forms] == [
        "Завершён",
        "Завершено",
        "Завершено",
        "Завершено",
        "Завершён",
        "Завершён",
    ]
    assert "1\u00a0001" in forms[-1]


def test_the_language_is_the_one_chosen_else_the_browsers() -> None:
    assert pick("ru", "en") == "ru"
    assert pick("xx", "de, ru;q=0.9, en;q=0.8") == "ru"
    assert pick(None, "") == "en"
