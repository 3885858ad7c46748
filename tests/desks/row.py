"""What the rows of the contract suite are made of."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from desks.base import Desk, Result, Verb
from net.errors import DeliveryError
from net.hooks import HookRequest
from tests.channels.platform import Behaviour, dead_url

NOW = 1_790_000_000_000
"""When the suite plays: ms since the epoch."""
WORDS = "Быстро и вежливо, Мария-Antoinette!"
"""What the customer said, or is said of them: in every ticket as its subject, and in every result as its comment."""
ADDRESS = "555001777"
"""How the customer of every ticket is reached, on telegram.support."""


class World(ABC):
    """A stand-in of one kind with a closed ticket in it, and a desk that is set up for it."""

    desk: Desk
    ticket_id: str

    @abstractmethod
    def done(self, verb: Verb, result: Result) -> bool:
        """Whether the stand-in's ticket is as the result wants it, by one of its verbs."""

    @abstractmethod
    def snapshot(self) -> Any:
        """All that the stand-in's ticket holds, to be compared with later."""


@dataclass(frozen=True)
class KindCase:
    kind: str
    world: Callable[[], AbstractAsyncContextManager[World]]
    make: Callable[[str, float], Desk]
    """From the address of what answers for the desk, and the timeout."""
    secrets: tuple[str, ...]
    """What no log line and no error may show."""
    closing: Callable[[int], HookRequest] | None
    """A proven hook by which a ticket was closed, sent at that instant. None: this kind has no hooks."""
    forged: Callable[[HookRequest], list[HookRequest]]
    """Hooks that must be refused, made from a good one."""
    troubles: Mapping[str, Behaviour] = field(default_factory=dict)
    """How this kind's desk says throttled, out_of_order, refused_credentials and garbage, where it is not by HTTP alone."""
    declared: Mapping[str, type[DeliveryError] | None] = field(default_factory=dict)
    """What a trouble means to this kind, where it is not what it means to the others. None: it is none."""
    retry_after: float = 7

    def idle(self) -> Desk:
        """A desk that never connects."""
        return self.make(dead_url(), 1)


def with_header(request: HookRequest, name: str, *values: str) -> list[HookRequest]:
    """The request, once with each of these in one of its headers."""
    return [replace(request, headers={**request.headers, name: value}) for value in values]


def without_each(request: HookRequest, *names: str) -> list[HookRequest]:
    """The request, once without each of these headers."""
    return [
        replace(request, headers={key: value for key, value in request.headers.items() if key != name})
        for name in names
    ]
