"""One bot. Translates between the channel contract and the Bot API, by aiogram; retries nothing, stores nothing."""

import hmac
import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

import msgspec
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramMigrateToChat
from aiogram.methods import AnswerCallbackQuery, DeleteWebhook, GetMe, GetWebhookInfo, SetWebhook, TelegramMethod
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiohttp import ClientTimeout

from channels.base import Capabilities, Channel, Finding, HookRequest, Inbound, Message, Mode, Pace, Prompt, Sent
from channels.telegram.config import TelegramConfig
from channels.telegram.failures import NOT_THE_BOT_API, Act, classify
from channels.telegram.findings import WebhookState, host, webhook_findings
from channels.telegram.keyboard import MAX_BUTTONS, keyboard
from channels.telegram.methods import Edit, Poll, Send
from channels.telegram.session import Session
from channels.telegram.updates import ALLOWED_UPDATES, read_update
from net.errors import DeliveryError, Misconfigured, NotEditable, Rejected, Unreachable, WebhookRejected

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name, not a secret
MAX_TEXT = 4096
MAX_ACKNOWLEDGMENT = 200
BATCH = 100  # updates in one answer, the most that getUpdates gives
CONNECT_SHARE = 0.8  # of the timeout
PROBE_WAIT = 5  # seconds: a poller that was cut off learns it after about three, and comes back

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # https://core.telegram.org/bots/api#setwebhook
_CHAT_ID = re.compile(r"-?[1-9][0-9]{0,15}")  # at most 52 bits
_MESSAGE_ID = re.compile(r"[1-9][0-9]{0,15}")

_Result = TypeVar("_Result")


