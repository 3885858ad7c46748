"""The statements that find the registry's rows.

`show` picks the rows, and with the sort it picks the table that drives the query and the index that it walks:

| show | sort | table, index |
|---|---|---|
| rated | rated, value | ratings (rated_at, id), (value, rated_at, id); one form, agent, group, survey or channel: (form, rated_at, id) and so on |
| rated; all, with a filter about answers | closed | ratings (closed_at, id) |
| unanswered; rated and all, with a range of it | asked | invitations (asked_at) where it is set |
| the others | closed, decided | invitations (closed_at), (decided_at, id); one form, agent, survey or reason: (form, closed_at) and so on |

What is rare is where SQLite starts, whatever the order (`ratings.reports.registry_starts`), and PostgreSQL of its own accord:

| filter | found by |
|---|---|
| ticket | invitations (ticket_id) |
| tag | ticket_tags (tag, invitation_id); where it is common, looked up for each row |
| words | the full-text index |
| survey, form, agent; channel and group of what is rated; reasons | the indexes above, one value or several |

What no index leads to is looked for along the order: a rare priority, a rare channel or group among what was not rated, and what is
rare only together (two filters, each of which fits many rows). Everything else is looked up by key, for the rows of one page.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from ratings.lifecycle import State
from ratings.reports.filters import rows_with_words
from ratings.reports.registry_query import NAMES, TIMES, Show, Wanted
from ratings.store.schema import SAID, desk_results, invitations, ratings, ticket_tags
from ratings.tallies import NOT_KNOWN_TO_ARRIVE
from ratings.votes import VoteState

Keys = tuple[ColumnElement[int], ...]
Columns = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Start:
    """What a query begins with, instead of the rows in their order: the ids of all that fit one filter, each once."""

    name: str
    ids: Select[Any]


COLUMNS = (
    *(
        invitations.c[name]
        for name in (
            "id",
            "desk",
            "ticket_id",
            "ticket_url",
            "subject",
            "closed_at",
            "decided_at",
            "due_at",
            "asked_at",
            "decision",
            "reason",
            "detail",
            "state",
            "state_reason",
            "delivery",
            "survey_id",
            "survey_version",
            "account",
            "form",
            "form_name",
            "group_id",
            "group_name",
            "agent_id",
            "agent_name",
            "priority",
            "kind",
            "customer_name",
            "recording_url",
            "first_response_s",
            "handling_s",
            "erased_at",
        )
    ),
    ratings.c.value,
    ratings.c.satisfied,
    ratings.c.comment,
    ratings.c.rated_at,
    ratings.c.scale,
    ratings.c.state.label("vote_state"),
    desk_results.c.outcome,
    desk_results.c.tag,
)
"""What a row is made of."""

_ANSWERED: ColumnElement[str] = literal_column(f"'{State.ANSWERED.value}'")
_ANSWER = ratings.alias("answer")
# A scalar, which PostgreSQL looks up by key: of EXISTS it would make a hash of all ratings.
_VOTE = select(_ANSWER.c.state).where(_ANSWER.c.id == invitations.c.id).correlate(invitations).scalar_subquery()
_DELIVERED = or_(
    invitations.c.delivery.is_(None),
    invitations.c.delivery.not_in(sorted(NOT_KNOWN_TO_ARRIVE)),
    func.coalesce(_VOTE, "") == VoteState.CONFIRMED.value,
)
"""What of those asked is counted as delivered: nothing else is known, or it was answered (`ratings.tallies`)."""

_KEYS_OF_RATINGS: Mapping[str, Keys] = {
    "rated": (ratings.c.rated_at, ratings.c.id),
    "value": (ratings.c.value, ratings.c.rated_at, ratings.c.id),
    "closed": (ratings.c.closed_at, ratings.c.id),
}
_KEYS_OF_INVITATIONS: Mapping[str, Keys] = {
    "closed": (invitations.c.closed_at, invitations.c.id),
    "decided": (invitations.c.decided_at, invitations.c.id),
    "asked": (invitations.c.asked_at, invitations.c.id),
}


def keys_of(wanted: Wanted) -> Keys:
    """Return the columns that order the rows; the last is the id, so that no two rows are alike."""
    return (_KEYS_OF_RATINGS if wanted.by_ratings else _KEYS_OF_INVITATIONS)[wanted.sort.name]


def sort_number(wanted: Wanted) -> int:
    """Return a number for a cursor, so that one of another order is told from ours."""
    return NAMES.index(wanted.sort.name) * 2 + wanted.sort.falling


def driving_table(wanted: Wanted) -> Table:
    """Return the table that drives the query."""
    return ratings if wanted.by_ratings else invitations


def conditions_of(wanted: Wanted, *, sqlite: bool, start: Start | None = None) -> list[ColumnElement[bool]]:
    """Return the conditions of a query over `source_of` with the same start: rights are among them."""
    filters = wanted.filters
    table = driving_table(wanted)
    begun = None if start is None else start.name

    def column(name: str, many: int = 1) -> ColumnElement[Any]:
        sought = start is None and leads_in_order(wanted, name, many)
        return table.c[name] if sought or not sqlite else _only_looked_at(table, name)

    conditions = [
        *replace(filters, tags=()).about_tickets(table, column),
        *_ranges(wanted, table, sqlite=sqlite, walked=start is None),
    ]
    if sqlite and not {"survey", "channel"}.isdisjoint(filters.places):
        conditions.append(said_of(table))
    if filters.tags and begun != "tag":
        conditions.append(_has_tag(table, filters.tags, sqlite=sqlite))
    if wanted.tickets and begun != "ticket":
        found = select(invitations.c.id).where(invitations.c.ticket_id.in_(wanted.tickets))
        conditions.append((table.c.id if start is None else _only_looked_at(table, "id")).in_(found))
    if wanted.show is Show.RATED:
        conditions.append(ratings.c.state.in_(filters.states or (VoteState.CONFIRMED.value,)))
    elif filters.states:
        conditions.append(invitations.c.state.in_(filters.states))
    conditions += _asking(wanted)
    if wanted.reasons:
        conditions.append(column("reason", len(wanted.reasons)).in_(wanted.reasons))
        conditions.append(invitations.c.reason.is_not(None))
    if wanted.wants_ratings:
        if wanted.show is not Show.RATED:
            conditions.append(ratings.c.state == VoteState.CONFIRMED.value)
        conditions += replace(filters, values=(), words=() if sqlite else filters.words).about_answers(sqlite=sqlite)
        if sqlite and filters.words and begun != "words":
            conditions.append(_only_looked_at(ratings, "id").in_(rows_with_words(filters.words)))
        if filters.values:
            by_value = column("value", len(filters.values)) if wanted.by_ratings else ratings.c.value
            conditions.append(by_value.in_(filters.values))
    return conditions


def _asking(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions on whether somebody was asked, and what came of it."""
    found: list[ColumnElement[bool]] = []
    if wanted.show is Show.UNANSWERED:
        found += [invitations.c.asked_at.is_not(None), invitations.c.state != _ANSWERED]
    elif wanted.show is Show.NOT_ASKED:
        found += [invitations.c.asked_at.is_(None), invitations.c.state != _ANSWERED]
    elif wanted.sort.name == "asked" or wanted.delivered is not None:
        found.append(invitations.c.asked_at.is_not(None))
    if wanted.delivered is not None:
        found.append(_DELIVERED if wanted.delivered else not_(_DELIVERED))
    if wanted.decision is not None:
        found.append(invitations.c.decision == wanted.decision)
    for name, has in wanted.has_times.items():
        column = invitations.c[TIMES[name]]
        found.append(column.is_not(None) if has else column.is_(None))
    return found


