"""What customers do besides tapping, as each kind's platform tells of it: for the contract suite."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from channels.base import DeliveryReported, HookRequest, Inbound, OptIn, OptOut, TextReceived

Heard = Mapping[type[Inbound], list[HookRequest]]
"""Hooks by what they must be read as; each is another event, of one customer."""


Prove = Callable[[bytes], Mapping[str, str]]


def _posted(events: Mapping[type[Inbound], list[dict[str, Any]]], prove: Prove) -> Heard:
    def post(event: dict[str, Any]) -> HookRequest:
        body = json.dumps(event, ensure_ascii=False).encode()
        return HookRequest("POST", prove(body), body)

    return {meant: [post(event) for event in some] for meant, some in events.items()}


def telegram(secret: str, customer: str) -> Heard:
    ann = {"id": int(customer), "is_bot": False, "first_name": "Ann"}
    chat = {"id": int(customer), "type": "private"}

    def wrote(update_id: int, **content: object) -> dict[str, Any]:
        message = {"message_id": update_id, "date": 1790000060, "chat": chat, "from": ann, **content}
        return {"update_id": update_id, "message": message}

    def command(update_id: int, word: str) -> dict[str, Any]:
        entity = {"type": "bot_command", "offset": 0, "length": len(word)}
        return wrote(update_id, text=word, entities=[entity])

    def became(update_id: int, status: str) -> dict[str, Any]:
        change = {"chat": chat, "from": ann, "date": 1790000070, "new_chat_member": {"status": status}}
        return {"update_id": update_id, "my_chat_member": change}

    events: dict[type[Inbound], list[dict[str, Any]]] = {
        TextReceived: [
            wrote(901, text="Быстро, спасибо"),
            wrote(902, text="👨‍👩‍👧‍👦 مرحبا"),
            wrote(903, photo=[{"file_id": "f", "width": 1, "height": 1}]),
        ],
        OptOut: [command(904, "/stop"), became(905, "kicked")],
        OptIn: [command(906, "/start"), became(907, "member")],
    }
    return _posted(events, lambda _: {"x-telegram-bot-api-secret-token": secret})


def viber(token: str, customer: str) -> Heard:
    def person(version: int) -> dict[str, Any]:
        return {"id": customer, "name": "Ann", "language": "ru", "country": "RU", "api_version": version}

    def event(number: int, what: str, **content: object) -> dict[str, Any]:
        return {"event": what, "timestamp": 1790000060000, "message_token": number, **content}

    def wrote(number: int, text: str, version: int = 10) -> dict[str, Any]:
        return event(number, "message", sender=person(version), message={"type": "text", "text": text})

    picture = {"type": "picture", "media": "https://x.example/p"}
    events: dict[type[Inbound], list[dict[str, Any]]] = {
        TextReceived: [
            wrote(901, "Быстро, спасибо"),
            wrote(902, "👨‍👩‍👧‍👦 مرحبا", 3),
            event(903, "message", sender=person(1), message=picture),
        ],
        OptOut: [wrote(904, "/stop"), event(905, "unsubscribed", user_id=customer)],
        OptIn: [wrote(906, "/start"), event(907, "subscribed", user=person(7))],
        DeliveryReported: [
            event(908, "delivered", user_id=customer),
            event(908, "seen", user_id=customer),
            event(909, "failed", user_id=customer, desc="no"),
        ],
    }

    def prove(body: bytes) -> Mapping[str, str]:
        return {"x-viber-content-signature": hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}

    return _posted(events, prove)


def vk(secret: str, customer: str) -> Heard:
    person = int(customer)
    apps: list[dict[str, Any]] = [
        {"button_actions": ["text", "callback"], "keyboard": True, "inline_keyboard": True},
        {"button_actions": ["text"], "keyboard": True, "inline_keyboard": True},
        {"button_actions": ["text"], "keyboard": True, "inline_keyboard": False},
    ]

    def event(number: int, what: str, content: object) -> dict[str, Any]:
        around = {"event_id": f"7be0d{number}", "v": "5.199", "group_id": 900100, "secret": secret}
        return {**around, "type": what, "object": content}

    def wrote(number: int, text: str, app: int = 0, **more: object) -> dict[str, Any]:
        message = {"id": number, "date": 1790000060, "peer_id": person, "from_id": person, "out": 0, "text": text}
        message |= {"conversation_message_id": number, **more}
        return event(number, "message_new", {"message": message, "client_info": apps[app]})

    events: dict[type[Inbound], list[dict[str, Any]]] = {
        TextReceived: [
            wrote(901, "Быстро, спасибо"),
            wrote(902, "👨‍👩‍👧‍👦 مرحبا", 1),
            wrote(903, "", 2, attachments=[{"type": "photo"}]),
        ],
        OptOut: [wrote(904, "стоп"), event(905, "message_deny", {"user_id": person})],
        OptIn: [wrote(906, "start"), event(907, "message_allow", {"user_id": person})],
    }
    return _posted(events, lambda _: {"content-type": "application/json"})


def vk_written(payload: str, secret: str, customer: str) -> HookRequest:
    """The tap of a button that writes a message, which is all that older apps know."""
    message = {"id": 33, "date": 1790000060, "peer_id": int(customer), "from_id": int(customer), "text": "😍"}
    event = {
        "type": "message_new",
        "event_id": "8be0d1",
        "group_id": 900100,
        "secret": secret,
        "object": {"message": {**message, "conversation_message_id": 33, "payload": payload}},
    }
    return HookRequest("POST", {}, json.dumps(event).encode())
