"""`migrate` and `check`: what an operator runs before and after a change."""

import typer

from bot.cli.common import ConfigOption, JsonOption, print_json, settings_for_tool, store_failures
from bot.running import run
from ratings.store.migrate import migrate as migrate_store
from ratings.store.migrate import migration_state

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def migrate(config: ConfigOption = None) -> None:
    """Bring the database to where this version wants it."""
    settings = settings_for_tool(config)
    url = settings.store.url.get_secret_value()
    with store_failures():
        before = migrate_store(url)
        after = migration_state(url)
    if before.up_to_date:
        typer.echo(f"The database is at revision {after.current}, which this version wants. Nothing to do.")
    else:
        typer.echo(f"Migrated the database from {before.current or 'empty'} to {after.current}.")


def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Look for what is wrong with the set-up. Exit code 1 when something is."""
    from bot import check as checking  # noqa: PLC0415 - it imports every part of the service, which `migrate` does not need

    findings = run(checking.check(config))
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{typer.style(finding.level.ljust(7), fg=_COLOURS[finding.level])} {finding.line()}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)
