"""What the tests of the Telegram adapter against the stand-in share."""

import asyncio
from collections.abc import Callable, Sequence

from channels.base import (
    Action,
    ActionName,
    Channel,
    Choice,
    Inbound,
    Message,
    Prompt,
)
from sandbox.telegram import TelegramSandbox

BOT = "4200:AAH-secret-of-the-bot"
ANN = 555001
TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
FACES = tuple(Choice(value, symbol, str(value)) for value, symbol in enumerate("😡🙁😐🙂😍", start=1))
PROMPT = Prompt(key="1", text="How did we do, <b>Ann & Co_*?", choices=FACES, token=TOKEN, language="en")
THANKS = Message("You chose 😍", (Action(ActionName.CHANGE, "Change"), Action(ActionName.SKIP, "Skip")), TOKEN)
HOOK = "http://127.0.0.1:9/hooks/channels/telegram/support"

Make = Callable[..., Channel]


class Clock:
    now = 1790000000.0

    def __call__(self) -> float:
        return self.now


async def first(channel: Channel, position: str | None = None) -> tuple[Sequence[Inbound], str]:
    async for found in channel.listen(position):
        return found
    raise AssertionError("listening ends only by an error")


async def polled(telegram: TelegramSandbox) -> None:
    """Return when somebody's getUpdates is being served."""
    async with asyncio.timeout(60):
        while telegram.world.bot().poller is None:  # noqa: ASYNC110 - the stand-in tells of calls only when they end
            await asyncio.sleep(0)  # the other task's turn
