"""The methods of the Bot API that this stand-in knows, refusing what Telegram refuses.

https://core.telegram.org/bots/api#available-methods; the texts are those of tdlib/telegram-bot-api. A refused
request changes nothing and counts against no limit.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from . import entities, webhooks
from .delivery import Delivery
from .keyboards import read_markup
from .parameters import Parameters, flag_of, integer_of, object_of, text_of
from .polling import get_updates
from .refusals import bad_request, forbidden
from .state import TAP_LIFE, Answer, Bot, Chat, Json, Message, World

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_PHOTO = 10 * 1024 * 1024
MAX_ANSWER = 200
DELETABLE = 48 * 3600  # seconds in which a bot may delete


@dataclass(frozen=True, slots=True)
class Call:
    """What a method gets to work with."""

    world: World
    delivery: Delivery
    bot: Bot
    parameters: Parameters


def get_me(call: Call) -> Json:
    """Who the token belongs to."""
    return {
        **call.bot.user,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


def send_message(call: Call) -> Json:
    """Send a text, with a keyboard below it."""
    keyboard = read_markup(call.parameters)
    text, found = _read_text(call.parameters, "message is too long")
    chat = _open_chat(call)
    reply_to = _read_reply(call.parameters, chat)
    call.world.spend(call.bot, chat)
    message = chat.add(
        call.bot.bot_id, call.world.clock(), text=text, entities=found, keyboard=keyboard, reply_to=reply_to
    )
    return call.world.message(call.bot, chat, message)


def send_photo(call: Call) -> Json:
    """Send a picture that comes with the request, with words below it."""
    photo = call.parameters.get("photo")
    if isinstance(photo, str) and photo.startswith("attach://"):
        photo = call.parameters.get(photo.removeprefix("attach://"))
    if not isinstance(photo, bytes):
        raise bad_request("there is no photo in the request")
    if len(photo) > MAX_PHOTO or not photo.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        raise bad_request("IMAGE_PROCESS_FAILED")
    caption = text_of(call.parameters, "caption")
    if entities.utf16_length(caption) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    chat = _open_chat(call)
    call.world.spend(call.bot, chat)
    media = {
        "photo": [{"file_id": "photo", "file_unique_id": "photo", "width": 90, "height": 90, "file_size": len(photo)}]
    }
    message = chat.add(call.bot.bot_id, call.world.clock(), media=media, caption=caption)
    return call.world.message(call.bot, chat, message)


def edit_message_text(call: Call) -> Json:
    """Replace the text and the keyboard. A keyboard that is not given is removed."""
    keyboard = read_markup(call.parameters, inline_only=True)
    text, found = _read_text(call.parameters, "MESSAGE_TOO_LONG")
    return _edit(call, text, found, keyboard)


def edit_message_reply_markup(call: Call) -> Json:
    """Replace the keyboard, or remove it when none is given."""
    return _edit(call, None, None, read_markup(call.parameters, inline_only=True))


def delete_message(call: Call) -> bool:
    """Delete a message for both sides."""
    chat = _open_chat(call)
    message = chat.messages.get(_read_message_id(call.parameters))
    if message is None:
        raise bad_request("message to delete not found")
    if call.world.clock() - message.date > DELETABLE:
        raise bad_request("message can't be deleted for everyone")
    call.world.spend(call.bot, chat)
    del chat.messages[message.message_id]
    return True


def answer_callback_query(call: Call) -> bool:
    """Stop the spinner on a button, perhaps with words. Once per tap, and within its life."""
    tap = call.bot.taps.get(text_of(call.parameters, "callback_query_id"))
    if tap is None or tap.answer is not None or call.world.clock() - tap.at > TAP_LIFE:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    text = text_of(call.parameters, "text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    call.world.spend(call.bot, None)
    tap.answer = Answer(text, flag_of(call.parameters, "show_alert"), call.world.clock())
    return True


def set_webhook(call: Call) -> webhooks.Described:
    """Point the updates of the bot at a URL."""
    return webhooks.set_webhook(call.world, call.delivery, call.bot, call.parameters)


def delete_webhook(call: Call) -> webhooks.Described:
    """Back to getUpdates."""
    return webhooks.delete_webhook(call.bot, drop=flag_of(call.parameters, "drop_pending_updates"))


def get_webhook_info(call: Call) -> Json:
    """How delivery goes."""
    return webhooks.webhook_info(call.bot)


async def poll(call: Call) -> list[Json]:
    """Updates by long polling."""
    return await get_updates(call.world, call.bot, call.parameters)


METHODS: dict[str, Callable[[Call], Any | Awaitable[Any]]] = {
    "getme": get_me,
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "answercallbackquery": answer_callback_query,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "getupdates": poll,
}
"""By lower-case name: Telegram does not mind the case."""


def _read_text(parameters: Parameters, too_long: str) -> tuple[str, list[Json]]:
    given = text_of(parameters, "text")
    explicit = object_of(parameters, "entities", "entities")
    if explicit is not None and not text_of(parameters, "parse_mode"):
        if not isinstance(explicit, list):
            raise bad_request("can't parse entities: expected an Array")
        text, found = given, explicit
    else:
        text, found = entities.parse(given, text_of(parameters, "parse_mode"))
    stripped = text.rstrip()
    if not stripped.strip():
        raise bad_request("message text is empty")
    if not found:
        stripped = stripped.lstrip()  # with entities this would move their offsets
    if entities.utf16_length(stripped) > MAX_TEXT:
        raise bad_request(too_long)
    return stripped, found


def _open_chat(call: Call) -> Chat:
    """The chat of the request, if it takes messages from this bot. Raises RefusedError."""
    if not text_of(call.parameters, "chat_id"):
        raise bad_request("chat_id is empty")
    chat_id = integer_of(call.parameters, "chat_id")
    chat = call.world.chat(call.bot, chat_id)
    if chat is None:
        raise bad_request("chat not found")
    if customer := call.world.customers.get(chat_id):
        if customer.deactivated:
            raise forbidden("user is deactivated")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
    elif group := call.world.groups.get(chat_id):
        if group.migrated_to is not None:
            new_id = {"migrate_to_chat_id": group.migrated_to}
            raise bad_request("group chat was upgraded to a supergroup chat", new_id)
        if call.bot.token in group.removed:
            raise forbidden(f"bot was kicked from the {'group' if group.kind == 'group' else 'supergroup'} chat")
    return chat


def _read_message_id(parameters: Parameters) -> int:
    if text_of(parameters, "inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    message_id = integer_of(parameters, "message_id")
    if message_id <= 0:
        raise bad_request("message identifier is not specified")
    return message_id


def _read_reply(parameters: Parameters, chat: Chat) -> int | None:
    reply = object_of(parameters, "reply_parameters", "reply parameters")
    if reply is not None and not isinstance(reply, dict):
        raise bad_request("object expected as reply parameters")
    if reply is None:
        reply = {
            "message_id": integer_of(parameters, "reply_to_message_id"),
            "allow_sending_without_reply": flag_of(parameters, "allow_sending_without_reply"),
        }
    message_id = integer_of(reply, "message_id")
    if not message_id or message_id in chat.messages:
        return message_id or None
    if flag_of(reply, "allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _edit(call: Call, text: str | None, found: list[Json] | None, keyboard: Json | None) -> Json:
    message_id = _read_message_id(call.parameters)
    chat = _open_chat(call)
    message = _editable(chat, message_id, call.bot)
    new_text = message.text if text is None else text
    new_entities = message.entities if found is None else found
    if (new_text, new_entities, keyboard or None) == (message.text, message.entities, message.keyboard or None):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    call.world.spend(call.bot, chat)
    message.text, message.entities, message.keyboard = new_text, new_entities, keyboard
    message.edit_date = int(call.world.clock())
    return call.world.message(call.bot, chat, message)


def _editable(chat: Chat, message_id: int, bot: Bot) -> Message:
    message = chat.messages.get(message_id)
    if message is None:
        raise bad_request("message to edit not found")
    if message.by != bot.bot_id:
        raise bad_request("message can't be edited")
    if message.keyboard and "inline_keyboard" not in message.keyboard:
        raise bad_request("message can't be edited")
    return message
