"""Programs that use a Telegram account from its first moment: `python -m tests.channels.telegram_first_use PROGRAM API_URL`.

Each prints, as JSON, what happened; nothing here may import aiogram, for then there would be nothing to see.
"""

import asyncio
import json
import sys
from typing import Any

from pydantic import SecretStr

from channels import registry
from channels.base import Channel, Finding, HookRequest, Message
from net.errors import DeliveryError

BOT = "4200:AAH-secret-of-the-bot"
ANN = "555001"
HOOK = HookRequest("POST", {"x-telegram-bot-api-secret-token": "hook-secret"}, b'{"update_id": 5, "poll": {}}')
CLIENT = "channels.telegram.client"


def make(api_url: str) -> Channel:
    keys = {"token": SecretStr(BOT), "api_url": api_url}
    config = registry.config_class("telegram").model_validate(keys)
    return registry.load("telegram")("telegram.support", config, ("hook-secret",))


async def outcome(channel: Channel, address: str, text: str) -> str:
    try:
        return (await channel.send_text(address, Message(text))).external_id
    except DeliveryError as error:
        return error.code


def receive(channel: Channel) -> bool:
    channel.verify(HOOK)
    (event,) = channel.parse(HOOK)
    return event.event_id == "5" and channel.reply(HOOK).status == 200


async def receives_and_then_sends(api_url: str) -> dict[str, Any]:
    channel = make(api_url)
    seen: dict[str, Any] = {"received": receive(channel)}
    seen["refused"] = [await outcome(channel, *what) for what in (("ann", "hi"), (ANN, ""), (ANN, "x" * 4097))]
    await channel.close()
    seen["loaded by receiving"] = [name for name in ("aiogram", "aiohttp", CLIENT) if name in sys.modules]
    seen["sent"] = await outcome(channel, ANN, "hi")
    seen["loaded by sending"] = "aiogram" in sys.modules
    await channel.close()
    return seen


async def sends_at_once(api_url: str) -> dict[str, Any]:
    channel, other = make(api_url), make(api_url)
    hasty = asyncio.create_task(outcome(channel, ANN, "hasty"))  # the one that begins the import
    patient = [asyncio.create_task(outcome(channel, ANN, f"patient {number}")) for number in range(3)]
    closed = asyncio.create_task(outcome(other, ANN, "closed"))
    received = 0
    async with asyncio.timeout(60):
        while "aiogram" not in sys.modules:  # noqa: ASYNC110 - an import tells nobody of its beginning
            await asyncio.sleep(0.001)
        hasty.cancel()
        closed.cancel()
        closing = asyncio.create_task(other.close())
        while not hasattr(sys.modules[CLIENT], "Client"):  # while it is being imported
            received += receive(channel)
            await asyncio.sleep(0.001)
        sent = await asyncio.gather(*patient)
        await closing
    await channel.close()
    cancelled = [task.cancelled() for task in (hasty, closed)]
    return {"received meanwhile": received, "cancelled": cancelled, "sent": sorted(sent)}


async def cannot_import_at_first(api_url: str) -> dict[str, Any]:
    channel = make(api_url)
    sys.modules["aiogram"] = None  # type: ignore[assignment]  # how Python itself says that there is no such module
    seen: dict[str, Any] = {"sent without": await outcome(channel, ANN, "hi")}
    (finding,) = await channel.check(None)
    assert isinstance(finding, Finding)
    seen["found"] = [finding.id, finding.level]
    await channel.close()
    del sys.modules["aiogram"]
    seen["sent with"] = await outcome(channel, ANN, "hi")
    await channel.close()
    return seen


if __name__ == "__main__":
    programs = {
        program.__name__: program for program in (receives_and_then_sends, sends_at_once, cannot_import_at_first)
    }
    json.dump(asyncio.run(programs[sys.argv[1]](sys.argv[2])), sys.stdout)
