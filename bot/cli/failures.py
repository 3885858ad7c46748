"""What a person must put right is a line on stderr and exit code 2, never a traceback."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from bot.settings_problems import SettingsError

BAD_INPUT = 2


class CommandError(Exception):
    """A command cannot do what was asked. `lines` are for the person who asked."""

    def __init__(self, *lines: str) -> None:
        self.lines: Iterable[str] = lines
        super().__init__("\n".join(lines))


@contextmanager
def failures_as_lines() -> Iterator[None]:
    """Print what is wrong with settings or input, and end with exit code 2."""
    try:
        yield
    except (SettingsError, CommandError) as error:
        for line in error.lines:
            typer.echo(f"tapfive: {line}", err=True)
        raise typer.Exit(BAD_INPUT) from None
