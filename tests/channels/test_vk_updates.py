"""Events of VK and what they mean: a table."""

import json
from typing import Any

import pytest

from channels.base import (
    ActionName,
    ActionPicked,
    ChoicePicked,
    Handshake,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
    Unreadable,
)
from channels.vk.updates import read_envelope, read_handle, read_update
from tests.channels.vk_kit import ANN, GROUP, TOKEN, hook, message, message_event, message_new

AT = 1790000060000


def read(event: dict[str, Any]) -> Inbound:
    return read_update(hook(event).body)


def choice(payload: str) -> str:
    return json.dumps({"r": f"r1:{TOKEN}:{payload}"})


# --- taps


@pytest.mark.parametrize("payload", [{"r": f"r1:{TOKEN}:5"}, choice("5")], ids=["object", "string"])
def test_a_tap_is_a_choice_with_a_handle_that_is_not_its_delivery(payload: object) -> None:
    tapped = read(message_event(payload, event_id="delivery-1"))
    assert tapped == ChoicePicked(
        event_id="delivery-1", address=str(ANN), at=0, token=TOKEN, value=5, tap=f"{ANN}:{ANN}:a1b2c3", prompt_id="31"
    )
    assert isinstance(tapped, ChoicePicked)
    assert read_handle(tapped.tap) == (ANN, ANN, "a1b2c3")


def test_two_deliveries_of_one_tap_are_one_event_and_two_taps_are_two() -> None:
    first, again = (read(message_event({"r": f"r1:{TOKEN}:5"}, event_id="d1")) for _ in range(2))
    other = read(message_event({"r": f"r1:{TOKEN}:5"}, event_id="d2"))
    assert first == again
    assert first.event_id != other.event_id


def test_a_tap_on_an_action_names_it() -> None:
    tapped = read(message_event({"r": f"r1:{TOKEN}:k"}))
    assert isinstance(tapped, ActionPicked)
    assert tapped.action is ActionName.COMMENT


def test_a_tap_on_the_keyboard_under_the_input_field_names_no_prompt() -> None:
    event = message_event({"r": f"r1:{TOKEN}:5"})
    del event["object"]["conversation_message_id"]
    tapped = read(event)
    assert isinstance(tapped, ChoicePicked)
    assert tapped.prompt_id is None


@pytest.mark.parametrize("payload", [None, "x", {"command": "catalog"}, {"r": f"r1:{TOKEN}:5000"}, [1]])
def test_a_foreign_or_forged_tap_can_still_be_acknowledged(payload: object) -> None:
    assert read(message_event(payload)) == Unknown(
        event_id="3f1c5a", address=str(ANN), at=0, what="message_event", tap=f"{ANN}:{ANN}:a1b2c3"
    )


def test_in_a_group_chat_it_is_the_person_who_taps() -> None:
    tapped = read(message_event({"r": f"r1:{TOKEN}:5"}, peer_id=2_000_000_007, user_id=77))
    assert isinstance(tapped, ChoicePicked)
    assert (tapped.address, read_handle(tapped.tap)) == ("77", (77, 2_000_000_007, "a1b2c3"))


@pytest.mark.parametrize("handle", ["", "x" * 65, "a b", "ü", "a\0b"])
def test_an_odd_handle_is_not_kept(handle: str) -> None:
    event = message_event({"r": f"r1:{TOKEN}:5"})
    event["object"]["event_id"] = handle
    assert read(event) == Unknown(event_id="3f1c5a", address=str(ANN), at=0, what="message_event")


# --- text buttons


def test_a_text_button_is_a_tap_that_waits_for_nothing() -> None:
    assert read(message_new("😍", payload=choice("5"))) == ChoicePicked(
        event_id="7be0d1", address=str(ANN), at=AT, token=TOKEN, value=5, tap="", client="callback"
    )
    pressed = read(message_new("Skip", payload=choice("s")))
    assert isinstance(pressed, ActionPicked)
    assert (pressed.action, pressed.tap) == (ActionName.SKIP, "")


