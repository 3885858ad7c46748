"""The world outside, as the demo has it: every stand-in with its customers, all behind one address."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bot.demo.by_mail import ByMail
from bot.demo.on_telegram import OnTelegram
from bot.demo.on_viber import OnViber
from bot.demo.on_vk import OnVk
from bot.demo.places import Keep, Place
from bot.demo.story import Person, Scene
from channels.base import Mode
from sandbox import phones
from sandbox.phones.serving import LoopbackServer

Positions = Callable[[str], Awaitable[str | None]]
"""Where the polling of an account stands, as the store has it."""


class World:
    """All places. Start it in the loop that the service runs in."""

    def __init__(self, mode: Mode, people: Sequence[Person]) -> None:
        places: tuple[Place, ...] = (OnTelegram(mode), OnVk(mode), OnViber(mode), ByMail(mode))
        self._places: Mapping[str, Place] = {place.account: place for place in places}
        for person in people:
            self._places[person.account].add(person)
        routes = {path: handler for place in places for path, handler in place.routes.items()}
        self._server = LoopbackServer({**routes, **phones.routes()})

    @property
    def url(self) -> str:
        """Where the page with the phones is, without a slash at the end."""
        return self._server.url

    async def start(self, host: str, port: int) -> None:
        """Serve everything."""
        for place in self._places.values():
            await place.start()
        await self._server.start(host, port)

    async def stop(self) -> None:
        """End everything."""
        for place in self._places.values():
            await place.stop()
        await self._server.stop()

    def settings(self, keep: Keep) -> dict[str, dict[str, Any]]:
        """Return `[channels]` of config.toml."""
        tables: dict[str, dict[str, Any]] = {}
        for place in self._places.values():
            kind, _, account = place.account.partition(".")
            tables.setdefault(kind, {})[account] = dict(place.settings(self.url, keep))
        return tables

    def address(self, person: Person) -> str:
        """Return what a helpdesk knows a person by."""
        return self._places[person.account].address(person)

    async def ready(self, positions: Positions) -> None:
        """Return once the service hears all of them. Raises TimeoutError."""
        async with asyncio.TaskGroup() as group:
            for place in self._places.values():
                group.create_task(place.ready(lambda account=place.account: positions(account)))  # type: ignore[misc]  # the default binds the loop's value

    def before(self, scene: Scene) -> None:
        """Do what was done before a ticket was closed."""
        self._places[scene.person.account].before(scene)

    async def play(self, scenes: Sequence[Scene]) -> None:
        """Play the scenes of all who are asked, at the same time. Raises TimeoutError when something expected never shows."""
        async with asyncio.TaskGroup() as group:
            for scene in scenes:
                if scene.asked:
                    group.create_task(self._places[scene.person.account].play(scene))
