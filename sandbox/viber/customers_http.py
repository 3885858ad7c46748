"""The customers' side over HTTP, for the page with the phones and for scripts. Names bots by URI, never by token.

`GET /viber/customers[?since=VERSION&wait=SECONDS]` answers all phones, and with `since` only once something has
changed. `POST /viber/customers` adds one; `POST /viber/customers/{number}/{act}` acts: tap, write, photo, sticker,
start, allow, deny, see, clear. Message tokens are strings here: a browser's numbers would not hold them.
A refused act is `{"error": …}`: 404 for the unknown, 409 for what the phone does not allow.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .customers import CustomerSide, NotPossibleError
from .keyboards import columns_of, rows_of, shown_text, text_colour
from .state import Chat, Customer, Json, Message

MAX_WAIT = 25.0
SHOWN_MESSAGES = 60
SHOWN_CUSTOMERS = 60


class CustomersHttp:
    """Answers `/viber/customers…`."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = request.raw_path.partition("?")
        parts = path.strip("/").split("/")[1:]
        if request.method == "GET" and len(parts) == 1:
            asked = dict(parse_qsl(query))
            await self._wait(asked.get("since", ""), asked.get("wait", ""))
            return _json(self.phones())
        if request.method != "POST" or len(parts) not in (1, 3):
            return _json({"error": "not found"}, 404)
        if request.content_type != "application/json":
            return _json({"error": "send application/json"}, 415)  # so that no foreign page can post here by a form
        return _json(*self._answer(parts, await request.read()))

    def phones(self) -> Json:
        """All customers with their chats, and the version to wait on. The newest when there are very many."""
        world = self._side.world
        customers = [self._phone(customer) for customer in list(world.customers.values())[-SHOWN_CUSTOMERS:]]
        return {"version": world.changes.version, "now": world.clock(), "customers": customers}

    def _phone(self, customer: Customer) -> Json:
        world = self._side.world
        return {
            "id": customer.number,
            "kind": "viber",
            "name": customer.name,
            "language": customer.language,
            "deactivated": not customer.registered,
            "chats": [_chat(world.chat(bot, customer)) for bot in world.bots.values()],
        }

    async def _wait(self, since: str, wait: str) -> None:
        changes = self._side.world.changes
        if not since.isdecimal():
            return
        patience = min(float(wait), MAX_WAIT) if wait.isdecimal() else MAX_WAIT
        try:
            await changes.wait_for(lambda: changes.version != int(since), patience)
        except TimeoutError:
            return
        await asyncio.sleep(0)  # one act makes several changes: show them together

    def _answer(self, parts: list[str], body: bytes) -> tuple[Json, int]:
        try:
            given = json.loads(body or b"{}")
            return (self._add(given) if len(parts) == 1 else self._act(int(parts[1]), parts[2], given)), 200
        except KeyError as problem:
            return {"error": f"{problem.args[0]} is missing"}, 400
        except LookupError as problem:
            return {"error": str(problem)}, 404
        except NotPossibleError as problem:
            return {"error": str(problem)}, 409
        except (AttributeError, TypeError, ValueError):
            return {"error": "that is not what this act takes"}, 400

    def _add(self, given: Json) -> Json:
        customer = self._side.add_customer(
            str(given["name"]),
            str(given.get("language", "ru")),
            number=int(given["id"]) if "id" in given else None,
            api_version=int(given.get("api_version", 10)),
            subscribed=given.get("subscribed"),
        )
        bots = self._side.world.bots.values()
        return {
            "id": customer.number,
            "user_ids": {bot.uri: self._side.user_id(customer.number, bot.uri) for bot in bots},
        }

    def _act(self, number: int, act: str, given: Json) -> Json:
        function = _ACTS.get(act)
        if function is None:
            raise LookupError("no such act")
        done = function(self._side, number, given)
        return {"message_id": str(done.message_token) if done else None}


def _tap(side: CustomerSide, number: int, given: Json) -> Message:
    token = given.get("message_id")
    return side.tap(
        number,
        given["button"] if "button" in given else str(given["data"]),
        bot=given.get("bot"),
        message_token=None if token is None else int(token),
        other_device=given.get("other_device") is True,
    )


_ACTS: dict[str, Callable[[CustomerSide, int, Json], Message | None]] = {
    "tap": _tap,
    "write": lambda side, number, given: side.write(number, str(given["text"]), bot=given.get("bot")),
    "photo": lambda side, number, given: side.send_picture(number, str(given.get("caption", "")), bot=given.get("bot")),
    "sticker": lambda side, number, given: side.send_sticker(number, bot=given.get("bot")),
    "start": lambda side, number, given: side.open_chat(number, str(given.get("payload", "")), bot=given.get("bot")),
    "allow": lambda side, number, given: side.subscribe(number, given.get("bot")),
    "deny": lambda side, number, given: side.unsubscribe(number, given.get("bot")),
    "see": lambda side, number, given: side.see(number, given.get("bot")),
    "clear": lambda side, number, given: side.clear(number, bot=given.get("bot")),
}


def _chat(chat: Chat) -> Json:
    return {
        "bot": chat.bot.uri,
        "title": chat.bot.name,
        "user_id": chat.user_id,
        "blocked": False,
        "denied": not chat.subscribed,
        "started": chat.opened or chat.subscribed,
        "messages": [_message(message) for message in chat.visible[-SHOWN_MESSAGES:]],
        "keyboard": chat.keyboard and {"columns": columns_of(chat.keyboard), "rows": _rows(chat.keyboard)},
        "input": chat.input,
        "tap": None,
    }


def _message(message: Message) -> Json:
    media = {"picture": "photo", "sticker": "sticker"}.get(message.kind)
    return {
        "id": str(message.message_token),
        "mine": not message.from_bot,
        "text": "🙂" if media == "sticker" else message.text or (message.media if message.kind == "url" else ""),
        "entities": [],
        "media": media,
        "date": message.at // 1000,
        "edited": False,
        "reply_to": None,
        "keyboard": _rows(message.rich_media),
        "reply_keyboard": [],
    }


def _rows(board: Json | None) -> list[list[Json]]:
    return [[_shown_button(button) for button in row] for row in rows_of(board)]


def _shown_button(button: Json) -> Json:
    sends = button.get("ActionType", "reply") in {"reply", "open-url"}
    return {
        "text": shown_text(button.get("Text", "")),
        "data": button["ActionBody"] if sends else None,
        "url": None,
        "columns": button.get("Columns", 6),
        "color": button.get("BgColor"),
        "ink": text_colour(button.get("Text", "")),
    }


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(content), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
