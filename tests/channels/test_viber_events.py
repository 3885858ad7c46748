"""Events as Viber sends them, cut to size, and what each of them means."""

import json
from typing import Any

import pytest

from channels.base import (
    ActionName,
    ActionPicked,
    ChoicePicked,
    DeliveryReported,
    Handshake,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
    Unreadable,
)
from channels.unreadable import digest
from channels.viber.events import MAX_WORDS, read_event

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"

# --- events: recorded shapes, cut to size

AT = 1790000050000
SENT = 5741311803571721999  # above 2^53: as a float it would read …2000
ANN = "01234567890A=01234567890A="
WHO = digest(ANN.encode())
SENDER = {
    "id": ANN,
    "name": "Ann",
    "avatar": "https://x.example/a",
    "language": "ru",
    "country": "RU",
    "api_version": 10,
}


def event(kind: str, **content: Any) -> dict[str, Any]:
    given = {"event": kind, "timestamp": AT, "chat_hostname": "SN-CALLBACK-03_", "message_token": SENT, **content}
    return {name: value for name, value in given.items() if value is not None}


def says(text: str | None = None, sender: Any = SENDER, token: int = SENT, **message: Any) -> dict[str, Any]:
    content = {"type": "text", "text": text, **message}
    return event(
        "message",
        message_token=token,
        sender=sender,
        message={name: value for name, value in content.items() if value is not None},
        silent=False,
    )


HEARD: dict[str, Any] = {"event_id": f"message:{SENT}", "address": ANN, "at": AT, "client": "10"}


def wrote(words: str, **more: Any) -> TextReceived:
    return TextReceived(**{**HEARD, "text": words, "message_id": str(SENT), **more})


def picked(value: int, **more: Any) -> ChoicePicked:
    return ChoicePicked(**{**HEARD, "token": TOKEN, "value": value, **more})


def unknown(what: str, event_id: str, address: str = ANN, client: str | None = "10") -> Unknown:
    return Unknown(event_id=event_id, address=address, at=AT, client=client, what=what)


