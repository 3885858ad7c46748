"""Closings of a sample: who closed what for whom, and the ticket as the desk would have told it. Pure."""

import json
from bisect import bisect
from dataclasses import dataclass
from functools import cache
from math import exp
from random import Random
from statistics import NormalDist

from ratings.sample.cast import (
    CHANNELS,
    DESK,
    FORMS,
    GROUPS,
    INCIDENT_FORM,
    PHONE,
    Agent,
    Cast,
)
from ratings.sample.people import CUSTOMERS
from ratings.sample.plan import INCIDENT_DROP, Calendar, Slot
from ratings.sample.words import SUBJECTS, TAGS
from ratings.times import HOUR, SECOND, Instant, format_instant

FIRST_TICKET = 100_001

_NORMAL = [exp(NormalDist().inv_cdf((number + 0.5) / 4096)) for number in range(4096)]
_PRIORITIES, _PRIORITY_ENDS = ("low", "normal", "high", "urgent"), (0.15, 0.8, 0.95, 1.0)
_CLOSERS, _CLOSER_ENDS = ("agent", "customer", "auto"), (0.86, 0.93, 1.0)
_CHANNEL_OF = [number for number, channel in enumerate(CHANNELS) for _ in range(channel.weight)]
_TAGGED = 0.25
_DO_NOT_ASK = ',"ask":false'


@dataclass(slots=True)
class Closing:
    """One closing. `satisfied` is the probability that whoever answers is."""

    number: int
    ticket_id: str
    closed_at: Instant
    satisfied: float
    channel: int
    customer: int
    customer_name: str
    language: str
    agent: Agent
    form: int
    priority: str
    subject: str
    url: str
    first_response_s: int
    handling_s: int
    incident: bool
    tags: tuple[str, ...] = ()
    closed_by: str = "agent"

    @property
    def address(self) -> str:
        """Where the customer is asked."""
        return address_of(self.customer)


def channel_of(customer: int) -> int:
    """Return on which channel a customer writes, always the same one."""
    return _CHANNEL_OF[customer * 7 % len(_CHANNEL_OF)]


def address_of(customer: int) -> str:
    """Return a customer's address on their channel."""
    return CHANNELS[channel_of(customer)].address.format(customer)


def spread(chance: Random, median: float, sigma: float) -> float:
    """Draw from a log-normal distribution, off a table: a sample draws several for every row."""
    return float(median * _NORMAL[int(chance.random() * 4096)] ** sigma)


