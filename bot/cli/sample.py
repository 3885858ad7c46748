"""`sample`: an empty store filled with a history that never happened."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bot import clock
from bot.cli.common import ConfigOption, console, opened_store
from bot.cli.failures import CommandError
from ratings.sample.plan import MAX_DAYS, MAX_ROWS, Plan
from ratings.store.sample import NotEmpty, count_days, fill
from ratings.times import HOUR, Instant


def sample(
    rows: Annotated[int, typer.Option(min=1, max=MAX_ROWS, metavar="N", help="How many closings there are to be.")],
    seed: Annotated[int, typer.Option(metavar="S", help="Which history: the same seed tells the same.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, metavar="N", help="How many days they fill.")] = 365,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="The last day (2026-01-31); by default they end with this hour.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Fill an empty store with a plausible history, marked as a sample: of about three closings one is rated."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    errors = console(stderr=True)
    with opened_store(config) as (settings, store):
        zone = settings.server.timezone
        plan = Plan(rows, seed, clock.now() // HOUR * HOUR if until is None else _end_of(until, zone), days, zone)
        with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
            written = progress.add_task("writing", total=rows)
            counted = progress.add_task("counting", total=rows)
            try:
                history = fill(store.writer, plan, by="cli", on_rows=lambda more: progress.advance(written, more))
            except NotEmpty as error:
                raise CommandError(f"the store is not empty: {error}; {REMEDY}") from None
            count_days(store, zone, on_rows=lambda more: progress.advance(counted, more))
    truth = history.truth
    typer.echo(
        f"Filled the store with {rows} closings of {days} days by {len(history.cast.everybody)} agents (seed {seed}). "
        f"Behind them: CSAT {100 * truth.satisfied:.1f} %, response rate {100 * truth.response:.1f} %."
    )


REMEDY = "give it one of its own, such as TAPFIVE_STORE__URL=sqlite:///sample.db"


def _end_of(day: str, zone: str) -> Instant:
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise CommandError(f"--until: {day[:40]!r} is no day; write it as 2026-01-31") from None
    return round(datetime.combine(after, time(), ZoneInfo(zone)).timestamp()) * 1000
