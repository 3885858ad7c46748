"""Events: what they are called, how they are written, and where they wait for a long poll.

https://dev.vk.com/ru/api/community-events/json-schema
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.changes import Changes

from .parameters import OLDEST, version_of

MESSAGE_EVENTS = (
    "message_new",
    "message_reply",
    "message_edit",
    "message_allow",
    "message_deny",
    "message_typing_state",
    "message_read",
    "message_event",
    "message_reaction_event",
)
OTHER_EVENTS = (
    "photo_new",
    "audio_new",
    "video_new",
    "wall_reply_new",
    "wall_post_new",
    "wall_repost",
    "board_post_new",
    "market_order_new",
    "group_join",
    "group_leave",
    "group_change_settings",
    "poll_vote_new",
    "user_block",
    "user_unblock",
    "like_add",
    "like_remove",
)
ALL_EVENTS = frozenset(MESSAGE_EVENTS + OTHER_EVENTS)
"""All that a community can switch on; in the settings each is 1 or 0."""

HISTORY_LIFE = 3600.0  # seconds after which a long poll cannot be continued without a loss
HISTORY_SIZE = 100_000
PER_ANSWER = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `event_id` is the same for every delivery of it, everywhere."""

    kind: str
    event_id: str
    group_id: int
    content: dict[str, Any]

    def body(self, api_version: str) -> dict[str, Any]:
        """The event in the shape of a version: before 5.103 a new message had no wrapper around it."""
        content = self.content
        if self.kind == "message_new" and (version_of(api_version) or OLDEST) < OLDEST:
            content = content["message"]
        return {
            "group_id": self.group_id,
            "type": self.kind,
            "event_id": self.event_id,
            "v": api_version,
            "object": content,
        }


class History:
    """The numbered events of one long poll: each stays for a while, and every reader gets every one."""

    def __init__(self, first: int, clock: Callable[[], float]) -> None:
        self.arrivals = Changes()
        self.next_ts = first
        """Where a reader that wants nothing of the past begins."""
        self._clock = clock
        self._events: deque[tuple[int, float, dict[str, Any]]] = deque(maxlen=HISTORY_SIZE)

    def add(self, body: dict[str, Any]) -> None:
        """Append an event."""
        self._events.append((self.next_ts, self._clock(), body))
        self.next_ts += 1
        self.arrivals.notify()

    def forget(self) -> None:
        """Lose all that is kept."""
        self._events.clear()
        self.arrivals.notify()

    def lose(self) -> None:
        """Lose all that is kept and the count itself."""
        self.next_ts += 1_000_000
        self.forget()

    def since(self, ts: int) -> tuple[int, list[dict[str, Any]]] | None:
        """The events from `ts` on, and where to go on after them. None: some of them are lost, or `ts` never was."""
        while self._events and self._clock() - self._events[0][1] > HISTORY_LIFE:
            self._events.popleft()
        oldest = self._events[0][0] if self._events else self.next_ts
        if not oldest <= ts <= self.next_ts:
            return None
        offset = ts - oldest
        found = [self._events[at][2] for at in range(offset, min(offset + PER_ANSWER, len(self._events)))]
        return ts + len(found), found
