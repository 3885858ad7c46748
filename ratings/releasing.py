"""Which ratings are let out to the agents that they are of. Pure.

Ratings gather by survey and agent, and are let out together at the beginning of a day: an agent who sees a rating appear
cannot tell after which of their tickets it came. What was let out is kept by the store and stays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ratings.times import DAY, SECOND, Instant


@dataclass(frozen=True, slots=True)
class Gathered:
    """A rating that counts and was not let out yet."""

    id: int
    rated_at: Instant


def let_out(gathered: Sequence[Gathered], midnight: Instant, *, after_ratings: int, after_days: int) -> tuple[int, ...]:
    """Return the ids that are let out on the day that began at `midnight`, in no telling order.

    `gathered` are one agent's in one survey. All that came before the day are let out once they are `after_ratings` or more,
    or once one of them is `after_days` old; else none is. What came on the day itself waits for the next one.
    """
    before = [each for each in gathered if each.rated_at < midnight]
    if not before:
        return ()
    oldest = min(each.rated_at for each in before)
    if len(before) < after_ratings and oldest > midnight - after_days * DAY:
        return ()
    return tuple(sorted(each.id for each in before))


def midnight_of(now: Instant, zone: ZoneInfo) -> Instant:
    """Return when the day of an instant began in a zone."""
    start = datetime.fromtimestamp(now / SECOND, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return round(start.timestamp()) * SECOND
