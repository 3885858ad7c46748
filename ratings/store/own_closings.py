"""Closings that we made ourselves, when their desk tells us of them: not to be asked about, or that would never end.

Most desks say who closed a ticket, and their adapters know us by it. This is for those that do not, or not yet.
"""

import json
from collections.abc import Iterable

from ratings.store.desk_writes import RESULTS, THEIRS
from ratings.store.unit import Unit
from ratings.times import MINUTE, Duration

ECHO: Duration = 10 * MINUTE
"""How long after our write a desk may still be telling of it."""

_CLOSING = frozenset({"close", "close_unrated"})
_TRYING = frozenset({"due", "leased"})


def closed_by_us(unit: Unit, numbers: Iterable[int]) -> set[int]:
    """Return the invitations because of which we close their ticket now, or have just closed it.

    What we tried and gave up is no longer on its way: whoever closes the ticket then is not us.
    """
    ids = sorted(set(numbers))
    if not ids:
        return set()
    since = unit.now - ECHO
    done = {
        row.invitation_id
        for row in unit.rows(RESULTS, {"ids": ids})
        if row.outcome in _CLOSING and (row.written_at or 0) >= since
    }
    trying = {
        row.invitation_id
        for row in unit.rows(THEIRS, {"ids": ids})
        if row.state in _TRYING and row.detail and json.loads(row.detail)["outcome"] in _CLOSING
    }
    return done | trying
