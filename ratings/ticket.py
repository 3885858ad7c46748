"""The closed ticket, chat or call as it stood at its closing: a snapshot, never looked up again.

`parse_ticket` reads the JSON that design and API fix. It is straight-line code, because the batch API reads
thousands a second, and it lists every wrong field at once. Times are RFC 3339 with an offset; inside they are Instants.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from ratings import reading
from ratings.errors import FieldError, InvalidInput, found, found_type
from ratings.times import SECOND, Instant, format_instant

MAX_NAME = 1_000  # names, subjects, references
MAX_ADDRESS = 320  # the longest e-mail address that SMTP can carry
MAX_SHORT = 100  # languages, time zones, phone numbers, priorities, tags
MAX_TAGS = 100
MAX_ADDRESSES = 20
MAX_REFERENCES = 100
MAX_FIELDS = 64 * 1024  # bytes of `fields` written as JSON

KINDS = ("ticket", "chat", "call", "callback")
DIRECTIONS = ("in", "out")
CLOSERS = ("agent", "customer", "auto")

_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,31}\.[A-Za-z0-9][A-Za-z0-9_-]{0,63}").fullmatch
_DESK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch


@dataclass(frozen=True, slots=True)
class Party:
    """An agent, a group or a form. Where the desk gave a name alone, or a bare string, it is the id as well."""

    id: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """What the desk knows about the customer; all None when it knows nothing."""

    id: str | None = None
    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A way to the customer: the slug of a channel's account ("telegram.support") and the customer's id there."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True)
class Thread:
    """The mail thread that a prompt by e-mail answers in."""

    message_id: str | None = None
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """A number for the customer and one for the agent: messages written, or Instants of the last one."""

    customer: int | None = None
    agent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A closed ticket. Instants are ms since the epoch, `talk_s` and `handling_s` seconds; None is "the desk did not say".

    `addresses` are in order of preference. `fields` is the desk's own data as it came, and `fields["raw"]` the
    top-level keys that we do not know; neither may be changed.
    """

    id: str
    closed_at: Instant
    closing_id: str | None = None
    desk: str = "api"
    form: Party | None = None
    kind: str = "ticket"
    direction: str | None = None
    subject: str | None = None
    url: str | None = None
    priority: str | None = None
    group: Party | None = None
    agent: Party | None = None
    closed_by: str | None = None
    customer: Customer = field(default_factory=Customer)
    addresses: tuple[Address, ...] = ()
    thread: Thread = field(default_factory=Thread)
    opened_at: Instant | None = None
    first_response_at: Instant | None = None
    last_message_at: Sides = field(default_factory=Sides)
    talk_s: float | None = None
    handling_s: float | None = None
    messages: Sides = field(default_factory=Sides)
    tags: tuple[str, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)
    recording_url: str | None = None
    ask: bool = True

    @property
    def closing_key(self) -> str:
        """What tells this closing from the ticket's others: the desk's own id of it, else its second."""
        return f"at:{self.closed_at // SECOND}" if self.closing_id is None else f"id:{self.closing_id}"

    def customer_key(self, account: str, address: str) -> str:
        """Who was asked: the desk's customer where it names one, else the address on the account."""
        if self.customer.id is None:
            return place_key(account, address)
        return f"c:{self.desk}:{self.customer.id}"

    @property
    def asking_keys(self) -> set[str]:
        """By what names its customer may have been asked before: the desk's, and every address.

        Another desk, or the same without the customer's id, knows the same chat: whoever reads it is asked twice all the same.
        """
        return {
            key
            for address in self.addresses
            for key in (self.customer_key(address.channel, address.id), place_key(address.channel, address.id))
        }


def place_key(account: str, address: str) -> str:
    """Return the name of whoever reads an address on an account."""
    return f"a:{account}:{address}"


@dataclass(frozen=True, slots=True)
class Reopened:
    """A ticket was opened again."""

    desk: str
    id: str
    reopened_at: Instant


