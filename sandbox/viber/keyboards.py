"""What may stand below the input field, and in a bubble with buttons (`rich_media`).

https://developers.viber.com/docs/tools/keyboards/. The API checks them against a schema that grows with
`min_api_version`; its complaints come as `status` 3. Keys that it does not know are ignored.
"""

import html
import re
from collections.abc import Sequence
from typing import Any

from .statuses import RefusedError, bad_data

Json = dict[str, Any]

COLUMNS = 6
KEYBOARD_ROWS = 2  # rows that one button of a keyboard may take; in a bubble it is 7
BUBBLE_ROWS = 7
MAX_ROWS = 12  # that fit below the input field of a phone held upright
MAX_TEXT = 250
GROUPS_LEVEL = 4  # min_api_version of ButtonsGroupColumns, ButtonsGroupRows and InputFieldState
PICKERS_LEVEL = 3  # … of the buttons that share a phone number or a place
BUBBLE_LEVEL = 2  # … of rich_media

_TAG = re.compile(r"<(/?)([a-zA-Z]+)((?:\s+[a-zA-Z]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*)\s*(/?)>")
_TAGS = frozenset({"b", "i", "u", "s", "br", "font"})
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_FONT_COLOUR = re.compile(r"<font\b[^<>]*\bcolor\s*=\s*[\"']?(#[0-9A-Fa-f]{6})\b")
_CHOICES = {
    "TextSize": ("small", "regular", "large"),
    "TextHAlign": ("left", "center", "right"),
    "TextVAlign": ("top", "middle", "bottom"),
    "BgMediaType": ("picture", "gif"),
}


def check_keyboard(keyboard: Any, level: int) -> Json:
    """The keyboard as it was given. `level` is the message's min_api_version. Raises RefusedError."""
    check = _Check("keyboard", level)
    content = check.body(keyboard, "keyboard")
    for name in ("ButtonsGroupColumns", "ButtonsGroupRows", "InputFieldState"):
        if name in content and level < GROUPS_LEVEL:
            raise check.refusal(f'object instance has properties which are not allowed by the schema: ["{name}"]')
    check.choice(content, "InputFieldState", ("regular", "minimized", "hidden"))
    check.flag(content, "DefaultHeight")
    columns = check.number(content, "ButtonsGroupColumns", 1, COLUMNS, COLUMNS)
    check.number(content, "ButtonsGroupRows", 1, 2, 2)
    for button in content["Buttons"]:
        check.button(button, columns, KEYBOARD_ROWS)
    height = sum(max(button.get("Rows", 1) for button in row) for row in rows_of(content))
    if height > MAX_ROWS:
        raise check.refusal(
            f"numeric instance is greater than the required maximum (maximum: {MAX_ROWS}, found: {height})"
        )
    return content


def check_bubble(bubble: Any, level: int) -> Json:
    """The same for `rich_media`, which older clients do not know at all."""
    if level < BUBBLE_LEVEL:
        raise RefusedError(14)
    check = _Check("rich_media", level)
    content = check.body(bubble, "rich_media")
    columns = check.number(content, "ButtonsGroupColumns", 1, COLUMNS, COLUMNS)
    check.number(content, "ButtonsGroupRows", 1, BUBBLE_ROWS, BUBBLE_ROWS)
    for button in content["Buttons"]:
        check.button(button, columns, BUBBLE_ROWS)
    return content


def rows_of(board: Json | None) -> list[list[Json]]:
    """The buttons as they are laid out: a button that the rest of its row cannot hold begins the next one."""
    rows: list[list[Json]] = []
    room = 0
    columns = columns_of(board or {})
    for button in (board or {}).get("Buttons", ()):
        width = button.get("Columns", columns)
        if width > room:
            rows.append([])
            room = columns
        rows[-1].append(button)
        room -= width
    return rows


def columns_of(board: Json) -> int:
    """How many columns there are to fill."""
    return int(board.get("ButtonsGroupColumns", COLUMNS))


def text_colour(text: str) -> str | None:
    """The colour that the mark-up gives the text of a button."""
    found = _FONT_COLOUR.search(text)
    return found[1] if found else None


