"""Cells of files: texts that no spreadsheet runs, and wall clocks as the zone has them."""

import csv
from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.exporting.formats import FORMULA_STARTS, cells_of_texts
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
