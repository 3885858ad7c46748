"""Updates as Telegram sends them, cut to size, and what each of them means."""

import json
from typing import Any

import pytest

from channels.base import (
    ActionName,
    ActionPicked,
    ChoicePicked,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
    Unreadable,
)
from channels.telegram.updates import MAX_WORDS, read_update

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"

# --- updates: recorded shapes, cut to size

ANN = {"id": 555001, "is_bot": False, "first_name": "Ann", "language_code": "ru"}
BOT = {"id": 42, "is_bot": True, "first_name": "CSAT", "username": "csat_bot"}
PRIVATE = {"id": 555001, "type": "private", "first_name": "Ann"}
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Team"}
DATE = 1790000060
AT = DATE * 1000
PROMPT = {"message_id": 77, "from": BOT, "chat": PRIVATE, "date": 1790000000, "text": "How did we do?"}
SAYS = {"message_id": 79, "from": ANN, "chat": PRIVATE, "date": DATE}
ID = "700000101"


def tap(data: str | None, message: Any = PROMPT, sender: Any = ANN, **more: Any) -> dict[str, Any]:
    query = {
        "id": "2386547801234567890",
        "from": sender,
        "message": message,
        "chat_instance": "-33",
        "data": data,
        **more,
    }
    return {"callback_query": {key: value for key, value in query.items() if value is not None}}


def says(**content: Any) -> dict[str, Any]:
    return {"message": {**SAYS, **content}}


def command(text: str) -> dict[str, Any]:
    return says(text=text, entities=[{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}])


def membership(status: str, chat: Any = PRIVATE) -> dict[str, Any]:
    member = {"user": BOT, "status": status}
    return {"my_chat_member": {"chat": chat, "from": ANN, "date": DATE, "new_chat_member": member}}


def picked(value: int, address: str = "555001", prompt_id: str | None = "77") -> ChoicePicked:
    tap_id = "2386547801234567890"
    return ChoicePicked(event_id=ID, address=address, at=0, token=TOKEN, value=value, tap=tap_id, prompt_id=prompt_id)


def text(words: str, **more: Any) -> TextReceived:
    return TextReceived(**{"event_id": ID, "address": "555001", "at": AT, "text": words, "message_id": "79", **more})


def unknown(what: str, address: str = "555001", at: int = AT, tap_id: str = "") -> Unknown:
    return Unknown(event_id=ID, address=address, at=at, what=what, tap=tap_id)


