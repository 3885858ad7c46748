"""The command line. Each command's module is imported when it is called: `tapfive apikey list` needs no web server."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from bot.cli.failures import CommandError, failures_as_lines

COMMANDS = {
    "serve": "bot.cli.service:serve",
    "work": "bot.cli.service:work",
    "migrate": "bot.cli.upkeep:migrate",
    "check": "bot.cli.upkeep:check",
    "demo": "bot.cli.demo:demo",
    "sample": "bot.cli.sample:sample",
    "survey": "bot.cli.surveys:app",
    "ratings": "bot.cli.ratings:app",
    "recount": "bot.cli.recount:recount",
    "close": "bot.cli.close:close",
    "user": "bot.cli.users:app",
    "apikey": "bot.cli.keys:app",
    "channel": "bot.cli.channels:app",
    "desk": "bot.cli.desks:app",
    "job": "bot.cli.jobs:app",
    "customer": "bot.cli.customers:customer",
    "retention": "bot.cli.retention:app",
}
"""Every command and where it is: `module:function`, or `module:app` for a group of commands."""


class _Commands(TyperGroup):
    """The commands of the table, in its order."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - inherited
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - inherited
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(rich_markup_mode=None, add_completion=False)
            found.command(cmd_name)(function)
        command = get_command(found)
        command.name = cmd_name
        return command

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        with failures_as_lines():
            if any(
                "\ud800" <= char <= "\udfff" for char in "".join(args)
            ):  # what Python makes of bytes that are no text
                raise CommandError("an argument is no text in UTF-8")
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with failures_as_lines():
            return super().invoke(ctx)


# Plain help and plain tracebacks: typer's pretty ones can show local variables, and so secrets.
app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.callback(help="Asks a customer to rate the help they got: five emoji, one tap.")
def _tapfive() -> None:
    """Only the name of the group."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, by default the process' own; ends with SystemExit. Exit code 2 is bad input, told in a line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that knows no emoji must not end a command
            stream.reconfigure(errors="backslashreplace")
    app(arguments, prog_name="tapfive")
