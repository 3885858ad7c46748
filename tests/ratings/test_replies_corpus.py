"""The reply reader over its corpus: what people type in four languages, and what it must be read as."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratings.replies import MAX_REPLY, Answer, NotAnAnswer, Reply, Unclear, Why, read_reply
from ratings.scale import DEFAULT_SCALE, Choice, Scale
from tests.processor import processor_seconds

_ESCAPE = re.compile(r"\\n|\\u([0-9a-f]{4})")


def _written(cell: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "\n", cell)


def _expected(told: str, comment: str) -> Reply:
    if told == "-":
        return NotAnAnswer()
    return Unclear(Why(told[1:])) if told.startswith("?") else Answer(int(told), comment)


def _corpus() -> list[tuple[str, str, Reply]]:
    table = (Path(__file__).parent / "replies_corpus.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return [(cells[0], _written(cells[1]), _expected(cells[2], _written("".join(cells[3:])))) for cells in rows]


CORPUS = _corpus()


@pytest.mark.parametrize(("language", "text", "expected"), CORPUS)
def test_the_corpus_is_read_as_expected(language: str, text: str, expected: Reply) -> None:
    assert read_reply(text, DEFAULT_SCALE, None if language == "any" else language) == expected


def test_the_corpus_has_every_language_and_no_line_twice() -> None:
    counted = Counter(language for language, _, _ in CORPUS)
    assert len(CORPUS) >= 350
    assert min(counted[language] for language in ("ru", "en", "uk", "pl")) >= 80
    assert len({(language, text) for language, text, _ in CORPUS}) == len(CORPUS)


def test_case_and_typographic_dress_change_no_reading() -> None:
    for _, text, expected in CORPUS:
        if isinstance(expected, Answer) and not expected.comment and text.isascii():
            assert read_reply(f"\ufeff {text.upper()}\u00a0", DEFAULT_SCALE) == expected


def scale_of(*symbols: str, labels: tuple[str, ...] = ()) -> Scale:
    names = labels or ("",) * len(symbols)
    return Scale(
        "s",
        tuple(
            Choice(value, symbol, {"ru": label} if label else {}, satisfied=value > 1)
            for value, (symbol, label) in enumerate(zip(symbols, names, strict=True), start=1)
        ),
    )


def test_the_scale_s_own_symbols_are_read_whatever_else_they_mean() -> None:
    thumbs = scale_of("👎", "👍")
    assert read_reply("👍", thumbs) == Answer(2)
    assert read_reply("👍🏿!", thumbs) == Answer(2)
    assert read_reply("👎, долго ждал", thumbs) == Answer(1, "долго ждал")


def test_symbols_that_differ_in_skin_tone_alone_are_told_apart_or_asked_about() -> None:
    tones = scale_of("👍🏻", "👍🏿")
    assert read_reply("👍🏿", tones) == Answer(2)
    assert read_reply("👍", tones) == Unclear(Why.SEVERAL)


def test_a_symbol_goes_before_digits_and_hides_the_values_behind_it() -> None:
    best_is_one = scale_of("3", "2", "1")
    assert [read_reply(text, best_is_one) for text in ("1", "один", "1 из 3", "3!")] == [
        Answer(3),
        Answer(3),
        Answer(3),
        Answer(1),
    ]
    assert read_reply("⭐⭐⭐", best_is_one) == Unclear(Why.MOOD)
    marks = scale_of("2", "3", "4", "5")
    assert read_reply("1", marks) == Unclear(Why.OUT_OF_SCALE)
    assert read_reply("5", marks) == Answer(4)


def test_stars_as_symbols_are_read_by_their_row() -> None:
    stars = scale_of("⭐", "⭐⭐", "⭐⭐⭐")
    assert [read_reply("⭐" * count, stars) for count in (1, 2, 3)] == [Answer(1), Answer(2), Answer(3)]


def test_a_scale_of_ten_reads_ten() -> None:
    ten = scale_of(*(f"[{value}]" for value in range(1, 11)))
    for text in ("10", "10 из 10", "10/10", "десять", "ten", "dziesięć", "🔟", "10!"):
        assert read_reply(text, ten) == Answer(10), text
    assert read_reply("11", ten) == Unclear(Why.OUT_OF_SCALE)
    assert read_reply("111", ten) == Unclear(Why.OUT_OF_SCALE)
    assert read_reply("1 0", ten) == Unclear(Why.SEVERAL)


def test_words_of_quality_are_read_on_the_default_scale_and_by_a_scale_s_own_labels_only() -> None:
    bare = scale_of("A", "B", "C", "D", "E")
    assert read_reply("отлично", bare) == NotAnAnswer()
    named = scale_of("👎", "👍", labels=("Не помогли", "Помогли"))
    assert read_reply("помогли!", named) == Answer(2)
    assert read_reply("Не помогли", named) == Answer(1)
    assert read_reply("отлично", named) == NotAnAnswer()


def test_labels_that_are_one_word_for_two_choices_are_told_by_the_language_or_asked_about() -> None:
    scale = Scale(
        "s",
        (
            Choice(1, "👎", {"ru": "Так", "uk": "Ні"}, satisfied=False),
            Choice(2, "👍", {"ru": "Эдак", "uk": "Так"}, satisfied=True),
        ),
    )
    assert read_reply("так", scale, "uk") == Answer(2)
    assert read_reply("так", scale, "ru") == Answer(1)
    assert read_reply("так", scale) == Unclear(Why.SEVERAL)


def test_own_labels_win_over_the_built_in_words() -> None:
    changed = tuple(
        Choice(
            each.value, each.symbol, {"ru": "Супер"} if each.value == 4 else {"ru": f"№{each.value}"}, each.satisfied
        )
        for each in DEFAULT_SCALE.choices
    )
    assert read_reply("супер", Scale("s", changed)) == Answer(4)


def test_what_is_longer_than_a_comment_may_be_is_no_reply() -> None:
    assert read_reply("5, " + "ы" * (MAX_REPLY - 3), DEFAULT_SCALE) == Answer(5, "ы" * (MAX_REPLY - 3))
    assert read_reply("5, " + "ы" * MAX_REPLY, DEFAULT_SCALE) == NotAnAnswer()


@given(st.text())
@example("5" * 5000)
@example("\ud800 5")
@example("5\u0301")
def test_any_text_is_read_to_the_same_reply_every_time(text: str) -> None:
    first = read_reply(text, DEFAULT_SCALE)
    assert read_reply(text, DEFAULT_SCALE) == first
    if isinstance(first, Answer):
        assert first.value in DEFAULT_SCALE.values
        assert len(first.comment) <= 2 * len(text)  # composed characters may come apart
        assert read_reply(str(first.value), DEFAULT_SCALE) == Answer(first.value)


PLAIN_WORDS = st.sampled_from(
    ["заказ", "доставка", "менеджер", "счёт", "вход", "order", "delivery", "login", "замовлення", "рахунок", "faktura"]
)
ANYTHING = st.lists(
    st.sampled_from([text for _, text, _ in CORPUS if text.strip()]) | PLAIN_WORDS | st.text(max_size=5), max_size=30
)


@given(PLAIN_WORDS, ANYTHING)
def test_a_text_without_a_leading_value_is_never_an_answer(first: str, others: list[str]) -> None:
    assert not isinstance(read_reply(" ".join([first, *others]), DEFAULT_SCALE), Answer)


@given(ANYTHING)
def test_a_text_with_a_question_mark_is_never_an_answer(parts: list[str]) -> None:
    assert not isinstance(read_reply(" ".join([*parts, "?"]), DEFAULT_SCALE), Answer)


@pytest.mark.parametrize(
    "piece",
    [
        "5",
        "5 ",
        "5,",
        "5, ",
        "не ",
        "😍",
        "⭐",
        "(",
        "'",
        "а'",
        " ",
        "\n",
        "1-",
        "очень ",
        "5 три ",
        "-",
        "спасибо ",
        "\u0301",
    ],
)
def test_the_longest_reply_is_read_in_a_moment(piece: str) -> None:
    text = (piece * MAX_REPLY)[:MAX_REPLY]
    for reply in (text, "5, " + text[3:]):
        assert processor_seconds(lambda reply=reply: read_reply(reply, DEFAULT_SCALE)) < 1  # type: ignore[misc] # a default that binds
