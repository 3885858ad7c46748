"""What the tests of the Viber stand-in share: a bot's receiver, and the messages they send."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from sandbox.changes import Changes
from sandbox.phones.serving import LoopbackServer

VIBER_TOKEN = "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"
OTHER_TOKEN = "99fffaaz1s345z78-helpdesk-owns-this-bot-instead"

ViberApi = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


class ViberReceiver:
    """A bot's webhook: keeps what came, answers what it is told to (200 when it is told nothing)."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str | None] = []
        self.replies: list[web.Response] = []
        self.gate: asyncio.Event | None = None
        self.came = Changes()
        self.server = LoopbackServer({"/": self.take})

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.signatures.append(request.headers.get("X-Viber-Content-Signature"))
        self.bodies.append(await request.read())
        self.came.notify()
        if self.gate:
            await self.gate.wait()
        return self.replies.pop(0) if self.replies else web.Response()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def clear(self) -> None:
        self.bodies.clear()
        self.signatures.clear()


def signature_of(body: bytes, token: str = VIBER_TOKEN) -> str:
    """By the standard library alone, from the platform's rule."""
    return hmac.new(token.encode("ascii"), body, hashlib.sha256).hexdigest()


def viber_text(receiver: str, text: str = "Rate", **fields: Any) -> dict[str, Any]:
    return {"receiver": receiver, "type": "text", "text": text, "sender": {"name": "Support"}, **fields}


def viber_keyboard(*bodies: str, columns: int = 6, **fields: Any) -> dict[str, Any]:
    buttons = [
        {"Columns": columns, "Rows": 1, "ActionType": "reply", "ActionBody": body, "Text": f"№{place}", "Silent": True}
        for place, body in enumerate(bodies, 1)
    ]
    return {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons, **fields}
