from dataclasses import replace

import pytest

from ratings.replies import Answer, read_reply
from ratings.scale import DEFAULT_SCALE, Choice, Scale


def read_value(text: str, scale: Scale) -> int | None:
    reply = read_reply(text, scale)
    return reply.value if isinstance(reply, Answer) else None


def scale_of(*symbols: str) -> Scale:
    return Scale("s", tuple(Choice(value, symbol, {}, satisfied=True) for value, symbol in enumerate(symbols, start=1)))


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), (" 1\n", 1), ("😡", 1), ("😍\ufe0f", 5), ("\u200b4\u200b", 4), ("\u00a03 ", 3), ("🙁 ", 2)],
)
def test_a_reply_that_is_a_value_and_nothing_else_is_read(text: str, value: int) -> None:
    assert read_value(text, DEFAULT_SCALE) == value


def test_variation_selectors_and_skin_tones_do_not_count_on_either_side() -> None:
    scale = scale_of("☹\ufe0f", "👍")
    assert read_value("☹", scale) == 1
    assert read_value("☹\ufe0e", scale) == 1
    assert read_value("👍🏿", scale) == 2


def test_choices_that_differ_in_skin_tone_alone_are_told_apart_or_not_guessed() -> None:
    scale = scale_of("👍🏻", "👍🏿")
    assert read_value("👍🏿", scale) == 2
    assert read_value("👍", scale) is None


def test_symbols_that_are_digits_go_before_values() -> None:
    scale = scale_of("3", "2", "1")  # 1 is best: the customer types what the buttons show
    assert read_value("1", scale) == 3


def test_stars_say_nothing_where_1_is_best() -> None:
    school = scale_of("a", "b", "c", "d", "e")
    assert read_value("★★★★★", school) == 5
    assert read_value("★★★★★", replace(school, one_is_best=True)) is None


def test_values_of_two_digits_are_read_whole() -> None:
    scale = Scale("0-100", tuple(Choice(value, f"s{value}", {}, satisfied=True) for value in (1, 10, 11)))
    assert [read_value(text, scale) for text in ("1", "10", "11", "101")] == [1, 10, 11, None]
