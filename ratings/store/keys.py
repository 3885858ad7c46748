"""API keys: hashed, named, revocable. And what an Idempotency-Key answered before."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ratings.store.audit import note_change
from ratings.store.schema import api_keys, idempotency_keys
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import DAY, Duration, Instant

IDEMPOTENCY_LIFE: Duration = DAY
"""How long an Idempotency-Key replays its answer."""


class Scope(StrEnum):
    """What a key may do; each includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def allows(self, wanted: "Scope") -> bool:
        """True when this scope includes the wanted one."""
        order = list(Scope)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is stored: never its secret."""

    id: str
    name: str
    scope: Scope
    created_at: Instant
    revoked_at: Instant | None

    @property
    def by(self) -> str:
        """What records name whoever acts with it."""
        return f"key:{self.name}"


class NameTaken(ValueError):
    """There is a key of this name, which may be revoked but keeps its name in the records."""


def new_key() -> tuple[str, str, str]:
    """Return (id, the key to hand out, its hash). The secret has 256 bits: a plain SHA-256 cannot be guessed back."""
    key_id = secrets.token_hex(4)
    key = f"tf_{key_id}_{secrets.token_urlsafe(32)}"
    return key_id, key, _hash(key)


def find_key(connection: Connection, key: str) -> ApiKey | None:
    """Return the live key that this is, or None. Constant time in the secret."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "tf":  # noqa: PLR2004 - tf_<id>_<secret>
        return None
    row = connection.execute(select(api_keys).where(api_keys.c.id == parts[1])).one_or_none()
    expected = row.hash if row is not None else _hash("")
    same = hmac.compare_digest(expected, _hash(key))
    if row is None or not same or row.revoked_at is not None:
        return None
    return ApiKey(row.id, row.name, Scope(row.scope), row.created_at, row.revoked_at)


def list_keys(connection: Connection) -> list[ApiKey]:
    """Return all keys, the revoked ones too."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
    return [ApiKey(row.id, row.name, Scope(row.scope), row.created_at, row.revoked_at) for row in rows]


@dataclass(frozen=True, slots=True)
class CreateKey(Operation[None]):
    """Store a new key. Raises NameTaken."""

    key_id: str
    name: str
    scope: Scope
    key_hash: str
    by: str

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["CreateKey"]) -> Sequence[None]:
        """Store one after another."""
        for operation in operations:
            try:
                unit.connection.execute(
                    insert(api_keys).values(
                        id=operation.key_id,
                        name=operation.name,
                        scope=operation.scope.value,
                        hash=operation.key_hash,
                        created_at=unit.now,
                    )
                )
            except IntegrityError as error:
                raise NameTaken(operation.name) from error
            after = {"id": operation.key_id, "scope": operation.scope.value}
            note_change(unit, operation.by, "created", "key", operation.name, after=after)
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class RevokeKey(Operation[bool]):
    """Revoke the key of a name. Returns False when there is no live one."""

    name: str
    by: str

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RevokeKey"]) -> Sequence[bool]:
        """Revoke one after another."""
        return [_revoke(unit, operation) for operation in operations]


def _revoke(unit: Unit, wanted: RevokeKey) -> bool:
    revoked = (
        update(api_keys)
        .where(api_keys.c.name == wanted.name, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=unit.now)
    )
    if unit.connection.execute(revoked).rowcount != 1:
        return False
    note_change(unit, wanted.by, "revoked", "key", wanted.name)
    return True


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered under an Idempotency-Key."""

    body_hash: str
    status: int
    body: str


def find_answer(connection: Connection, api_key: str, path: str, key: str, now: Instant) -> StoredAnswer | None:
    """Return what was answered before, while it is remembered."""
    row = connection.execute(
        select(idempotency_keys).where(
            idempotency_keys.c.api_key == api_key,
            idempotency_keys.c.path == path,
            idempotency_keys.c.key == key,
            idempotency_keys.c.at > now - IDEMPOTENCY_LIFE,
        )
    ).one_or_none()
    return StoredAnswer(row.body_hash, row.status, row.body) if row else None


@dataclass(frozen=True, slots=True)
class KeepAnswer(Operation[None]):
    """Remember an answer; what is older than its life is forgotten on the way."""

    api_key: str
    path: str
    key: str
    answer: StoredAnswer

    order: ClassVar[int] = 55

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["KeepAnswer"]) -> Sequence[None]:
        """Keep each; the first one stays."""
        unit.connection.execute(delete(idempotency_keys).where(idempotency_keys.c.at <= unit.now - IDEMPOTENCY_LIFE))
        rows = [
            {
                "api_key": operation.api_key,
                "path": operation.path,
                "key": operation.key,
                "body_hash": operation.answer.body_hash,
                "status": operation.answer.status,
                "body": operation.answer.body,
                "at": unit.now,
            }
            for operation in operations
        ]
        unit.insert_missing(idempotency_keys, rows)
        return [None] * len(operations)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
