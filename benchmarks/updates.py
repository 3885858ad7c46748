"""Telegram's hook requests: whole updates of taps as Telegram writes them, prebuilt as HTTP."""

import json
from collections.abc import Iterable, Sequence

from benchmarks.service import HOOK_PATH, HOOK_SECRET, SECRET
from ratings.texts import LANGUAGES
from ratings.tokens import Tokens

FIRST_UPDATE = 700_000_000
_SYMBOLS = ("😡", "🙁", "😐", "🙂", "😍")
assert "ru" in LANGUAGES


def tap_requests(invitations: Iterable[tuple[int, str]], first: int) -> list[bytes]:
    """Return one first tap for each invitation; `first` counts the updates, so that each is new."""
    tokens = Tokens([SECRET.encode()])
    return [
        http_post(HOOK_PATH, tap_body(tokens.issue(number), address, first + n), (_SECRET_HEADER,))
        for n, (number, address) in enumerate(invitations)
    ]


_SECRET_HEADER = f"X-Telegram-Bot-Api-Secret-Token: {HOOK_SECRET}"


def tap_body(token: str, address: str, number: int) -> bytes:
    """Return the update of a tap on 4 or 5 below a prompt, https://core.telegram.org/bots/api#callbackquery."""
    person = {"id": int(address), "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    bot = {"id": 123456, "is_bot": True, "first_name": "CSAT", "username": "csat_bot"}
    row = [{"text": symbol, "callback_data": f"r1:{token}:{value}"} for value, symbol in enumerate(_SYMBOLS, start=1)]
    message = {
        "message_id": 17,
        "from": bot,
        "chat": {"id": int(address), "first_name": "Анна", "type": "private"},
        "date": 1_790_000_000,
        "text": "Здравствуйте! Ваше обращение закрыто. Оцените, пожалуйста, как мы помогли.",
        "reply_markup": {"inline_keyboard": [row]},
    }
    query = {
        "id": str(1_000_000_000_000_000_000 + number),
        "from": person,
        "message": message,
        "chat_instance": "-4913286823470124567",
        "data": row[3 + number % 2]["callback_data"],
    }
    update = {"update_id": FIRST_UPDATE + number, "callback_query": query}
    return json.dumps(update, separators=(",", ":")).encode()


def http_post(path: str, body: bytes, headers: Sequence[str] = ()) -> bytes:
    """Return a whole HTTP/1.1 request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Accept-Encoding: gzip, deflate",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
