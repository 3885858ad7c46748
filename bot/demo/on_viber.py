"""The demo's Viber. It has no polling: the bot hears by its webhook, whatever the others do."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bot.demo.places import DEADLINE, Found, Keep, Messenger, Press, Reached
from bot.demo.story import VIBER, Person
from channels.base import Mode
from sandbox.viber import ViberSandbox
from sandbox.viber.keyboards import rows_of, shown_text


class OnViber(Messenger):
    """One bot."""

    account = VIBER

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._sandbox = ViberSandbox(keep_log=100, seed=secrets.randbits(32))
        self._token = "-".join(secrets.token_hex(8) for _ in range(3))
        self._bot = self._sandbox.add_bot(self._token, "Tapfive demo", "tapfivedemo")
        self.routes = self._sandbox.routes

    async def stop(self) -> None:
        """End every wait."""
        await self._sandbox.stop()

    def add(self, person: Person) -> None:
        """Let a person in who subscribed."""
        self._sandbox.add_customer(person.name, person.language, number=person.number)

    def settings(self, url: str, keep: Keep) -> Mapping[str, Any]:
        """Return the bot's settings."""
        return {"token": keep("viber_token", self._token), "mode": Mode.WEBHOOK.value, "api_url": f"{url}/pa"}

    def address(self, person: Person) -> str:
        """Return what this bot knows the person by."""
        return self._sandbox.user_id(person.number)

    async def ready(self, reached: Reached) -> None:  # noqa: ARG002 - nothing is polled
        """Wait for the webhook: without one a bot may not even write."""
        await self.wait_for(lambda: self._bot.webhook)

    def buttons(self, person: Person) -> Mapping[str, Press]:
        """Return what stands in the place of the keyboard."""
        return {
            shown_text(button["Text"]): partial(self._sandbox.tap, person.number, button["ActionBody"])
            for row in rows_of(self._sandbox.chat(person.number).keyboard)
            for button in row
        }

    def write(self, person: Person, text: str) -> None:
        """Write to the bot."""
        self._sandbox.write(person.number, text)

    async def wait_for(self, predicate: Callable[[], Found | None]) -> Found:
        """Ask after every change."""
        return await self._sandbox.wait_for(predicate, DEADLINE)
