"""The registry: every closing with its decision, its rating and what came of it, filtered, sorted and counted.

Pages are cut by keys, in both directions: the cost of one does not grow with its number, and nothing is shown twice while new
ratings arrive. Rights are in the query (`Filters.sight`).
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, func, literal_column, select

from ratings.reports.lists import DEFAULT_LIMIT, foreign_cursor, make_cursor, read_cursor
from ratings.reports.registry_hours import in_one_piece, pieces_of
from ratings.reports.registry_query import DECISIONS, REASONS, SORTS, Show, Sort, Wanted, parse_wanted
from ratings.reports.registry_starts import lazy_start, rare_start
from ratings.reports.registry_statements import (
    COLUMNS,
    Columns,
    beyond,
    columns_of,
    conditions_of,
    keys_of,
    page_of,
    rows_of,
    sort_number,
    source_of,
)
from ratings.scale import Choice, Scale
from ratings.store.surveys import load_survey_version
from ratings.times import Instant
from ratings.votes import VoteState

COUNTED = 10_000
"""Rows that are counted exactly; of more it is only said that there are more."""

_BACK = 2  # a cursor that goes back has the sort's number below zero, and this much lower, for there is no -0


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows there are; not `exact`: there are more than that."""

    many: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Picked:
    """The choice that a value stands for, and its place among the choices: 0 is the worst."""

    choice: Choice
    place: int
    of: int


@dataclass(frozen=True, slots=True)
class RegistryRow:
    """An invitation with its rating. Names beside ids are those at the closing; what was erased is None."""

    id: int
    show: Show
    desk: str
    ticket_id: str
    ticket_url: str | None
    subject: str | None
    customer: str | None
    recording_url: str | None
    closed_at: Instant
    decided_at: Instant
    due_at: Instant | None
    asked_at: Instant | None
    rated_at: Instant | None
    value: int | None
    picked: Picked | None
    comment: str | None
    satisfied: bool | None
    scale: str | None
    vote_state: str | None
    decision: str
    reason: str | None
    detail: Mapping[str, Any] | None
    state: str
    state_reason: str | None
    delivery: str | None
    survey: str | None
    channel: str | None
    form: str | None
    form_name: str | None
    group: str | None
    group_name: str | None
    agent: str | None
    agent_name: str | None
    priority: str | None
    kind: str
    outcome: str | None
    tag: str | None
    first_response_s: int | None
    handling_s: int | None
    erased: bool


@dataclass(frozen=True, slots=True)
class RegistryPage:
    """Some rows, and the cursors of what follows and of what came before (None: nothing does)."""

    rows: list[RegistryRow]
    next: str | None
    previous: str | None


class Scales:
    """The scales of survey versions, each read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, int], Scale] = {}

    def picked(self, survey_id: str | None, version: int | None, value: int | None) -> Picked | None:
        """Return the choice that customers saw for a counted value; None where it is none of the scale's."""
        if survey_id is None or version is None or value is None:
            return None
        key = (survey_id, version)
        if key not in self._known:
            self._known[key] = load_survey_version(self._connection, *key).scale
        scale = self._known[key]
        choice = scale.get(scale.counted(value))
        return None if choice is None else Picked(choice, scale.values.index(value), len(scale.values))


