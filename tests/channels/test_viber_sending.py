"""What goes out to Viber, over a platform that answers as told."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from channels.base import Action, ActionName, Choice, Message, Prompt
from channels.viber.adapter import MAX_REQUEST, Viber
from channels.viber.config import ViberConfig
from channels.viber.failures import TOO_OLD
from net.errors import (
    DeliveryError,
    Misconfigured,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    Throttled,
    Unreachable,
)
from tests.channels.platform import Answer, Hang, Platform

BOT = "445da6az1s345z78-dazcczb2542zv51a"
ANN = "01234567890A=01234567890A="
TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
SENT = 5741311803571721087
FACES = tuple(Choice(value, symbol, f"{value} of 5") for value, symbol in enumerate("😡🙁😐🙂😍", start=1))
PROMPT = Prompt(key="1", text="How did we do, <b>Ann & Co_*?", choices=FACES, token=TOKEN, language="en")
SKIP = Message("Thank you! Anything to add?", (Action(ActionName.SKIP, "Skip"),), TOKEN)

Make = Callable[..., Viber]


def client(content: Prompt | Message, version: str) -> Any:
    if isinstance(content, Prompt):
        return Prompt(content.key, content.text, content.choices, content.token, content.language, version)
    return Message(content.text, content.actions, content.token, content.key, version)


def answer(status: int, **content: Any) -> Answer:
    return Answer(200, json.dumps({"status": status, "status_message": "x", **content}).encode())


TAKEN = answer(0, message_token=SENT, chat_hostname="SN-CHAT-03_", billing_status=1)


@pytest.fixture
async def make(platform: Platform) -> AsyncIterator[Make]:
    made: list[Viber] = []

    def one(**keys: Any) -> Viber:
        known = {"token": SecretStr(BOT), "api_url": platform.url + "/pa"}
        made.append(Viber("viber.support", ViberConfig.model_validate({**known, **keys}), ()))
        return made[-1]

    platform.behaviour = TAKEN
    yield one
    for channel in made:
        await channel.close()


def sent(platform: Platform, index: int = -1) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(platform.requests[index].body)
    return content


async def test_a_prompt_has_its_buttons_and_no_input_field(make: Make, platform: Platform) -> None:
    taken = await make(sender="Acme").send_prompt(ANN, PROMPT)
    assert platform.requests[0].path == "/pa/send_message"
    assert platform.requests[0].headers["x-viber-auth-token"] == BOT
    request = sent(platform)
    board = request.pop("keyboard")
    assert request == {
        "receiver": ANN,
        "min_api_version": 4,
        "sender": {"name": "Acme"},
        "type": "text",
        "text": "How did we do, <b>Ann & Co_*?",
    }
    assert (board["Type"], board["InputFieldState"], len(board["Buttons"])) == ("keyboard", "hidden", 5)
    assert taken.external_id == "5741311803571721087", "every digit of 64 bits"
    assert taken.new_address is None


async def test_the_survey_is_not_told_by_tracking_data(make: Make, platform: Platform) -> None:
    await make().send_prompt(ANN, PROMPT)
    assert "tracking_data" not in sent(platform)


async def test_after_the_tap_the_input_field_is_back_and_the_choices_are_gone(make: Make, platform: Platform) -> None:
    channel = make()
    await channel.send_text(ANN, SKIP)
    board = sent(platform)["keyboard"]
    assert board["InputFieldState"] == "regular"
    assert [button["Text"] for button in board["Buttons"]] == ["Skip"]
    await channel.send_text(ANN, Message("Thank you!"))
    assert "keyboard" not in sent(platform), "a message without one takes the old one away"
    assert sent(platform)["min_api_version"] == 1


async def test_the_input_field_can_stay(make: Make, platform: Platform) -> None:
    await make(hide_input=False).send_prompt(ANN, PROMPT)
    assert sent(platform)["keyboard"]["InputFieldState"] == "regular"


@pytest.mark.parametrize("content", [PROMPT, SKIP], ids=["prompt", "message"])
@pytest.mark.parametrize(
    ("version", "assumed", "level"),
    [("10", 1, 4), ("4", 1, 4), ("3", 4, 1), ("1", 4, 1), ("", 4, 4), ("", 3, 1), ("odd", 4, 4)],
)
async def test_no_more_is_asked_of_an_app_than_it_knows(
    *, make: Make, platform: Platform, content: Prompt | Message, version: str, assumed: int, level: int
) -> None:
    channel, content = make(api_version=assumed), client(content, version)
    await (channel.send_prompt(ANN, content) if isinstance(content, Prompt) else channel.send_text(ANN, content))
    request = sent(platform)
    assert request["min_api_version"] == level, "never more than is needed: another device may know less"
    assert ("InputFieldState" in request["keyboard"]) == (level == 4)
    assert len(platform.requests) == 1


@pytest.mark.parametrize("status", sorted(TOO_OLD))
async def test_an_app_that_is_too_old_gets_the_message_as_old_apps_know_it(
    make: Make, platform: Platform, status: int
) -> None:
    platform.behaviour, platform.then = answer(status), [TAKEN]
    taken = await make().send_prompt(ANN, PROMPT)
    assert taken.external_id == str(SENT)
    first, second = sent(platform, 0), sent(platform, 1)
    assert (first["min_api_version"], second["min_api_version"]) == (4, 1)
    assert "InputFieldState" not in second["keyboard"]
    assert second["keyboard"]["Buttons"] == first["keyboard"]["Buttons"]


@pytest.mark.parametrize("status", sorted(TOO_OLD))
async def test_an_app_that_is_older_still_is_asked_no_third_time(make: Make, platform: Platform, status: int) -> None:
    platform.behaviour = answer(status)
    with pytest.raises(Rejected) as refused:
        await make().send_prompt(ANN, PROMPT)
    assert refused.value.platform_code == str(status)
    assert len(platform.requests) == 2
    with pytest.raises(Rejected):
        await make().send_prompt(ANN, client(PROMPT, "1"))
    assert len(platform.requests) == 3, "the plain form was refused: there is no other"


async def test_an_alternative_whose_answer_is_lost_may_have_arrived(make: Make, platform: Platform) -> None:
    platform.behaviour, platform.then = answer(13), [Hang()]
    with pytest.raises(OutcomeUnknown):
        await make(timeout=0.3).send_prompt(ANN, PROMPT)
    assert len(platform.requests) == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (6, RecipientGone),
        (5, RecipientGone),
        (2, Misconfigured),
        (24, Misconfigured),
        (3, Rejected),
        (12, Throttled),
        (77, Unreachable),
    ],
)
async def test_a_200_is_no_success(
    *, make: Make, platform: Platform, status: int, expected: type[DeliveryError]
) -> None:
    platform.behaviour = answer(status, message_token="odd")
    with pytest.raises(expected) as refused:
        await make(wait_when_throttled=90).send_prompt(ANN, PROMPT)
    assert refused.value.platform_code == str(status)
    assert len(platform.requests) == 1
    if isinstance(refused.value, Throttled):
        assert (refused.value.retry_after, refused.value.scope) == (90, "recipient")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Answer(429, b"", (("Retry-After", "7"),)), Throttled),
        (Answer(500), OutcomeUnknown),
        (Answer(404), Misconfigured),
        (Answer(403), Misconfigured),
        (Answer(302, b"", (("Location", "https://elsewhere.example"),)), Misconfigured),
        (Answer(413), Rejected),
        (Answer(200, b"\xff"), OutcomeUnknown),
        (Answer(200, b"[" * 5000), OutcomeUnknown),
        (Answer(200, b'{"status": "ok"}'), OutcomeUnknown),
        (Answer(200, b'{"status": 0}'), OutcomeUnknown),
        (Answer(200, b'{"status": 0, "message_token": 5741311803571721087.0}'), OutcomeUnknown),
        (Answer(200, b'{"status": 0, "message_token": true}'), OutcomeUnknown),
    ],
)
async def test_an_answer_that_is_not_vibers(
    *, make: Make, platform: Platform, given: Answer, expected: type[DeliveryError]
) -> None:
    platform.behaviour = given
    with pytest.raises(expected):
        await make().send_prompt(ANN, PROMPT)
    assert len(platform.requests) == 1


@pytest.mark.parametrize("address", ["", "Ann Smith", "x" * 101, "+380501234567\n", "Анна"])
async def test_what_is_no_id_of_viber_is_refused_unsent(make: Make, platform: Platform, address: str) -> None:
    with pytest.raises(Rejected):
        await make().send_prompt(address, PROMPT)
    assert not platform.requests


async def test_what_is_too_large_or_no_unicode_is_refused_unsent(make: Make, platform: Platform) -> None:
    channel = make()
    await channel.send_text(ANN, Message("Ж" * 7000))
    assert len(platform.requests[-1].body) < MAX_REQUEST
    # 7000 emoji fit by their number, and with their buttons not by their bytes.
    long_labels = tuple(Choice(value, "😍", "Ж" * 200) for value in range(10))
    too_large = Prompt("1", "😍" * 7000, long_labels, TOKEN, "en")
    with pytest.raises(Rejected, match="bytes"):
        await channel.send_prompt(ANN, too_large)
    with pytest.raises(Rejected) as refused:
        await channel.send_text(ANN, Message("half an emoji: \ud83d"))
    assert refused.value.__cause__ is refused.value.__context__ is None, "the error would carry the words"
    assert len(platform.requests) == 1


async def test_it_neither_edits_nor_acknowledges(make: Make) -> None:
    channel = make()
    assert (channel.capabilities.edit, channel.capabilities.acknowledge) == (False, False)
    with pytest.raises(NotImplementedError):
        await channel.edit(ANN, str(SENT), SKIP)
    with pytest.raises(NotImplementedError):
        await channel.acknowledge("", "Thank you!")
    with pytest.raises(NotImplementedError):
        channel.listen(None)
