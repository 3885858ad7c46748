"""Polling the register of forms: who was closed since, and who of the closed ones was opened again.

https://pyrus.com/en/help/api/endpoints: closed tasks are archived, so the archive is asked for; rows say neither form nor
comments, so each new one is fetched. Looks overlap, since clocks differ and tasks appear late; a closing is known by task
and close date. Reopenings have no filter of their own: tasks that were closed lately are asked for without the archive, and
those that come are open.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from desks.base import TicketClosed, Told, Unknown
from desks.pyrus.client import Client
from desks.pyrus.config import PyrusConfig
from desks.pyrus.history import Us, closed_at, closing_comment, instant, is_closed, ordered
from desks.pyrus.shapes import REOPENED, Task
from desks.pyrus.tasks import read_ticket
from desks.pyrus.webhook import reopening, unreadable
from net.errors import Rejected
from ratings.errors import InvalidInput
from ratings.times import HOUR, SECOND, Duration, Instant, format_instant

SLICE: Duration = 6 * HOUR  # what one request asks for, so that no answer grows without end after a long pause
AT_ONCE = 50  # tasks between two commits
MAX_WATCHED = 500


class Position(msgspec.Struct):
    """Where polling stands: as JSON between two looks. Times in ms; `seen` and `watched` by task."""

    at: Instant
    seen: dict[str, str] = msgspec.field(default_factory=dict)  # closings told, by close date, within the overlap
    watched: dict[str, Instant] = msgspec.field(default_factory=dict)  # when tasks were closed that may be opened again


@dataclass(frozen=True, slots=True)
class Look:
    """What polling works with. `clock` is in ms; `wait` takes seconds."""

    client: Client
    config: PyrusConfig
    desk: str
    us: Us
    clock: Callable[[], Instant]
    wait: Callable[[float], Awaitable[None]]


async def listen(look: Look, position: str | None) -> AsyncIterator[tuple[Sequence[Told], str]]:
    """Look, tell, wait, and so on. Without a position nothing is told of what was closed before."""
    stand = read_position(position, look.clock())
    while True:
        until = look.clock()
        while stand.at < until:
            end = min(stand.at + SLICE, until)
            async for told in _closings(look, stand, end):
                yield told, _written(stand)
            stand.at = end
            _forget(look, stand)
            yield (), _written(stand)
        reopened = await _reopenings(look, stand)
        yield reopened, _written(stand)
        await look.wait(look.config.poll_seconds)


def read_position(position: str | None, now: Instant) -> Position:
    """What was written; where that cannot be read any more, from now on."""
    try:
        found = msgspec.json.decode(position, type=Position) if position else Position(now)
    except msgspec.DecodeError:
        found = Position(now)
    found.at = min(found.at, now)  # a clock that was set back
    return found


async def _closings(look: Look, stand: Position, end: Instant) -> AsyncIterator[list[Told]]:
    """All that was closed until `end`, in portions; `stand.seen` grows with each."""
    reach = int(look.config.overlap * SECOND)
    for form_id in look.config.all_forms:
        rows = await look.client.register(form_id, _filters(stand.at - reach, end + reach))
        new = [row for row in rows if stand.seen.get(str(row.id)) != _mark(row)]
        for start in range(0, len(new), AT_ONCE):
            told: list[Told] = []
            for row in new[start : start + AT_ONCE]:
                told.append(await _closing(look, stand, row))
                stand.seen[str(row.id)] = _mark(row)
            yield told


def _filters(after: Instant, before: Instant) -> dict[str, Any]:
    return {"closed_after": _second(after), "closed_before": _second(before), "include_archived": True, "sort": "id"}


async def _closing(look: Look, stand: Position, row: Task) -> Told:
    event_id = f"{row.id}:closed:{_mark(row)}"
    try:
        task = await look.client.task(row.id)
    except Rejected as error:  # this one task will never be read: the others shall be
        return unreadable(event_id, b"", error.text)
    comments = ordered(task)
    closing = closing_comment(comments)
    if not is_closed(task, comments):
        return Unknown(event_id=event_id, what="reopened_since")
    if look.us.wrote(closing):
        return Unknown(event_id=event_id, what="own")
    try:
        ticket = read_ticket(task, look.desk, look.config, look.us, look.clock())
    except InvalidInput as error:
        return unreadable(event_id, b"", str(error))
    stand.watched[str(task.id)] = closed_at(task, closing) or stand.at
    return TicketClosed(event_id=event_id, ticket=ticket)


async def _reopenings(look: Look, stand: Position) -> list[Told]:
    """Which of the tasks that were closed lately are open."""
    told: list[Told] = []
    if not stand.watched:
        return told
    ids = [int(one) for one in stand.watched]
    for form_id in look.config.all_forms:
        for row in await look.client.register(form_id, {"task_ids": ids, "sort": "id"}):
            if row.close_date is not None or str(row.id) not in stand.watched:
                continue
            try:
                task = await look.client.task(row.id)
            except Rejected:
                stand.watched.pop(str(row.id))
                continue
            comments = ordered(task)
            if is_closed(task, comments) or not comments:
                continue  # closed again meanwhile: the next look tells
            stand.watched.pop(str(row.id))
            # The comment that opened it, which need not be the newest any more.
            while comments[-1].action != REOPENED and any(one.action == REOPENED for one in comments):
                comments.pop()
            event_id = f"{task.id}:{comments[-1].id}"
            if look.us.wrote(comments[-1]):
                told.append(Unknown(event_id=event_id, what="own"))
            else:
                told.append(reopening(task, comments, event_id, look.desk, look.clock()))
    return told


def _forget(look: Look, stand: Position) -> None:
    """Let go of what no later look can bring again, so that the position stays small."""
    oldest = stand.at - 2 * int(look.config.overlap * SECOND) - SECOND
    stand.seen = {one: mark for one, mark in stand.seen.items() if (instant(mark) or stand.at) >= oldest}
    watch = stand.at - int(look.config.watch_hours * HOUR)
    kept = sorted(((at, one) for one, at in stand.watched.items() if at >= watch), reverse=True)
    stand.watched = {one: at for at, one in kept[:MAX_WATCHED]}


def _mark(row: Task) -> str:
    """What tells a closing from the same task's others."""
    return row.close_date or row.last_modified_date or ""


def _second(at: Instant) -> str:
    return format_instant(max(at, 0) // SECOND * SECOND)


def _written(stand: Position) -> str:
    return msgspec.json.encode(stand).decode()
