"""Reads events (https://dev.vk.com/ru/api/community-events/json-schema): pure, and only the fields that are used.

The Callback API posts one event a request, the long poll brings many; both give the same event the same top-level
`event_id`, so whoever hears it twice can tell. The `event_id` inside of a tap is another thing: the handle by which it
is acknowledged, for about a minute. An address is a person's number. Only the conversation between one person and the
community is read for words: in a group chat (https://dev.vk.com/ru/api/bots/getting-started) a text is never meant for us.
"""

import json
import re
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder

from channels.base import (
    ActionName,
    ActionPicked,
    ChoicePicked,
    Handshake,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
)
from channels.unreadable import digest, is_name, unreadable
from channels.vk.buttons import is_start, read_button
from channels.vk.keyboard import BELOW, CALLBACK, TEXT

EVENTS = ("message_new", "message_event", "message_allow", "message_deny", "message_edit")
"""What we ask VK for. Without `message_event` taps never come, and nothing says so."""

CONFIRMATION = "confirmation"
MAX_WORDS = 16_384
"""Characters of a text; VK's have at most 9,000."""

_Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]  # up to the year 9999: anything else is no date
_Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

_EVENT_ID = re.compile(r"[!-~]{1,64}")
_HANDLE = re.compile(r"([0-9]{1,19}):(-?[0-9]{1,19}):([!-~]{1,64})")
_STOP = frozenset({"stop", "/stop", "стоп", "/стоп"})
_START = frozenset({"start", "/start", "старт", "/старт", "начать"})
# Of VK's kinds of attachments those that other channels have too go by their name; the others keep their own.
_MEDIA = {"audio_message": "voice", "doc": "document"}
_MEDIUM = re.compile(r"[a-z_]{1,40}")


class Envelope(Struct):
    """What stands around every event."""

    type: str
    group_id: _Id = 0
    event_id: str = ""
    secret: str = ""
    object: Raw = Raw()


class _Reply(Struct):
    conversation_message_id: _Id = 0


class _Attachment(Struct):
    type: str = ""


class _Message(Struct):
    date: _Seconds
    peer_id: _Id
    from_id: _Id
    conversation_message_id: _Id = 0
    text: str = ""
    out: int = 0
    update_time: _Seconds = 0
    payload: object = None
    attachments: tuple[_Attachment, ...] = ()
    reply_message: _Reply | None = None
    geo: object = None
    action: object = None  # somebody came, left, renamed the chat


class _Wrapped(Struct):
    message: _Message
    client_info: object = None  # whatever is in it, the message counts


class _Tap(Struct):
    user_id: _Id
    peer_id: _Id
    event_id: str
    payload: object = None
    conversation_message_id: _Id = 0


class _Person(Struct):
    user_id: _Id


_envelope = Decoder(Envelope)
_wrapped = Decoder(_Wrapped)
_message = Decoder(_Message)
_tap = Decoder(_Tap)
_person = Decoder(_Person)


def read_envelope(body: bytes) -> Envelope | None:
    """What stands around an event; None for what is none."""
    try:
        return _decode(body)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None


def read_update(body: bytes) -> Inbound:
    """One event. Never raises: what cannot be read becomes `Unreadable`."""
    event_id = ""
    try:
        envelope = _decode(body)
        event_id = _event_id(envelope, body)
        return _read(envelope, event_id)
    except Exception as error:  # noqa: BLE001 - one odd event must not stop the others; a person looks at it
        return unreadable(event_id or digest(body), body, error)


def read_handle(tap: str) -> tuple[int, int, str] | None:
    """User, peer and VK's handle of a tap, from what its event had in `tap`; None for what is not ours."""
    match = _HANDLE.fullmatch(tap)
    return None if match is None else (int(match[1]), int(match[2]), match[3])


def _decode(body: bytes) -> Envelope:
    """Decode an event. Half a character in somebody's words is no reason to take VK for somebody else."""
    try:
        return _envelope.decode(body)
    except msgspec.DecodeError:
        whole = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
        return _envelope.decode(whole)


def _event_id(envelope: Envelope, body: bytes) -> str:
    """The delivery's id, else a digest: the same on redelivery either way."""
    return envelope.event_id if _EVENT_ID.fullmatch(envelope.event_id) else digest(body)


def _read(envelope: Envelope, event_id: str) -> Inbound:
    match envelope.type:
        case "message_event":
            return _tapped(event_id, _tap.decode(envelope.object))
        case "message_new":
            return _written(event_id, envelope.object, edited=False)
        case "message_edit":
            return _written(event_id, envelope.object, edited=True)
        case "message_allow":
            person = _person.decode(envelope.object)
            return OptIn(event_id=event_id, address=str(person.user_id), at=0, reason="unblocked")
        case "message_deny":
            person = _person.decode(envelope.object)
            return OptOut(event_id=event_id, address=str(person.user_id), at=0, reason="blocked")
        case "confirmation":
            return Handshake(event_id=event_id, address="", at=0)
    # `message_reply` among them: what the community itself said, often the helpdesk's operator.
    known_shape = is_name(envelope.type)
    return Unknown(event_id=event_id, address="", at=0, what=envelope.type if known_shape else "event")