class Telegram(Channel):
    """One bot. An address is a chat id: a person's own id in a private chat, a negative number for a group."""

    kind = "telegram"
    title = "Telegram"
    Config = TelegramConfig
    capabilities = Capabilities(
        choices="inline",
        max_choices=MAX_BUTTONS,
        max_text=MAX_TEXT,  # UTF-16 code units: 😍 counts as two
        edit=True,
        acknowledge=True,
        acknowledge_within=150_000,  # what Telegram queues a tap for; how long a client waits is not written down
        max_acknowledgment=MAX_ACKNOWLEDGMENT,
        idempotent_send=False,
        window=None,
        receipts=False,
        modes=(Mode.WEBHOOK, Mode.POLLING, Mode.RELAY, Mode.SEND_ONLY),
        pace=Pace(per_second=30, per_recipient=1),
    )

    def __init__(self, account: str, config: TelegramConfig, hook_secrets: tuple[str, ...]) -> None:
        super().__init__(account, config, hook_secrets)
        if not hook_secrets or not all(_SECRET.fullmatch(secret) for secret in hook_secrets):
            raise ValueError("a hook needs a secret of 1 to 256 of A-Z a-z 0-9 _ -: without one it believes everybody")
        self._config = config
        self._hook_secrets = hook_secrets
        self._installed: str | None = None
        session = Session(api=TelegramAPIServer.from_base(config.api_url))
        self._bot = Bot(config.token.get_secret_value(), session=session)

    # --- what goes out

    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        """Send the choices as an inline keyboard."""
        return await self._send(address, prompt)

    async def send_text(self, address: str, message: Message) -> Sent:
        """Send words, with the actions below them."""
        return await self._send(address, message)

    async def edit(self, address: str, external_id: str, content: Prompt | Message) -> None:
        """Replace text and keyboard; without actions the keyboard goes."""
        _must_fit(content.text)
        if not _MESSAGE_ID.fullmatch(external_id):
            raise NotEditable("the id is no Telegram message id")
        method = Edit(
            chat_id=_chat_id(address),
            message_id=int(external_id),
            text=content.text,
            reply_markup=_markup(content),
        )
        try:
            await self._call(method, "edit", address)
        except _Migrated as migrated:
            raise NotEditable("the group became a supergroup, and its messages have other ids now") from migrated

    async def acknowledge(self, tap: str, text: str) -> None:
        """Stop the spinner on the button, and show `text` for a moment."""
        if _units(text) > MAX_ACKNOWLEDGMENT:
            raise Rejected(f"an acknowledgment has at most {MAX_ACKNOWLEDGMENT} characters")
        await self._call(AnswerCallbackQuery(callback_query_id=tap, text=text or None), "acknowledge")

    # --- what comes in

    def verify(self, request: HookRequest) -> None:
        """Compare the secret that setWebhook gave to Telegram, with all of ours, in constant time."""
        told = request.headers.get(SECRET_HEADER, "").encode()
        matches = [hmac.compare_digest(secret.encode(), told) for secret in self._hook_secrets]
        if not any(matches):
            raise WebhookRejected("not proven to come from Telegram")

    def parse(self, request: HookRequest) -> Sequence[Inbound]:
        """One update a request."""
        return [read_update(request.body)]

    async def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
        """Poll. `position` is the id of the next update; asking with it confirms all before."""
        offset = None if position is None else int(position)
        while True:
            updates = await self._poll(offset, BATCH, self._config.poll_wait, list(ALLOWED_UPDATES))
            if not updates:
                continue
            ids = [update["update_id"] for update in updates if isinstance(update, dict) and "update_id" in update]
            if not ids or not isinstance(ids[-1], int):
                raise Unreachable(NOT_THE_BOT_API)
            # Each is read by itself, so that one that cannot be read does not hide the others.
            events = [read_update(msgspec.json.encode(update)) for update in updates]
            offset = ids[-1] + 1
            yield events, str(offset)

    # --- the account

    async def install(self, url: str) -> None:
        """Set the webhook, with its secret and the list of updates; again where it is set, since both may have changed."""
        if self._config.mode is not Mode.WEBHOOK:
            raise Misconfigured(f"the mode is {self._config.mode}: no webhook is installed")
        info = await self._call(GetWebhookInfo(), "account")
        if info.url not in {"", url} and not self._config.takeover:
            raise Misconfigured(
                f"the bot's webhook belongs to {host(info.url)}: set takeover = true to replace it, "
                "which cuts that program (the helpdesk?) off from its messenger; or use mode relay or send-only"
            )
        method = SetWebhook(
            url=url,
            secret_token=self._hook_secrets[0],
            allowed_updates=list(ALLOWED_UPDATES),
            max_connections=self._config.max_connections,
            drop_pending_updates=False,
        )
        await self._call(method, "account")
        self._installed = url

    async def uninstall(self, url: str | None = None) -> None:
        """Remove the webhook; the updates that wait for it stay with Telegram."""
        info = await self._call(GetWebhookInfo(), "account")
        if not info.url:
            return
        if info.url != (url or self._installed) and not self._config.takeover:
            raise Misconfigured(f"the bot's webhook belongs to {host(info.url)}: it is not ours to remove")
        await self._call(DeleteWebhook(drop_pending_updates=False), "account")
        self._installed = None

    async def check(self, url: str | None) -> Sequence[Finding]:
        """Ask Telegram who we are and where updates go. In polling mode also looks for a second consumer.

        That look is a poll of up to five seconds. It confirms nothing, but cuts off a running poller for one round.
        """
        try:
            me = await self._call(GetMe(), "account")
            findings = [Finding("telegram.token", "ok", f"the bot is @{me.username}")]
        except DeliveryError as error:
            hint = "ask BotFather for the token" if isinstance(error, Misconfigured) else "see api_url and the network"
            return [Finding("telegram.token", "error", error.text, hint)]
        try:
            info = await self._call(GetWebhookInfo(), "account")
            state = WebhookState(
                url=info.url,
                allowed_updates=tuple(info.allowed_updates or ()),
                pending=info.pending_update_count,
                last_error_at=None if info.last_error_date is None else int(info.last_error_date.timestamp()),
                last_error=info.last_error_message or "",
            )
        except DeliveryError as error:
            return [*findings, Finding("telegram.webhook", "error", error.text)]
        findings += webhook_findings(state, self._config.mode, url, int(time.time()))
        if self._config.mode is Mode.POLLING and not state.url:
            findings.append(await self._second_consumer())
        return findings

    async def close(self) -> None:
        """Let go of connections."""
        await self._bot.session.close()

    # --- calls

    async def _send(self, address: str, content: Prompt | Message) -> Sent:
        _must_fit(content.text)
        method = Send(chat_id=_chat_id(address), text=content.text, reply_markup=_markup(content))
        try:
            result = await self._call(method, "send", address)
        except _Migrated as migrated:
            new_address = str(migrated.chat_id)
        else:
            return Sent(str(result.message_id))
        # Refused, so nothing was sent: the one case where the same request goes out again, to the group's new id.
        method.chat_id = int(new_address)
        try:
            result = await self._call(method, "send", new_address)
        except _Migrated as again:
            raise Rejected("the group became a supergroup twice") from again
        return Sent(str(result.message_id), new_address)

    async def _poll(self, offset: int | None, limit: int, wait: int, allowed: list[str] | None) -> list[Any]:
        method = Poll(offset=offset, limit=limit, timeout=wait, allowed_updates=allowed)
        updates: list[Any] | None = await self._call(method, "account", wait=wait)
        if updates is None:
            raise Unreachable(NOT_THE_BOT_API)
        return updates

    async def _second_consumer(self) -> Finding:
        found = "telegram.second_consumer"
        try:
            await self._poll(None, 1, min(PROBE_WAIT, self._config.poll_wait), None)
        except Misconfigured as error:
            hint = "one program a token: stop the other, or let the helpdesk relay (mode relay)"
            return Finding(found, "warning", f"{error.text}; if that is this very service, all is well", hint)
        except DeliveryError as error:
            return Finding(found, "warning", error.text)
        return Finding(found, "ok", "nobody else was seen polling")

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


class _Migrated(Exception):  # noqa: N818 - a turn in the talk with Telegram, not an error that anybody sees
    """The group has a new id."""

    def __init__(self, chat_id: int) -> None:
        super().__init__("the group became a supergroup")
        self.chat_id = chat_id


def _markup(content: Prompt | Message) -> InlineKeyboardMarkup | None:
    rows = keyboard(content)
    if not rows:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=button.text, callback_data=button.data) for button in row] for row in rows
        ]
    )


def _chat_id(address: str) -> int:
    if not _CHAT_ID.fullmatch(address):
        raise Rejected("the address is no Telegram chat id")
    return int(address)


def _must_fit(text: str) -> None:
    if not text.strip():
        raise Rejected("Telegram sends no empty text")
    if _units(text) > MAX_TEXT:
        raise Rejected(f"a text has at most {MAX_TEXT} UTF-16 code units")


def _units(text: str) -> int:
    """How Telegram counts: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
