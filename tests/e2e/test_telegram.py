"""The whole path over Telegram: a closed ticket becomes a prompt, a tap a rating, a text its comment."""

import asyncio
import json
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ratings.reports.filters import Filters
from ratings.reports.lists import list_ratings
from ratings.store.schema import jobs, unreadable_events
from sandbox.telegram import Message, TelegramSandbox
from tests.e2e.conftest import ANN, TOKEN, Start
from tests.e2e.kit import outcomes, the_invitation, the_rating, until
from tests.store.test_writer import Block

FACES = ["😡", "🙁", "😐", "🙂", "😍"]


async def the_prompt(sandbox: TelegramSandbox, customer: int = ANN, *, number: int = 1) -> Message:
    """Wait for the customer's n-th message with five faces."""
    return await sandbox.wait_for(
        lambda: ([each for each in sandbox.messages(customer) if labels(each) == FACES] + [None] * number)[number - 1]
    )


def labels(message: Message) -> list[str]:
    """What stands on the buttons."""
    return [button["text"] for row in message.rows for button in row] if message.rows else []


def shows(sandbox: TelegramSandbox, text: str, *buttons: str, customer: int = ANN) -> Callable[[], Message | None]:
    """A condition: some message says this and has these buttons."""
    return lambda: next(
        (each for each in sandbox.messages(customer) if text in each.text and labels(each) == list(buttons)), None
    )


@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_close_ask_tap_comment_and_read(
    start: Start, sandbox: TelegramSandbox, store_url: str, mode: str
) -> None:
    service = await start(store_url, mode)
    if mode == "webhook":
        await sandbox.wait_for(lambda: sandbox.calls("setWebhook", ok=True))
    closed = await service.close()
    assert closed.status == 202
    prompt = await the_prompt(sandbox)
    assert prompt.text == "How did we do with your request “Printer <b>&”?"
    assert len(prompt.rows) == 1
    tap = sandbox.tap(ANN, prompt.message_id, (0, 4))
    thanks = await sandbox.wait_for(shows(sandbox, "😍 Thank you", "Change rating", "No comment"))
    assert thanks.message_id == prompt.message_id
    answer = await sandbox.wait_for(lambda: tap.answer)
    assert "😍" in answer.text
    sandbox.write(ANN, "Quick answer, thanks")
    rating = await the_rating(service, comment="Quick answer, thanks")
    assert (rating["value"], rating["state"], rating["channel"]) == (5, "confirmed", "telegram.support")
    await sandbox.wait_for(shows(sandbox, "passed your words on", "Change rating"))
    api = await service.client.request(
        "GET", f"{service.url}/api/v1/ratings", headers={"Authorization": f"Bearer {service.key}"}
    )
    assert [item["comment"] for item in json.loads(api.body)["items"]] == ["Quick answer, thanks"]


async def test_change_of_mind_by_the_button(start: Start, sandbox: TelegramSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url)
    await service.close()
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 0))
    await sandbox.wait_for(shows(sandbox, "😡 Thank you", "Change rating", "No comment"))
    sandbox.tap(ANN, prompt.message_id, (0, 0))
    again = await the_prompt(sandbox)
    sandbox.tap(ANN, again.message_id, (0, 3))
    await sandbox.wait_for(shows(sandbox, "🙂 Thank you", "Change rating", "No comment"))
    assert (await the_rating(service))["value"] == 4
    sandbox.tap(ANN, again.message_id, (0, 1))
    await sandbox.wait_for(shows(sandbox, "🙂 Thank you", "Change rating", "Add a comment"))
    sandbox.write(ANN, "another question")
    await sandbox.wait_for(shows(sandbox, "only takes ratings"))
    assert (await the_rating(service))["comment"] is None


async def test_a_repeated_delivery_of_the_same_update_counts_once(
    start: Start, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url)
    sandbox.deliver_twice = True
    await service.close()
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(service, value=5)

    async def both() -> bool:
        return len([each for each in sandbox.attempts if each.status == 200]) >= 2

    await until(both)
    assert await outcomes(service) == ["rated"]


async def test_a_comment_that_overtakes_its_tap_is_joined(
    start: Start, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url)
    await service.close()
    prompt = await the_prompt(sandbox)
    sandbox.hold_queue("callback")
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    sandbox.write(ANN, "It was quick")

    async def held() -> bool:
        return await outcomes(service) == ["held"]

    await until(held)
    sandbox.release_queue("callback")
    assert (await the_rating(service, comment="It was quick"))["value"] == 5


