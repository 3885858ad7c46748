"""What the readers of all kinds do with an event that they cannot read, or do not know. Pure."""

import hashlib

from msgspec import DecodeError

from channels.base import Unreadable

MAX_RAW = 16 * 1024
"""Bytes that are kept of it."""

_MAX_NAME = 40


def unreadable(event_id: str, body: bytes, error: Exception) -> Unreadable:
    """The event as it came, for a person to look at, and what went wrong with it."""
    # Only msgspec's own texts are known to hold nothing of the body.
    text = str(error) if isinstance(error, DecodeError) else ""
    told = f"{type(error).__name__}: {text}".removesuffix(": ")
    return Unreadable(event_id=event_id, address="", at=0, raw=body[:MAX_RAW], error=told)


def digest(content: bytes) -> str:
    """An id for what tells none of its own: the same on redelivery."""
    return f"sha256:{hashlib.sha256(content).hexdigest()[:32]}"


def is_name(text: str) -> bool:
    """Whether this can be the platform's name of a kind of event, and not somebody's words."""
    return text.isidentifier() and text.isascii() and len(text) <= _MAX_NAME
