"""A VK account receives without vk_api, and loads it in a thread when it first has something to say."""

import asyncio
import subprocess
import sys

import pytest

from net.errors import Unreachable
from tests.channels.platform import Platform
from tests.channels.vk_kit import ANN, PROMPT, account, script, sent

RECEIVES = """
import sys
from pydantic import SecretStr
from channels import registry
from channels.base import HookRequest
config = registry.config_class("vk").model_validate({"token": SecretStr("x" * 20), "group_id": 9})
channel = registry.load("vk")("vk.support", config, ("hook-secret",))
request = HookRequest("POST", {}, b'{"type":"message_allow","group_id":9,"secret":"hook-secret","object":{"user_id":5}}')
channel.verify(request)
assert channel.parse(request)[0].address == "5"
assert channel.reply(request).body == b"ok"
print([name for name in ("vk_api", "requests", "aiohttp") if name in sys.modules])
"""


def test_receiving_loads_nothing() -> None:
    ran = subprocess.run([sys.executable, "-W", "error", "-c", RECEIVES], check=True, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("[]\n", "")


async def test_a_library_that_cannot_be_imported_is_tried_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "channels.vk.library", None)
            with pytest.raises(Unreachable):
                await vk.send_prompt(str(ANN), PROMPT)
            (finding,) = await vk.check(None)
            assert (finding.id, finding.level) == ("vk.token", "error")
        assert (await vk.send_prompt(str(ANN), PROMPT)).external_id == "31"
    assert len(platform.requests) == 1


async def test_the_loop_turns_while_vk_takes_its_time(platform: Platform) -> None:
    script(platform, sent())
    turns = 0
    async with account(platform.url) as vk:
        sending = asyncio.create_task(vk.send_prompt(str(ANN), PROMPT))
        while not sending.done():
            turns += 1
            await asyncio.sleep(0)
    assert turns > 3
