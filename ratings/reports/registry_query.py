"""What the registry is asked for, and the statements that find it: a row is an invitation with its rating.

`show` picks the rows, and with the sort it picks the table that drives the query and the index that it walks:

| show | sort | table, index |
|---|---|---|
| rated | rated, value | ratings (rated_at, id), (value, rated_at, id); one form, agent or group: (form, rated_at, id) and so on |
| rated; all, with a filter about answers | closed | ratings (closed_at, id) |
| unanswered; rated and all, with a range of it | asked | invitations (asked_at) where it is set |
| the others | closed, decided | invitations (closed_at), (decided_at, id); one form, agent or reason: (form, closed_at) and so on |

Tickets are found by their ids through invitations (ticket_id), words through the full-text index. Everything else is looked
up by key, for the rows of one page.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, func, literal_column, not_, or_, select

from ratings.decisions import SkipReason
from ratings.errors import FieldError, InvalidInput
from ratings.lifecycle import State
from ratings.reports.filters import INVITATION_STATES, STATES, Filters, parse_filters
from ratings.rights import Sight
from ratings.store.schema import desk_results, invitations, ratings
from ratings.tallies import NOT_KNOWN_TO_ARRIVE
from ratings.votes import VoteState


class Show(StrEnum):
    """Which closings: the first three leave none out, and none is in two of them."""

    RATED = "rated"
    UNANSWERED = "unanswered"  # asked, and no vote counts
    NOT_ASKED = "not_asked"  # skipped, held, cancelled before, or not delivered
    ALL = "all"


SORTS: Mapping[Show, tuple[str, ...]] = {
    Show.RATED: ("rated", "value", "closed", "asked"),
    Show.UNANSWERED: ("asked", "closed", "decided"),
    Show.NOT_ASKED: ("closed", "decided"),
    Show.ALL: ("closed", "decided", "asked"),
}
"""By what each can be sorted; "-rated" is the newest first. Unless one is named it is the first, or the range that is asked about.

What may never have been asked is sorted by that only where a range of it is given: else it would be lost.
"""

REASONS = tuple(reason.value for reason in SkipReason)
DECISIONS = ("ask", "skip")
TIMES: Mapping[str, str] = {"has_first_response": "first_response_s", "has_handling": "handling_s"}
"""Each filter by whether the desk told how long something took, and the column that has it."""

OWN = ("show", "sort", "decision", "reason", "ticket", "delivered", *TIMES)
"""The parameters that the registry has beside the filters."""

MAX_TICKETS = 100
_NAMES = tuple(dict.fromkeys(name for names in SORTS.values() for name in names))


@dataclass(frozen=True, slots=True)
class Sort:
    """By what the rows are sorted, and which way."""

    name: str = "rated"
    falling: bool = True

    def __str__(self) -> str:
        return f"-{self.name}" if self.falling else self.name


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows, in which order. `filters.states` are of votes where rated ones are shown, else of invitations."""

    filters: Filters = field(default_factory=Filters)
    show: Show = Show.RATED
    sort: Sort = Sort()
    reasons: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    delivered: bool | None = None
    decision: str | None = None
    has_times: Mapping[str, bool] = field(default_factory=dict)

    def seen_by(self, sight: Sight) -> "Wanted":
        """Return the same, over what somebody may see."""
        return replace(self, filters=self.filters.seen_by(sight))

    @property
    def about_answers(self) -> bool:
        """True when a filter is about what customers said: only what was rated can fit it."""
        filters = self.filters
        rated = filters.ranges.get("rated")
        return bool(
            filters.scales
            or filters.values
            or filters.value_max is not None
            or filters.has_comment is not None
            or filters.words
            or filters.weekly is not None
            or (rated is not None and (rated.start is not None or rated.end is not None))
        )

    @property
    def impossible(self) -> bool:
        """True when no row can fit: nobody rated what was not answered, and what was asked was not skipped."""
        if self.delivered is not None and self.show is Show.NOT_ASKED:
            return True
        if self.decision == "ask" and self.reasons:
            return True
        if self.show in {Show.UNANSWERED, Show.NOT_ASKED} and self.about_answers:
            return True
        return bool(self.reasons) and (self.show in {Show.RATED, Show.UNANSWERED} or self.about_answers)

    @property
    def by_ratings(self) -> bool:
        """True when the ratings drive the query."""
        if self.show is Show.RATED:
            return self.sort.name != "asked"
        return self.show is Show.ALL and self.about_answers and self.sort.name == "closed"

    @property
    def looks_at_invitations(self) -> bool:
        """True where ratings alone do not tell whether a row fits."""
        states = self.show is not Show.RATED and self.filters.states
        return bool(states or self.has_times) or self.delivered is not None or self.decision is not None

    @property
    def wants_ratings(self) -> bool:
        """True when only what is rated can fit."""
        return self.show is Show.RATED or self.about_answers


