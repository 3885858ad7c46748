"""VK's phones, as sandbox.phones.customers_api answers them below `/vk/customers`. Names no community's token.

The acts: tap, write, photo, voice, sticker, edit, start, allow, deny, block, unblock, clear. Messages are named by
their `cmid`, communities (`bot`) by their short names.
"""

from collections.abc import Callable

from sandbox.phones.customers_api import SHOWN_CUSTOMERS, SHOWN_MESSAGES, known_act

from .customers import CustomerSide
from .state import TAP_LIFE, Chat, Community, Customer, Json, Message, Tap

_MEDIA = {"audio_message": "voice"}
_STICKER = "😺"


class Phones:
    """All phones, and what can be done on them."""

    def __init__(self, side: CustomerSide) -> None:
        self._side = side

    def shown(self) -> list[Json]:
        """All customers with their chats; the newest when there are very many."""
        world = self._side.world
        return [
            {
                "id": customer.user_id,
                "kind": "vk",
                "name": customer.name,
                "language": customer.language,
                "deactivated": customer.deactivated,
                "chats": [self._chat(community, customer) for community in world.communities.values()],
            }
            for customer in list(world.customers.values())[-SHOWN_CUSTOMERS:]
        ]

    def _chat(self, community: Community, customer: Customer) -> Json:
        chat = self._side.world.chat(community, customer.user_id)
        messages = self._side.messages(customer.user_id, community.group_id)
        below = next((one for one in reversed(messages) if one.keyboard and not one.inline), None)
        return {
            "bot": community.screen_name,
            "title": community.name,
            "blocked": chat.blacklisted,
            "denied": not chat.allowed,
            "started": chat.allowed or bool(chat.messages),
            "messages": [_message(customer, message, below) for message in messages[-SHOWN_MESSAGES:]],
            "tap": self._tap(chat),
        }

    def _tap(self, chat: Chat) -> Json | None:
        tap = chat.last_tap
        if tap is None:
            return None
        waiting = tap.answer is None and self._side.world.clock() - tap.at < TAP_LIFE
        shown: Json = {"id": tap.event_id, "message_id": tap.cmid, "data": tap.data, "waiting": waiting}
        if tap.answer:
            shown.update({"text": tap.answer.text, "alert": False})
        return shown

    def add(self, given: Json) -> Json:
        """Add a customer."""
        customer = self._side.add_customer(
            int(given["id"]),
            str(given["first_name"]),
            str(given.get("language_code", "ru")),
            wrote=given.get("wrote"),
            callback_buttons=bool(given.get("callback_buttons", True)),
            inline_keyboard=bool(given.get("inline_keyboard", True)),
        )
        return {"id": customer.user_id}

    def act(self, customer: str, act: str, given: Json) -> Json:
        """Let a customer do something."""
        user_id = int(customer)
        done = known_act(_ACTS, act)(self._side, user_id, given)
        if isinstance(done, Tap):
            return {"tap_id": done.event_id}
        return {"message_id": done.cmid if done else None}


def _press(side: CustomerSide, user_id: int, given: Json) -> Tap | Message:
    cmid, community = int(given["message_id"]), given.get("bot")
    if "button" in given:
        row, column = given["button"]
        return side.press(user_id, cmid, (int(row), int(column)), community=community)
    return side.tap(user_id, cmid, str(given["data"]), community=community)


def _write(side: CustomerSide, user_id: int, given: Json) -> Message:
    return side.write(user_id, str(given["text"]), reply_to=given.get("reply_to"), community=given.get("bot"))


def _edit(side: CustomerSide, user_id: int, given: Json) -> Message:
    return side.edit_text(user_id, int(given["message_id"]), str(given["text"]), community=given.get("bot"))


def _photo(side: CustomerSide, user_id: int, given: Json) -> Message:
    return side.send_photo(user_id, str(given.get("caption", "")), community=given.get("bot"))


_ACTS: dict[str, Callable[[CustomerSide, int, Json], Tap | Message | None]] = {
    "tap": _press,
    "write": _write,
    "edit": _edit,
    "photo": _photo,
    "voice": lambda side, user, given: side.send_voice(user, community=given.get("bot")),
    "sticker": lambda side, user, given: side.send_sticker(user, community=given.get("bot")),
    "start": lambda side, user, given: side.press_start(user, community=given.get("bot")),
    "allow": lambda side, user, given: side.allow(user, community=given.get("bot")),
    "deny": lambda side, user, given: side.deny(user, community=given.get("bot")),
    "block": lambda side, user, given: side.block(user, given.get("bot")),
    "unblock": lambda side, user, given: side.unblock(user, given.get("bot")),
    "clear": lambda side, user, given: side.clear(user, community=given.get("bot")),
}


def _message(customer: Customer, message: Message, below: Message | None) -> Json:
    kind = next((one["type"] for one in message.attachments), None)
    media = _MEDIA.get(kind, kind) if kind else None
    return {
        "id": message.cmid,
        "mine": message.by > 0,
        "text": _STICKER if media == "sticker" else message.text,
        "entities": [],
        "media": media,
        "date": message.date,
        "edited": message.update_time is not None,
        "reply_to": message.reply_to,
        "keyboard": _shown(message.rows) if customer.inline_keyboard else [],
        "reply_keyboard": _shown(message.keyboard["buttons"] if message is below and message.keyboard else []),
    }


def _shown(rows: list[list[Json]]) -> list[list[Json]]:
    return [
        [
            {
                "text": button["action"].get("label", ""),
                "data": button["action"].get("payload", ""),
                "url": button["action"].get("link"),
                "colour": button.get("color", "secondary"),
                "place": [r, c],
            }
            for c, button in enumerate(row)
        ]
        for r, row in enumerate(rows)
    ]
