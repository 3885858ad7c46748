"""The customers of `demo --once`: they do on the stand-in's phones what a person would do, and wait for what they see."""

import asyncio
from collections.abc import Callable, Sequence

from bot.demo_story import Scene
from ratings.scale import DEFAULT_SCALE
from ratings.survey import DEFAULT_SURVEY
from sandbox.telegram import Message, TelegramSandbox

SYMBOLS = {choice.symbol: choice.value for choice in DEFAULT_SCALE.choices}


class Players:
    """Plays scenes on the phones of a sandbox with one bot. Every wait ends with the caller's own deadline."""

    def __init__(self, sandbox: TelegramSandbox, deadline: float) -> None:
        self._sandbox = sandbox
        self._deadline = deadline

    async def play(self, scenes: Sequence[Scene]) -> None:
        """Play all scenes at the same time. Raises TimeoutError when something expected never shows."""
        async with asyncio.TaskGroup() as group:
            for scene in scenes:
                if scene.taps:
                    group.create_task(self._play(scene))

    async def _play(self, scene: Scene) -> None:
        user, language = scene.person.user_id, scene.person.language
        for number, value in enumerate(scene.taps):
            if number:
                await self._press(user, lambda text: text == DEFAULT_SURVEY.text("button_change", language))
            await self._press(user, lambda text, value=value: SYMBOLS.get(text) == value)  # type: ignore[misc]  # the default binds the loop's value
            await self._see(user, lambda message: not _choices(message))
        if scene.comment:
            self._sandbox.write(user, scene.comment)

    async def _press(self, user: int, wanted: Callable[[str], bool]) -> None:
        """Press the button with these words below the newest message of the bot, as soon as it is there."""

        def find() -> tuple[int, tuple[int, int]] | None:
            message = self._prompt(user)
            for row, buttons in enumerate(message.rows if message else ()):
                for column, button in enumerate(buttons):
                    if message is not None and wanted(button["text"]):
                        return message.message_id, (row, column)
            return None

        message_id, button = await self._sandbox.wait_for(find, self._deadline)
        self._sandbox.tap(user, message_id, button)

    async def _see(self, user: int, expected: Callable[[Message], bool]) -> None:
        def look() -> bool:
            message = self._prompt(user)
            return message is not None and expected(message)

        await self._sandbox.wait_for(look, self._deadline)

    def _prompt(self, user: int) -> Message | None:
        """The newest message that the bot wrote."""
        mine = [message for message in self._sandbox.messages(user) if message.by != user]
        return mine[-1] if mine else None


def _choices(message: Message) -> bool:
    return any(button["text"] in SYMBOLS for row in message.rows for button in row)
