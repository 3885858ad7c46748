"""A desk's own closing notice: where the question stands in it, and what stands there when the customer is asked. Pure.

The variable is the one that Pyrus made known (its help: "Оценка качества обслуживания"): a notice without it asks nobody.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from channels.base import Choice, Links
from channels.link_block import choice_lines, choice_table
from ratings.ticket import Address, Ticket

VARIABLE = "${satisfaction:rating}"
NOTICE_KIND = "notice"
"""What stands for a channel account where the desk sends the mail and no account of ours could: `notice.<desk>`."""

_TAG = re.compile(r"<[a-zA-Z!/][^<>]*>")


@dataclass(frozen=True, slots=True)
class Notice:
    """One part of a notice as the desk gave it; `key` is its name in the request and in the answer."""

    key: str
    content: str
    html: bool

    @property
    def asks(self) -> bool:
        """True when the question stands in it."""
        return VARIABLE in self.content


def read_parts(given: Mapping[str, str]) -> list[Notice]:
    """Return the parts of a request: `html` and `text` are what they are called, `notice` is HTML when it has a tag."""
    looks = {"html": True, "text": False}
    return [Notice(key, content, looks.get(key, bool(_TAG.search(content)))) for key, content in given.items()]


def fill(notice: Notice, choices: Sequence[Choice], links: Links | None) -> str:
    """Return a notice with the links in the place of the variable; with nothing there where `links` is None."""
    if links is None:
        return notice.content.replace(VARIABLE, "")
    block = choice_table if notice.html else choice_lines
    return notice.content.replace(VARIABLE, block(tuple(choices), links))


def addressed(ticket: Ticket, link_accounts: frozenset[str]) -> Ticket:
    """Return the ticket with the one address that the notice goes to.

    That is its first on an account whose prompts are links; else the customer's mail, as the desk knows it, on an account
    that stands for the desk's own notices: opt-outs are kept there, and nothing of ours is ever sent to it.
    """
    for address in ticket.addresses:
        if address.channel in link_accounts:
            return replace(ticket, addresses=(address,))
    told = ticket.customer.email or (ticket.addresses[0].id if ticket.addresses else ticket.id)
    return replace(ticket, addresses=(Address(f"{NOTICE_KIND}.{ticket.desk}", told),))