_NOBODY, _NO_THREAD, _NEITHER = Customer(), Thread(), Sides()
_KNOWN = frozenset({*Ticket.__slots__, "address"})


def parse_ticket(data: object, *, now: Instant) -> Ticket:
    """Read a closed ticket from JSON data. Raises InvalidInput with every wrong field.

    `address` is folded into `addresses` as the first. null and "" are "not said". Unknown keys go to `fields["raw"]`.
    """
    if type(data) is not dict:
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object, the ticket")])
    errors: list[FieldError] = []
    get = data.get
    ticket_id = reading.identity(errors, get("id"), "/id", required=True)
    closed_at = reading.past(errors, get("closed_at"), "/closed_at", now)
    closing_id = None if (value := get("closing_id")) is None else reading.identity(errors, value, "/closing_id")
    desk = "api" if (value := get("desk")) is None else _desk(errors, value)
    form = None if (value := get("form")) is None else _party(errors, value, "/form", bare=True)
    kind = "ticket" if (value := get("kind")) is None else (reading.one_of(errors, value, "/kind", KINDS) or "ticket")
    direction = None if (value := get("direction")) is None else reading.one_of(errors, value, "/direction", DIRECTIONS)
    subject = None if (value := get("subject")) is None else reading.text(errors, value, "/subject", MAX_NAME)
    url = None if (value := get("url")) is None else reading.url(errors, value, "/url")
    priority = None if (value := get("priority")) is None else reading.identity(errors, value, "/priority", MAX_SHORT)
    group = None if (value := get("group")) is None else _party(errors, value, "/group", bare=True)
    agent = None if (value := get("agent")) is None else _party(errors, value, "/agent", bare=False)
    closed_by = None if (value := get("closed_by")) is None else reading.one_of(errors, value, "/closed_by", CLOSERS)
    customer = _NOBODY if (value := get("customer")) is None else _customer(errors, value)
    short, listed = get("address"), get("addresses")
    addresses = () if short is None and listed is None else _addresses(errors, short, listed)
    thread = _NO_THREAD if (value := get("thread")) is None else _thread(errors, value)
    opened_at = None if (value := get("opened_at")) is None else reading.instant(errors, value, "/opened_at")
    first_at = (
        None if (value := get("first_response_at")) is None else reading.instant(errors, value, "/first_response_at")
    )
    last_at = _NEITHER if (value := get("last_message_at")) is None else _instants(errors, value)
    talk_s = None if (value := get("talk_s")) is None else reading.seconds(errors, value, "/talk_s")
    handling_s = None if (value := get("handling_s")) is None else reading.seconds(errors, value, "/handling_s")
    messages = _NEITHER if (value := get("messages")) is None else _counts(errors, value)
    tags = () if (value := get("tags")) is None else reading.texts(errors, value, "/tags", MAX_TAGS, MAX_SHORT)
    recording = None if (value := get("recording_url")) is None else reading.url(errors, value, "/recording_url")
    ask = get("ask")
    if ask is None:
        ask = True
    elif type(ask) is not bool:
        errors.append(FieldError("/ask", f"{found(ask)}; expected true or false"))
    fields = {} if (value := get("fields")) is None else reading.members(errors, value, "/fields")
    if not _KNOWN.issuperset(data):
        fields = _with_raw(fields, {key: value for key, value in data.items() if key not in _KNOWN})
    if fields:
        reading.check_json(errors, fields, "/fields", MAX_FIELDS)
    if errors or ticket_id is None:
        raise InvalidInput(errors)
    return Ticket(
        id=ticket_id,
        closed_at=closed_at,
        closing_id=closing_id,
        desk=desk,
        form=form,
        kind=kind,
        direction=direction,
        subject=subject,
        url=url,
        priority=priority,
        group=group,
        agent=agent,
        closed_by=closed_by,
        customer=customer,
        addresses=addresses,
        thread=thread,
        opened_at=opened_at,
        first_response_at=first_at,
        last_message_at=last_at,
        talk_s=talk_s,
        handling_s=handling_s,
        messages=messages,
        tags=tags,
        fields=fields,
        recording_url=recording,
        ask=ask,
    )


