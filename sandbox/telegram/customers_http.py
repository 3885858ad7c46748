"""The customers' side over HTTP, for the page with the phones and for scripts. Names bots, never their tokens.

`GET /customers[?since=VERSION&wait=SECONDS]` answers all phones, and with `since` only once something has changed.
`POST /customers` adds one; `POST /customers/{id}/{act}` acts: tap, write, photo, voice, sticker, edit, start, stop,
block, unblock, clear. A refused act is `{"error": …}`: 404 for the unknown, 409 for what the phone does not allow.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from .customers import CustomerSide, NotPossibleError
from .state import TAP_LIFE, Bot, Chat, Json, Message, Tap

MAX_WAIT = 25.0
SHOWN_MESSAGES = 60
SHOWN_CUSTOMERS = 60


class CustomersHttp:
    """Answers `/customers…`."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path, _, query = request.raw_path.partition("?")
        parts = path.strip("/").split("/")
        if request.method == "GET" and len(parts) == 1:
            asked = dict(parse_qsl(query))
            await self._wait(asked.get("since", ""), asked.get("wait", ""))
            return _json(self.phones())
        if request.method != "POST" or len(parts) not in (1, 3):
            return _json({"error": "not found"}, 404)
        if request.content_type != "application/json":
            return _json({"error": "send application/json"}, 415)  # so that no foreign page can post here by a form
        return _json(*self._answer(parts, await request.read()))

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

    def phones(self) -> Json:
        """All customers with their chats, and the version to wait on. The newest when there are very many."""
        world = self._side.world
        customers = []
        for customer in list(world.customers.values())[-SHOWN_CUSTOMERS:]:
            chats = [self._chat(bot, world.chat(bot, customer.user_id)) for bot in world.bots.values()]
            customers.append(
                {
                    "id": customer.user_id,
                    "kind": "telegram",
                    "name": customer.first_name,
                    "language": customer.language_code,
                    "deactivated": customer.deactivated,
                    "chats": chats,
                }
            )
        return {"version": world.changes.version, "now": world.clock(), "customers": customers}

    def _chat(self, bot: Bot, chat: Chat | None) -> Json:
        assert chat is not None, "every customer has a chat with every bot"
        shown: Json = {
            "bot": bot.username,
            "title": bot.first_name,
            "blocked": chat.blocked,
            "started": chat.started,
            "messages": [_message(bot, message) for message in list(chat.messages.values())[-SHOWN_MESSAGES:]],
            "tap": None,
        }
        if tap := chat.last_tap:
            waiting = tap.answer is None and self._side.world.clock() - tap.at < TAP_LIFE
            shown["tap"] = {"id": tap.tap_id, "message_id": tap.message_id, "data": tap.data, "waiting": waiting}
            if tap.answer:
                shown["tap"].update({"text": tap.answer.text, "alert": tap.answer.show_alert})
        return shown

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

    def _add(self, given: Json) -> Json:
        customer = self._side.add_customer(
            int(given["id"]),
            str(given["first_name"]),
            str(given.get("language_code", "ru")),
            started=given.get("started"),
        )
        return {"id": customer.user_id}

    def _act(self, user_id: int, act: str, given: Json) -> Json:
        function = _ACTS.get(act)
        if function is None:
            raise LookupError("no such act")
        done = function(self._side, user_id, given)
        if isinstance(done, Tap):
            return {"tap_id": done.tap_id}
        return {"message_id": done.message_id if done else None}


def _tap(side: CustomerSide, user_id: int, given: Json) -> Tap:
    button = _button(given["button"]) if "button" in given else str(given["data"])
    return side.tap(user_id, int(given["message_id"]), button, bot=given.get("bot"), as_user=given.get("as_user"))


def _write(side: CustomerSide, user_id: int, given: Json) -> Message:
    words, reply_to = str(given["text"]), given.get("reply_to")
    return side.write(user_id, words, reply_to=reply_to, bot=given.get("bot"), as_user=given.get("as_user"))


def _edit(side: CustomerSide, user_id: int, given: Json) -> Message:
    return side.edit_text(user_id, int(given["message_id"]), str(given["text"]), bot=given.get("bot"))


_ACTS: dict[str, Callable[[CustomerSide, int, Json], Tap | Message | None]] = {
    "tap": _tap,
    "write": _write,
    "edit": _edit,
    "photo": lambda side, user, given: side.send_photo(user, str(given.get("caption", "")), bot=given.get("bot")),
    "voice": lambda side, user, given: side.send_voice(user, str(given.get("caption", "")), bot=given.get("bot")),
    "sticker": lambda side, user, given: side.send_sticker(user, str(given.get("emoji", "👍")), bot=given.get("bot")),
    "start": lambda side, user, given: side.press_start(user, str(given.get("payload", "")), bot=given.get("bot")),
    "stop": lambda side, user, given: side.write_stop(user, bot=given.get("bot")),
    "block": lambda side, user, given: side.block(user, given.get("bot")),
    "unblock": lambda side, user, given: side.unblock(user, given.get("bot")),
    "clear": lambda side, user, given: side.clear(user, bot=given.get("bot")),
}


def _button(button: Any) -> str | tuple[int, int]:
    if isinstance(button, str):
        return button
    row, column = button
    return int(row), int(column)


def _message(bot: Bot, message: Message) -> Json:
    media = next(iter(message.media), None)
    text = message.text or message.caption
    if media == "sticker":
        text = message.media["sticker"]["emoji"]
    return {
        "id": message.message_id,
        "mine": message.by != bot.bot_id,
        "text": text,
        "entities": message.entities,
        "media": media,
        "date": message.date,
        "edited": message.edit_date is not None,
        "reply_to": message.reply_to,
        "keyboard": [[_shown_button(button) for button in row] for row in message.rows],
        "reply_keyboard": [
            [button if isinstance(button, str) else button["text"] for button in row]
            for row in (message.keyboard or {}).get("keyboard", [])
        ],
    }


def _shown_button(button: Json) -> Json:
    return {"text": button["text"], "data": button.get("callback_data"), "url": button.get("url")}


def _json(content: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(content), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
