"""What pages, the API and the command line do about one customer: look, give out, erase."""

import asyncio
from collections.abc import Mapping
from typing import Any

from ratings import reading
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.reports.customers import Identity, Person, export_person, find_person, find_traces
from ratings.store.erasure import EraseCustomer, Erased, NoteExport
from ratings.store.store import Store

WAIT_SECONDS = 2.0
"""Between two looks whether a message that is on its way has arrived."""

LOOKS = 3
MEMBERS = ("customer", "desk", "channel", "address", "email", "phone")


def read_identity(data: Any) -> Identity:
    """Read by what a customer is looked for. Raises InvalidInput with every wrong field.

    Either `customer` (with `desk`, by default `api`), or `channel` and `address`, or `email`, or `phone`.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput([FieldError("", f"{found(data)}; expected an object with {', '.join(MEMBERS)}")])
    errors = [
        FieldError(step("", key), f"unknown key; expected {', '.join(MEMBERS)}") for key in data if key not in MEMBERS
    ]
    told = {name: reading.text(errors, data[name], f"/{name}", 1_000) for name in MEMBERS if data.get(name) is not None}
    told = {name: text for name, text in told.items() if text}
    ways = [name for name in ("customer", "address", "email", "phone") if name in told]
    if len(ways) != 1 and not errors:
        errors.append(FieldError("", "expected exactly one of customer, address (with channel), email, phone"))
    if "address" in told and "channel" not in told:
        errors.append(FieldError("/channel", "missing; the account that the address is on, such as telegram.support"))
    if "channel" in told and "address" not in told:
        errors.append(FieldError("/address", "missing"))
    if "desk" in told and "customer" not in told:
        errors.append(FieldError("/customer", "missing; the desk's id of the customer"))
    if errors:
        raise InvalidInput(errors)
    if "customer" in told:
        return Identity(customer=(told.get("desk") or "api", str(told["customer"])))
    if "address" in told:
        return Identity(place=(str(told["channel"]), str(told["address"])))
    return Identity(email=told["email"]) if "email" in told else Identity(phone=told["phone"])


async def find(store: Store, identity: Identity) -> Person:
    """Look for a customer."""
    return await store.read(find_person, identity)


async def export(store: Store, identity: Identity, by: str) -> dict[str, Any]:
    """Return everything that is known of a customer, and note that it was given out."""
    person = await find(store, identity)
    told = await store.read(export_person, person)
    await store.writer.do(NoteExport(identity.how, identity.name, len(person.invitations), by))
    return told


async def erase(store: Store, identity: Identity, by: str) -> Erased:
    """Erase a customer; waits a little for a message that is on its way just now (then `in_hand` is not 0, and nothing was)."""
    erased = await _erase(store, identity, by)
    for _ in range(LOOKS):
        if not erased.in_hand:
            break
        await asyncio.sleep(WAIT_SECONDS)
        erased = await _erase(store, identity, by)
    return erased


async def _erase(store: Store, identity: Identity, by: str) -> Erased:
    person = await find(store, identity)
    return await store.writer.do(await _erasure(store, person, by))


async def _erasure(store: Store, person: Person, by: str) -> EraseCustomer:
    traces = await store.read(find_traces, person)
    return EraseCustomer(
        tickets=frozenset(person.invitations),
        names=frozenset(person.names),
        places=frozenset(person.places),
        messages=traces.jobs,
        deliveries=traces.deliveries,
        unreadable=traces.unreadable,
        answers=traces.answers,
        how=person.identity.how,
        name=person.identity.name,
        by=by,
    )
