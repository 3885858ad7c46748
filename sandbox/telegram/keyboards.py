"""What may stand below a message. Texts of refusals: tdlib/telegram-bot-api, Client.cpp."""

from typing import Any

from .parameters import Parameters, object_of
from .refusals import bad_request

BUTTON_KINDS = frozenset(
    {
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
        "disabled",
    }
)
MAX_DATA_BYTES = 64
MAX_ROW = 8
MAX_BUTTONS = 100

Markup = dict[str, Any]


def read_markup(parameters: Parameters, *, inline_only: bool = False) -> Markup | None:
    """The checked `reply_markup`; None where there is none, or an empty inline keyboard. Raises RefusedError."""
    markup = object_of(parameters, "reply_markup", "reply keyboard markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = _inline_rows(markup["inline_keyboard"])
        return {"inline_keyboard": rows} if rows else None
    if inline_only:
        raise bad_request("inline keyboard expected")
    if "keyboard" in markup:
        return _reply_keyboard(markup)
    if markup.get("remove_keyboard") is True:
        return {"remove_keyboard": True}
    if markup.get("force_reply") is True:
        if len(str(markup.get("input_field_placeholder", ""))) > 64:
            raise bad_request("can't parse reply keyboard markup: input field placeholder is too long")
        return markup
    if markup:
        raise bad_request("can't parse reply keyboard markup JSON object")
    return None


def _inline_rows(rows: Any) -> list[list[dict[str, Any]]]:
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array')
    checked = []
    count = 0
    for row in rows:
        if not isinstance(row, list):
            raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
        if row:
            checked.append([_inline_button(button) for button in row])
        count += len(row)
        if len(row) > MAX_ROW or count > MAX_BUTTONS:
            raise bad_request("reply markup is too long")
    return checked


def _inline_button(button: Any) -> dict[str, Any]:
    problem = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(f"{problem}InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise bad_request(f'{problem}Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise bad_request(f'{problem}Field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request(f"{problem}Button text must be non-empty")
    kinds = [kind for kind in button if kind in BUTTON_KINDS and button[kind] not in ("", None)]
    if "url" not in kinds and "callback_data" not in kinds and not kinds:
        raise bad_request(f"{problem}Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None:
        if not isinstance(data, str):
            raise bad_request(f'{problem}Field "callback_data" must be of type String')
        if len(data.encode()) > MAX_DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    return button


def _reply_keyboard(markup: Markup) -> Markup:
    rows = markup["keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "keyboard" of the ReplyKeyboardMarkup must be an Array of Arrays')
    for row in rows:
        for button in row:
            label = button.get("text") if isinstance(button, dict) else button
            if not isinstance(label, str) or not label.strip():
                raise bad_request("can't parse keyboard button: Can't find field \"text\"")
    return markup
