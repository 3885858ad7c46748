"""Letting ratings out to the agents that they are of: written once, and never taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ratings.store.people_tables import releases
from ratings.store.unit import Unit
from ratings.store.writer import Operation
from ratings.times import Instant


@dataclass(frozen=True, slots=True)
class LetOut(Operation[None]):
    """Let ratings out on the day that begins at `day`. `agents` is by the rating's id. To do it twice changes nothing."""

    day: Instant
    agents: Mapping[int, str]

    order: ClassVar[int] = 80

    @classmethod
    def fold(cls, unit: Unit, operations: Sequence["LetOut"]) -> Sequence[None]:
        """Let out each."""
        rows = [
            {"rating_id": rating_id, "agent_id": agent, "day": operation.day}
            for operation in operations
            for rating_id, agent in sorted(operation.agents.items())
        ]
        unit.insert_missing(releases, rows)
        return [None] * len(operations)
