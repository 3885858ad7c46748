"""The formats of an export: CSV, XLSX and XLS. Each takes chunks, column by column, and gives out bytes."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any, ClassVar, Protocol

from bot.exporting.columns import Column, Kind, Say
from bot.exporting.times import Clocks

BOM = "\ufeff"
"""What tells Excel that a CSV is UTF-8."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins with one of these may run as a formula: https://owasp.org/www-community/attacks/CSV_Injection.

Those of full width do where a spreadsheet speaks Chinese or Japanese.
"""

BLOCK = 1 << 18
LONGEST_CELL = 32_767
"""Characters that a cell of Excel holds; an emoji is two of them."""

_EMPTY = (None, "")


class Heading:
    """How headings and codes are written: `names` for programs, else in the words of a language."""

    def __init__(self, say: Say | None, zone: str) -> None:
        self._say = say
        self._zone = zone

    @property
    def for_programs(self) -> bool:
        """True when headings are names and codes stay codes."""
        return self._say is None

    def of(self, column: Column) -> str:
        """Return a column's heading; that of times names their zone."""
        if self._say is None:
            return column.name
        title = self._say(column.title)
        return f"{title} ({self._zone})" if column.kind is Kind.TIME else title

    def coded(self, column: Column, cells: Sequence[Any]) -> Sequence[Any]:
        """Say codes in words."""
        if self._say is None or column.words is None:
            return cells
        said = {code: self._say(words) for code, words in column.words.items()}
        return [said.get(cell, cell) for cell in cells]

    def truth(self) -> tuple[str, str]:
        """Return the words for true and false."""
        return ("true", "false") if self._say is None else (self._say("yes"), self._say("no"))


class Format(Protocol):
    """A file that is being written. `most` is how many rows it holds, None: as many as there are."""

    name: ClassVar[str]
    media_type: ClassVar[str]
    most: ClassVar[int | None]

    def __init__(self, columns: Sequence[Column], heading: Heading, clocks: Clocks) -> None:
        """Begin a file of these columns."""

    def begin(self) -> bytes:
        """Write the headings; return what can be given out already."""

    def add(self, cells: Sequence[Sequence[Any]]) -> bytes:
        """Write a chunk; return what can be given out already."""

    def end(self) -> Iterator[bytes]:
        """Finish the file; return the rest of it."""

    def close(self) -> None:
        """Throw away what is kept on the disk."""


_STARTS = frozenset(FORMULA_STARTS)
_SPECIAL = ('"', ",", "\r", "\n")


def cells_of_texts(cells: Sequence[str | None]) -> Sequence[str]:
    """Return texts as cells of a CSV, which no spreadsheet runs as a formula.

    A whole column is searched at once: most hold nothing that would have to be changed.
    """
    texts = ["" if cell is None else cell for cell in cells]
    joined = "".join(texts)
    if any(start in joined for start in FORMULA_STARTS) and not _STARTS.isdisjoint({text[:1] for text in texts}):
        texts = [f"'{text}" if text.startswith(FORMULA_STARTS) else text for text in texts]
    if any(char in joined for char in _SPECIAL):
        if '"' in joined:
            texts = [text.replace('"', '""') for text in texts]
        # All of them: to look at each takes longer than two more bytes.
        texts = [f'"{text}"' if text else "" for text in texts]
    return texts


_TRIED, _FEW = 200, 50


def _each_once(cells: Sequence[Any], write: Callable[[Sequence[Any]], Sequence[str]]) -> Sequence[str]:
    """Write a column whose cells have few values, as its first ones do, by writing each value once."""
    if len(set(cells[:_TRIED])) > _FEW:
        return write(cells)
    values = list(set(cells))
    return list(map(dict(zip(values, write(values), strict=True)).__getitem__, cells))


