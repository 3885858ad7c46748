"""What may stand below a message, or below the field in which a customer writes.

https://dev.vk.com/ru/api/bots/development/keyboard: an inline keyboard has at most 6 rows, 5 buttons a row and 10 in
all; the other at most 10 rows and 40 in all. A payload is JSON written as a string of at most 255 characters.
"""

import json
from dataclasses import dataclass
from typing import Any

from .parameters import Parameters, object_of
from .refusals import bad_keyboard

Keyboard = dict[str, Any]

COLOURS = frozenset({"primary", "secondary", "negative", "positive"})
COLOURED = frozenset({"text", "callback"})
FIELDS: dict[str, frozenset[str]] = {
    "text": frozenset({"label", "payload"}),
    "callback": frozenset({"label", "payload"}),
    "open_link": frozenset({"link", "label", "payload"}),
    "location": frozenset({"payload"}),
    "vkpay": frozenset({"hash", "payload"}),
    "open_app": frozenset({"app_id", "owner_id", "label", "hash", "payload"}),
}
"""Types of actions, and what each may hold beside its type."""

LABELLED = frozenset({"text", "callback", "open_link", "open_app"})
MAX_LABEL = 40
MAX_PAYLOAD = 255
MAX_ROW = 5


@dataclass(frozen=True, slots=True)
class Size:
    """The most of everything."""

    rows: int
    buttons: int


INLINE = Size(rows=6, buttons=10)
BELOW = Size(rows=10, buttons=40)


def read_keyboard(parameters: Parameters) -> Keyboard | None:
    """The checked `keyboard`; None where none is given. One without buttons takes the old one away.

    Raises RefusedError: 100 for what is no JSON, 911 for what is no keyboard.
    """
    keyboard = object_of(parameters, "keyboard")
    if keyboard is None and not parameters.get("keyboard"):
        return None
    if not isinstance(keyboard, dict):
        raise bad_keyboard("keyboard should be array")
    if unknown := set(keyboard) - {"inline", "one_time", "buttons"}:
        raise bad_keyboard(f"keyboard contains unknown fields: {', '.join(sorted(unknown))[:40]}")
    for name in ("inline", "one_time"):
        if not isinstance(keyboard.get(name, False), bool):
            raise bad_keyboard(f"{name} should be boolean")
    if keyboard.get("inline") and keyboard.get("one_time"):
        raise bad_keyboard("inline keyboard can not be one_time")
    rows = keyboard.get("buttons")
    if not isinstance(rows, list):
        raise bad_keyboard("there is no buttons field")
    _check_rows(rows, INLINE if keyboard.get("inline") else BELOW)
    return keyboard


def _check_rows(rows: list[Any], size: Size) -> None:
    if len(rows) > size.rows:
        raise bad_keyboard("too much rows")
    for r, row in enumerate(rows):
        if not isinstance(row, list):
            raise bad_keyboard(f"row {r} should be array")
        if not row:
            raise bad_keyboard(f"row {r} should contain at least one button")
        if len(row) > MAX_ROW:
            raise bad_keyboard(f"row {r} contains too much columns")
        for c, button in enumerate(row):
            _check_button(button, f"button [{r}][{c}]")
    if sum(map(len, rows)) > size.buttons:
        raise bad_keyboard("too much buttons")


def _check_button(button: Any, name: str) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("action"), dict):
        raise bad_keyboard(f"{name} should contain action")
    action: dict[str, Any] = button["action"]
    kind = action.get("type")
    if kind not in FIELDS:
        raise bad_keyboard(f"{name} has incorrect action type")
    if set(button) - {"action", "color"} or set(action) - FIELDS[kind] - {"type"}:
        raise bad_keyboard("action contains unknown fields")
    if "color" in button and kind not in COLOURED:
        raise bad_keyboard(f"{name} can not have color")
    if button.get("color", "secondary") not in COLOURS:
        raise bad_keyboard(f"{name} has incorrect color")
    if kind in LABELLED:
        _check_label(action.get("label"), name)
    if kind == "open_link" and not isinstance(action.get("link"), str):
        raise bad_keyboard(f"{name} should contain link")
    if "payload" in action or kind == "callback":
        _check_payload(action.get("payload"), name)


def _check_label(label: Any, name: str) -> None:
    if not isinstance(label, str) or not label.strip():
        raise bad_keyboard(f"{name} label should be at least 1 letters length")
    if len(label) > MAX_LABEL:
        raise bad_keyboard(f"{name} label should be no longer than {MAX_LABEL} letters")


def _check_payload(payload: Any, name: str) -> None:
    if not isinstance(payload, str):
        raise bad_keyboard(f"{name} payload should be string")
    if len(payload) > MAX_PAYLOAD:
        raise bad_keyboard(f"{name} payload should be no longer than {MAX_PAYLOAD} letters")
    try:
        json.loads(payload)
    except ValueError:
        raise bad_keyboard(f"{name} payload should be valid JSON") from None
