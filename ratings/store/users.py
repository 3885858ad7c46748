"""People: who may sign in, with what rights, and where they are signed in.

Passwords and session secrets reach this module as hashes only.
"""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ratings.rights import Role
from ratings.store.audit import note_change
from ratings.store.people_tables import sessions, setup_links, users
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import DAY, Duration, Instant

MAX_NAME = 100
SETUP_LIFE: Duration = DAY


class NameTaken(ValueError):
    """There is somebody of this name already."""


class ChangedMeanwhile(ValueError):
    """They are not any more what they were when somebody began to change them."""


class LastOwner(ValueError):
    """Nobody would be left who may let others in."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. `forms` None: they see all of them."""

    id: int
    name: str
    role: Role
    forms: tuple[str, ...] | None
    agents: tuple[str, ...]
    may_edit: bool
    language: str | None
    created_at: Instant
    created_by: str
    disabled_at: Instant | None
    has_password: bool
    elsewhere: bool = False
    """They sign in at a provider of OpenID Connect, and are known by what it calls them."""


def read_name(given: str) -> str:
    """Return a name as it is kept: letters that look the same are the same, whatever their case. Raises ValueError."""
    name = "" if len(given) > 2 * MAX_NAME else unicodedata.normalize("NFKC", given).strip().casefold()
    name = unicodedata.normalize("NFKC", name)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise ValueError(f"a name is 1 to {MAX_NAME} characters on one line")
    return name


def hash_secret(secret: str) -> str:
    """Return the hash under which a session's or a link's secret is kept: it is random, so SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- reading -----------------------------------------------------------------------------------------------------


def any_user(connection: Connection) -> bool:
    """True once somebody may sign in."""
    return connection.execute(select(users.c.id).limit(1)).one_or_none() is not None


def list_users(connection: Connection) -> list[User]:
    """Return everybody, by name, those who were shut out among them."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]


def find_user(connection: Connection, user_id: int) -> User | None:
    """Return one of them."""
    row = connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return None if row is None else _user(row)


def find_password(connection: Connection, name: str) -> tuple[int, str] | None:
    """Return the id and the password's hash of somebody who may sign in with one."""
    row = connection.execute(
        select(users.c.id, users.c.password_hash).where(users.c.name == name, users.c.disabled_at.is_(None))
    ).one_or_none()
    return None if row is None or row.password_hash is None else (row.id, row.password_hash)


def setup_link_lives(connection: Connection, secret_hash: str, now: Instant) -> bool:
    """True for the secret of a set-up link that can still be used."""
    row = connection.execute(
        select(setup_links.c.hash).where(setup_links.c.hash == secret_hash, setup_links.c.created_at > now - SETUP_LIFE)
    ).one_or_none()
    return row is not None and not any_user(connection)


def _user(row: Any) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        forms=None if row.forms is None else tuple(json.loads(row.forms)),
        agents=tuple(json.loads(row.agents or "[]")),
        may_edit=bool(row.may_edit),
        language=row.language,
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
        has_password=row.password_hash is not None,
        elsewhere=row.oidc_subject is not None,
    )


# --- changing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rights:
    """What an owner or admin says of somebody."""

    role: Role
    forms: tuple[str, ...] | None = None
    agents: tuple[str, ...] = ()
    may_edit: bool = False

    def shown(self) -> dict[str, object]:
        """As the audit log shows it."""
        return {**asdict(self), "role": self.role.value}

    def columns(self) -> dict[str, object]:
        """As it is stored."""
        return {
            "role": self.role.value,
            "forms": None if self.forms is None else json.dumps(self.forms),
            "agents": json.dumps(self.agents),
            "may_edit": self.may_edit,
        }


def rights_of(row: Any) -> Rights:
    """Return what a row of the users says of somebody."""
    return standing_of(_user(row))[0]


def standing_of(user: User) -> tuple[Rights, bool]:
    """Return somebody's rights, and whether they are shut out: what `ChangeUser` changes."""
    return Rights(user.role, user.forms, user.agents, user.may_edit), user.disabled_at is not None


@dataclass(frozen=True, slots=True)
class AddUser(Operation[int]):
    """Let somebody in; returns their id. Raises NameTaken. `setup_hash`: by this set-up link, which must live (else returns 0)."""

    name: str
    rights: Rights
    password_hash: str | None
    by: str
    setup_hash: str | None = None
    oidc_subject: str | None = None

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["AddUser"]) -> Sequence[int]:
        """Let in one after another."""
        return [_add(unit, operation) for operation in operations]


