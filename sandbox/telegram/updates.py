"""The updates that a bot has not consumed yet: numbered, ordered, and gone when their life is over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.changes import Changes

Family = Literal["message", "callback", "status"]
"""Updates of different families travel in different queues and may overtake each other."""

FAMILIES: dict[str, Family] = {
    "message": "message",
    "edited_message": "message",
    "callback_query": "callback",
    "my_chat_member": "status",
}


@dataclass(slots=True, eq=False)
class Update:
    """One update. `queue` is what it waits in line with; `update_id` is 0 as long as it is held back without one."""

    kind: str
    queue: tuple[Family, int]
    content: dict[str, Any]
    expires_at: float
    update_id: int = 0
    copies: int = 1

    @property
    def body(self) -> dict[str, Any]:
        """The update as the Bot API writes it."""
        return {"update_id": self.update_id, self.kind: self.content}


class Inbox:
    """The queue of one bot, with the knob that holds a family of updates back."""

    def __init__(self, first_id: int, clock: Callable[[], float]) -> None:
        self.arrivals = Changes()
        self.pending: dict[int, Update] = {}
        self.held: set[Family] = set()
        self._waiting: list[Update] = []
        self._next_id = first_id
        self._clock = clock

    def add(self, update: Update, *, number: bool) -> None:
        """Take an update. `number` gives it its id even while its family is held back, as a webhook's queue does."""
        if update.queue[0] in self.held and not number:
            self._waiting.append(update)
            return
        update.update_id = self._next_id
        self._next_id += 1
        self.pending[update.update_id] = update
        self.arrivals.notify()

    def release(self, family: Family) -> None:
        """Let a family go."""
        self.held.discard(family)
        waiting, self._waiting = self._waiting, []
        for update in waiting:
            self.add(update, number=False)
        self.arrivals.notify()

    def alive(self, update: Update) -> bool:
        """Whether the update is still to be delivered. Forgets it when its life is over."""
        if update.update_id not in self.pending:
            return False
        if update.expires_at > self._clock():
            return True
        del self.pending[update.update_id]
        return False

    def count(self) -> int:
        """How many updates wait."""
        return sum(map(self.alive, list(self.pending.values()))) + len(self._waiting)

    def confirm(self, offset: int) -> None:
        """Forget all before `offset`; a negative one keeps the last so many. What is held back was not seen: it stays."""
        seen = [number for number, update in self.pending.items() if update.queue[0] not in self.held]
        for number in seen[:offset] if offset < 0 else seen:
            if offset < 0 or number < offset:
                del self.pending[number]

    def take(self, limit: int) -> list[Update]:
        """The first updates in line that are alive and not held back. They stay until they are confirmed."""
        taken: list[Update] = []
        for update in list(self.pending.values()):
            if len(taken) == limit:
                break
            if update.queue[0] not in self.held and self.alive(update):
                taken.append(update)
        return taken

    def clear(self) -> None:
        """Drop everything."""
        self.pending.clear()
        self._waiting.clear()
