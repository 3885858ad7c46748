"""Where customers are: a stand-in with our account at it, and what people do there. Waits for what they see, never for time."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from bot.demo.story import Person, Scene
from channels.base import Mode
from ratings.scale import DEFAULT_SCALE
from ratings.survey import DEFAULT_SURVEY
from sandbox.phones.serving import Handler

DEADLINE = 180.0
"""Seconds that anything expected may take to show."""

LOOK_AGAIN = 0.05
Found = TypeVar("Found")
Keep = Callable[[str, str], str]
"""Puts a secret (name, value) where the settings find it, and returns the reference to it."""

Reached = Callable[[], Awaitable[str | None]]
"""Where the polling of the account stands, as the store has it."""

Press = Callable[[], object]


class Place(ABC):
    """One of our accounts at its stand-in. `mode` is webhook or polling, for whoever has both."""

    account: str
    routes: Mapping[str, Handler]
    """What the stand-in serves over HTTP."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode

    async def start(self) -> None:  # noqa: B027 - most need nothing of their own
        """Start what is not served over HTTP."""

    @abstractmethod
    async def stop(self) -> None:
        """End all that the stand-in began."""

    @abstractmethod
    def add(self, person: Person) -> None:
        """Let a person in."""

    @abstractmethod
    def settings(self, url: str, keep: Keep) -> Mapping[str, Any]:
        """Return the account's table of config.toml. `url`: where the stand-ins are."""

    @abstractmethod
    def address(self, person: Person) -> str:
        """Return what a helpdesk knows this person by."""

    @abstractmethod
    async def ready(self, reached: Reached) -> None:
        """Return once the service hears what happens here, and knows what customers told before."""

    def before(self, scene: Scene) -> None:  # noqa: B027 - only mail has a past
        """Do what was done before the ticket was closed."""

    @abstractmethod
    async def play(self, scene: Scene) -> None:
        """Do what the customer of a scene does. Raises TimeoutError when something expected never shows."""


class Messenger(Place):
    """A place where people have phones with buttons."""

    @abstractmethod
    def buttons(self, person: Person) -> Mapping[str, Press]:
        """Return what can be pressed now: words on the button to the pressing of it."""

    @abstractmethod
    def write(self, person: Person, text: str) -> None:
        """Write a message."""

    @abstractmethod
    async def wait_for(self, predicate: Callable[[], Found | None]) -> Found:
        """Return the first true value of `predicate`. Raises TimeoutError."""

    async def play(self, scene: Scene) -> None:
        """Tap one value after another, then write."""
        person = scene.person
        change = DEFAULT_SURVEY.text("button_change", person.language)
        for number, value in enumerate(scene.taps):
            if number:
                await self._press(person, lambda words: words == change)
            await self._press(person, lambda words, value=value: value_on(words) == value)  # type: ignore[misc]  # the default binds the loop's value
            await self.wait_for(lambda: not any(map(value_on, self.buttons(person))))
        if scene.comment:
            self.write(person, scene.comment)

    async def _press(self, person: Person, wanted: Callable[[str], bool]) -> None:
        """Press the button with these words, as soon as it is there."""

        def find() -> Press | None:
            return next((press for words, press in self.buttons(person).items() if wanted(words)), None)

        (await self.wait_for(find))()


def value_on(words: str) -> int | None:
    """Return the value that a button with these words stands for; None for a button that is no choice."""
    return next((choice.value for choice in DEFAULT_SCALE.choices if choice.symbol in words), None)


async def waited(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """Return the first true value of what is read from the store, which tells nobody of its changes."""
    while True:
        found = await look()
        if found:
            return found
        await asyncio.sleep(LOOK_AGAIN)
