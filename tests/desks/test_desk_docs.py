"""Each kind's page names every key, every finding and every error code; the table says what the kinds declare."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from desks import registry
from desks.base import Capabilities, Verb
from desks.generic.config import GenericConfig, VerifyConfig
from desks.generic.mapping import compile_mapping
from tests.desks import matrix

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=registry.kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def page(kind: str) -> str:
    return (ROOT / "docs" / "desks" / f"{kind}.md").read_text(encoding="utf-8")


def test_every_key_is_explained(kind: str) -> None:
    missing = [key for key in registry.config_class(kind).model_fields if f"| `{key}` |" not in page(kind)]
    assert not missing


def test_every_finding_is_explained(kind: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "desks" / kind).glob("*.py"))
    found = set(re.findall(rf'"({kind}\.[a-z_]+)"', sources))
    assert found
    assert not [name for name in found if f"| `{name}` |" not in page(kind)]


def test_every_page_is_linked(kind: str) -> None:
    assert f"desks/{kind}.md" in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_table_of_kinds_says_what_they_declare() -> None:
    assert set(matrix.VERBS) == set(Verb)
    assert {"verbs", *matrix.FACTS} == {field.name for field in fields(Capabilities)}
    told = matrix.PAGE.read_text(encoding="utf-8")
    assert told == matrix.renewed(told), f"renew it: {matrix.RENEW}"


def test_the_table_has_a_place_that_is_marked() -> None:
    with pytest.raises(ValueError, match="made from Capabilities"):
        matrix.renewed("# Helpdesks\n")


def test_the_defaults_on_the_generic_page_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^ *\| `(\w+)` \| (.*?) \|", page("generic"), re.MULTILINE))
    for model in (GenericConfig, VerifyConfig):
        for key, field in model.model_fields.items():
            if isinstance(field.default, str | bool | float) and key != "secret":
                default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
                assert rows[key] == f"`{default.lower() if isinstance(field.default, bool) else default}`"


def test_the_mapping_of_the_generic_page_is_one() -> None:
    ((block,),) = [re.findall(r"```toml\n(\[desks\.generic\.shop\.mapping\].*?)```", page("generic"), re.DOTALL)]
    mapping = compile_mapping(tomllib.loads(block)["desks"]["generic"]["shop"]["mapping"])
    ticket = {
        "number": 17,
        "done": 1_790_000_000,
        "prio": 3,
        "status": "solved",
        "owner": {"name": "Ann"},
        "custom": [{"id": 42, "value": "ru"}],
        "labels": [{"name": "vip"}],
        "client": {"telegram": 501},
    }
    root = {"ticket": ticket, "changed_by": {"login": "ann"}}
    assert mapping.ticket(root, 0)[0] == {
        "id": 17,
        "closed_at": "2026-09-21T14:13:20Z",
        "priority": "high",
        "kind": "chat",
        "agent": {"name": "Ann"},
        "customer": {"language": "ru"},
        "tags": ["vip"],
        "addresses": [{"channel": "telegram.support", "id": 501}],
    }
    assert [mapping.holds(name, root) for name in ("own_when", "reopened_when", "when")] == [False, False, True]
