"""Digests in the store: each day's is begun once, whichever process sees its hour first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import ClassVar

from sqlalchemy import Connection, bindparam, select

from ratings.digests import MAX_DIGESTS, SETTING, Digest, day_to_tell, days_told, digests_to_list, read_digests
from ratings.hours import zone_named
from ratings.lifecycle import JobKind
from ratings.reports.figures import Days
from ratings.store.audit import fingerprint, note_change
from ratings.store.people_tables import settings as settings_table
from ratings.store.rows import job_row
from ratings.store.schema import digest_days, jobs
from ratings.store.settings import lock_setting, write_setting
from ratings.store.unit import Row, Unit
from ratings.store.writer import Operation

MAX_AT_ONCE = MAX_DIGESTS
_BEGUN = select(digest_days.c.job_id).where(
    digest_days.c.digest == bindparam("digest"), digest_days.c.day == bindparam("day")
)


def load_digests(connection: Connection) -> tuple[Digest, ...]:
    """Return what is set."""
    statement = select(settings_table.c.value).where(settings_table.c.name == SETTING)
    found = connection.execute(statement).scalar_one_or_none()
    return read_digests(None if found is None else json.loads(found))


@dataclass(frozen=True, slots=True)
class DigestJob:
    """What one digest tells: of which days, to whom, with which filters."""

    digest: Digest
    days: Days


def digest_of(detail: str) -> DigestJob:
    """Read what a digest's job tells, as it was set when it began its way."""
    data = json.loads(detail)
    (digest,) = read_digests([data["digest"]])
    return DigestJob(digest, Days(date.fromisoformat(data["first"]), date.fromisoformat(data["last"])))


@dataclass(frozen=True, slots=True)
class AddDigest(Operation[None]):
    """Set up one more. Raises InvalidInput where it cannot be, or where there are too many."""

    digest: Digest
    by: str

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["AddDigest"]) -> Sequence[None]:
        """Add one after another."""
        for operation in operations:
            known = read_digests(lock_setting(unit, SETTING, operation.by))
            listed = digests_to_list((*known, operation.digest))
            read_digests(listed)
            write_setting(unit, SETTING, listed, operation.by)
            _note(unit, operation.by, "created", operation.digest)
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class RemoveDigest(Operation[bool]):
    """Remove one. False where it is gone already."""

    id: str
    by: str

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RemoveDigest"]) -> Sequence[bool]:
        """Remove one after another."""
        return [_remove(unit, operation) for operation in operations]


def _remove(unit: Unit, operation: RemoveDigest) -> bool:
    known = read_digests(lock_setting(unit, SETTING, operation.by))
    gone = next((digest for digest in known if digest.id == operation.id), None)
    if gone is None:
        return False
    kept = tuple(digest for digest in known if digest is not gone)
    write_setting(unit, SETTING, digests_to_list(kept), operation.by)
    _note(unit, operation.by, "removed", gone)
    return True


def _note(unit: Unit, by: str, what: str, digest: Digest) -> None:
    """Note a change under the account. To whom it goes is somebody's address: only what tells it from another is told."""
    (told,) = digests_to_list((digest,))
    told["destination"] = fingerprint(digest.destination)
    values = {"after": told} if what == "created" else {"before": told}
    note_change(unit, by, what, "digest", digest.account, **values)


@dataclass(frozen=True, slots=True)
class SendDigests(Operation[int]):
    """Make the jobs of the digests whose hour it is, once a day each. Returns how many it made.

    `timezone` of the installation; `accounts` are those configured: what is to go by another is left out.
    """

    timezone: str
    accounts: frozenset[str]

    order: ClassVar[int] = 47

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["SendDigests"]) -> Sequence[int]:
        """Do it once, whoever asked."""
        return [_send(unit, operations[0])] * len(operations)

    def ids_wanted(self) -> int:
        """A job for each digest."""
        return MAX_AT_ONCE


def _send(unit: Unit, wanted: SendDigests) -> int:
    zone = zone_named(wanted.timezone) or UTC
    made: list[Row] = []
    for digest in load_digests(unit.connection):
        day = day_to_tell(digest, unit.now, zone)
        if day is None or digest.account not in wanted.accounts or len(made) >= MAX_AT_ONCE:
            continue
        if not unit.rows(_BEGUN, {"digest": digest.id, "day": day.isoformat()}):
            made += _begin(unit, digest, day)
    unit.insert(jobs, made)
    return len(made)


def _begin(unit: Unit, digest: Digest, day: date) -> list[Row]:
    """Return the job of a digest's day, in a list; none where another process was first: the key lets one write the day's row."""
    first, last = days_told(digest, day)
    detail = {"digest": digests_to_list((digest,))[0], "first": first.isoformat(), "last": last.isoformat()}
    job = job_row(
        unit,
        kind=JobKind.DIGEST,
        invitation_id=None,
        revision=0,
        account=digest.account,
        address=digest.address,
        due_at=unit.now,
        detail=json.dumps(detail, ensure_ascii=False),
    )
    key = {"digest": digest.id, "day": day.isoformat()}
    unit.insert_missing(digest_days, [key | {"job_id": job["id"], "at": unit.now}])
    (begun,) = unit.rows(_BEGUN, key)
    return [job] if begun.job_id == job["id"] else []
