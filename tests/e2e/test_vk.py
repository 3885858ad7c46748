"""The whole path over VK: webhook and long poll, old apps, what VK refuses, and what it delivers twice."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import channels.vk.library  # noqa: F401 - loaded once and not within a test's time: it takes a while
from ratings.store.positions import load_position
from ratings.store.schema import votes
from ratings.times import HOUR
from sandbox.vk import CallbackServer, Message, VkSandbox
from tests.e2e.conftest import ENVIRON, Serve
from tests.e2e.kit import GoingClock, Service, heard, outcomes, ratings_of, the_invitation, the_rating, until

GROUP = 900100
VERA, GLEB, STRANGER = 777_001, 777_002, 777_003
FACES = ["😡", "🙁", "😐", "🙂", "😍"]
HOOK = "/hooks/channels/vk/support"
THANKS = ["Change rating", "No comment"]

StartVk = Callable[..., Any]


@pytest.fixture
async def vk(clock: GoingClock) -> AsyncIterator[VkSandbox]:
    """A community with somebody whose app is new, somebody whose app is old, and somebody who never wrote."""
    vk = VkSandbox(clock=clock.seconds, limits=None)
    vk.add_community(ENVIRON["VK_TOKEN"], GROUP, "Help")
    vk.add_customer(VERA, "Vera", "en")
    vk.add_customer(GLEB, "Gleb", "en", callback_buttons=False)
    vk.add_customer(STRANGER, "Stranger", "en", wrote=())
    await vk.start()
    yield vk
    await vk.stop()


@pytest.fixture
def start(vk: VkSandbox, serve: Serve) -> StartVk:
    """Run services with the community, and wait until they hear it."""

    async def run(store_url: str, mode: str = "webhook", *, work: bool = True, **keys: Any) -> Service:
        account = {"token": "env:VK_TOKEN", "group_id": GROUP, "api_url": vk.url, "mode": mode, "poll_wait": 1, **keys}
        service: Service = await serve(store_url, {"vk.support": account}, customer=VERA, work=work)
        if mode == "webhook":
            await vk.wait_for(lambda: any(map(hears, vk.world.community().servers.values())) or None)
        elif mode == "polling" and work:
            await vk.wait_for(lambda: vk.polling.waiting or None)
        return service

    return run


def hears(server: CallbackServer) -> bool:
    return server.status == "ok" and "message_event" in server.events


def labels(message: Message) -> list[str]:
    """What stands on the buttons below a message."""
    return [button["action"]["label"] for row in message.rows for button in row]


async def the_prompt(vk: VkSandbox, customer: int = VERA, *, number: int = 1) -> Message:
    """Wait for the customer's n-th message with five faces."""
    return await vk.wait_for(
        lambda: ([each for each in vk.messages(customer) if labels(each) == FACES] + [None] * number)[number - 1]
    )


def shows(vk: VkSandbox, text: str, *buttons: str, customer: int = VERA) -> Callable[[], Message | None]:
    """A condition: some message says this and has these buttons."""
    return lambda: next(
        (each for each in vk.messages(customer) if text in each.text and labels(each) == list(buttons)), None
    )


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_close_ask_tap_snackbar_edit_comment_and_read(
    start: StartVk, vk: VkSandbox, store_url: str, mode: str
) -> None:
    service = await start(store_url, mode)
    assert (await service.close()).status == 202
    prompt = await the_prompt(vk)
    assert prompt.text == "How did we do with your request “Printer <b>&”?"
    tap = vk.tap(VERA, prompt.cmid, (0, 4))
    thanks = await vk.wait_for(shows(vk, "😍 Thank you", *THANKS))
    assert thanks.cmid == prompt.cmid
    answer = await vk.wait_for(lambda: tap.answer)
    assert answer.event_data == {"type": "show_snackbar", "text": "😍 Thank you! Your rating is saved."}
    vk.write(VERA, "Quick answer, thanks")
    rating = await the_rating(service, comment="Quick answer, thanks")
    assert (rating["value"], rating["state"], rating["channel"]) == (5, "confirmed", "vk.support")
    await vk.wait_for(shows(vk, "passed your words on", "Change rating"))
    assert len(vk.calls("messages.send")) == 1


