import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from bot import clock as system_clock
from bot.cli.surveys import change
from bot.survey_toml import survey_to_toml
from ratings.conditions import parse_condition
from ratings.store.schema import invitations
from ratings.store.surveys import load_surveys
from ratings.survey import DEFAULT_SURVEY, Survey, parse_survey
from ratings.times import HOUR, format_instant
from tests.cli.conftest import Tapfive, one_line
from tests.conftest import Clock
from tests.store.world import World

FULL = parse_survey(
    {
        "id": "full",
        "desks": ["pyrus.main"],
        "groups": ["2"],
        "channels": ["telegram"],
        "company": "Shop",
        "timezone": "Europe/Warsaw",
        "when_paused": "cancel",
        "greeting": True,
        "texts": {"pl": {"reminder_2": "No i?", "reaction.1": ""}},
        "rules": {"share": 0.25, "every_s": 604800, "opening": {"from": "09:00", "to": "18:00"}, "staff": ["*@x.pl"]},
        "timing": {"reminders_s": [60, 120], "hours": {"weekdays": [1, 2]}},
        "outcomes": {"levels": {"3": "leave"}, "tag_below": 3, "write": ["score"]},
        "alerts": {"value_max": 2, "to": ["email.support:head@example.org"], "hours": {}},
    }
)
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


@pytest.mark.parametrize("survey", [DEFAULT_SURVEY, RICH, FULL], ids=["default", "rich", "full"])
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


def test_list_shows_since_when_a_survey_is_off(tapfive: Tapfive, world: World) -> None:
    tapfive("survey", "off", "default")
    since = stored(world).paused_at
    assert since is not None
    assert format_instant(since) in tapfive("survey", "list").out


def test_off_cancels_what_is_scheduled_where_the_survey_says_so(tapfive: Tapfive, world: World) -> None:
    change(world.store, "default", lambda survey: replace(survey, when_paused="cancel"))
    world.close()
    tapfive("survey", "off", "default")
    assert [row["state"] for row in world.rows(invitations)] == ["cancelled"]


def test_a_rehearsal_tells_people_and_programs_what_a_draft_would_ask(
    tapfive: Tapfive, world: World, clock: Clock, tmp_path: Path
) -> None:
    clock.now = system_clock.now() - HOUR  # the command has no other
    for number in range(3):
        world.close(f"T-{number}", agent={"id": "7", "name": "Anna"}, talk_s=10 * number)
    draft = tmp_path / "draft.toml"
    draft.write_text("[rules]\nmin_talk_s = 20\n", encoding="utf-8")
    told = json.loads(tapfive("survey", "rehearse", "default", "--draft", str(draft), "--days", "1", "--json").out)
    assert (told["survey"], told["closings"], told["asked"], told["lost"]) == ("default", 3, 1, 2)
    assert told["reasons"] == [{"reason": "talk_too_short", "skipped": 2, "was_skipped": 0}]
    table = tapfive("survey", "rehearse", "default", "--draft", str(draft), "--days", "1").out
    assert "3 closings" in table
    assert "talk_too_short" in table
    assert "Anna" in table
    assert stored(world).version == 1, "nothing is stored"
    ended = tapfive("survey", "rehearse", "default", "--draft", "-", stdin="share = 2\n[rules]\nshare = 2")
    assert ended.code == 2
    assert sorted(line.split(": ")[2] for line in ended.err.splitlines()) == ["/rules/share", "/share"]