class Csv:
    """UTF-8 with a BOM; no cell runs as a formula. Given out as it is written.

    Column by column, and not by the standard library's writer, which looks at every cell by itself.
    """

    name = "csv"
    media_type = "text/csv; charset=utf-8"
    most: ClassVar[int | None] = None

    def __init__(self, columns: Sequence[Column], heading: Heading, clocks: Clocks) -> None:
        self._columns = columns
        self._heading = heading
        self._clocks = clocks

    def begin(self) -> bytes:
        """Return BOM and headings."""
        titles = cells_of_texts([self._heading.of(column) for column in self._columns])
        return f"{BOM}{','.join(titles)}\r\n".encode()

    def add(self, cells: Sequence[Sequence[Any]]) -> bytes:
        """Return the chunk's rows."""
        columns = [self._column(column, each) for column, each in zip(self._columns, cells, strict=True)]
        rows = map(",".join, zip(*columns, strict=True))
        return ("\r\n".join(rows) + "\r\n").encode()

    def end(self) -> Iterator[bytes]:
        """Nothing is left."""
        return iter(())

    def close(self) -> None:
        """Nothing is kept."""

    def _column(self, column: Column, cells: Sequence[Any]) -> Sequence[str]:
        if not any(cells) and cells.count(None) == len(cells):
            return [""] * len(cells)
        if column.kind is Kind.TIME:
            return self._clocks.exact(cells) if self._heading.for_programs else self._clocks.plain(cells)
        return _each_once(cells, lambda some: self._written(column, some))

    def _written(self, column: Column, cells: Sequence[Any]) -> Sequence[str]:
        if column.kind is Kind.TRUTH:
            yes, no = self._heading.truth()
            return ["" if cell is None else yes if cell else no for cell in cells]
        if column.kind is Kind.NUMBER:
            return ["" if cell is None else str(cell) for cell in cells]
        return cells_of_texts(self._heading.coded(column, cells))


class _Workbook:
    """What both of Excel's formats share: cells are written one by one into a file of our own, given out at the end."""

    _KEPT = "w+b"

    def __init__(self, columns: Sequence[Column], heading: Heading, clocks: Clocks) -> None:
        self._columns = columns
        self._heading = heading
        self._clocks = clocks
        self._row = 1
        self._file: IO[bytes] = tempfile.TemporaryFile(self._KEPT)  # noqa: SIM115 - closed by `close`

    def close(self) -> None:
        """Throw the file away."""
        self._file.close()

    def _given_out(self) -> Iterator[bytes]:
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            yield block

    def _column(self, column: Column, cells: Sequence[Any]) -> Sequence[Any]:
        if column.kind is Kind.TIME:
            return self._clocks.moments(cells)
        if column.kind is Kind.TRUTH:
            return [None if cell is None else bool(cell) for cell in cells]
        if column.kind is Kind.TEXT and max((len(cell) for cell in cells if cell), default=0) > LONGEST_CELL // 2:
            return [cell and _fitting(cell) for cell in cells]
        return self._heading.coded(column, cells)


def _fitting(text: str) -> str:
    """Return as much of a text as a cell holds."""
    return text.encode("utf-16-le")[: 2 * LONGEST_CELL].decode("utf-16-le", "ignore")


