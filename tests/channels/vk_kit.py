"""What the tests of the VK adapter share: a scripted VK, and events as VK writes them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from channels.base import Action, ActionName, Choice, HookRequest, Message, Prompt
from channels.vk.adapter import Vk
from channels.vk.config import VkConfig
from tests.channels.platform import Answer, Behaviour, Platform

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
KEY = "vk1.a.secret-of-the-community_x-0123456789"
GROUP = 900100
ANN = 555001
HOOK = "https://rate.example.com/hooks/channels/vk/support"
SECRET = "hook-secret"
FACES = tuple(Choice(value, symbol, str(value)) for value, symbol in enumerate("😡🙁😐🙂😍", start=1))
PROMPT = Prompt(key="question:1:7", text="How did we do, [id1|Ann]?", choices=FACES, token=TOKEN, language="en")
THANKS = Message(
    "You chose 😍", (Action(ActionName.CHANGE, "Change"), Action(ActionName.SKIP, "Skip")), TOKEN, key="render:7:1"
)
ALL_ON = dict.fromkeys(("message_new", "message_event", "message_allow", "message_deny", "message_edit"), 1)


def make_vk(api_url: str, secrets: tuple[str, ...] = (SECRET,), **keys: Any) -> Vk:
    known = {"token": SecretStr(KEY), "group_id": GROUP, "api_url": api_url, "timeout": 5, "poll_wait": 1, "threads": 2}
    return Vk("vk.support", VkConfig.model_validate({**known, **keys}), secrets)


@asynccontextmanager
async def account(api_url: str, secrets: tuple[str, ...] = (SECRET,), **keys: Any) -> AsyncIterator[Vk]:
    made = make_vk(api_url, secrets, **keys)
    try:
        yield made
    finally:
        await made.close()


def answer(response: object) -> Answer:
    return Answer(200, json.dumps({"response": response}).encode())


def error(code: int, words: str = "") -> Answer:
    return Answer(200, json.dumps({"error": {"error_code": code, "error_msg": words, "request_params": []}}).encode())


def sent(cmid: int = 31) -> Answer:
    return answer([{"peer_id": ANN, "message_id": 10245, "conversation_message_id": cmid}])


def script(platform: Platform, *behaviours: Behaviour) -> None:
    """What VK answers, one a request; the last stays."""
    platform.behaviour, platform.then = behaviours[0], list(behaviours[1:])


def methods(platform: Platform) -> list[str]:
    return [request.path.partition("?")[0].removeprefix("/method/") for request in platform.requests]


def keyboard_of(platform: Platform) -> Any:
    return json.loads(platform.requests[-1].form["keyboard"])


def hook(event: dict[str, Any]) -> HookRequest:
    """An event as the Callback API posts it."""
    around = {"event_id": "7be0d1", "v": "5.199", "group_id": GROUP, "secret": SECRET}
    return HookRequest("POST", {}, json.dumps({**around, **event}, ensure_ascii=False).encode())


def message(text: str = "Quick, thanks", **changes: Any) -> dict[str, Any]:
    """What a customer wrote."""
    return {
        "id": 10250,
        "date": 1790000060,
        "peer_id": ANN,
        "from_id": ANN,
        "text": text,
        "conversation_message_id": 33,
        "random_id": 0,
        "out": 0,
        "version": 10000033,
        "attachments": [],
        "fwd_messages": [],
        "important": False,
        "is_hidden": False,
        **changes,
    }


def message_new(
    text: str = "Quick, thanks", *, client_info: object = None, event_id: str = "7be0d1", **changes: Any
) -> dict[str, Any]:
    info = {"button_actions": ["text", "callback"], "keyboard": True, "inline_keyboard": True, "carousel": True}
    content = {"message": message(text, **changes), "client_info": info if client_info is None else client_info}
    return {"type": "message_new", "event_id": event_id, "object": content}


def message_event(payload: object, *, event_id: str = "3f1c5a", **changes: Any) -> dict[str, Any]:
    tap = {"user_id": ANN, "peer_id": ANN, "event_id": "a1b2c3", "payload": payload, "conversation_message_id": 31}
    return {"type": "message_event", "event_id": event_id, "object": {**tap, **changes}}