def parse_wanted(
    parameters: Mapping[str, Sequence[str]], zone: ZoneInfo, *, also: Sequence[str] = (), seen_by: Sight | None = None
) -> Wanted:
    """Read the filters and the registry's own parameters. Raises InvalidInput that lists every wrong one."""
    errors: list[FieldError] = []
    shown = _word(parameters, "show", tuple(Show), errors) or Show.RATED
    show = Show(shown)
    sort = _sort(parameters, show, errors)
    reasons = _reasons(parameters, errors)
    tickets = tuple(dict.fromkeys(parameters.get("ticket", ())))
    if "" in tickets or len(tickets) > MAX_TICKETS:
        errors.append(FieldError("/ticket", f"give 1 to {MAX_TICKETS} ids of tickets, each as a parameter of its own"))
    if any("\0" in ticket for ticket in tickets):
        errors.append(FieldError("/ticket", "it has a NUL character in it"))
    delivered = _truth(parameters, "delivered", errors)
    decision = _word(parameters, "decision", DECISIONS, errors)
    times = {name: _truth(parameters, name, errors) for name in TIMES}
    has_times = {name: given for name, given in times.items() if given is not None}
    filters = Filters()
    try:
        states = STATES if show is Show.RATED else INVITATION_STATES
        filters = parse_filters(parameters, zone, states=states, also=(*OWN, *also))
    except InvalidInput as error:
        errors.extend(error.errors)
    if errors:
        raise InvalidInput(tuple(errors))
    wanted = Wanted(filters, show, sort, reasons, tickets, delivered, decision, has_times)
    return wanted if seen_by is None else wanted.seen_by(seen_by)


def _word(
    parameters: Mapping[str, Sequence[str]], name: str, allowed: Sequence[str], errors: list[FieldError]
) -> str | None:
    found = parameters.get(name, ())
    if len(found) > 1:
        errors.append(FieldError(f"/{name}", "it is given more than once"))
    elif found and found[0] not in allowed:
        errors.append(FieldError(f"/{name}", f"{found[0][:40]!r} is none of {', '.join(allowed)}"))
    elif found:
        return found[0]
    return None


def _truth(parameters: Mapping[str, Sequence[str]], name: str, errors: list[FieldError]) -> bool | None:
    found = _word(parameters, name, ("true", "false"), errors)
    return None if found is None else found == "true"


def _sort(parameters: Mapping[str, Sequence[str]], show: Show, errors: list[FieldError]) -> Sort:
    ranged = [
        name for name in ("rated", "closed", "asked") if f"{name}_from" in parameters or f"{name}_to" in parameters
    ]
    names = [name for name in SORTS[show] if name != "asked" or show is Show.UNANSWERED or name in ranged]
    found = _word(parameters, "sort", [f"{sign}{name}" for name in names for sign in ("-", "")], errors)
    if found is None:
        # What is asked about is walked along: the rows of a month are next to each other in one order alone.
        return Sort(next((name for name in ranged if name in names), names[0]))
    return Sort(found.lstrip("-"), falling=found.startswith("-"))


def _reasons(parameters: Mapping[str, Sequence[str]], errors: list[FieldError]) -> tuple[str, ...]:
    found = tuple(word for text in parameters.get("reason", ()) for word in text.split(",") if word)
    wrong = [word for word in found if word not in REASONS]
    errors.extend(FieldError("/reason", f"{word[:40]!r} is none of {', '.join(REASONS)}") for word in wrong)
    if "reason" in parameters and not found:
        errors.append(FieldError("/reason", "it is empty; leave it out or give a value"))
    return tuple(dict.fromkeys(found))


# --- statements --------------------------------------------------------------------------------------------------

