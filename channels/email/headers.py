"""The headers of a received mail as plain strings. Pure, and taken as they are: half of all mail breaks some rule."""

import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from channels.email.addresses import normalise
from net.errors import Rejected

_FOLD = re.compile(r"[\r\n]+")


class Headers:
    """All headers of one part, in their order."""

    def __init__(self, part: Message) -> None:
        self._all = [(name.lower(), _plain(value)) for name, value in part.raw_items()]

    def all(self, *names: str) -> Iterator[str]:
        """The values of these headers (lower-case names), in the order of the names."""
        for wanted in names:
            yield from (value for name, value in self._all if name == wanted)

    def first(self, name: str) -> str:
        """The first value, "" where there is none."""
        return next(self.all(name), "")

    def word(self, name: str) -> str:
        """The first word of the first value, in lower case: `Auto-Submitted: Auto-Replied; x` is "auto-replied"."""
        return re.split(r"[;\s(]", self.first(name).strip().lower(), maxsplit=1)[0]

    @property
    def sender(self) -> str:
        """The address in From, as the desk would name it; "" where it is none."""
        try:
            return normalise(parseaddr(_decoded(self.first("from")))[1])
        except Rejected:
            return ""


def _plain(value: object) -> str:
    text = _FOLD.sub(" ", str(value))
    try:
        # 8-bit octets arrive as half surrogates; they are UTF-8 (RFC 6532), or nobody knows what.
        return text.encode("ascii", "surrogateescape").decode("utf-8", "replace").replace("\0", "")
    except UnicodeEncodeError:
        return text.replace("\0", "")


def _decoded(value: str) -> str:
    """Some programs encode a whole From, its address included."""
    if "=?" not in value or "<" in value:
        return value
    try:
        pieces = decode_header(value)
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in pieces
        )
    except (LookupError, ValueError):
        return value
