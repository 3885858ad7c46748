"""What can be said at all, checked before anything is sent."""

import re
from collections.abc import Callable

from net.errors import Rejected

_HALF = re.compile(r"[\ud800-\udfff]")


def must_be_whole(text: str) -> None:
    """Raise Rejected for half of a character: it is no UTF-8, and so no request."""
    if _HALF.search(text):
        raise Rejected("the text has half a character in it")


def must_fit(text: str, most: int, *, empty: str, length: Callable[[str], int] = len, unit: str = "characters") -> None:
    """Raise Rejected for a text of blanks alone (in the words of `empty`), one that is not whole, or of more than `most` units."""
    if not text.strip():
        raise Rejected(empty)
    must_be_whole(text)
    if length(text) > most:
        raise Rejected(f"a text has at most {most} {unit}")
