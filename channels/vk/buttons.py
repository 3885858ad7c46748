"""What a button of VK carries: a JSON object with our payload under `r`, so that it mixes with nobody else's.

VK wants the JSON as a string when it is sent, and brings it back as an object (a tap) or as a string (the message of a
text button): https://dev.vk.com/ru/api/bots/development/keyboard. Another program's buttons on the same community carry
other JSON.
"""

import msgspec

from channels.base import ActionName
from channels.payloads import read_payload

_KEY = "r"


def button_payload(payload: str) -> str:
    """The JSON for one of our payloads (channels/payloads.py): at most 55 of VK's 255 characters."""
    return msgspec.json.encode({_KEY: payload}).decode()


def read_button(payload: object) -> tuple[str, int | ActionName] | None:
    """The token, and the value or action; None for what is not ours. `payload` is an object, or JSON in a string."""
    inner = _members(payload).get(_KEY)
    return read_payload(inner) if isinstance(inner, str) else None


def is_start(payload: object) -> bool:
    """Whether it is the button *Start* that VK itself shows before the first message."""
    return _members(payload).get("command") == "start"


def _members(payload: object) -> dict[object, object]:
    if isinstance(payload, str):
        try:
            payload = msgspec.json.decode(payload)
        except (ValueError, RecursionError, msgspec.MsgspecError):  # no JSON, half an emoji, or nested without end
            return {}
    return payload if isinstance(payload, dict) else {}
