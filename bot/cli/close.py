"""`close`: report closed tickets from a file. A running service sends what is decided here."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot import clock
from bot.cli.common import ConfigOption, console, opened_store
from bot.cli.failures import CommandError
from bot.cli.ticket_files import Entry, NotTickets, read_tickets
from ratings.errors import InvalidInput
from ratings.store.closings import DeskReport
from ratings.store.earlier import Decided
from ratings.store.writer import Writer
from ratings.ticket import Ticket, parse_ticket

BATCH = 1_000
"""Tickets in one transaction."""


def close(
    file: Annotated[str, typer.Argument(metavar="FILE", help="One ticket, a JSON array or NDJSON; - is stdin.")],
    config: ConfigOption = None,
) -> None:
    """Decide about closed tickets and store it. A refused one is a line on stderr; exit code 1 when there is any."""
    counts: Counter[str] = Counter()
    refused = 0
    errors = console(stderr=True)
    columns = (TextColumn("closing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with opened_store(config) as (settings, store), _opened(file) as stream:
        accounts = frozenset(settings.channels)
        try:
            entries = read_tickets(stream)
        except NotTickets as error:
            raise CommandError(f"{file}: {error}") from None
        with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
            task = progress.add_task("", total=None)
            for batch in _batches(entries):
                tickets: list[Ticket] = []
                for entry in batch:
                    wrong = _parse(entry, tickets)
                    if wrong:
                        refused += 1
                        typer.echo(f"{file}: {entry.place}: {wrong}", err=True)
                counts.update(_name(decided) for decided in asyncio.run(_decide(store.writer, tickets, accounts)))
                progress.advance(task, len(batch))
    typer.echo(_sum(counts, refused))
    if refused:
        raise typer.Exit(1)


def _parse(entry: Entry, tickets: list[Ticket]) -> str:
    """Add the ticket of an entry; return what is wrong with it instead, every field."""
    if entry.problem:
        return entry.problem
    try:
        tickets.append(parse_ticket(entry.data, now=clock.now()))
    except InvalidInput as error:
        return "; ".join(f"{wrong.pointer or '/'}: {wrong.detail}" for wrong in error.errors)
    return ""


async def _decide(writer: Writer, tickets: list[Ticket], accounts: frozenset[str]) -> list[Decided]:
    """Hand a batch over at once: the writer then makes it one transaction."""
    results = await asyncio.gather(*(writer.do(DeskReport(ticket, accounts)) for ticket in tickets))
    return [result for result in results if isinstance(result, Decided)]


def _name(decided: Decided) -> str:
    if not decided.new:
        return "repeated"
    return "asked" if decided.reason is None else f"skipped, {decided.reason}"


def _sum(counts: Counter[str], refused: int) -> str:
    reasons = sorted(name for name in counts if name.startswith("skipped"))
    skipped = sum(counts[name] for name in reasons)
    detail = ", ".join(f"{name.removeprefix('skipped, ')} {counts[name]}" for name in reasons)
    parts = [
        f"asked {counts['asked']}",
        f"skipped {skipped}{f' ({detail})' if detail else ''}",
        f"repeated {counts['repeated']}",
        f"refused {refused}",
    ]
    return ", ".join(parts)


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while batch := list(islice(entries, BATCH)):
        yield batch


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as error:
        raise CommandError(f"{file}: it cannot be read ({error.strerror})") from None
