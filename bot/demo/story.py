"""Whom the demo knows, which tickets it closes, and what the customers would do with them: data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TELEGRAM, VK, VIBER, EMAIL = "telegram.support", "vk.support", "viber.support", "email.support"
"""Our accounts, one on each channel."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of one account. `id`: who this is to the stand-in: a number, or a mail address.

    `old_app`: knows no buttons that call back. `protected`: a scanner opens every link before its owner sees it.
    """

    account: str
    id: str
    name: str
    language: str
    old_app: bool = False
    protected: bool = False

    @property
    def number(self) -> int:
        """The id of a person with a phone."""
        return int(self.id)


@dataclass(frozen=True, slots=True)
class Scene:
    """A ticket that is closed, and what its customer does: taps these values one after another, then writes.

    In a mail a tap is a link with the button on its page; `reply` is written back in its place, and is read as the last
    of `taps` with `comment`. No `taps`: the customer does nothing; not `asked`: nobody asks (the rule or the unknown
    channel says so). `answer`: the agent's last mail, whose thread the prompt comes into.
    """

    ticket: str
    person: Person
    subject: str
    priority: str
    agent: tuple[str, str]
    group: str
    taps: tuple[int, ...] = ()
    comment: str | None = None
    reply: str = ""
    answer: str = ""
    asked: bool = True
    channel: str = ""
    tags: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """Where the customer is to be asked."""
        return self.channel or self.person.account

    @property
    def message_id(self) -> str:
        """The agent's last mail about this ticket."""
        return f"<{self.ticket.lower()}.answer@desk.example>"

    def closed(self, at: str, address: str) -> Mapping[str, Any]:
        """Return the ticket as a helpdesk reports it; `at` is RFC 3339."""
        agent_id, agent_name = self.agent
        ticket = {
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
            "customer": {"id": self.person.id, "name": self.person.name, "language": self.person.language},
            "address": {"channel": self.account, "id": address},
            "tags": list(self.tags),
        }
        if self.answer:
            ticket["thread"] = {"message_id": self.message_id, "references": []}
        return ticket


ANNA = Person(TELEGRAM, "501", "Анна", "ru")
BORIS = Person(TELEGRAM, "502", "Борис", "ru")
KATE = Person(TELEGRAM, "503", "Kate", "en")
TOM = Person(TELEGRAM, "504", "Tom", "en")
OLGA = Person(TELEGRAM, "505", "Ольга", "ru")
IVAN = Person(VK, "601", "Иван", "ru")
NINA = Person(VK, "602", "Нина", "ru", old_app=True)
OKSANA = Person(VIBER, "701", "Оксана", "uk")
PAUL = Person(EMAIL, "paul@customers.example", "Paul", "en", protected=True)
VERA = Person(EMAIL, "vera@customers.example", "Вера", "ru")
ADAM = Person(EMAIL, "adam@customers.example", "Adam", "pl", protected=True)
PEOPLE = (ANNA, BORIS, KATE, TOM, OLGA, IVAN, NINA, OKSANA, PAUL, VERA, ADAM)

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
    Scene("T-105", OLGA, "Как поменять фото профиля", "low", MARIA, "level-1", asked=False),
    Scene("T-106", TOM, "Call me back, please", "high", JOHN, "level-1", channel="viber.shop", asked=False),
    Scene("T-107", IVAN, "Заказ не отображается", "high", MARIA, "level-1", taps=(4,), comment="Быстро помогли"),
    Scene("T-108", NINA, "Забыла пароль", "normal", MARIA, "level-1", taps=(5,)),
    Scene(
        "T-109", OKSANA, "Повернення коштів", "urgent", JOHN, "billing", taps=(2,), comment="Відповіли аж за тиждень"
    ),
    Scene(
        "T-110",
        PAUL,
        "Two-factor login",
        "normal",
        JOHN,
        "level-1",
        taps=(4,),
        answer="The second factor is on again: please try your code once more.",
    ),
    Scene(
        "T-111",
        VERA,
        "Чек за подписку",
        "normal",
        MARIA,
        "billing",
        taps=(5,),
        comment="спасибо!",
        reply="5, спасибо!",
        answer="Чек во вложении не открывался, отправили его ещё раз.",
    ),
    Scene("T-112", ADAM, "Zwrot za zamówienie", "normal", JOHN, "billing", answer="Zwróciliśmy pieniądze na kartę."),
)
