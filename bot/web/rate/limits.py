"""How often one token may post: by token and not by address, since a whole company can stand behind one address."""

from ratings.times import MINUTE, SECOND, Duration, Instant

MOST = 60
"""Posts of one token in a window: more than any person needs."""

WINDOW: Duration = MINUTE

SWEEP_AT = 10_000
"""Tokens that are remembered before those whose window is over are forgotten."""


class Limit:
    """Counts posts in windows that begin with a token's first post. Of this process alone: it guards, it does not account."""

    def __init__(self, most: int = MOST, window: Duration = WINDOW) -> None:
        self._most = most
        self._window = window
        self._counts: dict[int, tuple[Instant, int]] = {}

    def wait_s(self, key: int, now: Instant) -> int:
        """Count one post; return 0 when it may pass, else the whole seconds until the next may."""
        began, count = self._counts.get(key, (now, 0))
        if not began <= now < began + self._window:
            began, count = now, 0
        if count >= self._most:
            return -(-(began + self._window - now) // SECOND)
        if len(self._counts) >= SWEEP_AT and key not in self._counts:
            self._counts = {each: kept for each, kept in self._counts.items() if now < kept[0] + self._window}
        self._counts[key] = (began, count + 1)
        return 0
