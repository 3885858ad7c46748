"""The demo's Telegram."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bot.demo.places import DEADLINE, Found, Keep, Messenger, Press, Reached
from bot.demo.story import TELEGRAM, Person
from channels.base import Mode
from sandbox.telegram import TelegramSandbox


class OnTelegram(Messenger):
    """One bot."""

    account = TELEGRAM

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._sandbox = TelegramSandbox(keep_log=100, seed=secrets.randbits(32))
        self._token = f"{secrets.randbelow(10**9) + 10**8}:{secrets.token_urlsafe(26)}"
        self._bot = self._sandbox.add_bot(self._token, "tapfive_demo_bot", "Tapfive demo")
        self.routes = self._sandbox.routes

    async def stop(self) -> None:
        """End every wait."""
        await self._sandbox.stop()

    def add(self, person: Person) -> None:
        """Let a person in who pressed Start."""
        self._sandbox.add_customer(person.number, person.name, person.language)

    def settings(self, url: str, keep: Keep) -> Mapping[str, Any]:
        """Return the bot's settings."""
        return {"token": keep("telegram_token", self._token), "mode": self.mode.value, "api_url": url}

    def address(self, person: Person) -> str:
        """Return the id of the chat."""
        return person.id

    async def ready(self, reached: Reached) -> None:
        """Wait for nothing: Telegram keeps what customers do until somebody hears it."""

    def buttons(self, person: Person) -> Mapping[str, Press]:
        """Return what stands below the newest message of the bot."""
        mine = [message for message in self._sandbox.messages(person.number) if message.by != person.number]
        return {
            button["text"]: partial(self._sandbox.tap, person.number, mine[-1].message_id, (row, column))
            for row, buttons in enumerate(mine[-1].rows if mine else ())
            for column, button in enumerate(buttons)
        }

    def write(self, person: Person, text: str) -> None:
        """Write to the bot."""
        self._sandbox.write(person.number, text)

    async def wait_for(self, predicate: Callable[[], Found | None]) -> Found:
        """Ask after every change."""
        return await self._sandbox.wait_for(predicate, DEADLINE)
