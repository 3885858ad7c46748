"""An HTTP request to a hook, and its answer, as adapters of channels and of desks see them: without a web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HookRequest:
    """An HTTP request to a hook. Header names are lower-case."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HookReply:
    """What the platform wants to read after the COMMIT."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
