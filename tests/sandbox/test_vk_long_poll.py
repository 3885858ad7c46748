"""Bots Long Poll: everybody with the key reads everything, until the key or the history is lost."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from sandbox.vk import VkSandbox
from sandbox.vk.events import HISTORY_LIFE

from .conftest import Clock
from .vk_kit import GROUP_ID, VERA, VkApi, VkReceiver

Server = dict[str, str]
Check = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
async def server(call: VkApi) -> Server:
    on = {"enabled": 1, "api_version": "5.199", "message_new": 1}
    assert await call("groups.setLongPollSettings", group_id=GROUP_ID, **on) == {"response": 1}
    found: Server = (await call("groups.getLongPollServer", group_id=GROUP_ID))["response"]
    return found


@pytest.fixture
def check(http: aiohttp.ClientSession, server: Server) -> Check:
    async def ask(ts: Any = None, key: str = "", wait: int = 0) -> Any:
        asked = {"act": "a_check", "key": key or server["key"], "ts": ts or server["ts"], "wait": str(wait)}
        async with http.get(server["server"], params=asked) as response:
            assert response.status == 200
            return await response.json()

    return ask


async def test_events_are_numbered_and_stay(vk: VkSandbox, check: Check, server: Server) -> None:
    assert await check() == {"ts": server["ts"], "updates": []}
    vk.write(VERA, "one")
    vk.write(VERA, "two")
    vk.deny(VERA)  # switched off
    first = await check()
    assert [update["object"]["message"]["text"] for update in first["updates"]] == ["one", "two"]
    assert "secret" not in first["updates"][0]
    assert first["updates"][0]["v"] == "5.199"
    assert await check() == first  # the position is the reader's own matter
    assert await check(first["ts"]) == {"ts": first["ts"], "updates": []}


async def test_two_readers_each_get_what_comes(vk: VkSandbox, check: Check) -> None:
    readers = [asyncio.create_task(check(wait=20)) for _ in range(2)]
    await vk.wait_for(lambda: vk.polling.waiting == 2)
    vk.write(VERA, "one")
    first, second = await asyncio.gather(*readers)
    assert first == second
    assert len(first["updates"]) == 1


async def test_the_callback_api_gets_them_too(vk: VkSandbox, check: Check, callback_server: VkReceiver) -> None:
    vk.write(VERA, "one")
    await vk.settled()
    (update,) = (await check())["updates"]
    assert callback_server.ids == [update["event_id"]]


async def test_failed_1_history_lost(vk: VkSandbox, check: Check, server: Server, clock: Clock) -> None:
    vk.write(VERA, "one")
    vk.forget_history()
    newest = int(server["ts"]) + 1
    assert await check() == {"failed": 1, "ts": newest}
    assert await check(newest) == {"ts": str(newest), "updates": []}
    assert (await check(newest + 5))["failed"] == 1
    vk.write(VERA, "two")
    clock.now += HISTORY_LIFE + 1
    assert await check(newest) == {"failed": 1, "ts": newest + 1}


async def test_failed_2_key_over_also_for_who_waits(vk: VkSandbox, check: Check, call: VkApi) -> None:
    waiting = asyncio.create_task(check(wait=20))
    await vk.wait_for(lambda: vk.polling.waiting)
    vk.expire_long_poll()
    assert await waiting == {"failed": 2}
    assert await check() == {"failed": 2}
    renewed = (await call("groups.getLongPollServer", group_id=GROUP_ID))["response"]
    vk.write(VERA, "one")
    assert len((await check(key=renewed["key"]))["updates"]) == 1  # the old ts holds


async def test_failed_3_all_lost(vk: VkSandbox, check: Check, call: VkApi) -> None:
    vk.write(VERA, "one")
    vk.lose_long_poll()
    assert await check() == {"failed": 3}
    renewed = (await call("groups.getLongPollServer", group_id=GROUP_ID))["response"]
    assert (await check(key=renewed["key"]))["failed"] == 1  # and here the old ts means nothing
    assert (await check(renewed["ts"], renewed["key"]))["updates"] == []


async def test_settings_and_switching_off(call: VkApi, check: Check) -> None:
    settings = (await call("groups.getLongPollSettings", group_id=GROUP_ID))["response"]
    assert settings["is_enabled"] is True
    assert settings["events"]["message_new"] == 1
    assert settings["events"]["message_event"] == 0
    await call("groups.setLongPollSettings", group_id=GROUP_ID, enabled=0)
    assert await check() == {"failed": 2}


async def test_faults_of_the_poll(vk: VkSandbox, check: Check) -> None:
    vk.drop_before("lp", times=2)  # the client itself repeats a GET once
    with pytest.raises(aiohttp.ClientError):
        await check()
    vk.answer_next("lp", status=200, body=b"{")
    with pytest.raises(aiohttp.ContentTypeError):
        await check()
    released = vk.hang("lp")
    slow = asyncio.create_task(check())
    await asyncio.sleep(0)
    released.set()
    assert (await slow)["updates"] == []
