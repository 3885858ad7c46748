"""What there is to filter by, under the names that closings gave: for filter bars, and for the names of parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_, union

from ratings.rights import EVERYTHING, Sight
from ratings.store.report_tables import PLACE, directory, roll_up_cells, roll_up_changes
from ratings.tallies import DIMENSIONS


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody or something to filter by. `seen` is the day (20261231, UTC) of the newest closing that named it."""

    id: str
    name: str | None
    seen: int


def list_directory(connection: Connection, sight: Sight = EVERYTHING) -> dict[str, tuple[Entry, ...]]:
    """Return what there is by kind (survey, channel, form, group, agent, priority), in the order of names.

    Who may see some forms alone sees what occurs with those.
    """
    seen = None if sight.forms is None else _with_forms(connection, sight.forms)
    found: dict[str, list[Entry]] = {kind: [] for kind in DIMENSIONS}
    for row in connection.execute(select(directory)):
        if row.kind in found and (seen is None or row.id in seen[row.kind]):
            found[row.kind].append(Entry(row.id, row.name, row.seen))
    return {
        kind: tuple(sorted(entries, key=lambda entry: ((entry.name or entry.id).casefold(), entry.id)))
        for kind, entries in found.items()
    }


def names_of(connection: Connection, wanted: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """Return the newest names of ids by kind, where there are any."""
    pairs = [(kind, each) for kind, ids in wanted.items() for each in ids if each]
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(pairs), _AT_ONCE):
        key = tuple_(directory.c.kind, directory.c.id)
        statement = select(directory).where(key.in_(pairs[start : start + _AT_ONCE]), directory.c.name.is_not(None))
        found |= {(row.kind, row.id): row.name for row in connection.execute(statement)}
    return found


_AT_ONCE = 400


def _with_forms(connection: Connection, forms: Iterable[str]) -> dict[str, set[str]]:
    """Return what was ever counted together with some forms."""
    parts = [
        select(*(table.c[name] for name in PLACE)).where(table.c.form.in_(list(forms))).distinct()
        for table in (roll_up_cells, roll_up_changes)
    ]
    found: dict[str, set[str]] = {kind: set() for kind in DIMENSIONS}
    for row in connection.execute(union(*parts)):
        for kind, value in zip(DIMENSIONS, row, strict=True):
            found[kind].add(value)
    return found
