"""Telling the community: every event goes to its long poll and to each of its callback servers, both at once."""

from collections.abc import Callable
from typing import Any

from .delivery import Delivery
from .events import Event
from .state import Community, World


class Publishing:
    """Makes events and hands them out. What is held back is published, in its order, when it is let go."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._held: dict[str, list[Callable[[], None]]] = {}

    def publish(self, community: Community, kind: str, content: dict[str, Any]) -> Event:
        """Make an event of this kind and deliver it."""
        event = Event(kind, self._world.token(40), community.group_id, content)
        if kind in self._held:
            self._held[kind].append(lambda: self.deliver(community, event))
        else:
            self.deliver(community, event)
        self._world.changes.notify()
        return event

    def deliver(self, community: Community, event: Event) -> None:
        """Hand out an event, perhaps one that was handed out before."""
        poll = community.long_poll
        if poll.enabled and event.kind in poll.events:
            poll.history.add(event.body(poll.api_version))
        self._delivery.add(community, event)

    def hold(self, kind: str) -> None:
        """Keep the events of this kind back: others overtake them."""
        self._held.setdefault(kind, [])

    def release(self, kind: str) -> None:
        """Let them go."""
        for deliver in self._held.pop(kind, []):
            deliver()
