"""Whether a store can be reached at all, for those who must say so in a line instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from ratings.store.writer import StoreAway

MAX_SHOWN = 300


class OutOfReach(Exception):
    """The store cannot be used: no such server, wrong password, a folder that is not there, a full disk."""


@contextmanager
def reaching() -> Iterator[None]:
    """Turn the drivers' errors about the connection into OutOfReach. Its text is the driver's, without SQL and rows."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
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
