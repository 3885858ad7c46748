"""Letting ratings out to agents once a day: what has gathered by midnight appears the next morning."""

import asyncio
from collections.abc import Callable
from zoneinfo import ZoneInfo

import structlog

from ratings.releasing import let_out, midnight_of
from ratings.reports.own import gathered, letting_out
from ratings.store.releases import LetOut
from ratings.store.store import Store
from ratings.store.writer import StoreClosed
from ratings.times import Instant

LOOK_EVERY = 900.0
"""Seconds. What is let out depends on the day alone: looking more often lets out nothing more."""

PORTION = 2_000
"""Ratings that are let out in one transaction."""

_log = structlog.get_logger("tapfive.upkeep")


class Releases:
    """Lets out what is due, by the installation's days."""

    def __init__(self, store: Store, zone: ZoneInfo, clock: Callable[[], Instant]) -> None:
        self._store = store
        self._zone = zone
        self._clock = clock

    async def run(self) -> None:
        """Run until cancelled. Several processes may: to let out twice changes nothing."""
        while True:
            try:
                await self.let_out()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001 - the store may be full or away for a while; upkeep must outlive it
                _log.warning("upkeep was put off", what="releases", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY)

    async def let_out(self) -> int:
        """Let out what is due today. Returns how many ratings."""
        midnight = midnight_of(self._clock(), self._zone)
        agents: dict[int, str] = {}
        for survey in (await self._store.read(letting_out)).values():
            rule = survey.release
            waiting = await self._store.read(gathered, survey, midnight)
            for (_desk, agent), theirs in waiting.items():
                due = let_out(theirs, midnight, after_ratings=rule.after_ratings, after_days=rule.after_days)
                agents.update(dict.fromkeys(due, agent))
        ids = sorted(agents)
        for start in range(0, len(ids), PORTION):
            part = {number: agents[number] for number in ids[start : start + PORTION]}
            await self._store.writer.do(LetOut(midnight, part))
        return len(ids)
