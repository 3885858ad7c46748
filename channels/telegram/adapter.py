"""One bot. Translates between the channel contract and the Bot API; retries nothing, stores nothing.

aiogram takes seconds to import, and receiving needs none of it: what calls Telegram is in client.py, and comes with the
first call.
"""

import asyncio
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from channels.base import (
    Capabilities,
    Channel,
    Finding,
    HookRequest,
    Inbound,
    Message,
    Mode,
    Pace,
    Phrase,
    Prompt,
    Sent,
    failure,
)
from channels.limits import must_be_whole, must_fit
from channels.telegram.config import TelegramConfig
from channels.telegram.failures import NOT_THE_BOT_API
from channels.telegram.findings import webhook_findings
from channels.telegram.keyboard import MAX_BUTTONS, keyboard
from channels.telegram.updates import ALLOWED_UPDATES, read_update
from channels.webhooks import may_install, may_remove
from net.errors import DeliveryError, Misconfigured, NotEditable, Rejected, Unreachable, WebhookRejected

if TYPE_CHECKING:
    from channels.telegram.client import Client

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name, not a secret
EMPTY = "Telegram sends no empty text"
MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ACKNOWLEDGMENT = 200
BATCH = 100  # updates in one answer, the most that getUpdates gives
PROBE_WAIT = 5  # seconds: a poller that was cut off learns it after about three, and comes back

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # https://core.telegram.org/bots/api#setwebhook
_CHAT_ID = re.compile(r"-?[1-9][0-9]{0,15}")  # at most 52 bits
_MESSAGE_ID = re.compile(r"[1-9][0-9]{0,15}")


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
        pictures=1,
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
        self._loading: asyncio.Task[Client] | None = None

    # --- what goes out

    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        """Send the choices as an inline keyboard."""
        return await self._send(address, prompt)

    async def send_text(self, address: str, message: Message) -> Sent:
        """Send words, with the actions below them; or below a picture, where there is one and a caption holds the words."""
        if message.pictures and _units(message.text) <= MAX_CAPTION:
            return await self._send_picture(address, message)
        return await self._send(address, message)

    def preview(self, content: Prompt | Message) -> Mapping[str, object]:
        """Show the text above the inline keyboard."""
        must_fit(content.text, MAX_TEXT, empty=EMPTY, length=_units, unit="UTF-16 code units")
        return {"text": content.text, "buttons": [[button.text for button in row] for row in keyboard(content)]}

    async def edit(self, address: str, external_id: str, content: Prompt | Message) -> None:
        """Replace text and keyboard; without actions the keyboard goes."""
        must_fit(content.text, MAX_TEXT, empty=EMPTY, length=_units, unit="UTF-16 code units")
        if not _MESSAGE_ID.fullmatch(external_id):
            raise NotEditable("the id is no Telegram message id")
        chat_id, rows = _chat_id(address), keyboard(content)
        await (await self._client()).edit(chat_id, int(external_id), content.text, rows)

    async def acknowledge(self, tap: str, text: str) -> None:
        """Stop the spinner on the button, and show `text` for a moment."""
        if _units(text) > MAX_ACKNOWLEDGMENT:
            raise Rejected(f"an acknowledgment has at most {MAX_ACKNOWLEDGMENT} characters")
        must_be_whole(text)
        await (await self._client()).acknowledge(tap, text)

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
        client = await self._client()
        while True:
            updates = await client.poll(offset, BATCH, self._config.poll_wait, list(ALLOWED_UPDATES))
            if not updates:
                continue
            ids = [update["update_id"] for update in updates if isinstance(update, dict) and "update_id" in update]
            if not ids or not isinstance(ids[-1], int):
                raise Unreachable(NOT_THE_BOT_API)
            # Each is read by itself, so that one that cannot be read does not hide the others.
            events = [read_update(_body(update)) for update in updates]
            offset = ids[-1] + 1
            yield events, str(offset)

    # --- the account

    async def install(self, url: str) -> None:
        """Set the webhook, with its secret and the list of updates; again where it is set, since both may have changed."""
        if self._config.mode is not Mode.WEBHOOK:
            raise Misconfigured(f"the mode is {self._config.mode}: no webhook is installed")
        client = await self._client()
        may_install((await client.webhook()).url, url, takeover=self._config.takeover)
        await client.set_webhook(url, self._hook_secrets[0])
        self._installed = url

    async def uninstall(self, url: str | None = None) -> None:
        """Remove the webhook; the updates that wait for it stay with Telegram."""
        client = await self._client()
        installed = (await client.webhook()).url
        if not installed:
            return
        may_remove(installed, url or self._installed, takeover=self._config.takeover)
        await client.delete_webhook()
        self._installed = None

    async def check(self, url: str | None) -> Sequence[Finding]:
        """Ask Telegram who we are and where updates go. In polling mode also looks for a second consumer.

        That look is a poll of up to five seconds. It confirms nothing, but cuts off a running poller for one round.
        """
        try:
            client = await self._client()
            username = await client.username()
        except DeliveryError as error:
            ours = isinstance(error, Misconfigured)
            hint = Phrase("ask BotFather for the token") if ours else Phrase("see api_url and the network")
            return [failure("telegram.token", error, hint)]
        findings = [Finding("telegram.token", "ok", Phrase("the bot is @%(username)s", username=username))]
        try:
            state = await client.webhook()
        except DeliveryError as error:
            return [*findings, failure("telegram.webhook", error)]
        findings += webhook_findings(state, self._config.mode, url, int(time.time()))
        if self._config.mode is Mode.POLLING and not state.url:
            findings.append(await self._second_consumer(client))
        return findings

    async def close(self) -> None:
        """Let go of connections."""
        if self._loading is None:
            return
        await asyncio.wait({self._loading})
        if not _failed(self._loading):
            await self._loading.result().close()

    # --- calls

    async def _client(self) -> "Client":
        """What calls Telegram, loaded by whoever comes first. Raises Unreachable where aiogram cannot be imported."""
        if self._loading is None or (self._loading.done() and _failed(self._loading)):
            self._loading = asyncio.create_task(_load(self._config))
        # Shielded: whoever gives up waiting leaves it to the others.
        return await asyncio.shield(self._loading)

    async def _send(self, address: str, content: Prompt | Message) -> Sent:
        must_fit(content.text, MAX_TEXT, empty=EMPTY, length=_units, unit="UTF-16 code units")
        chat_id, rows = _chat_id(address), keyboard(content)
        return await (await self._client()).send(chat_id, content.text, rows)

    async def _send_picture(self, address: str, message: Message) -> Sent:
        must_fit(message.text, MAX_CAPTION, empty=EMPTY, length=_units, unit="UTF-16 code units")
        if len(message.pictures) > 1 or message.actions:
            raise Rejected("a picture stands alone, without buttons")
        return await (await self._client()).send_photo(_chat_id(address), message.pictures[0], message.text)

    async def _second_consumer(self, client: "Client") -> Finding:
        found = "telegram.second_consumer"
        try:
            await client.poll(None, 1, min(PROBE_WAIT, self._config.poll_wait), None)
        except Misconfigured as error:
            text = Phrase("%(told)s; if that is this very service, all is well", told=error.text)
            hint = Phrase("one program a token: stop the other, or let the helpdesk relay (mode relay)")
            return Finding(found, "warning", text, hint)
        except DeliveryError as error:
            return failure(found, error, level="warning")
        return Finding(found, "ok", Phrase("nobody else was seen polling"))


async def _load(config: TelegramConfig) -> "Client":
    try:
        # In a thread, so that hooks are answered meanwhile.
        client = await asyncio.to_thread(_import_client)
    except Exception as error:
        # Nothing was sent, and nothing is lost by another try: perhaps somebody is just exchanging the libraries.
        raise Unreachable("aiogram cannot be imported", platform_code=type(error).__name__) from error
    return client(config)


def _import_client() -> "type[Client]":
    from channels.telegram.client import Client  # noqa: PLC0415 - it imports aiogram

    return Client


def _failed(loading: "asyncio.Task[Client]") -> bool:
    return loading.cancelled() or loading.exception() is not None


def _body(update: object) -> bytes:
    """An update as a webhook would have brought it."""
    try:
        return msgspec.json.encode(update)
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError):
        # Half an emoji, or a number beyond 64 bits: the standard library writes what it has read, whatever it is.
        return json.dumps(update).encode()


def _chat_id(address: str) -> int:
    if not _CHAT_ID.fullmatch(address):
        raise Rejected("the address is no Telegram chat id")
    return int(address)


def _units(text: str) -> int:
    """How Telegram counts: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
