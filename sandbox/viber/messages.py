"""Reading a message of a bot: of send_message, and of the reply that welcomes whoever opened the chat.

https://developers.viber.com/docs/api/rest-bot-api/#send-message
"""

from dataclasses import dataclass, replace
from typing import Any

from .keyboards import check_bubble, check_keyboard
from .statuses import bad_data, missing_data

Json = dict[str, Any]

MAX_NAME = 28
MAX_TEXT = 7000
MAX_CAPTION = 768
MAX_TRACKING_DATA = 4000


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that may be sent."""

    kind: str
    min_api_version: int
    sender_name: str
    text: str = ""
    media: str = ""
    sticker_id: int = 0
    keyboard: Json | None = None
    rich_media: Json | None = None
    tracking_data: str = ""


def read_message(parameters: Json) -> Draft:
    """The message, whoever it is for. Raises RefusedError."""
    level = parameters.get("min_api_version", 1)
    if not isinstance(level, int) or isinstance(level, bool) or level < 1:
        raise bad_data("min_api_version is not valid")
    keyboard = parameters.get("keyboard")
    kind = parameters.get("type")
    if kind is None:
        if keyboard is None or "text" in parameters:
            raise missing_data("type")
        kind = "keyboard"  # a keyboard on its own needs no type
    checked = check_keyboard(keyboard, level) if keyboard is not None else None
    name, tracking_data = _sender(parameters), _string(parameters, "tracking_data", MAX_TRACKING_DATA)
    draft = Draft(kind, level, name, keyboard=checked, tracking_data=tracking_data)
    return _with_content(draft, parameters)


def _with_content(draft: Draft, parameters: Json) -> Draft:
    match draft.kind:
        case "keyboard":
            if draft.keyboard is None:
                raise missing_data("keyboard")
            return draft
        case "text":
            text = _string(parameters, "text", MAX_TEXT)
            if not text:
                raise missing_data("text")
            return replace(draft, text=text)
        case "picture" | "url":
            media = _string(parameters, "media", 2000)
            if not media:
                raise missing_data("media")
            return replace(draft, text=_string(parameters, "text", MAX_CAPTION), media=media)
        case "sticker":
            sticker_id = parameters.get("sticker_id")
            if not isinstance(sticker_id, int) or isinstance(sticker_id, bool):
                raise missing_data("sticker_id")
            return replace(draft, sticker_id=sticker_id)
        case "rich_media":
            bubble = check_bubble(parameters.get("rich_media"), draft.min_api_version)
            return replace(draft, text=_string(parameters, "alt_text", MAX_TEXT), rich_media=bubble)
        case _:
            raise bad_data("type is not valid")


def _sender(parameters: Json) -> str:
    sender = parameters.get("sender")
    if sender is None:
        raise missing_data("sender")
    if not isinstance(sender, dict):
        raise bad_data("sender is not valid")
    name = sender.get("name")
    if name is None or name == "":
        raise missing_data("sender.name")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise bad_data("sender.name is not valid")
    return name


def _string(parameters: Json, name: str, longest: int) -> str:
    value = parameters.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_data(f"{name} is not valid")
    if len(value) > longest:
        raise bad_data(f"{name} is too long")
    return value
