"""The clock of the running service. Everything else gets it passed in."""

import time

from ratings.times import Instant


def now() -> Instant:
    """Return this instant: milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000
