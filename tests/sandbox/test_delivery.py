"""Updates on their way to a bot: by webhook and by getUpdates, in order and out of it, again and too late."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.changes import Changes
from sandbox.phones.serving import LoopbackServer
from sandbox.telegram import TelegramSandbox

from .conftest import ANNA, BORIS, TOKEN, Api, Clock, keyboard


class Receiver:
    """A bot's webhook: keeps what came, answers what it is told to (200 when it is told nothing)."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.replies: list[web.Response] = []
        self.gate: asyncio.Event | None = None
        self.came = Changes()
        self.server = LoopbackServer({"/": self.take})

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        self.updates.append(await request.json())
        self.came.notify()
        if self.gate:
            await self.gate.wait()
        return self.replies.pop(0) if self.replies else web.Response()

    @property
    def kinds(self) -> list[str]:
        return [next(key for key in update if key != "update_id") for update in self.updates]

    @property
    def ids(self) -> list[int]:
        return [update["update_id"] for update in self.updates]


@pytest.fixture
async def receiver(sandbox: TelegramSandbox, api: Api) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.server.start()
    assert (await api("setWebhook", url=f"{receiver.server.url}/hook", secret_token="s3cret_-"))[0] == 200
    await api("sendMessage", chat_id=ANNA, text="Rate", reply_markup=keyboard("a", "b"))
    yield receiver
    if receiver.gate:
        receiver.gate.set()
    await sandbox.delivery.close()
    await receiver.server.stop()


