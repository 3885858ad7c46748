"""Each kind's page names every key, every finding and every error code."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from channels import registry
from channels.base import Capabilities
from net import errors
from tests.channels import matrix
from tests.channels.kinds import KINDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=registry.kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def page(kind: str) -> str:
    return (ROOT / "docs" / "channels" / f"{kind}.md").read_text(encoding="utf-8")


def test_every_key_is_explained_with_its_default(kind: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page(kind), re.MULTILINE))
    for name, field in registry.config_class(kind).model_fields.items():
        key = field.alias or name
        assert key in rows
        assert field.description
        default = field.default
        if isinstance(default, bool):
            assert rows[key] == f"`{str(default).lower()}`"
        elif isinstance(default, float):
            assert rows[key] == f"`{default:g}`"
        elif isinstance(default, str | int):
            assert rows[key] == f"`{default}`"


def test_every_finding_is_explained(kind: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "channels" / kind).glob("*.py"))
    found = set(re.findall(rf'"({kind}\.[a-z_]+)"', sources))
    assert found
    assert not [name for name in found if f"| `{name}` |" not in page(kind)]


def test_every_error_code_is_explained(kind: str) -> None:
    codes = {thing.code for thing in vars(errors).values() if isinstance(thing, type) and hasattr(thing, "code")}
    (case,) = [case for case in KINDS if case.kind == kind]
    assert case.impossible <= codes
    for code in codes:
        assert (f"| `{code}` |" in page(kind)) is (code not in case.impossible)


def test_every_mode_is_explained(kind: str) -> None:
    for mode in registry.load(kind).capabilities.modes:
        assert f"`{mode}`" in page(kind)


def test_the_table_of_kinds_says_what_they_declare() -> None:
    assert set(matrix.ROWS) == {field.name for field in fields(Capabilities)}
    told = matrix.PAGE.read_text(encoding="utf-8")
    assert told == matrix.renewed(told), f"renew it: {matrix.RENEW}"


def test_the_table_has_a_place_that_is_marked() -> None:
    with pytest.raises(ValueError, match="made from Capabilities"):
        matrix.renewed("# Channels\n")


def test_every_page_is_linked(kind: str) -> None:
    assert f"docs/channels/{kind}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"channels/{kind}.md" in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
