"""The table of docs/channels/README.md, made from what the kinds declare. `python -m tests.channels.matrix` renews it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from channels import registry
from channels.base import Capabilities

PAGE = Path(__file__).parents[2] / "docs" / "channels" / "README.md"
RENEW = "python -m tests.channels.matrix"

_BEGIN, _END = "<!-- made from Capabilities by tests/channels/matrix.py -->\n", "<!-- end -->\n"
_CHOICES = {
    "inline": "buttons below the message",
    "reply": "buttons below the chat",
    "list": "a list to open",
    "links": "links to the rating page",
    "digits": "digits to type",
}


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _within(milliseconds: int | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds / 1000:,g} s"


ROWS: Mapping[str, tuple[str, Callable[[Capabilities], str]]] = {
    "choices": ("choices are", lambda can: _CHOICES[can.choices]),
    "max_choices": ("choices at most", lambda can: str(can.max_choices)),
    "max_text": ("characters of a text", lambda can: f"{can.max_text:,}"),
    "edit": ("a sent message can be changed", lambda can: _yes(can.edit)),
    "acknowledge": ("a tap is answered at the button", lambda can: _yes(can.acknowledge)),
    "acknowledge_within": ("… within", lambda can: _within(can.acknowledge_within)),
    "max_acknowledgment": ("… in characters", lambda can: str(can.max_acknowledgment) if can.acknowledge else "–"),
    "idempotent_send": ("safe to send again", lambda can: _yes(can.idempotent_send)),
    "window": ("one may write only so long after the customer did", lambda can: _within(can.window)),
    "receipts": ("tells what was delivered and seen", lambda can: _yes(can.receipts)),
    "modes": ("modes", lambda can: ", ".join(f"`{mode}`" for mode in can.modes)),
    "pace": ("messages a second: in all, to one", lambda can: f"{can.pace.per_second:g}, {can.pace.per_recipient:g}"),
    "converses": (
        "thanks and comment are said there",
        lambda can: "yes" if can.converses else "no: on the rating page",
    ),
    "pictures": ("pictures in a message to staff", lambda can: str(can.pictures) if can.pictures else "–"),
    "shared": ("others hear the account, too", lambda can: _yes(can.shared)),
}
"""A row for each field of Capabilities, and what it says of a kind."""


def table() -> str:
    """Return the table: a column for each kind, a row for each fact."""
    kinds = [registry.load(kind) for kind in registry.kinds()]
    lines = [
        ["", *(f"[{kind.title}]({kind.kind}.md)" for kind in kinds)],
        ["---"] * (len(kinds) + 1),
        *([name, *(say(kind.capabilities) for kind in kinds)] for name, say in ROWS.values()),
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
