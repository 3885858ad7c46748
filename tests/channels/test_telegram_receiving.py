"""The Telegram adapter against the stand-in: polling, the webhook, and what check finds."""

import asyncio
import json

import pytest
from aiohttp import web

from channels.base import (
    Channel,
    ChoicePicked,
    HookRequest,
    Inbound,
    OptIn,
    OptOut,
    TextReceived,
    Unknown,
    Unreadable,
)
from channels.telegram.updates import ALLOWED_UPDATES
from net.errors import (
    Misconfigured,
    Unreachable,
)
from sandbox.telegram import TelegramSandbox
from tests.channels.platform import Answer, Platform
from tests.channels.telegram_kit import ANN, BOT, HOOK, PROMPT, TOKEN, Clock, Make, first, polled

# --- polling


async def test_an_update_is_confirmed_only_by_asking_for_the_next(telegram: TelegramSandbox, make: Make) -> None:
    channel = make(telegram.url, mode="polling", poll_wait=5)
    sent = await channel.send_prompt(str(ANN), PROMPT)
    telegram.tap(ANN, int(sent.external_id), (0, 4))
    listening = channel.listen(None)
    events, position = await anext(listening)
    assert [event.value for event in events if isinstance(event, ChoicePicked)] == [5]
    assert events[0].address == str(ANN)

    again, same = await first(channel)  # as after a crash before the COMMIT
    assert (again, same) == (events, position)
    assert len(telegram.calls("getUpdates")) == 2

    telegram.write(ANN, "Quick answer")
    (comment,), _ = await anext(listening)  # the answer of the generator that went on
    assert isinstance(comment, TextReceived)
    assert comment.text == "Quick answer"
    assert int(telegram.calls("getUpdates")[-1].parameters["offset"]) == int(position)
    assert json.loads(telegram.calls("getUpdates")[-1].parameters["allowed_updates"]) == list(ALLOWED_UPDATES)


async def test_a_whole_conversation_is_read(telegram: TelegramSandbox, make: Make) -> None:
    channel = make(telegram.url, mode="polling")
    sent = await channel.send_prompt(str(ANN), PROMPT)
    telegram.press_start(ANN)
    telegram.tap(ANN, int(sent.external_id), "forged")
    written = telegram.write(ANN, "Slow", reply_to=int(sent.external_id))
    telegram.edit_text(ANN, written.message_id, "Fast")
    telegram.send_photo(ANN, "Look")
    telegram.send_voice(ANN)
    telegram.write_stop(ANN)
    telegram.block(ANN)
    telegram.unblock(ANN)
    events, _ = await first(channel)
    assert [type(event) for event in events] == [
        *(OptIn, Unknown, TextReceived, TextReceived, TextReceived, TextReceived, OptOut, OptOut, OptIn)
    ]
    texts = [event for event in events if isinstance(event, TextReceived)]
    assert [(text.text, text.media, text.edited) for text in texts] == [
        ("Slow", None, False),
        ("Fast", None, True),
        ("Look", "photo", False),
        ("", "voice", False),
    ]
    assert texts[0].reply_to == sent.external_id
    assert texts[0].message_id == texts[1].message_id
    assert len({event.event_id for event in events}) == len(events)


async def test_one_update_that_cannot_be_read_does_not_hide_the_others(platform: Platform, make: Make) -> None:
    updates = [
        {"update_id": 5, "message": {"message_id": "odd"}},
        {
            "update_id": 6,
            "my_chat_member": {"chat": {"id": 1, "type": "group"}, "date": 1, "new_chat_member": {"status": "x"}},
        },
    ]
    platform.behaviour = Answer(200, json.dumps({"ok": True, "result": updates}).encode())
    (odd, known), position = await first(make(platform.url))
    assert isinstance(odd, Unreadable)
    assert odd.event_id == "5"
    assert isinstance(known, Unknown)
    assert position == "7"


@pytest.mark.parametrize("result", [[{}], [1], [{"update_id": "x"}], {}, "x", None])
async def test_an_answer_without_a_position_ends_the_listening(platform: Platform, make: Make, result: object) -> None:
    platform.behaviour = Answer(200, json.dumps({"ok": True, "result": result}).encode())
    with pytest.raises(Unreachable):
        await first(make(platform.url))


async def test_polling_beside_a_webhook_or_another_poller_says_so(telegram: TelegramSandbox, make: Make) -> None:
    one, other = make(telegram.url, mode="polling", poll_wait=5), make(telegram.url, mode="polling", poll_wait=5)
    waiting = asyncio.create_task(first(one))
    await polled(telegram)
    cutting = asyncio.create_task(first(other))
    with pytest.raises(Misconfigured, match="another program"):
        await waiting
    telegram.write(ANN, "hi")
    assert len((await cutting)[0]) == 1

    await make(telegram.url).install(HOOK)
    with pytest.raises(Misconfigured, match="webhook"):
        await first(one)


# --- the webhook


