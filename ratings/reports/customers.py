"""One customer in the whole store: found by an id, an address, a mail address or a telephone number; and everything known of them.

A person is known by the names that desks use and by addresses. Whoever shares an address under another name of a desk's is
somebody else, and is only counted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, or_, select

from ratings.store.erasing import OF_JOBS
from ratings.store.schema import (
    addresses,
    attempts,
    comments,
    customers,
    deliveries,
    desk_results,
    events,
    held_texts,
    hits,
    idempotency_keys,
    invitations,
    jobs,
    rating_history,
    ratings,
    tickets,
    unreadable_events,
    votes,
)
from ratings.ticket import place_key
from ratings.times import Instant, format_instant

Place = tuple[str, str]

PORTION = 5_000
"""Tickets that are looked through in one go."""

_IDS: Any = bindparam("ids", expanding=True)
_BY_NAME = select(invitations.c.id).where(invitations.c.customer.in_(bindparam("names", expanding=True)))
_AT_PLACE = select(invitations.c.id, invitations.c.customer).where(
    invitations.c.account == bindparam("account"), invitations.c.address == bindparam("address")
)
_FACTS = (
    select(invitations.c.id, invitations.c.customer, invitations.c.account, invitations.c.address, tickets.c.snapshot)
    .join_from(invitations, tickets, tickets.c.id == invitations.c.id)
    .where(invitations.c.id.in_(_IDS))
)


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a customer is looked for: exactly one of these."""

    customer: tuple[str, str] | None = None
    """The desk and its id of the customer."""
    place: Place | None = None
    """The account and the address."""
    email: str | None = None
    phone: str | None = None

    @property
    def how(self) -> str:
        """By what, without saying whom."""
        return next(name for name in ("customer", "place", "email", "phone") if getattr(self, name) is not None)

    @property
    def name(self) -> str:
        """All of it as one text, for a hash of it."""
        told = getattr(self, self.how)
        return f"{self.how}:{told if isinstance(told, str) else ':'.join(told)}"


@dataclass(slots=True)
class Person:
    """Who was found. `names` are those of desks ("c:desk:id") and of addresses alone ("a:account:address")."""

    identity: Identity
    invitations: set[int] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """Names of other customers at the same addresses: nothing of theirs is taken."""

    @property
    def known(self) -> bool:
        """True where anything at all was found."""
        return bool(self.invitations)


def find_person(connection: Connection, identity: Identity) -> Person:
    """Look for a customer. Every stored ticket is looked through: seconds for a million of them."""
    person = Person(identity)
    found = _seeds(connection, identity)
    if identity.customer is None:  # whose name stands with every closing, under an index
        texts = [text for text in (identity.email, identity.place and identity.place[1]) if text]
        phones = [identity.phone] if identity.phone else []
        found |= _scanned(connection, texts, phones, lambda snapshot: _is_identity(snapshot, identity))
    _take(connection, person, found)
    names = {name for name in person.names if name.startswith("c:")}
    more = {row.id for row in connection.execute(_BY_NAME, {"names": sorted(person.names)})}
    for account, address in sorted(person.places):
        for row in connection.execute(_AT_PLACE, {"account": account, "address": address}):
            if row.customer is None or row.customer in person.names or row.customer == place_key(account, address):
                more.add(row.id)
            else:
                person.others.add(row.customer)
    needles = [*person.emails, *(address for _, address in person.places)]
    more |= _scanned(connection, needles, sorted(person.phones), lambda snapshot: _is_theirs(snapshot, person, names))
    _take(connection, person, more)
    return person


def _seeds(connection: Connection, identity: Identity) -> set[int]:
    if identity.customer is not None:
        desk, number = identity.customer
        return {row.id for row in connection.execute(_BY_NAME, {"names": [f"c:{desk}:{number}"]})}
    if identity.place is not None:
        account, address = identity.place
        return {row.id for row in connection.execute(_AT_PLACE, {"account": account, "address": address})}
    return set()


