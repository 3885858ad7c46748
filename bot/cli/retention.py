"""`retention`: for how long data is kept."""

from typing import Annotated, Any

import typer

from bot import clock
from bot.cli.common import ConfigOption, JsonOption, opened_store, print_json, print_table
from bot.cli.failures import CommandError
from ratings.errors import InvalidInput
from ratings.retention import BOUNDS, change_retention
from ratings.store.retention import SetRetention, load_retention, would_erase

BY = "cli"
FOR_GOOD = "never"

app = typer.Typer(help="For how long data is kept.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def _days(name: str, what: str) -> Any:
    least, most = BOUNDS[name]
    return typer.Option(
        _option(name), metavar="DAYS", help=f"{what}: {least} to {most} days, or {FOR_GOOD} to erase none."
    )


def _option(name: str) -> str:
    return f"--{name.removesuffix('_days').replace('_', '-')}"


@app.command()
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the periods, in days."""
    with opened_store(config) as (_, store):
        periods = store.read_now(load_retention).to_dict()
    if as_json:
        print_json(periods)
        return
    rows = [(_option(name).removeprefix("--"), FOR_GOOD if days is None else days) for name, days in periods.items()]
    print_table("", ["what", "erased after days"], rows)


@app.command("set")
def set_(
    personal_data: Annotated[str | None, _days("personal_data_days", "Names, addresses, subjects and words")] = None,
    comments: Annotated[str | None, _days("comments_days", "Comments, where they are to go before the rest")] = None,
    inbound: Annotated[str | None, _days("inbound_days", "What messengers told")] = None,
    audit: Annotated[str | None, _days("audit_days", "Who changed what")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Set them without asking; what is erased is gone.")] = False,
    config: ConfigOption = None,
) -> None:
    """Set periods; those that are not named stay. What is older is erased within the hour, values and counts stay."""
    told = dict(zip(BOUNDS, (personal_data, comments, inbound, audit), strict=True))
    changes = {name: _read(name, text) for name, text in told.items() if text is not None}
    if not changes:
        raise CommandError(f"no period: name one or more of {', '.join(map(_option, BOUNDS))}")
    with opened_store(config) as (_, store):
        try:
            wanted = change_retention(store.read_now(load_retention), changes)
        except InvalidInput as error:
            raise CommandError(*(f"{_option(each.pointer[1:])}: {each.detail}" for each in error.errors)) from None
        would = store.read_now(would_erase, wanted, clock.now())
        if any(would.values()) and not yes:
            typer.echo(f"Older than that: {', '.join(f'{many} {what}' for what, many in would.items() if many)}.")
            typer.confirm("Erase all of this for good?", abort=True)
        store.writer.do_now(SetRetention(changes, BY))
    typer.echo("The periods are set. What is older is erased within the hour, while the service runs.")


def _read(name: str, text: str) -> int | None:
    if text == FOR_GOOD:
        return None
    try:
        return int(text)
    except ValueError:
        raise CommandError(f"{_option(name)}: found {text!r}; allowed: whole days, or {FOR_GOOD}") from None
