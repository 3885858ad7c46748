"""`customer`: give out or erase everything that is known of one customer."""

import asyncio
from typing import Annotated

import typer

from bot import clock, customers
from bot.cli.common import ConfigOption, opened_store, print_json
from bot.cli.failures import CommandError
from ratings.errors import InvalidInput
from ratings.reports.customers import Identity, found_to_dict

app = typer.Typer(
    help="What is known of one customer.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)
BY = "cli"

CustomerOption = Annotated[str | None, typer.Option("--customer", help="The desk's id of the customer.")]
DeskOption = Annotated[str | None, typer.Option("--desk", help="Whose id it is; by default api.")]
ChannelOption = Annotated[str | None, typer.Option("--channel", help="The account that the address is on.")]
AddressOption = Annotated[str | None, typer.Option("--address", help="The customer's address on a channel.")]
EmailOption = Annotated[str | None, typer.Option("--email", help="The customer's mail address.")]
PhoneOption = Annotated[str | None, typer.Option("--phone", help="The customer's telephone number.")]


@app.command()
def find(
    customer: CustomerOption = None,
    desk: DeskOption = None,
    channel: ChannelOption = None,
    address: AddressOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    config: ConfigOption = None,
) -> None:
    """Show by what names and addresses they are known, and how many tickets are theirs."""
    identity = _identity(customer, desk, channel, address, email, phone)
    with opened_store(config) as (_, store):
        person = asyncio.run(customers.find(store, identity))
    print_json(found_to_dict(person, clock.now()))


@app.command()
def export(
    customer: CustomerOption = None,
    desk: DeskOption = None,
    channel: ChannelOption = None,
    address: AddressOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    config: ConfigOption = None,
) -> None:
    """Print everything that is known of them as JSON."""
    identity = _identity(customer, desk, channel, address, email, phone)
    with opened_store(config) as (_, store):
        print_json(asyncio.run(customers.export(store, identity, BY)))


@app.command()
def erase(
    customer: CustomerOption = None,
    desk: DeskOption = None,
    channel: ChannelOption = None,
    address: AddressOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking; it cannot be undone.")] = False,
    config: ConfigOption = None,
) -> None:
    """Erase them: names, addresses and words go, what is counted stays. It cannot be undone."""
    identity = _identity(customer, desk, channel, address, email, phone)
    with opened_store(config) as (_, store):
        person = asyncio.run(customers.find(store, identity))
        if not yes:
            print_json(found_to_dict(person, clock.now()))
            typer.confirm("Erase all of this for good?", abort=True)
        erased = asyncio.run(customers.erase(store, identity, BY))
    if erased.in_hand:
        raise CommandError(
            "a message to them is on its way; they are asked no more. Come again in a minute to erase them"
        )
    noun = "ticket" if erased.tickets == 1 else "tickets"
    typer.echo(f"Erased: {erased.tickets} {noun}, of which {erased.cancelled} still open.")


def _identity(
    customer: str | None,
    desk: str | None,
    channel: str | None,
    address: str | None,
    email: str | None,
    phone: str | None,
) -> Identity:
    told = {
        "customer": customer,
        "desk": desk,
        "channel": channel,
        "address": address,
        "email": email,
        "phone": phone,
    }
    try:
        return customers.read_identity({name: value for name, value in told.items() if value is not None})
    except InvalidInput as error:
        raise CommandError(
            *(f"{'--' + each.pointer[1:] + ': ' if each.pointer else ''}{each.detail}" for each in error.errors)
        ) from None
