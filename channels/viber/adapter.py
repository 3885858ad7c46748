"""One bot. Translates between the channel contract and the REST Bot API; retries nothing, stores nothing."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

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
from channels.limits import must_fit
from channels.viber.config import ViberConfig
from channels.viber.events import EVENT_TYPES, read_event
from channels.viber.failures import NOT_VIBER, OK, TOO_OLD, Act, decide, unsettled
from channels.viber.findings import Account, account_findings
from channels.viber.keyboard import INPUT_FIELD_VERSION, MAX_BUTTONS, keyboard, shown
from channels.webhooks import may_install, may_remove
from net.errors import DeliveryError, Misconfigured, OutcomeUnknown, Rejected, WebhookRejected
from net.http import HttpAnswer, HttpClient, raise_for_status

SIGNATURE_HEADER = "x-viber-content-signature"
EMPTY = "Viber sends no empty text"
MAX_TEXT = 7000
MAX_REQUEST = 30 * 1024  # bytes

_ADDRESS = re.compile(r"[!-~]{1,100}")
_CLIENT = re.compile(r"[1-9][0-9]{0,2}")
_NOT_THE_API = frozenset({401, 403, 404, 405})

Json = dict[str, Any]


class _Taken(msgspec.Struct):
    """The answer to send_message. A token that is no int is none: 64 bits do not survive as a float."""

    status: int
    message_token: object = None


class _Done(msgspec.Struct):
    """The answer to set_webhook."""

    status: int


_Answer = TypeVar("_Answer", _Taken, _Done, Account)


class Viber(Channel):
    """One bot. An address is what Viber calls the customer for this very bot: another bot knows them by another id."""

    kind = "viber"
    title = "Viber"
    Config = ViberConfig
    capabilities = Capabilities(
        choices="reply",
        max_choices=MAX_BUTTONS,
        max_text=MAX_TEXT,
        edit=False,
        acknowledge=False,
        acknowledge_within=None,
        max_acknowledgment=0,
        idempotent_send=False,
        window=None,  # what is not within 24 hours of the customer's own message is billed, but goes out
        receipts=True,
        modes=(Mode.WEBHOOK, Mode.RELAY, Mode.SEND_ONLY),
        pace=Pace(per_second=50, per_recipient=1),
    )

    def __init__(self, account: str, config: ViberConfig, hook_secrets: tuple[str, ...]) -> None:
        super().__init__(account, config, hook_secrets)  # the secrets are not used: the token signs
        self._config = config
        self._token = config.token.get_secret_value()
        self._http = HttpClient()
        self._installed: str | None = None

    # --- what goes out

    async def send_prompt(self, address: str, prompt: Prompt) -> Sent:
        """Send the choices as a keyboard of one button a row, in place of the input field."""
        return await self._send(address, prompt, "hidden" if self._config.hide_input else "regular")

    async def send_text(self, address: str, message: Message) -> Sent:
        """Send words, with the actions as a keyboard and the input field back; without actions the keyboard goes."""
        return await self._send(address, message, "regular")

    def preview(self, content: Prompt | Message) -> Mapping[str, object]:
        """Show the text above the keyboard, a button a row, with the colour of each."""
        must_fit(content.text, MAX_TEXT, empty=EMPTY)
        board = keyboard(content, input_field=None)
        return {"text": content.text, **shown(board)}

    # --- what comes in

    def verify(self, request: HookRequest) -> None:
        """Compare the signature over the body as it came, in constant time. One that comes an hour late is as good."""
        signature = hmac.digest(self._token.encode(), request.body, hashlib.sha256).hex()
        told = request.headers.get(SIGNATURE_HEADER, "").encode()
        if not hmac.compare_digest(signature.encode(), told):
            raise WebhookRejected("not proven to come from Viber")

    def parse(self, request: HookRequest) -> Sequence[Inbound]:
        """One event a request."""
        return [read_event(request.body)]

    # --- the account

    async def install(self, url: str) -> None:
        """Set the webhook with its list of events; again where it is set, since the list may have changed.

        Viber calls the url before it answers: where nobody answers there yet, this is Unreachable, for another try.
        """
        if self._config.mode is not Mode.WEBHOOK:
            raise Misconfigured(f"the mode is {self._config.mode}: no webhook is installed")
        may_install((await self._account()).webhook or "", url, takeover=self._config.takeover)
        await self._set_webhook({"url": url, "event_types": EVENT_TYPES, "send_name": False, "send_photo": False})
        self._installed = url

    async def uninstall(self, url: str | None = None) -> None:
        """Remove the webhook. Without one a bot may not send, either."""
        installed = (await self._account()).webhook
        if not installed:
            return
        may_remove(installed, url or self._installed, takeover=self._config.takeover)
        await self._set_webhook({"url": ""})
        self._installed = None

    async def check(self, url: str | None) -> Sequence[Finding]:
        """Ask Viber who we are, and where events go."""
        try:
            account = await self._account()
        except DeliveryError as error:
            ours = isinstance(error, Misconfigured)
            hint = Phrase("see token and api_url") if ours else Phrase("see api_url and the network")
            return [failure("viber.token", error, hint)]
        return account_findings(account, self._config.mode, url)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    # --- calls

    async def _send(self, address: str, content: Prompt | Message, input_field: str) -> Sent:
        if not _ADDRESS.fullmatch(address):
            raise Rejected("the address is no Viber user id")
        must_fit(content.text, MAX_TEXT, empty=EMPTY)
        modern = self._version(content.client) >= INPUT_FIELD_VERSION
        request = self._message(address, content, input_field if modern else None)
        taken = await self._call("send_message", _encode(request), "send", _Taken)
        if taken.status in TOO_OLD and request["min_api_version"] > 1:
            # Refused, so nothing was sent: the one case where the message goes out again, as older apps know it.
            request = self._message(address, content, None)
            taken = await self._call("send_message", _encode(request), "send", _Taken)
        if taken.status != OK:
            raise decide(taken.status, "send", self._config.wait_when_throttled)
        if type(taken.message_token) is not int:
            raise OutcomeUnknown("Viber took the message and told no id of it")
        return Sent(str(taken.message_token))

    def _message(self, address: str, content: Prompt | Message, input_field: str | None) -> Json:
        board = keyboard(content, input_field=input_field)
        request: Json = {
            "receiver": address,
            # No more than the message needs: devices that know less do not show it.
            "min_api_version": INPUT_FIELD_VERSION if board and input_field else 1,
            "sender": {"name": self._config.sender},
            "type": "text",
            "text": content.text,
        }
        return request if board is None else {**request, "keyboard": board}

    def _version(self, client: str) -> int:
        return int(client) if _CLIENT.fullmatch(client) else self._config.api_version

    async def _account(self) -> Account:
        account = await self._call("get_account_info", b"{}", "account", Account)
        if account.status != OK:
            raise decide(account.status, "account", self._config.wait_when_throttled)
        return account

    async def _set_webhook(self, request: Json) -> None:
        done = await self._call("set_webhook", _encode(request), "account", _Done)
        if done.status != OK:
            raise decide(done.status, "account", self._config.wait_when_throttled)

    async def _call(self, method: str, body: bytes, act: Act, shape: type[_Answer]) -> _Answer:
        """Viber's answer, whatever its status. Raises a DeliveryError where there is none."""
        url = f"{self._config.api_url}/{method}"
        headers = {"X-Viber-Auth-Token": self._token, "Content-Type": "application/json"}
        failure: DeliveryError
        try:
            answer = await self._http.request("POST", url, data=body, headers=headers, timeout=self._config.timeout)
        except OutcomeUnknown as error:
            failure = unsettled(error.text, act, error.platform_code)
        else:
            found = _read(answer, act, shape)
            if not isinstance(found, DeliveryError):
                return found
            failure = found
        raise failure


def _read(answer: HttpAnswer, act: Act, shape: type[_Answer]) -> _Answer | DeliveryError:
    """Anything but a 200 comes from something before Viber, or from another program."""
    code = str(answer.status)
    if answer.status >= 500:  # noqa: PLR2004 - HTTP's own number
        return unsettled("Viber is out of order", act, code)
    if answer.status in _NOT_THE_API:
        return Misconfigured("api_url is no Viber API, or something before it refuses us", platform_code=code)
    try:
        raise_for_status(answer)
        return msgspec.json.decode(answer.body, type=shape)
    except DeliveryError as error:
        return error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return unsettled(NOT_VIBER, act, code)


def _encode(request: Json) -> bytes:
    try:
        body = msgspec.json.encode(request)
    except UnicodeEncodeError:
        body = None  # half an emoji
    if body is None:
        raise Rejected("the text is no Unicode")
    if len(body) > MAX_REQUEST:
        raise Rejected(f"a message has at most {MAX_REQUEST} bytes with its buttons")
    return body
