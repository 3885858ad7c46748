"""What is wrong with a filter or a view, in the reader's words: its readers say it for programs, in English. Pure."""

import re
from collections.abc import Iterable, Mapping

from bot.web.pages.registry_filters import PLACES, RANGE_TITLES, TRUTHS
from bot.web.pages.speech import Speech, mark
from ratings.errors import FieldError

_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r"^it is before \w+_from", mark("the last day is before the first one")),
        (r"^there is no word in it", mark("there is no word in it: letters or digits are expected")),
        (r"^(?P<found>\d+) (?:words|values); at most (?P<most>\d+)", mark("%(found)s are too many: at most %(most)s")),
        (r"^(?P<found>'.*') is no time", mark("%(found)s is no day")),
        (r"out of range", mark("there is no such day")),
        (r"^(?P<found>'.*') is no whole number", mark("%(found)s is no whole number")),
        (r"^(?P<found>'.*') is not a weekday", mark("%(found)s is no weekday: they go from 1, Monday, to 7, Sunday")),
        (r"^(?P<found>'.*') is not an hour", mark("%(found)s is no hour: they go from 0 to 23")),
        (r"^(?P<found>'.*') is (?:none of|no state; there are) (?P<some>.+)", mark("%(found)s is none of %(some)s")),
        (r"^(?P<found>'.*') is neither true nor false", mark("%(found)s is neither true nor false")),
        (r"^it is given more than once", mark("it is given more than once")),
        (r"^give a period or days", mark("there are a period and days: one of them is expected")),
        (r"^it is empty", mark("it is empty")),
        (r"NUL character", mark("it has a character that cannot be shown")),
        (r"^give 1 to (?P<most>\d+) ids", mark("1 to %(most)s ids of tickets are expected")),
        (r"^it is none of ours", mark("this page is of another filter or order: begin at the first one")),
        (r"^expected 1 to (?P<most>\d+) characters", mark("1 to %(most)s characters on one line are expected")),
        (r"^expected the query", mark("the filter is too long to be kept")),
        (r"^you have a view of this name", mark("you have a view of this name already")),
        (r"^you have (?P<found>\d+) views", mark("you have %(found)s views already: delete one first")),
    )
)  # fmt: skip
"""What the readers say, and how people are told; the first that fits."""

_TITLES: Mapping[str, str] = {
    **{f"{name}_{end}": title for name, title in RANGE_TITLES.items() for end in ("from", "to")},
    **RANGE_TITLES,
    **{name: words[0] for name, words in PLACES.items()},
    **{name: words[0] for name, words in TRUTHS.items()},
    "value": mark("Rating"),
    "value_max": mark("Rating"),
    "weekday": mark("Rated on"),
    "hour": mark("Hour"),
    "q": mark("Words in the comment"),
    "state": mark("State"),
    "reason": mark("why not"),
    "decision": mark("decision"),
    "tag": mark("Tag"),
    "ticket": mark("Ticket"),
    "show": mark("Show"),
    "cursor": mark("Pages"),
    "name": mark("Name"),
}
"""Each parameter as the page calls it."""


def problems_said(speech: Speech, problems: Iterable[FieldError]) -> str:
    """Return what is wrong in the reader's words, each once; as it stands, where nobody thought of it."""
    said = (_said(speech, problem.pointer.lstrip("/"), problem.detail) for problem in problems)
    return "; ".join(dict.fromkeys(said))


def _said(speech: Speech, name: str, detail: str) -> str:
    title = speech.say(_TITLES[name]) if name in _TITLES else name
    for pattern, text in _WORDS:
        if match := pattern.search(detail):
            return f"{title}: {speech.say(text, **match.groupdict())}"
    return f"{title}: {detail}"
