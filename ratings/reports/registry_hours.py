"""Hours of the week in the order of rating: the times in which they were, so that an index leads to each and no row beside them is read.

A year has 52 Fridays from five to six, and among a million ratings their six thousand: reading these takes milliseconds, walking along all
of them half a second. Other orders, and what has too many such times, look at the hour of each row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from ratings.reports.filters import Range
from ratings.reports.registry_query import Wanted
from ratings.store.schema import ratings
from ratings.times import DAY, Instant

MOST = 400
"""Times that are read one by one."""

_FIRST = select(func.min(ratings.c.rated_at)).scalar_subquery()
_LAST = select(func.max(ratings.c.rated_at)).scalar_subquery()
_ANY = Range(bindparam("piece_start", type_=BigInteger), bindparam("piece_end", type_=BigInteger))  # type: ignore[arg-type] # told when it is read


@dataclass(frozen=True, slots=True)
class Pieces:
    """The same rows as one thing that is read several times, each with the values of its parameters, in the order of the rows."""

    wanted: Wanted
    values: Sequence[dict[str, Instant]]


def in_one_piece(wanted: Wanted) -> Pieces:
    """Return the rows as what is read once."""
    return Pieces(wanted, ({},))


def pieces_of(connection: Connection, wanted: Wanted, *, falling: bool = True, after: Instant | None = None) -> Pieces:
    """Return in what pieces the rows are read: mostly in one. `after`: only what may follow a row that was rated then."""
    filters = wanted.filters
    weekly = filters.weekly
    # Words and tickets are found by themselves: once is enough. So are tags, where they are not looked up for each row.
    elsewhere = filters.words or wanted.tickets or (filters.tags and connection.dialect.name != "sqlite")
    whole = in_one_piece(wanted)
    if weekly is None or elsewhere or not wanted.by_ratings or wanted.sort.name != "rated":
        return whole
    known = filters.ranges.get("rated", Range())
    start, end = known.start, known.end
    if start is None or end is None:
        first, last = connection.execute(select(_FIRST, _LAST)).one()
        if first is None:
            return whole
        start, end = first if start is None else start, last + 1 if end is None else end
    if after is not None:
        start, end = (start, min(end, after + 1)) if falling else (max(start, after), end)
    if (end - start) // DAY * weekly.runs_a_week() > 7 * MOST:
        return whole
    spans = weekly.spans(start, end)
    piece = replace(wanted, filters=replace(filters, weekly=None, ranges={**filters.ranges, "rated": _ANY}))
    ordered = reversed(spans) if falling else spans
    return Pieces(piece, [{"piece_start": first, "piece_end": last} for first, last in ordered])