def parse_reopened(data: object, now: Instant) -> Reopened:
    """Read `{"id", "desk", "reopened_at"}`; without a time it is now. Raises InvalidInput with every wrong field."""
    if type(data) is not dict:
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with id and reopened_at")])
    errors: list[FieldError] = []
    ticket_id = reading.identity(errors, data.get("id"), "/id", required=True)
    desk = "api" if (value := data.get("desk")) is None else _desk(errors, value)
    at = now if (value := data.get("reopened_at")) is None else reading.past(errors, value, "/reopened_at", now)
    if errors or ticket_id is None:
        raise InvalidInput(errors)
    return Reopened(desk, ticket_id, at)


def ticket_to_dict(ticket: Ticket) -> dict[str, object]:  # noqa: C901, PLR0912 - one plain step a field
    """Write a ticket as the JSON data that `parse_ticket` reads back to an equal one; what was not said is left out."""
    written: dict[str, object] = {"id": ticket.id, "closed_at": format_instant(ticket.closed_at), "desk": ticket.desk}
    for name in ("closing_id", "kind", "direction", "subject", "url", "priority", "closed_by", "recording_url"):
        if (text := getattr(ticket, name)) is not None:
            written[name] = text
    for name in ("form", "group", "agent", "customer"):
        if people := _members(getattr(ticket, name)):
            written[name] = people
    for name in ("opened_at", "first_response_at"):
        if (instant := getattr(ticket, name)) is not None:
            written[name] = format_instant(instant)
    if ticket.addresses:
        written["addresses"] = [{"channel": address.channel, "id": address.id} for address in ticket.addresses]
    if thread := _members(ticket.thread):
        written["thread"] = {**thread, "references": list(ticket.thread.references)}
    if sides := _members(ticket.last_message_at):
        written["last_message_at"] = {side: format_instant(at) for side, at in sides.items()}
    if counts := _members(ticket.messages):
        written["messages"] = counts
    for name in ("talk_s", "handling_s"):
        if (seconds := getattr(ticket, name)) is not None:
            written[name] = seconds
    if ticket.tags:
        written["tags"] = list(ticket.tags)
    if ticket.fields:
        written["fields"] = dict(ticket.fields)
    if not ticket.ask:
        written["ask"] = False
    return written


_VALUES: Mapping[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*kind.__slots__) for kind in (Party, Customer, Thread, Sides)
}


# --- the parts: each takes the errors to add to and the value found ------------------------------------------------


def _members(part: Party | Customer | Thread | Sides | None) -> dict[str, Any]:
    """The members of a part that say something."""
    if part is None or part is _NOBODY or part is _NO_THREAD or part is _NEITHER:  # most parts of most tickets
        return {}
    kind = type(part)
    return {
        name: value
        for name, value in zip(kind.__slots__, _VALUES[kind](part), strict=True)
        if value is not None and value != ()
    }


def _desk(errors: reading.Errors, value: object) -> str:
    if type(value) is str and (_DESK(value) or not value):
        return value or "api"
    detail = f"{found(value)}; expected 1 to 100 letters, digits, dots, hyphens and underscores"
    errors.append(FieldError("/desk", detail))
    return "api"


def _party(errors: reading.Errors, value: object, pointer: str, *, bare: bool) -> Party | None:
    """`{id, name, email}`, or for a form or group its name alone."""
    if type(value) is dict:
        get = value.get
        name = None if (it := get("name")) is None else reading.identity(errors, it, f"{pointer}/name", MAX_NAME)
        email = None if (it := get("email")) is None else reading.text(errors, it, f"{pointer}/email", MAX_ADDRESS)
        party_id = None if (it := get("id")) is None else reading.identity(errors, it, f"{pointer}/id")
        if party_id is None:
            if name is None and email is None:
                return None
            party_id = reading.identity(errors, name or email, f"{pointer}/{'name' if name else 'email'}") or "-"
        return Party(party_id, name, email)
    if bare:
        name = reading.identity(errors, value, pointer)
        return None if name is None else Party(name, name)
    errors.append(FieldError(pointer, f"{found_type(value)}; expected an object with id and name"))
    return None