async def test_a_tap_arrives_with_the_secret(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    tap = sandbox.tap(ANNA, 1, (0, 1))
    await sandbox.settled()
    (update,) = receiver.updates
    query = update["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (tap.tap_id, "b", ANNA)
    assert query["message"]["message_id"] == 1
    assert receiver.headers[0]["X-Telegram-Bot-Api-Secret-Token"] == "s3cret_-"


async def test_what_is_not_taken_comes_again_the_same(sandbox: TelegramSandbox, receiver: Receiver, api: Api) -> None:
    receiver.replies = [web.Response(status=500) for _ in range(8)]
    sandbox.write(ANNA, "Hello")
    await sandbox.settled()
    _, info = await api("getWebhookInfo")
    assert info["result"]["pending_update_count"] == 1
    assert info["result"]["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    while receiver.replies:
        await sandbox.redeliver_now()
    await sandbox.redeliver_now()
    await sandbox.settled()
    assert len(set(receiver.ids)) == 1
    assert [attempt.again_in for attempt in sandbox.attempts] == [1, 2, 4, 8, 16, 32, 60, 60, None]
    _, info = await api("getWebhookInfo")
    assert info["result"]["pending_update_count"] == 0


async def test_the_receivers_retry_after_is_honoured(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    receiver.replies = [web.Response(status=503, headers={"Retry-After": seconds}) for seconds in ("7", "9999")]
    sandbox.write(ANNA, "Hello")
    await sandbox.settled()
    await sandbox.redeliver_now()
    assert [attempt.again_in for attempt in sandbox.attempts] == [7, 3600]


async def test_a_closed_port_counts_as_a_failure(sandbox: TelegramSandbox, receiver: Receiver, api: Api) -> None:
    await receiver.server.stop()
    sandbox.write(ANNA, "Hello")
    await sandbox.settled()
    _, info = await api("getWebhookInfo")
    assert info["result"]["last_error_message"] == "Connection refused"
    assert sandbox.attempts[-1].status == 0


async def test_silence_counts_as_a_failure(clock: Clock) -> None:
    sandbox = TelegramSandbox(clock=clock, webhook_timeout=0.05)
    bot = sandbox.add_bot(TOKEN)
    sandbox.add_customer(ANNA, "Анна")
    await sandbox.start()
    receiver = Receiver()
    receiver.gate = asyncio.Event()
    await receiver.server.start()
    async with aiohttp.ClientSession() as http:
        await http.post(f"{sandbox.url}/bot{TOKEN}/setWebhook", json={"url": receiver.server.url})
    sandbox.write(ANNA, "Hello")
    await sandbox.wait_for(lambda: bot.last_error)
    assert bot.last_error == "Read timeout expired"
    receiver.gate.set()
    await sandbox.stop()
    await receiver.server.stop()


async def test_one_chat_waits_for_its_own_answer_and_no_other(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    receiver.gate = asyncio.Event()
    for text in ("first", "second"):
        sandbox.write(ANNA, text)
    sandbox.write(BORIS, "other")
    await receiver.came.wait_for(lambda: len(receiver.updates) == 2, 5)
    assert [update["message"]["text"] for update in receiver.updates] == ["first", "other"]
    receiver.gate.set()
    await sandbox.settled()
    assert [update["message"]["text"] for update in receiver.updates] == ["first", "other", "second"]


async def test_a_message_may_overtake_the_tap_before_it(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    sandbox.hold_queue("callback")
    sandbox.tap(ANNA, 1, (0, 0))
    sandbox.write(ANNA, "Thanks")
    sandbox.block(ANNA)
    await sandbox.settled()
    assert sorted(receiver.kinds) == ["message", "my_chat_member"]
    sandbox.release_queue("callback")
    await sandbox.settled()
    assert receiver.kinds[-1] == "callback_query"
    assert receiver.ids[-1] == min(receiver.ids)  # it was numbered when it happened


async def test_taps_die_after_150_seconds_and_messages_after_a_day(
    sandbox: TelegramSandbox, receiver: Receiver, api: Api, clock: Clock
) -> None:
    receiver.replies = [web.Response(status=500) for _ in range(2)]
    sandbox.tap(ANNA, 1, (0, 0))
    sandbox.write(ANNA, "Hello")
    await sandbox.settled()
    assert (await api("getWebhookInfo"))[1]["result"]["pending_update_count"] == 2
    clock.now += 150
    assert (await api("getWebhookInfo"))[1]["result"]["pending_update_count"] == 1
    await sandbox.redeliver_now()
    await sandbox.settled()
    assert sorted(receiver.kinds) == ["callback_query", "message", "message"]  # the tap never came again

    receiver.replies = [web.Response(status=500)]
    sandbox.write(ANNA, "Anybody?")
    await sandbox.settled()
    clock.now += 24 * 3600
    assert (await api("getWebhookInfo"))[1]["result"]["pending_update_count"] == 0


async def test_another_webhook_gets_at_once_what_the_old_one_refused(
    sandbox: TelegramSandbox, receiver: Receiver, api: Api, clock: Clock
) -> None:
    receiver.replies = [web.Response(status=500)]
    sandbox.tap(ANNA, 1, (0, 0))
    await sandbox.settled()
    clock.now += 1
    answer = await api("setWebhook", url=f"{receiver.server.url}/hook", secret_token="s3cret_-")
    assert answer[1]["description"] == "Webhook is already set"
    await sandbox.settled()
    assert len(receiver.updates) == 1
    clock.now += 1
    await api("setWebhook", url=f"{receiver.server.url}/other")
    await sandbox.settled()
    assert len(receiver.updates) == 2
    assert "X-Telegram-Bot-Api-Secret-Token" not in receiver.headers[1]


async def test_the_same_update_can_come_twice(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    sandbox.deliver_twice = True
    tap = sandbox.tap(ANNA, 1, (0, 0))
    await sandbox.settled()
    assert len(receiver.ids) == 2
    sandbox.deliver_twice = False
    assert tap.update is not None
    sandbox.deliver_again(tap.update)
    await sandbox.settled()
    assert receiver.ids == [receiver.ids[0]] * 3
    assert receiver.updates[0] == receiver.updates[2]


async def test_a_reply_may_carry_a_call(sandbox: TelegramSandbox, receiver: Receiver) -> None:
    tap = sandbox.tap(ANNA, 1, (0, 0))
    receiver.replies = [
        web.json_response({"method": "answerCallbackQuery", "callback_query_id": tap.tap_id, "text": "Thanks"})
    ]
    await sandbox.settled()
    assert tap.answer is not None
    assert tap.answer.text == "Thanks"


async def test_a_webhook_that_is_gone_for_a_day_is_removed(
    sandbox: TelegramSandbox, receiver: Receiver, api: Api, clock: Clock
) -> None:
    receiver.replies = [web.Response(status=410) for _ in range(2)]
    sandbox.write(ANNA, "Hello")
    await sandbox.settled()
    clock.now += 23 * 3600 + 1
    await sandbox.redeliver_now()
    assert (await api("getWebhookInfo"))[1]["result"]["url"] == ""


async def test_allowed_updates_stay_until_another_list_comes(
    sandbox: TelegramSandbox, receiver: Receiver, api: Api, clock: Clock
) -> None:
    clock.now += 1
    await api("setWebhook", url=f"{receiver.server.url}/hook", allowed_updates=["message"])
    clock.now += 1
    await api("setWebhook", url=f"{receiver.server.url}/other")
    assert (await api("getWebhookInfo"))[1]["result"]["allowed_updates"] == ["message"]
    sandbox.tap(ANNA, 1, (0, 0))
    sandbox.write(ANNA, "Hello")
    await sandbox.settled()
    assert receiver.kinds == ["message"]  # the tap is gone, and nobody is told
    clock.now += 1
    await api("setWebhook", url=f"{receiver.server.url}/hook", allowed_updates=[])
    sandbox.tap(ANNA, 1, (0, 0))
    await sandbox.settled()
    assert receiver.kinds == ["message", "callback_query"]


async def test_what_waited_before_the_webhook_is_delivered_or_dropped(
    sandbox: TelegramSandbox, receiver: Receiver, api: Api, clock: Clock
) -> None:
    url = f"{receiver.server.url}/hook"
    assert (await api("deleteWebhook"))[1]["description"] == "Webhook was deleted"
    assert (await api("deleteWebhook"))[1]["description"] == "Webhook is already deleted"
    sandbox.write(ANNA, "waits")
    clock.now += 1
    await api("setWebhook", url=url)
    await sandbox.settled()
    assert receiver.kinds == ["message"]
    await api("deleteWebhook")
    sandbox.write(ANNA, "dropped")
    clock.now += 1
    await api("setWebhook", url=url, drop_pending_updates=True)
    await sandbox.settled()
    assert receiver.kinds == ["message"]


# --- long polling -------------------------------------------------------------------------------------------------


async def test_updates_come_again_until_they_are_confirmed(sandbox: TelegramSandbox, api: Api) -> None:
    for number in range(5):
        sandbox.write(ANNA, str(number))
    _, first = await api("getUpdates", limit=2)
    ids = [update["update_id"] for update in first["result"]]
    assert ids == [ids[0], ids[0] + 1]
    assert (await api("getUpdates", limit=2))[1] == first
    _, rest = await api("getUpdates", offset=ids[-1] + 1)
    assert [update["message"]["text"] for update in rest["result"]] == ["2", "3", "4"]
    _, last = await api("getUpdates", offset=-1)
    assert [update["message"]["text"] for update in last["result"]] == ["4"]
    _, none = await api("getUpdates", offset=last["result"][0]["update_id"] + 1)
    assert none["result"] == []


async def test_a_poll_waits_for_the_next_update(sandbox: TelegramSandbox, api: Api) -> None:
    bot = sandbox.world.bot()
    poll = asyncio.create_task(api("getUpdates", timeout=50))
    await sandbox.wait_for(lambda: bot.poller)
    sandbox.write(ANNA, "Hello")
    _, answer = await poll
    assert answer["result"][0]["message"]["text"] == "Hello"


async def test_taps_held_back_come_after_the_message_also_by_polling(sandbox: TelegramSandbox, api: Api) -> None:
    sandbox.hold_queue("callback")
    sandbox.tap(ANNA, 1, "forged", as_user=BORIS)
    sandbox.write(ANNA, "Hello")
    _, first = await api("getUpdates")
    assert [update["message"]["text"] for update in first["result"]] == ["Hello"]
    sandbox.release_queue("callback")
    _, then = await api("getUpdates", offset=first["result"][0]["update_id"] + 1)
    (query,) = [update["callback_query"] for update in then["result"]]
    assert (query["data"], query["from"]["id"]) == ("forged", BORIS)
    assert query["message"] == {"chat": query["message"]["chat"], "message_id": 1, "date": 0}  # there is none


async def test_a_tap_held_back_after_it_came_is_neither_seen_nor_confirmed(sandbox: TelegramSandbox, api: Api) -> None:
    sandbox.tap(ANNA, 1, "a")
    sandbox.hold_queue("callback")
    sandbox.write(ANNA, "Hello")
    _, first = await api("getUpdates")
    assert [update["message"]["text"] for update in first["result"]] == ["Hello"]
    assert (await api("getUpdates", offset=first["result"][0]["update_id"] + 1))[1]["result"] == []
    sandbox.release_queue("callback")
    (tap,) = (await api("getUpdates"))[1]["result"]
    assert tap["callback_query"]["data"] == "a"


async def test_one_consumer_only(sandbox: TelegramSandbox, api: Api) -> None:
    bot = sandbox.world.bot()

    async def start_poll() -> asyncio.Task[tuple[int, dict[str, Any]]]:
        before = bot.poller
        poll = asyncio.create_task(api("getUpdates", timeout=50))
        await sandbox.wait_for(lambda: bot.poller is not before)
        return poll

    older = await start_poll()
    newer = await start_poll()
    status, answer = await older
    assert (status, answer["description"]) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    await api("setWebhook", url="http://127.0.0.1:9/h")
    status, answer = await newer
    assert (status, answer["description"]) == (409, "Conflict: terminated by setWebhook request")
    status, answer = await api("getUpdates")
    assert (status, answer["description"]) == (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
