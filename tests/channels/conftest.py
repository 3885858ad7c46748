from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

import channels.telegram.client  # noqa: F401 - now, so that no test's first call has to wait for aiogram
from channels.base import Channel
from channels.telegram.adapter import Telegram
from channels.telegram.config import TelegramConfig
from sandbox.telegram import TelegramSandbox
from tests.channels.platform import Platform, running_platform
from tests.channels.telegram_kit import ANN, BOT, Clock, Make


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with running_platform() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def telegram(clock: Clock) -> AsyncIterator[TelegramSandbox]:
    sandbox = TelegramSandbox(clock=clock)
    await sandbox.start()
    sandbox.add_bot(BOT)
    sandbox.add_customer(ANN, "Ann")
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Channel] = []

    def one(api_url: str, secrets: tuple[str, ...] = ("hook-secret",), **keys: Any) -> Channel:
        known = {"token": SecretStr(BOT), "api_url": api_url, "timeout": 5, "poll_wait": 1}
        made.append(Telegram("telegram.support", TelegramConfig.model_validate({**known, **keys}), secrets))
        return made[-1]

    yield one
    for channel in made:
        await channel.close()


@pytest.fixture
def channel(telegram: TelegramSandbox, make: Make) -> Channel:
    return make(telegram.url)
