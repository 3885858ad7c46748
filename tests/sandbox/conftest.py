from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from sandbox.telegram import TelegramSandbox
from sandbox.vk import VkSandbox

from .vk_kit import GLEB, GROUP_ID, SECRET, VERA, VK_TOKEN, VkApi, VkReceiver, caller

TOKEN = "42:TEST"
ANNA = 555_001
BORIS = 555_002
GROUP = -700

Api = Callable[..., Coroutine[Any, Any, tuple[int, dict[str, Any]]]]


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[TelegramSandbox]:
    sandbox = TelegramSandbox(clock=clock, limits=None)
    sandbox.add_bot(TOKEN, "csat_bot")
    sandbox.add_customer(ANNA, "Анна")
    sandbox.add_customer(BORIS, "Boris", "en")
    sandbox.add_group(GROUP, "Family", [ANNA, BORIS])
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def api(sandbox: TelegramSandbox, http: aiohttp.ClientSession) -> Api:
    """Call a method by JSON: status and decoded answer."""

    async def call(method: str, /, *, token: str = TOKEN, **parameters: Any) -> tuple[int, dict[str, Any]]:
        async with http.post(f"{sandbox.url}/bot{token}/{method}", json=parameters) as response:
            return response.status, await response.json()

    return call


def keyboard(*data: str, columns: int = 5) -> dict[str, Any]:
    buttons = [{"text": str(number), "callback_data": one} for number, one in enumerate(data, 1)]
    return {"inline_keyboard": [buttons[at : at + columns] for at in range(0, len(buttons), columns)]}

@pytest.fixture
async def vk(clock: Clock) -> AsyncIterator[VkSandbox]:
    vk = VkSandbox(clock=clock, limits=None)
    vk.add_community(VK_TOKEN, GROUP_ID, "Help", screen_name="help")
    vk.add_customer(VERA, "Vera")
    vk.add_customer(GLEB, "Gleb", "en", wrote=[])
    await vk.start()
    yield vk
    await vk.stop()


@pytest.fixture
def call(vk: VkSandbox, http: aiohttp.ClientSession) -> VkApi:
    return caller(vk, http)


@pytest.fixture
async def callback_server(vk: VkSandbox) -> AsyncIterator[VkReceiver]:
    """A bot's receiver that was set up by hand: confirmed, with all events."""
    receiver = VkReceiver()
    await receiver.server.start()
    vk.add_server(f"{receiver.server.url}/vk", SECRET)
    yield receiver
    if receiver.gate:
        receiver.gate.set()
    await vk.delivery.close()
    await receiver.server.stop()