class Closer:
    """Draws closings."""

    def __init__(self, cast: Cast, calendar: Calendar, rows: int) -> None:
        self.cast = cast
        self.calendar = calendar
        self.rows = rows
        self._hours: dict[int, str] = {}

    def close(self, chance: Random, number: int) -> Closing:
        """Draw the closing with this number, counted from 0."""
        cast = self.cast
        closed_at, slot = self.calendar.at((number + chance.random()) / self.rows)
        index = bisect(cast.agent_ends, chance.random() * cast.agent_ends[-1])
        agent = cast.agents[index]
        form = bisect(cast.form_ends[index], chance.random() * cast.form_ends[index][-1])
        customer = int(chance.random() * cast.customers)
        channel = channel_of(customer)
        satisfied = agent.satisfied + FORMS[form].shift + CHANNELS[channel].shift + slot.shift
        incident = slot.incident and form == INCIDENT_FORM
        if incident:
            satisfied -= INCIDENT_DROP
        return self._fill(chance, number, FIRST_TICKET + number, closed_at, satisfied, customer, agent, form, slot)

    def again(self, chance: Random, number: int, first: Closing, closed_at: Instant, satisfied: float) -> Closing:
        """Close a ticket that was reopened once more, by one of the seniors."""
        agent = chance.choice(self.cast.seniors)
        return Closing(
            number=number,
            ticket_id=first.ticket_id,
            closed_at=closed_at,
            satisfied=satisfied,
            channel=first.channel,
            customer=first.customer,
            customer_name=first.customer_name,
            language=first.language,
            agent=agent,
            form=first.form,
            priority="high",
            subject=first.subject,
            url=first.url,
            first_response_s=int(spread(chance, agent.first_response_s, 0.8)),
            handling_s=int(spread(chance, agent.handling_s, 0.6)),
            incident=first.incident,
            tags=("повторное",),
        )

    def _fill(
        self,
        chance: Random,
        number: int,
        ticket: int,
        closed_at: Instant,
        satisfied: float,
        customer: int,
        agent: Agent,
        form: int,
        slot: Slot,
    ) -> Closing:
        name, language = CUSTOMERS[(self.cast.first_customer + customer) % len(CUSTOMERS)]
        subjects = SUBJECTS[form][language]
        ticket_id = str(ticket)
        return Closing(
            number=number,
            ticket_id=ticket_id,
            closed_at=closed_at,
            satisfied=satisfied,
            channel=channel_of(customer),
            customer=customer,
            customer_name=name,
            language=language,
            agent=agent,
            form=form,
            priority=_PRIORITIES[bisect(_PRIORITY_ENDS, chance.random())],
            subject=subjects[int(chance.random() * len(subjects))],
            url=f"https://helpdesk.example.com/tickets/{ticket_id}",
            first_response_s=int(spread(chance, agent.first_response_s, 0.8)),
            handling_s=int(spread(chance, agent.handling_s, 0.6)),
            incident=slot.incident and form == INCIDENT_FORM,
            tags=(TAGS[int(chance.random() * len(TAGS))],) if chance.random() < _TAGGED else (),
            closed_by=_CLOSERS[bisect(_CLOSER_ENDS, chance.random())],
        )

    # --- the ticket's snapshot

    def snapshot(self, closing: Closing, *, ask: bool = True, addressed: bool = True) -> str:
        """Return the ticket as `ratings.ticket.ticket_to_dict` writes it."""
        opened = closing.closed_at - (closing.first_response_s + closing.handling_s) * SECOND
        first = opened + closing.first_response_s * SECOND
        form = FORMS[closing.form]
        recording = (
            f',"recording_url":"https://helpdesk.example.com/recordings/{closing.ticket_id}.mp3"'
            if closing.form == PHONE
            else ""
        )
        addresses = (
            f',"addresses":[{{"channel":"{CHANNELS[closing.channel].account}","id":"{closing.address}"}}]'
            if addressed
            else ""
        )
        tags = f',"tags":{_quoted(closing.tags)}' if closing.tags else ""
        return (
            f'{{"id":"{closing.ticket_id}","closed_at":"{self._time(closing.closed_at)}","desk":"{DESK}",'
            f'"kind":"{form.kind}","direction":"in","subject":{_quoted(closing.subject)},"url":"{closing.url}",'
            f'"priority":"{closing.priority}","closed_by":"{closing.closed_by}"{recording},'
            f'{_parties(closing.form, closing.agent)},"customer":{{"id":"c{closing.customer}",'
            f'"name":"{closing.customer_name}","language":"{closing.language}"}},'
            f'"opened_at":"{self._time(opened)}","first_response_at":"{self._time(first)}"{addresses},'
            f'"handling_s":{closing.handling_s}{tags}{_DO_NOT_ASK if not ask else ""}}}'
        )

    def _time(self, at: Instant) -> str:
        """`format_instant` of a whole second, hour by hour: a sample writes three for every row."""
        hour, rest = divmod(at, HOUR)
        begun = self._hours.get(hour)
        if begun is None:
            begun = self._hours[hour] = format_instant(hour * HOUR)[:14]
        return begun + _CLOCK[rest // SECOND]


_CLOCK = [f"{minute:02}:{second:02}Z" for minute in range(60) for second in range(60)]


@cache
def _quoted(value: str | tuple[str, ...]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@cache
def _parties(form: int, agent: Agent) -> str:
    told = {
        "form": {"id": FORMS[form].id, "name": FORMS[form].name},
        "group": {"id": agent.group, "name": GROUPS[agent.group]},
        "agent": {"id": agent.id, "name": agent.name},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))[1:-1]
