"""Reads updates (https://core.telegram.org/bots/api#update): pure, and only the fields that are used.

One update is one event; its id is the `update_id`, unique for a bot. A tap tells no time (the date beside it is its
prompt's), so its `at` is 0. Only private chats are read for words: in a group a text is never meant for us.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct, field
from msgspec.json import Decoder

from channels.base import (
    ActionName,
    ActionPicked,
    ChoicePicked,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
)
from channels.payloads import read_payload
from channels.unreadable import digest, is_name, unreadable

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What we ask Telegram for. The last list given stays in force, so it is given every time."""

MAX_TAP = 128
"""Characters of a tap's id; Telegram's have about 20 digits."""

MAX_WORDS = 16_384
"""Characters of a text; Telegram's have at most 4,096."""

_Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]  # up to the year 9999: anything else is no date
_Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # Telegram's have at most 52 bits


class _User(Struct):
    id: _Id
    is_bot: bool = False


class _Chat(Struct):
    id: _Id
    type: str


class _Entity(Struct):
    type: str
    offset: int
    length: int


class _Reference(Struct):
    message_id: _Id


class _Message(Struct):
    message_id: _Id
    date: _Seconds
    chat: _Chat
    sender: _User | None = field(default=None, name="from")
    edit_date: _Seconds | None = None
    text: str | None = None
    caption: str | None = None
    entities: tuple[_Entity, ...] = ()
    reply_to_message: _Reference | None = None
    # What a message can be instead of text; only whether it is there counts.
    animation: object = None
    audio: object = None
    video_note: object = None
    video: object = None
    voice: object = None
    photo: object = None
    sticker: object = None
    document: object = None
    contact: object = None
    venue: object = None
    location: object = None
    poll: object = None
    dice: object = None
    story: object = None


# In order: an animation comes with a document beside it, a venue with a location.
_MEDIA = (
    *("animation", "audio", "video_note", "video", "voice", "photo", "sticker", "document"),
    *("contact", "venue", "location", "poll", "dice", "story"),
)


class _CallbackQuery(Struct):
    id: str
    sender: _User = field(name="from")
    message: _Reference | None = None  # absent for inline messages; date 0 and no content when it is inaccessible
    data: str | None = None


class _Member(Struct):
    status: str


class _ChatMemberUpdated(Struct):
    chat: _Chat
    date: _Seconds
    new_chat_member: _Member


class _Update(Struct):
    update_id: _Id
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _CallbackQuery | None = None
    my_chat_member: _ChatMemberUpdated | None = None


class _Identified(Struct):
    update_id: _Id


_update = Decoder(_Update)
_identified = Decoder(_Identified)
_keys = Decoder(dict[str, Raw])


def read_update(body: bytes) -> Inbound:
    """One update as an event. Never raises: what cannot be read becomes `Unreadable`."""
    try:
        return _read(_update.decode(body), body)
    except Exception as error:  # noqa: BLE001 - one odd update must not stop the others; a person looks at it
        return unreadable(_event_id(body), body, error)


def _event_id(body: bytes) -> str:
    """The update's id where it can still be found, else a digest: the same on redelivery either way."""
    try:
        return str(_identified.decode(body).update_id)
    except Exception:  # noqa: BLE001 - as above
        return digest(body)


def _read(update: _Update, body: bytes) -> Inbound:
    event_id = str(update.update_id)
    if update.callback_query is not None:
        return _tap(event_id, update.callback_query)
    if update.message is not None:
        return _message(event_id, update.message, edited=False)
    if update.edited_message is not None:
        return _message(event_id, update.edited_message, edited=True)
    if update.my_chat_member is not None:
        return _membership(event_id, update.my_chat_member)
    what = next((key for key in _keys.decode(body) if key != "update_id"), "")
    known_shape = is_name(what)
    return Unknown(event_id=event_id, address="", at=0, what=what if known_shape else "update")


def _tap(event_id: str, query: _CallbackQuery) -> Inbound:
    # The sender counts, not the chat: in a group everybody sees the prompt and can tap it.
    address = str(query.sender.id)
    if len(query.id) > MAX_TAP:
        return Unknown(event_id=event_id, address=address, at=0, what="callback_query")
    tap = query.id.replace("\0", "")  # PostgreSQL stores no NUL
    payload = read_payload(query.data or "")
    if payload is None:
        return Unknown(event_id=event_id, address=address, at=0, what="callback_query", tap=tap)
    token, picked = payload
    prompt_id = None if query.message is None else str(query.message.message_id)
    if isinstance(picked, ActionName):
        return ActionPicked(
            event_id=event_id, address=address, at=0, token=token, action=picked, tap=tap, prompt_id=prompt_id
        )
    return ChoicePicked(
        event_id=event_id, address=address, at=0, token=token, value=picked, tap=tap, prompt_id=prompt_id
    )


def _message(event_id: str, message: _Message, *, edited: bool) -> Inbound:
    at = (message.edit_date or message.date) * 1000
    # Channel posts have no sender; anonymous admins write as a bot.
    address = "" if message.sender is None else str(message.sender.id)
    if message.chat.type != "private":
        return Unknown(event_id=event_id, address=address, at=at, what="group message")
    if message.sender is None or message.sender.is_bot:
        return Unknown(event_id=event_id, address=address, at=at, what="message without a person")
    if any(entity.type == "bot_command" and entity.offset == 0 for entity in message.entities):
        return _command(event_id, address, at, message.text or "")
    words = message.text if message.text is not None else message.caption
    media = next((name for name in _MEDIA if getattr(message, name) is not None), None)
    if words is None and media is None:
        return Unknown(event_id=event_id, address=address, at=at, what="service message")
    if words is not None and len(words) > MAX_WORDS:
        return Unknown(event_id=event_id, address=address, at=at, what="message too long")
    return TextReceived(
        event_id=event_id,
        address=address,
        at=at,
        text=(words or "").replace("\0", ""),  # as above
        message_id=str(message.message_id),
        reply_to=None if message.reply_to_message is None else str(message.reply_to_message.message_id),
        edited=edited,
        media=media,
    )


def _command(event_id: str, address: str, at: int, text: str) -> Inbound:
    words = text.split(maxsplit=1)
    name = words[0].partition("@")[0].lower() if words else ""
    if name == "/start":
        return OptIn(event_id=event_id, address=address, at=at, reason="asked")
    if name == "/stop":
        return OptOut(event_id=event_id, address=address, at=at, reason="asked")
    return Unknown(event_id=event_id, address=address, at=at, what="command")


def _membership(event_id: str, change: _ChatMemberUpdated) -> Inbound:
    # In a private chat this tells of a block and its end, and of nothing else.
    address = str(change.chat.id)
    at = change.date * 1000
    if change.chat.type == "private" and change.new_chat_member.status == "kicked":
        return OptOut(event_id=event_id, address=address, at=at, reason="blocked")
    if change.chat.type == "private" and change.new_chat_member.status == "member":
        return OptIn(event_id=event_id, address=address, at=at, reason="unblocked")
    return Unknown(event_id=event_id, address=address, at=at, what="my_chat_member")