def _customer(errors: reading.Errors, value: object) -> Customer:
    get = reading.members(errors, value, "/customer").get
    return Customer(
        None if (it := get("id")) is None else reading.identity(errors, it, "/customer/id"),
        None if (it := get("name")) is None else reading.text(errors, it, "/customer/name", MAX_NAME),
        None if (it := get("language")) is None else reading.text(errors, it, "/customer/language", MAX_SHORT),
        None if (it := get("timezone")) is None else reading.text(errors, it, "/customer/timezone", MAX_SHORT),
        None if (it := get("email")) is None else reading.text(errors, it, "/customer/email", MAX_ADDRESS),
        None if (it := get("phone")) is None else reading.identity(errors, it, "/customer/phone", MAX_SHORT),
    )


def _addresses(errors: reading.Errors, short: object, listed: object) -> tuple[Address, ...]:
    """`address` and `addresses` as one list: the short form first, repetitions dropped."""
    read: dict[Address, None] = {}  # keeps the order
    if short is not None and (address := _address(errors, short, "/address")) is not None:
        read[address] = None
    if listed is None:
        return tuple(read)
    if type(listed) is not list:
        errors.append(FieldError("/addresses", f"{found_type(listed)}; expected a list of objects"))
    elif len(listed) > MAX_ADDRESSES:
        errors.append(FieldError("/addresses", f"{len(listed)} items; expected at most {MAX_ADDRESSES}"))
    else:
        for index, item in enumerate(listed):
            if (address := _address(errors, item, f"/addresses/{index}")) is not None:
                read[address] = None
    return tuple(read)


def _address(errors: reading.Errors, value: object, pointer: str) -> Address | None:
    if type(value) is not dict:
        errors.append(FieldError(pointer, f"{found_type(value)}; expected an object with channel and id"))
        return None
    channel = value.get("channel")
    if type(channel) is not str or not _SLUG(channel):
        detail = f"{found(channel)}; expected a channel's account, kind.account such as telegram.support"
        errors.append(FieldError(f"{pointer}/channel", detail))
        channel = None
    address = reading.identity(errors, value.get("id"), f"{pointer}/id", MAX_ADDRESS, required=True)
    return None if channel is None or address is None else Address(channel, address)


def _thread(errors: reading.Errors, value: object) -> Thread:
    """`references` may also be the mail header itself: message ids with blanks between."""
    get = reading.members(errors, value, "/thread").get
    listed = get("references")
    if type(listed) is str:
        listed = listed.split()
    references = () if listed is None else reading.texts(errors, listed, "/thread/references", MAX_REFERENCES, MAX_NAME)
    return Thread(reading.text(errors, get("message_id"), "/thread/message_id", MAX_NAME), references)


def _instants(errors: reading.Errors, value: object) -> Sides:
    get = reading.members(errors, value, "/last_message_at").get
    return Sides(
        *(
            None if (at := get(side)) is None else reading.instant(errors, at, f"/last_message_at/{side}")
            for side in ("customer", "agent")
        )
    )


def _counts(errors: reading.Errors, value: object) -> Sides:
    get = reading.members(errors, value, "/messages").get
    return Sides(*(reading.count(errors, get(side), f"/messages/{side}") for side in ("customer", "agent")))


def _with_raw(fields: dict[str, object], unknown: dict[str, object]) -> dict[str, object]:
    """`fields` with the unknown top-level keys under "raw"; a `raw` that the desk itself sent stays below it."""
    given = fields.get("raw")
    if given is None:
        return {**fields, "raw": unknown}
    return {**fields, "raw": {**given, **unknown} if isinstance(given, dict) else {**unknown, "raw": given}}
