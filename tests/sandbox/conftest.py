from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from sandbox.telegram import TelegramSandbox
from sandbox.viber import ViberSandbox
from sandbox.vk import VkSandbox

from .viber_kit import OTHER_TOKEN, VIBER_TOKEN, ViberApi, ViberReceiver
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
async def viber(clock: Clock) -> AsyncIterator[ViberSandbox]:
    """Two bots; Anna (1) and Boris (2) are subscribed to both, Clara (3) to none."""
    viber = ViberSandbox(clock=clock)
    viber.add_bot(VIBER_TOKEN, "Support", "support")
    viber.add_bot(OTHER_TOKEN, "Helpdesk", "helpdesk")
    viber.add_customer("Анна")
    viber.add_customer("Boris", "en")
    viber.add_customer("Clara", "en", subscribed=())
    await viber.start()
    yield viber
    await viber.stop()


@pytest.fixture
def viber_api(viber: ViberSandbox, http: aiohttp.ClientSession) -> ViberApi:
    """Call a method with the token in the header; HTTP is 200 whatever the answer says."""

    async def call(method: str, /, *, token: str = VIBER_TOKEN, **parameters: Any) -> dict[str, Any]:
        headers = {"X-Viber-Auth-Token": token}
        async with http.post(f"{viber.url}/pa/{method}", json=parameters, headers=headers) as response:
            assert response.status == 200
            answer: dict[str, Any] = await response.json()
            return answer

    return call


@pytest.fixture
async def receiver_of_viber(viber: ViberSandbox, viber_api: ViberApi) -> AsyncIterator[ViberReceiver]:
    """The webhook of the bot `support`, set."""
    receiver = ViberReceiver()
    await receiver.server.start()
    assert (await viber_api("set_webhook", url=f"{receiver.server.url}/hook", send_name=True))["status"] == 0
    receiver.clear()
    viber.attempts.clear()
    yield receiver
    if receiver.gate:
        receiver.gate.set()
    await viber.delivery.close()
    await receiver.server.stop()


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