class Xlsx(_Workbook):
    """Excel since 2007; dates and numbers are such, texts are never formulas nor links. In constant memory."""

    name = "xlsx"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    most: ClassVar[int | None] = 1_048_575

    def __init__(self, columns: Sequence[Column], heading: Heading, clocks: Clocks) -> None:
        import xlsxwriter  # noqa: PLC0415 - not before somebody wants such a file

        super().__init__(columns, heading, clocks)
        # Its rows wait in a file of its own, which it deletes only when it gets to its end: a download may be broken off.
        self._folder = tempfile.TemporaryDirectory(prefix="tapfive-export-", ignore_cleanup_errors=True)
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd hh:mm:ss",
        }
        self._book = xlsxwriter.Workbook(self._file, options)
        self._sheet = self._book.add_worksheet("Ratings")

    def begin(self) -> bytes:
        """Write the headings, which stay in sight."""
        bold = self._book.add_format({"bold": True})
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, _width(column))
        for number, column in enumerate(self._columns):
            self._sheet.write_string(0, number, self._heading.of(column), bold)
        self._sheet.freeze_panes(1, 0)
        return b""

    def add(self, cells: Sequence[Sequence[Any]]) -> bytes:
        """Write a chunk."""
        columns = [self._column(column, each) for column, each in zip(self._columns, cells, strict=True)]
        sheet = self._sheet
        writers = [_WRITERS[column.kind](sheet) for column in self._columns]
        for row in zip(*columns, strict=True):
            for number, cell in enumerate(row):
                if cell not in _EMPTY:
                    writers[number](self._row, number, cell)
            self._row += 1
        return b""

    def end(self) -> Iterator[bytes]:
        """Pack the file."""
        self._book.close()
        return self._given_out()

    def close(self) -> None:
        """Throw the file away, and what it was made of."""
        self._sheet.row_data_fh.close()
        self._folder.cleanup()
        super().close()


_WRITERS: dict[Kind, Any] = {
    Kind.TEXT: lambda sheet: sheet.write_string,
    Kind.CODE: lambda sheet: sheet.write_string,
    Kind.NUMBER: lambda sheet: sheet.write_number,
    Kind.TRUTH: lambda sheet: sheet.write_boolean,
    Kind.TIME: lambda sheet: sheet.write_datetime,
}


class Xls(_Workbook):
    """Excel of 1997 to 2003: 65,536 rows, of which one has the headings."""

    name = "xls"
    media_type = "application/vnd.ms-excel"
    most: ClassVar[int | None] = 65_535

    def __init__(self, columns: Sequence[Column], heading: Heading, clocks: Clocks) -> None:
        import xlwt  # noqa: PLC0415 - as above

        from bot.exporting.xls_strings import with_whole_characters  # noqa: PLC0415 - as above

        super().__init__(columns, heading, clocks)
        self._book = with_whole_characters(xlwt.Workbook(encoding="utf-8"))
        self._sheet = self._book.add_sheet("Ratings")
        self._plain = xlwt.easyxf()
        self._bold = xlwt.easyxf("font: bold on")
        self._time = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")

    def begin(self) -> bytes:
        """Write the headings, which stay in sight."""
        for number, column in enumerate(self._columns):
            self._sheet.col(number).width = 256 * _width(column)
            self._sheet.write(0, number, self._heading.of(column), self._bold)
        self._sheet.set_panes_frozen(True)
        self._sheet.set_horz_split_pos(1)
        return b""

    def add(self, cells: Sequence[Sequence[Any]]) -> bytes:
        """Write a chunk, and let its rows go."""
        columns = [self._column(column, each) for column, each in zip(self._columns, cells, strict=True)]
        for row in zip(*columns, strict=True):
            for number, cell in enumerate(row):
                if cell not in _EMPTY:
                    style = self._time if isinstance(cell, datetime) else self._plain
                    self._sheet.write(self._row, number, cell, style)
            self._row += 1
        self._sheet.flush_row_data()
        return b""

    def end(self) -> Iterator[bytes]:
        """Pack the file."""
        self._book.save(self._file)
        return self._given_out()

    def close(self) -> None:
        """Throw the file away, and the one that its rows waited in."""
        if self._sheet.row_tempfile is not None:
            self._sheet.row_tempfile.close()
        super().close()


def _width(column: Column) -> int:
    if column.kind is Kind.TIME:
        return 20
    return 40 if column.name in {"comment", "ticket_subject", "reason", "state_reason"} else 14


FORMATS: dict[str, type[Csv] | type[Xlsx] | type[Xls]] = {each.name: each for each in (Csv, Xlsx, Xls)}
