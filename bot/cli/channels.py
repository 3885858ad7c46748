"""`channel`: where the accounts stand, and holding them."""

from typing import Annotated

import typer

from bot import clock
from bot.cli.common import ConfigOption, JsonOption, opened_store, print_json, print_table
from bot.cli.failures import CommandError
from bot.settings import Settings
from bot.settings_problems import did_you_mean
from ratings.reports.channels import AccountState, account_states, accounts_of
from ratings.store.holds import HoldAccount
from ratings.store.loading import desk_account
from ratings.times import Instant, format_instant

app = typer.Typer(
    help="Accounts of channels, and desks: look, hold, release.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
BY = "cli"

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="An account, or a desk, both as config.toml names them.")
]


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List accounts and desks: held or not, what waits, what failed, the last error."""
    with opened_store(config) as (settings, store):
        wanted = accounts_of(sorted(settings.channels), sorted(settings.desks))
        rows = [_row(state) for state in store.read_now(account_states, wanted, clock.now())]
    if as_json:
        print_json(rows)
    elif rows:
        print_table("", list(rows[0]), [list(row.values()) for row in rows])


@app.command()
def hold(name: NameArgument, config: ConfigOption = None) -> None:
    """Send nothing more by it, in any process. What comes in is taken all the while."""
    _hold(name, config, held=True)


@app.command()
def release(name: NameArgument, config: ConfigOption = None) -> None:
    """Send by it again: what waited is due at once."""
    _hold(name, config, held=False)


def _hold(name: str, config: ConfigOption, *, held: bool) -> None:
    with opened_store(config) as (settings, store):
        changed = store.writer.do_now(HoldAccount(_account(settings, name), held, BY))
    said = "held" if held else "released"
    typer.echo(f"{name} is {said}." if changed else f"{name} was {'held' if held else 'not held'} before.")


def _account(settings: Settings, name: str) -> str:
    if name in settings.channels:
        return name
    if name in settings.desks:
        return desk_account(name)
    known = [*settings.channels, *settings.desks]
    raise CommandError(f"{name} is no account and no desk of the settings{did_you_mean(name, known)}")


def _row(state: AccountState) -> dict[str, object]:
    error = state.last_error
    return {
        "name": state.name,
        "held_at": _time(state.held_at),
        "held_by": state.held_by,
        "resting_until": _time(state.resting_until),
        "waiting": state.waiting,
        "oldest": _time(state.oldest),
        "failed": state.failed,
        "unknown": state.unknown,
        "last_error": None if error is None else f"{error.code}: {error.text}".rstrip(": "),
        "heard_at": _time(state.heard_at),
        "sent_at": _time(state.sent_at),
    }


def _time(at: Instant | None) -> str | None:
    return None if at is None else format_instant(at)