async def test_the_hook_answers_the_code_and_takes_nothing_without_the_secret(
    start: StartVk, vk: VkSandbox, sqlite_url: str
) -> None:
    vk.confirm_with_secret = True
    service = await start(sqlite_url)
    (server,) = vk.world.community().servers.values()
    assert server.status == "ok"
    await service.close()
    prompt = await the_prompt(vk)
    content = {"user_id": VERA, "peer_id": VERA, "event_id": "a1", "payload": json.loads(prompt.data[4])}
    event = {"type": "message_event", "group_id": GROUP, "event_id": "e1", "v": "5.199", "object": content}
    for wrong in ({}, {"secret": ""}, {"secret": "wrong"}, {"secret": server.secret_key, "group_id": GROUP + 1}):
        answer = await service.client.request("POST", service.url + HOOK, json={**event, **wrong})
        assert (answer.status, answer.body) != (200, b"ok"), wrong
    assert await outcomes(service) == []
    right = await service.client.request("POST", service.url + HOOK, json={**event, "secret": server.secret_key})
    assert (right.status, right.body) == (200, b"ok")
    assert (await ratings_of(service))[0]["value"] == 5  # there before VK read its ok


async def test_an_old_app_gets_buttons_that_write_and_rates(start: StartVk, vk: VkSandbox, store_url: str) -> None:
    service = await start(store_url)
    vk.write(GLEB, "Hello, my printer is on fire")  # what the app can do is only told with a message
    await vk.settled()
    await service.close(customer=GLEB)
    prompt = await the_prompt(vk, GLEB)
    assert {button["action"]["type"] for row in prompt.rows for button in row} == {"text"}
    vk.tap_text(GLEB, prompt.cmid, (0, 1))
    assert (await the_rating(service))["value"] == 2
    await vk.wait_for(shows(vk, "🙁 Thank you", *THANKS, customer=GLEB))
    vk.write(GLEB, "Took a week")
    await the_rating(service, value=2, comment="Took a week")
    assert not vk.calls("messages.sendMessageEventAnswer")


async def test_a_prompt_that_was_delivered_without_an_answer_is_one_message(
    start: StartVk, vk: VkSandbox, store_url: str
) -> None:
    service = await start(store_url)
    vk.drop_after("messages.send")
    await service.close()
    sent = await vk.wait_for(lambda: vk.calls("messages.send", ok=True)[1:2] and vk.calls("messages.send", ok=True))
    assert sent[0].parameters["random_id"] == sent[1].parameters["random_id"] != "0"
    await the_invitation(service, state="asked", delivery="accepted")
    assert [labels(message) for message in vk.messages(VERA)] == [FACES]
    vk.tap(VERA, (await the_prompt(vk)).cmid, (0, 2))
    await the_rating(service, value=3)
    await vk.wait_for(shows(vk, "😐 Thank you", *THANKS))
    assert len(vk.messages(VERA)) == 1


async def test_a_prompt_whose_answer_times_out_is_one_message(start: StartVk, vk: VkSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url, timeout=0.5)
    released = vk.hang("messages.send")
    await service.close()
    await the_prompt(vk)
    await vk.wait_for(lambda: vk.calls("messages.send", ok=True)[1:2] or None)
    released.set()
    await the_invitation(service, state="asked", delivery="accepted")
    assert len(vk.messages(VERA)) == 1


async def test_after_a_day_the_prompt_cannot_be_edited_and_the_thanks_are_a_new_message(
    start: StartVk, vk: VkSandbox, store_url: str
) -> None:
    service = await start(store_url)
    await service.close()
    prompt = await the_prompt(vk)
    service.forward(25 * HOUR)
    vk.tap(VERA, prompt.cmid, (0, 4))
    await the_rating(service, value=5)
    thanks = await vk.wait_for(shows(vk, "😍 Thank you", *THANKS))
    assert thanks.cmid != prompt.cmid
    assert [call.code for call in vk.calls("messages.edit")] == [909]
    # From now on the new message is the one on the screen.
    vk.tap(VERA, thanks.cmid, (0, 1))
    without = await vk.wait_for(shows(vk, "😍 Thank you", "Change rating", "Add a comment"))
    assert without.cmid == thanks.cmid


async def test_who_denies_messages_is_not_asked_until_they_allow_them(
    start: StartVk, vk: VkSandbox, store_url: str
) -> None:
    service = await start(store_url)
    vk.deny(VERA)
    await heard(service, "acted")
    assert json.loads((await service.close("T-1")).body)["reason"] == "unreachable"
    vk.allow(VERA)
    await heard(service, "acted", 2)
    assert json.loads((await service.close("T-2")).body)["decision"] == "ask"
    await the_prompt(vk)
    assert len(vk.calls("messages.send")) == 1


