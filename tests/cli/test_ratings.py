import csv
import json
from io import StringIO
from pathlib import Path

import openpyxl
import pytest

from bot.cli.filters import HELP
from bot.exporting.columns import COLUMNS
from ratings.reports.filters import NAMES
from tests.cli.conftest import Tapfive, one_line
from tests.store.world import World

AGENT = {"id": "a-1", "name": "Мария"}


def rate(world: World, ticket_id: str, value: int, comment: str | None = None, **ticket: object) -> None:
    invitation = world.asked(ticket_id, **ticket)
    world.tap(invitation, value)
    if comment is not None:
        world.write(comment)
    world.work()


@pytest.fixture
def rated(world: World) -> World:
    rate(world, "T-1", 5, "=HYPERLINK(1)", agent=AGENT, priority="high", subject="[red]Оплата[/red]\x1b[2J")
    rate(world, "T-2", 2, "Долго, очень", priority="low")
    rate(world, "T-3", 4)
    return world


def table(out: str) -> list[dict[str, str]]:
    assert out.startswith("\ufeff")
    return list(csv.DictReader(StringIO(out.removeprefix("\ufeff"), newline="")))


def test_there_is_an_option_for_every_filter_and_no_other() -> None:
    assert tuple(sorted(HELP)) == tuple(sorted(NAMES))


@pytest.mark.parametrize(
    ("options", "tickets"),
    [
        ([], ["T-3", "T-2", "T-1"]),
        (["--value-max", "3"], ["T-2"]),
        (["--value", "5", "--value", "4"], ["T-3", "T-1"]),
        (["--value", "5,4", "--no-has-comment"], ["T-3"]),
        (["--value", "5,4", "--has-comment"], ["T-1"]),
        (["--priority", "high"], ["T-1"]),
        (["--agent", "a-1"], ["T-1"]),
        (["--q", "долго"], ["T-2"]),
        (["--rated-to", "2020-01-01"], []),
        (["--rated-from", "2020-01-01", "--limit", "1"], ["T-3"]),
    ],
    ids=lambda part: " ".join(part) or "none",
)
def test_lists_by_every_kind_of_filter(tapfive: Tapfive, rated: World, options: list[str], tickets: list[str]) -> None:
    assert rated.store.writer.alive
    found = json.loads(tapfive("ratings", "list", "--json", *options).out)
    assert [item["ticket"]["id"] for item in found["items"]] == tickets


@pytest.mark.usefixtures("rated")
def test_pages_follow_one_another(tapfive: Tapfive) -> None:
    first = json.loads(tapfive("ratings", "list", "--json", "--limit", "2").out)
    second = json.loads(tapfive("ratings", "list", "--json", "--limit", "2", "--cursor", first["next"]).out)
    assert [item["ticket"]["id"] for page in (first, second) for item in page["items"]] == ["T-3", "T-2", "T-1"]
    assert second["next"] is None
    one_line(tapfive("ratings", "list", "--cursor", "nonsense"), "--cursor")


@pytest.mark.usefixtures("rated")
def test_words_neither_steer_the_terminal_nor_rich(tapfive: Tapfive) -> None:
    shown = tapfive("ratings", "list").out
    assert "[red]Оплата[/red] [2J" in shown
    assert "\x1b" not in shown


def test_every_wrong_filter_is_a_line(tapfive: Tapfive) -> None:
    ended = tapfive("ratings", "summary", "--value-max", "five", "--rated-from", "monday", "--state", "lost")
    assert ended.code == 2
    assert sorted(line.split(": ")[1] for line in ended.err.splitlines()) == ["--rated-from", "--state", "--value-max"]


@pytest.mark.usefixtures("rated")
def test_the_summary_counts(tapfive: Tapfive) -> None:
    found = json.loads(tapfive("ratings", "summary", "--json").out)
    assert (found["ratings"], found["asked"]["asked"]) == (3, 3)
    assert "66.67 %" in tapfive("ratings", "summary").out


def test_no_data_is_no_value(tapfive: Tapfive) -> None:
    shown = tapfive("ratings", "summary").out
    assert "no value" in shown
    assert "0 %" not in shown


@pytest.mark.usefixtures("rated")
def test_the_export_has_every_column_and_no_formula(tapfive: Tapfive) -> None:
    ended = tapfive("ratings", "export")
    rows = table(ended.out)
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["ticket_id"], row["value"], row["comment"]) for row in rows] == [
        ("T-3", "4", ""),
        ("T-2", "2", "Долго, очень"),
        ("T-1", "5", "'=HYPERLINK(1)"),
    ]
    assert rows[2]["agent_name"] == "Мария"
    assert ended.err == "3 rows written.\n"


@pytest.mark.usefixtures("rated")
def test_the_export_goes_to_a_file_whole(tapfive: Tapfive, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    ended = tapfive("ratings", "export", "--value-max", "2", "-o", str(path))
    assert (ended.code, ended.out) == (0, "")
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfrated_at,")
    assert content.count(b"\r\n") == 2
    assert not list(tmp_path.glob("*.part"))
    one_line(tapfive("ratings", "export", "-o", str(tmp_path / "none" / "ratings.csv")), "--output")


def test_the_export_goes_over_many_pages(tapfive: Tapfive, rated: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rated.store.writer.alive
    monkeypatch.setattr("bot.exporting.export.ROWS", 1)
    assert [row["ticket_id"] for row in table(tapfive("ratings", "export").out)] == ["T-3", "T-2", "T-1"]


@pytest.mark.usefixtures("rated")
def test_the_export_is_of_what_is_named_in_the_format_that_is_named(tapfive: Tapfive, tmp_path: Path) -> None:
    path = tmp_path / "ratings.xlsx"
    options = [
        "--format",
        "xlsx",
        "--columns",
        "ticket_id,value",
        "--sort",
        "value",
        "--headers",
        "ru",
        "-o",
        str(path),
    ]
    assert tapfive("ratings", "export", *options).code == 0
    assert list(openpyxl.load_workbook(path)["Ratings"].values) == [
        ("Обращение", "Оценка"),
        ("T-2", 2),
        ("T-3", 4),
        ("T-1", 5),
    ]
    assert table(tapfive("ratings", "export", "--show", "not_asked").out) == []
    ended = tapfive("ratings", "export", "--format", "ods", "--columns", "mood", "--sort", "asked", "--headers", "de")
    assert ended.code == 2
    wrong = ["--columns", "--format", "--headers", "--sort"]
    assert sorted(line.split(": ")[1] for line in ended.err.splitlines()) == wrong
