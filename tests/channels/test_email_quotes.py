"""What a customer wrote themselves, over the shapes of the mail programs of four languages."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels.email.quotes import MARKER, MARKER_END, html_to_text, marker_line, reply_text
from ratings.replies import Answer, read_reply
from ratings.scale import DEFAULT_SCALE
from tests.processor import processor_seconds

_FOLDER = Path(__file__).parent / "mail_replies"


def _cases(name: str) -> list[dict[str, Any]]:
    with (_FOLDER / name).open("rb") as table:
        cases: list[dict[str, Any]] = tomllib.load(table)["case"]
    return cases


PLAIN, HTML = _cases("plain.toml"), _cases("html.toml")


def _name(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", PLAIN, ids=_name)
def test_a_plain_answer_is_cut_to_the_customer_s_own_words(case: dict[str, Any]) -> None:
    assert reply_text(case["plain"]) == case["own"]


@pytest.mark.parametrize("case", HTML, ids=_name)
def test_an_answer_in_html_alone_is_cut_to_the_customer_s_own_words(case: dict[str, Any]) -> None:
    assert reply_text(html_to_text(case["html"])) == case["own"]


@pytest.mark.parametrize("case", [*PLAIN, *HTML], ids=_name)
def test_only_the_customer_s_own_value_is_read_as_a_rating(case: dict[str, Any]) -> None:
    """A left-over of our own mail would be a rating that nobody gave."""
    words = reply_text(case.get("plain") or html_to_text(case.get("html", "")))
    read = read_reply(words, DEFAULT_SCALE)
    assert (read.value if isinstance(read, Answer) else None) == case.get("value")


def test_the_corpus_covers_many_shapes() -> None:
    assert len(PLAIN) + len(HTML) >= 40
    for cases in (PLAIN, HTML):
        assert len({case["name"] for case in cases}) == len(cases)


@pytest.mark.parametrize("case", PLAIN, ids=_name)
def test_own_words_are_left_as_they_are_the_second_time(case: dict[str, Any]) -> None:
    assert reply_text(case["own"]) == case["own"]


@pytest.mark.parametrize("language", ["ru", "en", "uk", "pl", "de", ""])
def test_the_marker_is_one_short_line_that_cuts_in_every_language(language: str) -> None:
    line = marker_line(language)
    assert line.startswith(MARKER)
    assert line.endswith(MARKER_END)
    assert len(line) <= 72  # so that no program wraps it, with "> " in front or without
    assert reply_text(f"4\n{line}\n1") == "4"
    assert marker_line("de") == marker_line("en") != marker_line("ru")


PROMPTS = (
    "1 2 3 4 5",
    "5 4 3 2 1",
    "1\n2\n3\n4\n5",
    "😡 1\n🙁 2\n😐 3\n🙂 4\n😍 5",
    "😡\n1\n🙁\n2\n😐\n3\n🙂\n4\n😍\n5",
    "😡\n\n1\n\n🙁\n\n2\n\n😐\n\n3",
    "1 - Очень плохо: https://example.com/r/abcdefghij234567klmn/1\n2 - Плохо: https://example.com/r/abcdefghij234567klmn/2",
    "[1] [2] [3] [4] [5]",
)
HEADERS = (
    "",
    "On Sat, Nov 21, 2026 at 7:49 PM Support <s@example.com> wrote:\n",
    "сб, 21 нояб. 2026 г. в 19:49, Поддержка <s@example.com>:\n",
    '21.11.2026, 19:49, "Підтримка" <s@example.com>:\n',
    "W dniu 21.11.2026 o 19:49, Pomoc pisze:\n",
    "От: Поддержка\nДата: 21 ноября 2026\n",
    "________________________________\n",
    marker_line("ru") + "\n",
)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("mark", ["", "> ", ">", ">> "])
def test_a_prompt_of_ours_never_survives(prompt: str, header: str, mark: str) -> None:
    below = "".join(f"{mark}{line}\n" for line in (header + prompt).splitlines())
    assert reply_text(below) == ""
    assert reply_text(f"спасибо, что помогли\n\n{below}") == "спасибо, что помогли"


LINES = st.sampled_from(
    [
        *(line for case in PLAIN for line in case["plain"].splitlines()),
        *("", " ", "--", "5", "> 5", ":", "@:", "2026 19:49:", "От:", "пишет:"),
    ]
)


@given(st.lists(LINES, max_size=25).map("\n".join) | st.text())
@example("-- \n")
@example("\ud800:\n>")
@example("\r\r\n")
def test_stripping_takes_any_text_and_only_takes_away(text: str) -> None:
    words = reply_text(text)
    assert len(words) <= len(text)
    assert reply_text(text) == words
    left = iter(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in words.split("\n"):
        assert not line.startswith(">")
        assert not line or any(each.strip() == line.strip() for each in left)


TAGS = st.sampled_from(
    [
        *(
            "<div>",
            "</div>",
            "<p>",
            "</p>",
            "<blockquote>",
            "</blockquote>",
            '<div class="gmail_quote">',
            "<br>",
            "<td>",
        ),
        *("<!--", "-->", "<![", "<!", "<?", "<a b='", '<a "', ">", "<", "</", "&", "&#", "&#x110000;", "<script>"),
        *("</script>", "<img alt='😍'>", "<p hidden>", '<b style="display:none">', "</b>", "5", " ", "\n", "слова:"),
    ]
)


@given(st.lists(TAGS, max_size=40).map("".join) | st.text())
def test_any_page_becomes_text(html: str) -> None:
    text = html_to_text(html)
    assert len(text) <= 2 * len(html) + 1  # an "&nGt;" becomes two characters; a quote leaves a ">"
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "inner", ["<p>1 2 3 4 5</p>", "</p>", "<p>", "<br>", "</td></section>", "<!-- -->", "<b>", "1"]
)
@pytest.mark.parametrize("quote", ["blockquote", 'div class="yahoo_quoted"', 'div class="moz-cite-prefix"'])
def test_a_quote_stays_out_whatever_is_in_it(quote: str, inner: str) -> None:
    html = f"<div>5</div><{quote}>2 {inner} 3</{quote.partition(' ')[0]}>"
    assert html_to_text(html) == "5"


BIG = 2_000_000


@pytest.mark.parametrize("piece", [">", "@:\n", "5\n", "a@b 2026 19:49:\n", "От: я\n", "On 2026\n", "😡\n"])
def test_two_megabytes_of_any_lines_are_read_quickly(piece: str) -> None:
    assert processor_seconds(lambda: reply_text((piece * BIG)[:BIG]), times=1) < 30


@pytest.mark.parametrize("piece", ["<", "<a ", '<a "', '<a ">', "<!--", "<![", "<p>", "<script>", "&#", "<div></b>"])
def test_two_megabytes_of_any_tags_are_read_quickly(piece: str) -> None:
    """Where the standard library's parser takes minutes, or stops."""
    assert processor_seconds(lambda: html_to_text((piece * BIG)[:BIG]), times=1) < 30


def test_a_very_deep_page_is_read() -> None:
    assert html_to_text("<div>" * 50_000 + "5" + "</div>" * 50_000) == "5"
