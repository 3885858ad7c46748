"""What the API of VK says when it refuses: a number and its words, inside an answer whose HTTP status is 200.

https://dev.vk.com/ru/reference/errors
"""

from typing import Any

TEXTS = {
    1: "Unknown error occurred",
    3: "Unknown method passed",
    5: "User authorization failed",
    6: "Too many requests per second",
    7: "Permission to perform this action is denied",
    8: "Invalid request",
    9: "Flood control",
    10: "Internal server error",
    14: "Captcha needed",
    15: "Access denied",
    18: "User was deleted or banned",
    27: "Group authorization failed",
    29: "Rate limit reached",
    100: "One of the parameters specified was missing or invalid",
    104: "Not found",
    125: "Invalid group id",
    900: "Can't send messages for users from blacklist",
    901: "Can't send messages for users without permission",
    902: "Can't send messages to this user due to their privacy settings",
    909: "Can't edit this message, because it's too old",
    910: "Can't sent this message, because it's too big",
    911: "Keyboard format is invalid",
    912: "This is a chat bot feature, change this status in settings",
    913: "Too many forwarded messages",
    914: "Message is too long",
    917: "You don't have access to this chat",
    920: "Can't edit this kind of message",
    936: "Contact not found",
    943: "Cannot use this intent",
    944: "Limits overflow for this intent",
    945: "Chat was disabled",
    946: "Chat not supported",
    949: "Can't edit pinned message yet",
    950: "Can't send message, reply timed out",
    2000: "Servers number limit is reached",
}
_CAPTCHA = {"captcha_sid": "239633676097", "captcha_img": "https://api.vk.ru/captcha.php?sid=239633676097&s=1"}


class RefusedError(Exception):
    """A request that VK does not carry out. `detail` is what it adds to the words of the code."""

    def __init__(self, code: int, detail: str = "") -> None:
        words = TEXTS.get(code, "Unknown error occurred")
        self.code = code
        self.words = f"{words}: {detail}" if detail else words
        super().__init__(self.words)

    def answer(self, method: str, parameters: dict[str, str]) -> dict[str, Any]:
        """The body of the answer. It echoes the request, all but the token."""
        given = {"oauth": "1", "method": method, **parameters}
        echo = [{"key": key, "value": value} for key, value in given.items() if key != "access_token"]
        more = _CAPTCHA if self.code == 14 else {}
        return {"error": {"error_code": self.code, "error_msg": self.words, **more, "request_params": echo}}


def invalid(detail: str) -> RefusedError:
    """100: a parameter is missing or wrong."""
    return RefusedError(100, detail)


def bad_keyboard(detail: str) -> RefusedError:
    """911: what stands in `keyboard` is JSON, and no keyboard."""
    return RefusedError(911, detail)
