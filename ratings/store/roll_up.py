"""Counting by days: what a transaction changes of closings and ratings moves the counts in that very transaction.

Whoever writes invitations or ratings tells the unit (`unit.counts`) what they were and what they are; the writer has the
differences written at the end of the transaction, one statement for all of it. They are rows that nobody else touches:
upkeep adds them up later (roll_up_keeping), and readers add what it has not reached yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import bindparam, func, select

from ratings.store.report_tables import PLACE, roll_up_changes, roll_up_state
from ratings.store.schema import invitations, ratings
from ratings.store.unit import Unit
from ratings.tallies import Facts, Place, differences, moments, tallies

EVERYTHING = 2**63 - 1
"""The position when no invitation is left to be counted for the first time."""

_LOCK = 7_461_706_667  # PostgreSQL's advisory lock: shared by who changes, alone for who moves the position
_SHARE = select(func.pg_advisory_xact_lock_shared(_LOCK).label("shared"))
_ALONE = select(func.pg_advisory_xact_lock(_LOCK))
_STATE = select(roll_up_state.c.zone, roll_up_state.c.position)

RATING_FACTS = (
    ratings.c.state.label("vote_state"),
    ratings.c.value,
    ratings.c.satisfied,
    ratings.c.scale,
    ratings.c.rated_at,
    ratings.c.comment.is_not(None).label("rating_commented"),
    ratings.c.account.label("rating_account"),
)
"""What `facts_of` needs of a rating, in a join with all columns of invitations."""

FACTS = (
    select(
        invitations.c.id,
        invitations.c.survey_id,
        invitations.c.account,
        invitations.c.form,
        invitations.c.group_id,
        invitations.c.agent_id,
        invitations.c.priority,
        invitations.c.closed_at,
        invitations.c.decision,
        invitations.c.reason,
        invitations.c.first_response_s,
        invitations.c.handling_s,
        invitations.c.state,
        invitations.c.asked_at,
        invitations.c.delivery,
        *RATING_FACTS,
    )
    .select_from(invitations.outerjoin(ratings, ratings.c.id == invitations.c.id))
    .order_by(invitations.c.id)
)
"""Everything that is counted, for `facts_of`."""

# On the path of a tap it matters what a row costs: a statement for each place and day takes half of what one for each row would.
_NAMES = ", ".join((*PLACE, "day"))
_INSERT = (
    f"INSERT INTO {roll_up_changes.name} ({_NAMES}, what, many) "  # noqa: S608 - names of ours
    f"SELECT {', '.join('?' * (len(PLACE) + 1))}, key, value FROM json_each(?)"
)
_INSERT_ON_POSTGRESQL = (
    f"INSERT INTO {roll_up_changes.name} ({_NAMES}, what, many) "  # noqa: S608 - likewise
    f"SELECT {', '.join(['%s'] * (len(PLACE) + 1))}, key, value::bigint FROM json_each_text(%s::json)"
)
_OF = FACTS.where(invitations.c.id.in_(bindparam("ids", expanding=True)))


def facts_of(row: Any) -> Facts:
    """Return what is counted of an invitation's row joined with its rating (FACTS, or all with RATING_FACTS)."""
    return Facts(
        row.survey_id,
        row.account,
        row.form,
        row.group_id,
        row.agent_id,
        row.priority,
        row.closed_at,
        row.decision,
        row.reason,
        row.first_response_s,
        row.handling_s,
        row.state,
        row.asked_at,
        row.delivery,
        row.vote_state,
        row.value,
        row.satisfied,
        row.scale,
        row.rated_at,
        row.rating_commented,
        row.rating_account,
    )


def facts_of_new(row: Mapping[str, Any]) -> Facts:
    """Return what is counted of an invitation that is about to be inserted."""
    return Facts(
        row["survey_id"],
        row["account"],
        row["form"],
        row["group_id"],
        row["agent_id"],
        row["priority"],
        row["closed_at"],
        row["decision"],
        row["reason"],
        row["first_response_s"],
        row["handling_s"],
        row["state"],
        row["asked_at"],
        row["delivery"],
    )


def read_facts(unit: Unit, ids: Iterable[int]) -> dict[int, Facts]:
    """Return what is counted of invitations as they are now. On PostgreSQL they are to be locked already."""
    wanted = sorted(set(ids))
    return {row.id: facts_of(row) for row in unit.rows(_OF, {"ids": wanted})} if wanted else {}


@contextmanager
def counting(unit: Unit, ids: Iterable[int]) -> Iterator[None]:
    """Count whatever is changed of invitations and their ratings inside the block, by statements of any kind."""
    before = read_facts(unit, ids)
    yield
    for number, after in read_facts(unit, before).items():
        unit.counts.append((number, before[number], after))


def write_counts(unit: Unit) -> None:
    """Write by how much everything that the transaction did until now moves the counts."""
    if not unit.counts:
        return
    if unit.is_postgresql:
        # At the very end: who waits here holds rows that nobody needs who holds this.
        unit.fetch(_SHARE)
    ((zone, position),) = unit.fetch(_STATE)
    if position >= 0 and zone:
        rows = _rows(unit, zone, position)
        if rows:
            unit.run_many(_INSERT_ON_POSTGRESQL if unit.is_postgresql else _INSERT, rows)
    unit.counts.clear()


def _rows(unit: Unit, zone: str, position: int) -> list[tuple[Any, ...]]:
    """Return the parameters of an insert for each place and day: what was counted there, as JSON."""
    moment = _moments(zone)
    added: dict[tuple[Place, int], dict[str, int]] = {}
    for number, before, after in unit.counts:
        if number > position:
            continue  # it is counted as it is when the first count comes to it
        for place, day, what, many in tallies(after, moment) if before is None else differences(before, after, moment):
            there = added.setdefault((place, day), {})
            there[what] = there.get(what, 0) + many
    moved = (
        (place, day, {what: many for what, many in there.items() if many}) for (place, day), there in added.items()
    )
    return [(*place, day, msgspec.json.encode(there).decode()) for place, day, there in moved if there]


def lock_counting(unit: Unit) -> None:
    """Let nobody count meanwhile: who moves the position, or begins anew, does it alone."""
    if unit.is_postgresql:
        unit.rows(_ALONE)


@lru_cache(maxsize=8)
def _moments(zone: str) -> Any:
    return moments(ZoneInfo(zone))
