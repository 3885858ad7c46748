"""Taking out of the store's rows what tells who a customer is and what they said; what is counted stays as it is.

A rating keeps its value, its times, its form, agent, group, channel and survey, and that there were words: a comment becomes an
empty text. The ticket keeps its number, by which a closing that is reported once more is known. The column of each table that may
hold anything personal is named here or in `erasure`; docs/privacy.md lists them for people.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, delete, select, update

from ratings.lifecycle import JobKind
from ratings.store.schema import (
    attempts,
    comments,
    desk_results,
    hits,
    invitations,
    jobs,
    rating_history,
    ratings,
    tickets,
    votes,
)
from ratings.store.unit import Row, Unit

ERASED = "erased"

_SECURE_INDEX = (3, 42)
"""The SQLite whose full-text index forgets at once (https://www.sqlite.org/fts5.html, §6.12)."""

_KEPT = (
    "id",
    "closed_at",
    "desk",
    "closing_id",
    "kind",
    "direction",
    "priority",
    "closed_by",
    "form",
    "group",
    "agent",
    "opened_at",
    "first_response_at",
    "last_message_at",
    "messages",
    "talk_s",
    "handling_s",
    "tags",
    "ask",
)
"""Members of a snapshot that stay: the work, not the customer. Tags are the desk's own words for kinds of tickets."""

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_SNAPSHOTS = select(tickets).where(tickets.c.id.in_(_IDS)).order_by(tickets.c.id)
_SNAPSHOT = update(tickets).where(tickets.c.id == bindparam("of")).values(snapshot=bindparam("new"))
_INVITATIONS = (
    update(invitations)
    .where(invitations.c.id.in_(_IDS))
    .values(
        **dict.fromkeys(
            (
                "customer",
                "customer_name",
                "address",
                "further",
                "ticket_url",
                "subject",
                "recording_url",
                "external_id",
                "timezone",
                "detail",
                "comment",
                "comment_until",
            )
        ),
        changing=False,
        erased_at=bindparam("at"),
        # Nobody can vote in their name any more.
        expires_at=case((invitations.c.expires_at > bindparam("at"), bindparam("at")), else_=invitations.c.expires_at),
    )
)
_RATINGS = update(ratings).where(ratings.c.id.in_(_IDS)).values(ticket_url=None, subject=None)
_VOTES = update(votes).where(votes.c.invitation_id.in_(_IDS)).values(agent=None, event_id=ERASED)
_HITS = update(hits).where(hits.c.invitation_id.in_(_IDS)).values(agent="")
_REFUSED = (
    update(desk_results)
    .where(desk_results.c.invitation_id.in_(_IDS), desk_results.c.refused.is_not(None))
    .values(refused=None)
)
OF_JOBS = (jobs.c.kind.in_([kind.value for kind in JobKind]), jobs.c.invitation_id.in_(_IDS))
"""The jobs of invitations, found by the index that has the kind first."""

_THEIR_JOBS = select(jobs.c.id, jobs.c.error).where(*OF_JOBS).order_by(jobs.c.id)
_JOB = update(jobs).where(jobs.c.id == bindparam("of")).values(address="", detail=None, error=bindparam("new_error"))
_ATTEMPTS = update(attempts).where(attempts.c.job_id == bindparam("of")).values(text=None)

_WORDS = update(ratings).where(ratings.c.id.in_(_IDS), ratings.c.comment.is_not(None)).values(comment="")
_WORDS_BEFORE = update(invitations).where(invitations.c.id.in_(_IDS)).values(comment=None, comment_until=None)
_PARTS = delete(comments).where(comments.c.invitation_id.in_(_IDS))
_TOLD = (
    update(rating_history)
    .where(rating_history.c.invitation_id.in_(_IDS))
    .values(
        why=None,
        old=case((rating_history.c.what == "comment", None), else_=rating_history.c.old),
        new=case((rating_history.c.what == "comment", None), else_=rating_history.c.new),
    )
)
_OVERRULED = select(rating_history.c.id, rating_history.c.new).where(
    rating_history.c.invitation_id.in_(_IDS), rating_history.c.what == "overruled"
)
_RETOLD = update(rating_history).where(rating_history.c.id == bindparam("of")).values(new=bindparam("told"))


def erase_words(unit: Unit, ids: Sequence[int]) -> None:
    """Erase what customers said about invitations, and what staff wrote about that; that something was said stays."""
    these = {"ids": list(ids)}
    _run(unit, (_WORDS, _WORDS_BEFORE, _PARTS, _TOLD), these)
    # Behind the colon stands why, in somebody's words.
    retold = [{"of": row.id, "told": (row.new or "").partition(":")[0]} for row in unit.rows(_OVERRULED, these)]
    unit.many(_RETOLD, retold)


def erase_person(unit: Unit, ids: Sequence[int]) -> None:
    """Erase who was asked by invitations. Nothing of them may wait or be on its way (their jobs have ended)."""
    these = {"ids": list(ids)}
    unit.many(
        _SNAPSHOT,
        [{"of": row.id, "new": _without_person(row.snapshot)} for row in unit.rows(_SNAPSHOTS, these)],
    )
    unit.connection.execute(_INVITATIONS, {**these, "at": unit.now})
    _run(unit, (_RATINGS, _VOTES, _HITS, _REFUSED), these)
    erase_jobs(unit, unit.rows(_THEIR_JOBS, these))


def erase_jobs(unit: Unit, rows: Sequence[Any]) -> None:
    """Erase the addresses, taps and words of jobs; the code of what went wrong stays. Rows have `id` and `error`."""
    changes: list[Row] = [
        {"of": row.id, "new_error": None if row.error is None else row.error.partition(":")[0]} for row in rows
    ]
    unit.many(_JOB, changes)
    unit.many(_ATTEMPTS, [{"of": row.id} for row in rows])


def kept_of(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays of a ticket."""
    kept = {name: snapshot[name] for name in _KEPT if name in snapshot}
    language = snapshot.get("customer", {}).get("language")
    return {**kept, "customer": {"language": language}} if language else kept


def _without_person(snapshot: str) -> str:
    return json.dumps(kept_of(json.loads(snapshot)), ensure_ascii=False, separators=(",", ":"))


def _run(unit: Unit, statements: Sequence[Any], parameters: Mapping[str, Any]) -> None:
    for statement in statements:
        unit.connection.execute(statement, parameters)


def erase_on_disk(unit: Unit) -> None:
    """Let SQLite overwrite what is taken out of its pages, and its full-text index leave nothing of what is taken out of it."""
    if not unit.is_postgresql:
        unit.connection.exec_driver_sql("PRAGMA secure_delete = ON")
        if sqlite3.sqlite_version_info >= _SECURE_INDEX:
            unit.connection.exec_driver_sql("INSERT INTO rating_words(rating_words, rank) VALUES ('secure-delete', 1)")


def clear_index(unit: Unit) -> None:
    """After words were erased: an old SQLite keeps them in its full-text index until it is merged, which takes a while."""
    if not unit.is_postgresql and sqlite3.sqlite_version_info < _SECURE_INDEX:
        unit.connection.exec_driver_sql("INSERT INTO rating_words(rating_words) VALUES ('optimize')")
