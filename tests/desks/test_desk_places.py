"""A kind of desk is named in its own package, in the registry, in its tests and its docs: everything else asks what it can do."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from desks import registry
from tests.channels.test_places import ROOMS, words

ROOT = Path(__file__).parents[2]

EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "generic": {
        "bot/cli/desks.py": "the example of a desk in a help text",
        "bot/web/hook_endpoint.py": "typing.Generic",
        "channels/vk/threads.py": "typing.Generic",
        "ratings/store/writer.py": "typing.Generic",
    },
    "pyrus": {"bot/web/api/desk_operations.py": "the example of a desk in the API's description"},
}
"""Where else a kind's slug may stand, and why."""


def named(kind: str) -> set[str]:
    """The files that name a kind, but for its own package and the registry."""
    found = set()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        name, source = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        own = name.startswith((f"desks/{kind}/", "desks/registry.py"))
        if not own and kind in source.lower() and kind in set(words(source)):
            found.add(name)
    return found


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_kind_is_named_nowhere_else(kind: str) -> None:
    found, allowed = named(kind), set(EXCEPTIONS.get(kind, {}))
    assert not found - allowed, "ask Capabilities, or another kind fails here one day"
    assert not [where for where in allowed - found if (ROOT / where).is_file()], "an exception is left over"


def test_the_places_of_a_kind_are_there() -> None:
    for kind in registry.kinds():
        for place in (f"desks/{kind}/__init__.py", f"docs/desks/{kind}.md"):
            assert (ROOT / place).is_file()
