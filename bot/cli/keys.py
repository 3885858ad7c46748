"""`apikey`: keys for the API. A key is shown once, when it is made; the store keeps its hash."""

from typing import Annotated

import typer

from bot.cli.common import ConfigOption, JsonOption, opened_store, print_json, print_table
from bot.cli.failures import CommandError
from ratings.store.keys import CreateKey, NameTaken, RevokeKey, Scope, list_keys, new_key
from ratings.times import format_instant

MAX_NAME = 100
BY = "cli"

app = typer.Typer(help="Keys for the API.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called: who or what uses it.")]
ScopeOption = Annotated[Scope, typer.Option(help="What it may do; each includes the ones before it.")]


@app.command()
def create(name: NameArgument, scope: ScopeOption, config: ConfigOption = None) -> None:
    """Make a key. It stands alone on the last line, and is never shown again."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise CommandError(f"NAME: a key's name is 1 to {MAX_NAME} characters on one line")
    key_id, key, key_hash = new_key()
    with opened_store(config) as (_, store):
        try:
            store.writer.do_now(CreateKey(key_id, name, scope, key_hash, BY))
        except NameTaken:
            raise CommandError(f"NAME: there is a key {name!r} already; a revoked one keeps its name, too") from None
    typer.echo(f"The key {name!r} may {scope.value}. It is not shown again:")
    typer.echo(key)


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List all keys, the revoked ones too."""
    with opened_store(config) as (_, store):
        keys = store.read_now(list_keys)
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "scope": key.scope.value,
            "created_at": format_instant(key.created_at),
            "revoked_at": None if key.revoked_at is None else format_instant(key.revoked_at),
        }
        for key in keys
    ]
    if as_json:
        print_json(rows)
    else:
        print_table("", ["id", "name", "scope", "created_at", "revoked_at"], [list(row.values()) for row in rows])


@app.command()
def revoke(name: NameArgument, config: ConfigOption = None) -> None:
    """Revoke a key, at once and for good."""
    with opened_store(config) as (_, store):
        if not store.writer.do_now(RevokeKey(name.strip(), BY)):
            raise CommandError(f"NAME: there is no live key {name.strip()!r}")
    typer.echo(f"The key {name.strip()!r} is revoked.")
