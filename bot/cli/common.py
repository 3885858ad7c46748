"""What commands share: `--config`, the settings, an open store, and tables for people."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.failures import CommandError
from bot.logs import configure_logging, redact_text
from bot.settings import Settings, load_settings
from ratings.store.migrate import DatabaseTooNew
from ratings.store.reach import OutOfReach, reaching
from ratings.store.store import Store

WIDE = 200  # columns of a table that goes into a file or another program

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="The settings; by default TAPFIVE_CONFIG, else ./config.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def settings_for_tool(config: Path | None) -> Settings:
    """Read the settings for a command that is no service: only warnings reach stderr. Raises SettingsError."""
    settings = load_settings(config)
    configure_logging("warning", settings.log.format)
    return settings


@contextmanager
def store_failures() -> Iterator[None]:
    """Turn what is wrong with the store into CommandError."""
    from bot.assembly import NotMigrated  # noqa: PLC0415 - it imports the web server, which `--help` need not wait for

    try:
        with reaching():
            yield
    except OutOfReach as error:
        raise CommandError(redact_text(f"the store cannot be used: {error}")) from None
    except (DatabaseTooNew, NotMigrated) as error:
        raise CommandError(str(error)) from None


@contextmanager
def opened_store(config: Path | None) -> Iterator[tuple[Settings, Store]]:
    """Open the store beside whatever else is running. Raises SettingsError, CommandError."""
    from bot.assembly import make_store, prepare_store  # noqa: PLC0415 - as above

    settings = settings_for_tool(config)
    with store_failures():
        prepare_store(settings)
        store = make_store(settings).start()
        try:
            yield settings, store
        finally:
            store.stop()


# --- what people read --------------------------------------------------------------------------------------------


def print_json(value: Any) -> None:
    """Print JSON, readable."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table. Cells are plain text: neither rich's markup nor a terminal's control characters act in them."""
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    console(stderr=False).print(table)


def console(*, stderr: bool) -> Console:
    """Return a console; where no terminal is, it is wide enough for whole rows."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        width=None if stream.isatty() else WIDE,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
    )


def plain(value: object) -> str:
    """Write a cell: customers' words must not steer the terminal. Joiners inside emoji stay."""
    if value is None:
        return ""
    return "".join(char if char.isprintable() or char == "\u200d" else " " for char in str(value))
