"""What calls VK: one request a method, retried never, in a thread. vk_api comes with the first call (library.py)."""

import secrets
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from channels.base import Sent
from channels.vk.config import VkConfig
from channels.vk.failures import NOT_VK, Act, decide, unsettled
from channels.vk.keyboard import Keyboard
from channels.vk.threads import Threads
from net.errors import DeliveryError, Unreachable

if TYPE_CHECKING:
    from channels.vk.library import Caller

WAIT_SHARE = 0.8  # of the timeout is the longest wait for a thread: shorter than what can hold one up

Shape = TypeVar("Shape")


class Error(msgspec.Struct):
    """What stands beside a recipient when `peer_ids` succeeded and this one failed."""

    code: int = 0
    error_code: int = 0  # the name that other answers use
    description: str = ""


class Delivered(msgspec.Struct):
    """One recipient's part of what `messages.send` answers to `peer_ids`."""

    conversation_message_id: int = 0
    message_id: int = 0
    error: Error | None = None


class Client:
    """One community's calls. Each raises a DeliveryError when it fails, and nothing else. Opens nothing before the first."""

    def __init__(self, config: VkConfig) -> None:
        self._config = config
        self._threads: Threads[Caller] = Threads(config.threads, lambda: _make_caller(config))

    async def send(self, peer: int, text: str, keyboard: Keyboard | None, key: str) -> Sent:
        """Send a message. With the same `key` VK sends it once, however often it is asked.

        `peer_ids`, though there is one: only so the answer has the number by which the message can be edited.
        """
        act: Act = "send" if key else "send unprotected"
        answer = await self._call(
            "messages.send",
            {"peer_ids": peer, "random_id": random_id(key), "message": text, "dont_parse_links": 1},
            act,
            keyboard,
        )
        delivered = _read(answer, list[Delivered], act)
        if len(delivered) != 1:
            raise unsettled(NOT_VK, act)
        error = delivered[0].error
        if error is not None:  # inside of what VK calls a success
            raise decide(error.code or error.error_code, error.description, act)
        if delivered[0].conversation_message_id > 0:
            return Sent(str(delivered[0].conversation_message_id))
        if delivered[0].message_id > 0:
            return Sent(f"message {delivered[0].message_id}")  # it was sent, and cannot be edited
        raise unsettled(NOT_VK, act)

    async def edit(self, peer: int, message: int, text: str, keyboard: Keyboard) -> None:
        """Replace a message's text and buttons. `message` is its number in the conversation, not its id."""
        values: dict[str, str | int] = {
            "peer_id": peer,
            "conversation_message_id": message,
            "message": text,
            "keep_forward_messages": 1,
            "dont_parse_links": 1,
        }
        await self._call("messages.edit", values, "edit", keyboard)

    async def acknowledge(self, event_id: str, user: int, peer: int, text: str) -> None:
        """Stop the spinner on the button, and show `text` for a moment."""
        values: dict[str, str | int] = {"event_id": event_id, "user_id": user, "peer_id": peer}
        if text:
            values["event_data"] = msgspec.json.encode({"type": "show_snackbar", "text": text}).decode()
        await self._call("messages.sendMessageEventAnswer", values, "acknowledge")

    async def ask(self, method: str, shape: type[Shape], **values: str | int) -> Shape:
        """Call a method that concerns the community itself, and read its answer."""
        return _read(await self._call(method, values, "account"), shape, "account")

    async def close(self) -> None:
        """Let go of threads and connections."""
        await self._threads.close(lambda caller: caller.close())

    async def _call(
        self, method: str, values: Mapping[str, str | int], act: Act, keyboard: Keyboard | None = None
    ) -> Any:
        try:
            answer = await self._threads.run(
                lambda caller: caller.call(method, values, act, keyboard), WAIT_SHARE * self._config.timeout
            )
        except ImportError as error:
            # Nothing was sent, and nothing is lost by another try: perhaps somebody is just exchanging the libraries.
            raise Unreachable("vk_api cannot be imported", platform_code=type(error).__name__) from error
        if isinstance(answer, DeliveryError):
            raise answer
        return answer


def random_id(key: str) -> int:
    """VK's name for "the same message again": a signed 32-bit number from the prompt's key, never 0 (which is none).

    https://dev.vk.com/ru/method/messages.send. Without a key it is a new one every time.
    """
    if not key:
        return secrets.randbelow(2**31 - 1) + 1
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest(), "big", signed=True) or 1


def _make_caller(config: VkConfig) -> "Caller":
    from channels.vk.library import Caller  # noqa: PLC0415 - it imports vk_api

    return Caller(config)


def _read(answer: Any, shape: type[Shape], act: Act) -> Shape:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError:
        failure = unsettled(NOT_VK, act)
    raise failure
