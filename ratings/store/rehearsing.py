"""Rehearsing a draft over the closings in the store: read in chunks, each in a short transaction of its own; writes nothing."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, and_, bindparam, case, func, or_, select

from ratings.rehearsal import Circumstances, Past, Rehearsal, Tally, rehearsed_draft
from ratings.store.addresses import by_account
from ratings.store.closings import PLAIN, Installation
from ratings.store.schema import addresses, customers, invitations, ratings, reopens, tickets
from ratings.store.snapshots import read_snapshot
from ratings.store.store import Store
from ratings.store.surveys import load_surveys
from ratings.survey import Survey
from ratings.ticket import Ticket, place_key
from ratings.times import DAY, Instant, format_instant
from ratings.votes import VoteState

CHUNK = 2_000
"""Closings read in one transaction."""

MOST_CLOSINGS = 250_000
MOST_SECONDS = 60.0
MAX_DAYS = 366

_COUNTS = ratings.c.state == VoteState.CONFIRMED.value
# In the order of Past.
_KNOWN = (
    invitations.c.id,
    invitations.c.desk,
    invitations.c.ticket_id,
    invitations.c.closed_at,
    invitations.c.decided_at,
    invitations.c.reason,
    invitations.c.due_at,
    invitations.c.survey_id,
    invitations.c.account,
    invitations.c.customer,
    invitations.c.state,
    invitations.c.asked_at,
    case((_COUNTS, ratings.c.value)).label("value"),
    case((_COUNTS, ratings.c.rated_at)).label("rated_at"),
    invitations.c.timezone,
    invitations.c.recovery_of,
    reopens.c.reopened_at,
    invitations.c.address,
)
_JOINED = invitations.outerjoin(ratings, ratings.c.id == invitations.c.id).outerjoin(
    reopens, and_(reopens.c.desk == invitations.c.desk, reopens.c.ticket_id == invitations.c.ticket_id)
)
_SINCE, _UNTIL = bindparam("since", type_=BigInteger), bindparam("until", type_=BigInteger)
_COUNT = (
    select(func.count())
    .select_from(invitations)
    .where(invitations.c.decided_at >= _SINCE, invitations.c.decided_at < _UNTIL)
)
_CHUNK = (
    select(*_KNOWN, tickets.c.snapshot)
    .select_from(_JOINED.join(tickets, tickets.c.id == invitations.c.id))
    .where(
        invitations.c.decided_at >= _SINCE,
        invitations.c.decided_at < _UNTIL,
        or_(invitations.c.decided_at > _SINCE, invitations.c.id > bindparam("after", type_=BigInteger)),
    )
    .order_by(invitations.c.decided_at, invitations.c.id)
    .limit(bindparam("most", type_=Integer))
)
_BEFORE = (
    select(*_KNOWN)
    .select_from(_JOINED)
    .where(
        invitations.c.desk == bindparam("desk"),
        invitations.c.ticket_id.in_(bindparam("ticket_ids", expanding=True)),
        invitations.c.decided_at < bindparam("start", type_=BigInteger),
    )
    .order_by(invitations.c.decided_at, invitations.c.id)
)
_ASKED_BEFORE = (
    select(
        invitations.c.customer,
        invitations.c.account,
        invitations.c.address,
        func.max(invitations.c.asked_at).label("at"),
    )
    .where(invitations.c.asked_at >= bindparam("early", type_=BigInteger), invitations.c.decided_at < _SINCE)
    .group_by(invitations.c.customer, invitations.c.account, invitations.c.address)
)
_CLOSED_PLACES = select(
    addresses.c.account, addresses.c.address, addresses.c.opted_out_at, addresses.c.unreachable_at
).where(or_(addresses.c.opted_out_at.is_not(None), addresses.c.unreachable_at.is_not(None)))
_WISHES = select(customers)


class RehearsalTooLarge(Exception):
    """So many closings, or so slow a store, that nobody should wait for it; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal found, over closings decided from `since` up to, not including, `until`."""

    since: Instant
    until: Instant
    rehearsal: Rehearsal

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-able data; channels and agents with the most closings first."""
        found = self.rehearsal
        total = found.total
        reasons = sorted({*total.skipped, *total.was_skipped}, key=lambda reason: (-total.skipped[reason], reason))
        return {
            "from": format_instant(self.since),
            "to": format_instant(self.until),
            **_counts(total),
            "gained": total.gained,
            "lost": total.lost,
            "reasons": [
                {"reason": reason, "skipped": total.skipped[reason], "was_skipped": total.was_skipped[reason]}
                for reason in reasons
            ],
            "channels": [{"channel": name or None, **_counts(tally)} for name, tally in _largest(found.channels)],
            "agents": [
                {"id": agent, "name": found.agent_names[agent], **_counts(tally)}
                for agent, tally in _largest(found.agents)
            ],
        }


