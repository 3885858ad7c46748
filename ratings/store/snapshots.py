"""Reading many stored tickets: what `ratings.ticket` wrote is well formed, so that nothing of it has to be judged again."""

from datetime import datetime
from typing import Any

import msgspec

from ratings.ticket import Address, Customer, Party, Sides, Thread, Ticket
from ratings.times import SECOND, Instant

_NOBODY, _NO_THREAD, _NEITHER = Customer(), Thread(), Sides()


class _Moments(msgspec.Struct):
    customer: datetime | None = None
    agent: datetime | None = None


class _Snapshot(msgspec.Struct, gc=False):
    """A ticket as `ticket_to_dict` writes it."""

    id: str
    closed_at: datetime
    closing_id: str | None = None
    desk: str = "api"
    form: Party | None = None
    kind: str = "ticket"
    direction: str | None = None
    subject: str | None = None
    url: str | None = None
    priority: str | None = None
    group: Party | None = None
    agent: Party | None = None
    closed_by: str | None = None
    customer: Customer = _NOBODY
    addresses: tuple[Address, ...] = ()
    thread: Thread = _NO_THREAD
    opened_at: datetime | None = None
    first_response_at: datetime | None = None
    last_message_at: _Moments | None = None
    talk_s: float | int | None = None
    handling_s: float | int | None = None
    messages: Sides = _NEITHER
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
    recording_url: str | None = None
    ask: bool = True


_decode = msgspec.json.Decoder(_Snapshot).decode


def read_snapshot(snapshot: str) -> Ticket:
    """Return a stored ticket: what `parse_ticket` reads from it, several times as fast."""
    read = _decode(snapshot)
    last = read.last_message_at
    return Ticket(
        id=read.id,
        closed_at=round(read.closed_at.timestamp() * SECOND),
        closing_id=read.closing_id,
        desk=read.desk,
        form=read.form,
        kind=read.kind,
        direction=read.direction,
        subject=read.subject,
        url=read.url,
        priority=read.priority,
        group=read.group,
        agent=read.agent,
        closed_by=read.closed_by,
        customer=read.customer,
        addresses=read.addresses,
        thread=read.thread,
        opened_at=_instant(read.opened_at),
        first_response_at=_instant(read.first_response_at),
        last_message_at=_NEITHER if last is None else Sides(_instant(last.customer), _instant(last.agent)),
        talk_s=read.talk_s,
        handling_s=read.handling_s,
        messages=read.messages,
        tags=read.tags,
        fields=read.fields,
        recording_url=read.recording_url,
        ask=read.ask,
    )


def _instant(at: datetime | None) -> Instant | None:
    return None if at is None else round(at.timestamp() * SECOND)
