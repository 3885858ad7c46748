"""One community. Translates between the channel contract and VK's API; retries nothing, stores nothing.

Receiving needs no vk_api: what calls VK is in client.py, and imports it with the first call, in a thread.
"""

import hmac
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from channels.base import (
    Action,
    ActionName,
    Capabilities,
    Channel,
    Finding,
    HookReply,
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
from channels.vk import findings
from channels.vk.client import Client
from channels.vk.community import Community
from channels.vk.config import MAX_SECRET, VkConfig
from channels.vk.keyboard import BELOW, MAX_BUTTONS, keyboard
from channels.vk.updates import CONFIRMATION, read_envelope, read_handle, read_update
from net.errors import DeliveryError, Misconfigured, NotEditable, Rejected, TapExpired, WebhookRejected

if TYPE_CHECKING:
    from net.http import HttpClient

EMPTY = "VK sends no empty text"
MAX_TEXT = 4096
MAX_ACKNOWLEDGMENT = 90
OK = HookReply(body=b"ok")
"""What VK wants to read after every event: these two letters and nothing else."""

ASK_AGAIN = HookReply(status=503, body=b"the confirmation code is not known yet")
CHATS = 2_000_000_000  # from here on a peer is a group chat

_USER_ID = re.compile(r"[1-9][0-9]{0,9}")
_MESSAGE = re.compile(r"[1-9][0-9]{0,15}")


class Vk(Channel):
    """One community. An address is the number of a person's page; group chats are none."""

    kind = "vk"
    title = "VK"
    Config = VkConfig
    capabilities = Capabilities(
        choices="inline",
        max_choices=MAX_BUTTONS,
        # VK says 9,000 today and said 4,096 before. So many Unicode characters stay below 9,000 however VK counts them.
        max_text=MAX_TEXT,
        edit=True,
        acknowledge=True,
        acknowledge_within=60_000,
        max_acknowledgment=MAX_ACKNOWLEDGMENT,
        idempotent_send=True,
        window=None,
        receipts=False,
        modes=(Mode.WEBHOOK, Mode.POLLING, Mode.RELAY, Mode.SEND_ONLY),
        pace=Pace(per_second=20, per_recipient=2),
        shared=True,  # up to ten programs hear a community: what is not ours is for the helpdesk
    )

    def __init__(self, account: str, config: VkConfig, hook_secrets: tuple[str, ...]) -> None:
        super().__init__(account, config, hook_secrets)
        if not hook_secrets or not all(hook_secrets):
            raise ValueError("a hook needs a secret: without one it believes everybody")
        self._config = config
        # A derived secret is longer than VK takes; one of the settings never is (config.py).
        self._hook_secrets = tuple(secret[:MAX_SECRET] for secret in hook_secrets)
        self._code = config.confirmation
        self._installed: str | None = None
        self._client: Client | None = None
        self._http: HttpClient | None = None

    # --- what goes out

    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        """Send the choices as an inline keyboard, in the sort that the customer's app knows."""
        return await self._send(address, prompt)

    async def send_text(self, address: str, message: Message) -> Sent:
        """Send words, with the actions below them."""
        return await self._send(address, message)

    def preview(self, content: Prompt | Message) -> Mapping[str, object]:
        """Show the text above the keyboard."""
        must_fit(content.text, MAX_TEXT, empty=EMPTY)
        return {"text": content.text, "buttons": [[button.label for button in row] for row in keyboard(content).rows]}

    async def edit(self, address: str, external_id: str, content: Prompt | Message) -> None:
        """Replace text and keyboard; without actions the keyboard goes.

        An edit does not reach the keyboard under the input field: for apps that know only that, it is NotEditable.
        """
        must_fit(content.text, MAX_TEXT, empty=EMPTY)
        peer, shown = _peer(address), keyboard(content)
        if not _MESSAGE.fullmatch(external_id):
            raise NotEditable("the id is no number of a message in a conversation")
        if content.client == BELOW:
            raise NotEditable("the customer's app shows no buttons below a message")
        await self._calls().edit(peer, int(external_id), content.text, shown)

    async def acknowledge(self, tap: str, text: str) -> None:
        """Stop the spinner on the button, and show `text` for a moment."""
        if len(text) > MAX_ACKNOWLEDGMENT:
            raise Rejected(f"an acknowledgment has at most {MAX_ACKNOWLEDGMENT} characters")
        must_be_whole(text)
        handle = read_handle(tap)
        if handle is None:
            raise TapExpired("this is no tap of VK")
        user, peer, event_id = handle
        await self._calls().acknowledge(event_id, user, peer, text)

    # --- what comes in

    def verify(self, request: HookRequest) -> None:
        """Compare community and secret, which VK writes into the body, with ours; the secret in constant time.

        A request for the confirmation code may come without a secret. The code opens nothing: it is good for this
        community's own servers alone.
        """
        envelope = read_envelope(request.body)
        secret = "" if envelope is None else envelope.secret
        matches = [hmac.compare_digest(known.encode(), secret.encode()) for known in self._hook_secrets]
        ours = envelope is not None and envelope.group_id == self._config.group_id
        asks = envelope is not None and envelope.type == CONFIRMATION and not secret
        if not ours or not (any(matches) or asks):
            raise WebhookRejected("not proven to come from VK")

    def parse(self, request: HookRequest) -> Sequence[Inbound]:
        """One event a request."""
        return [read_update(request.body)]

    def reply(self, request: HookRequest) -> HookReply:
        """`ok`, or the confirmation code where VK asks for it; while that is not known yet, VK has to ask again."""
        envelope = read_envelope(request.body)
        if envelope is None or envelope.type != CONFIRMATION:
            return OK
        return ASK_AGAIN if self._code is None else HookReply(body=self._code.encode())

    def listen(self, position: str | None) -> AsyncIterator[tuple[Sequence[Inbound], str]]:
        """Poll. `position` is VK's `ts`."""
        from channels.vk.long_poll import listen  # noqa: PLC0415 - it imports aiohttp, which hooks do not need
        from net.http import HttpClient  # noqa: PLC0415 - as above

        self._http = self._http or HttpClient(connections=2)
        return listen(self._calls(), self._http, self._config, self.account, position)

    # --- the account

    async def install(self, url: str) -> None:
        """Have one Callback API server of our own at `url`, with its secret and our events; others stay as they are.

        Raises Unreachable when VK has not confirmed it by then.
        """
        if self._config.mode is not Mode.WEBHOOK:
            raise Misconfigured(f"the mode is {self._config.mode}: no Callback API server is installed")
        community = self._community()
        if self._config.confirmation is None:
            # First: VK asks for it while it makes the server, and asks any process behind the address.
            self._code = await community.confirmation_code()
        await community.point(url, self._hook_secrets[0])
        self._installed = url

    async def uninstall(self, url: str | None = None) -> None:
        """Remove our Callback API server. What others have installed has other addresses, and stays."""
        ours = url or self._installed
        if ours is not None:
            await self._community().remove(ours)
        self._installed = None

    async def check(self, url: str | None) -> Sequence[Finding]:
        """Ask VK who we are, what the key may do, whether buttons are taken, and where events go."""
        community, mode = self._community(), self._config.mode
        try:
            found = [findings.token(await community.itself(), self._config.group_id)]
        except DeliveryError as error:
            ours = isinstance(error, Misconfigured)
            see_all = Phrase("see token (the community's settings make a new key) and api_url")
            return [failure("vk.token", error, see_all if ours else Phrase("see api_url"))]
        if found[0].level == "error":
            return found
        try:
            found.append(findings.permissions(await community.may(), mode))
        except DeliveryError as error:
            found.append(failure("vk.permissions", error))
        found.append(await self._bot_capabilities())
        if mode is Mode.POLLING:
            found.append(await self._long_poll(community))
        if mode in {Mode.WEBHOOK, Mode.RELAY}:
            found += await self._callback(community, url)
        return found

    async def close(self) -> None:
        """Let go of threads and connections."""
        client, self._client = self._client, None
        http, self._http = self._http, None
        if client is not None:
            await client.close()
        if http is not None:
            await http.close()

    # --- calls

    def _calls(self) -> Client:
        self._client = self._client or Client(self._config)
        return self._client

    def _community(self) -> Community:
        return Community(self._calls(), self._config.group_id)

    async def _send(self, address: str, content: Prompt | Message) -> Sent:
        must_fit(content.text, MAX_TEXT, empty=EMPTY)
        peer, shown = _peer(address), keyboard(content)
        # Under the input field an old keyboard may still stand; below a message there is none yet.
        needed = shown if shown.rows or shown.sort == "below" else None
        return await self._calls().send(peer, content.text, needed, content.key)

    async def _bot_capabilities(self) -> Finding:
        """Send a button to the community's own number, where VK delivers nothing: only why it refuses is of interest.

        VK tells of this switch to its administrators alone, not to an access key.
        """
        probe = keyboard(Message("?", (Action(ActionName.SKIP, "?"),), "a"))
        try:
            await self._calls().send(-self._config.group_id, "?", probe, "check")
        except DeliveryError as error:
            return findings.bot_capabilities(on=not error.platform_code.startswith("912"))
        return findings.bot_capabilities(on=True)

    async def _long_poll(self, community: Community) -> Finding:
        try:
            return findings.long_poll(await community.long_poll_events())
        except DeliveryError as error:
            return failure("vk.long_poll", error)

    async def _callback(self, community: Community, url: str | None) -> list[Finding]:
        mode = self._config.mode
        try:
            ours = [] if url is None else await community.servers_at(url)
            found = [findings.callback(ours, mode, url, confirmation=self._config.confirmation is not None)]
            if ours:
                found.append(findings.events(await community.callback_events(ours[0]), mode))
        except DeliveryError as error:
            # Whoever forwards events to us may keep the right to ask to themselves.
            return [failure("vk.callback", error, level="warning" if mode is Mode.RELAY else "error")]
        return found


def _peer(address: str) -> int:
    if not _USER_ID.fullmatch(address) or int(address) >= CHATS:
        raise Rejected("the address is no number of a person's page at VK")
    return int(address)