def _add(unit: Unit, operation: AddUser) -> int:
    if operation.setup_hash is not None:
        if not setup_link_lives(unit.connection, operation.setup_hash, unit.now):
            return 0
        # Who deletes the row used the link, and all others with it: another process that tries one of them finds it gone.
        gone = unit.connection.execute(delete(setup_links).returning(setup_links.c.hash)).scalars().all()
        if operation.setup_hash not in gone:
            return 0
    return add_user(
        unit,
        operation.name,
        operation.rights,
        operation.by,
        password_hash=operation.password_hash,
        oidc_subject=operation.oidc_subject,
    )


def add_user(
    unit: Unit,
    name: str,
    rights: Rights,
    by: str,
    *,
    password_hash: str | None = None,
    oidc_subject: str | None = None,
) -> int:
    """Write somebody who may sign in from now on; return their id. Raises NameTaken."""
    try:
        number: int = unit.connection.execute(
            insert(users)
            .values(
                name=name,
                **rights.columns(),
                password_hash=password_hash,
                oidc_subject=oidc_subject,
                preferences="{}",
                created_at=unit.now,
                created_by=by,
            )
            .returning(users.c.id)
        ).scalar_one()
    except IntegrityError as error:
        raise NameTaken(name) from error
    note_change(unit, by, "created", "user", name, after=rights.shown())
    return number


@dataclass(frozen=True, slots=True)
class ChangeUser(Operation[bool]):
    """Change somebody's rights, or shut them out (which signs them out everywhere). False where nobody is.

    `was`: what whoever changes them saw, and judged their own right by; None: whatever it is. Raises ChangedMeanwhile, LastOwner.
    """

    user_id: int
    rights: Rights
    disabled: bool
    by: str
    was: User | None = None

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ChangeUser"]) -> Sequence[bool]:
        """Change one after another."""
        return [_change(unit, operation) for operation in operations]


def _change(unit: Unit, operation: ChangeUser) -> bool:
    # All owners are locked: two processes that each demote the other's last owner would leave none.
    everybody = unit.rows(unit.lock(select(users).order_by(users.c.id)))
    row = next((each for each in everybody if each.id == operation.user_id), None)
    if row is None:
        return False
    if operation.was is not None and standing_of(_user(row)) != standing_of(operation.was):
        raise ChangedMeanwhile(row.name)
    owners = {each.id for each in everybody if each.role == Role.OWNER.value and each.disabled_at is None}
    stays = operation.rights.role is Role.OWNER and not operation.disabled
    if owners == {row.id} and not stays:
        raise LastOwner(row.name)
    disabled_at = (row.disabled_at or unit.now) if operation.disabled else None
    unit.connection.execute(
        update(users).where(users.c.id == row.id).values(**operation.rights.columns(), disabled_at=disabled_at)
    )
    if operation.disabled:
        unit.connection.execute(delete(sessions).where(sessions.c.user_id == row.id))
    was = rights_of(row)
    note_change(
        unit,
        operation.by,
        "changed",
        "user",
        row.name,
        before={**was.shown(), "shut_out": row.disabled_at is not None},
        after={**operation.rights.shown(), "shut_out": operation.disabled},
    )
    return True


@dataclass(frozen=True, slots=True)
class SetPassword(Operation[bool]):
    """Give somebody another password; they are signed out everywhere but in the session `but`. False where nobody is."""

    user_id: int
    password_hash: str
    by: str
    but: str = ""

    order: ClassVar[int] = 61

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SetPassword"]) -> Sequence[bool]:
        """Change one after another."""
        return [_set_password(unit, operation) for operation in operations]


def _set_password(unit: Unit, operation: SetPassword) -> bool:
    name = unit.connection.execute(
        update(users)
        .where(users.c.id == operation.user_id)
        .values(password_hash=operation.password_hash)
        .returning(users.c.name)
    ).scalar_one_or_none()
    if name is None:
        return False
    unit.connection.execute(
        delete(sessions).where(sessions.c.user_id == operation.user_id, sessions.c.hash != operation.but)
    )
    note_change(unit, operation.by, "changed password", "user", name)
    return True


@dataclass(frozen=True, slots=True)
class SetLanguage(Operation[None]):
    """Remember the language that somebody reads."""

    user_id: int
    language: str

    order: ClassVar[int] = 61

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SetLanguage"]) -> Sequence[None]:
        """Remember each."""
        for operation in operations:
            unit.connection.execute(
                update(users).where(users.c.id == operation.user_id).values(language=operation.language)
            )
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class MakeSetupLink(Operation[bool]):
    """Keep a new one-time link for the first owner; each process prints one. False when somebody may sign in already."""

    secret_hash: str

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["MakeSetupLink"]) -> Sequence[bool]:
        """Keep each; those that are too old are forgotten on the way."""
        if any_user(unit.connection):
            return [False] * len(operations)
        unit.connection.execute(delete(setup_links).where(setup_links.c.created_at <= unit.now - SETUP_LIFE))
        for operation in operations:
            unit.connection.execute(insert(setup_links).values(hash=operation.secret_hash, created_at=unit.now))
        return [True] * len(operations)
