"""config.toml and docs/configuration.md know every key, with the default that the code has; dependencies are argued."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.settings import SettingRow, describe_settings, load_settings
from channels.base import Mode

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "config.toml").read_text(encoding="utf-8")
# A commented key or table: a # right before it. A comment for people has a blank after the #.
UNCOMMENTED = re.sub(r"^#(?=\S)", "", CONFIG, flags=re.MULTILINE)
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = describe_settings()
ENVIRON = {"TAPFIVE_SECRET": "x" * 32}


def row_id(row: SettingRow) -> str:
    return f"{row.table}.{row.key}"


def table_of(row: SettingRow) -> str:
    return row.table.replace("<account>", "support").replace("<name>", "main")


def keys_of(row: SettingRow, values: Mapping[str, Any]) -> Mapping[str, Any]:
    for part in table_of(row).split("."):
        values = values[part]
    return values


def test_config_toml_loads_and_holds_the_defaults() -> None:
    settings = load_settings(ROOT / "config.toml", environ=ENVIRON)
    assert [secret.get_secret_value() for secret in settings.server.secret] == ["x" * 32]
    assert settings.store.url.get_secret_value() == "sqlite:///tapfive.db"
    assert (settings.channels, settings.desks) == ({}, {})


def test_the_commented_examples_work_when_the_comment_signs_are_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(UNCOMMENTED, encoding="utf-8")
    named = dict.fromkeys(re.findall(r'"env:(\w+)"', UNCOMMENTED), "123456789:" + "A" * 35)
    named["DESK_SECRET"] = "whsec_" + "A" * 44
    settings = load_settings(path, environ={**named, **ENVIRON})
    assert settings.channels["telegram.support"].mode is Mode.WEBHOOK
    assert settings.desks["generic.main"].timeout == 10


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_every_key_is_in_config_toml_with_its_default(row: SettingRow) -> None:
    values = keys_of(row, tomllib.loads(CONFIG if not row.table.startswith(("channels.", "desks.")) else UNCOMMENTED))
    assert row.key in values
    if row.default not in {"required", "none"}:
        assert values[row.key] == tomllib.loads(f"value = {row.default}")["value"]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_every_key_has_help_and_a_line_on_the_page(row: SettingRow) -> None:
    default = row.default if row.default in {"required", "none"} else f"`{row.default}`"
    assert row.help
    assert f"| `{row.table}.{row.key}` | {default} | `{row.variable}` | {row.help} |" in PAGE.splitlines()


def test_no_key_is_on_the_page_or_in_the_file_that_the_code_does_not_know() -> None:
    known = {row_id(row) for row in ROWS}
    assert set(re.findall(r"^\| `([a-z_.<>]+)` \|", PAGE, re.MULTILINE)) == known
    tables = {table_of(row) for row in ROWS}
    assert set(re.findall(r"^#?\[([a-z._]+)\]$", CONFIG, re.MULTILINE)) == tables


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    runtime, dev = page.split("## For development")
    for part, wanted in ((runtime, project["project"]["dependencies"]), (dev, project["dependency-groups"]["dev"])):
        names = {re.split(r"[\[<>=;~! ]", line)[0] for line in wanted}
        argued = re.findall(
            r"^\| `([a-z0-9-]+)(?:\[[a-z]+\])?` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", part, re.MULTILINE
        )
        assert {name for name, *_ in argued} == names
