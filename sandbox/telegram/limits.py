"""How fast a bot may send: about one message a second to a chat, short bursts passing, and 30 a second in all.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a second over all chats, to one chat, and how many may come to a chat at once."""

    per_second: float = 30
    per_chat: float = 1
    burst: int = 3


class Meter:
    """Counts what was let through (GCRA: one number a key). A refused request lengthens nothing."""

    def __init__(self) -> None:
        self._next: dict[object, float] = {}

    def take(self, demands: tuple[tuple[object, float, float], ...], now: float) -> int:
        """Take one from every (key, rate, burst), or from none. Returns 0, or the whole seconds to wait."""
        wait = 0.0
        for key, rate, burst in demands:
            wait = max(wait, self._next.get(key, now) - now - (burst - 1) / rate)
        if wait > 1e-6:  # below a microsecond it is the rounding of floats
            return max(1, math.ceil(wait - 1e-6))
        for key, rate, _ in demands:
            self._next[key] = max(self._next.get(key, now), now) + 1 / rate
        return 0
