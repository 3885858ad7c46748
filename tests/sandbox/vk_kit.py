"""What the tests of the VK stand-in share: a community with customers, a bot's receiver, a way to call methods."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.changes import Changes
from sandbox.phones.serving import LoopbackServer
from sandbox.vk import VkSandbox

VK_TOKEN = "vk1.a.TEST-TOKEN-OF-THE-COMMUNITY"
GROUP_ID = 9
VERA = 777_001
GLEB = 777_002
SECRET = "s3cret"

VkApi = Callable[..., Coroutine[Any, Any, Any]]
"""Call a method by a form: the whole answer, decoded."""


class VkReceiver:
    """A bot's callback server: keeps what came; answers the confirmation, and `ok` or what it is told to."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.replies: list[web.Response] = []
        self.code = ""
        self.confirmations: list[dict[str, Any]] = []
        self.gate: asyncio.Event | None = None
        self.came = Changes()
        self.server = LoopbackServer({"/": self.take})

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        event = await request.json()
        if event["type"] == "confirmation":
            self.confirmations.append(event)
            return web.Response(text=self.code)
        self.headers.append(dict(request.headers))
        self.events.append(event)
        self.came.notify()
        if self.gate:
            await self.gate.wait()
        return self.replies.pop(0) if self.replies else web.Response(text="ok")

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def ids(self) -> list[str]:
        return [event["event_id"] for event in self.events]


def caller(sandbox: VkSandbox, http: aiohttp.ClientSession) -> VkApi:
    async def call(method: str, /, *, token: str = VK_TOKEN, v: str = "5.199", **parameters: Any) -> Any:
        form = {name: str(value) for name, value in parameters.items()}
        if v:
            form["v"] = v
        if token:
            form["access_token"] = token
        async with http.post(f"{sandbox.url}/method/{method}", data=form) as response:
            assert response.status == 200
            return await response.json()

    return call


def button(label: str = "😍", payload: Any = '{"r":5}', kind: str = "callback", **more: Any) -> dict[str, Any]:
    return {"action": {"type": kind, "label": label, "payload": payload}, **more}


def keyboard(*rows: list[dict[str, Any]], inline: bool = True, **more: Any) -> str:
    return json.dumps({"inline": inline, "buttons": list(rows), **more})


def five(kind: str = "callback") -> str:
    """The five emoji in one row."""
    faces = enumerate("😡🙁😐🙂😍", 1)
    return keyboard([button(face, json.dumps({"k": "Zk3v9Q", "r": n}), kind) for n, face in faces])


EMPTY = keyboard()
