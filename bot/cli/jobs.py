"""`job`: what failed for good, and putting it back."""

from typing import Annotated

import typer

from bot.cli.common import ConfigOption, JsonOption, opened_store, print_json, print_table
from bot.cli.failures import CommandError
from ratings.lifecycle import JobKind
from ratings.reports.jobs import list_failed
from ratings.store.replays import ReplayJobs

app = typer.Typer(help="Jobs that failed for good.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)
BY = "cli"
MAX_ID = 2**63 - 1
COLUMNS = ("id", "kind", "state", "account", "code", "text", "tries", "failed_at", "invitation")

AccountOption = Annotated[str | None, typer.Option("--account", help="Of this account alone; a desk's is desk:NAME.")]
KindOption = Annotated[JobKind | None, typer.Option("--kind", help="Of this kind alone.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at the most.")]


@app.command("list")
def list_(
    account: AccountOption = None,
    kind: KindOption = None,
    limit: LimitOption = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs that failed, the newest first; `unknown` ones may have been carried out."""
    accounts, kinds = [account] if account else [], [kind.value] if kind else []
    with opened_store(config) as (_, store):
        items = store.read_now(list_failed, accounts=accounts, kinds=kinds, limit=limit).items
    if as_json:
        print_json(items)
    else:
        print_table("", list(COLUMNS), [[item[name] for name in COLUMNS] for item in items])


@app.command()
def replay(
    job: Annotated[
        int | None, typer.Argument(metavar="ID", min=1, max=MAX_ID, help="One job; without it, all of them.")
    ] = None,
    account: AccountOption = None,
    kind: KindOption = None,
    twice: Annotated[
        bool, typer.Option("--twice", help="Also what may have been carried out: a customer may get it twice.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Put back what failed. Whether it is still wanted is asked again before it is done."""
    with opened_store(config) as (_, store):
        done = store.writer.do_now(ReplayJobs(BY, job_id=job, account=account, kind=kind, twice=twice))
    if job is not None and not done.jobs:
        reason = "it may have been carried out: see --twice" if done.unknown else "there is no such job that failed"
        raise CommandError(f"ID: {reason}")
    typer.echo(f"Put back: {done.jobs}.")
    if done.unknown:
        typer.echo(f"Left, since they may have been carried out: {done.unknown} (see --twice).")
