"""What is set for the whole installation by its pages: named JSON values, read where they are needed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, select

from ratings.store.audit import note_change
from ratings.store.people_tables import settings
from ratings.store.unit import Unit
from ratings.store.writer import Operation


def load_setting(connection: Connection, name: str) -> Any:
    """Return a value, or None where nothing is set."""
    found = connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar_one_or_none()
    return None if found is None else json.loads(found)


@dataclass(frozen=True, slots=True)
class SaveSetting(Operation[bool]):
    """Set a value. Returns False where it is so already. The audit log keeps both: never a secret."""

    name: str
    value: Any
    by: str

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SaveSetting"]) -> Sequence[bool]:
        """Set one after another."""
        return [save_setting(unit, operation) for operation in operations]


def save_setting(unit: Unit, wanted: SaveSetting) -> bool:
    """Set a value in a transaction that does more. Returns False where it is so already."""
    before = load_setting(unit.connection, wanted.name)
    if before == wanted.value:
        return False
    write_setting(unit, wanted.name, wanted.value, wanted.by)
    note_change(unit, wanted.by, "changed", "setting", wanted.name, before=_values(before), after=_values(wanted.value))
    return True


def write_setting(unit: Unit, name: str, value: Any, by: str) -> None:
    """Write a value whose change is noted elsewhere."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    unit.upsert(settings, [{"name": name, "value": text, "changed_at": unit.now, "changed_by": by}])


def lock_setting(unit: Unit, name: str, by: str) -> Any:
    """Return a value that nobody else changes until this transaction is over: what is read and written back loses nothing."""
    unit.insert_missing(settings, [{"name": name, "value": "null", "changed_at": unit.now, "changed_by": by}])
    return json.loads(
        unit.connection.execute(unit.lock(select(settings.c.value).where(settings.c.name == name))).scalar_one()
    )


def _values(value: Any) -> dict[str, Any] | None:
    return value if value is None or isinstance(value, dict) else {"value": value}
