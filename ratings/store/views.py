"""Saved views: filters under a name, one's own or shared with everybody; and what somebody prefers to see.

A view is the query of a URL: whoever opens a shared one sees it with their own rights. Only shared ones concern others, and so
only they are in the audit log.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from ratings.errors import FieldError, InvalidInput
from ratings.store.audit import note_change
from ratings.store.people_tables import saved_views, users
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import Instant

MAX_NAME = 100
MAX_QUERY = 4_000
MAX_VIEWS = 200
"""Views of one person on one page."""

MAX_PREFERENCE = 4_000


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: its page, its name, the query it stands for, and whose it is."""

    id: int
    user_id: int
    owner: str
    page: str
    name: str
    query: str
    shared: bool
    created_at: Instant


def list_views(connection: Connection, user_id: int, page: str) -> list[View]:
    """Return one's own views of a page and those that others share, by name; one's own first."""
    rows = connection.execute(
        _VIEWS.where(
            saved_views.c.page == page, or_(saved_views.c.user_id == user_id, saved_views.c.shared.is_(True))
        ).order_by(saved_views.c.name, saved_views.c.id)
    )
    return sorted((_view(row) for row in rows), key=lambda view: view.user_id != user_id)


_VIEWS = select(saved_views, users.c.name.label("owner")).select_from(
    saved_views.join(users, users.c.id == saved_views.c.user_id)
)


def _view(row: Any) -> View:
    return View(row.id, row.user_id, row.owner, row.page, row.name, row.query, bool(row.shared), row.created_at)


def _check(name: str, query: str) -> str:
    """Return the name as it is kept. Raises InvalidInput."""
    errors = []
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        errors.append(FieldError("/name", f"expected 1 to {MAX_NAME} characters on one line"))
    if len(query) > MAX_QUERY or not query.isascii() or not query.isprintable():
        errors.append(FieldError("/query", f"expected the query of an address, at most {MAX_QUERY} characters"))
    if errors:
        raise InvalidInput(tuple(errors))
    return name


@dataclass(frozen=True, slots=True)
class SaveView(Operation[View]):
    """Keep a view; one's own of the same name and page is replaced. Raises InvalidInput."""

    user_id: int
    page: str
    name: str
    query: str
    shared: bool
    by: str

    order: ClassVar[int] = 62

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SaveView"]) -> Sequence[View]:
        """Keep one after another."""
        return [_save(unit, operation) for operation in operations]


def _save(unit: Unit, operation: SaveView) -> View:
    name = _check(operation.name, operation.query)
    # Two processes may save one name at once: whoever comes second finds the person's row locked, and then the view.
    unit.rows(unit.lock(select(users.c.id).where(users.c.id == operation.user_id)))
    theirs = [
        _view(row)
        for row in unit.rows(
            _VIEWS.where(saved_views.c.user_id == operation.user_id, saved_views.c.page == operation.page)
        )
    ]
    before = next((view for view in theirs if view.name == name), None)
    if before is None and len(theirs) >= MAX_VIEWS:
        raise InvalidInput((FieldError("/name", f"you have {MAX_VIEWS} views already; delete one first"),))
    if before is None:
        number = unit.connection.execute(
            insert(saved_views)
            .values(
                user_id=operation.user_id,
                page=operation.page,
                name=name,
                query=operation.query,
                shared=operation.shared,
                created_at=unit.now,
            )
            .returning(saved_views.c.id)
        ).scalar_one()
    else:
        number = before.id
        unit.connection.execute(
            update(saved_views).where(saved_views.c.id == number).values(query=operation.query, shared=operation.shared)
        )
    after = _find(unit, number)
    assert after is not None
    _note(unit, operation.by, before, after)
    return after


@dataclass(frozen=True, slots=True)
class ChangeView(Operation[View | None]):
    """Give one's own view another name, or share it or not. None where it is not one's own. Raises InvalidInput (name)."""

    user_id: int
    view_id: int
    name: str
    shared: bool
    by: str

    order: ClassVar[int] = 62

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ChangeView"]) -> Sequence[View | None]:
        """Change one after another."""
        return [_change(unit, operation) for operation in operations]


def _change(unit: Unit, operation: ChangeView) -> View | None:
    unit.rows(unit.lock(select(users.c.id).where(users.c.id == operation.user_id)))
    before = _find(unit, operation.view_id)
    if before is None or before.user_id != operation.user_id:
        return None
    name = _check(operation.name, before.query)
    taken = select(saved_views.c.id).where(
        saved_views.c.user_id == operation.user_id,
        saved_views.c.page == before.page,
        saved_views.c.name == name,
        saved_views.c.id != before.id,
    )
    if unit.rows(taken):
        raise InvalidInput((FieldError("/name", "you have a view of this name already"),))
    unit.connection.execute(
        update(saved_views).where(saved_views.c.id == before.id).values(name=name, shared=operation.shared)
    )
    after = _find(unit, before.id)
    _note(unit, operation.by, before, after)
    return after


@dataclass(frozen=True, slots=True)
class DeleteView(Operation[bool]):
    """Forget one's own view. False where it is not one's own."""

    user_id: int
    view_id: int
    by: str

    order: ClassVar[int] = 62

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["DeleteView"]) -> Sequence[bool]:
        """Forget one after another."""
        return [_delete(unit, operation) for operation in operations]


def _delete(unit: Unit, operation: DeleteView) -> bool:
    before = _find(unit, operation.view_id)
    if before is None or before.user_id != operation.user_id:
        return False
    unit.connection.execute(
        delete(saved_views).where(
            and_(saved_views.c.id == operation.view_id, saved_views.c.user_id == operation.user_id)
        )
    )
    _note(unit, operation.by, before, None)
    return True


def _find(unit: Unit, number: int) -> View | None:
    found = unit.rows(_VIEWS.where(saved_views.c.id == number))
    return _view(found[0]) if found else None


def _note(unit: Unit, by: str, before: View | None, after: View | None) -> None:
    """Note what others see change."""
    if not any(view is not None and view.shared for view in (before, after)):
        return
    view = after or before
    assert view is not None
    what = "created" if before is None else "removed" if after is None else "changed"
    note_change(unit, by, what, "view", view.name, before=_shown(before), after=_shown(after))


def _shown(view: View | None) -> Mapping[str, Any] | None:
    return None if view is None else {"page": view.page, "name": view.name, "query": view.query, "shared": view.shared}


@dataclass(frozen=True, slots=True)
class Prefer(Operation[bool]):
    """Keep what somebody prefers under a name, such as the columns of a page; None forgets it. False where nobody is.

    Raises InvalidInput where it is too long.
    """

    user_id: int
    name: str
    value: object

    order: ClassVar[int] = 62

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Prefer"]) -> Sequence[bool]:
        """Keep one after another."""
        return [_prefer(unit, operation) for operation in operations]


def _prefer(unit: Unit, operation: Prefer) -> bool:
    row = unit.connection.execute(
        unit.lock(select(users.c.preferences).where(users.c.id == operation.user_id))
    ).one_or_none()
    if row is None:
        return False
    kept = json.loads(row.preferences)
    kept.pop(operation.name, None)
    if operation.value is not None:
        kept[operation.name] = operation.value
    written = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    if len(written) > MAX_PREFERENCE:
        raise InvalidInput((FieldError(f"/{operation.name}", "it is too long to be kept"),))
    unit.connection.execute(update(users).where(users.c.id == operation.user_id).values(preferences=written))
    return True