def list_registry(
    connection: Connection, wanted: Wanted, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> RegistryPage:
    """Return a page of rows. Raises InvalidInput (cursor)."""
    keys = keys_of(wanted)
    back, values = _read(cursor, wanted, len(keys))
    if wanted.impossible:
        return RegistryPage([], None, None)
    found = _slice(connection, wanted, limit + 1, values, back=back)
    more = len(found) > limit
    found = found[:limit]
    if back:
        found.reverse()
    scales = Scales(connection)
    rows = [_row(row, scales) for row in found]
    if not found:
        return RegistryPage([], None, None)
    following = (more or back) and _cursor(wanted, found[-1], keys, back=False)
    before = (more if back else cursor is not None) and _cursor(wanted, found[0], keys, back=True)
    return RegistryPage(rows, following or None, before or None)


def count_registry(connection: Connection, wanted: Wanted, *, most: int = COUNTED) -> Total:
    """Count the rows: exactly up to `most`."""
    if wanted.impossible:
        return Total(0, exact=True)
    start = rare_start(connection, wanted)
    pieces = pieces_of(connection, wanted) if start is None else in_one_piece(wanted)
    if start is None and pieces.wanted is wanted:
        start = lazy_start(connection, wanted)
    found = (
        select(literal_column("1"))
        .select_from(source_of(pieces.wanted, start))
        .where(*conditions_of(pieces.wanted, sqlite=connection.dialect.name == "sqlite", start=start))
        .limit(bindparam("rest", type_=BigInteger))
        .subquery()
    )
    counting = select(func.count()).select_from(found)
    many = 0
    for values in pieces.values:
        many += connection.execute(counting, {**values, "rest": most + 1 - many}).scalar_one()
        if many > most:
            break
    return Total(min(many, most), exact=many <= most)


def rows_by_ids(connection: Connection, wanted: Wanted, ids: Iterable[int]) -> list[RegistryRow]:
    """Return those of some invitations that belong to what is wanted, in its order: for what arrives while one looks."""
    chosen = sorted(set(ids))
    if not chosen or wanted.impossible:
        return []
    keys = keys_of(wanted)
    order = [key.desc() if wanted.sort.falling else key.asc() for key in keys]
    statement = rows_of(wanted, sqlite=connection.dialect.name == "sqlite").where(keys[-1].in_(chosen))
    scales = Scales(connection)
    return [_row(row, scales) for row in connection.execute(statement.order_by(*order))]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of an export, column by column (by their names in `registry_statements.COLUMNS`), as the driver gave them.

    `scales` are those of their survey versions, and of the chunks before; `after` is where to go on (None: that was all).
    """

    rows: int
    columns: Mapping[str, Sequence[Any]]
    scales: Mapping[tuple[str, int], Scale]
    after: Sequence[int] | None


_VERSION = ("survey_id", "survey_version")
_SLICE = 500  # rows that the driver makes at once: all the while it lets no other thread run


def read_chunk(
    connection: Connection,
    wanted: Wanted,
    size: int,
    after: Sequence[int] | None,
    names: Collection[str] | None = None,
    known: Mapping[tuple[str, int], Scale] = MappingProxyType({}),
) -> Chunk:
    """Return the next rows, at most `size`, in the columns that are named (None: in all). `known` scales are not read again."""
    if wanted.impossible:
        return Chunk(0, {}, known, None)
    chosen = COLUMNS if names is None else columns_of(wanted, names)
    # The driver's own rows: nothing in them has to be converted, and to wrap each costs half as much as reading it.
    rows: list[Any] = []
    for statement, values in _statements(connection, wanted, after, back=False, columns=chosen):
        result = connection.execute(statement, {**values, "rest": size - len(rows)})
        while some := result.cursor.fetchmany(_SLICE):
            rows += some
        result.close()
        if len(rows) == size:
            break
    if not rows:
        return Chunk(0, {}, known, None)
    columns = dict(zip((column.name for column in chosen), zip(*rows, strict=True), strict=True))
    following = [columns[key.name][-1] for key in keys_of(wanted)] if len(rows) == size else None
    return Chunk(len(rows), columns, _scales(connection, columns, known), following)


def _scales(
    connection: Connection, columns: Mapping[str, Sequence[Any]], known: Mapping[tuple[str, int], Scale]
) -> Mapping[tuple[str, int], Scale]:
    """Return the scales that are known, and those of the survey versions in the columns, if these are among them."""
    if not columns.keys() >= set(_VERSION):
        return known
    new = set(zip(*(columns[name] for name in _VERSION), strict=True)) - known.keys()
    return {**known, **{each: load_survey_version(connection, *each).scale for each in new if None not in each}}


def _slice(connection: Connection, wanted: Wanted, many: int, after: Sequence[int] | None, *, back: bool) -> list[Any]:
    found: list[Any] = []
    for statement, values in _statements(connection, wanted, after, back=back):
        found += connection.execute(statement, {**values, "rest": many - len(found)}).all()
        if len(found) == many:
            break
    return found


def _statements(
    connection: Connection,
    wanted: Wanted,
    after: Sequence[int] | None,
    *,
    back: bool,
    columns: Columns = COLUMNS,
) -> Iterator[tuple[Select[Any], Mapping[str, int]]]:
    """Yield what reads the rows that follow a place, `rest` of them at most: mostly at once, else piece by piece."""
    keys = keys_of(wanted)
    falling = wanted.sort.falling is not back
    start = rare_start(connection, wanted)
    pieces = (
        pieces_of(connection, wanted, falling=falling, after=None if after is None else after[0])
        if start is None
        else in_one_piece(wanted)
    )
    following = [] if after is None else [beyond(keys, after, falling=falling)]
    order = [key.desc() if falling else key.asc() for key in keys]
    sqlite = connection.dialect.name == "sqlite"
    statement = page_of(pieces.wanted, order, *following, sqlite=sqlite, start=start, columns=columns)
    yield from ((statement, values) for values in pieces.values)


def _read(cursor: str | None, wanted: Wanted, size: int) -> tuple[bool, list[int] | None]:
    """Return whether a cursor goes back, and the keys of the row that it names. Raises InvalidInput."""
    if cursor is None:
        return False, None
    number, *values = read_cursor(cursor, size + 1)
    if number not in {sort_number(wanted), -sort_number(wanted) - _BACK}:
        raise foreign_cursor()  # it is of another order
    return number < 0, values


def _cursor(wanted: Wanted, row: Any, keys: Sequence[Any], *, back: bool) -> str:
    number = sort_number(wanted)
    return make_cursor(-number - _BACK if back else number, *_values(row, keys))


def _values(row: Any, keys: Sequence[Any]) -> list[int]:
    return [getattr(row, key.name) for key in keys]


def _row(row: Any, scales: Scales) -> RegistryRow:
    confirmed = row.vote_state == VoteState.CONFIRMED.value
    return RegistryRow(
        id=row.id,
        show=_shown(row, confirmed=confirmed),
        desk=row.desk,
        ticket_id=row.ticket_id,
        ticket_url=row.ticket_url,
        subject=row.subject,
        customer=row.customer_name,
        recording_url=row.recording_url,
        closed_at=row.closed_at,
        decided_at=row.decided_at,
        due_at=row.due_at,
        asked_at=row.asked_at,
        rated_at=row.rated_at,
        value=row.value,
        picked=scales.picked(row.survey_id, row.survey_version, row.value),
        comment=row.comment,
        satisfied=None if row.satisfied is None else bool(row.satisfied),
        scale=row.scale,
        vote_state=row.vote_state,
        decision=row.decision,
        reason=row.reason,
        detail=json.loads(row.detail) if row.detail else None,
        state=row.state,
        state_reason=row.state_reason,
        delivery=row.delivery,
        survey=row.survey_id,
        channel=row.account,
        form=row.form,
        form_name=row.form_name,
        group=row.group_id,
        group_name=row.group_name,
        agent=row.agent_id,
        agent_name=row.agent_name,
        priority=row.priority,
        kind=row.kind,
        outcome=row.outcome,
        tag=row.tag,
        first_response_s=row.first_response_s,
        handling_s=row.handling_s,
        erased=row.erased_at is not None,
    )


def _shown(row: Any, *, confirmed: bool) -> Show:
    if confirmed:
        return Show.RATED
    return Show.NOT_ASKED if row.asked_at is None else Show.UNANSWERED


__all__ = [
    "COUNTED",
    "DECISIONS",
    "REASONS",
    "SORTS",
    "Chunk",
    "Picked",
    "RegistryPage",
    "RegistryRow",
    "Scales",
    "Show",
    "Sort",
    "Total",
    "Wanted",
    "count_registry",
    "list_registry",
    "parse_wanted",
    "read_chunk",
    "rows_by_ids",
]
