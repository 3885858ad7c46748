"""Passwords: hashed by Argon2id with the parameters that RFC 9106 recommends second (64 MiB of memory, 3 passes, 4 lanes)."""

import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 10
"""Characters; NIST SP 800-63B asks for eight, and for no rules about their kinds."""

MAX_LENGTH = 1_000
_ONE_AT_A_TIME = threading.Lock()  # each takes 64 MiB


class WeakPassword(ValueError):
    """The password is too short, too long, or the name itself."""


def check_password(name: str, password: str) -> None:
    """Raises WeakPassword for a password that nobody should have."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise WeakPassword(f"a password is {MIN_LENGTH} to {MAX_LENGTH} characters long")
    if password.casefold() == name.casefold():
        raise WeakPassword("a password is not the name itself")


def hash_password(password: str) -> str:
    """Return the hash to keep. Takes some 0.1 s and 64 MiB."""
    with _ONE_AT_A_TIME:
        return _hasher().hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """True when the password is the one whose hash is kept. None takes as long as any other: names cannot be guessed by time."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - with the first sign-in

    with _ONE_AT_A_TIME:
        nobodys = _nobodys()  # whoever comes first waits for it, whether there is such a name or not
        try:
            _hasher().verify(kept or nobodys, password[:MAX_LENGTH])
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # noqa: PLC0415 - with the first sign-in

    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")