def test_another_programs_text_button_is_no_comment() -> None:
    assert isinstance(read(message_new("Catalogue", payload='{"command":"catalog"}')), Unknown)
    assert isinstance(read(message_new("Catalogue", payload="{")), Unknown)


# --- words


def test_words_are_words() -> None:
    assert read(message_new("Quick, thanks")) == TextReceived(
        event_id="7be0d1", address=str(ANN), at=AT, text="Quick, thanks", message_id="33", client="callback"
    )


def test_a_reply_names_the_message_that_it_answers_by_its_number_in_the_conversation() -> None:
    said = read(message_new("Slow", reply_message=message("How did we do?", conversation_message_id=31, id=10245)))
    assert isinstance(said, TextReceived)
    assert said.reply_to == "31"


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_edit_is_the_same_message_with_other_words(*, wrapped: bool) -> None:
    changed = message("Slow, sorry", update_time=1790000090)
    said = read({"type": "message_edit", "object": {"message": changed} if wrapped else changed})
    assert isinstance(said, TextReceived)
    assert (said.text, said.message_id, said.edited, said.at) == ("Slow, sorry", "33", True, 1790000090000)


@pytest.mark.parametrize("shape", ["5.199", "5.92"])
def test_events_of_both_shapes_are_read(shape: str) -> None:
    content = {"message": message("Hi"), "client_info": {}} if shape == "5.199" else message("Hi")
    said = read({"type": "message_new", "v": shape, "object": content})
    assert isinstance(said, TextReceived)
    assert said.text == "Hi"


@pytest.mark.parametrize(
    ("attachments", "text", "media"),
    [
        ([{"type": "audio_message", "audio_message": {}}], "", "voice"),
        ([{"type": "sticker"}], "", "sticker"),
        ([{"type": "photo"}, {"type": "doc"}], "Look", "photo"),
        ([{"type": "doc"}], "", "document"),
        ([{"type": "link"}], "see example.org", None),
        ([{"type": "Evil Name\n"}], "", "attachment"),
    ],
)
def test_media_are_named(attachments: list[Any], text: str, media: str | None) -> None:
    said = read(message_new(text, attachments=attachments))
    assert isinstance(said, TextReceived)
    assert (said.text, said.media) == (text, media)


def test_a_place_is_a_location() -> None:
    said = read(message_new("", geo={"type": "point"}))
    assert isinstance(said, TextReceived)
    assert said.media == "location"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"from_id": -GROUP, "out": 1}, "message of a community"),
        ({"from_id": -77}, "message of a community"),
        ({"peer_id": 2_000_000_007}, "group message"),
        ({"action": {"type": "chat_invite_user"}}, "service message"),
        ({"text": ""}, "empty message"),
        ({"text": "\0"}, "empty message"),
        ({"text": "x" * 16_385}, "message too long"),
    ],
)
def test_what_is_no_customers_word_to_us_is_left_alone(changes: dict[str, Any], what: str) -> None:
    left = read(message_new(**changes))
    assert isinstance(left, Unknown)
    assert left.what == what


@pytest.mark.parametrize("kind", ["message_reply", "message_edit"])
def test_what_the_operator_of_the_helpdesk_says_is_no_comment(kind: str) -> None:
    said = message("Anything else?", from_id=-GROUP, out=1, admin_author_id=42)
    assert isinstance(read({"type": kind, "object": said}), Unknown)


def test_no_text_holds_what_postgresql_does_not_take() -> None:
    said = read(message_new("a\0b"))
    assert isinstance(said, TextReceived)
    assert said.text == "ab"


# --- yes and no


@pytest.mark.parametrize("text", ["стоп", " Стоп ", "stop", "/stop", "STOP"])
def test_stop_is_an_opt_out(text: str) -> None:
    assert read(message_new(text)) == OptOut(
        event_id="7be0d1", address=str(ANN), at=AT, reason="asked", client="callback"
    )


@pytest.mark.parametrize("text", ["начать", "Start", "/start"])
def test_start_is_an_opt_in(text: str) -> None:
    assert isinstance(read(message_new(text)), OptIn)
    assert isinstance(read(message_new("Anything", payload='{"command":"start"}')), OptIn)


