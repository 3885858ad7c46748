"""The Telegram adapter against the stand-in: what is sent, and each way it can fail."""

import asyncio
import json
from collections import Counter

import pytest

from channels.base import (
    Channel,
    Message,
    Picture,
)
from net.errors import (
    NotEditable,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    TapExpired,
    Throttled,
    Unreachable,
)
from sandbox.telegram import Limits, TelegramSandbox
from tests.channels.platform import Answer, Hang, Platform
from tests.channels.telegram_kit import ANN, PROMPT, THANKS, TOKEN, Clock, Make

# --- sending


async def test_a_prompt_arrives_with_its_words_as_they_are(telegram: TelegramSandbox, channel: Channel) -> None:
    sent = await channel.send_prompt(str(ANN), PROMPT)
    (message,) = telegram.messages(ANN)
    assert sent.external_id == str(message.message_id)
    assert message.text == PROMPT.text
    assert message.entities == []
    assert [[button["text"] for button in row] for row in message.rows] == [["😡", "🙁", "😐", "🙂", "😍"]]
    (call,) = telegram.calls("sendMessage")
    assert set(call.parameters) == {"chat_id", "text", "reply_markup"}


async def test_text_is_counted_as_telegram_counts(telegram: TelegramSandbox, channel: Channel) -> None:
    await channel.send_text(str(ANN), Message("😍" * 2048))
    with pytest.raises(Rejected):
        await channel.send_text(str(ANN), Message("😍" * 2048 + "x"))
    assert len(telegram.calls("sendMessage")) == 1


async def test_words_stand_below_a_picture_where_a_caption_holds_them(
    telegram: TelegramSandbox, channel: Channel
) -> None:
    telegram.limits = None
    picture = Picture("csat", b"\x89PNG\r\n\x1a\n" + bytes(100), "CSAT")
    sent = await channel.send_text(str(ANN), Message("😍" * 512, pictures=(picture,)))
    await channel.send_text(str(ANN), Message("😍" * 513, pictures=(picture,)))
    shown, plain = telegram.messages(ANN)
    assert (shown.caption, sent.external_id) == ("😍" * 512, str(shown.message_id))
    assert list(shown.media) == ["photo"]
    assert (plain.text, plain.media) == ("😍" * 513, {})
    with pytest.raises(Rejected):
        await channel.send_text(str(ANN), Message("x", pictures=(picture, picture)))
    with pytest.raises(Rejected):
        await channel.send_text(str(ANN), Message("x", pictures=(Picture("csat", b"no picture", "CSAT"),)))


@pytest.mark.parametrize("address", ["", "ann", "@ann_b", "+79990000000", "0", "-", "5 5", "٥٥٥", "1" * 17])
async def test_what_is_no_chat_id_is_refused_unsent(telegram: TelegramSandbox, channel: Channel, address: str) -> None:
    with pytest.raises(Rejected):
        await channel.send_prompt(address, PROMPT)
    assert not telegram.requests


async def test_edit_replaces_text_and_keyboard_and_repeating_it_is_success(
    telegram: TelegramSandbox, channel: Channel
) -> None:
    telegram.limits = None
    sent = await channel.send_prompt(str(ANN), PROMPT)
    for _ in range(2):
        await channel.edit(str(ANN), sent.external_id, THANKS)
    assert [call.status for call in telegram.calls("editMessageText")] == [200, 400]
    (message,) = telegram.messages(ANN)
    assert message.text == THANKS.text
    assert message.data == [f"r1:{TOKEN}:c", f"r1:{TOKEN}:s"]
    await channel.edit(str(ANN), sent.external_id, PROMPT)
    assert len(message.data) == 5
    await channel.edit(str(ANN), sent.external_id, Message("Thank you"))
    assert message.data == []


async def test_a_message_that_is_gone_is_not_editable(telegram: TelegramSandbox, channel: Channel) -> None:
    sent = await channel.send_prompt(str(ANN), PROMPT)
    telegram.clear(ANN)
    for external_id in (sent.external_id, "", "abc", "-1"):
        with pytest.raises(NotEditable):
            await channel.edit(str(ANN), external_id, THANKS)


