"""The inline keyboard of a prompt or a message: pure, rows of buttons from top to bottom."""

from dataclasses import dataclass

from channels.base import Message, Prompt
from channels.payloads import action_payload, choice_payload
from net.errors import Rejected

MAX_IN_ROW = 8  # undocumented and long-standing, as is the next: https://limits.tginfo.me/en
MAX_BUTTONS = 100


@dataclass(frozen=True, slots=True)
class Button:
    """What is read on it, and what a tap brings back."""

    text: str
    data: str


Keyboard = tuple[tuple[Button, ...], ...]


def keyboard(content: Prompt | Message) -> Keyboard:
    """The choices in one row (more than eight wrap into rows of even length), or the actions in one row.

    Empty when there is nothing to press. Raises Rejected for what Telegram would not take.
    """
    if isinstance(content, Prompt):
        buttons = tuple(
            Button(choice.symbol or choice.label, choice_payload(content.token, choice.value))
            for choice in content.choices
        )
        if not buttons:
            raise Rejected("a prompt needs something to tap")
        rows = _wrap(buttons)
    else:
        buttons = tuple(Button(action.label, action_payload(content.token, action.name)) for action in content.actions)
        rows = (buttons,) if buttons else ()
    if len(buttons) > MAX_BUTTONS:
        raise Rejected(f"Telegram takes at most {MAX_BUTTONS} buttons")
    if any(not button.text.strip() for button in buttons):
        raise Rejected("a button needs a symbol or a label")
    return rows


def _wrap(buttons: tuple[Button, ...]) -> Keyboard:
    rows = -(-len(buttons) // MAX_IN_ROW)
    width = -(-len(buttons) // rows)
    return tuple(buttons[start : start + width] for start in range(0, len(buttons), width))
