"""Whether a store can be reached at all, for those who must say so in a line instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)

from ratings.store.writer import StoreAway

MAX_SHOWN = 300


class OutOfReach(Exception):
    """The store cannot be used: no such server, wrong password, a folder that is not there, a file that is no database."""


@contextmanager
def reaching() -> Iterator[None]:
    """Turn the drivers' errors about the database into OutOfReach. Its text is the driver's, without SQL and rows."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise  # about a statement or a row: a fault of ours, and the driver's text may hold the row
    except (DatabaseError, InterfaceError) as error:
        raise OutOfReach(_reason(error)) from None
    except StoreAway as error:
        raise OutOfReach(_reason(error.__cause__ or error)) from None
    except ArgumentError:
        raise OutOfReach("the URL of the store cannot be read") from None


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite URL; None for a server."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def _reason(error: BaseException) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    text = " ".join(str(said).split())
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