def said_of(table: Table) -> ColumnElement[bool]:
    """Return what holds for each row, and lets SQLite use the indexes by survey and channel."""
    column, sign, number = SAID[table.name].split()
    return table.c[column].op(sign, is_comparison=True)(literal_column(number))


def _has_tag(table: Table, tags: Sequence[str], *, sqlite: bool) -> ColumnElement[bool]:
    """Return the condition that something has one of some tags. SQLite looks that up for each row: a list of all that have it is long."""
    of_tag = select(ticket_tags.c.invitation_id).where(ticket_tags.c.tag.in_(tags))
    if sqlite:
        return of_tag.where(ticket_tags.c.invitation_id == table.c.id).correlate(table).exists()
    return table.c.id.in_(of_tag)


def _ranges(wanted: Wanted, table: Table, *, sqlite: bool, walked: bool) -> list[ColumnElement[bool]]:
    """Return the conditions on instants. An index is walked along by the sort's own alone."""
    found: list[ColumnElement[bool]] = []
    for name in ("asked", "closed"):
        own = wanted.sort.name == name and walked
        column = table.c[f"{name}_at"] if own or not sqlite else _only_looked_at(table, f"{name}_at")
        found += wanted.filters.between(name, column)
    rated = ratings.c.rated_at if walked or not sqlite else _only_looked_at(ratings, "rated_at")
    return [*found, *wanted.filters.between("rated", rated)]


