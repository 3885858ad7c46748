import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.surveys import survey_to_toml
from ratings.conditions import parse_condition
from ratings.store.surveys import load_surveys
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey
from tests.cli.conftest import Tapfive, one_line
from tests.store.world import World

RICH = replace(
    DEFAULT_SURVEY,
    id="vip",
    name='A "name" with\\quotes',
    forms=("billing", "7"),
    texts={"ru": {"question": "Как мы\nсправились с «{ticket.subject}»?"}},
    skip_when=parse_condition({"any": [{"field": "priority", "in": ["low", "none"]}, {"field": "talk_s", "le": 10}]}),
)


def stored(world: World, survey_id: str = "default") -> Survey:
    return next(survey for survey in world.store.read_now(load_surveys) if survey.id == survey_id)


def test_off_and_on_act_in_the_store(tapfive: Tapfive, world: World) -> None:
    assert tapfive("survey", "off", "default").out == "default is off (version 2).\n"
    assert stored(world).enabled is False
    assert world.close().reason == "survey_off"
    assert tapfive("survey", "on", "default").out == "default is on (version 3).\n"
    assert tapfive("survey", "on", "default").out == "default is on (version 3).\n"
    assert stored(world).enabled is True


@pytest.mark.parametrize("survey", [DEFAULT_SURVEY, RICH], ids=["default", "rich"])
def test_toml_reads_back_to_the_same_survey(survey: Survey) -> None:
    assert parse_survey(tomllib.loads(survey_to_toml(survey))) == survey


def test_what_export_writes_import_stores(tapfive: Tapfive, world: World, tmp_path: Path) -> None:
    path = tmp_path / "survey.toml"
    path.write_text(survey_to_toml(RICH), encoding="utf-8")
    assert tapfive("survey", "import", str(path)).out == "Stored vip as version 1.\n"
    assert stored(world, "vip") == RICH
    exported = tapfive("survey", "export", "vip").out
    assert tapfive("survey", "import", "-", stdin=exported).out == "vip says the same already; it stays version 1.\n"
    changed = exported.replace('id = "vip"', 'id = "vip"\nreverse = true').replace("reverse = false\n", "")
    assert tapfive("survey", "import", "-", stdin=changed).out == "Stored vip as version 2.\n"
    assert stored(world, "vip").reverse is True


def test_every_wrong_key_of_a_file_is_a_line(tapfive: Tapfive) -> None:
    ended = tapfive("survey", "import", "-", stdin='id = "x"\nlanguage = 5\ncolour = "red"')
    assert ended.code == 2
    assert sorted(line.split(": ")[2] for line in ended.err.splitlines()) == ["/colour", "/language"]


@pytest.mark.parametrize("content", [b"\xff", b"id = ", b'id = "a"\nid = "b"'])
def test_what_is_no_toml_is_a_line(tapfive: Tapfive, content: bytes) -> None:
    one_line(tapfive("survey", "import", "-", stdin=content), "no TOML")


@pytest.mark.parametrize("command", ["show", "on", "off", "export"])
def test_a_survey_that_is_not_there_is_a_line_that_says_which_are(tapfive: Tapfive, command: str) -> None:
    one_line(tapfive("survey", command, "dfault"), ["dfault", "default"])


def test_list_and_show_for_people_and_for_programs(tapfive: Tapfive) -> None:
    assert "default" in tapfive("survey", "list").out
    assert [each["id"] for each in json.loads(tapfive("survey", "list", "--json").out)] == ["default"]
    assert json.loads(tapfive("survey", "show", "default", "--json").out)["scale"]["name"] == "1-5"
    assert tomllib.loads(tapfive("survey", "show", "default").out)["id"] == "default"
