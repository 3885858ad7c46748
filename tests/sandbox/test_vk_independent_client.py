"""vk_api, written by others for the real platform, must find nothing odd about the stand-in."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from vk_api import VkApiError  # type: ignore[import-untyped]  # vk_api has no types
from vk_api.bot_longpoll import VkBotEventType, VkBotLongPoll, VkBotMessageEvent  # type: ignore[import-untyped]  # vk_api has no types
from vk_api.exceptions import ApiError, ApiHttpError, Captcha  # type: ignore[import-untyped]  # vk_api has no types
from vk_api.keyboard import VkKeyboard, VkKeyboardColor  # type: ignore[import-untyped]  # vk_api has no types
from vk_api.vk_api import VkApiGroup  # type: ignore[import-untyped]  # vk_api has no types

from sandbox.vk import VkSandbox

from .vk_kit import EMPTY, GLEB, GROUP_ID, VERA, VK_TOKEN


class MemoryConfig(dict[str, Any]):
    """Keeps the library from writing a file into the current folder."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def save(self) -> None:
        """Nowhere."""


class Redirected(HTTPAdapter):
    """Sends what is meant for the platform, whose address the library does not let one set, to the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._netloc = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *rest: Any, **more: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = str(urlunsplit(("http", self._netloc, parts.path, parts.query, "")))
        return super().send(request, *rest, **more)


@pytest.fixture
def client(vk: VkSandbox) -> Iterator[Any]:
    with requests.Session() as session:
        session.mount("https://api.vk.ru/", Redirected(vk.url))
        yield VkApiGroup(token=VK_TOKEN, session=session, api_version="5.199", config=MemoryConfig)


def board() -> str:
    keyboard = VkKeyboard(inline=True)
    for value, face in enumerate("😡🙁😐🙂😍", 1):
        keyboard.add_callback_button(face, VkKeyboardColor.SECONDARY, {"k": "Zk3v9Q", "r": value})
    return str(keyboard.get_keyboard())


async def test_sends_answers_and_edits(vk: VkSandbox, client: Any) -> None:
    sent = {"peer_ids": VERA, "random_id": 1, "message": "Rate", "keyboard": board(), "dont_parse_links": 1}
    (one,) = await asyncio.to_thread(client.method, "messages.send", sent)
    assert await asyncio.to_thread(client.method, "messages.send", sent) == [one]
    (message,) = vk.messages(VERA)
    assert one == {"peer_id": VERA, "message_id": message.message_id, "conversation_message_id": message.cmid}
    tap = vk.tap(VERA, message.cmid, (0, 4))
    answer = {"event_id": tap.event_id, "user_id": VERA, "peer_id": VERA}
    snackbar = json.dumps({"type": "show_snackbar", "text": "Thank you!"})
    method = "messages.sendMessageEventAnswer"
    assert await asyncio.to_thread(client.method, method, {**answer, "event_data": snackbar}) == 1
    with pytest.raises(ApiError) as refused:
        await asyncio.to_thread(client.method, method, answer)
    assert (refused.value.code, "invalid event_id" in str(refused.value)) == (100, True)
    edited = {"peer_id": VERA, "conversation_message_id": 1, "message": "You chose 😍", "keyboard": EMPTY}
    assert await asyncio.to_thread(client.method, "messages.edit", edited) == 1
    assert (message.text, message.rows) == ("You chose 😍", [])


async def test_errors_are_of_the_right_class(vk: VkSandbox, client: Any) -> None:
    sent = {"peer_id": GLEB, "random_id": 1, "message": "Hi"}
    with pytest.raises(ApiError, match=r"\[901\] Can't send messages for users without permission"):
        await asyncio.to_thread(client.method, "messages.send", sent)
    vk.fail_next("messages.send", code=14)
    with pytest.raises(Captcha):
        await asyncio.to_thread(client.method, "messages.send", sent)
    vk.answer_next("messages.send", status=502)
    with pytest.raises(ApiHttpError):
        await asyncio.to_thread(client.method, "messages.send", sent)
    empty = VkKeyboard(inline=True)
    empty.add_callback_button("a")  # its payload is None
    with pytest.raises(ApiError, match=r"\[911\] Keyboard format is invalid"):
        await asyncio.to_thread(
            client.method, "messages.send", {**sent, "peer_id": VERA, "keyboard": empty.get_keyboard()}
        )
    assert issubclass(ApiError, VkApiError)


async def test_error_6_is_repeated_by_the_library_itself(vk: VkSandbox, client: Any) -> None:
    vk.fail_next("groups.getById", code=6)
    found = await asyncio.to_thread(client.method, "groups.getById")
    assert found["groups"][0]["id"] == GROUP_ID
    assert [request.code for request in vk.calls("groups.getById")] == [6, 0]


async def test_polls_through_a_lost_key_and_lost_history(vk: VkSandbox, client: Any) -> None:
    on = {"group_id": GROUP_ID, "enabled": 1, "api_version": "5.199", "message_new": 1, "message_event": 1}
    await asyncio.to_thread(client.method, "groups.setLongPollSettings", on)
    poll = await asyncio.to_thread(VkBotLongPoll, client, GROUP_ID, 1)
    try:
        vk.write(VERA, "Hello")
        vk.tap(VERA, 1, '{"r": 5}')
        message, tap = await asyncio.to_thread(poll.check)
        assert isinstance(message, VkBotMessageEvent)
        assert (message.from_user, message.message["text"]) == (True, "Hello")
        assert message.client_info["lang_id"] == 0
        assert tap.type == VkBotEventType.MESSAGE_EVENT
        assert tap.object.payload == {"r": 5}
        assert tap.raw["event_id"] != tap.object.event_id
        for lose in (vk.expire_long_poll, vk.lose_long_poll):
            lose()
            assert await asyncio.to_thread(poll.check) == []
            vk.write(VERA, "Still here")
            (event,) = await asyncio.to_thread(poll.check)
            assert event.message["text"] == "Still here"
    finally:
        poll.session.close()