async def test_updates_come_by_the_installed_webhook(telegram: TelegramSandbox, make: Make) -> None:
    channel = make(telegram.url, secrets=("new-secret", "old-secret"))
    events: list[Inbound] = []

    async def hook(request: web.Request) -> web.Response:
        told = HookRequest(request.method, {k.lower(): v for k, v in request.headers.items()}, await request.read())
        channel.verify(told)
        events.extend(channel.parse(told))
        reply = channel.reply(told)
        return web.Response(status=reply.status, body=reply.body)

    application = web.Application()
    application.router.add_post("/hook", hook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        await channel.install(f"http://{host}:{port}/hook")
        sent = await channel.send_prompt(str(ANN), PROMPT)
        telegram.tap(ANN, int(sent.external_id), (0, 1))
        await telegram.settled()
    finally:
        await runner.cleanup()
    (picked,) = events
    assert isinstance(picked, ChoicePicked)
    assert (picked.value, picked.token, picked.address, picked.prompt_id) == (2, TOKEN, str(ANN), sent.external_id)
    assert [attempt.status for attempt in telegram.attempts] == [200]


async def test_install_sets_everything_and_again_after_a_rotation(
    telegram: TelegramSandbox, make: Make, clock: Clock
) -> None:
    await make(telegram.url, secrets=("one",), max_connections=7).install(HOOK)
    clock.now += 2
    telegram.write(ANN, "waiting")
    await make(telegram.url, secrets=("two", "one")).install(HOOK)
    webhook = telegram.world.bot().webhook
    assert webhook is not None
    assert (webhook.url, webhook.secret_token, webhook.max_connections) == (HOOK, "two", 40)
    assert telegram.world.bot().allowed_updates == list(ALLOWED_UPDATES)
    assert telegram.world.bot().inbox.count() == 1, "nothing that waits is dropped"


async def test_a_foreign_webhook_is_neither_replaced_nor_removed(
    telegram: TelegramSandbox, make: Make, clock: Clock
) -> None:
    theirs = "http://127.0.0.1:9/desk/their-secret"
    await make(telegram.url).install(theirs)
    clock.now += 2
    ours = make(telegram.url)
    for act in (ours.install(HOOK), ours.uninstall(), ours.uninstall(HOOK)):
        with pytest.raises(Misconfigured) as refused:
            await act
        assert "their-secret" not in str(refused.value)
    with pytest.raises(Misconfigured, match=r"takeover.*cuts that program"):
        await ours.install(HOOK)
    webhook = telegram.world.bot().webhook
    assert webhook is not None
    assert webhook.url == theirs

    taker = make(telegram.url, takeover=True)
    await taker.install(HOOK)
    webhook = telegram.world.bot().webhook
    assert webhook is not None
    assert webhook.url == HOOK
    await taker.uninstall()
    assert telegram.world.bot().webhook is None
    await taker.uninstall()


async def test_a_fresh_process_can_remove_our_webhook_by_its_url(telegram: TelegramSandbox, make: Make) -> None:
    await make(telegram.url).install(HOOK)
    await make(telegram.url).uninstall(HOOK)
    assert telegram.world.bot().webhook is None


@pytest.mark.parametrize("mode", ["polling", "relay", "send-only"])
async def test_other_modes_install_nothing(telegram: TelegramSandbox, make: Make, mode: str) -> None:
    with pytest.raises(Misconfigured):
        await make(telegram.url, mode=mode, takeover=True).install(HOOK)
    assert not telegram.requests


async def test_an_address_that_telegram_refuses_is_a_matter_for_a_person(clock: Clock, make: Make) -> None:
    sandbox = TelegramSandbox(clock=clock, local=False)
    await sandbox.start()
    try:
        sandbox.add_bot(BOT)
        with pytest.raises(Misconfigured, match="HTTPS"):
            await make(sandbox.url).install(HOOK)
    finally:
        await sandbox.stop()


# --- check


async def levels(channel: Channel, url: str | None = HOOK) -> dict[str, str]:
    return {finding.id.removeprefix("telegram."): finding.level for finding in await channel.check(url)}


async def test_check_finds_nothing_wrong(telegram: TelegramSandbox, make: Make) -> None:
    channel = make(telegram.url)
    await channel.install(HOOK)
    fine = {"token": "ok", "webhook": "ok", "allowed_updates": "ok", "pending": "ok"}
    assert await levels(channel) == fine


async def test_check_of_a_poller_finds_a_second_consumer_and_takes_nothing(
    telegram: TelegramSandbox, make: Make
) -> None:
    telegram.write(ANN, "waiting")
    assert (await levels(make(telegram.url, mode="polling"), None))["second_consumer"] == "ok"
    assert telegram.world.bot().inbox.count() == 1
    telegram.world.bot().inbox.clear()

    other = make(telegram.url, mode="polling", poll_wait=5)

    async def polls_for_ever() -> None:
        while True:
            try:
                await first(other)
            except Misconfigured:
                continue

    polling = asyncio.create_task(polls_for_ever())
    await polled(telegram)
    found = await levels(make(telegram.url, mode="polling", poll_wait=5), None)
    polling.cancel()
    assert found["second_consumer"] == "warning"


async def test_check_warns_of_a_sticky_list_without_taps(
    telegram: TelegramSandbox, channel: Channel, clock: Clock
) -> None:
    telegram.world.bot().allowed_updates = ["message"]
    assert (await levels(channel))["allowed_updates"] == "error"
    await channel.install(HOOK)
    clock.now += 2
    assert (await levels(channel))["allowed_updates"] == "ok"