def _tapped(event_id: str, tap: _Tap) -> Inbound:
    # The person counts, not the chat: in a group chat everybody sees the buttons.
    address = str(tap.user_id)
    handle = f"{tap.user_id}:{tap.peer_id}:{tap.event_id}"
    if read_handle(handle) is None:
        return Unknown(event_id=event_id, address=address, at=0, what="message_event")
    prompt_id = str(tap.conversation_message_id) if tap.conversation_message_id > 0 else None
    picked = _picked(event_id, address, 0, tap.payload, tap=handle, prompt_id=prompt_id)
    return picked or Unknown(event_id=event_id, address=address, at=0, what="message_event", tap=handle)


def _picked(
    event_id: str,
    address: str,
    at: int,
    payload: object,
    *,
    tap: str = "",
    prompt_id: str | None = None,
    client: str | None = None,
) -> Inbound | None:
    read = read_button(payload)
    if read is None:
        return None
    token, picked = read
    if isinstance(picked, ActionName):
        return ActionPicked(
            event_id=event_id,
            address=address,
            at=at,
            token=token,
            action=picked,
            tap=tap,
            prompt_id=prompt_id,
            client=client,
        )
    return ChoicePicked(
        event_id=event_id,
        address=address,
        at=at,
        token=token,
        value=picked,
        tap=tap,
        prompt_id=prompt_id,
        client=client,
    )


def _written(event_id: str, content: Raw, *, edited: bool) -> Inbound:
    message, client = _unwrap(content)
    at = (message.update_time or message.date) * 1000
    address = str(message.from_id)
    if message.from_id <= 0 or message.out:
        return Unknown(event_id=event_id, address="", at=at, what="message of a community")
    if message.peer_id != message.from_id:
        return Unknown(event_id=event_id, address=address, at=at, what="group message")
    if message.action is not None:
        return Unknown(event_id=event_id, address=address, at=at, what="service message", client=client)
    if message.payload is not None and not edited:
        return _pressed(event_id, address, at, message.payload, client)
    return _said(event_id, address, at, message, edited=edited, client=client)


def _unwrap(content: Raw) -> tuple[_Message, str | None]:
    """The message and what it tells of the app. Edits, and versions before 5.103, come without the wrapper."""
    try:
        wrapped = _wrapped.decode(content)
    except msgspec.ValidationError:
        return _message.decode(content), None
    return wrapped.message, _client(wrapped.client_info)


def _client(info: object) -> str | None:
    """What the app can show, as the keyboard wants to know it; None where it is not told."""
    if not isinstance(info, dict) or not isinstance(info.get("button_actions"), list):
        return None
    if not info.get("inline_keyboard"):
        return BELOW
    return CALLBACK if CALLBACK in info["button_actions"] else TEXT


def _pressed(event_id: str, address: str, at: int, payload: object, client: str | None) -> Inbound:
    """A button that writes a message: nobody waits for its acknowledgment."""
    if is_start(payload):
        return OptIn(event_id=event_id, address=address, at=at, reason="asked", client=client)
    picked = _picked(event_id, address, at, payload, client=client)
    return picked or Unknown(event_id=event_id, address=address, at=at, what="foreign button", client=client)


def _said(event_id: str, address: str, at: int, message: _Message, *, edited: bool, client: str | None) -> Inbound:
    words = message.text.replace("\0", "")  # PostgreSQL stores no NUL
    command = words.strip().casefold()
    if not edited and command in _START:
        return OptIn(event_id=event_id, address=address, at=at, reason="asked", client=client)
    if not edited and command in _STOP:
        return OptOut(event_id=event_id, address=address, at=at, reason="asked", client=client)
    media = _medium(message)
    if (not words and media is None) or len(words) > MAX_WORDS:
        what = "message too long" if words else "empty message"
        return Unknown(event_id=event_id, address=address, at=at, what=what, client=client)
    reply = 0 if message.reply_message is None else message.reply_message.conversation_message_id
    return TextReceived(
        event_id=event_id,
        address=address,
        at=at,
        text=words,
        message_id=str(message.conversation_message_id),
        reply_to=str(reply) if reply > 0 else None,
        edited=edited,
        media=media,
        client=client,
    )


def _medium(message: _Message) -> str | None:
    for attachment in message.attachments:
        if attachment.type == "link" and message.text:
            continue  # VK shows a preview of what the words name
        return _MEDIA.get(attachment.type, attachment.type if _MEDIUM.fullmatch(attachment.type) else "attachment")
    return None if message.geo is None else "location"
