"""Leases: which process polls an account, which one numbers events. A lease ends by itself when its owner dies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import delete, or_, update

from ratings.store.schema import leases
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import Duration


@dataclass(frozen=True, slots=True)
class TakeLease(Operation[bool]):
    """Take or renew a lease for `duration`. Returns False while another owner holds it."""

    name: str
    owner: str
    duration: Duration

    order: ClassVar[int] = 60

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["TakeLease"]) -> Sequence[bool]:
        """Take one after another."""
        return [_take(unit, operation) for operation in operations]


@dataclass(frozen=True, slots=True)
class GiveLease(Operation[None]):
    """Give a lease back, so that the next owner need not wait for its end."""

    name: str
    owner: str

    order: ClassVar[int] = 61

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["GiveLease"]) -> Sequence[None]:
        """Give one after another."""
        for operation in operations:
            unit.connection.execute(
                delete(leases).where(leases.c.name == operation.name, leases.c.owner == operation.owner)
            )
        return [None] * len(operations)


def _take(unit: Unit, wanted: TakeLease) -> bool:
    unit.insert_missing(leases, [{"name": wanted.name, "owner": wanted.owner, "until": 0}])
    statement = (
        update(leases)
        .where(leases.c.name == wanted.name, or_(leases.c.owner == wanted.owner, leases.c.until <= unit.now))
        .values(owner=wanted.owner, until=unit.now + wanted.duration)
    )
    return unit.connection.execute(statement).rowcount == 1