async def test_a_tap_is_acknowledged_once_and_in_time(
    telegram: TelegramSandbox, channel: Channel, clock: Clock
) -> None:
    sent = await channel.send_prompt(str(ANN), PROMPT)
    tap = telegram.tap(ANN, int(sent.external_id), (0, 4))
    await channel.acknowledge(tap.tap_id, "Thank you!")
    assert tap.answer is not None
    assert tap.answer.text == "Thank you!"
    with pytest.raises(TapExpired):
        await channel.acknowledge(tap.tap_id, "Thank you!")
    late = telegram.tap(ANN, int(sent.external_id), (0, 0))
    clock.now += 151
    with pytest.raises(TapExpired):
        await channel.acknowledge(late.tap_id, "")


async def test_people_who_cannot_be_reached(telegram: TelegramSandbox, channel: Channel) -> None:
    telegram.add_customer(2, "Never started", started=[])
    telegram.add_customer(3, "Blocked")
    telegram.block(3)
    telegram.add_customer(4, "Deactivated")
    telegram.deactivate(4)
    telegram.add_group(-5, "Kicked out")
    telegram.kick(-5)
    for address in ("2", "3", "4", "-5", "999"):
        with pytest.raises(RecipientGone):
            await channel.send_prompt(address, PROMPT)
    telegram.unblock(3)
    assert (await channel.send_prompt("3", PROMPT)).external_id


async def test_a_group_that_moved_is_followed_once(telegram: TelegramSandbox, channel: Channel) -> None:
    telegram.add_group(-7, "Team", [ANN])
    before = await channel.send_prompt("-7", PROMPT)
    new = telegram.migrate(-7)
    sent = await channel.send_prompt("-7", PROMPT)
    assert sent.new_address == str(new)
    assert [message.text for message in telegram.messages(new)] == [PROMPT.text]
    with pytest.raises(NotEditable):
        await channel.edit("-7", before.external_id, THANKS)


async def test_throttling_tells_how_long_and_for_whom(
    telegram: TelegramSandbox, channel: Channel, clock: Clock
) -> None:
    telegram.limits = Limits(per_second=30, per_chat=1 / 3, burst=1)
    telegram.add_group(-7, "Team")
    for address, scope in ((str(ANN), "account"), ("-7", "recipient")):
        await channel.send_prompt(address, PROMPT)
        with pytest.raises(Throttled) as throttled:
            await channel.send_prompt(address, PROMPT)
        assert (throttled.value.retry_after, throttled.value.scope) == (3, scope)
    clock.now += 3
    sent = await channel.send_prompt(str(ANN), PROMPT)
    with pytest.raises(Throttled) as throttled:
        await channel.edit(str(ANN), sent.external_id, THANKS)
    assert throttled.value.scope == "recipient"


async def test_a_send_whose_answer_is_lost_was_perhaps_carried_out(telegram: TelegramSandbox, make: Make) -> None:
    hasty = make(telegram.url, timeout=0.5)
    released = telegram.hang("sendMessage")
    with pytest.raises(OutcomeUnknown):
        await hasty.send_prompt(str(ANN), PROMPT)
    released.set()
    telegram.drop_after("sendMessage")
    with pytest.raises(OutcomeUnknown):
        await hasty.send_prompt(str(ANN), PROMPT)
    assert len(telegram.messages(ANN)) == 2
    telegram.fail_next("sendMessage", status=502, body=b"<html>502 Bad Gateway</html>")
    with pytest.raises(OutcomeUnknown):
        await hasty.send_prompt(str(ANN), PROMPT)
    telegram.drop_after("editMessageText")
    with pytest.raises(Unreachable):
        await hasty.edit(str(ANN), "1", THANKS)


async def test_an_answer_with_fields_of_tomorrow_is_still_a_sent_message(platform: Platform, make: Make) -> None:
    message = {"message_id": 8, "date": "soon", "chat": {"id": {"new": "shape"}}, "from": []}
    platform.behaviour = Answer(200, json.dumps({"ok": True, "result": message}).encode())
    assert (await make(platform.url).send_prompt(str(ANN), PROMPT)).external_id == "8"


async def test_a_message_that_found_no_free_connection_was_not_sent(platform: Platform, make: Make) -> None:
    platform.behaviour = Hang()
    channel = make(platform.url, timeout=6)
    sends = (channel.send_prompt(str(ANN), PROMPT) for _ in range(101))  # aiogram opens 100
    outcomes = Counter(type(outcome) for outcome in await asyncio.gather(*sends, return_exceptions=True))
    assert outcomes == {OutcomeUnknown: 100, Unreachable: 1}
    assert len(platform.requests) == 100
