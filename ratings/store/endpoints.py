"""Endpoints that events go to: made, changed, given new secrets, deleted. What goes there: `ratings.store.deliveries`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Literal, TypeVar

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ratings.deliveries import (
    EndpointState,
    SigningSecret,
    Standing,
    alive,
    at_position,
    rotated,
    switched,
)
from ratings.errors import FieldError, InvalidInput
from ratings.store.audit import differing, note_change
from ratings.store.schema import deliveries, endpoints, event_counter
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import SECOND, Duration, Instant

MAX_ENDPOINTS = 100
MAX_SECRETS = 5
"""Secrets that sign at the same time: each makes every message longer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint with its secrets. `types` None: events of every type."""

    id: int
    url: str
    types: tuple[str, ...] | None
    description: str
    secrets: tuple[SigningSecret, ...]
    standing: Standing
    created_at: Instant
    created_by: str
    last: int  # the newest event's number when this was read

    def wants(self, event_type: str) -> bool:
        """True when events of a type go there."""
        return self.types is None or event_type in self.types


class TooMany(Exception):
    """There are as many endpoints, or secrets of one, as there may be."""


class Keep(Enum):
    """The value of what a change does not name."""

    KEEP = "keep"


KEEP: Literal[Keep.KEEP] = Keep.KEEP
Value = TypeVar("Value")

_LAST = select(event_counter.c.last)
_ALL = select(endpoints, _LAST.scalar_subquery().label("last"))


def load_endpoint(connection: Connection, endpoint_id: int) -> Endpoint | None:
    """Return an endpoint, or None."""
    row = connection.execute(_ALL.where(endpoints.c.id == endpoint_id)).one_or_none()
    return None if row is None else endpoint_of(row)


def list_endpoints(connection: Connection) -> list[Endpoint]:
    """Return all endpoints, in the order in which they were made."""
    return [endpoint_of(row) for row in connection.execute(_ALL.order_by(endpoints.c.id))]


@dataclass(frozen=True, slots=True)
class CreateEndpoint(Operation[Endpoint]):
    """Make an endpoint. `since` None: it gets what happens from now on. Raises InvalidInput (since), TooMany."""

    url: str
    secret: str
    by: str
    types: tuple[str, ...] | None = None
    description: str = ""
    state: EndpointState = EndpointState.ACTIVE
    since: int | None = None

    order: ClassVar[int] = 62

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["CreateEndpoint"]) -> Sequence[Endpoint]:
        """Make one after another."""
        return [_create(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class ChangeEndpoint(Operation[Endpoint | None]):
    """Change what is named. Returns None when there is no such endpoint. Raises InvalidInput (since).

    A delivery that is on its way while the URL or the position changes is not recorded: it may be made again.
    """

    endpoint_id: int
    by: str
    url: str | Keep = KEEP
    types: tuple[str, ...] | Keep | None = KEEP
    description: str | Keep = KEEP
    state: EndpointState | Keep = KEEP
    since: int | Keep = KEEP

    order: ClassVar[int] = 63

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["ChangeEndpoint"]) -> Sequence[Endpoint | None]:
        """Change one after another."""
        lock(unit, (operation.endpoint_id for operation in operations))
        return [_change(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class RotateSecret(Operation[Endpoint | None]):
    """Give an endpoint a new secret; those before it sign for `keep` more. None: no such endpoint. Raises TooMany."""

    endpoint_id: int
    by: str
    secret: str
    keep: Duration

    order: ClassVar[int] = 64

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["RotateSecret"]) -> Sequence[Endpoint | None]:
        """Rotate one after another."""
        lock(unit, (operation.endpoint_id for operation in operations))
        return [_rotate(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class DeleteEndpoint(Operation[bool]):
    """Delete an endpoint and the record of its deliveries. Returns False when there is none."""

    endpoint_id: int
    by: str

    order: ClassVar[int] = 65

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["DeleteEndpoint"]) -> Sequence[bool]:
        """Delete one after another."""
        lock(unit, (operation.endpoint_id for operation in operations))
        return [_delete(unit, operation) for operation in operations]


# --- shared with the deliveries ----------------------------------------------------------------------------------


def lock(unit: Unit, endpoint_ids: Iterable[int]) -> None:
    """Lock the rows that operations are about, in the one order that all processes keep."""
    ids = sorted(set(endpoint_ids))
    unit.rows(unit.lock(select(endpoints.c.id).where(endpoints.c.id.in_(ids)).order_by(endpoints.c.id)))


def save_standing(unit: Unit, endpoint_id: int, standing: Standing, **more: Any) -> None:
    """Write where an endpoint stands, and further columns."""
    values = {
        "state": standing.state.value,
        "reason": standing.reason,
        "position": standing.position,
        "failing_since": standing.failing_since,
        "tries": standing.tries,
        "next_at": standing.next_at,
        **more,
    }
    unit.connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))


def endpoint_of(row: Row[Any]) -> Endpoint:
    """Return the endpoint of a row of all columns and `last`."""
    secrets = tuple(SigningSecret(each["secret"], each["until"]) for each in json.loads(row.secrets))
    standing = Standing(
        position=row.position,
        state=EndpointState(row.state),
        reason=row.reason,
        failing_since=row.failing_since,
        tries=row.tries,
        next_at=row.next_at,
    )
    types = None if row.types is None else tuple(json.loads(row.types))
    return Endpoint(
        row.id, row.url, types, row.description, secrets, standing, row.created_at, row.created_by, row.last
    )


# --- one after another -------------------------------------------------------------------------------------------


def _create(unit: Unit, wanted: CreateEndpoint) -> Endpoint:
    if unit.connection.execute(select(func.count()).select_from(endpoints)).scalar_one() >= MAX_ENDPOINTS:
        raise TooMany(f"there are {MAX_ENDPOINTS} endpoints, and no more are taken")
    last = unit.connection.execute(_LAST).scalar_one()
    position = last if wanted.since is None else _since(wanted.since, last)
    endpoint_id = unit.next_id()
    unit.connection.execute(
        insert(endpoints).values(
            id=endpoint_id,
            url=wanted.url,
            types=_types(wanted.types),
            description=wanted.description,
            secrets=_secrets((SigningSecret(wanted.secret),)),
            created_at=unit.now,
            created_by=wanted.by,
            state=wanted.state.value,
            position=position,
            tries=0,
            next_at=unit.now,
            lease_until=0,
        )
    )
    made = _there(unit, endpoint_id)
    note_change(unit, wanted.by, "created", "endpoint", str(endpoint_id), after=_noted(made))
    return made


def _change(unit: Unit, wanted: ChangeEndpoint) -> Endpoint | None:
    endpoint = load_endpoint(unit.connection, wanted.endpoint_id)
    if endpoint is None:
        return None
    standing, more = endpoint.standing, dict[str, Any]()
    if not isinstance(wanted.url, Keep) and wanted.url != endpoint.url:
        more |= {"url": wanted.url, "lease": None, "lease_until": 0}
        standing = at_position(standing, standing.position, unit.now)
    if not isinstance(wanted.since, Keep):
        more |= {"lease": None, "lease_until": 0}
        standing = at_position(standing, _since(wanted.since, endpoint.last), unit.now)
    if not isinstance(wanted.types, Keep):
        more["types"] = _types(wanted.types)
    if not isinstance(wanted.description, Keep):
        more["description"] = wanted.description
    if not isinstance(wanted.state, Keep):
        standing = switched(standing, wanted.state, unit.now)
    save_standing(unit, endpoint.id, standing, **more)
    changed = _there(unit, endpoint.id)
    before, after = differing(_noted(endpoint), _noted(changed))
    if after:
        note_change(unit, wanted.by, "changed", "endpoint", str(endpoint.id), before=before, after=after)
    return changed


def _rotate(unit: Unit, wanted: RotateSecret) -> Endpoint | None:
    endpoint = load_endpoint(unit.connection, wanted.endpoint_id)
    if endpoint is None:
        return None
    secrets = rotated(alive(endpoint.secrets, unit.now), wanted.secret, unit.now, wanted.keep)
    if len(secrets) > MAX_SECRETS:
        raise TooMany(f"{MAX_SECRETS} secrets of it sign already; wait for the end of one, or end them with keep_s 0")
    values: Mapping[str, Any] = {"secrets": _secrets(secrets)}
    unit.connection.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(**values))
    after = {"old_secrets_sign_s": wanted.keep // SECOND}
    note_change(unit, wanted.by, "new secret", "endpoint", str(endpoint.id), after=after)
    return _there(unit, endpoint.id)


def _delete(unit: Unit, wanted: DeleteEndpoint) -> bool:
    endpoint = load_endpoint(unit.connection, wanted.endpoint_id)
    if endpoint is None:
        return False
    unit.connection.execute(delete(deliveries).where(deliveries.c.endpoint_id == endpoint.id))
    unit.connection.execute(delete(endpoints).where(endpoints.c.id == endpoint.id))
    note_change(unit, wanted.by, "removed", "endpoint", str(endpoint.id), before=_noted(endpoint))
    return True


def _noted(endpoint: Endpoint) -> dict[str, Any]:
    """Return what the audit log says of an endpoint."""
    return {
        "url": endpoint.url,
        "types": None if endpoint.types is None else list(endpoint.types),
        "description": endpoint.description,
        "state": endpoint.standing.state.value,
        "position": endpoint.standing.position,
    }


def _there(unit: Unit, endpoint_id: int) -> Endpoint:
    endpoint = load_endpoint(unit.connection, endpoint_id)
    if endpoint is None:  # locked, or just written
        raise AssertionError(endpoint_id)
    return endpoint


def _since(wanted: int, last: int) -> int:
    if wanted > last:
        raise InvalidInput((FieldError("/since", f"{wanted}; expected a number up to {last}, the newest event's"),))
    return wanted


def _types(types: tuple[str, ...] | None) -> str | None:
    return None if types is None else json.dumps(types)


def _secrets(secrets: Sequence[SigningSecret]) -> str:
    return json.dumps([{"secret": each.secret, "until": each.until} for each in secrets])
