"""What there is to filter by: agents, groups, forms, priorities, channels and surveys that closings have named."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Insert, case, func
from sqlalchemy.dialects import postgresql, sqlite

from ratings.spans import number_of
from ratings.store.report_tables import directory
from ratings.store.unit import Row, Unit
from ratings.times import SECOND, Instant

_NAMED = (
    ("agent", "agent_id", "agent_name"),
    ("group", "group_id", "group_name"),
    ("form", "form", "form_name"),
    ("priority", "priority", None),
    ("channel", "account", None),
    ("survey", "survey_id", None),
)
"""A kind, and the columns of an invitation with its id and its name."""

NAMES = tuple(name for _, _, name in _NAMED if name is not None)
"""The columns with names."""
Entry = tuple[str, str, str | None, int]
"""A kind, an id, a name, and the day on which it was seen."""

_KNOWN: WeakKeyDictionary[Engine, set[Entry]] = WeakKeyDictionary()
_MOST_KNOWN = 100_000


def list_named(unit: Unit, invitations: Sequence[Row]) -> None:
    """List whom and what new invitations name, where this process has not done so today."""
    if not invitations:
        return
    known = _KNOWN.setdefault(unit.connection.engine, set())
    seen = day_seen(unit.now)
    new = {
        entry
        for row in invitations
        for kind, column, name in _NAMED
        if row[column] and (entry := (kind, row[column], row[name] if name is not None else None, seen)) not in known
    }
    if new:
        list_entries(unit, new)
        unit.committed.append(partial(_remember, known, new))


def entries_of(row: Any) -> Iterator[Entry]:
    """Say whom and what an invitation of any age names; its row has their columns and `closed_at`."""
    seen = day_seen(row.closed_at)
    for kind, column, name in _NAMED:
        if getattr(row, column):
            yield kind, getattr(row, column), getattr(row, name) if name is not None else None, seen


def list_entries(unit: Unit, entries: Iterable[Entry]) -> None:
    """List entries; of each the newest name stays."""
    newest: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda each: (each[3], each[2] is not None)):
        kind, number, name, seen = entry
        before = newest.get((kind, number))
        newest[kind, number] = kind, number, before[2] if name is None and before is not None else name, seen
    # In the order that all keep: two processes may list the same.
    rows = [dict(zip(("kind", "id", "name", "seen"), newest[key], strict=True)) for key in sorted(newest)]
    unit.many(_list(unit.is_postgresql), rows)


def day_seen(instant: Instant) -> int:
    """Return the day of an instant as the directory has it: in UTC."""
    return number_of(datetime.fromtimestamp(instant // SECOND, UTC).date())


@cache
def _list(is_postgresql: bool) -> Insert:
    statement = postgresql.insert(directory) if is_postgresql else sqlite.insert(directory)
    new, old = statement.excluded, directory.c
    later = new.seen >= old.seen
    # A desk may leave a name out.
    name = case((later, func.coalesce(new.name, old.name)), else_=func.coalesce(old.name, new.name))
    return statement.on_conflict_do_update(
        index_elements=[old.kind, old.id], set_={"name": name, "seen": case((later, new.seen), else_=old.seen)}
    )


def _remember(known: set[Entry], entries: set[Entry]) -> None:
    if len(known) > _MOST_KNOWN:
        known.clear()
    known.update(entries)
