"""python-telegram-bot, written by others from the same reference, must find nothing odd about the stand-in."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from sandbox.telegram import Limits, TelegramSandbox

from .conftest import ANNA, BORIS, TOKEN

FIVE = InlineKeyboardMarkup(
    [[InlineKeyboardButton(face, callback_data=f"r1:k:{n}") for n, face in enumerate("😡🙁😐🙂😍", 1)]]
)


@pytest.fixture
async def bot(sandbox: TelegramSandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # without it the library warns, and warnings are errors
    async with Bot(TOKEN, base_url=f"{sandbox.url}/bot", base_file_url=f"{sandbox.url}/file/bot") as bot:
        yield bot


async def test_sends_edits_answers_and_deletes(sandbox: TelegramSandbox, bot: Bot) -> None:
    assert bot.username == "csat_bot"
    sent = await bot.send_message(ANNA, "<b>Rate</b> us", parse_mode="HTML", reply_markup=FIVE)
    assert (sent.text, sent.text_html, sent.chat.id) == ("Rate us", "<b>Rate</b> us", ANNA)
    assert sent.reply_markup == FIVE

    tap = sandbox.tap(ANNA, sent.message_id, (0, 4))
    (update,) = await bot.get_updates(allowed_updates=Update.ALL_TYPES)
    assert update.callback_query is not None
    assert update.callback_query.data == "r1:k:5"
    assert await update.callback_query.answer("Thanks")
    assert tap.answer is not None

    edited = await update.callback_query.edit_message_text("You chose 😍")
    assert not isinstance(edited, bool)
    assert edited.reply_markup is None
    assert edited.edit_date is not None
    reply = await bot.send_message(ANNA, "More?", reply_parameters=ReplyParameters(sent.message_id))
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.message_id == sent.message_id
    assert await bot.delete_message(ANNA, reply.message_id)
    assert await bot.set_webhook("https://example.com/h", secret_token="s", allowed_updates=["message"])
    assert (await bot.get_webhook_info()).allowed_updates == ("message",)


async def test_errors_are_of_the_right_class(sandbox: TelegramSandbox, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(1, "Hi")
    sandbox.block(ANNA)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(ANNA, "Hi")
    sandbox.limits = Limits(per_chat=0.2, burst=1)
    await bot.send_message(BORIS, "Hi")
    with pytest.raises(RetryAfter) as throttled:
        await bot.send_message(BORIS, "Hi")
    assert throttled.value.retry_after == timedelta(seconds=5)
    await bot.set_webhook("https://example.com/h")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    stranger = Bot("43:OTHER", base_url=f"{sandbox.url}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


async def test_faults_on_demand(sandbox: TelegramSandbox, bot: Bot) -> None:
    sandbox.fail_next("sendMessage", status=502, body=b"<html>Bad Gateway</html>")
    with pytest.raises(NetworkError):
        await bot.send_message(ANNA, "Hi")
    sandbox.fail_next("sendMessage", status=429, retry_after=7)
    with pytest.raises(RetryAfter) as throttled:
        await bot.send_message(ANNA, "Hi")
    assert throttled.value.retry_after == timedelta(seconds=7)
    sandbox.drop_before("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(ANNA, "never")
    assert sandbox.messages(ANNA) == []

    sandbox.drop_after("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(ANNA, "delivered")
    assert [message.text for message in sandbox.messages(ANNA)] == ["delivered"]

    released = sandbox.hang("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(ANNA, "delivered too", read_timeout=0.05)
    released.set()
    assert len(sandbox.messages(ANNA)) == 2
    assert (await bot.send_message(ANNA, "fine")).text == "fine"
    assert [request.status for request in sandbox.calls("sendMessage")] == [502, 429, 200, 200, 200]


async def test_an_application_polls_and_holds_a_whole_conversation(sandbox: TelegramSandbox) -> None:
    comments: asyncio.Queue[str] = asyncio.Queue()

    async def rated(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer("Thanks!")
        await query.edit_message_text(f"You chose {query.data}. Anything to add?")

    async def commented(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await comments.put(update.message.text or "")

    base = f"{sandbox.url}/bot"
    application = ApplicationBuilder().token(TOKEN).base_url(base).build()
    application.add_handler(CallbackQueryHandler(rated))
    application.add_handler(MessageHandler(filters.TEXT, commented))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=2)
        sent = await application.bot.send_message(ANNA, "Rate us", reply_markup=FIVE)
        tap = sandbox.tap(ANNA, sent.message_id, "r1:k:5")
        answer = await sandbox.wait_for(lambda: tap.answer)
        assert answer.text == "Thanks!"
        await sandbox.wait_for(lambda: sandbox.messages(ANNA)[0].text == "You chose r1:k:5. Anything to add?")
        sandbox.write(ANNA, "Quick help, thank you")
        assert await asyncio.wait_for(comments.get(), 5) == "Quick help, thank you"
        await application.updater.stop()
        await application.stop()
    assert sandbox.world.bot().inbox.count() == 0
