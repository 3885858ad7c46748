"""The rows of one first tap, as the service writes them: for the floor and the usual stack, which write the same."""

import base64
import itertools
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from ratings.store.report_tables import PLACE, roll_up_changes
from ratings.store.schema import events, inbound_events, jobs, ratings, votes
from ratings.times import DAY, HOUR, MINUTE, SECOND

ACCOUNT = "telegram.support"
TABLES = (inbound_events, ratings, votes, jobs, events)
"""In the order in which foreign keys allow them; the update of the invitation and what days count come beside them."""

COUNTED = tuple(column.name for column in roll_up_changes.columns if column.name != "id")
"""The columns of what days count; the id is the database's own."""

new_id = itertools.count(1 << 40).__next__
"""Ids of a process that has the store for itself: both sides get them for nothing."""


class _User(msgspec.Struct):
    id: int


class _Message(msgspec.Struct):
    message_id: int


class _Query(msgspec.Struct):
    id: str
    sender: _User = msgspec.field(name="from")
    message: _Message
    data: str


class TapUpdate(msgspec.Struct):
    """What the floor reads of an update."""

    update_id: int
    callback_query: _Query


def read_data(data: str) -> tuple[int, int]:
    """Return (invitation id, value) of `r1:token:value`; the floor believes it, without looking at its signature."""
    _, token, value = data.split(":")
    raw = base64.b32decode(token.upper() + "======")
    return int.from_bytes(raw[1:9]), int(value)


def tap_rows(invitation: Any, *, event_id: str, tap: str, value: int) -> tuple[Sequence[tuple[Any, ...]], ...]:
    """Return the rows for each of TABLES, values in the order of their columns. `invitation` is the row that was read."""
    now = time.time_ns() // 1_000_000
    number, account, address = invitation.id, ACCOUNT, invitation.address
    revision = invitation.revision + 1
    scale, survey = "1-5", invitation.survey_id
    copied = (
        *(invitation.closed_at, invitation.desk, invitation.ticket_id, invitation.ticket_url, invitation.subject),
        *(invitation.form, invitation.group_id, invitation.agent_id, invitation.agent_name, invitation.priority),
    )
    rating = (
        *(number, "confirmed", value, value >= 4, None, now, now, scale, survey, account, invitation.asked_at),
        *copied,
        None,
    )
    acknowledge = (
        *(new_id(), "acknowledge", number, revision, account, address, 0, "due", now + 5 * SECOND, None, None, 0, None),
        *(now, None, "acknowledged", tap, None),
    )
    render = (
        *(new_id(), "render", number, revision, account, address, 1, "due", now, str(number), None, 0, None),
        *(now, None, "", None, None),
    )
    return (
        [(account, event_id, now, "rated")],
        [rating],
        [(new_id(), number, value, "confirmed", "tap", account, event_id, now, None, None, None, None)],
        [acknowledge, render],
        [(new_id(), None, "rating.received", now, number, value, None)],
    )


def invitation_changes(revision: int) -> tuple[str, int, int]:
    """Return (state, comment_until, revision) of an invitation that was answered."""
    return "answered", time.time_ns() // 1_000_000 + 15 * MINUTE, revision + 1


def counted_rows(answers: Iterable[tuple[Any, int]]) -> list[tuple[Any, ...]]:
    """Return the rows of COUNTED for first answers, (the invitation's row, value) each: added up by place, day and what.

    Days are those of UTC, as in the service that is measured.
    """
    now = time.time_ns() // 1_000_000
    today, hour = _day(now // DAY), (now // HOUR + 72) % 168  # the first hour of 1970 was the 73rd of its week
    added: dict[tuple[Any, ...], int] = {}
    for row, value in answers:
        place = tuple(getattr(row, name) or "" for name in PLACE)
        closed, asked, satisfied = _day(row.closed_at // DAY), _day(row.asked_at // DAY), value >= 4
        for day, what, many in (
            (closed, "answered_of_closed", 1),
            (closed, "state:asked", -1),
            (closed, "state:answered", 1),
            (asked, "answered", 1),
            (today, f"rating:{value}:{satisfied:d}:{hour}:1-5", 1),
            *([(asked, "answered_satisfied", 1)] if satisfied else []),
        ):
            key = (*place, day, what)
            added[key] = added.get(key, 0) + many
    return [(*key, many) for key, many in added.items()]


@lru_cache(maxsize=100)
def _day(days: int) -> int:
    day = datetime.fromtimestamp(days * DAY // SECOND, UTC)
    return day.year * 10_000 + day.month * 100 + day.day
