"""Whom the demo knows, which tickets it closes, and what the customers would do with them: data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT = "telegram.support"


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with a phone. `user_id` is the chat's id, too."""

    user_id: int
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A ticket that is closed, and what its customer does: taps these values one after another, then writes.

    No `taps`: nobody is asked (the rule or the unknown channel says so).
    """

    ticket: str
    person: Person
    subject: str
    priority: str
    agent: tuple[str, str]
    group: str
    taps: tuple[int, ...] = ()
    comment: str | None = None
    channel: str = ACCOUNT
    tags: tuple[str, ...] = ()

    def closed(self, at: str) -> Mapping[str, Any]:
        """Return the ticket as a helpdesk reports it; `at` is RFC 3339."""
        agent_id, agent_name = self.agent
        return {
            "id": self.ticket,
            "closed_at": at,
            "desk": "demo",
            "form": {"id": "support", "name": "Support"},
            "subject": self.subject,
            "url": f"https://desk.example/tickets/{self.ticket}",
            "priority": self.priority,
            "group": {"id": self.group},
            "agent": {"id": agent_id, "name": agent_name},
            "closed_by": "agent",
            "customer": {"id": str(self.person.user_id), "name": self.person.name, "language": self.person.language},
            "address": {"channel": self.channel, "id": str(self.person.user_id)},
            "tags": list(self.tags),
        }


ANNA = Person(501, "Анна", "ru")
BORIS = Person(502, "Борис", "ru")
KATE = Person(503, "Kate", "en")
TOM = Person(504, "Tom", "en")
OLGA = Person(505, "Ольга", "ru")
PEOPLE = (ANNA, BORIS, KATE, TOM, OLGA)

MARIA, JOHN = ("a-1", "Мария Петрова"), ("a-2", "John Smith")

SKIP_RULE: Mapping[str, Any] = {"field": "priority", "is": "low"}
"""The demo's survey does not ask about these."""

SCENES = (
    Scene("T-101", ANNA, "Не приходит код подтверждения", "high", MARIA, "level-1", taps=(5,)),
    Scene(
        "T-102", BORIS, "Дважды списали оплату", "urgent", MARIA, "billing", taps=(2,), comment="Ждал ответа три дня"
    ),
    Scene("T-103", KATE, "Cannot change the delivery address", "normal", JOHN, "level-1", taps=(1, 4), tags=("vip",)),
    Scene("T-104", TOM, "Invoice for last month", "normal", JOHN, "billing", taps=(3,), comment="Okay, but slow"),
    Scene("T-105", OLGA, "Как поменять фото профиля", "low", MARIA, "level-1"),
    Scene("T-106", TOM, "Call me back, please", "high", JOHN, "level-1", channel="viber.shop"),
)
