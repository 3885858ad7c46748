"""A program that uses Telegram accounts from its first moment: `python -m tests.channels.telegram_first_use API_URL`.

It prints, as JSON, what happened, from the first that is received to the one import of aiogram, which takes seconds;
nothing here may import aiogram, for then there would be nothing to see.
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


def loaded() -> list[str]:
    return [name for name in ("aiogram", "aiohttp", CLIENT) if sys.modules.get(name)]


async def receives_only(api_url: str) -> dict[str, Any]:
    channel = make(api_url)
    seen: dict[str, Any] = {"received": receive(channel)}
    seen["refused"] = [await outcome(channel, *what) for what in (("ann", "hi"), (ANN, ""), (ANN, "x" * 4097))]
    await channel.close()
    seen["loaded"] = loaded()
    return seen


async def cannot_import(channel: Channel) -> dict[str, Any]:
    sys.modules["aiogram"] = None  # type: ignore[assignment]  # how Python itself says that there is no such module
    seen: dict[str, Any] = {"sent": await outcome(channel, ANN, "without")}
    (finding,) = await channel.check(None)
    assert isinstance(finding, Finding)
    seen["found"] = [finding.id, finding.level]
    await channel.close()
    del sys.modules["aiogram"]
    seen["loaded"] = [name for name in loaded() if name != "aiohttp"]
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


async def run(api_url: str) -> dict[str, Any]:
    hopeful = make(api_url)
    seen = {
        "receives": await receives_only(api_url),
        "cannot import": await cannot_import(hopeful),
        "sends at once": await sends_at_once(api_url),
        "sends again": await outcome(hopeful, ANN, "again"),
        "loaded": loaded(),
    }
    await hopeful.close()
    return seen


if __name__ == "__main__":
    json.dump(asyncio.run(run(sys.argv[1])), sys.stdout)
