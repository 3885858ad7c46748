"""A Telegram account receives without aiogram, and loads it once, beside the hooks, when it first has something to say."""

import asyncio
import json
import sys

from sandbox.telegram import TelegramSandbox
from tests.channels import telegram_first_use as program
from tests.channels.telegram_kit import ANN


async def test_receiving_loads_nothing_and_first_sends_wait_for_one_import(telegram: TelegramSandbox) -> None:
    telegram.limits = None
    pipe = asyncio.subprocess.PIPE
    arguments = ("-W", "error", "-m", program.__name__, telegram.url)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe)
    said, complained = await process.communicate()
    assert not complained.decode()
    seen = json.loads(said)
    assert seen["receives"] == {"received": True, "refused": ["rejected", "rejected", "rejected"], "loaded": []}
    # A library that cannot be imported is tried again.
    assert seen["cannot import"] == {"sent": "unreachable", "found": ["telegram.token", "error"], "loaded": []}
    # Those who have something to say wait for one import, and hooks are received meanwhile.
    ids = {message.text: str(message.message_id) for message in telegram.messages(ANN)}
    assert sorted(ids) == ["again", "patient 0", "patient 1", "patient 2"]
    assert len(telegram.messages(ANN)) == len(ids)
    at_once = seen["sends at once"]
    assert at_once["sent"] == sorted(ids[f"patient {number}"] for number in range(3))
    assert at_once["cancelled"] == [True, True]
    assert at_once["received meanwhile"] > 3
    assert seen["sends again"] == ids["again"]
    assert seen["loaded"] == ["aiogram", "aiohttp", program.CLIENT]
