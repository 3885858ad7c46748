"""The demo's VK."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bot.demo.places import DEADLINE, Found, Keep, Messenger, Press, Reached, waited
from bot.demo.story import VK, Person
from channels.base import Mode
from sandbox.vk import CallbackServer, VkSandbox

GREETING = "Здравствуйте! Мне нужна помощь"


class OnVk(Messenger):
    """One community."""

    account = VK

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._sandbox = VkSandbox(keep_log=100, seed=secrets.randbits(32))
        self._token = f"vk1.a.{secrets.token_urlsafe(48)}"
        self._community = self._sandbox.add_community(self._token, 2_000_000 + secrets.randbelow(10**6), "Tapfive demo")
        self._old_apps: list[Person] = []
        self.routes = self._sandbox.routes

    async def stop(self) -> None:
        """End every wait."""
        await self._sandbox.stop()

    def add(self, person: Person) -> None:
        """Let a person in who allows messages."""
        self._sandbox.add_customer(person.number, person.name, person.language, callback_buttons=not person.old_app)
        if person.old_app:
            self._old_apps.append(person)

    def settings(self, url: str, keep: Keep) -> Mapping[str, Any]:
        """Return the community's settings."""
        return {
            "token": keep("vk_token", self._token),
            "group_id": self._community.group_id,
            "mode": self.mode.value,
            "api_url": url,
        }

    def address(self, person: Person) -> str:
        """Return the number of the person's page."""
        return person.id

    async def ready(self, reached: Reached) -> None:
        """Wait until the service hears events; then let old apps tell that they are old: only a message of theirs does."""
        polling = self.mode is Mode.POLLING
        servers = self._community.servers
        await self.wait_for(lambda: self._sandbox.polling.waiting if polling else any(map(_hears, servers.values())))
        for person in self._old_apps:
            before = await reached()
            self._sandbox.write(person.number, GREETING)
            if polling:
                await waited(lambda before=before: _differs(reached, before))  # type: ignore[misc]  # the default binds the loop's value
            else:
                await self._sandbox.settled(DEADLINE)

    def buttons(self, person: Person) -> Mapping[str, Press]:
        """Return what stands below the newest message of the community."""
        mine = [message for message in self._sandbox.messages(person.number) if message.by < 0]
        keyboard = (mine[-1].keyboard if mine else None) or {"buttons": []}
        return {
            button["action"]["label"]: partial(self._sandbox.press, person.number, mine[-1].cmid, (row, column))
            for row, buttons in enumerate(keyboard["buttons"])
            for column, button in enumerate(buttons)
        }

    def write(self, person: Person, text: str) -> None:
        """Write to the community."""
        self._sandbox.write(person.number, text)

    async def wait_for(self, predicate: Callable[[], Found | None]) -> Found:
        """Ask after every change."""
        return await self._sandbox.wait_for(predicate, DEADLINE)


def _hears(server: CallbackServer) -> bool:
    """True once the server is confirmed and its events, which are off at first, are switched on."""
    return server.status == "ok" and "message_new" in server.events


async def _differs(reached: Reached, before: str | None) -> bool:
    return await reached() != before
