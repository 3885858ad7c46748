"""Each kind's page names every key, every finding and every error code."""

import re
from pathlib import Path

import pytest

from channels import registry
from net import errors

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
    impossible = {
        "email": {"opted_out", "window_closed", "not_editable", "tap_expired"},
        "telegram": {"opted_out", "window_closed"},
        "vk": {"opted_out", "window_closed"},
        "viber": {"opted_out", "window_closed", "not_editable", "tap_expired"},
    }
    for code in codes - impossible.get(kind, set()):
        assert f"| `{code}` |" in page(kind)


def test_every_mode_is_explained(kind: str) -> None:
    for mode in registry.load(kind).capabilities.modes:
        assert f"`{mode}`" in page(kind)