def _scanned(connection: Connection, texts: Sequence[str], phones: Sequence[str], is_theirs: Any) -> set[int]:
    """Look through all tickets for texts that they may hold anywhere, and keep those that a look inside confirms."""
    holds: list[ColumnElement[bool]] = [
        tickets.c.snapshot.icontains(json.dumps(text, ensure_ascii=False), autoescape=True) for text in texts if text
    ]
    # A number is written in many ways: its last two digits stand side by side in all of them, or nearly.
    holds += [tickets.c.snapshot.like(f'%"phone":"%{digits[-2:]}%') for phone in phones if (digits := _digits(phone))]
    if not holds:
        return set()
    found: set[int] = set()
    after = 0
    while True:
        ids = connection.execute(
            select(tickets.c.id).where(tickets.c.id > after).order_by(tickets.c.id).limit(PORTION)
        ).scalars()
        last = max(ids, default=None)
        if last is None:
            return found
        rows = connection.execute(
            select(tickets.c.id, tickets.c.snapshot).where(tickets.c.id > after, tickets.c.id <= last, or_(*holds))
        )
        found |= {row.id for row in rows if is_theirs(json.loads(row.snapshot))}
        after = last


def _is_identity(snapshot: Mapping[str, Any], identity: Identity) -> bool:
    customer = snapshot.get("customer", {})
    if identity.place is not None:
        return identity.place in _places(snapshot)
    if identity.email is not None:
        return str(customer.get("email", "")).casefold() == identity.email.casefold()
    return _digits(customer.get("phone")) == _digits(identity.phone)


def _is_theirs(snapshot: Mapping[str, Any], person: Person, names: set[str]) -> bool:
    customer = snapshot.get("customer", {})
    if customer.get("id") is not None:
        return f"c:{snapshot.get('desk', 'api')}:{customer['id']}" in names
    same_mail = str(customer.get("email", "")).casefold() in {each.casefold() for each in person.emails}
    same_phone = _digits(customer.get("phone")) in {_digits(each) for each in person.phones}
    return same_mail or same_phone or bool(person.places & _places(snapshot))


def _places(snapshot: Mapping[str, Any]) -> set[Place]:
    return {(address["channel"], address["id"]) for address in snapshot.get("addresses", ())}


def _digits(phone: object) -> str | None:
    digits = "".join(char for char in str(phone) if char.isdigit()) if phone else ""
    return digits or None


def _take(connection: Connection, person: Person, ids: Iterable[int]) -> None:
    """Add invitations to a person, with every name and address in them."""
    wanted = sorted(set(ids) - person.invitations)
    for part in _parts(wanted):
        for row in connection.execute(_FACTS, {"ids": part}):
            person.invitations.add(row.id)
            if row.customer is not None:
                person.names.add(row.customer)
            snapshot = json.loads(row.snapshot)
            person.places |= _places(snapshot)
            if row.account is not None and row.address is not None:
                person.places.add((row.account, row.address))
            customer = snapshot.get("customer", {})
            for member, kept in (("email", person.emails), ("phone", person.phones), ("name", person.called)):
                if customer.get(member):
                    kept.add(customer[member])
    person.names |= {place_key(*place) for place in person.places}


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    size = 500
    return (ids[start : start + size] for start in range(0, len(ids), size))


# --- what else is theirs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Traces:
    """Rows that are no invitation's and yet about a person: by their keys."""

    jobs: tuple[int, ...] = ()
    deliveries: tuple[int, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[str, str, str], ...] = ()


def find_traces(connection: Connection, person: Person) -> Traces:
    """Look for messages to a person's addresses, what subscribers answered to their events, and requests nobody could read."""
    messages: list[int] = []
    for account, address in sorted(person.places):
        statement = select(jobs.c.id).where(
            jobs.c.account == account, jobs.c.address == address, jobs.c.invitation_id.is_(None)
        )
        messages.extend(connection.execute(statement).scalars())
    told = (
        select(deliveries.c.id)
        .join_from(deliveries, events, events.c.number == deliveries.c.number)
        .where(events.c.invitation_id.in_(_IDS))
    )
    answered: list[int] = []
    kept: list[tuple[str, str, str]] = []
    for part in _parts(sorted(person.invitations)):
        answered.extend(connection.execute(told, {"ids": part}).scalars())
    marks = {text.encode() for text in (*person.emails, *person.phones, *person.called)}
    marks |= {address.encode() for _, address in person.places}
    unreadable = [
        (row.account, row.event_id)
        for row in connection.execute(select(unreadable_events))
        if any(mark in row.raw or mark in row.error.encode() for mark in marks)
    ]
    rendered = select(idempotency_keys).where(idempotency_keys.c.path.endswith("/render"))
    for row in connection.execute(rendered):
        told_of = json.loads(row.body).get("invitation") if row.body.startswith("{") else None
        if told_of in person.invitations or any(mark.decode() in row.body for mark in marks):
            kept.append((row.api_key, row.path, row.key))
    return Traces(tuple(messages), tuple(answered), tuple(unreadable), tuple(kept))


