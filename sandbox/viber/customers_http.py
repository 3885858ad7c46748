"""Viber's phones, as sandbox.phones.customers_api answers them below `/viber/customers`. Names bots by URI, not by token.

The acts: tap, write, photo, sticker, start, allow, deny, see, clear. Message tokens are strings here: a browser's
numbers would not hold them.
"""

from collections.abc import Callable

from sandbox.phones.customers_api import SHOWN_CUSTOMERS, SHOWN_MESSAGES, known_act

from .customers import CustomerSide
from .keyboards import columns_of, rows_of, shown_text, text_colour
from .state import Chat, Customer, Json, Message


class Phones:
    """All phones, and what can be done on them."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    def shown(self) -> list[Json]:
        """All customers with their chats; the newest when there are very many."""
        return [self._phone(customer) for customer in list(self._side.world.customers.values())[-SHOWN_CUSTOMERS:]]

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

    def add(self, given: Json) -> Json:
        """Add a customer."""
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

    def act(self, customer: str, act: str, given: Json) -> Json:
        """Let a customer do something."""
        number = int(customer)
        done = known_act(_ACTS, act)(self._side, number, given)
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
