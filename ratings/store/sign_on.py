"""People who prove elsewhere who they are (OpenID Connect): which of ours they are, for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from sqlalchemy import select, update

from ratings.store.audit import note_change
from ratings.store.people_tables import users
from ratings.store.unit import Unit
from ratings.store.users import Rights, add_user
from ratings.store.writer import Operation

BY = "oidc"
"""How the audit log names what happened because somebody came from there."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who it is; `refused` says why they are not let in: nobody is called that, they are shut out, or the name is another's."""

    user_id: int = 0
    name: str = ""
    refused: Literal["", "unknown", "shut_out", "taken"] = ""


@dataclass(frozen=True, slots=True)
class Recognise(Operation[Recognised]):
    """Find who has proved to be `subject`: by that, whatever they are called now; the first time by `name`, and then for good.

    `rights`: what somebody gets whom nobody knows; None: they are not let in. Raises NameTaken when two come at once.
    """

    subject: str
    name: str
    rights: Rights | None = None

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["Recognise"]) -> Sequence[Recognised]:
        """Recognise one after another."""
        return [_recognise(unit, operation) for operation in operations]


def _recognise(unit: Unit, operation: Recognise) -> Recognised:
    either = (users.c.oidc_subject == operation.subject) | (users.c.name == operation.name)
    found = unit.rows(unit.lock(select(users).where(either).order_by(users.c.id)))
    row = next((each for each in found if each.oidc_subject == operation.subject), None) or next(iter(found), None)
    if row is None:
        if operation.rights is None:
            return Recognised(refused="unknown")
        number = add_user(unit, operation.name, operation.rights, BY, oidc_subject=operation.subject)
        return Recognised(number, operation.name)
    if row.disabled_at is not None:
        return Recognised(refused="shut_out")
    if row.oidc_subject is None:
        unit.connection.execute(update(users).where(users.c.id == row.id).values(oidc_subject=operation.subject))
        _note(unit, BY, row.name, after=True)
    elif row.oidc_subject != operation.subject:
        return Recognised(refused="taken")
    return Recognised(row.id, row.name)


@dataclass(frozen=True, slots=True)
class ForgetSubject(Operation[bool]):
    """Forget where somebody signs in: whoever comes under their name next is them. False where there is nothing to forget."""

    user_id: int
    by: str

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ForgetSubject"]) -> Sequence[bool]:
        """Forget each."""
        return [_forget(unit, operation) for operation in operations]


def _forget(unit: Unit, operation: ForgetSubject) -> bool:
    name = unit.connection.execute(
        update(users)
        .where(users.c.id == operation.user_id, users.c.oidc_subject.is_not(None))
        .values(oidc_subject=None)
        .returning(users.c.name)
    ).scalar_one_or_none()
    if name is None:
        return False
    _note(unit, operation.by, name, after=False)
    return True


def _note(unit: Unit, by: str, name: str, *, after: bool) -> None:
    note_change(
        unit, by, "changed", "user", name, before={"signs_in_elsewhere": not after}, after={"signs_in_elsewhere": after}
    )