def shown_text(text: str) -> str:
    """What stands on a button: its text without the mark-up."""
    return html.unescape(_TAG.sub(lambda tag: " " if tag[2].lower() == "br" else "", text)).strip()


class _Check:
    def __init__(self, what: str, level: int) -> None:
        self._what = what
        self._level = level

    def refusal(self, complaint: str) -> RefusedError:
        return bad_data(f"{self._what} is not valid. [{complaint}]")

    def body(self, given: Any, kind: str) -> Json:
        if not isinstance(given, dict):
            raise self.refusal("instance type does not match any allowed primitive type")
        missing = [name for name in ("Type", "Buttons") if name not in given]
        if missing:
            raise self.refusal(f"object has missing required properties ({_quoted(missing)})")
        if given["Type"] != kind:
            raise self.refusal(f'instance value ("{given["Type"]}") not found in enum (possible values: ["{kind}"])')
        if not isinstance(given["Buttons"], list) or not all(isinstance(button, dict) for button in given["Buttons"]):
            raise self.refusal("instance type does not match any allowed primitive type")
        if not given["Buttons"]:
            raise self.refusal("array is too short: must have at least 1 elements but instance has 0 elements")
        self.colour(given)
        return given

    def button(self, button: Json, columns: int, rows: int) -> None:
        self.number(button, "Columns", 1, columns, columns)
        self.number(button, "Rows", 1, rows, 1)
        actions: tuple[str, ...] = ("reply", "open-url", "none")
        if self._level >= PICKERS_LEVEL:
            actions += ("location-picker", "share-phone")
        self.choice(button, "ActionType", actions)
        body = button.get("ActionBody")
        if not isinstance(body, str) or not body:
            raise self.refusal('object has missing required properties (["ActionBody"])')
        if button.get("ActionType") == "open-url" and not re.match(r"https?://\S+$", body):
            raise self.refusal("ActionBody is not a valid URL")
        for name, values in _CHOICES.items():
            self.choice(button, name, values)
        self.flag(button, "Silent")
        self.colour(button)
        self._text(button.get("Text", ""))

    def number(self, given: Json, name: str, lowest: int, highest: int, default: int) -> int:
        value = given.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refusal(f"instance type of {name} does not match any allowed primitive type")
        if value > highest:
            raise self.refusal(
                f"numeric instance is greater than the required maximum (maximum: {highest}, found: {value})"
            )
        if value < lowest:
            raise self.refusal(
                f"numeric instance is lower than the required minimum (minimum: {lowest}, found: {value})"
            )
        return value

    def choice(self, given: Json, name: str, values: Sequence[str]) -> None:
        if name in given and given[name] not in values:
            raise self.refusal(
                f'instance value ("{given[name]}") not found in enum (possible values: {_quoted(values)})'
            )

    def flag(self, given: Json, name: str) -> None:
        if not isinstance(given.get(name, False), bool):
            raise self.refusal(f"instance type of {name} does not match any allowed primitive type")

    def colour(self, given: Json) -> None:
        colour = given.get("BgColor", "#000000")
        if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
            raise self.refusal("BgColor is not a colour")

    def _text(self, text: Any) -> None:
        if not isinstance(text, str):
            raise self.refusal("instance type of Text does not match any allowed primitive type")
        if len(text) > MAX_TEXT:
            raise self.refusal(f'string "Text" is too long (length: {len(text)}, maximum allowed: {MAX_TEXT})')
        open_tags: list[str] = []
        for tag in _TAG.finditer(text):
            name = tag[2].lower()
            if name not in _TAGS:
                raise self.refusal("Text holds mark-up that is not allowed")
            if name == "br" or tag[4]:
                continue
            if not tag[1]:
                open_tags.append(name)
            elif not open_tags or open_tags.pop() != name:
                raise self.refusal("Text holds mark-up that does not match")
        if open_tags or "<" in _TAG.sub("", text):
            raise self.refusal("Text holds mark-up that does not match")


def _quoted(names: Sequence[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"
