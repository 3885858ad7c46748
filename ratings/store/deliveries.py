"""Events on their way to endpoints: which worker delivers to which endpoint, what came of each try, and how far it got.

A worker holds the lease of an endpoint while it delivers: no two deliver to one at a time. Every result is recorded under the
lease, and a worker that lost it (it was too slow, or a person changed the endpoint) changes nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from ratings.deliveries import MAX_REPLY, EndpointState, Reply, Standing, after_reply, at_position
from ratings.store.endpoints import Endpoint, load_endpoint, lock, save_standing
from ratings.store.schema import deliveries, endpoints, event_counter
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import SECOND, Duration, Instant

LEASE: Duration = 60 * SECOND
"""How long a worker that died keeps others from an endpoint: longer than one request and the queue before the writer."""

KEEP_DELIVERED = 200
"""Tries that succeeded are kept for the last so many of an endpoint; those that failed as long as all records of deliveries."""

_DUE = (
    select(endpoints.c.id)
    .where(
        endpoints.c.state == EndpointState.ACTIVE.value,
        endpoints.c.next_at <= bindparam("now"),
        or_(endpoints.c.lease.is_(None), endpoints.c.lease_until <= bindparam("now")),
        endpoints.c.position < select(event_counter.c.last).scalar_subquery(),
    )
    .order_by(endpoints.c.next_at, endpoints.c.id)
)
_DELETE = delete(deliveries).where(deliveries.c.id == bindparam("of"))


def due_endpoints(connection: Connection, now: Instant) -> list[int]:
    """Return the endpoints that something can be delivered to now, those that wait longest first."""
    return list(connection.execute(_DUE, {"now": now}).scalars())


@dataclass(frozen=True, slots=True)
class ClaimEndpoint(Operation[Endpoint | None]):
    """Take the lease of an endpoint, by a word of its own. Returns None when it is not due, or somebody else has it."""

    endpoint_id: int
    lease: str

    order: ClassVar[int] = 66

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ClaimEndpoint"]) -> Sequence[Endpoint | None]:
        """Claim one after another."""
        lock(unit, (operation.endpoint_id for operation in operations))
        return [_claim(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class RecordDelivery(Operation[Endpoint | None]):
    """Record what came of a try, and renew the lease; where the endpoint is not to be tried now, give it back.

    Returns the endpoint as it is now while the lease is held, else None. `jitter` is from 0 to 1.
    """

    endpoint_id: int
    lease: str
    number: int
    reply: Reply
    at: Instant
    jitter: float

    order: ClassVar[int] = 67

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RecordDelivery"]) -> Sequence[Endpoint | None]:
        """Record one after another."""
        lock(unit, (operation.endpoint_id for operation in operations))
        return [_record(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class PassOver(Operation[Endpoint | None]):
    """Say that every event up to a number was delivered or is not wanted there. `release` gives the lease back.

    Returns the endpoint as it is now while the lease is held, else None.
    """

    endpoint_id: int
    lease: str
    position: int
    release: bool

    order: ClassVar[int] = 68

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["PassOver"]) -> Sequence[Endpoint | None]:
        """Move one after another."""
        lock(unit, (operation.endpoint_id for operation in operations))
        return [_pass_over(unit, operation) for operation in operations]


def forget_deliveries(unit: Unit, before: Instant, portion: int) -> int:
    """Forget a portion of the tries before an instant, and of those that succeeded. Returns how many went."""
    old = select(deliveries.c.id).where(deliveries.c.at < before).order_by(deliveries.c.at).limit(portion)
    ids = [row.id for row in unit.rows(old)]
    for (endpoint_id,) in unit.rows(select(endpoints.c.id)):
        delivered = select(deliveries.c.id).where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.ok)
        newest = delivered.order_by(deliveries.c.id.desc())
        if len(ids) >= portion:
            break
        ids += [row.id for row in unit.rows(newest.offset(KEEP_DELIVERED).limit(portion))]
    unit.many(_DELETE, [{"of": each} for each in set(ids)])
    return len(set(ids))


# --- one after another -------------------------------------------------------------------------------------------


def _claim(unit: Unit, wanted: ClaimEndpoint) -> Endpoint | None:
    due = _DUE.where(endpoints.c.id == wanted.endpoint_id)
    if not unit.rows(due, {"now": unit.now}):
        return None
    taken = update(endpoints).where(endpoints.c.id == wanted.endpoint_id)
    unit.connection.execute(taken.values(lease=wanted.lease, lease_until=unit.now + LEASE))
    return load_endpoint(unit.connection, wanted.endpoint_id)


def _record(unit: Unit, done: RecordDelivery) -> Endpoint | None:
    endpoint = load_endpoint(unit.connection, done.endpoint_id)
    if endpoint is None:
        return None  # deleted meanwhile, and its records with it
    reply = done.reply
    unit.connection.execute(
        insert(deliveries).values(
            id=unit.next_id(),
            endpoint_id=done.endpoint_id,
            number=done.number,
            at=done.at,
            ok=reply.ok,
            status=reply.status,
            reply=reply.text[:MAX_REPLY] or None,
            problem=reply.problem or None,
            duration=reply.duration,
        )
    )
    if not _holds(unit, done.endpoint_id, done.lease):
        return None
    standing = after_reply(endpoint.standing, done.number, reply, unit.now, done.jitter)
    return _move(unit, done.endpoint_id, standing, release=not reply.ok)


def _pass_over(unit: Unit, wanted: PassOver) -> Endpoint | None:
    endpoint = load_endpoint(unit.connection, wanted.endpoint_id)
    if endpoint is None or not _holds(unit, wanted.endpoint_id, wanted.lease):
        return None
    standing = endpoint.standing
    if wanted.position > standing.position:
        standing = at_position(standing, wanted.position, unit.now)
    return _move(unit, wanted.endpoint_id, standing, release=wanted.release)


def _move(unit: Unit, endpoint_id: int, standing: Standing, *, release: bool) -> Endpoint | None:
    held: dict[str, Any] = {"lease_until": unit.now + LEASE}
    release = release or standing.state is not EndpointState.ACTIVE
    save_standing(unit, endpoint_id, standing, **({"lease": None, "lease_until": 0} if release else held))
    return None if release else load_endpoint(unit.connection, endpoint_id)


def _holds(unit: Unit, endpoint_id: int, lease: str) -> bool:
    """True while the lease is held: nobody took it, be it over or not, and no person's change ended it."""
    holder = select(endpoints.c.lease).where(endpoints.c.id == endpoint_id)
    return bool(unit.connection.execute(holder).scalar_one() == lease)
