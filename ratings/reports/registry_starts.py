"""Where SQLite begins: with the few rows of something rare, which it then sorts, or with the order in which rows are shown.

Three rows of a new survey among ten million are found at once by their index, and never along an order; with two million rows that
have a tag it is the other way round. PostgreSQL knows beforehand how many rows there are of each, and chooses by itself; here they
are counted, up to FEW: some milliseconds. Either way the rows are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, select

from ratings.reports.filters import Filters, column_of, rows_with_words
from ratings.reports.registry_query import Wanted
from ratings.reports.registry_statements import Start, driving_table, leads_in_order, said_of
from ratings.store.schema import invitations, ticket_tags

FEW = 20_000
"""Rows that are sorted at the most. Of so many among ten million, one in 500, 25,000 are passed along an order to fill a page: as much work."""

SOUGHT: Mapping[str, Sequence[str]] = {
    "ratings": ("survey", "channel", "form", "agent", "group"),
    "invitations": ("survey", "form", "agent"),
}
"""What of a ticket an index leads to, whatever the order."""

LAZY = ("words", "tag")
"""What is read row by row, so that only as many are read as are counted, also where it is common. Words first: what has them is not
looked up for a row, but as a whole."""


def candidates(wanted: Wanted) -> dict[str, Select[Any]]:
    """Return with what a query could begin: for each filter that an index leads to, the ids of what fits it, each once."""
    filters, table = wanted.filters, driving_table(wanted)
    found: dict[str, Select[Any]] = {}
    if wanted.tickets:
        found["ticket"] = select(invitations.c.id).where(invitations.c.ticket_id.in_(wanted.tickets))
    for name in SOUGHT[table.name]:
        if name in filters.places:
            equal = {name: filters.equal[name]} if name in filters.equal else {}
            one = Filters(equal, without=(name,) if name in filters.without else ())
            found[name] = select(table.c.id).where(*one.about_tickets(table), said_of(table))
    if filters.sight.forms is not None:
        found["sight"] = select(table.c.id).where(table.c.form.in_(filters.sight.forms))
    if wanted.reasons:
        found["reason"] = select(invitations.c.id).where(invitations.c.reason.in_(wanted.reasons))
    if filters.tags:
        found["tag"] = _tagged(filters.tags)
    if filters.words:
        found["words"] = rows_with_words(filters.words)
    return found


def _tagged(tags: Sequence[str]) -> Select[Any]:
    """Return the ids of what has any of some tags: each at the first of those that it has."""
    found = select(ticket_tags.c.invitation_id.label("id")).where(ticket_tags.c.tag.in_(tags))
    if len(tags) == 1:
        return found
    other = ticket_tags.alias("other")
    earlier: Select[Any] = select(literal_column("1")).where(
        other.c.tag.in_(tags), other.c.invitation_id == ticket_tags.c.invitation_id, other.c.tag < ticket_tags.c.tag
    )
    return found.where(~earlier.correlate(ticket_tags).exists())


def rarest(counts: Mapping[str, int]) -> str | None:
    """Return of what there are the fewest rows, where they are few."""
    name = min(counts, key=counts.__getitem__, default=None)
    return None if name is None or counts[name] > FEW else name


def rare_start(connection: Connection, wanted: Wanted) -> Start | None:
    """Return the rare thing to begin with. None: there is none, and rows are read in their order; or the engine knows by itself."""
    if connection.dialect.name != "sqlite":
        return None
    possible = candidates(wanted)
    if _is_straight(wanted, possible):
        return None
    counts: dict[str, int] = {}
    for name, ids in possible.items():
        counts[name] = _many(connection, name, ids, wanted)
        if not counts[name]:
            break
    rare = rarest(counts)
    return None if rare is None else Start(rare, possible[rare])


def lazy_start(connection: Connection, wanted: Wanted) -> Start | None:
    """Return the common thing to begin with where rows are counted, in any order."""
    if connection.dialect.name != "sqlite":
        return None
    possible = candidates(wanted)
    return next((Start(name, possible[name]) for name in LAZY if name in possible), None)


def _is_straight(wanted: Wanted, possible: Mapping[str, object]) -> bool:
    """True where one index leads to all that is wanted in its order, and no other could be taken for it: nothing has to be counted."""
    filters = wanted.filters
    if len(possible) != 1 or leads_in_order(wanted, "value", len(filters.values)):
        return False
    (name,) = possible
    if name == "sight":
        return leads_in_order(wanted, "form", len(filters.sight.forms or ()))
    if name == "reason":
        return leads_in_order(wanted, "reason", len(wanted.reasons))
    many = len(filters.equal.get(name, ())) + (name in filters.without)
    return name in filters.places and leads_in_order(wanted, column_of(name), many)


def _many(connection: Connection, name: str, ids: Select[Any], wanted: Wanted) -> int:
    """Count up to one more than FEW. Of words that are common as they stand it is not counted what begins with them: it is more."""
    ways = [rows_with_words(wanted.filters.words, whole=True), ids] if name == "words" else [ids]
    return max(_counted(connection, ways))


def _counted(connection: Connection, ways: Sequence[Select[Any]]) -> Iterator[int]:
    for ids in ways:
        found = ids.limit(FEW + 1).subquery()
        many = connection.execute(select(func.count()).select_from(found)).scalar_one()
        yield many
        if many > FEW:
            return
