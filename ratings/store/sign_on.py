"""People who prove elsewhere who they are (OpenID Connect): which of ours they are, for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from sqlalchemy import delete, select, update

from ratings.rights import Role
from ratings.store.audit import differing, note_change
from ratings.store.people_tables import sessions, users
from ratings.store.unit import Unit
from ratings.store.users import Rights, add_user, rights_of
from ratings.store.writer import Operation

BY = "oidc"
"""How the audit log names what happened because somebody came from there."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody's groups give them, each time they come. `role` None: they are not let in. `forms` None: all of them."""

    role: Role | None
    forms: tuple[str, ...] | None = None
    rules_forms: bool = False
    """False: the forms stay as they are."""

    def over(self, rights: Rights) -> Rights:
        """Return somebody's rights as they are from now on. Owners are made here alone, and stay."""
        if self.role is None or rights.role is Role.OWNER:
            return rights
        return replace(rights, role=self.role, forms=self.forms if self.rules_forms else rights.forms)


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who it is; `refused` says why they are not let in.

    Nobody is called that, none of their groups is let in, they are shut out, or the name is another's.
    """

    user_id: int = 0
    name: str = ""
    refused: Literal["", "unknown", "ungrouped", "shut_out", "taken"] = ""


@dataclass(frozen=True, slots=True)
class Recognise(Operation[Recognised]):
    """Find who has proved to be `subject`: by that, whatever they are called now; the first time by `name`, and then for good.

    `rights`: what somebody gets whom nobody knows; None: they are not let in. `grant`: what their groups give instead, known or
    not: who is in none is not let in, and is signed out wherever they are. Raises NameTaken when two come at once.
    """

    subject: str
    name: str
    rights: Rights | None = None
    grant: Grant | None = None

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
        return _let_in(unit, operation)
    if row.disabled_at is not None:
        return Recognised(refused="shut_out")
    if row.oidc_subject not in {None, operation.subject}:
        return Recognised(refused="taken")
    if operation.grant is not None and operation.grant.role is None and row.role != Role.OWNER.value:
        _sign_out(unit, row)
        return Recognised(refused="ungrouped")
    if row.oidc_subject is None:
        unit.connection.execute(update(users).where(users.c.id == row.id).values(oidc_subject=operation.subject))
        _note(unit, BY, row.name, after=True)
    if operation.grant is not None:
        _follow(unit, row, operation.grant)
    return Recognised(row.id, row.name)


def _let_in(unit: Unit, operation: Recognise) -> Recognised:
    rights = operation.rights
    if operation.grant is not None:
        rights = None if operation.grant.role is None else operation.grant.over(Rights(operation.grant.role))
    if rights is None:
        return Recognised(refused="unknown" if operation.grant is None else "ungrouped")
    number = add_user(unit, operation.name, rights, BY, oidc_subject=operation.subject)
    return Recognised(number, operation.name)


def _sign_out(unit: Unit, row: Any) -> None:
    if unit.connection.execute(delete(sessions).where(sessions.c.user_id == row.id)).rowcount:
        note_change(unit, BY, "signed out", "user", row.name)


def _follow(unit: Unit, row: Any, grant: Grant) -> None:
    """Give somebody what their groups give, and take what they do not."""
    was = rights_of(row)
    now = grant.over(was)
    if now != was:
        unit.connection.execute(update(users).where(users.c.id == row.id).values(**now.columns()))
        before, after = differing(was.shown(), now.shown())
        note_change(unit, BY, "changed", "user", row.name, before=before, after=after)


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
