"""What an error of the database says about a batch: try again, come again later, or look for the operation to blame. Pure."""

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError


class Trouble(Enum):
    """What to do about a batch that failed."""

    RACE = "race"  # another process won a race for a constraint or a row: read again what it wrote
    LOCKED = "locked"  # another process holds a lock for long
    AWAY = "away"  # nobody can write now, whatever it is
    OPERATION = "operation"  # one of the operations is to blame


_SQLITE_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_RACES = {"40001", "40P01"}  # serialization_failure, deadlock_detected
_LOCK_NOT_AVAILABLE = "55P03"
_READ_ONLY = "25006"  # after a failover: what answers there is not the primary (yet)
_LIMITS = "54"  # class: a row or a statement is too large; psycopg calls it operational, yet an operation is to blame


def trouble_of(error: BaseException) -> Trouble:
    """Say what an error means for the whole batch in which it was raised."""
    if not isinstance(error, DBAPIError):
        return Trouble.OPERATION
    if isinstance(error, IntegrityError):
        return Trouble.RACE
    if error.connection_invalidated:
        return Trouble.AWAY
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error)
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _RACES:
        return Trouble.RACE
    if state == _LOCK_NOT_AVAILABLE:
        return Trouble.LOCKED
    if state.startswith(_LIMITS):
        return Trouble.OPERATION
    away = isinstance(error, OperationalError | InterfaceError) or state == _READ_ONLY
    return Trouble.AWAY if away else Trouble.OPERATION


def _of_sqlite(error: DBAPIError) -> Trouble:
    # The low byte is the primary code: https://www.sqlite.org/rescode.html
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _SQLITE_LOCKED:
        return Trouble.LOCKED
    # The plain SQLITE_ERROR is about a statement (too many variables, no such table); the others about file and disk.
    away = isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR
    return Trouble.AWAY if away else Trouble.OPERATION