async def test_stop_is_the_customer_s_own_word_and_allowing_messages_does_not_lift_it(
    start: StartVk, vk: VkSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.close("T-0")
    await the_prompt(vk)
    vk.write(VERA, "Стоп")
    await vk.wait_for(shows(vk, "will not ask you"))
    await the_invitation(service, state="cancelled", state_reason="opted_out")
    vk.allow(VERA)
    await heard(service, "acted", 2)
    assert json.loads((await service.close("T-1")).body)["reason"] == "opted_out"
    vk.press_start(VERA)
    await heard(service, "acted", 3)
    assert json.loads((await service.close("T-2")).body)["decision"] == "ask"


async def test_who_never_wrote_is_undeliverable_and_not_asked_again(
    start: StartVk, vk: VkSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.close("T-1", customer=STRANGER)
    invitation = await the_invitation(service, state="undeliverable")
    assert invitation["state_reason"] == "recipient_gone"
    (call,) = vk.calls("messages.send")
    assert call.answer["response"][0]["error"]["code"] == 901  # a 200 with the refusal inside
    assert json.loads((await service.close("T-2", customer=STRANGER)).body)["reason"] == "unreachable"


async def test_an_event_that_is_delivered_twice_counts_once(start: StartVk, vk: VkSandbox, store_url: str) -> None:
    service = await start(store_url)
    vk.deliver_twice = True
    await service.close()
    vk.tap(VERA, (await the_prompt(vk)).cmid, (0, 4))
    await the_rating(service, value=5)
    vk.write(VERA, "Well done")
    await the_rating(service, comment="Well done")
    await vk.settled()
    assert [each.status for each in vk.attempts if each.kind in {"message_event", "message_new"}] == [200] * 4
    # Ignored are our own edits, of which VK tells, too: each came twice and is there once.
    edits = len(vk.calls("messages.edit", ok=True))
    assert sorted(await outcomes(service)) == ["commented", *["ignored"] * edits, "rated"]


async def test_webhook_and_long_poll_hear_the_same_and_it_counts_once(
    start: StartVk, vk: VkSandbox, store_url: str
) -> None:
    hooked = await start(store_url)
    await start(store_url, "polling")
    await hooked.close()
    vk.tap(VERA, (await the_prompt(vk)).cmid, (0, 3))
    await the_rating(hooked, value=4)
    await vk.wait_for(shows(vk, "🙂 Thank you", *THANKS))
    await vk.settled()

    async def polled() -> bool:
        position = await hooked.parts.store.read(load_position, "vk.support")
        return bool(position == str(vk.world.community().long_poll.history.next_ts))

    await until(polled)
    assert (await outcomes(hooked)).count("rated") == 1
    assert len(await hooked.rows(votes, "id")) == 1
    assert len(vk.messages(VERA)) == 1


async def test_a_flood_to_one_customer_delays_nobody_else(start: StartVk, vk: VkSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url)
    vk.fail_next("messages.send", code=9)
    await service.close("T-1")
    await vk.wait_for(lambda: vk.calls("messages.send", ok=False) or None)
    vk.write(GLEB, "Hello")
    await vk.settled()
    await service.close("T-2", customer=GLEB)
    await the_prompt(vk, GLEB)
    assert vk.messages(VERA) == []
    service.forward(HOUR)
    await the_prompt(vk)


async def test_a_comment_that_overtakes_its_tap_is_joined(start: StartVk, vk: VkSandbox, store_url: str) -> None:
    service = await start(store_url)
    await service.close()
    prompt = await the_prompt(vk)
    vk.hold("message_event")
    vk.tap(VERA, prompt.cmid, (0, 4))
    vk.write(VERA, "It was quick")
    await heard(service, "held")
    vk.release("message_event")
    assert (await the_rating(service, comment="It was quick"))["value"] == 5


async def test_a_question_to_the_helpdesk_is_left_to_it(start: StartVk, vk: VkSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url)
    vk.write(VERA, "Where is my parcel?")
    vk.operator_writes(VERA, "On its way")
    await vk.settled()
    await heard(service, "not_ours")
    await service.close()
    await the_prompt(vk)
    assert len(vk.calls("messages.send")) == 1


async def test_somebody_else_s_tap_and_forged_data_are_nobody_s_vote(
    start: StartVk, vk: VkSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.close()
    prompt = await the_prompt(vk)
    taps = [
        vk.tap(GLEB, 1, prompt.data[4]),
        vk.tap(VERA, prompt.cmid, prompt.data[4].replace("r1:", "r1:aaaa")),
        vk.tap(VERA, prompt.cmid, '{"rate": 5}'),
    ]
    await vk.wait_for(lambda: all(tap.answer for tap in taps) or None)
    assert await ratings_of(service) == []
    assert "wrong_sender" in await outcomes(service)
