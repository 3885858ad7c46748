"""Bots Long Poll: positions, keys that end, events that are lost, and silence."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.base import ChoicePicked, Inbound, Mode, TextReceived, Unreadable
from channels.vk import long_poll
from net.errors import DeliveryError, Misconfigured, Unreachable
from tests.channels.platform import Answer, Behaviour, Drop, Hang, Platform
from tests.channels.vk_kit import (
    ALL_ON,
    GROUP,
    TOKEN,
    account,
    answer,
    error,
    hook,
    make_vk,
    message_event,
    message_new,
    methods,
    script,
)

ON = answer({"is_enabled": True, "api_version": "5.199", "events": ALL_ON})
TAP = message_event({"r": f"r1:{TOKEN}:5"}, event_id="tap-1")


def where(platform: Platform, ts: str | int = "100", key: str = "key-1") -> Answer:
    return answer({"server": f"{platform.url}/lp", "key": key, "ts": ts})


def polled(ts: str | int, *updates: object) -> Answer:
    return Answer(200, json.dumps({"ts": ts, "updates": list(updates)}).encode())


def failed(number: int, **more: Any) -> Answer:
    return Answer(200, json.dumps({"failed": number, **more}).encode())


def polls(platform: Platform) -> list[dict[str, str]]:
    parts = [urlsplit(request.path) for request in platform.requests]
    return [dict(parse_qsl(part.query)) for part in parts if part.path == "/lp"]


async def heard(
    platform: Platform, *behaviours: Behaviour, position: str | None = "100", rounds: int = 1, **keys: Any
) -> list[tuple[Sequence[Inbound], str]]:
    script(platform, *behaviours)
    async with account(platform.url, mode=Mode.POLLING, **keys) as vk:
        listening = vk.listen(position)
        return [await anext(listening) for _ in range(rounds)]


async def test_events_come_with_where_to_go_on(platform: Platform) -> None:
    ((first, position), (second, last)) = await heard(
        platform, ON, where(platform, ts="900"), polled("101", TAP), polled(103, message_new(), message_new()), rounds=2
    )
    assert [type(event) for event in (*first, *second)] == [ChoicePicked, TextReceived, TextReceived]
    assert (position, last) == ("101", "103")
    assert polls(platform) == [{"act": "a_check", "key": "key-1", "ts": ts, "wait": "1"} for ts in ("100", "101")], (
        "the position that was committed, not VK's newest"
    )


async def test_without_a_position_it_begins_where_vk_is_and_says_so_at_once(platform: Platform) -> None:
    ((nothing, begin), (events, position)) = await heard(
        platform, ON, where(platform, ts=900), polled("901", TAP), position=None, rounds=2
    )
    assert (list(nothing), begin, len(events), position) == ([], "900", 1, "901")


async def test_an_event_has_the_same_id_by_both_ways(platform: Platform) -> None:
    (((polled_event,), _),) = await heard(platform, ON, where(platform), polled("101", TAP))
    (posted,) = make_vk(platform.url).parse(hook(TAP))
    assert polled_event == posted


async def test_one_event_that_cannot_be_read_hides_no_other(platform: Platform) -> None:
    odd = {"type": "message_event", "object": {"user_id": "Ann", "n": 2**70}}
    ((events, position),) = await heard(platform, ON, where(platform), polled("104", odd, "text", TAP, None))
    assert [type(event) for event in events] == [Unreadable, Unreadable, ChoicePicked, Unreadable]
    assert position == "104"


async def test_half_an_emoji_hides_no_other(platform: Platform) -> None:
    body = json.dumps({"ts": "102", "updates": [message_new("\ud83d"), TAP]}).encode()
    ((events, _),) = await heard(platform, ON, where(platform), Answer(200, body))
    assert any(isinstance(event, ChoicePicked) for event in events)


async def test_silence_moves_nothing(platform: Platform) -> None:
    ((_, position),) = await heard(platform, ON, where(platform), polled("100"), polled("100"), polled("101", TAP))
    assert position == "101"
    assert [poll["ts"] for poll in polls(platform)] == ["100", "100", "100"]


async def test_no_answer_in_time_is_silence_and_brings_a_new_key(platform: Platform) -> None:
    new = where(platform, ts="900", key="key-2")
    ((events, _),) = await heard(
        platform, ON, where(platform), Hang(), new, polled("101", TAP), timeout=0.2, poll_wait=1
    )
    assert len(events) == 1
    assert [(poll["key"], poll["ts"]) for poll in polls(platform)] == [("key-1", "100"), ("key-2", "100")]


async def test_a_key_that_is_over_is_replaced_and_the_position_kept(platform: Platform) -> None:
    new = where(platform, ts="900", key="key-2")
    ((_, first), (_, second)) = await heard(
        platform, ON, where(platform), polled("101", TAP), failed(2), new, polled("102", TAP), rounds=2
    )
    assert (first, second) == ("101", "102")
    assert [(poll["key"], poll["ts"]) for poll in polls(platform)][-1] == ("key-2", "101")


async def test_history_that_is_lost_is_told_and_gone_over(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tapfive.vk"):
        ((_, position),) = await heard(
            platform, ON, where(platform), failed(1, ts=500), where(platform), polled("501", TAP)
        )
    assert position == "501"
    assert polls(platform)[-1]["ts"] == "500"
    assert "lost" in caplog.text


async def test_a_position_that_means_nothing_any_more_begins_anew(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    new = where(platform, ts="900", key="key-2")
    with caplog.at_level(logging.WARNING, "tapfive.vk"):
        ((nothing, begin), (_, position)) = await heard(
            platform, ON, where(platform), failed(3), new, polled("901", TAP), rounds=2
        )
    assert (list(nothing), begin, position) == ([], "900", "901")
    assert "lost" in caplog.text
    assert "key-2" not in caplog.text


@pytest.mark.parametrize("failure", [failed(2), failed(3), failed(1, ts=100), failed(1)], ids=["2", "3", "1", "none"])
async def test_new_keys_that_are_over_end_the_iteration_instead_of_turning_in_circles(
    platform: Platform, failure: Answer
) -> None:
    circle = (where(platform), failure) * 4
    with pytest.raises(Unreachable):
        await heard(platform, ON, *circle, rounds=9)
    assert len(polls(platform)) == long_poll.FAILURES + 1


async def test_a_key_that_ends_in_the_first_wait_is_replaced(platform: Platform) -> None:
    new = where(platform, ts="900", key="key-2")
    ((_, position),) = await heard(platform, ON, where(platform), failed(2), new, polled("101", TAP))
    assert position == "101"


async def test_a_failure_that_nobody_knows_is_for_a_person(platform: Platform) -> None:
    with pytest.raises(Misconfigured):
        await heard(platform, ON, where(platform), failed(4))


async def test_the_key_is_renewed_now_and_then(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_poll, "ROUNDS", 2)
    new = where(platform, ts="900", key="key-2")
    await heard(platform, ON, where(platform), polled("100"), polled("100"), new, polled("101", TAP))
    assert [poll["key"] for poll in polls(platform)] == ["key-1", "key-1", "key-2"]


@pytest.mark.parametrize(
    "trouble",
    [Drop(), Answer(502), Answer(200, b"<html>"), Answer(200, b"{}"), Answer(200, b'{"ts": "1", "updates": 5}')],
    ids=["hang-up", "502", "garbage", "empty", "odd"],
)
async def test_trouble_ends_the_iteration_and_shows_no_key(platform: Platform, trouble: Behaviour) -> None:
    with pytest.raises(Unreachable) as failure:
        await heard(platform, ON, where(platform, key="secret-key"), trouble)
    assert "secret-key" not in str(vars(failure.value)) + str(failure.value)


async def test_what_the_api_refuses_ends_the_iteration(platform: Platform) -> None:
    with pytest.raises(DeliveryError):
        await heard(platform, error(5))


# --- switching it on


async def test_a_long_poll_that_is_on_is_left_alone(platform: Platform) -> None:
    await heard(platform, ON, where(platform), polled("101", TAP))
    assert "groups.setLongPollSettings" not in methods(platform)


async def test_our_events_are_switched_on_beside_those_of_others(platform: Platform) -> None:
    others = {**ALL_ON, "message_event": 0, "wall_post_new": 1, "photo_new": 0}
    state = answer({"is_enabled": True, "api_version": "5.131", "events": others})
    await heard(platform, state, answer(1), where(platform), polled("101", TAP))
    switched = platform.requests[1].form
    assert {name for name, value in switched.items() if value == "1"} == {*ALL_ON, "wall_post_new", "enabled"}
    assert (switched["api_version"], switched["group_id"]) == ("5.131", str(GROUP))


async def test_a_long_poll_that_is_off_is_switched_on_in_todays_shape(platform: Platform) -> None:
    state = answer({"is_enabled": False, "api_version": "5.50", "events": {}})
    await heard(platform, state, answer(1), where(platform), polled("101", TAP))
    assert platform.requests[1].form["api_version"] == "5.199"


async def test_listening_can_be_given_up_in_the_middle_of_a_wait(platform: Platform) -> None:
    script(platform, ON, where(platform), Hang())
    async with account(platform.url, mode=Mode.POLLING, poll_wait=90) as vk:
        waiting = asyncio.ensure_future(anext(vk.listen("100")))
        async with asyncio.timeout(60):
            while len(platform.requests) < 3:  # noqa: ASYNC110 - the platform tells of requests only by listing them
                await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
