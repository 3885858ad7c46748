"""The keyboard of a prompt or a message: pure, buttons from top to bottom.

A keyboard has six columns; here each button takes all six, so that five choices leave no empty cell
(https://developers.viber.com/docs/tools/keyboards/). A client shows the keyboard of the last message, and none where that
message has none.
"""

import html
import re
from typing import Any

from channels.base import Choice, Message, Prompt
from channels.payloads import action_payload, choice_payload
from net.errors import Rejected

COLUMNS = 6
MAX_BUTTONS = 12  # rows that fit a phone held upright
MAX_LABEL = 250  # of a button's text with its mark-up
INPUT_FIELD_VERSION = 4  # the API version from which a client knows InputFieldState

_DARK, _LIGHT = "#000000", "#FFFFFF"
_SAME_CONTRAST = 0.179  # the luminance on which black and white stand out equally

_TAG = re.compile(r"<[^>]*>")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")

Json = dict[str, Any]


def keyboard(content: Prompt | Message, *, input_field: str | None) -> Json | None:
    """The keyboard, None where there is nothing to press. `input_field`: InputFieldState, None for clients that know none.

    Raises Rejected for what Viber would not take.
    """
    if isinstance(content, Prompt):
        buttons = [
            _button(_label(choice), choice_payload(content.token, choice.value), choice.colour)
            for choice in content.choices
        ]
        if not buttons:
            raise Rejected("a prompt needs something to tap")
    else:
        buttons = [_button(action.label, action_payload(content.token, action.name)) for action in content.actions]
        if not buttons:
            return None
    if len(buttons) > MAX_BUTTONS:
        raise Rejected(f"Viber takes at most {MAX_BUTTONS} rows of buttons")
    board: Json = {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}
    if input_field is not None:
        board["InputFieldState"] = input_field
    return board


def shown(board: Json | None) -> dict[str, object]:
    """Return what a client shows of a keyboard: the rows of buttons as they read, and the colour of each."""
    buttons = [] if board is None else board["Buttons"]
    return {
        "buttons": [[html.unescape(_TAG.sub("", button["Text"]))] for button in buttons],
        "colours": [[button.get("BgColor", "")] for button in buttons],
    }


def _label(choice: Choice) -> str:
    """The symbol and the words: there is room for both in a row, and each is once enough."""
    words = [choice.symbol, choice.label if choice.label.strip() != choice.symbol.strip() else ""]
    return " ".join(filter(None, words))


def _button(label: str, body: str, colour: str = "") -> Json:
    if not label.strip():
        raise Rejected("a button needs a symbol or a label")
    # Viber reads a little HTML here, so a name with < or & has to be written as HTML does.
    text = html.escape(label, quote=False)
    button: Json = {"Columns": COLUMNS, "Rows": 1, "ActionType": "reply", "ActionBody": body, "Silent": True}
    if colour:
        button["BgColor"] = colour
        text = f'<font color="{_readable_on(colour)}">{text}</font>'
    if len(text) > MAX_LABEL:
        raise Rejected(f"a button's text has at most {MAX_LABEL} characters")
    return {**button, "Text": text}


def _readable_on(colour: str) -> str:
    """Black or white, whichever stands out more (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    if not _COLOUR.fullmatch(colour):
        raise Rejected("a colour reads #rrggbb")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    luminance = 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)
    return _DARK if luminance > _SAME_CONTRAST else _LIGHT


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB's own numbers
