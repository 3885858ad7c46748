"""The whole path over Viber, which edits nothing, acknowledges nothing, and leaves old buttons where they can be pressed."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from ratings.store.schema import votes
from ratings.times import HOUR
from sandbox.telegram import TelegramSandbox
from sandbox.viber import Message, ViberSandbox
from sandbox.viber.keyboards import rows_of, shown_text
from tests.e2e.conftest import ANN, ENVIRON, Serve, telegram
from tests.e2e.kit import GoingClock, Service, heard, outcomes, ratings_of, the_invitation, the_rating

HOOK = "/hooks/channels/viber/support"
LABELS = ["😡 Very bad", "🙁 Bad", "😐 Okay", "🙂 Good", "😍 Excellent"]
VERA, STRANGER = 1, 2

StartViber = Callable[..., Any]


@pytest.fixture
async def viber(clock: GoingClock) -> AsyncIterator[ViberSandbox]:
    """A bot with a subscriber who has two devices, and somebody who never wrote to it."""
    viber = ViberSandbox(clock=clock.seconds)
    viber.add_bot(ENVIRON["VIBER_TOKEN"])
    viber.add_customer("Vera", "en", number=VERA, devices=2)
    viber.add_customer("Stranger", "en", number=STRANGER, subscribed=())
    await viber.start()
    yield viber
    await viber.stop()


@pytest.fixture
def start(viber: ViberSandbox, serve: Serve) -> StartViber:
    """Run services with the bot, and wait until its webhook is set: without one it may not send."""

    async def run(
        store_url: str, mode: str = "webhook", *, others: Mapping[str, Mapping[str, Any]] | None = None, **keys: Any
    ) -> Service:
        account = {"token": "env:VIBER_TOKEN", "api_url": f"{viber.url}/pa", "mode": mode, **keys}
        accounts = {"viber.support": account, **(others or {})}
        service: Service = await serve(store_url, accounts, customer=viber.user_id(VERA))
        if mode == "webhook":
            await viber.wait_for(lambda: viber.world.bot().webhook)
        return service

    return run


def labels(viber: ViberSandbox, customer: int = VERA) -> list[str]:
    """What stands on the keyboard that the phone shows."""
    return [shown_text(button["Text"]) for row in rows_of(viber.chat(customer).keyboard) for button in row]


def said(viber: ViberSandbox, customer: int = VERA) -> list[str]:
    """What the bot wrote, oldest first."""
    return [message.text for message in viber.messages(customer) if message.from_bot]


async def the_prompt(viber: ViberSandbox, customer: int = VERA) -> Message:
    """Wait until the phone shows the choices."""
    return await viber.wait_for(
        lambda: viber.messages(customer)[-1] if labels(viber, customer) == LABELS and said(viber, customer) else None
    )


def shows(viber: ViberSandbox, text: str, *buttons: str) -> Callable[[], bool | None]:
    """A condition: the last message says this, and these buttons are below it."""
    return lambda: (said(viber) and text in said(viber)[-1] and labels(viber) == list(buttons)) or None


async def test_close_ask_tap_thanks_comment_and_read(start: StartViber, viber: ViberSandbox, store_url: str) -> None:
    service = await start(store_url)
    assert (await service.close()).status == 202
    prompt = await the_prompt(viber)
    assert prompt.text == "How did we do with your request “Printer <b>&”?"
    assert viber.chat(VERA).input == "hidden"
    viber.tap(VERA, 4)
    await viber.wait_for(shows(viber, "😍 Thank you", "Change rating", "No comment"))
    assert said(viber)[-1].endswith("Would you like to add a few words? Just write them here.")
    assert viber.chat(VERA).input == "regular"
    viber.write(VERA, "Quick answer, thanks")
    rating = await the_rating(service, comment="Quick answer, thanks")
    assert (rating["value"], rating["state"], rating["channel"]) == (5, "confirmed", "viber.support")
    await viber.wait_for(shows(viber, "passed your words on", "Change rating"))
    assert len(said(viber)) == 3  # the question, the thanks, the thanks for the words
    await the_invitation(service, delivery="seen")


async def test_the_webhook_is_set_once_somebody_answers_there(
    start: StartViber, viber: ViberSandbox, sqlite_url: str
) -> None:
    await start(sqlite_url)
    assert [(attempt.kind, attempt.status) for attempt in viber.attempts] == [("webhook", 200)]
    (call,) = viber.calls("set_webhook")
    assert call.status == 0
    assert call.parameters["url"].endswith(HOOK)


async def test_the_old_keyboard_changes_the_rating_within_the_window_and_is_answered_after_it(
    start: StartViber, viber: ViberSandbox, store_url: str
) -> None:
    service = await start(store_url)
    await service.close()
    bodies = (await the_prompt(viber)).data
    viber.tap(VERA, bodies[0])
    await viber.wait_for(shows(viber, "😡 Thank you", "Change rating", "No comment"))
    viber.tap(VERA, bodies[3], other_device=True)
    await viber.wait_for(shows(viber, "🙂 Thank you", "Change rating", "No comment"))
    await the_rating(service, value=4)
    many = len(said(viber))
    viber.tap(VERA, bodies[3], other_device=True)
    await heard(service, "repeated")
    service.forward(25 * HOUR)
    viber.tap(VERA, bodies[0], other_device=True)
    await viber.wait_for(lambda: said(viber)[many:] or None)
    # The repeated tap said nothing more; the late one is told that the rating stands.
    assert said(viber)[many:] == ["Thank you! Your rating is already counted and can no longer be changed."]
    assert [rating["value"] for rating in await ratings_of(service)] == [4]


async def test_a_message_that_fails_on_the_devices_is_told_as_bounced(
    start: StartViber, viber: ViberSandbox, store_url: str
) -> None:
    service = await start(store_url)
    viber.refuse_on_device()
    viber.hold_queue("failed")
    await service.close()
    await the_invitation(service, state="asked", delivery="accepted")
    viber.release_queue("failed")
    invitation = await the_invitation(service, state="asked", delivery="bounced")
    assert said(viber) == []
    # One message failed; the customer is asked about the next ticket.
    assert json.loads((await service.close("T-2")).body)["decision"] == "ask"
    await the_prompt(viber)
    assert invitation["ticket"]["id"] == "T-1"


async def test_a_failure_that_overtakes_the_answer_is_told_as_bounced_and_the_next_address_is_asked(
    start: StartViber, viber: ViberSandbox, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url, others={"telegram.support": telegram(sandbox, "send-only")})
    await service.change_survey(fallback=True)
    viber.refuse_on_device()
    released = viber.hang("send_message")
    places = [{"channel": "viber.support", "id": service.customer}, {"channel": "telegram.support", "id": str(ANN)}]
    await service.close("T-1", address=None, addresses=places)
    await the_invitation(service, channel="viber.support", state="scheduled", delivery="bounced")
    released.set()
    await sandbox.wait_for(lambda: sandbox.messages(ANN) or None)
    await the_invitation(service, channel="telegram.support", state="asked", delivery="accepted")


async def test_a_receipt_that_overtakes_the_answer_is_kept(
    start: StartViber, viber: ViberSandbox, store_url: str
) -> None:
    service = await start(store_url)
    released = viber.hang("send_message")
    await service.close()
    await heard(service, "acted")
    released.set()
    await the_invitation(service, state="asked", delivery="delivered")


async def test_who_unsubscribes_is_not_asked_until_they_subscribe_again(
    start: StartViber, viber: ViberSandbox, store_url: str
) -> None:
    service = await start(store_url)
    viber.unsubscribe(VERA)
    await heard(service, "acted")
    assert json.loads((await service.close("T-1")).body)["reason"] == "unreachable"
    viber.subscribe(VERA)
    await heard(service, "acted", 2)
    assert json.loads((await service.close("T-2")).body)["decision"] == "ask"
    await the_prompt(viber)
    assert len(viber.calls("send_message")) == 1


async def test_who_never_wrote_is_undeliverable(start: StartViber, viber: ViberSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url)
    stranger = viber.user_id(STRANGER)
    await service.close("T-1", customer=stranger)
    invitation = await the_invitation(service, state="undeliverable")
    assert invitation["state_reason"] == "recipient_gone"
    assert [call.status for call in viber.calls("send_message")] == [6]
    assert json.loads((await service.close("T-2", customer=stranger)).body)["reason"] == "unreachable"


async def test_an_event_that_is_delivered_twice_counts_once(
    start: StartViber, viber: ViberSandbox, store_url: str
) -> None:
    service = await start(store_url)
    viber.deliver_twice = True
    await service.close()
    await the_prompt(viber)
    viber.tap(VERA, 4)
    await viber.wait_for(shows(viber, "😍 Thank you", "Change rating", "No comment"))
    viber.write(VERA, "Well done")
    await the_rating(service, comment="Well done")
    await viber.wait_for(shows(viber, "passed your words on", "Change rating"))
    await viber.settled()
    assert [each.status for each in viber.attempts if each.kind == "message"] == [200] * 4
    assert [each for each in await outcomes(service) if each in {"rated", "repeated", "commented"}] == [
        "rated",
        "commented",
    ]
    assert len(said(viber)) == 3
    assert len(await service.rows(votes, "id")) == 1


@pytest.mark.parametrize("fault", ["drop_after", "hang"])
async def test_a_prompt_that_was_delivered_without_an_answer_is_never_sent_again(
    start: StartViber, viber: ViberSandbox, store_url: str, fault: str
) -> None:
    service = await start(store_url, timeout=0.5)
    viber.hold_queue("delivered")  # which would tell that it arrived
    getattr(viber, fault)("send_message")
    await service.close()
    await the_invitation(service, state="asked", delivery="unknown")
    service.forward(HOUR)
    await the_prompt(viber)
    viber.tap(VERA, 2)
    await the_rating(service, value=3)
    await viber.wait_for(shows(viber, "😐 Thank you", "Change rating", "No comment"))
    assert len(viber.calls("send_message")) == 2


async def test_change_of_mind_by_the_button(start: StartViber, viber: ViberSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url)
    await service.close()
    await the_prompt(viber)
    viber.tap(VERA, 0)
    await viber.wait_for(shows(viber, "😡 Thank you", "Change rating", "No comment"))
    viber.tap(VERA, 0)
    await the_prompt(viber)
    viber.tap(VERA, 4)
    await viber.wait_for(shows(viber, "😍 Thank you", "Change rating", "No comment"))
    assert (await the_rating(service))["value"] == 5


async def test_a_question_of_the_customer_is_answered_once_a_day(
    start: StartViber, viber: ViberSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.close()
    await the_prompt(viber)
    viber.tap(VERA, 4)
    await viber.wait_for(shows(viber, "😍 Thank you", "Change rating", "No comment"))
    viber.tap(VERA, 1)
    await viber.wait_for(shows(viber, "😍 Thank you", "Change rating", "Add a comment"))
    viber.write(VERA, "Where is my parcel?")
    await viber.wait_for(shows(viber, "only takes ratings"))
    viber.write(VERA, "Hello?")
    await heard(service, "not_ours", 2)
    assert (await the_rating(service))["comment"] is None
    assert len([text for text in said(viber) if "only takes ratings" in text]) == 1


@pytest.mark.parametrize("signature", [None, "", "0" * 64])
async def test_a_hook_without_the_signature_is_refused(
    start: StartViber, sqlite_url: str, signature: str | None
) -> None:
    service = await start(sqlite_url)
    headers = {} if signature is None else {"X-Viber-Content-Signature": signature}
    body = b'{"event": "unsubscribed", "user_id": "x", "message_token": 1, "timestamp": 1}'
    answer = await service.client.request("POST", service.url + HOOK, data=body, headers=headers)
    assert answer.status == 401
    assert await outcomes(service) == []
