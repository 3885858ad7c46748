"""The one table of kinds of desks. A kind's modules are imported only when asked for."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from desks.base import Desk, DeskConfig


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where a kind's two classes are, as `module:name`."""

    config: str
    desk: str


_KINDS: dict[str, _Kind] = {
    "generic": _Kind("desks.generic.config:GenericConfig", "desks.generic.adapter:Generic"),
    "pyrus": _Kind("desks.pyrus.config:PyrusConfig", "desks.pyrus.adapter:Pyrus"),
}


def kinds() -> tuple[str, ...]:
    """Every kind's slug, sorted."""
    return tuple(sorted(_KINDS))


def config_class(kind: str) -> type[DeskConfig]:
    """The settings of a kind. Raises KeyError for a slug that is no kind."""
    found: type[DeskConfig] = _import(_KINDS[kind].config)
    return found


def load(kind: str) -> type[Desk]:
    """The desk of a kind, with all that it imports. Raises KeyError for a slug that is no kind."""
    found: type[Desk] = _import(_KINDS[kind].desk)
    return found


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
