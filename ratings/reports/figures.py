"""The figures of a period: what is counted, what follows from it, and how both are grouped. Pure.

Counts add up; shares, means and intervals are made of sums, never of each other. Nothing to divide by is no value (None).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ratings.statistics import share, wilson


@dataclass(frozen=True, slots=True)
class Days:
    """A period of whole days of the installation's zone; both ends belong to it."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted. Three cohorts, each over its own day: closed, asked, rated.

    `closed` … `handlings` belong to the day of the closing; `asked` … `commented` to the day on which the customer was
    asked, whenever they answered (`answered_satisfied`: those whose value satisfies, whatever the scale); `ratings` … `by_value` to the day on which they rated. Seconds are sums over the closings
    whose desk told them, which are counted beside them. `skips` counts closings by why nobody was asked (of a whole period alone).
    """

    closed: int = 0
    decided_to_ask: int = 0
    answered_of_closed: int = 0
    first_response_s: int = 0
    first_responses: int = 0
    handling_s: int = 0
    handlings: int = 0
    asked: int = 0
    delivered: int = 0
    answered: int = 0
    answered_satisfied: int = 0
    commented: int = 0
    ratings: int = 0
    satisfied: int = 0
    sum_of_values: int = 0
    by_value: Mapping[int, int] = field(default_factory=dict)
    skips: Mapping[str, int] = field(default_factory=dict)

    @property
    def csat(self) -> float | None:
        """Satisfied ÷ ratings, from 0 to 1."""
        return share(self.satisfied, self.ratings)

    @property
    def csat_interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of it."""
        return wilson(self.satisfied, self.ratings)

    @property
    def mean(self) -> float | None:
        """The mean value."""
        return share(self.sum_of_values, self.ratings)

    @property
    def response_rate(self) -> float | None:
        """Answered ÷ asked, from 0 to 1."""
        return share(self.answered, self.asked)

    @property
    def answered_of_all_closed(self) -> float | None:
        """Answered ÷ closed, as Callibri counts the response rate."""
        return share(self.answered_of_closed, self.closed)

    @property
    def reaction_s(self) -> float | None:
        """The mean time to the first response, in seconds."""
        return share(self.first_response_s, self.first_responses)

    @property
    def mean_handling_s(self) -> float | None:
        """The mean time that a closing took, in seconds."""
        return share(self.handling_s, self.handlings)


@dataclass(frozen=True, slots=True)
class Change:
    """A share now against the period before (Newcombe 1998, method 10). `sure`: the interval leaves zero out."""

    difference: float
    interval: tuple[float, float]

    @property
    def sure(self) -> bool:
        """True when the change is more than chance: only then is an arrow shown."""
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclass(frozen=True, slots=True)
class Part:
    """One group, channel, form, …: its id (None: not known), the newest name of it, and its counts."""

    id: str | None
    name: str | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Point:
    """One day, week or month of a trend: its first day, and its counts."""

    start: date
    counts: Counts
    complete: bool = True
    """False while its time for answers is not over yet, or where the period cuts it."""


@dataclass(frozen=True, slots=True)
class HourOfWeek:
    """One hour of the week (Monday is 0) over the whole period, by when the customer rated."""

    weekday: int
    hour: int
    ratings: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that the dashboard shows of a period. CSAT, mean and distribution are of one scale: `scale`, of all `scales` with ratings in the period."""

    days: Days
    before: Days
    scale: str | None
    scales: tuple[str, ...]
    now: Counts
    earlier: Counts
    csat_change: Change | None
    response_change: Change | None
    bounds: tuple[float, float] | None
    """CSAT if all who were asked and kept silent were dissatisfied, and if all were satisfied."""
    unit: str
    """Of the trend: day, week or month."""
    trend: tuple[Point, ...]
    parts: Mapping[str, tuple[Part, ...]]
    """By channel, form, group, priority and survey; the largest first. No priority where filters name agents."""
    hours: tuple[HourOfWeek, ...]
    """() where filters name agents or priorities."""

    @property
    def one_of_scales(self) -> str | None:
        """The scale, where the period has ratings on others, too: its rows are not all that were rated."""
        return self.scale if len(self.scales) > 1 else None


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """One agent in a period. `rank` is the group of agents that statistics cannot tell apart, 1 the best; None: too few ratings to rank.

    `counted` False: outside the comparison (too few closings, or what the installation's rule leaves out), shown translucent;
    no awards. `awards` are names: most_closed, response, reaction, handling, mean. `one_of_scales` as of the dashboard.
    """

    id: str
    name: str | None
    counts: Counts
    rank: int | None
    counted: bool
    why_not: str | None
    awards: tuple[str, ...]
    one_of_scales: str | None = None
