"""The keyboard of a prompt or a message: pure, rows of buttons from top to bottom, within the limits of VK.

https://dev.vk.com/ru/api/bots/development/keyboard: an inline keyboard has at most 6 rows of 5 buttons and 10 buttons in
all, a label 40 characters, a payload 255. vk_api looks at the rows alone. Ten buttons never fill more than five rows here.

Three sorts, by what the customer's app can do (`Inbound.client`): buttons that call back; where it knows none, buttons
that write a message; where it shows nothing below a message, the keyboard under the field in which the customer writes.
That last one belongs to no message: it goes with a tap, or with the next message.
"""

from dataclasses import dataclass
from typing import Literal

from channels.base import Message, Prompt
from channels.payloads import action_payload, choice_payload
from channels.vk.buttons import button_payload
from net.errors import Rejected

MAX_IN_ROW = 5
ACTIONS_IN_ROW = 2  # their labels are words, and VK cuts what does not fit
MAX_BUTTONS = 10
MAX_LABEL = 40
MAX_PAYLOAD = 255

CALLBACK, TEXT, BELOW = "callback", "text", "below"
"""What `Inbound.client` can say."""

Sort = Literal["callback", "text", "below"]


@dataclass(frozen=True, slots=True)
class Button:
    """What is read on it, and the JSON that a tap brings back."""

    label: str
    payload: str


@dataclass(frozen=True, slots=True)
class Keyboard:
    """Rows of buttons; none takes away what is there."""

    sort: Sort
    rows: tuple[tuple[Button, ...], ...]


def keyboard(content: Prompt | Message) -> Keyboard:
    """The choices in one row (more than five wrap into rows of even length), or the actions two by two.

    Raises Rejected for what VK would not take.
    """
    if isinstance(content, Prompt):
        buttons = tuple(
            Button(choice.symbol or choice.label, button_payload(choice_payload(content.token, choice.value)))
            for choice in content.choices
        )
        if not buttons:
            raise Rejected("a prompt needs something to tap")
        most = MAX_IN_ROW
    else:
        buttons = tuple(
            Button(action.label, button_payload(action_payload(content.token, action.name)))
            for action in content.actions
        )
        most = ACTIONS_IN_ROW
    for button in buttons:
        _check(button)
    if len(buttons) > MAX_BUTTONS:
        raise Rejected(f"VK takes at most {MAX_BUTTONS} buttons")
    return Keyboard(_sort(content.client), _wrap(buttons, most))


def _sort(client: str) -> Sort:
    if client == BELOW:
        return "below"
    # Today's apps know all: whoever has not told gets what they show best.
    return "text" if client == TEXT else "callback"


def _check(button: Button) -> None:
    if not button.label.strip():
        raise Rejected("a button needs a symbol or a label")
    if len(button.label) > MAX_LABEL:
        raise Rejected(f"a button's label has at most {MAX_LABEL} characters")
    if len(button.payload) > MAX_PAYLOAD:
        raise Rejected(f"a button carries at most {MAX_PAYLOAD} characters")


def _wrap(buttons: tuple[Button, ...], most: int) -> tuple[tuple[Button, ...], ...]:
    if not buttons:
        return ()
    rows = -(-len(buttons) // most)
    width = -(-len(buttons) // rows)
    return tuple(buttons[start : start + width] for start in range(0, len(buttons), width))