Keys = tuple[ColumnElement[int], ...]
Columns = Sequence[Any]

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
    return _NAMES.index(wanted.sort.name) * 2 + wanted.sort.falling


def conditions_of(wanted: Wanted, *, sqlite: bool) -> list[ColumnElement[bool]]:
    """Return the conditions of a query over `source_of`: rights are among them."""
    filters = wanted.filters
    table = ratings if wanted.by_ratings else invitations

    def column(name: str, many: int = 1) -> ColumnElement[Any]:
        sought = many == 1 and name in _SOUGHT.get((table.name, wanted.sort.name), ())
        return table.c[name] if sought or not sqlite else _only_looked_at(table, name)

    conditions = [*filters.about_tickets(table, column), *_ranges(wanted, table, sqlite=sqlite)]
    if wanted.tickets:
        found = select(invitations.c.id).where(invitations.c.ticket_id.in_(wanted.tickets))
        conditions.append(table.c.id.in_(found))
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
        conditions += replace(filters, values=()).about_answers(sqlite=sqlite)
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


def _ranges(wanted: Wanted, table: Table, *, sqlite: bool) -> list[ColumnElement[bool]]:
    """Return the conditions on instants. An index is walked along by the sort's own alone."""
    found: list[ColumnElement[bool]] = []
    for name in ("asked", "closed"):
        own = wanted.sort.name == name
        column = table.c[f"{name}_at"] if own or not sqlite else _only_looked_at(table, f"{name}_at")
        found += wanted.filters.between(name, column)
    return [*found, *wanted.filters.between("rated", ratings.c.rated_at)]


_SOUGHT: Mapping[tuple[str, str], frozenset[str]] = {
    ("ratings", "rated"): frozenset({"value", "form", "agent_id", "group_id"}),
    ("ratings", "value"): frozenset({"value"}),
    ("invitations", "closed"): frozenset({"form", "agent_id", "reason"}),
}
"""By which columns an index leads straight to one value's rows, in the order of a sort."""


def _only_looked_at(table: Table, name: str) -> ColumnElement[Any]:
    """Return a column that SQLite compares, but seeks by no index.

    It counts no rows beforehand, takes every comparison for a rare one, and so would rather sort half a million rows than walk
    along those that are in order already (https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_).
    """
    return literal_column(f"+{table.name}.{name}", table.c[name].type)


def source_of(wanted: Wanted) -> FromClause:
    """Return the tables that the conditions are about, the one that drives the query first."""
    if wanted.by_ratings:
        joined = ratings.outerjoin(invitations, invitations.c.id == ratings.c.id)
        return joined if wanted.looks_at_invitations else ratings
    if wanted.wants_ratings:
        return invitations.join(ratings, ratings.c.id == invitations.c.id)
    return invitations


def columns_of(wanted: Wanted, names: Collection[str]) -> Columns:
    """Return the columns of these names, and those that order the rows."""
    keys = {key.name for key in keys_of(wanted)}
    return [column for column in COLUMNS if column.name in names or column.name in keys]


def rows_of(wanted: Wanted, *, sqlite: bool, columns: Columns = COLUMNS) -> Select[Any]:
    """Return the statement of whole rows, or of some of their columns, not yet ordered nor cut.

    The other tables are joined from the outside, also where each row has one there: so no planner starts with them.
    """
    if wanted.by_ratings:
        source: FromClause = ratings.outerjoin(invitations, invitations.c.id == ratings.c.id)
    elif wanted.wants_ratings:
        source = source_of(wanted)
    else:
        source = invitations.outerjoin(ratings, ratings.c.id == invitations.c.id)
    joined = source.outerjoin(desk_results, desk_results.c.invitation_id == invitations.c.id)
    return select(*columns).select_from(joined).where(*conditions_of(wanted, sqlite=sqlite))


def beyond(keys: Keys, values: Sequence[int], *, falling: bool) -> ColumnElement[bool]:
    """Return the condition of what follows the row with these values."""
    first, value = keys[0], values[0]
    strictly = first < value if falling else first > value
    if len(keys) == 1:
        return strictly
    # The plain range comes first, so that the index is used; the rest only cuts among those alike.
    reached = first <= value if falling else first >= value
    return and_(reached, or_(strictly, beyond(keys[1:], values[1:], falling=falling)))
