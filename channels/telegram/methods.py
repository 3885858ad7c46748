"""Four methods of the Bot API with only the fields that are used, out and in.

aiogram's own classes check an answer against the whole of its types. A field that Telegram changed would then make a
message that was sent look as if it was not, or one odd update hide the ninety-nine beside it.
"""

from typing import Any

from aiogram.methods.base import TelegramMethod
from aiogram.types import InlineKeyboardMarkup, InputFile, MessageId


class Send(TelegramMethod[MessageId]):
    """https://core.telegram.org/bots/api#sendmessage. Never with a parse mode: a name may hold any character."""

    __returning__ = MessageId
    __api_method__ = "sendMessage"

    chat_id: int
    text: str
    reply_markup: InlineKeyboardMarkup | None = None


class SendPhoto(TelegramMethod[MessageId]):
    """https://core.telegram.org/bots/api#sendphoto."""

    __returning__ = MessageId
    __api_method__ = "sendPhoto"

    chat_id: int
    photo: InputFile
    caption: str


class Edit(TelegramMethod[Any]):
    """https://core.telegram.org/bots/api#editmessagetext. Without `reply_markup` the keyboard goes."""

    __returning__ = Any
    __api_method__ = "editMessageText"

    chat_id: int
    message_id: int
    text: str
    reply_markup: InlineKeyboardMarkup | None = None


class Poll(TelegramMethod[list[Any]]):
    """https://core.telegram.org/bots/api#getupdates. Without `allowed_updates` the last list stays in force."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int
    timeout: int
    allowed_updates: list[str] | None = None
