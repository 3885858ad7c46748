"""What a button carries, written and read: the same string in every messenger that has buttons.

`r1:<token>:<value>` is a choice, `r1:<token>:c|k|s|n` an action. `r1` is the version: buttons stay in customers'
chats for years, so a later shape gets another prefix and this one stays readable. A client may send back any string
(https://core.telegram.org/bots/api#callbackquery): only exact shapes are ours, and the token's own check is the
domain's, as is the value's range. The longest payload has 47 bytes, all of them ASCII; Telegram takes 64
(https://core.telegram.org/bots/api#inlinekeyboardbutton), the others more.
"""

import re

from channels.base import ActionName
from net.errors import Rejected

_LETTERS = {ActionName.CHANGE: "c", ActionName.COMMENT: "k", ActionName.SKIP: "s", ActionName.NEVER: "n"}
_NAMES = {letter: name for name, letter in _LETTERS.items()}
_TOKEN = re.compile(r"[a-z2-7]{1,40}")  # lower-case base32
_PAYLOAD = re.compile(r"r1:([a-z2-7]{1,40}):(?:(0|[1-9][0-9]{0,2})|([cksn]))")
_VALUES = range(1000)


def choice_payload(token: str, value: int) -> str:
    """The payload of a choice. Raises Rejected when token or value cannot be carried."""
    if value not in _VALUES:
        raise Rejected("a button carries values from 0 to 999")
    return _payload(token, str(value))


def action_payload(token: str, action: ActionName) -> str:
    """The payload of an action. Raises Rejected when the token cannot be carried."""
    return _payload(token, _LETTERS[action])


def read_payload(data: str) -> tuple[str, int | ActionName] | None:
    """The token, and the value or action; None for a string that is not ours."""
    match = _PAYLOAD.fullmatch(data)
    if match is None:
        return None
    token, value, letter = match.groups()
    return token, _NAMES[letter] if value is None else int(value)


def _payload(token: str, rest: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise Rejected("a button carries a token of 1 to 40 characters of lower-case base32")
    return f"r1:{token}:{rest}"