def export_person(connection: Connection, person: Person) -> dict[str, Any]:
    """Return everything that is stored of a person, as JSON data: what they said, what was sent to them, what was decided."""
    ids = sorted(person.invitations)
    of: dict[int, dict[str, Any]] = {}
    for part in _parts(ids):
        for row in _rows(connection, tickets, tickets.c.id.in_(part)):
            of[row["id"]] = {"ticket": json.loads(row["snapshot"]), "received_at": row["received_at"]}
        for row in _rows(connection, invitations, invitations.c.id.in_(part)):
            of[row["id"]]["invitation"] = row
        for row in _rows(connection, ratings, ratings.c.id.in_(part)):
            of[row["id"]]["rating"] = row
        for name, table in (
            ("votes", votes),
            ("opened_links", hits),
            ("comments", comments),
            ("history", rating_history),
        ):
            for row in _rows(connection, table, table.c.invitation_id.in_(part)):
                of[row["invitation_id"]].setdefault(name, []).append(row)
        for row in _rows(connection, desk_results, desk_results.c.invitation_id.in_(part)):
            of[row["invitation_id"]]["written_to_the_desk"] = row
        for number, sent in _sent(connection, part):
            of[number].setdefault("messages", []).append(sent)
    places = sorted(person.places)
    return {
        "found_by": person.identity.how,
        "names": sorted(person.called),
        "emails": sorted(person.emails),
        "phones": sorted(person.phones),
        "customer_ids": sorted(name.removeprefix("c:") for name in person.names if name.startswith("c:")),
        "addresses": [
            {"channel": account, "address": address, **_address(connection, account, address)}
            for account, address in places
        ],
        "wishes": _rows(connection, customers, customers.c.customer.in_(sorted(person.names))),
        "texts_that_wait": [
            row
            for account, address in places
            for row in _rows(connection, held_texts, held_texts.c.account == account, held_texts.c.address == address)
        ],
        "tickets": [of[number] for number in ids],
    }


def _address(connection: Connection, account: str, address: str) -> dict[str, Any]:
    found = _rows(connection, addresses, addresses.c.account == account, addresses.c.address == address)
    names = ("opted_out_at", "unreachable_at", "unreachable_code", "client")
    return {name: found[0][name] for name in names} if found else {}


def _sent(connection: Connection, ids: Sequence[int]) -> Iterable[tuple[int, dict[str, Any]]]:
    for job in connection.execute(select(jobs).where(*OF_JOBS).order_by(jobs.c.id), {"ids": list(ids)}).mappings():
        tries = _rows(connection, attempts, attempts.c.job_id == job["id"])
        yield job["invitation_id"], {**_told(dict(job)), "tries": tries}


def _rows(connection: Connection, table: Table, *conditions: Any) -> list[dict[str, Any]]:
    statement = select(table).where(*conditions).order_by(*table.primary_key.columns)
    return [_told(dict(row)) for row in connection.execute(statement).mappings()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Write a row for people: instants as times."""
    return {name: format_instant(value) if _is_instant(name, value) else value for name, value in row.items()}


def _is_instant(name: str, value: object) -> bool:
    return isinstance(value, int) and (name in {"at", "until"} or name.endswith(("_at", "_until")))


def found_to_dict(person: Person, now: Instant) -> dict[str, Any]:
    """Return whom a search found, for whoever is about to export or erase them."""
    return {
        "at": format_instant(now),
        "names": sorted(person.called),
        "emails": sorted(person.emails),
        "phones": sorted(person.phones),
        "customer_ids": sorted(name.removeprefix("c:") for name in person.names if name.startswith("c:")),
        "addresses": [{"channel": account, "address": address} for account, address in sorted(person.places)],
        "tickets": len(person.invitations),
        "others_at_these_addresses": len(person.others),
    }