@pytest.mark.parametrize("text", ["стоп-кран", "please stop", "начать сначала"])
def test_a_sentence_with_such_a_word_is_a_sentence(text: str) -> None:
    assert isinstance(read(message_new(text)), TextReceived)


def test_allowing_and_denying_messages_is_heard() -> None:
    allowed = read({"type": "message_allow", "event_id": "a", "object": {"user_id": ANN, "key": ""}})
    denied = read({"type": "message_deny", "event_id": "b", "object": {"user_id": ANN}})
    assert allowed == OptIn(event_id="a", address=str(ANN), at=0, reason="unblocked")
    assert denied == OptOut(event_id="b", address=str(ANN), at=0, reason="blocked")


# --- what the app can do


@pytest.mark.parametrize(
    ("info", "client"),
    [
        ({"button_actions": ["text", "callback"], "inline_keyboard": True}, "callback"),
        ({"button_actions": ["text"], "inline_keyboard": True}, "text"),
        ({"button_actions": ["text"], "keyboard": True, "inline_keyboard": False}, "below"),
        ({"button_actions": [], "inline_keyboard": 1}, "text"),
        ({}, None),
        ({"button_actions": None}, None),
        ([], None),
        ("new", None),
    ],
)
def test_the_app_tells_what_it_can_show(info: object, client: str | None) -> None:
    said = read(message_new("Hi", client_info=info))
    assert isinstance(said, TextReceived)
    assert said.client == client


def test_an_edit_tells_nothing_of_the_app() -> None:
    assert read({"type": "message_edit", "object": message("Hi")}).client is None


# --- the rest


def test_a_confirmation_is_a_handshake() -> None:
    assert isinstance(read({"type": "confirmation"}), Handshake)


@pytest.mark.parametrize(
    ("kind", "what"), [("wall_post_new", "wall_post_new"), ("x" * 41, "event"), ("Ann's note", "event"), ("", "event")]
)
def test_other_events_are_named_and_no_more(kind: str, what: str) -> None:
    assert read({"type": kind, "object": {"text": "secret"}}) == Unknown(event_id="7be0d1", address="", at=0, what=what)


@pytest.mark.parametrize("event_id", ["", "x" * 65, "a b", "a\0b"])
def test_an_event_without_a_usable_id_has_the_same_one_again(event_id: str) -> None:
    event = message_new(event_id=event_id)
    assert read(event).event_id == read(event).event_id
    assert read(event).event_id.startswith("sha256:")
    assert read(event).event_id != read(message_new("Other", event_id=event_id)).event_id


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message_event", "object": {"user_id": "Ann"}},
        {"type": "message_new", "object": {"message": {"text": "words of Ann"}}},
        {"type": "message_new", "object": message(date=-1)},
        {"type": "message_new", "object": message(from_id=2**70)},
        {"type": "message_allow", "object": None},
        {"type": "message_deny"},
        {"type": 5},
    ],
)
def test_what_cannot_be_read_is_kept_for_a_person(event: dict[str, Any]) -> None:
    request = hook({"event_id": "e1", **event})
    unreadable = read_update(request.body)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.raw == request.body
    assert "Ann" not in unreadable.error
    assert read_update(request.body) == unreadable


@pytest.mark.parametrize("tap", ["", "1", "1:2", "1:2:", "a:2:x", "1:2:x y", "2386547801234567890", f"1:2:{'x' * 65}"])
def test_a_handle_that_is_not_ours_is_none(tap: str) -> None:
    assert read_handle(tap) is None


def test_half_a_character_in_the_words_hides_neither_the_secret_nor_the_words() -> None:
    body = hook(message_new(text="ab")).body.replace(b'"ab"', b'"a\\ud800b"')
    assert (read_envelope(body) or pytest.fail("the envelope cannot be read")).group_id == GROUP
    read_one = read_update(body)
    assert isinstance(read_one, TextReceived)
    assert read_one.text == "a?b"
