"""The customers' side over HTTP as all kinds have it: for the page with the phones and for scripts.

`GET PATH[?since=VERSION&wait=SECONDS]` answers all phones, and with `since` only once something has changed. `POST PATH`
adds a customer; `POST PATH/{customer}/{act}` acts. A refused act is `{"error": …}`: 400 for what cannot be read, 404
for the unknown, 409 for what the phone does not allow. What a phone shows and which acts there are, each kind knows.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from sandbox.changes import Changes

Json = dict[str, Any]
Act = TypeVar("Act")

MAX_WAIT = 25.0
SHOWN_MESSAGES = 60
"""The newest of a chat, where there are very many; of customers, too."""

SHOWN_CUSTOMERS = 60


class NotPossibleError(Exception):
    """The phone does not let the customer do this. The text says why."""


class Phones(Protocol):
    """The phones of one kind. Raises LookupError for the unknown, NotPossibleError for what a phone does not allow."""

    def shown(self) -> list[Json]:
        """All customers with their chats; the newest when there are very many."""

    def add(self, given: Json) -> Json:
        """Add a customer."""

    def act(self, customer: str, act: str, given: Json) -> Json | Awaitable[Json]:
        """Let a customer do something."""


class World(Protocol):
    """What the phones are part of; `clock` gives seconds since the epoch."""

    changes: Changes
    clock: Callable[[], float]


class CustomersApi:
    """Answers below `path`. Names bots and mailboxes, never their tokens."""

    def __init__(self, path: str, world: World, phones: Phones) -> None:
        self._depth = path.strip("/").count("/")
        self._world = world
        self._phones = phones

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = request.raw_path.partition("?")
        parts = [unquote(part) for part in path.strip("/").split("/")][self._depth :]
        if request.method == "GET" and len(parts) == 1:
            asked = dict(parse_qsl(query))
            await self._wait(asked.get("since", ""), asked.get("wait", ""))
            shown = self._phones.shown()
            return _json({"version": self._world.changes.version, "now": self._world.clock(), "customers": shown})
        if request.method != "POST" or len(parts) not in (1, 3):
            return _json({"error": "not found"}, 404)
        if request.content_type != "application/json":
            return _json({"error": "send application/json"}, 415)  # so that no foreign page can post here by a form
        return _json(*await self._answer(parts[1:], await request.read()))

    async def _wait(self, since: str, wait: str) -> None:
        changes = self._world.changes
        if not since.isdecimal():
            return
        patience = min(float(wait), MAX_WAIT) if wait.isdecimal() else MAX_WAIT
        try:
            await changes.wait_for(lambda: changes.version != int(since), patience)
        except TimeoutError:
            return
        await asyncio.sleep(0)  # one act makes several changes: show them together

    async def _answer(self, act: list[str], body: bytes) -> tuple[Json, int]:
        try:
            given = json.loads(body or b"{}")
            done = self._phones.act(act[0], act[1], given) if act else self._phones.add(given)
            return done if isinstance(done, dict) else await done, 200
        except KeyError as problem:
            return {"error": f"{problem.args[0]} is missing"}, 400
        except LookupError as problem:
            return {"error": str(problem)}, 404
        except NotPossibleError as problem:
            return {"error": str(problem)}, 409
        except (AttributeError, TypeError, ValueError):
            return {"error": "that is not what this act takes"}, 400


def known_act(acts: Mapping[str, Act], name: str) -> Act:
    """The act of this name. Raises LookupError."""
    if name not in acts:
        raise LookupError("no such act")
    return acts[name]


def _json(content: Json, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(content), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
