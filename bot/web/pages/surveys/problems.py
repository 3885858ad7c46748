"""What is wrong with a field, in the reader's words: `parse_survey` says it for programs, in English, with what was found. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.web.pages.speech import Speech, mark
from bot.web.pages.surveys.sentences import OUTCOMES, SCALE, TEXTS
from bot.web.pages.surveys.words import lasting
from ratings.times import SECOND

_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"expected a whole number from (?P<least>\d+) to (?P<most>\d+)", mark("a whole number from %(least)s to %(most)s is expected")),
        (r"^(?P<found>\d+) characters; expected at most (?P<most>\d+)", mark("%(found)s characters are too many: at most %(most)s")),
        (r"^(?P<found>\d+) (?:items|languages|tests|choices); expected at most (?P<most>\d+)", mark("%(found)s are too many: at most %(most)s")),
        (r"^(?P<found>\d+) choices; expected (?P<least>\d+) to (?P<most>\d+)", mark("%(least)s to %(most)s choices are expected")),
        (r"expected (?P<least>\d+) to (?P<most>\d+) characters", mark("%(least)s to %(most)s characters on one line are expected")),
        (r"expected (?P<least>\d+) to (?P<most>\d+)$", mark("a number from %(least)s to %(most)s is expected")),
        (r"expected an IANA zone", mark("a time zone such as Europe/Moscow is expected, or nothing")),
        (r"expected (?:a language|one) such as ru or pt-br", mark("a language's tag such as ru or pt-br is expected")),
        (r"expected a time from 00:00", mark("a time such as 09:30 is expected")),
        (r"^the same time as from", mark("this is the same time as the first one: another one is expected")),
        (r"^quiet all day", mark("it would be quiet all day: some time is expected in which messages may go")),
        (r"^empty; expected words", mark("words are expected")),
        (r"^empty; expected a value", mark("a value is expected")),
        (r"^unknown placeholder (?P<found>\S+); expected one of (?P<some>.+)", mark("there is no placeholder %(found)s; there are %(some)s")),
        (r"^a brace that belongs to no placeholder; expected one of (?P<some>.+)", mark("a brace stands alone; placeholders are %(some)s")),
        (r"^a control character", mark("it has a character that cannot be shown")),
        (r"^no destination", mark("an account with an address such as email.support:head@example.org is expected, or https://…")),
        (r"^(?P<found>\d+) stands twice", mark("%(found)s stands twice: every value may stand once")),
        (r"stands twice; every symbol", mark("this symbol stands twice: every symbol may stand once")),
        (r"^as long as expires_after_s or longer", mark("by then the time for an answer would be over: ask sooner, or let answers count longer")),
        (r"^less than min_", mark("this is less than the least time above: make it longer, or leave it empty")),
        (r"^the scale has no", mark("the scale has no such value")),
        (r"expected words with \{value\}", mark("words are expected, with {value}, {symbol} or {label}; no comma, no line break, no other brace")),
        (r"^nested too deep", mark("there are too many groups inside one another")),
        (r"expected one of priority", mark("the name of the desk's field is expected")),
        (r"expected a number$", mark("a number is expected")),
        (r"^there are no words for", mark("some texts have no words in this language: they are said in another one")),
        (r"^no label in (?P<found>\S+):", mark("choices have no label in %(found)s: another language's is shown")),
        (r"^nobody is told: (?P<found>\S+), which is not configured", mark("nobody is told there: the account %(found)s is not configured")),
        (r"^nobody is told: a URL", mark("nobody is told there: alerts are posted only to public addresses that begin with https://")),
        (r"expected one of (?P<some>.+)", mark("one of these is expected: %(some)s")),
    )
)  # fmt: skip
"""What the readers of surveys say, and how people are told; the first that fits."""

_LASTING = re.compile(r"expected whole seconds from (\d+) to (\d+)")


@dataclass(frozen=True, slots=True)
class Warned:
    """What cannot be said by a survey, or by one of its channels; `page` is where it can be mended."""

    text: str
    channel: str | None
    page: str


def warnings_said(speech: Speech, warnings: Iterable[Mapping[str, object]]) -> list[Warned]:
    """Return what is warned of when a survey is saved, in the reader's words, each once."""
    said = (
        Warned(problem_said(speech, str(each["detail"])), _channel(each), _page(str(each["pointer"])))
        for each in warnings
    )
    return list(dict.fromkeys(said))


def _channel(warning: Mapping[str, object]) -> str | None:
    return None if warning["channel"] is None else str(warning["channel"])


def _page(pointer: str) -> str:
    part, _, rest = pointer.removeprefix("/").partition("/")
    if part == TEXTS:
        return f"{TEXTS}?language={rest.partition('/')[0]}"
    return SCALE if part == SCALE else OUTCOMES


def problem_said(speech: Speech, detail: str) -> str:
    """Return what is wrong in the reader's words; as it stands, where nobody thought of it."""
    if found := _LASTING.search(detail):
        least, most = (lasting(speech, int(seconds) * SECOND) for seconds in found.groups())
        return speech.say("from %(least)s to %(most)s is expected", least=least, most=most)
    for pattern, text in _WORDS:
        if match := pattern.search(detail):
            return speech.say(text, **match.groupdict())
    return speech.say(detail)
