"""The one table of kinds. A kind's modules are imported only when asked for: a messenger's library can be large."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from channels.base import Channel, ChannelConfig


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where a kind's two classes are, as `module:name`. The settings must not import the messenger's library."""

    config: str
    channel: str


_KINDS = {
    "email": _Kind("channels.email.config:EmailConfig", "channels.email.adapter:Email"),
    "telegram": _Kind("channels.telegram.config:TelegramConfig", "channels.telegram.adapter:Telegram"),
    "viber": _Kind("channels.viber.config:ViberConfig", "channels.viber.adapter:Viber"),
    "vk": _Kind("channels.vk.config:VkConfig", "channels.vk.adapter:Vk"),
}


def kinds() -> tuple[str, ...]:
    """Every kind's slug, sorted."""
    return tuple(sorted(_KINDS))


def config_class(kind: str) -> type[ChannelConfig]:
    """The settings of a kind. Raises KeyError for a slug that is no kind."""
    found: type[ChannelConfig] = _import(_KINDS[kind].config)
    return found


def load(kind: str) -> type[Channel]:
    """The channel of a kind, with all that it imports. Raises KeyError for a slug that is no kind."""
    found: type[Channel] = _import(_KINDS[kind].channel)
    return found


def _import(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
