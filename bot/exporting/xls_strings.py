"""The texts of an XLS file, which lie one after another in records of 8,224 bytes: no character is cut in two between them.

xlwt cuts between the two halves of an emoji, and readers that decode each record by itself (xlrd, and with it pandas) then open nothing
of the whole file.
"""

from typing import Any

from xlwt.BIFFRecords import SharedStringTable
from xlwt.UnicodeUtils import upack2

_MOST = 0x2020  # bytes of a record


class SharedStrings(SharedStringTable):  # type: ignore[misc] # xlwt has no types
    """xlwt's table of texts, with other cuts."""

    def _add_to_sst(self, text: str) -> None:
        packed = upack2(text, self.encoding)
        wide = packed[2] == 1
        # Length, width and the first character stay together.
        first = 3 + (1 if not wide else 4 if _begins_pair(packed, 3) else 2)
        self._save_atom(packed[:first])
        self._save_splitted(packed[first:], wide)

    def _save_splitted(self, rest: bytes, wide: bool) -> None:
        while rest:
            free = _MOST - len(self._current_piece)
            if len(rest) <= free:
                self._current_piece += rest
                return
            cut = free // 2 * 2 if wide else free
            if wide and cut and _begins_pair(rest, cut - 2):
                cut -= 2
            self._current_piece += rest[:cut]
            rest = rest[cut:]
            self._new_piece()
            self._current_piece += b"\x01" if wide else b"\x00"


def _begins_pair(packed: bytes, at: int) -> bool:
    """True where the first half of a character of two stands."""
    return packed[at + 1] & 0xFC == 0xD8  # noqa: PLR2004 - U+D800 to U+DBFF, the larger byte last


def with_whole_characters(book: Any) -> Any:
    """Return xlwt's workbook, which nothing was written into yet, with these cuts."""
    book._Workbook__sst = SharedStrings(book.encoding)  # noqa: SLF001 - xlwt offers no other way
    return book