_SOUGHT: Mapping[tuple[str, str], frozenset[str]] = {
    ("ratings", "rated"): frozenset({"value", "form", "agent_id", "group_id", "survey_id", "account"}),
    ("ratings", "value"): frozenset({"value"}),
    ("invitations", "closed"): frozenset({"form", "agent_id", "survey_id", "reason"}),
}
"""By which columns an index leads straight to one value's rows, in the order of a sort."""


def leads_in_order(wanted: Wanted, column: str, many: int) -> bool:
    """True where an index leads straight to the rows with so many values in a column, and they are in the order that is wanted."""
    return many == 1 and column in _SOUGHT.get((driving_table(wanted).name, wanted.sort.name), ())


def _only_looked_at(table: Table, name: str) -> ColumnElement[Any]:
    """Return a column that SQLite compares, but seeks by no index.

    It counts no rows beforehand, takes every comparison for a rare one, and so would rather sort half a million rows than walk
    along those that are in order already (https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_).
    """
    return literal_column(f"+{table.name}.{name}", table.c[name].type)


def source_of(wanted: Wanted, start: Start | None = None) -> FromClause:
    """Return the tables that the conditions are about, the one that drives the query first, or before it what it starts with."""
    table = driving_table(wanted)
    begun: FromClause = table
    if start is not None:
        ids = start.ids.subquery("start")
        begun = ids.join(table, table.c.id == ids.c.id)
    if wanted.by_ratings:
        joined = begun.outerjoin(invitations, invitations.c.id == ratings.c.id)
        return joined if wanted.looks_at_invitations else begun
    if wanted.wants_ratings:
        return begun.join(ratings, ratings.c.id == invitations.c.id)
    return begun


def columns_of(wanted: Wanted, names: Collection[str]) -> Columns:
    """Return the columns of these names, and those that order the rows."""
    keys = {key.name for key in keys_of(wanted)}
    return [column for column in COLUMNS if column.name in names or column.name in keys]


def rows_of(wanted: Wanted, *, sqlite: bool, columns: Columns = COLUMNS) -> Select[Any]:
    """Return the statement of whole rows, or of some of their columns, not yet ordered nor cut."""
    return _all_rows(wanted, columns).where(*conditions_of(wanted, sqlite=sqlite))


def page_of(
    wanted: Wanted,
    order: Sequence[ColumnElement[Any]],
    *conditions: ColumnElement[bool],
    sqlite: bool,
    start: Start | None = None,
    columns: Columns = COLUMNS,
) -> Select[Any]:
    """Return the statement of the first `rest` (a parameter) rows of an order that also fit some conditions."""
    most = bindparam("rest", type_=BigInteger)
    if start is None:
        return rows_of(wanted, sqlite=sqlite, columns=columns).where(*conditions).order_by(*order).limit(most)
    # What is sorted is looked at in one table alone; the others are read for the rows of the page.
    number = driving_table(wanted).c.id
    found = select(number).select_from(source_of(wanted, start))
    found = found.where(*conditions_of(wanted, sqlite=sqlite, start=start), *conditions).order_by(*order).limit(most)
    return _all_rows(wanted, columns).where(number.in_(found)).order_by(*order)


def _all_rows(wanted: Wanted, columns: Columns) -> Select[Any]:
    """Return the statement of all rows, with some columns of each.

    The other tables are joined from the outside, also where each row has one there: so no planner starts with them.
    """
    if wanted.by_ratings:
        source: FromClause = ratings.outerjoin(invitations, invitations.c.id == ratings.c.id)
    elif wanted.wants_ratings:
        source = source_of(wanted)
    else:
        source = invitations.outerjoin(ratings, ratings.c.id == invitations.c.id)
    joined = source.outerjoin(desk_results, desk_results.c.invitation_id == invitations.c.id)
    return select(*columns).select_from(joined)


def beyond(keys: Keys, values: Sequence[int], *, falling: bool) -> ColumnElement[bool]:
    """Return the condition of what follows the row with these values."""
    first, value = keys[0], values[0]
    strictly = first < value if falling else first > value
    if len(keys) == 1:
        return strictly
    # The plain range comes first, so that the index is used; the rest only cuts among those alike.
    reached = first <= value if falling else first >= value
    return and_(reached, or_(strictly, beyond(keys[1:], values[1:], falling=falling)))
