import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bot import clock as system_clock
from bot.cli.ticket_files import NotTickets, read_tickets
from ratings.store.schema import invitations
from ratings.times import format_instant
from tests.cli.conftest import Tapfive, one_line
from tests.store.world import World


def ticket(ticket_id: str, **more: Any) -> dict[str, Any]:
    address = {"channel": "telegram.support", "id": "501"}
    return {"id": ticket_id, "closed_at": format_instant(system_clock.now()), "address": address, **more}


def states(world: World) -> dict[str, str]:
    return {row["ticket_id"]: row["reason"] or row["state"] for row in world.rows(invitations)}


def test_mixed_ndjson_stores_the_good_and_names_the_bad_by_line(tapfive: Tapfive, world: World, tmp_path: Path) -> None:
    lines = [
        json.dumps(ticket("1")),
        json.dumps({"id": 2, "priority": ["high"]}),
        "",
        "no json",
        json.dumps(ticket("1")),
        json.dumps(ticket("3", address={"channel": "viber.shop", "id": "5"})),
    ]
    path = tmp_path / "tickets.ndjson"
    path.write_text("\n".join(lines))
    ended = tapfive("close", str(path))
    assert ended.code == 1
    assert ended.out == "asked 1, skipped 1 (channel_unknown 1), repeated 1, refused 2\n"
    wrong, broken = ended.err.splitlines()
    assert wrong.startswith(f"{path}: line 2: ")
    assert "/closed_at: " in wrong
    assert "/priority: " in wrong
    assert broken.startswith(f"{path}: line 4: no JSON")
    assert states(world) == {"1": "scheduled", "3": "channel_unknown"}


def test_one_ticket_over_many_lines_is_one_ticket(tapfive: Tapfive, world: World) -> None:
    ended = tapfive("close", "-", stdin=json.dumps(ticket("1"), indent=2))
    assert (ended.code, ended.out) == (0, "asked 1, skipped 0, repeated 0, refused 0\n")
    assert states(world) == {"1": "scheduled"}


def test_an_array_names_the_bad_by_their_place(tapfive: Tapfive, world: World) -> None:
    ended = tapfive("close", "-", stdin=json.dumps([ticket("1"), {"id": "2"}, 5]))
    assert ended.code == 1
    assert [line.split(": ")[1] for line in ended.err.splitlines()] == ["item 2", "item 3"]
    assert states(world) == {"1": "scheduled"}


def test_more_tickets_than_a_transaction_takes(tapfive: Tapfive, world: World) -> None:
    many = "\n".join(json.dumps(ticket(str(number))) for number in range(1_100))
    assert tapfive("close", "-", stdin=many).out == "asked 1100, skipped 0, repeated 0, refused 0\n"
    assert len(states(world)) == 1_100


@pytest.mark.parametrize("content", ["", "\n \n", "no json", "[1", '{"id": '])
def test_a_file_that_holds_no_tickets_is_a_line(tapfive: Tapfive, content: str) -> None:
    one_line(tapfive("close", "-", stdin=content), "-: it is ")


def test_a_file_that_is_not_there_is_a_line(tapfive: Tapfive, tmp_path: Path) -> None:
    one_line(tapfive("close", str(tmp_path / "none.json")), "cannot be read")


def entries(content: bytes) -> list[tuple[str, Any, bool]]:
    return [(entry.place, entry.data, bool(entry.problem)) for entry in read_tickets(BytesIO(content))]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"a": 1}', [("line 1", {"a": 1}, False)]),
        (b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r\n', [("line 1", {"a": 1}, False), ("line 2", {"a": 2}, False)]),
        (b'\n\n{"a": 1}\n5', [("line 3", {"a": 1}, False), ("line 4", 5, False)]),
        (b'{"a": 1\n{"a": 2}', [("line 1", None, True), ("line 2", {"a": 2}, False)]),
        (b'\n{\n"a":\n1}', [("line 2", {"a": 1}, False)]),
        (b'[\n{"a": 1},\n{"a": 2}]', [("item 1", {"a": 1}, False), ("item 2", {"a": 2}, False)]),
        (b"[]", []),
        (b'{"a": 1}\n' + b"[" * 100_000, [("line 1", {"a": 1}, False), ("line 2", None, True)]),
    ],
    ids=["one", "bom", "blank", "first-broken", "indented", "array", "nothing", "deep"],
)
def test_what_a_file_is_shows_in_its_content(content: bytes, found: list[tuple[str, Any, bool]]) -> None:
    assert entries(content) == found


def test_a_ticket_of_900_levels_is_a_line_and_harms_no_other(tapfive: Tapfive, world: World) -> None:
    deep = json.dumps(ticket("2", zzz=0)).replace('"zzz": 0', f'"zzz": {"[" * 900}{"]" * 900}')
    ended = tapfive("close", "-", stdin=f"{json.dumps(ticket('1'))}\n{deep}\n")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "line 2: /fields: nested too deep" in ended.err
    assert set(states(world)) == {"1"}


def test_no_json_at_all_is_said_before_anything_is_read() -> None:
    with pytest.raises(NotTickets):
        read_tickets(BytesIO(b"[" * 100_000))