EVENTS: dict[str, tuple[dict[str, Any], Inbound]] = {
    "a tap": (says(f"r1:{TOKEN}:5", tracking_data=""), picked(5)),
    "a tap does not ask tracking_data, which is the last message's": (
        says(f"r1:{TOKEN}:5", tracking_data="r1:aaaaaaaaaaaaaaaa:1"),
        picked(5),
    ),
    "an action": (says(f"r1:{TOKEN}:s"), ActionPicked(**HEARD, token=TOKEN, action=ActionName.SKIP)),
    "the largest message_token": (
        says(f"r1:{TOKEN}:5", token=2**64 - 1),
        picked(5, event_id="message:18446744073709551615"),
    ),
    "an app that tells no version": (
        says(f"r1:{TOKEN}:5", sender={"id": ANN, "name": "Ann"}),
        picked(5, client=None),
    ),
    "an old app": (says("Hi", sender={**SENDER, "api_version": 1}), wrote("Hi", client="1")),
    "a version that is none": (says(f"r1:{TOKEN}:5", sender={**SENDER, "api_version": "ten"}), picked(5, client=None)),
    "a version out of range": (says(f"r1:{TOKEN}:5", sender={**SENDER, "api_version": -1}), picked(5, client=None)),
    "a plain number is what somebody wrote": (says("5"), wrote("5")),
    "a payload of another program": (says("csat:Zk3v9Q:5"), wrote("csat:Zk3v9Q:5")),
    "a payload inside a sentence": (says(f"r1:{TOKEN}:5 thanks"), wrote(f"r1:{TOKEN}:5 thanks")),
    "a payload below a picture is what somebody wrote": (
        says(f"r1:{TOKEN}:5", type="picture", media="https://x.example/p"),
        wrote(f"r1:{TOKEN}:5", media="picture"),
    ),
    "a comment": (says("Quick, thanks", tracking_data="c:Zk3v9Q"), wrote("Quick, thanks")),
    "NUL": (says("a\0b"), wrote("ab")),
    "a picture": (says(type="picture", media="https://x.example/p"), wrote("", media="picture")),
    "a picture with words": (says("Look", type="picture", media="https://x"), wrote("Look", media="picture")),
    "a sticker": (says(type="sticker", sticker_id=40126), wrote("", media="sticker")),
    "a video": (says(type="video", media="https://x", size=1), wrote("", media="video")),
    "a file": (says(type="file", media="https://x", file_name="x.pdf"), wrote("", media="file")),
    "a contact": (says(type="contact", contact={"name": "Bob", "phone_number": "+1"}), wrote("", media="contact")),
    "a link": (says(type="url", media="https://x"), wrote("", media="url")),
    "a place": (says(type="location", location={"lat": 50.4, "lon": 30.5}), wrote("", media="location")),
    "a message of tomorrow": (says(type="hologram"), unknown("message", f"message:{SENT}")),
    "a message of tomorrow with words": (says("Hi", type="hologram"), wrote("Hi")),
    "an empty message": (says(""), unknown("message", f"message:{SENT}")),
    "the longest text": (says("x" * MAX_WORDS), wrote("x" * MAX_WORDS)),
    "a text that no message holds": (says("x" * (MAX_WORDS + 1)), unknown("message too long", f"message:{SENT}")),
    "/stop": (says(" /Stop "), OptOut(**HEARD, reason="asked")),
    "/start": (says("/start"), OptIn(**HEARD, reason="asked")),
    "stop is a word": (says("stop"), wrote("stop")),
    "/stop in a sentence": (says("/stop it"), wrote("/stop it")),
    "subscribed": (
        event("subscribed", user=SENDER),
        OptIn(
            event_id=f"subscribed:{SENT}:{WHO}:{AT}",
            address=ANN,
            at=AT,
            client="10",
            reason="unblocked",
        ),
    ),
    "unsubscribed": (
        event("unsubscribed", user_id=ANN),
        OptOut(event_id=f"unsubscribed:{SENT}:{WHO}:{AT}", address=ANN, at=AT, reason="blocked"),
    ),
    "to open the chat is no consent": (
        event("conversation_started", type="open", context="t1042", user=SENDER, subscribed=False),
        unknown("conversation_started", f"conversation_started:{SENT}:{WHO}:{AT}"),
    ),
    "the webhook is tried": (event("webhook"), Handshake(event_id=f"webhook:{SENT}", address="", at=AT)),
    "something of tomorrow": (
        event("telepathy", user_id=ANN),
        unknown("telepathy", f"telepathy:{SENT}:{WHO}:{AT}", client=None),
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_events(name: str) -> None:
    content, expected = EVENTS[name]
    assert read_event(json.dumps(content).encode()) == expected


@pytest.mark.parametrize(("kind", "delivery"), [("delivered", "delivered"), ("seen", "seen"), ("failed", "bounced")])
def test_what_became_of_a_message_is_one_event_for_all_devices(kind: str, delivery: str) -> None:
    phone = read_event(json.dumps(event(kind, user_id=ANN, desc="failure description")).encode())
    tablet = read_event(json.dumps(event(kind, user_id=ANN, timestamp=AT + 9000)).encode())
    assert isinstance(phone, DeliveryReported)
    assert (phone.delivery, phone.external_id, phone.address, phone.at) == (delivery, str(SENT), ANN, AT)
    assert not phone.gone, "a message failed, not the address"
    assert phone.event_id == tablet.event_id
    other = read_event(json.dumps(event(kind, user_id="another customer=".replace(" ", ""))).encode())
    assert other.event_id != phone.event_id


def test_what_comes_again_has_the_same_id_and_what_is_new_another() -> None:
    again = says(f"r1:{TOKEN}:5")
    assert read_event(json.dumps(again).encode()) == read_event(json.dumps(again, indent=1).encode())
    second_tap = says(f"r1:{TOKEN}:5", token=SENT + 1)
    ids = {read_event(json.dumps(content).encode()).event_id for content in (again, second_tap)}
    assert len(ids) == 2, "two neighbours above 2^53 must not become one"


def test_subscribing_twice_is_two_events() -> None:
    ids = {
        read_event(json.dumps(event("subscribed", user=SENDER, timestamp=at)).encode()).event_id for at in (AT, AT + 1)
    }
    assert len(ids) == 2


@pytest.mark.parametrize(
    "content",
    [
        says("Hi", sender=None),
        says("Hi", sender={**SENDER, "id": "a b"}),
        says("Hi", sender={**SENDER, "id": "x" * 101}),
        says("Hi", sender={**SENDER, "id": ""}),
        says("Hi", sender={**SENDER, "id": "a\0"}),
        says("Hi", token=2**64),
        says("Hi", token=-1),
        {**says("Hi"), "timestamp": 10**18},
        {**says("Hi"), "message_token": float(SENT)},
        {**says("Hi"), "message_token": None},
        {**says("Hi"), "message": None},
        {**says("Hi"), "message": {"type": "text", "text": ["x"]}},
        event("delivered"),
        event("seen", user_id=ANN, message_token=None),
        event("subscribed"),
        event("unsubscribed"),
        {"timestamp": AT, "message_token": SENT},
    ],
)
def test_an_event_of_another_shape_is_kept_and_tells_no_content(content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    unreadable = read_event(body)
    assert isinstance(unreadable, Unreadable)
    assert unreadable.raw == body
    assert unreadable.event_id
    assert not [hidden for hidden in ("Ann", "Hi", ANN) if hidden in unreadable.error]
    assert read_event(body) == unreadable


def test_an_unreadable_event_that_is_sent_again_in_other_bytes_is_the_same() -> None:
    content = {**says("Hi"), "timestamp": 10**18}
    ids = {read_event(json.dumps(content, indent=indent).encode()).event_id for indent in (None, 1)}
    assert len(ids) == 1


@pytest.mark.parametrize("kind", ["a secret <b>", "x" * 41, "ключ"])
def test_a_name_that_is_content_is_not_repeated(kind: str) -> None:
    found = read_event(json.dumps(event(kind, user_id=ANN)).encode())
    assert isinstance(found, Unknown)
    assert found.what == "event"
    assert kind not in found.event_id


def test_an_event_of_tomorrow_without_a_token_has_an_id() -> None:
    ids = {
        read_event(json.dumps(event("telepathy", message_token=None, timestamp=at)).encode()).event_id
        for at in (AT, AT + 1)
    }
    assert len(ids) == 2


def test_half_a_surrogate_is_kept_for_a_person_to_look_at() -> None:
    body = json.dumps(says("x")).replace('"x"', '"\\ud83d x"').encode()
    assert isinstance(read_event(body), Unreadable)
