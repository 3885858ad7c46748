"""The audit log: who changed what, from what to what, written in the transaction of the change itself."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import insert

from ratings.store.people_tables import audit
from ratings.store.unit import Unit

Values = Mapping[str, Any]

_URL = re.compile(r"https?://\S+", re.IGNORECASE)


def note_change(
    unit: Unit,
    by: str,
    what: str,
    kind: str,
    object_: str,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Note one change. `what` is a verb (created, changed, removed …), `kind` and `object_` say of what; values hold no secret.

    `by` is "user:NAME", "key:NAME" or "cli".
    """
    unit.connection.execute(
        insert(audit).values(
            at=unit.now, by=by, what=what, kind=kind, object=object_, before=_written(before), after=_written(after)
        )
    )


def fingerprint(secret: str) -> str:
    """Return what tells whether a text that must not be shown is the same as another."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def differing(before: Values, after: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of both that are not the same in the other."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def _written(values: Values | None) -> str | None:
    return None if values is None else json.dumps(_without_paths(values), ensure_ascii=False, separators=(",", ":"))


def _without_paths(value: Any) -> Any:
    """Of URLs only the host is told, and what tells whether it is the same: whoever knows the path of a hook can post to it."""
    if isinstance(value, Mapping):
        return {name: _without_paths(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_paths(each) for each in value]
    if isinstance(value, str) and _URL.fullmatch(value):
        return f"{urlsplit(value).netloc.rpartition('@')[2]}/… ({fingerprint(value)})"
    return value
