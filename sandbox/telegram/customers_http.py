"""Telegram's phones, as sandbox.phones.customers_api answers them below `/customers`. Names bots, never their tokens.

The acts: tap, write, photo, voice, sticker, edit, start, stop, block, unblock, clear.
"""

from collections.abc import Callable
from typing import Any

from sandbox.phones.customers_api import SHOWN_CUSTOMERS, SHOWN_MESSAGES, known_act

from .customers import CustomerSide
from .state import TAP_LIFE, Bot, Chat, Json, Message, Tap


class Phones:
    """All phones, and what can be done on them."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    def shown(self) -> list[Json]:
        """All customers with their chats; the newest when there are very many."""
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
        return customers

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

    def add(self, given: Json) -> Json:
        """Add a customer."""
        customer = self._side.add_customer(
            int(given["id"]),
            str(given["first_name"]),
            str(given.get("language_code", "ru")),
            started=given.get("started"),
        )
        return {"id": customer.user_id}

    def act(self, customer: str, act: str, given: Json) -> Json:
        """Let a customer do something."""
        user_id = int(customer)
        done = known_act(_ACTS, act)(self._side, user_id, given)
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
