"""`recount`: throw away what was counted by days, and count all of it again."""

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.cli.common import ConfigOption, console, opened_store
from ratings.store.roll_up_keeping import KeepRollUp, count_closings, roll_up_state_of

PORTION = 20_000

PortionOption = Annotated[
    int,
    typer.Option(
        min=1, max=1_000_000, metavar="N", help="Closings in one transaction, for which a running service waits."
    ),
]


def recount(portion: PortionOption = PORTION, config: ConfigOption = None) -> None:
    """Count all days again. A service may run beside it; its reports are counted row by row meanwhile."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = console(stderr=True)
    with opened_store(config) as (settings, store):
        zone = settings.server.timezone
        total = store.read_now(count_closings)
        with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
            task = progress.add_task("clearing", total=total)
            store.writer.do_now(KeepRollUp(zone, anew=True, patient=True))
            while not (state := store.read_now(roll_up_state_of)).ready:
                done = store.writer.do_now(KeepRollUp(zone, portion, patient=True))
                if not state.clearing:
                    progress.update(task, description="counting", advance=done - 1)
            progress.update(task, completed=total)
    typer.echo(f"{total} closings counted by days of {zone}.")
