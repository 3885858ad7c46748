"""A Telegram account receives without aiogram, and loads it once, beside the hooks, when it first has something to say."""

import asyncio
import json
import sys
from typing import Any

from sandbox.telegram import TelegramSandbox
from tests.channels import telegram_first_use as programs
from tests.channels.telegram_kit import ANN


async def seen_by(program: str, telegram: TelegramSandbox) -> dict[str, Any]:
    telegram.limits = None
    arguments = ("-W", "error", "-m", programs.__name__, program, telegram.url)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=pipe, stderr=pipe)
    said, complained = await process.communicate()
    assert not complained.decode()
    seen: dict[str, Any] = json.loads(said)
    return seen


async def test_receiving_loads_nothing_and_sending_loads_all(telegram: TelegramSandbox) -> None:
    seen = await seen_by("receives_and_then_sends", telegram)
    (message,) = telegram.messages(ANN)
    assert seen == {
        "received": True,
        "refused": ["rejected", "rejected", "rejected"],
        "loaded by receiving": [],
        "sent": str(message.message_id),
        "loaded by sending": True,
    }


async def test_first_sends_wait_for_one_import_while_hooks_are_received(telegram: TelegramSandbox) -> None:
    seen = await seen_by("sends_at_once", telegram)
    messages = telegram.messages(ANN)
    assert sorted(message.text for message in messages) == ["patient 0", "patient 1", "patient 2"]
    assert seen["sent"] == sorted(str(message.message_id) for message in messages)
    assert seen["cancelled"] == [True, True]
    assert seen["received meanwhile"] > 3


async def test_a_library_that_cannot_be_imported_is_tried_again(telegram: TelegramSandbox) -> None:
    seen = await seen_by("cannot_import_at_first", telegram)
    (message,) = telegram.messages(ANN)
    assert seen == {
        "sent without": "unreachable",
        "found": ["telegram.token", "error"],
        "sent with": str(message.message_id),
    }
