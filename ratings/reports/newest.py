"""What has just been rated: the numbered events after a number, with what rights are decided by. For pages that are open."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from ratings.lifecycle import EventType
from ratings.store.schema import events, invitations
from ratings.times import Instant

LIVE = (EventType.RATED.value, EventType.CHANGED.value, EventType.COMMENTED.value, EventType.WITHDRAWN.value)
"""The events that change what the registry shows of a rating."""

MOST = 500
"""Events of one reading: whoever is further behind reads the page again."""

_LAST = select(func.max(events.c.number))
_AFTER = (
    select(events.c.number, events.c.type, events.c.at, events.c.invitation_id, invitations.c.form)
    .select_from(events.join(invitations, invitations.c.id == events.c.invitation_id))
    .where(events.c.number > bindparam("number"))
    .order_by(events.c.number)
    .limit(MOST)
)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: its number, its type, what it is about, and the form that decides who may see it."""

    number: int
    type: str
    at: Instant
    invitation_id: int
    form: str | None


def last_number(connection: Connection) -> int:
    """Return the number of the newest event; 0 where there is none."""
    return connection.execute(_LAST).scalar_one() or 0


def happened_after(connection: Connection, number: int) -> list[Happened]:
    """Return the events after a number, in order, at most `MOST`: also those that no page shows, so that none is read twice."""
    return [
        Happened(row.number, row.type, row.at, row.invitation_id, row.form)
        for row in connection.execute(_AFTER, {"number": number})
    ]
