"""What calls Telegram, by aiogram: one request a method, retried never. Importing this takes seconds (adapter.py)."""

from typing import Any, TypeVar

from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.methods import AnswerCallbackQuery, DeleteWebhook, GetMe, GetWebhookInfo, SetWebhook, TelegramMethod
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import ClientTimeout

from channels.base import Picture, Sent
from channels.telegram.config import TelegramConfig
from channels.telegram.exceptions import classify
from channels.telegram.failures import NOT_THE_BOT_API, Act
from channels.telegram.findings import WebhookState
from channels.telegram.keyboard import Keyboard
from channels.telegram.methods import Edit, Poll, Send, SendPhoto
from channels.telegram.session import Session
from channels.telegram.updates import ALLOWED_UPDATES
from net.errors import NotEditable, Rejected, Unreachable

CONNECT_SHARE = 0.8  # of the timeout

_Result = TypeVar("_Result")


class Client:
    """One bot's calls. Each raises a DeliveryError when it fails, and nothing else. Opens no connection before the first."""

    def __init__(self, config: TelegramConfig) -> None:
        self._config = config
        session = Session(api=TelegramAPIServer.from_base(config.api_url))
        self._bot = Bot(config.token.get_secret_value(), session=session)

    async def send(self, chat_id: int, text: str, rows: Keyboard) -> Sent:
        """Send a message; to a group that moved, to its new id."""
        return await self._send(Send(chat_id=chat_id, text=text, reply_markup=_markup(rows)))

    async def send_photo(self, chat_id: int, picture: Picture, caption: str) -> Sent:
        """Send a picture with words below it, in the same way."""
        photo = BufferedInputFile(picture.content, f"{picture.name}.png")
        return await self._send(SendPhoto(chat_id=chat_id, photo=photo, caption=caption))

    async def _send(self, method: Send | SendPhoto) -> Sent:
        try:
            result = await self._call(method, "send", str(method.chat_id))
        except _Migrated as migrated:
            method.chat_id = migrated.chat_id
        else:
            return Sent(str(result.message_id))
        # Refused, so nothing was sent: the one case where the same request goes out again, to the group's new id.
        new_address = str(method.chat_id)
        try:
            result = await self._call(method, "send", new_address)
        except _Migrated as again:
            raise Rejected("the group became a supergroup twice") from again
        return Sent(str(result.message_id), new_address)

    async def edit(self, chat_id: int, message_id: int, text: str, rows: Keyboard) -> None:
        """Replace a message's text and keyboard."""
        method = Edit(chat_id=chat_id, message_id=message_id, text=text, reply_markup=_markup(rows))
        try:
            await self._call(method, "edit", str(chat_id))
        except _Migrated as migrated:
            raise NotEditable("the group became a supergroup, and its messages have other ids now") from migrated

    async def acknowledge(self, tap: str, text: str) -> None:
        """Stop the spinner on the button, and show `text` for a moment."""
        await self._call(AnswerCallbackQuery(callback_query_id=tap, text=text or None), "acknowledge")

    async def poll(self, offset: int | None, limit: int, wait: int, allowed: list[str] | None) -> list[Any]:
        """The next updates, as they came; none after `wait` seconds. `offset` confirms all before it."""
        method = Poll(offset=offset, limit=limit, timeout=wait, allowed_updates=allowed)
        updates: list[Any] | None = await self._call(method, "account", wait=wait)
        if updates is None:
            raise Unreachable(NOT_THE_BOT_API)
        return updates

    async def username(self) -> str | None:
        """Who the token says we are."""
        return (await self._call(GetMe(), "account")).username

    async def webhook(self) -> WebhookState:
        """Where updates go, and how that fares."""
        info = await self._call(GetWebhookInfo(), "account")
        return WebhookState(
            url=info.url,
            allowed_updates=tuple(info.allowed_updates or ()),
            pending=info.pending_update_count,
            last_error_at=None if info.last_error_date is None else int(info.last_error_date.timestamp()),
            last_error=info.last_error_message or "",
        )

    async def set_webhook(self, url: str, secret: str) -> None:
        """Send updates to `url`, with `secret` in a header; what waits there is kept."""
        method = SetWebhook(
            url=url,
            secret_token=secret,
            allowed_updates=list(ALLOWED_UPDATES),
            max_connections=self._config.max_connections,
            drop_pending_updates=False,
        )
        await self._call(method, "account")

    async def delete_webhook(self) -> None:
        """Send updates nowhere; they wait at Telegram."""
        await self._call(DeleteWebhook(drop_pending_updates=False), "account")

    async def close(self) -> None:
        """Let go of connections."""
        await self._bot.session.close()

    async def _call(self, method: TelegramMethod[_Result], act: Act, address: str = "", wait: float = 0) -> _Result:
        failure: Exception
        try:
            # Less for a free connection than for the whole: so it is known that nothing was written when none came.
            limit = self._config.timeout
            timeout: Any = ClientTimeout(total=wait + limit, connect=limit * CONNECT_SHARE)
            return await self._bot.session(self._bot, method, timeout=timeout)
        except TelegramMigrateToChat as error:
            failure = _Migrated(error.migrate_to_chat_id)
        except Exception as error:  # noqa: BLE001 - aiogram lets more through than its own errors; nothing else may leave
            known = classify(error, act, address)
            if known is None:
                return None  # type: ignore[return-value]  # only an edit succeeds so, and nobody reads its result
            failure = known
        # Outside of the handler: the original holds the request, and with it a token or an address, in its traceback.
        raise failure


class _Migrated(Exception):
    """The group has a new id."""

    def __init__(self, chat_id: int) -> None:
        super().__init__("the group became a supergroup")
        self.chat_id = chat_id


def _markup(rows: Keyboard) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=button.text, callback_data=button.data) for button in row] for row in rows
        ]
    )
