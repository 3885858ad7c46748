"""The registry as a file, with a bar on a terminal: chunk by chunk, so that the memory does not grow with the file."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.cli.common import console
from bot.cli.failures import CommandError
from bot.exporting.export import Asked, Export, TooManyRows, matching
from ratings.store.store import Store


def write_file(store: Store, asked: Asked, output: str) -> int:
    """Write what is asked for to a file, or to stdout for "-"; return how many rows. Raises CommandError."""
    try:
        total = store.read_now(matching, asked)
    except TooManyRows as error:
        raise CommandError(f"--format: {error}") from None
    columns = (TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = console(stderr=True)
    export = Export(store, asked)
    with (
        closing(export),
        _opened(output) as stream,
        Progress(*columns, console=errors, disable=not errors.is_terminal) as progress,
    ):
        task = progress.add_task("", total=total)
        for block in export.blocks_now(lambda rows: progress.update(task, completed=rows)):
            stream.write(block)
    return export.written


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when it is whole."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise CommandError(f"--output: {output} cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)
