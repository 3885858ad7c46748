"""A kind of desk is named in its own package, in the registry, in its tests and its docs: everything else asks what it can do."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from desks import registry
from tests.channels.test_places import files

ROOT = Path(__file__).parents[2]

EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "generic": {
        "bot/cli/desks.py": "the example of a desk in a help text",
        "channels/vk/threads.py": "typing.Generic",
        "ratings/store/writer.py": "typing.Generic",
    },
}
"""Where else a kind's slug may stand, and why."""


def named(kind: str) -> set[str]:
    """The files that name a kind, but for its own package and the registry."""
    own = (f"desks/{kind}/", "desks/registry.py")
    return {name for name, said in files().items() if kind in said and not name.startswith(own)}


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_kind_is_named_nowhere_else(kind: str) -> None:
    assert named(kind) == set(EXCEPTIONS.get(kind, {})), "ask Capabilities, or another kind fails here one day"


def test_the_places_of_a_kind_are_there() -> None:
    for kind in registry.kinds():
        for place in (f"desks/{kind}/__init__.py", f"docs/desks/{kind}.md"):
            assert (ROOT / place).is_file()
