"""The votes of one invitation with their evidence, the hits on its links, and the history of its rating."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ratings.store.schema import hits, invitations, rating_history, votes
from ratings.times import format_instant

_KNOWN = select(invitations.c.id).where(invitations.c.id == bindparam("id"))
_VOTES = select(votes).where(votes.c.invitation_id == bindparam("id")).order_by(votes.c.at, votes.c.id)
_HITS = select(hits).where(hits.c.invitation_id == bindparam("id")).order_by(hits.c.at, hits.c.id).limit(1000)
_HISTORY = (
    select(rating_history)
    .where(rating_history.c.invitation_id == bindparam("id"))
    .order_by(rating_history.c.at, rating_history.c.id)
)


def list_votes(connection: Connection, invitation_id: int) -> dict[str, Any] | None:
    """Return `{"votes", "hits", "history"}`, each the oldest first; None where there is no such invitation."""
    wanted = {"id": invitation_id}
    if connection.execute(_KNOWN, wanted).one_or_none() is None:
        return None
    return {
        "votes": [
            {
                "id": row.id,
                "value": row.value,
                "state": row.state,
                "source": row.source,
                "kind": row.link_kind,
                "at": format_instant(row.at),
                "agent": row.agent,
                "evidence": json.loads(row.evidence or "[]"),
            }
            for row in connection.execute(_VOTES, wanted)
        ],
        "hits": [
            {
                "value": row.value,
                "method": row.method,
                "at": format_instant(row.at),
                "agent": row.agent,
                "prefetch": bool(row.prefetch),
            }
            for row in connection.execute(_HITS, wanted)
        ],
        "history": [
            {
                "at": format_instant(row.at),
                "what": row.what,
                "old": row.old,
                "new": row.new,
                "by": row.by,
                "why": row.why,
            }
            for row in connection.execute(_HISTORY, wanted)
            if row.what != "comment"  # words are read with the rating, where they can be erased
        ],
    }
