"""Where people are signed in, and wrong passwords: who tries too many has to wait.

Session secrets reach this module as hashes only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Connection, delete, insert, select, update

from ratings.rights import Role, Viewer
from ratings.store.people_tables import login_failures, sessions, users
from ratings.store.unit import Unit
from ratings.store.users import hash_secret
from ratings.store.writer import Operation
from ratings.times import DAY, MINUTE, SECOND, Duration, Instant

SESSION_LIFE: Duration = 30 * DAY
"""How long a session lasts at the most."""

SESSION_IDLE: Duration = 7 * DAY
"""How long a session lasts that nobody uses."""

SEEN_EVERY: Duration = 5 * MINUTE
"""How exactly it is kept when a session was last used."""

FREE_TRIES = 5
FAILURES_COUNT_FOR: Duration = DAY
"""How long after the last of them wrong passwords are remembered."""

LONGEST_WAIT: Duration = 15 * MINUTE
"""Between two tries of one name's password, after many wrong ones."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that lives, and whose it is."""

    viewer: Viewer
    hash: str
    seen_at: Instant


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One of the places where somebody is signed in."""

    hash: str
    created_at: Instant
    seen_at: Instant
    agent: str


def find_session(connection: Connection, secret_hash: str, now: Instant) -> SignedIn | None:
    """Return whose session this is, while it lives and they are not shut out."""
    row = connection.execute(
        select(users, sessions.c.hash, sessions.c.seen_at)
        .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
        .where(
            sessions.c.hash == secret_hash,
            sessions.c.expires_at > now,
            sessions.c.seen_at > now - SESSION_IDLE,
            users.c.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    viewer = Viewer(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        forms=None if row.forms is None else tuple(json.loads(row.forms)),
        agents=tuple(json.loads(row.agents or "[]")),
        may_edit=bool(row.may_edit),
        language=row.language,
        preferences=json.loads(row.preferences),
    )
    return SignedIn(viewer, row.hash, row.seen_at)


def list_sessions(connection: Connection, user_id: int, now: Instant) -> list[OpenSession]:
    """Return where somebody is signed in, the last used first."""
    rows = connection.execute(
        select(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now, sessions.c.seen_at > now - SESSION_IDLE)
        .order_by(sessions.c.seen_at.desc())
    )
    return [OpenSession(row.hash, row.created_at, row.seen_at, row.agent) for row in rows]


# --- changing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TryPassword(Operation[Duration]):
    """Somebody is about to try a password: returns how long they must wait first (0: they may try, and this try is counted).

    It is counted before the password is looked at: tries that come all at once get no more of them than one after another.
    `browser` is one in which they signed in before, or "": tries there are counted by themselves, so that a stranger who
    guesses passwords keeps nobody out of their own browser.
    """

    name: str
    browser: str = ""

    order: ClassVar[int] = 62

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["TryPassword"]) -> Sequence[Duration]:
        """Count one after another."""
        return [_try(unit, _tries_of(operation.name, operation.browser)) for operation in operations]


def _tries_of(name: str, browser: str) -> str:
    return hash_secret(f"{name}\0{browser}" if browser else name)


def _try(unit: Unit, who: str) -> Duration:
    unit.insert_missing(login_failures, [{"who": who, "many": 0, "last_at": 0}])
    row = unit.connection.execute(unit.lock(select(login_failures).where(login_failures.c.who == who))).one()
    left = row.last_at + wait_after(row.many) - unit.now
    if 0 < left <= LONGEST_WAIT:
        return int(left)
    many = row.many + 1 if unit.now - row.last_at < FAILURES_COUNT_FOR else 1
    unit.connection.execute(
        update(login_failures).where(login_failures.c.who == who).values(many=many, last_at=unit.now)
    )
    return 0


def wait_after(many: int) -> Duration:
    """How long to wait after so many wrong passwords in a row: none for some, then twice as long each time."""
    if many < FREE_TRIES:
        return 0
    return min(SECOND << min(many - FREE_TRIES, 20), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class SignIn(Operation[None]):
    """Somebody proved who they are: a session begins; the wrong passwords that `browser` counted are forgotten.

    `instead`: the session that the browser had until now ends.
    """

    user_id: int
    name: str
    secret_hash: str
    agent: str
    browser: str = ""
    instead: str = ""

    order: ClassVar[int] = 63

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SignIn"]) -> Sequence[None]:
        """Begin each; sessions that are over are forgotten on the way."""
        over = (sessions.c.expires_at <= unit.now) | (sessions.c.seen_at <= unit.now - SESSION_IDLE)
        unit.connection.execute(delete(sessions).where(over))
        for operation in operations:
            unit.connection.execute(
                insert(sessions).values(
                    hash=operation.secret_hash,
                    user_id=operation.user_id,
                    created_at=unit.now,
                    seen_at=unit.now,
                    expires_at=unit.now + SESSION_LIFE,
                    agent=operation.agent,
                )
            )
            unit.connection.execute(delete(sessions).where(sessions.c.hash == operation.instead))
            tries = _tries_of(operation.name, operation.browser)
            unit.connection.execute(delete(login_failures).where(login_failures.c.who == tries))
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class SawSession(Operation[None]):
    """A session was used."""

    secret_hash: str

    order: ClassVar[int] = 64

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SawSession"]) -> Sequence[None]:
        """Remember each."""
        for operation in operations:
            unit.connection.execute(
                update(sessions).where(sessions.c.hash == operation.secret_hash).values(seen_at=unit.now)
            )
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class SignOut(Operation[int]):
    """End one session of somebody, or all of them (no `secret_hash`) but `but`; returns how many."""

    user_id: int
    secret_hash: str | None = None
    but: str = ""

    order: ClassVar[int] = 64

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SignOut"]) -> Sequence[int]:
        """End each."""
        ended = []
        for operation in operations:
            which = sessions.c.user_id == operation.user_id
            if operation.secret_hash is not None:
                which &= sessions.c.hash == operation.secret_hash
            ended.append(
                unit.connection.execute(delete(sessions).where(which, sessions.c.hash != operation.but)).rowcount
            )
        return ended
