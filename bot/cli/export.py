"""Ratings as CSV: page by page, so that the memory does not grow with the file; safe to open in a spreadsheet."""

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.cli.common import console
from bot.cli.failures import CommandError
from ratings.reports.filters import Filters
from ratings.reports.lists import MAX_LIMIT, list_ratings
from ratings.reports.summary import summarise
from ratings.store.store import Store

Item = dict[str, Any]
BOM = "\ufeff"
"""What tells Excel that a CSV is UTF-8."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these may run as a formula: https://owasp.org/www-community/attacks/CSV_Injection."""


def _agent(key: str) -> Callable[[Item], object]:
    return lambda item: (item["agent"] or {}).get(key)


def _ticket(key: str) -> Callable[[Item], object]:
    return lambda item: item["ticket"][key]


def _own(key: str) -> Callable[[Item], object]:
    return lambda item: item[key]


COLUMNS: dict[str, Callable[[Item], object]] = {
    **{
        key: _own(key)
        for key in ("id", "rated_at", "value", "satisfied", "scale", "comment", "state", "channel", "survey")
    },
    "agent_id": _agent("id"),
    "agent_name": _agent("name"),
    **{key: _own(key) for key in ("group", "form", "priority")},
    "ticket_desk": _ticket("desk"),
    "ticket_id": _ticket("id"),
    "ticket_subject": _ticket("subject"),
    "ticket_url": _ticket("url"),
    **{key: _own(key) for key in ("closed_at", "asked_at")},
}
"""The columns and where each comes from."""


def write_csv(store: Store, filters: Filters, output: str) -> int:
    """Write what fits the filters to a file, or to stdout for "-"; return how many. Raises CommandError."""
    total = store.read_now(summarise, filters)["matching"]
    columns = (TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = console(stderr=True)
    written = 0
    with _opened(output) as stream, Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
        task = progress.add_task("", total=total)
        stream.write(BOM)
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for items in _pages(store, filters):
            writer.writerows([guarded(read(item)) for read in COLUMNS.values()] for item in items)
            written += len(items)
            progress.update(task, completed=written)
    return written


def guarded(value: object) -> object:
    """Return a cell that a spreadsheet takes for text. Numbers stay numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _pages(store: Store, filters: Filters) -> Iterator[list[Item]]:
    cursor: str | None = None
    while True:
        page = store.read_now(list_ratings, filters, limit=MAX_LIMIT, cursor=cursor)
        yield page.items
        if page.next is None:
            return
        cursor = page.next


@contextmanager
def _opened(output: str) -> Iterator[TextIO]:
    """Open a file that appears under its name only when it is whole; newlines are written as they are given."""
    if output == "-":
        stream = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
        try:
            yield stream
        finally:
            stream.detach()
        return
    path = Path(output)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise CommandError(f"--output: {output} cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