FOREIGN_TAP = unknown("callback_query", at=0, tap_id="2386547801234567890")
UPDATES: dict[str, tuple[dict[str, Any], Inbound]] = {
    "a tap": (tap(f"r1:{TOKEN}:5"), picked(5)),
    "an action": (
        tap(f"r1:{TOKEN}:s"),
        ActionPicked(
            event_id=ID,
            address="555001",
            at=0,
            token=TOKEN,
            action=ActionName.SKIP,
            tap="2386547801234567890",
            prompt_id="77",
        ),
    ),
    "a tap on an inaccessible message": (
        tap(f"r1:{TOKEN}:5", {"chat": PRIVATE, "message_id": 77, "date": 0}),
        picked(5),
    ),
    "a tap without its message": (tap(f"r1:{TOKEN}:5", None, inline_message_id="AgAA"), picked(5, prompt_id=None)),
    "a tap in a group is its sender's": (
        tap(f"r1:{TOKEN}:1", {**PROMPT, "chat": GROUP}, {**ANN, "id": 9007199254740993}),
        picked(1, "9007199254740993"),
    ),
    "forged data": (tap('{"score": 5, "ticket": 1}'), FOREIGN_TAP),
    "a tap on a game": (tap(None, game_short_name="chess"), FOREIGN_TAP),
    "NUL in a tap's id": (tap(f"r1:{TOKEN}:5", id="2386547801\x00234567890"), picked(5)),
    "NUL in the id of a foreign tap": (tap("x\0", id="\x002386547801234567890"), FOREIGN_TAP),
    "NUL in the data": (tap(f"r1:{TOKEN}\0:5"), FOREIGN_TAP),
    "a tap's id that is none": (tap(f"r1:{TOKEN}:5", id="2" * 129), unknown("callback_query", at=0)),
    "the longest text": (says(text="x" * MAX_WORDS), text("x" * MAX_WORDS)),
    "a text that no message holds": (says(text="x" * (MAX_WORDS + 1)), unknown("message too long")),
    "a caption that no message holds": (
        says(photo=[{"file_id": "A"}], caption="x" * (MAX_WORDS + 1)),
        unknown("message too long"),
    ),
    "a comment": (says(text="Quick answer, thanks"), text("Quick answer, thanks")),
    "a reply": (says(text="Thanks", reply_to_message=PROMPT), text("Thanks", reply_to="77")),
    "NUL": (says(text="a\0b"), text("ab")),
    "an edited comment": (
        {"edited_message": {**SAYS, "text": "Slow", "edit_date": DATE + 5}},
        text("Slow", edited=True, at=AT + 5000),
    ),
    "a caption": (says(photo=[{"file_id": "A"}], caption="Look"), text("Look", media="photo")),
    "a photo": (says(photo=[{"file_id": "A"}]), text("", media="photo")),
    "a voice": (says(voice={"file_id": "A", "duration": 3}), text("", media="voice")),
    "a sticker": (says(sticker={"file_id": "A", "emoji": "👍"}), text("", media="sticker")),
    "a document": (says(document={"file_id": "A"}), text("", media="document")),
    "a video": (says(video={"file_id": "A"}), text("", media="video")),
    "an animation has a document beside it": (
        says(document={"file_id": "A"}, animation={"file_id": "A"}),
        text("", media="animation"),
    ),
    "/start": (command("/start"), OptIn(event_id=ID, address="555001", at=AT, reason="asked")),
    "/start of a link": (command("/start t1042"), OptIn(event_id=ID, address="555001", at=AT, reason="asked")),
    "/start@bot": (command("/start@csat_bot"), OptIn(event_id=ID, address="555001", at=AT, reason="asked")),
    "/stop": (command("/stop"), OptOut(event_id=ID, address="555001", at=AT, reason="asked")),
    "/help": (command("/help"), unknown("command")),
    "a command inside a sentence is a sentence": (
        says(text="I typed /stop", entities=[{"type": "bot_command", "offset": 8, "length": 5}]),
        text("I typed /stop"),
    ),
    "a slash is no command": (says(text="/ 10"), text("/ 10")),
    "blocked": (membership("kicked"), OptOut(event_id=ID, address="555001", at=AT, reason="blocked")),
    "unblocked": (membership("member"), OptIn(event_id=ID, address="555001", at=AT, reason="unblocked")),
    "added to a group": (membership("member", GROUP), unknown("my_chat_member", str(GROUP["id"]))),
    "a text in a group": (says(text="Lunch?", chat=GROUP), unknown("group message")),
    "/stop in a group": (
        {"message": {**command("/stop")["message"], "chat": GROUP}},
        unknown("group message"),
    ),
    "an anonymous admin": (
        {"message": {**SAYS, "chat": GROUP, "from": {**BOT, "id": 1087968824}, "sender_chat": GROUP, "text": "x"}},
        unknown("group message", "1087968824"),
    ),
    "no sender": (
        {"message": {"message_id": 79, "chat": PRIVATE, "date": DATE, "text": "x"}},
        unknown("message without a person", ""),
    ),
    "a bot": (says(**{"from": BOT}, text="x"), unknown("message without a person", "42")),
    "a pinned message": (says(pinned_message=PROMPT), unknown("service message")),
    "a channel post": ({"channel_post": {"message_id": 1}}, unknown("channel_post", "", 0)),
    "something of tomorrow": ({"telepathy": {"thought": "x"}}, unknown("telepathy", "", 0)),
    "an empty update": ({}, unknown("update", "", 0)),
    "a name that is content": ({"a secret <b>": 1}, unknown("update", "", 0)),
}


@pytest.mark.parametrize("name", UPDATES)
def test_updates(name: str) -> None:
    content, expected = UPDATES[name]
    assert read_update(json.dumps({"update_id": 700000101, **content}).encode()) == expected


@pytest.mark.parametrize(
    "content",
    [
        {"callback_query": {"id": 1, "from": ANN}},
        {"callback_query": {"id": "1"}},
        {"callback_query": {"id": "1", "from": {**ANN, "id": 2**63}}},
        {"message": {**SAYS, "message_id": 2**63}},
        {"message": {**SAYS, "reply_to_message": {"message_id": -(10**40)}}},
        {"my_chat_member": {**membership("kicked", {**PRIVATE, "id": 2**64})["my_chat_member"]}},
        {"message": {**SAYS, "date": 10**15}},
        {"message": {**SAYS, "date": -1}},
        {"message": {**SAYS, "text": ["x"]}},
        {"message": "x"},
    ],
)
def test_an_update_of_another_shape_keeps_its_id_and_its_body_but_tells_no_content(content: dict[str, Any]) -> None:
    body = json.dumps({"update_id": 700000101, **content}).encode()
    unreadable = read_update(body)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.event_id == ID
    assert unreadable.raw == body
    assert "Ann" not in unreadable.error


def test_half_a_surrogate_is_kept_for_a_person_to_look_at() -> None:
    body = json.dumps({"update_id": 7, **says(text="x")}).replace('"x"', '"\\ud83d x"').encode()
    assert isinstance(read_update(body), Unreadable)


def test_an_id_of_an_update_that_is_no_number_of_a_bot_is_a_digest() -> None:
    unreadable = read_update(json.dumps({"update_id": 10**300, **says(text="x")}).encode())
    assert isinstance(unreadable, Unreadable)
    assert unreadable.event_id.startswith("sha256:")
