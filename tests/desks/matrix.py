"""The table of docs/desks/README.md, made from what the kinds declare. `python -m tests.desks.matrix` renews it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from desks import registry
from desks.base import Capabilities, Verb

PAGE = Path(__file__).parents[2] / "docs" / "desks" / "README.md"
RENEW = "python -m tests.desks.matrix"

_BEGIN, _END = "<!-- made from Capabilities by tests/desks/matrix.py -->\n", "<!-- end -->\n"
_SUPPORT = {"native": "yes", "emulated": "by other means", "unsupported": "no"}

VERBS: Mapping[Verb, str] = {
    Verb.SCORE: "the score",
    Verb.COMMENT: "the comment",
    Verb.RATED_AT: "when it was rated",
    Verb.TAG: "a tag",
    Verb.UNTAG: "an earlier tag taken off",
    Verb.REOPEN_KEEP: "reopen, the assignee stays",
    Verb.REOPEN_CLEAR: "reopen, back to the queue",
    Verb.CLOSE: "close",
    Verb.CLOSE_UNRATED: "close without a rating",
    Verb.NOTE: "a note for staff",
    Verb.SUPPRESS_NATIVE: "the desk's own survey is not sent",
}
"""A row for each verb."""

FACTS: Mapping[str, tuple[str, Callable[[Capabilities], str]]] = {
    "hooks": ("closings come by webhook", lambda can: "yes" if can.hooks else "no"),
    "polls": ("closings can be polled", lambda can: "yes" if can.polls else "no"),
    "max_body": ("bytes of a webhook at most", lambda can: f"{can.max_body:,}"),
}
"""A row for each other field of Capabilities."""


def table() -> str:
    """Return the table: a column for each kind."""
    kinds = [registry.load(kind) for kind in registry.kinds()]
    lines = [
        ["", *(f"[{kind.title}]({kind.kind}.md)" for kind in kinds)],
        ["---"] * (len(kinds) + 1),
        *([name, *(say(kind.capabilities) for kind in kinds)] for name, say in FACTS.values()),
        *(
            [f"{words} (`{verb}`)", *(_SUPPORT[kind.capabilities.verbs.get(verb, "unsupported")] for kind in kinds)]
            for verb, words in VERBS.items()
        ),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def renewed(page: str) -> str:
    """Return the page with today's table. Raises ValueError where its place is not marked."""
    place = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)
    if len(place.findall(page)) != 1:
        raise ValueError(f"{PAGE.name} must hold {_BEGIN.strip()} and {_END.strip()}, once")
    return place.sub(lambda _: _BEGIN + table() + _END, page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