def rehearse(
    store: Store,
    draft: Survey,
    *,
    now: Instant,
    days: int,
    accounts: frozenset[str],
    installation: Installation = PLAIN,
    zone_of: Callable[[Ticket], str | None] = lambda _ticket: None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Rehearsed:
    """Decide the closings of the last days anew by a draft of a survey, as if it had been on.

    Runs for seconds: call it in a thread of its own. `progress` is told (done, of). Raises RehearsalTooLarge.
    """
    since, until = now - days * DAY, now
    deadline = time.monotonic() + MOST_SECONDS
    total = store.read_now(lambda connection: connection.execute(_COUNT, {"since": since, "until": until}).scalar_one())
    if total > MOST_CLOSINGS:
        raise RehearsalTooLarge(
            f"{total} closings in that time; at most {MOST_CLOSINGS} are rehearsed: take fewer days"
        )
    surveys = store.read_now(load_surveys)
    circumstances = store.read_now(_circumstances, draft, since, accounts, installation)
    rehearsal = Rehearsal(rehearsed_draft(draft), surveys, circumstances, zone_of)
    seen: set[tuple[str, str]] = set()
    done, position = 0, (since, -1)
    while rows := store.read_now(_chunk, position, until):
        new = {(row.desk, row.ticket_id) for row in rows} - seen
        for row in store.read_now(_before, new, since):
            rehearsal.before(Past._make(row))
        seen |= new
        for row in rows:
            *past, snapshot = row
            rehearsal.take(read_snapshot(snapshot), Past._make(past))
        done += len(rows)
        progress(done, total)
        position = (rows[-1].decided_at, rows[-1].id)
        if len(rows) < CHUNK:
            break
        if time.monotonic() > deadline:
            raise RehearsalTooLarge(f"{done} of {total} closings took {MOST_SECONDS:.0f} s: take fewer days")
    return Rehearsed(since, until, rehearsal)


def _chunk(connection: Connection, position: tuple[Instant, int], until: Instant) -> Sequence[Any]:
    parameters = {"since": position[0], "after": position[1], "until": until, "most": CHUNK}
    return connection.execute(_CHUNK, parameters).all()


def _before(connection: Connection, keys: Iterable[tuple[str, str]], start: Instant) -> list[Any]:
    """Return what was decided about these tickets before the first closing of the rehearsal."""
    found: list[Any] = []
    for desk, ids in by_account(keys).items():
        found += connection.execute(_BEFORE, {"desk": desk, "ticket_ids": ids, "start": start}).all()
    return found


def _circumstances(
    connection: Connection, draft: Survey, since: Instant, accounts: frozenset[str], installation: Installation
) -> Circumstances:
    places = connection.execute(_CLOSED_PLACES).all()
    wishes = connection.execute(_WISHES).all()
    asked: dict[str, Instant] = {}
    if draft.rules.every:
        for row in connection.execute(_ASKED_BEFORE, {"early": since - draft.rules.every, "since": since}):
            for key in (row.customer, place_key(row.account, row.address)):
                asked[key] = max(row.at, asked.get(key, 0))
    return Circumstances(
        accounts=accounts,
        windows=installation.windows,
        timezone=installation.timezone,
        opted_out={(row.account, row.address) for row in places if row.opted_out_at is not None},
        unreachable={(row.account, row.address) for row in places if row.unreachable_at is not None},
        customers_out={row.customer for row in wishes if row.opted_out_at is not None},
        resting_until={row.customer: row.resting_until for row in wishes if row.resting_until is not None},
        asked_before=asked,
    )


def _counts(tally: Tally) -> dict[str, object]:
    return {"closings": tally.closings, "asked": tally.asked, "was_asked": tally.was_asked}


def _largest(tallies: Mapping[Any, Tally]) -> list[tuple[Any, Tally]]:
    return sorted(tallies.items(), key=lambda each: (-each[1].closings, str(each[0])))
