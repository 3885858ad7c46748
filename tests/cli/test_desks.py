"""`desk try` over real settings and files."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot import clock as system_clock
from ratings.times import format_instant
from tests.cli.conftest import Tapfive, one_line

MAPPING = """
[desks.generic.main]
token = "file:token"
[desks.generic.main.mapping]
id = "data.ticket.number"
closed_at = "data.closed"
agent.name = "data.agent"
addresses = [{ channel = "telegram.support", id = "data.user.telegram" }]
when = { path = "data.status", in = ["solved"] }
reopened_when = { path = "data.status", in = ["open"] }
"""


@pytest.fixture(autouse=True)
def _desks(config: Path) -> None:
    config.write_text(config.read_text() + MAPPING + '[desks.generic.plain]\ntoken = "file:token"\n')


def body(**more: Any) -> str:
    closed = format_instant(system_clock.now())
    known = {"ticket": {"number": 17}, "closed": closed, "agent": "Ann", "user": {"telegram": 501}, "status": "solved"}
    return json.dumps({"data": {**known, **more}})


def test_a_closing_is_shown_with_where_it_comes_from(tapfive: Tapfive, tmp_path: Path) -> None:
    (tmp_path / "hook.json").write_text(body())
    ended = tapfive("desk", "try", "generic.main", str(tmp_path / "hook.json"))
    assert (ended.code, ended.err, ended.lines[0]) == (0, "", "closed:")
    written = "\n".join(ended.lines[1 : ended.lines.index("}") + 1])
    ticket = json.loads(written)
    assert (ticket["id"], ticket["desk"], ticket["agent"]) == ("17", "generic.main", {"id": "Ann", "name": "Ann"})
    assert ticket["addresses"] == [{"channel": "telegram.support", "id": "501"}]
    rows = [line.split() for line in ended.lines]
    assert any({"agent/name", "data.agent", "Ann"} <= set(row) for row in rows)


def test_json_for_programs(tapfive: Tapfive) -> None:
    ended = tapfive("desk", "try", "generic.main", "-", "--json", stdin=body(agent=None))
    content = json.loads(ended.out)
    (told,) = content["told"]
    assert (told["what"], told["ticket"]["id"]) == ("closed", "17")
    assert {"field": "/id", "path": "data.ticket.number", "value": 17} in content["sources"]
    assert not [source for source in content["sources"] if source["field"].startswith("/agent")]


def test_what_is_no_closing_says_so(tapfive: Tapfive) -> None:
    assert "reopened: 17" in tapfive("desk", "try", "generic.main", "-", stdin=body(status="open")).out
    assert "nothing for us: other" in tapfive("desk", "try", "generic.main", "-", stdin=body(status="new")).out


def test_headers_can_be_given(tapfive: Tapfive) -> None:
    headers = ["ce-specversion:1.0", "ce-id:1", "ce-source:/shop", "ce-type:org.shop.ticket.closed", "ce-subject:T-9"]
    closed = json.dumps({"closed_at": format_instant(system_clock.now())})
    options = [part for header in headers for part in ("--header", header)]
    ended = tapfive("desk", "try", "generic.plain", "-", "--json", *options, stdin=closed)
    assert json.loads(ended.out)["told"][0]["ticket"]["id"] == "T-9"
    one_line(tapfive("desk", "try", "generic.plain", "-", "--header", "nonsense", stdin="{}"), "NAME:VALUE")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (body(closed="yesterday, Ann said"), ["/closed_at: expected an RFC 3339 time"]),
        (body(ticket={}), ["/id: missing"]),
        ("nonsense of Ann's", ["no JSON"]),
        ("", ["no JSON"]),
    ],
)
def test_what_is_wrong_is_a_line_without_the_customers_words(tapfive: Tapfive, content: str, wanted: list[str]) -> None:
    ended = tapfive("desk", "try", "generic.main", "-", stdin=content)
    one_line(ended, wanted)
    assert "Ann" not in ended.err


def test_a_desk_or_a_file_that_is_not_there(tapfive: Tapfive) -> None:
    one_line(tapfive("desk", "try", "generic.mein", "-", stdin="{}"), ["generic.main, generic.plain", "did you mean"])
    one_line(tapfive("desk", "try", "generic.main", "/no/such/file"), "cannot be read")
    one_line(tapfive("desk", "try", "generic.main", "-", stdin=b"x" * (4 * 1024 * 1024 + 1)), "more than")
