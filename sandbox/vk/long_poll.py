"""Bots Long Poll: whoever has the key reads the numbered events of a community, as many at once as there are.

https://dev.vk.com/ru/api/bots-long-poll/getting-started: `failed` 1 means that history is lost up to the `ts` in the
answer, 2 that the key is over, 3 that key and `ts` are both to be asked for again.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from .state import Community, World

MAX_WAIT = 90


class Polling:
    """Answers `GET /lp`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lost: set[str] = set()  # keys whose `ts` means nothing any more
        self.waiting = 0
        self._closed = False

    def server(self, community: Community, url: str) -> dict[str, str]:
        """What `groups.getLongPollServer` answers."""
        poll = community.long_poll
        return {"key": poll.key, "server": url, "ts": str(poll.history.next_ts)}

    def expire(self, community: Community) -> None:
        """End the life of the key: `failed` 2."""
        community.long_poll.key = self._world.token(40)
        community.long_poll.history.arrivals.notify()

    def lose(self, community: Community) -> None:
        """Lose the key and the count of events: `failed` 3."""
        self._lost.add(community.long_poll.key)
        community.long_poll.history.lose()
        self.expire(community)

    def close(self) -> None:
        """End every wait."""
        self._closed = True
        for community in self._world.communities.values():
            community.long_poll.history.arrivals.notify()

    async def answer(self, query: str) -> dict[str, Any]:
        """The answer to one request."""
        asked = dict(parse_qsl(query))
        key, ts = asked.get("key", ""), asked.get("ts", "")
        community = self._owner(key)
        if asked.get("act") != "a_check" or community is None:
            return {"failed": 3 if key in self._lost else 2}
        history = community.long_poll.history
        if not ts.isdecimal():
            return {"failed": 1, "ts": history.next_ts}
        found = history.since(int(ts))
        self.waiting += 1
        self._world.changes.notify()
        try:
            async with asyncio.timeout(_patience(asked.get("wait", ""))):
                while found is not None and not found[1] and self._owner(key) is community and not self._closed:
                    await history.arrivals.next()
                    found = history.since(int(ts))
        except TimeoutError:
            pass
        finally:
            self.waiting -= 1
        if self._owner(key) is not community:
            return {"failed": 3 if key in self._lost else 2}
        if found is None:
            return {"failed": 1, "ts": history.next_ts}
        return {"ts": str(found[0]), "updates": found[1]}

    def _owner(self, key: str) -> Community | None:
        for community in self._world.communities.values():
            if community.long_poll.enabled and community.long_poll.key == key:
                return community
        return None


def _patience(wait: str) -> float:
    return min(float(wait), MAX_WAIT) if wait.isdecimal() else 25.0
