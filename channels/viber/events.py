"""Reads events (https://developers.viber.com/docs/api/rest-bot-api/#callbacks): pure, and only the fields that are used.

One request is one event. What Viber sends again carries the same `message_token`; `delivered` and `seen` come once a device,
and are one event a customer here. A tap is an ordinary message whose text is the button's ActionBody: it does not tell on
which message it was tapped, and `tracking_data` does not either (it is that of the last message sent, whoever sent it), so
the payload alone decides. A `message_token` has 64 bits: it is an int or text, never a float.
"""

from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct
from msgspec.json import Decoder

from channels.base import (
    ActionName,
    ActionPicked,
    ChoicePicked,
    DeliveryReported,
    Handshake,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
)
from channels.payloads import read_payload
from channels.unreadable import digest, is_name, unreadable

EVENT_TYPES = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
"""What we ask Viber for; messages come in any case."""

RECEIPTS = EVENT_TYPES[:3]
"""Those of them that only come when asked for, and that we act on."""

MAX_WORDS = 16_384
"""Characters of a text; Viber's have at most 7,000."""

_MEDIA = frozenset({"picture", "video", "file", "sticker", "contact", "url", "location"})
_DELIVERIES: dict[str, Literal["delivered", "seen", "bounced"]] = {
    "delivered": "delivered",
    "seen": "seen",
    "failed": "bounced",  # a failure of this one message, after a send with status 0: the address may be well
}
_MAX_TOKEN = 2**64
_MAX_CLIENT = 1000

_Id = Annotated[str, Meta(pattern="^[!-~]{1,100}$")]  # Viber's are base64, of 24 characters
_Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_000)]  # up to the year 9999: anything else is no date


class _User(Struct):
    id: _Id
    api_version: object = None  # not worth a lost tap


class _Message(Struct):
    type: str
    text: str | None = None


class _Event(Struct):
    event: str
    message_token: int | None = None
    timestamp: _Milliseconds = 0
    sender: _User | None = None
    user: _User | None = None
    user_id: _Id | None = None
    message: _Message | None = None


class _Identified(Struct):
    event: str
    message_token: int


_Thing = TypeVar("_Thing")

_event = Decoder(_Event)
_identified = Decoder(_Identified)


def read_event(body: bytes) -> Inbound:
    """One event. Never raises: what cannot be read becomes `Unreadable`."""
    try:
        return _read(_event.decode(body), body)
    except Exception as error:  # noqa: BLE001 - one odd event must not stop the others; a person looks at it
        return unreadable(_unreadable_id(body), body, error)


def _read(event: _Event, body: bytes) -> Inbound:
    match event.event:
        case "message":
            return _message(event)
        case "delivered" | "seen" | "failed":
            # The customer is in the id: several devices report the same, and it happened once.
            address, token = _must(event.user_id), _token(event.message_token)
            return DeliveryReported(
                event_id=f"{event.event}:{token}:{_unnamed(address)}",
                address=address,
                at=event.timestamp,
                external_id=token,
                delivery=_DELIVERIES[event.event],
            )
        case "subscribed":
            user = _must(event.user)
            event_id = f"subscribed:{_token(event.message_token)}:{_unnamed(user.id)}:{event.timestamp}"
            return OptIn(
                event_id=event_id, address=user.id, at=event.timestamp, client=_client(user), reason="unblocked"
            )
        case "unsubscribed":
            address = _must(event.user_id)
            event_id = f"unsubscribed:{_token(event.message_token)}:{_unnamed(address)}:{event.timestamp}"
            return OptOut(event_id=event_id, address=address, at=event.timestamp, reason="blocked")
        case "webhook":
            return Handshake(event_id=f"webhook:{_token(event.message_token)}", address="", at=event.timestamp)
        case _:
            return _other(event, body)


def _message(event: _Event) -> Inbound:
    sender, message, token = _must(event.sender), _must(event.message), _token(event.message_token)
    common: dict[str, Any] = {
        "event_id": f"message:{token}",
        "address": sender.id,
        "at": event.timestamp,
        "client": _client(sender),
    }
    words = (message.text or "").replace("\0", "")  # PostgreSQL stores no NUL
    if message.type == "text":
        payload = read_payload(words)
        if payload is not None:
            invitation, picked = payload
            if isinstance(picked, ActionName):
                return ActionPicked(**common, token=invitation, action=picked)
            return ChoicePicked(**common, token=invitation, value=picked)
        # Viber has no commands, but people know these two from elsewhere; any other word is one of their own.
        command = words.strip().lower()
        if command == "/start":
            return OptIn(**common, reason="asked")
        if command == "/stop":
            return OptOut(**common, reason="asked")
    media = message.type if message.type in _MEDIA else None
    if not words and media is None:
        return Unknown(**common, what="message")
    if len(words) > MAX_WORDS:
        return Unknown(**common, what="message too long")
    return TextReceived(**common, text=words, message_id=token, media=media)


def _other(event: _Event, body: bytes) -> Inbound:
    """Among them `conversation_started`: that somebody opened the chat is no consent, and it may not be written to."""
    user = event.user or event.sender
    address = user.id if user is not None else event.user_id or ""
    known_shape = is_name(event.event)
    return Unknown(
        event_id=digest(body) if event.message_token is None or not known_shape else _event_id(event, address),
        address=address,
        at=event.timestamp,
        client=None if user is None else _client(user),
        what=event.event if known_shape else "event",
    )


def _event_id(event: _Event, address: str) -> str:
    return f"{event.event}:{_token(event.message_token)}:{_unnamed(address)}:{event.timestamp}"


def _unnamed(address: str) -> str:
    """Tell customers apart without naming them: what was received is remembered longer than who is erased."""
    return digest(address.encode())


def _client(user: _User) -> str | None:
    """The API version that the customer's app knows."""
    version = user.api_version
    return str(version) if type(version) is int and 0 < version < _MAX_CLIENT else None


def _token(token: int | None) -> str:
    if token is None or not 0 <= token < _MAX_TOKEN:
        raise ValueError("no message_token")
    return str(token)


def _must(thing: _Thing | None) -> _Thing:
    if thing is None:
        raise ValueError("something is missing that this event always has")
    return thing


def _unreadable_id(body: bytes) -> str:
    """By the token where it can still be found, else a digest: the same on redelivery either way."""
    try:
        found = _identified.decode(body)
        return f"unreadable:{_token(found.message_token)}:{digest(found.event.encode())}"
    except Exception:  # noqa: BLE001 - as above
        return digest(body)
