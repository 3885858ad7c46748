"""Cells of files: texts that no spreadsheet runs, and wall clocks as the zone has them."""

import csv
import random
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlrd
from hypothesis import example, given
from hypothesis import strategies as st

from bot.exporting.columns import COLUMNS, Say
from bot.exporting.formats import FORMULA_STARTS, Csv, Heading, Xls, Xlsx, cells_of_texts
from bot.exporting.times import Clocks

TEXTS = st.lists(
    st.none()
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    | st.sampled_from(["=1+1", '"', ",", "a\r\nb", "-", "\t"]),
    min_size=1,
    max_size=5,
)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_texts_come_back_as_they_were_but_for_the_apostrophe(rows: list[list[str | None]]) -> None:
    width = min(map(len, rows))
    columns = list(zip(*(row[:width] for row in rows), strict=True))
    cells = [cells_of_texts(column) for column in columns]
    text = "".join(",".join(row) + "\r\n" for row in zip(*cells, strict=True))
    wanted = [
        [f"'{cell}" if cell and cell.startswith(FORMULA_STARTS) else cell or "" for cell in row[:width]] for row in rows
    ]
    read = [row or [""] for row in csv.reader(StringIO(text, newline=""))]
    assert read == wanted


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("\nx", '"\'\nx"'),
        ("＝1+1", "'＝1+1"),
        ("＠x", "'＠x"),
        ("a=1", "a=1"),
        ("plain", "plain"),
        ("", ""),
        (None, ""),
        ('a "b"', '"a ""b"""'),
    ],
)
def test_a_cell_that_may_run_gets_an_apostrophe(text: str | None, cell: str) -> None:
    assert cells_of_texts([text]) == [cell]
    assert [each.strip(chr(34)) for each in cells_of_texts(["plain", None])] == ["plain", ""]


COMMENT = next(column for column in COLUMNS.values() if column.name == "comment")


FEW: dict[str, list[Any]] = {
    "comment": ["=1+1", "a, b", None, 'say "x"', "", "plain", "-", "two\r\nlines"],
    "state": ["answered", "asked", None, "unknown"],
    "value": [5, 0, None, 1],
    "satisfied": [True, False, None, 1, 0],
    "rated_at": [1_700_000_000_000, None, 1_700_003_599_999, 1_700_086_400_000],
}


@pytest.mark.parametrize("say", [None, str.upper])
@pytest.mark.parametrize("name", FEW)
def test_a_column_of_few_values_is_written_as_one_of_many(name: str, say: Say | None) -> None:
    file = Csv([COLUMNS[name]], Heading(say, "UTC"), Clocks(ZoneInfo("UTC")))

    def written(cells: list[Any]) -> list[str]:
        lines = csv.reader(StringIO(file.add([cells]).decode(), newline=""))
        return [line[0] if line else "" for line in lines]

    few = FEW[name] * 20
    many: list[Any] = [f"x{n}" if isinstance(few[0], str) else 10**12 + n for n in range(300)]
    each_alone = [cell for value in few for cell in written([value])]
    assert written(few) == each_alone
    assert written(few + many)[: len(few)] == each_alone
    assert written(many + few)[len(many) :] == each_alone
    assert written([None] * 300 + few) == [""] * 300 + each_alone


def read_back(kind: type[Xls] | type[Xlsx], texts: list[str]) -> list[str]:
    """Write texts as a column of a file, and read it."""
    file = kind([COMMENT], Heading(None, "UTC"), Clocks(ZoneInfo("UTC")))
    try:
        made = b"".join((file.begin(), file.add([texts]), *file.end()))
    finally:
        file.close()
    if kind is Xls:
        return [str(value) for value in xlrd.open_workbook(file_contents=made).sheet_by_index(0).col_values(0)[1:]]
    return [str(row[0]) for row in list(openpyxl.load_workbook(BytesIO(made))["Ratings"].values)[1:]]


@pytest.mark.parametrize("kind", [Xls, Xlsx])
def test_emoji_come_back_from_every_place_of_a_file(kind: type[Xls] | type[Xlsx]) -> None:
    source = random.Random(3)
    texts = [f"{number}{''.join(source.choices('aя😍👍', k=source.randrange(60)))}" for number in range(3_000)]
    texts += [f"😡{'x' * number}" for number in range(600)] + ["👨‍👩‍👧‍👦", "=1+1", "plain"]
    assert read_back(kind, texts) == texts


@pytest.mark.parametrize("kind", [Xls, Xlsx])
def test_what_a_cell_cannot_hold_is_cut_between_characters(kind: type[Xls] | type[Xlsx]) -> None:
    texts = ["x" * 40_000, "😍" * 20_000, "я" * 32_767]
    assert read_back(kind, texts) == ["x" * 32_767, "😍" * 16_383, "я" * 32_767]


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from(["UTC", "Europe/Moscow", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
@example(1_143_334_800, "America/New_York")
@example(1_711_846_800, "Europe/Moscow")
@example(1_730_613_599, "America/New_York")
def test_clocks_show_what_the_zone_does(second: int, name: str) -> None:
    clocks, zone = Clocks(ZoneInfo(name)), ZoneInfo(name)
    local = datetime.fromtimestamp(second, UTC).astimezone(zone)
    instants = [second * 1000 + 999, None]
    assert clocks.exact(instants) == [local.isoformat(), ""]
    assert clocks.plain(instants) == [f"{local:%Y-%m-%d %H:%M:%S}", ""]
    assert clocks.moments(instants) == [local.replace(tzinfo=None), None]


@given(
    st.lists(st.none() | st.integers(0, 5 * 86_400), min_size=1, max_size=20),
    st.sampled_from([1_143_200_000, 1_711_700_000, 1_730_400_000, 1_764_000_000]),
    st.sampled_from(["UTC", "Europe/Moscow", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_clocks_show_many_times_as_each_alone(seconds: list[int | None], begin: int, name: str) -> None:
    instants = [None if second is None else (begin + second) * 1000 for second in seconds]
    local = [at and datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(name)) for at in instants]
    clocks = Clocks(ZoneInfo(name))
    assert clocks.exact(instants) == [each.isoformat() if each else "" for each in local]
    assert clocks.plain(instants) == [f"{each:%Y-%m-%d %H:%M:%S}" if each else "" for each in local]
