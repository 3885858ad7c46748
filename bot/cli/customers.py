"""`customer find | export | erase`: give out or erase everything that is known of one customer."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from bot import clock, customers
from bot.cli.common import ConfigOption, opened_store, print_json
from bot.cli.failures import CommandError
from ratings.errors import InvalidInput
from ratings.reports.customers import Identity, found_to_dict
from ratings.store.store import Store

BY = "cli"


class Deed(StrEnum):
    """What is done with a customer's data."""

    FIND = "find"
    EXPORT = "export"
    ERASE = "erase"


def customer(
    deed: Annotated[
        Deed,
        typer.Argument(
            metavar="DEED",
            help="find: by what names and addresses they are known, and how many tickets are theirs. export: everything that "
            "is known of them, as JSON. erase: names, addresses and words go, what is counted stays; it cannot be undone.",
        ),
    ],
    customer: Annotated[str | None, typer.Option("--customer", help="The desk's id of the customer.")] = None,
    desk: Annotated[str | None, typer.Option("--desk", help="Whose id it is; by default api.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="The account that the address is on.")] = None,
    address: Annotated[str | None, typer.Option("--address", help="The customer's address on a channel.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="The customer's mail address.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="The customer's telephone number.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking; it cannot be undone.")] = False,
    config: ConfigOption = None,
) -> None:
    """Find one customer, print everything that is known of them, or erase them."""
    if yes and deed is not Deed.ERASE:
        raise CommandError("--yes: only erase asks")
    identity = _identity(
        {
            "customer": customer,
            "desk": desk,
            "channel": channel,
            "address": address,
            "email": email,
            "phone": phone,
        }
    )
    with opened_store(config) as (_, store):
        if deed is Deed.EXPORT:
            print_json(asyncio.run(customers.export(store, identity, BY)))
        elif deed is Deed.FIND:
            _find(store, identity)
        else:
            _erase(store, identity, ask=not yes)


def _find(store: Store, identity: Identity) -> None:
    person = asyncio.run(customers.find(store, identity))
    print_json(found_to_dict(person, clock.now()))


def _erase(store: Store, identity: Identity, *, ask: bool) -> None:
    if ask:
        _find(store, identity)
        typer.confirm("Erase all of this for good?", abort=True)
    erased = asyncio.run(customers.erase(store, identity, BY))
    if erased.in_hand:
        raise CommandError(
            "a message to them is on its way; they are asked no more. Come again in a minute to erase them"
        )
    noun = "ticket" if erased.tickets == 1 else "tickets"
    typer.echo(f"Erased: {erased.tickets} {noun}, of which {erased.cancelled} still open.")


def _identity(told: dict[str, str | None]) -> Identity:
    try:
        return customers.read_identity({name: value for name, value in told.items() if value is not None})
    except InvalidInput as error:
        raise CommandError(
            *(f"{'--' + each.pointer[1:] + ': ' if each.pointer else ''}{each.detail}" for each in error.errors)
        ) from None
