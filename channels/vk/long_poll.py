"""Bots Long Poll (https://dev.vk.com/ru/api/bots-long-poll/getting-started): events as they come, and where to go on.

`VkBotLongPoll` of vk_api forgets its position, stops at a read timeout and cannot be cancelled: the loop is our own.
Every reader gets every event, and the Callback API brings the same ones again: their ids tell.
"""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

import msgspec
from msgspec import Raw, Struct

from channels.base import Inbound
from channels.vk.client import Client
from channels.vk.community import Community
from channels.vk.config import VkConfig
from channels.vk.failures import NOT_VK
from channels.vk.updates import read_update
from net.errors import Misconfigured, OutcomeUnknown, Unreachable
from net.http import HttpClient, raise_for_status

ROUNDS = 100
"""Answers after which a new key is asked for: with an old one taps have been seen to stop coming, after hours."""

FAILURES = 2
"""In a row, each with a new key: one more, and something turns in circles."""

_LOST, _KEY_OVER, _ALL_OVER = 1, 2, 3
_log = logging.getLogger("tapfive.vk")


class _Server(Struct):
    server: str
    key: str
    ts: str | int


class _Answer(Struct):
    ts: str | int | None = None
    updates: list[Raw] | None = None  # not looked into here: one that is odd hides no other
    failed: int = 0


async def listen(
    client: Client, http: HttpClient, config: VkConfig, account: str, position: str | None
) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
    """Poll from `position`, VK's `ts`: the number of the next event. Ends by a DeliveryError alone."""
    await Community(client, config.group_id).switch_long_poll_on()
    ts = position
    in_a_row = 0
    while True:
        server = await client.ask("groups.getLongPollServer", _Server, group_id=config.group_id)
        if ts is None:
            ts = str(server.ts)
            yield (), ts  # so that nothing is lost that comes before the first event
        for _ in range(ROUNDS):
            answer = await _ask(http, server, ts, config)
            if answer is None:
                break
            if answer.failed:
                ts = _after_failure(answer, ts, account)
                in_a_row += 1
                if in_a_row > FAILURES:
                    raise Unreachable("VK refuses its own new keys", platform_code=f"failed {answer.failed}")
                break
            if answer.updates is None or answer.ts is None:
                raise Unreachable(NOT_VK)
            in_a_row = 0
            events = [read_update(bytes(update)) for update in answer.updates]
            if events or str(answer.ts) != ts:
                ts = str(answer.ts)
                yield events, ts


def _after_failure(answer: _Answer, ts: str, account: str) -> str | None:
    """Where to go on: None is where VK is by then."""
    if answer.failed == _KEY_OVER:
        return ts
    if answer.failed not in {_LOST, _ALL_OVER}:
        raise Misconfigured("VK's long poll fails for a reason of its own", platform_code=f"failed {answer.failed}")
    _log.warning("VK lost events of %s before they were read", account)
    return None if answer.failed == _ALL_OVER or answer.ts is None else str(answer.ts)


async def _ask(http: HttpClient, server: _Server, ts: str, config: VkConfig) -> _Answer | None:
    """One answer; None when none came in time, which happens."""
    query = {"act": "a_check", "key": server.key, "ts": ts, "wait": str(config.poll_wait)}
    try:
        url = f"{server.server}?{urlencode(query)}"
        answer = await http.request("GET", url, timeout=config.poll_wait + config.timeout)
        raise_for_status(answer)
        return _decode(answer.body)
    except OutcomeUnknown as error:
        if error.platform_code == "timeout":
            return None
        failure = Unreachable(error.text, platform_code=error.platform_code)
    except (msgspec.MsgspecError, ValueError, AttributeError, RecursionError):
        failure = Unreachable(NOT_VK)
    raise failure


_decoder = msgspec.json.Decoder(_Answer)


def _decode(body: bytes) -> _Answer:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Half an emoji in one event: the standard library takes it, and the others are read. Else the poll would get
        # the same answer for ever.
        content = json.loads(body)
        updates = content.get("updates")
        if isinstance(updates, list):
            content["updates"] = [Raw(json.dumps(update).encode()) for update in updates]
        return msgspec.convert(content, _Answer)
