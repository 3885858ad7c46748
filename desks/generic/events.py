"""A desk's request, read: closings, reopenings, what is not for us, and what nobody can read. Pure; never raises."""

import re
from collections.abc import Iterator
from typing import Any

from desks.base import Source, TicketClosed, TicketReopened, Told, Unknown, Unreadable
from desks.generic.envelopes import Broken, Envelope, Format, as_event_id, open_envelopes
from desks.generic.mapping import Mapping
from desks.generic.paths import text_of
from net.hooks import HookRequest
from ratings.errors import FieldError, InvalidInput
from ratings.ticket import parse_reopened, parse_ticket

MAX_RAW = 16 * 1024
_MAX_ERROR = 500
_MAX_POINTER = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")

CLOSED, REOPENED, OWN, OTHER = "ticket.closed", "ticket.reopened", "own", "other"


def read_events(request: HookRequest, desk: str, form: Format, mapping: Mapping | None, now: int) -> list[Told]:
    """All that a request tells. `desk` is the desk's name, whatever the request says."""
    told: list[Told] = []
    for found in open_envelopes(request, form):
        if isinstance(found, Broken):
            told.append(Unreadable(event_id=found.event_id, raw=request.body[:MAX_RAW], error=found.error[:_MAX_ERROR]))
            continue
        try:
            told.append(_read(found, desk, mapping, now))
        except InvalidInput as error:
            text = describe(error.errors)
            told.append(Unreadable(event_id=_event_id(found, mapping, now), raw=request.body[:MAX_RAW], error=text))
    return told


def read_sources(request: HookRequest, form: Format, mapping: Mapping | None, now: int) -> Iterator[Source]:
    """Which path gave which value, for every closing in a request. Nothing without a mapping."""
    for found in open_envelopes(request, form):
        if mapping is not None and isinstance(found, Envelope):
            yield from mapping.ticket(found.root, now)[1]


def describe(errors: tuple[FieldError, ...]) -> str:
    """What is wrong with a ticket, by pointers and what was expected: no value of it may be in an error."""
    told = []
    for error in errors:
        pointer = (
            "/fields" if error.pointer.startswith("/fields/") else error.pointer[:_MAX_POINTER]
        )  # keys may be words
        expected = error.detail.rpartition("; expected ")[2] if "; expected " in error.detail else ""
        missing = "missing, " if error.detail.startswith("missing;") else ""
        told.append(f"{pointer or '/'}: {missing}{f'expected {expected}' if expected else 'wrong'}")
    return "; ".join(told)[:_MAX_ERROR]


def _read(found: Envelope, desk: str, mapping: Mapping | None, now: int) -> Told:
    event_id = _event_id(found, mapping, now)
    kind = _kind(found, mapping)
    if kind == CLOSED:
        ticket = _ticket(found, desk, mapping, now)
        return TicketClosed(event_id=event_id, ticket=parse_ticket(ticket, now=now))
    if kind == REOPENED:
        return TicketReopened(event_id=event_id, report=parse_reopened(_reopening(found, desk, mapping, now), now))
    return Unknown(event_id=event_id, what=kind)


def _event_id(found: Envelope, mapping: Mapping | None, now: int) -> str:
    own = text_of(mapping.other("event_id", found.root, now)) if mapping else ""
    return as_event_id(own, found.event_id)


def _kind(found: Envelope, mapping: Mapping | None) -> str:
    """Conditions decide where the mapping has any, else the type that the sender names; where neither does, it is a closing."""
    if mapping is not None:
        if mapping.holds("own_when", found.root):
            return OWN
        reopened, closed = mapping.holds("reopened_when", found.root), mapping.holds("when", found.root)
        if reopened:
            return REOPENED
        if closed is not None:
            return CLOSED if closed else OTHER
        if not found.wrapped and not _is(found.type or "", CLOSED, REOPENED):
            return CLOSED
    if found.type is None:
        return CLOSED
    for kind in (CLOSED, REOPENED):
        if _is(found.type, kind):
            return kind
    if not found.type:
        raise InvalidInput([FieldError("/type", f"missing; expected {CLOSED} or {REOPENED}")])
    return _named(found.type)


def _is(named: str, *kinds: str) -> bool:
    """`ticket.closed`, or a vendor's name that ends in it."""
    return any(named == kind or named.endswith(f".{kind}") for kind in kinds)


def _named(named: str) -> str:
    return named if _NAME.fullmatch(named) else OTHER


def _ticket(found: Envelope, desk: str, mapping: Mapping | None, now: int) -> Any:
    data = found.data if mapping is None else mapping.ticket(found.root, now)[0]
    if data is None and found.subject:
        data = {}
    if not isinstance(data, dict):
        return data
    return _filled(data, desk, {"id": found.subject, "closed_at": found.time})


def _reopening(found: Envelope, desk: str, mapping: Mapping | None, now: int) -> Any:
    data = found.data
    if mapping is not None:
        ticket = mapping.ticket(found.root, now)[0]
        data = {"id": ticket.get("id"), "reopened_at": mapping.other("reopened_at", found.root, now)}
    if data is None and found.subject:
        data = {}
    if not isinstance(data, dict):
        return data
    return _filled(data, desk, {"id": found.subject, "reopened_at": found.time})


def _filled(data: dict[str, Any], desk: str, fallbacks: dict[str, Any]) -> dict[str, Any]:
    """With the desk's own name, and what the envelope says where the ticket does not."""
    fallback = {name: value for name, value in fallbacks.items() if data.get(name) in (None, "") and value is not None}
    return {**data, **fallback, "desk": desk}
