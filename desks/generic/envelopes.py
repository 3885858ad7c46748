"""What a desk's request is wrapped in: Standard Webhooks, CloudEvents 1.0 in its three modes, or nothing at all. Pure.

https://www.standardwebhooks.com, https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from net.hooks import HookRequest
from net.signatures import ID_HEADER

Format = Literal["auto", "webhook", "cloudevents", "json"]

MAX_EVENTS = 1000
_MAX_ID = 200
_STRUCTURED, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_ATTRIBUTES = ("id", "source", "type")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event. `root` is the whole document, `data` what it is about; `type` is None where the desk names none."""

    event_id: str
    root: Any
    data: Any
    type: str | None = None
    time: Any = None
    subject: Any = None
    wrapped: bool = False
    """True where a standard was told to be spoken: then `type` must be there, and alone says what happened."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An event that cannot be read: why, without its content."""

    event_id: str
    error: str


def open_envelopes(request: HookRequest, form: Format) -> Iterator[Envelope | Broken]:
    """The events of a request; of an unreadable one a single Broken."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    binary = "ce-specversion" in request.headers and form in {"auto", "cloudevents"}
    try:
        found = None if binary and not request.body else msgspec.json.decode(request.body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        text = str(error) if isinstance(error, msgspec.DecodeError) else type(error).__name__
        yield Broken(digest(request.body), f"no JSON: {text}")
        return
    if binary:
        yield _cloud_event(_attributes(request.headers) | {"data": found}, digest(request.body))
    elif form == "cloudevents" or (
        form == "auto" and (content_type in {_STRUCTURED, _BATCH} or _is_cloud_event(found))
    ):
        listed = found if isinstance(found, list) else [found]
        if len(listed) > MAX_EVENTS:
            yield Broken(digest(request.body), f"a batch of more than {MAX_EVENTS} events")
            return
        for number, one in enumerate(listed):
            yield _cloud_event(one, digest(request.body, number))
    else:
        yield _plain(request, found, form)


def digest(body: bytes, number: int = 0) -> str:
    """An id for an event that tells none of its own: the same on redelivery."""
    return f"sha256:{hashlib.sha256(body).hexdigest()[:32]}{f'.{number}' if number else ''}"


def as_event_id(told: str, fallback: str) -> str:
    """What the sender calls the event, as the store can keep it."""
    if not told:
        return fallback
    return (
        told
        if len(told) <= _MAX_ID and told.isprintable() and told.isascii()
        else digest(told.encode(errors="replace"))
    )


def _plain(request: HookRequest, found: Any, form: Format) -> Envelope:
    event_id = as_event_id(request.headers.get(ID_HEADER, ""), digest(request.body))
    named = found.get("type") if isinstance(found, dict) else None
    looks_wrapped = form == "auto" and isinstance(named, str) and not {"data", "timestamp"}.isdisjoint(found)
    if form != "webhook" and not looks_wrapped:
        return Envelope(event_id, found, found)
    content = found if isinstance(found, dict) else {}
    return Envelope(
        event_id,
        found,
        content.get("data"),
        type=named if isinstance(named, str) else "",
        time=content.get("timestamp"),
        wrapped=form == "webhook",
    )


def _is_cloud_event(found: Any) -> bool:
    return isinstance(found, dict) and "specversion" in found and "source" in found


def _cloud_event(found: Any, fallback: str) -> Envelope | Broken:
    if not isinstance(found, dict):
        return Broken(fallback, "no CloudEvent: not an object")
    if not str(found.get("specversion", "")).startswith("1."):
        return Broken(fallback, "/specversion: expected 1.0")
    missing = [name for name in _ATTRIBUTES if not isinstance(found.get(name), str) or not found[name]]
    if missing:
        return Broken(fallback, "; ".join(f"/{name}: expected a text" for name in missing))
    event_id = as_event_id(f"{found['source']} {found['id']}", fallback)
    data = found.get("data")
    if "data_base64" in found:
        try:
            data = msgspec.json.decode(base64.b64decode(found["data_base64"], validate=True))
        except (msgspec.MsgspecError, binascii.Error, TypeError, ValueError, RecursionError):
            return Broken(event_id, "/data_base64: expected the base64 of JSON")
    root = {**found, "data": data}
    return Envelope(event_id, root, data, found["type"], found.get("time"), found.get("subject"), wrapped=True)


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    """Binary mode: attributes are headers, percent-encoded."""
    return {name[3:]: unquote(value, errors="replace") for name, value in headers.items() if name.startswith("ce-")}
