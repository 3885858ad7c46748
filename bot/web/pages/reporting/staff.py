"""The table of agents: its columns, and by which of them it is sorted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.web.pages.reporting.bar import Bar
from bot.web.pages.visit import Visit
from ratings.errors import FieldError, InvalidInput
from ratings.reports.figures import AgentFigures

DEFAULT_SORT = "-closed"

_Key = Callable[[AgentFigures], float | str | None]

_KEYS: dict[str, _Key] = {
    "name": lambda agent: (agent.name or agent.id).casefold(),
    "closed": lambda agent: agent.counts.closed,
    "asked": lambda agent: agent.counts.asked,
    "answered": lambda agent: agent.counts.answered,
    "response": lambda agent: agent.counts.response_rate,
    "of_closed": lambda agent: agent.counts.answered_of_all_closed,
    "ratings": lambda agent: agent.counts.ratings,
    "csat": lambda agent: agent.counts.csat,
    "rank": lambda agent: agent.rank,
    "mean": lambda agent: agent.counts.mean,
    "reaction": lambda agent: agent.counts.reaction_s,
    "handling": lambda agent: agent.counts.mean_handling_s,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A heading: its words, the query that sorts by it, and which way it is sorted now ("" not, "ascending", "descending")."""

    name: str
    title: str
    hint: str
    query: str
    sorted: str


def columns(visit: Visit, bar: Bar) -> list[Column]:
    """Return the headings. A press sorts, the next one turns it round."""
    say = visit.say
    titles = {
        "name": (say("Agent"), ""),
        "closed": (say("Closed"), ""),
        "asked": (say("Asked"), ""),
        "response": (say("Response rate"), say("answered, of those asked")),
        "of_closed": (say("Of all closed"), say("rated, of all closed tickets")),
        "ratings": (say("Ratings"), ""),
        "csat": ("CSAT", say("with its 95%% interval")),
        "rank": (say("Rank"), say("agents of one rank cannot be told apart by these ratings; 1 is the best")),
        "mean": (say("Mean"), ""),
        "reaction": (say("First response"), say("mean time to the first response")),
        "handling": (say("Handling"), say("mean handling time")),
    }
    current = bar.sort or DEFAULT_SORT
    found = []
    for name, (title, hint) in titles.items():
        rising = name in {"name", "rank", "reaction", "handling"}
        first, second = (name, f"-{name}") if rising else (f"-{name}", name)
        way = "descending" if current == f"-{name}" else "ascending" if current == name else ""
        found.append(Column(name, title, hint, bar.query(sort=second if current == first else first), way))
    return found


def ordered(agents: Sequence[AgentFigures], sort: str | None) -> list[AgentFigures]:
    """Return the agents sorted by a column; those with no data for it come last. Raises InvalidInput."""
    wanted = sort or DEFAULT_SORT
    name = wanted.removeprefix("-")
    if name not in _KEYS:
        raise InvalidInput((FieldError("/sort", f"{wanted[:40]!r} is none of {', '.join(_KEYS)}"),))
    key = _KEYS[name]
    known = [agent for agent in agents if key(agent) is not None]
    unknown = [agent for agent in agents if key(agent) is None]
    return sorted(known, key=key, reverse=wanted.startswith("-")) + unknown  # type: ignore[arg-type] # None is left out
