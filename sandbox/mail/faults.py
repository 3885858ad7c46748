"""Faults on demand: what happens to mails for an address, or for any ("*")."""

import asyncio
from dataclasses import dataclass
from typing import Literal

Stage = Literal["rcpt", "data", "drop_before", "drop_after", "hang"]

NO_SUCH_USER = "550 5.1.1 User unknown"
MAILBOX_FULL = "552 5.2.2 Mailbox full"
REFUSED_BY_POLICY = "554 5.7.1 Message refused by policy"
GREYLISTED = "451 4.7.1 Greylisted, try again later"
CLOSING = "421 4.3.2 Service shutting down, closing channel"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens, and when: refused at RCPT or after DATA; the line is cut; the answer never comes."""

    stage: Stage
    reply: str = ""
    released: asyncio.Event | None = None


class Faults:
    """The faults that wait, per address."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[Fault, int | None]]] = {}

    def add(self, address: str, fault: Fault, times: int | None) -> None:
        """Let the next `times` mails for an address meet this; None: all."""
        self._waiting.setdefault(address.lower(), []).append((fault, times))

    def take(self, addresses: list[str], stage: Stage) -> Fault | None:
        """What a mail for these addresses meets at this stage."""
        for address in (*(address.lower() for address in addresses), "*"):
            waiting = self._waiting.get(address, [])
            for at, (fault, times) in enumerate(waiting):
                if fault.stage == stage:
                    if times is not None:
                        waiting[at : at + 1] = [(fault, times - 1)] if times > 1 else []
                    return fault
        return None

    def clear(self) -> None:
        """Forget what waits; mails that hang stay with their event."""
        self._waiting.clear()
