"""How much the API of VK takes.

https://dev.vk.com/ru/api/api-requests: 20 requests a second with a token of a community, then error 6, which names
no time to wait. The reference of `messages.send` has named 4096 and 9000 characters: the smaller one always passes.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second with one token (None: as many as come), and characters in a message."""

    per_second: int | None = 20
    text: int = 4096


class Meter:
    """Counts the requests of one token over the last second. A refused one does not count."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()

    def take(self, per_second: int, now: float) -> bool:
        """Whether one more may pass now."""
        while self._passed and now - self._passed[0] >= 1:
            self._passed.popleft()
        if len(self._passed) >= per_second:
            return False
        self._passed.append(now)
        return True
