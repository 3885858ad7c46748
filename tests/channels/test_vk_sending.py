"""The VK adapter over real HTTP: what is sent, and each way it can fail."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from channels.base import Message
from channels.vk.client import random_id
from net.errors import (
    DeliveryError,
    Misconfigured,
    NotEditable,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    TapExpired,
    Throttled,
    Unreachable,
)
from tests.channels.platform import Answer, Hang, Platform
from tests.channels.vk_kit import (
    ANN,
    KEY,
    PROMPT,
    THANKS,
    TOKEN,
    account,
    answer,
    error,
    keyboard_of,
    methods,
    script,
    sent,
)

TAP = f"{ANN}:{ANN}:a1b2c3"

# --- sending


async def test_a_prompt_is_one_form_with_json_in_strings(platform: Platform) -> None:
    script(platform, sent(cmid=31))
    async with account(platform.url) as vk:
        assert (await vk.send_prompt(str(ANN), PROMPT)).external_id == "31"
    (request,) = platform.requests
    assert request.path == "/method/messages.send"
    form = request.form
    keyboard = json.loads(form.pop("keyboard"))
    assert form == {
        "access_token": KEY,
        "v": "5.199",
        "peer_ids": str(ANN),
        "random_id": str(random_id(PROMPT.key)),
        "message": PROMPT.text,
        "dont_parse_links": "1",
    }
    assert keyboard["inline"] is True
    assert not keyboard["one_time"]
    (row,) = keyboard["buttons"]
    assert [button["action"]["label"] for button in row] == ["😡", "🙁", "😐", "🙂", "😍"]
    assert {button["action"]["type"] for button in row} == {"callback"}
    assert {button["color"] for button in row} == {"secondary"}
    assert json.loads(row[4]["action"]["payload"]) == {"r": f"r1:{TOKEN}:5"}


async def test_the_same_prompt_has_the_same_random_id_and_another_one_another(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        for prompt in (PROMPT, PROMPT, replace(PROMPT, key="reminder:1:8")):
            await vk.send_prompt(str(ANN), prompt)
        await vk.send_text(str(ANN), THANKS)
    first, again, *others = (request.form["random_id"] for request in platform.requests)
    assert first == again
    assert len({first, *others}) == 3
    assert "0" not in {first, *others}


async def test_a_message_without_a_key_is_not_called_idempotent(platform: Platform) -> None:
    script(platform, sent(), sent(), error(10))
    async with account(platform.url) as vk:
        for _ in range(2):
            await vk.send_text(str(ANN), Message("Hi"))
        with pytest.raises(OutcomeUnknown):
            await vk.send_text(str(ANN), Message("Hi"))
    assert len({request.form["random_id"] for request in platform.requests}) == 3


async def test_words_alone_say_nothing_of_a_keyboard(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        await vk.send_text(str(ANN), Message("Thank you", key="1"))
    assert "keyboard" not in platform.requests[-1].form


async def test_an_app_without_callback_buttons_gets_buttons_that_write(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        await vk.send_prompt(str(ANN), replace(PROMPT, client="text"))
    (row,) = keyboard_of(platform)["buttons"]
    assert {button["action"]["type"] for button in row} == {"text"}
    assert json.loads(row[0]["action"]["payload"]) == {"r": f"r1:{TOKEN}:1"}
    assert keyboard_of(platform)["inline"] is True


async def test_an_app_without_inline_keyboards_gets_the_one_below_the_input_field(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        await vk.send_prompt(str(ANN), replace(PROMPT, client="below"))
        keyboard = keyboard_of(platform)
        assert (keyboard["inline"], keyboard["one_time"]) == (False, True)
        with pytest.raises(NotEditable):
            await vk.edit(str(ANN), "31", replace(THANKS, client="below"))
        await vk.send_text(str(ANN), Message("Thank you", key="1", client="below"))
        assert keyboard_of(platform)["buttons"] == []  # takes away what is left there
    assert methods(platform) == ["messages.send"] * 2


@pytest.mark.parametrize(
    "address",
    ["", "ann", "id555001", "0", "-900100", "2000000001", "2000000000", "5 5", "٥٥٥", "1" * 11, "+79990000000"],
)
async def test_what_is_no_person_is_refused_unsent(platform: Platform, address: str) -> None:
    async with account(platform.url) as vk:
        with pytest.raises(Rejected):
            await vk.send_prompt(address, PROMPT)
    assert not platform.requests


# --- answers


@pytest.mark.parametrize("name", ["code", "error_code"])
@pytest.mark.parametrize(
    ("code", "means"), [(901, RecipientGone), (6, Throttled), (912, Misconfigured), (10, Unreachable)]
)
async def test_an_error_inside_a_success_is_an_error(
    platform: Platform, code: int, means: type[DeliveryError], name: str
) -> None:
    inside = {name: code, "description": f"Can't send messages to {ANN}"}
    for part in ({"peer_id": ANN, "message_id": 0, "error": inside}, {"peer_id": ANN, "error": inside}):
        script(platform, answer([part]))
        async with account(platform.url) as vk:
            with pytest.raises(means) as failure:
                await vk.send_prompt(str(ANN), PROMPT)
        assert str(ANN) not in failure.value.platform_code


@pytest.mark.parametrize(
    "response", [10245, [], [{}], [{"peer_id": ANN}], [{"conversation_message_id": "x"}], {}, None, [[]], [{}, {}]]
)
async def test_an_answer_that_says_nothing_is_asked_for_again(platform: Platform, response: object) -> None:
    script(platform, answer(response))
    async with account(platform.url) as vk:
        with pytest.raises(Unreachable):
            await vk.send_prompt(str(ANN), PROMPT)


async def test_a_message_without_a_number_was_sent_and_is_not_editable(platform: Platform) -> None:
    script(platform, answer([{"peer_id": ANN, "message_id": 10245}]))
    async with account(platform.url) as vk:
        delivered = await vk.send_prompt(str(ANN), PROMPT)
        with pytest.raises(NotEditable):
            await vk.edit(str(ANN), delivered.external_id, THANKS)
    assert methods(platform) == ["messages.send"]


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"null", b'{"error": 5}', b'{"error": {}}', b'{"error": {"error_code": "x"}}']
)
async def test_json_that_is_not_vks_is_not_a_success(platform: Platform, body: bytes) -> None:
    script(platform, Answer(200, body))
    async with account(platform.url) as vk:
        with pytest.raises(Unreachable):
            await vk.send_prompt(str(ANN), PROMPT)


async def test_a_redirect_is_not_followed(platform: Platform) -> None:
    script(platform, Answer(302, b"", (("Location", f"{platform.url}/elsewhere"),)))
    async with account(platform.url) as vk:
        with pytest.raises(Misconfigured):
            await vk.send_prompt(str(ANN), PROMPT)
    assert len(platform.requests) == 1


async def test_a_status_of_a_proxy_is_told(platform: Platform) -> None:
    script(platform, Answer(429, b"", (("Retry-After", "17"),)), Answer(404, b""))
    async with account(platform.url) as vk:
        with pytest.raises(Throttled) as throttled:
            await vk.send_prompt(str(ANN), PROMPT)
        assert throttled.value.retry_after == 17
        with pytest.raises(Misconfigured):
            await vk.send_prompt(str(ANN), PROMPT)


@pytest.mark.parametrize("code", [6, 14, 17])
async def test_the_library_repeats_nothing_by_itself(platform: Platform, code: int) -> None:
    script(platform, error(code, "as VK says"))
    async with account(platform.url) as vk:
        with pytest.raises(DeliveryError):
            await vk.send_prompt(str(ANN), PROMPT)
    assert len(platform.requests) == 1


async def test_an_api_url_with_a_path_is_kept(platform: Platform) -> None:
    script(platform, sent())
    async with account(f"{platform.url}/vk/") as vk:
        await vk.send_prompt(str(ANN), PROMPT)
    assert platform.requests[-1].path == "/vk/method/messages.send"


# --- editing


async def test_an_edit_names_the_conversations_number_and_always_a_keyboard(platform: Platform) -> None:
    script(platform, answer(1))
    async with account(platform.url) as vk:
        await vk.edit(str(ANN), "31", Message("Thank you"))
        assert keyboard_of(platform) == {"inline": True, "buttons": []}
        form = platform.requests[-1].form
        assert (form["peer_id"], form["conversation_message_id"], form["message"]) == (str(ANN), "31", "Thank you")
        assert (form["keep_forward_messages"], form["dont_parse_links"]) == ("1", "1")
        assert "message_id" not in form
        await vk.edit(str(ANN), "31", THANKS)
        assert [len(row) for row in keyboard_of(platform)["buttons"]] == [2]
        await vk.edit(str(ANN), "31", PROMPT)
        assert [len(row) for row in keyboard_of(platform)["buttons"]] == [5]
    assert methods(platform) == ["messages.edit"] * 3


@pytest.mark.parametrize("code", [909, 910, 914, 920, 949, 15, 100])
async def test_what_vk_does_not_edit_goes_out_as_a_new_message(platform: Platform, code: int) -> None:
    script(platform, error(code))
    async with account(platform.url) as vk:
        with pytest.raises(NotEditable):
            await vk.edit(str(ANN), "31", THANKS)


@pytest.mark.parametrize("external_id", ["", "0", "-1", "abc", "message 10245"])
async def test_what_is_no_number_of_a_message_is_not_edited(platform: Platform, external_id: str) -> None:
    async with account(platform.url) as vk:
        with pytest.raises(NotEditable):
            await vk.edit(str(ANN), external_id, THANKS)
    assert not platform.requests


# --- acknowledging


async def test_a_tap_is_acknowledged_by_its_handle(platform: Platform) -> None:
    script(platform, answer(1))
    async with account(platform.url) as vk:
        await vk.acknowledge(f"77:2000000007:{'e' * 12}", "Thank you 😍!")
        form = platform.requests[-1].form
        assert (form["event_id"], form["user_id"], form["peer_id"]) == ("e" * 12, "77", "2000000007")
        assert json.loads(form["event_data"]) == {"type": "show_snackbar", "text": "Thank you 😍!"}
        await vk.acknowledge(TAP, "")
        assert "event_data" not in platform.requests[-1].form
    assert methods(platform) == ["messages.sendMessageEventAnswer"] * 2


async def test_a_late_tap_has_expired(platform: Platform) -> None:
    script(platform, error(100, "One of the parameters specified was missing or invalid: invalid event_id"))
    async with account(platform.url) as vk:
        with pytest.raises(TapExpired):
            await vk.acknowledge(TAP, "Thank you!")
        with pytest.raises(TapExpired):
            await vk.acknowledge("2386547801234567890", "Thank you!")
    assert len(platform.requests) == 1


# --- threads


async def test_calls_run_side_by_side_in_as_many_threads_as_are_set(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url, threads=3) as vk:
        await asyncio.gather(*(vk.send_prompt(str(ANN), PROMPT) for _ in range(12)))
        assert len([thread for thread in threading.enumerate() if thread.name.startswith("vk")]) <= 3
    assert len(platform.requests) == 12
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vk")]


async def test_a_message_that_found_no_free_thread_was_not_sent(platform: Platform) -> None:
    script(platform, Hang())
    async with account(platform.url, threads=2, timeout=0.5) as vk:
        sends = (vk.send_text(str(ANN), Message("Hi")) for _ in range(3))
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["OutcomeUnknown", "OutcomeUnknown", "Unreachable"]
    assert len(platform.requests) == 2


async def test_an_account_can_be_used_again_after_it_was_closed(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        await vk.send_prompt(str(ANN), PROMPT)
        await vk.close()
        await vk.close()
        await vk.send_prompt(str(ANN), PROMPT)
    assert len(platform.requests) == 2


async def test_nothing_sleeps_between_the_calls_of_a_thread(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_sleep(seconds: float) -> None:
        raise AssertionError(f"vk_api sleeps {seconds} s")

    script(platform, sent())
    async with account(platform.url, threads=1) as vk:
        await vk.send_prompt(str(ANN), PROMPT)
        monkeypatch.setattr("vk_api.vk_api.time.sleep", no_sleep)
        monkeypatch.setattr("vk_api.vk_api.time.time", lambda: 0.0)  # as when the clock was set back by years
        await vk.send_prompt(str(ANN), PROMPT)
    assert len(platform.requests) == 2


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    own = tmp_path / "vk_config.v2.json"  # where vk_api keeps its settings: these would stop it
    own.write_text("[]")
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == [own]
    assert own.read_text() == "[]"


@pytest.mark.usefixtures("folder")
async def test_nothing_is_read_from_or_written_into_the_current_folder(platform: Platform) -> None:
    script(platform, sent())
    async with account(platform.url) as vk:
        await vk.send_prompt(str(ANN), PROMPT)