async def test_forged_data_and_a_wrong_sender_are_acknowledged_and_nobody_s_vote(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    sandbox.add_customer(666, "Mallory", "en")
    await service.close()
    prompt = await the_prompt(sandbox)
    stolen = prompt.rows[0][4]["callback_data"]
    forged = "r1:" + "a" * 34 + ":5"
    taps = [
        sandbox.tap(ANN, prompt.message_id, forged),
        sandbox.tap(ANN, prompt.message_id, "rate_5_T-1"),
        sandbox.tap(ANN, prompt.message_id, stolen.rpartition(":")[0] + ":9"),
        sandbox.tap(ANN, prompt.message_id, stolen, as_user=666),
    ]
    await sandbox.wait_for(lambda: all(tap.answer for tap in taps) or None)
    assert sorted(await outcomes(service)) == ["forged", "ignored", "out_of_scale", "wrong_sender"]
    page = await service.parts.store.read(list_ratings, Filters())
    assert page.items == []


async def test_the_ticket_reopened_before_the_prompt_went_out_is_not_asked_about(
    start: Start, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url, work=False)
    await service.close()
    answer = await service.post("/tickets/reopened", {"id": "T-1"})
    assert json.loads(answer.body) == {"cancelled": 1}
    worker = await start(store_url)
    await the_invitation(worker, state="cancelled")
    await worker.close("T-2")
    await the_prompt(sandbox)
    assert len(sandbox.calls("sendMessage")) == 1


async def test_a_timeout_after_delivery_is_not_sent_twice_and_the_invitation_says_so(
    start: Start, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url)
    sandbox.drop_after("sendMessage")
    await service.close()
    await the_invitation(service, state="asked", delivery="unknown")
    prompt = await the_prompt(sandbox)
    assert len([each for each in sandbox.messages(ANN) if labels(each) == FACES]) == 1
    sandbox.tap(ANN, prompt.message_id, (0, 2))
    assert (await the_rating(service))["value"] == 3
    await sandbox.wait_for(shows(sandbox, "😐 Thank you", "Change rating", "No comment"))
    assert len(sandbox.calls("sendMessage")) == 1


async def test_a_connection_that_ends_without_an_answer_is_unknown_and_not_tried_again(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    sandbox.drop_before("sendMessage")
    await service.close("T-1")
    await the_invitation(service, state="asked", delivery="unknown")
    assert sandbox.calls("sendMessage", ok=True) == []


async def test_429_pauses_as_long_as_told_and_loses_nothing(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    sandbox.fail_next("sendMessage", status=429, retry_after=1)
    await service.close()
    await the_prompt(sandbox)
    first, second = sandbox.calls("sendMessage")
    assert (first.status, second.status) == (429, 200)
    assert second.at - first.at >= 1


async def test_a_blocked_bot_is_undeliverable_and_the_next_ticket_is_skipped_until_unblocked(
    start: Start, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url)
    await service.close("T-0")
    await the_prompt(sandbox)
    sandbox.block(ANN)

    async def heard() -> bool:
        return "acted" in await outcomes(service)

    await until(heard)
    assert json.loads((await service.close("T-1")).body)["reason"] == "unreachable"
    sandbox.unblock(ANN)

    async def heard_again() -> bool:
        return (await outcomes(service)).count("acted") == 2

    await until(heard_again)
    assert json.loads((await service.close("T-2")).body)["decision"] == "ask"


async def test_a_403_marks_the_invitation_undeliverable(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    sandbox.add_customer(777, "Bob", "en", started=())
    await service.close("T-1", customer=777)
    invitation = await the_invitation(service, state="undeliverable")
    assert invitation["state_reason"] == "recipient_gone"


async def test_a_deleted_message_is_answered_by_a_new_one(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.close()
    prompt = await the_prompt(sandbox)
    sandbox.hold_queue("callback")
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    sandbox.delete_message(ANN, prompt.message_id)
    sandbox.release_queue("callback")
    await the_rating(service, value=5)
    thanks = await sandbox.wait_for(shows(sandbox, "😍 Thank you", "Change rating", "No comment"))
    assert thanks.message_id != prompt.message_id


async def test_a_failed_acknowledgment_never_undoes_the_rating(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    sandbox.fail_next(
        "answerCallbackQuery",
        status=400,
        description="Bad Request: query is too old and response timeout expired or query ID is invalid",
    )
    sandbox.fail_next("editMessageText", status=500, description="Internal Server Error")
    await service.close()
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    assert (await the_rating(service))["value"] == 5
    await sandbox.wait_for(shows(sandbox, "😍 Thank you", "Change rating", "No comment"))


async def test_stop_and_start_by_command(start: Start, sandbox: TelegramSandbox, sqlite_url: str) -> None:
    service = await start(sqlite_url)
    await service.close()
    await the_prompt(sandbox)
    sandbox.write_stop(ANN)
    await sandbox.wait_for(shows(sandbox, "will not ask you"))
    await the_invitation(service, state="cancelled", state_reason="opted_out")
    assert json.loads((await service.close("T-2")).body)["reason"] == "opted_out"
    sandbox.press_start(ANN)
    await sandbox.wait_for(shows(sandbox, "may ask you for a rating again"))
    assert json.loads((await service.close("T-3")).body)["decision"] == "ask"


async def test_an_update_that_nobody_can_read_is_kept_and_the_next_one_lives(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url)
    await service.close()
    prompt = await the_prompt(sandbox)
    hook = f"{service.url}/hooks/channels/telegram/support"
    secret = sandbox.calls("setWebhook", ok=True)[0].parameters["secret_token"]
    headers = {"X-Telegram-Bot-Api-Secret-Token": str(secret)}
    answer = await service.client.request("POST", hook, data=b'{"update_id": 5, "message": [', headers=headers)
    assert answer.status == 200
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(service, value=5)
    query = select(unreadable_events.c.raw)
    kept = await service.parts.store.read(lambda connection: connection.execute(query).scalars().all())
    assert [bytes(raw) for raw in kept] == [b'{"update_id": 5, "message": [']


@pytest.mark.parametrize("secret", [None, "", "wrong", "x" * 300])
async def test_a_hook_without_the_secret_is_refused(start: Start, sqlite_url: str, secret: str | None) -> None:
    service = await start(sqlite_url, work=False)
    hook = f"{service.url}/hooks/channels/telegram/support"
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    answer = await service.client.request("POST", hook, data=b'{"update_id": 5}', headers=headers)
    assert answer.status == 401
    assert await outcomes(service) == []


async def test_an_unknown_hook_and_a_body_over_the_limit(start: Start, sqlite_url: str) -> None:
    service = await start(sqlite_url, work=False)
    nowhere = await service.client.request("POST", f"{service.url}/hooks/channels/telegram/other", data=b"{}")
    assert nowhere.status == 404
    hook = f"{service.url}/hooks/channels/telegram/support"
    assert (await service.client.request("POST", hook, data=b"x" * 300_000)).status == 413


async def test_only_one_process_polls_an_account(start: Start, sandbox: TelegramSandbox, store_url: str) -> None:
    first = await start(store_url, "polling")
    await start(store_url, "polling")
    await first.close()
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(first, value=5)
    assert [call for call in sandbox.calls("getUpdates") if call.status == 409] == []


async def test_a_webhook_of_our_own_gives_way_to_polling(
    start: Start, sandbox: TelegramSandbox, sqlite_url: str
) -> None:
    service = await start(sqlite_url, "send-only")
    url = f"{service.parts.settings.server.public_url}/hooks/channels/telegram/support"
    headers = {"Content-Type": "application/json"}
    body = {"url": url, "secret_token": "left-over"}
    await service.client.request("POST", f"{sandbox.url}/bot{TOKEN}/setWebhook", json=body, headers=headers)
    polling = await start(sqlite_url, "polling", public_url=service.parts.settings.server.public_url)
    await polling.close()
    prompt = await the_prompt(sandbox)
    sandbox.tap(ANN, prompt.message_id, (0, 4))
    await the_rating(polling, value=5)


async def test_polling_confirms_an_update_only_after_its_commit(
    start: Start, sandbox: TelegramSandbox, store_url: str
) -> None:
    service = await start(store_url, "polling")
    await service.close()
    prompt = await the_prompt(sandbox)
    entered, release = threading.Event(), threading.Event()
    blocking = asyncio.create_task(service.parts.store.writer.do(Block(entered, release)))
    assert await asyncio.to_thread(entered.wait, 10)
    tap = sandbox.tap(ANN, prompt.message_id, (0, 4))
    assert tap.update is not None
    update_id = tap.update.update_id
    # The update has been fetched and its commit waits for the writer, which is held up here.
    await sandbox.wait_for(lambda: [each for each in sandbox.calls("getUpdates") if str(update_id) in str(each.answer)])
    released_at = time.time()
    release.set()
    await blocking
    await the_rating(service, value=5)

    def confirming() -> list[float]:
        polls = sandbox.calls("getUpdates")
        return [poll.at for poll in polls if int(str(poll.parameters.get("offset") or 0)) > update_id]

    confirmed_at = await sandbox.wait_for(confirming)
    assert min(confirmed_at) >= released_at


async def test_two_services_share_one_store_and_one_bot(start: Start, sandbox: TelegramSandbox, store_url: str) -> None:
    web = await start(store_url, work=False)
    worker = await start(store_url, "send-only")
    for number in range(20):
        await web.close(f"T-{number}", closing_id=str(number))

    async def all_sent() -> bool:
        query = select(jobs.c.state)
        states = await worker.parts.store.read(lambda connection: connection.execute(query).scalars().all())
        return list(states).count("done") == 20

    await until(all_sent, seconds=20)
    assert len(sandbox.calls("sendMessage", ok=True)) == 20
