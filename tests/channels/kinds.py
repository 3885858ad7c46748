"""What the contract suite must know of each kind: one row a kind."""

import email.policy
import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from functools import partial

from pydantic import SecretStr

from channels import registry
from channels.base import Channel, HookRequest, Inbound, Mode
from net.errors import DeliveryError, Unreachable
from tests.channels import heard
from tests.channels.heard import Heard
from tests.channels.platform import Answer, Behaviour, Garbage, Hang, Platform, Recorded, dead_url, running_platform
from tests.channels.smtp_platform import Replies, SmtpPlatform


@dataclass(frozen=True)
class KindCase:
    kind: str
    library: str
    """The messenger's library, which the settings must not import."""
    make: Callable[[str, Mode, tuple[str, ...], float], Channel]
    """From api_url, mode, hook secrets and timeout."""
    hook_secrets: tuple[str, ...]
    """Newest first."""
    secrets: tuple[str, ...]
    """What no log line and no error may show."""
    address: str
    accepted: Behaviour
    throttled: Behaviour
    retry_after: float
    out_of_order: Behaviour
    refused_credentials: Behaviour
    garbage: Behaviour
    """What looks like success and is not the platform's."""
    payloads: Callable[[Recorded], list[str]]
    """What the buttons of a sent message carry, in order; for links where they lead."""
    tap: Callable[[str, str], HookRequest] | None
    """A hook with a tap: from what the button carries, and the secret. None: this kind has no hooks, its choices are links."""
    forged: Callable[[HookRequest], list[HookRequest]]
    """Hooks that must be refused, made from a good one."""
    mode: Mode = Mode.WEBHOOK
    """The mode to send in."""
    platform: Callable[[], AbstractAsyncContextManager[Platform]] = running_platform
    scheme: str = "http"
    """Of the platform's url."""
    unsent: Mapping[str, Behaviour] = field(default_factory=dict)
    """What a trouble looks like where no message is sent, if that is something else."""
    declared: Mapping[str, type[DeliveryError]] = field(default_factory=dict)
    """What a trouble means to this kind, where it is not what it means to the others."""
    waiting: str = "2386547801234567890"
    """What a tap of this kind gives to acknowledge it by."""
    heard: Callable[[str, str], Heard] = lambda *_: {}
    """What else its hooks tell: from the secret and the customer."""
    written_tap: Callable[[str, str, str], HookRequest] | None = None
    """Another shape of a tap, if there is one: from what the button carries, the secret and the customer."""
    send_key: Callable[[Recorded], str] | None = None
    """What the platform knows a repetition by, read from a sent message."""
    needs_hook_secret: bool = True
    """False: something else proves a hook, such as a signature by the account's own token."""
    impossible: frozenset[str] = frozenset({"opted_out", "window_closed"})
    """The codes of errors that this kind never gives, and so does not explain on its page."""

    def idle(self, mode: Mode | None = None) -> Channel:
        """An account that never connects."""
        return self.make(dead_url(self.scheme), mode or self.mode, self.hook_secrets, 1)

    def read(self, channel: Channel, payload: str) -> list[Inbound]:
        """What a button says, in each shape in which its tap can come."""
        assert self.tap
        secret = self.hook_secrets[0]
        requests = [self.tap(payload, secret)]
        if self.written_tap:
            requests.append(self.written_tap(payload, secret, self.address))
        for request in requests:
            channel.verify(request)
        return [event for request in requests for event in channel.parse(request)]

    def told(self, channel: Channel) -> dict[type[Inbound], list[Inbound]]:
        """What the samples of this kind are read as, one event each, by what they mean."""
        found: dict[type[Inbound], list[Inbound]] = {}
        for meant, requests in self.heard(self.hook_secrets[0], self.address).items():
            for request in requests:
                channel.verify(request)
                (event,) = channel.parse(request)
                assert channel.reply(request).status == 200
                found.setdefault(meant, []).append(event)
        return found


def _telegram(api_url: str, mode: Mode, hook_secrets: tuple[str, ...], timeout: float) -> Channel:
    keys = {"token": SecretStr(_TELEGRAM_TOKEN), "api_url": api_url, "mode": mode, "timeout": timeout, "poll_wait": 1}
    config = registry.config_class("telegram").model_validate(keys)
    return registry.load("telegram")("telegram.support", config, hook_secrets)


_TELEGRAM_TOKEN = "4200:AAH-secret-of-the-bot_x"


def _telegram_payloads(request: Recorded) -> list[str]:
    rows = json.loads(request.form.get("reply_markup", '{"inline_keyboard": []}'))["inline_keyboard"]
    return [button["callback_data"] for row in rows for button in row]


def _telegram_tap(payload: str, secret: str) -> HookRequest:
    update = {
        "update_id": 700000101,
        "callback_query": {
            "id": "2386547801234567890",
            "from": {"id": 555001, "is_bot": False, "first_name": "Ann"},
            "message": {"message_id": 77, "chat": {"id": 555001, "type": "private"}, "date": 1790000000, "text": "?"},
            "chat_instance": "-3344",
            "data": payload,
        },
    }
    return HookRequest("POST", {"x-telegram-bot-api-secret-token": secret}, json.dumps(update).encode())


def _with_header(request: HookRequest, name: str, values: tuple[str, ...]) -> list[HookRequest]:
    bare = {key: value for key, value in request.headers.items() if key != name}
    good = request.headers[name]
    guesses = (*values, "", " ", good[:-1], good + "x", good.swapcase(), "ü")
    return [replace(request, headers=bare)] + [replace(request, headers={**bare, name: guess}) for guess in guesses]


def _answer(status: int, content: dict[str, object], *headers: tuple[str, str]) -> Answer:
    return Answer(status, json.dumps(content).encode(), (("Content-Type", "application/json"), *headers))


_VIBER_TOKEN = "445da6az1s345z78-secret-of-the-viber-bot"
_VIBER_CUSTOMER = "01234567890A=viberAnn=="


def _viber(api_url: str, mode: Mode, hook_secrets: tuple[str, ...], timeout: float) -> Channel:
    keys = {"token": SecretStr(_VIBER_TOKEN), "api_url": f"{api_url}/pa", "mode": mode, "timeout": timeout}
    config = registry.config_class("viber").model_validate(keys)
    return registry.load("viber")("viber.support", config, hook_secrets)


def _viber_payloads(request: Recorded) -> list[str]:
    return [button["ActionBody"] for button in json.loads(request.body)["keyboard"]["Buttons"]]


def _viber_tap(payload: str, secret: str) -> HookRequest:
    event = {
        "event": "message",
        "timestamp": 1790000050000,
        "chat_hostname": "SN-CALLBACK-03_",
        "message_token": 5741311803571721999,
        "sender": {"id": _VIBER_CUSTOMER, "name": "Ann", "language": "ru", "country": "RU", "api_version": 10},
        "message": {"type": "text", "text": payload, "tracking_data": ""},
        "silent": True,
    }
    body = json.dumps(event).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return HookRequest("POST", {"x-viber-content-signature": signature}, body)


def _viber_forged(request: HookRequest) -> list[HookRequest]:
    changed = (request.body.replace(b"Ann", b"Bob"), request.body + b" ", b"")
    return [
        *_with_header(request, "x-viber-content-signature", ("0" * 64,)),
        *(replace(request, body=body) for body in changed),
    ]


_VK_TOKEN = "vk1.a.secret-of-the-community_x-0123456789"
_VK_GROUP = 900100


def _vk(api_url: str, mode: Mode, hook_secrets: tuple[str, ...], timeout: float) -> Channel:
    keys = {"token": SecretStr(_VK_TOKEN), "group_id": _VK_GROUP, "api_url": api_url, "mode": mode, "timeout": timeout}
    config = registry.config_class("vk").model_validate({**keys, "poll_wait": 1, "threads": 2})
    return registry.load("vk")("vk.support", config, hook_secrets)


def _vk_payloads(request: Recorded) -> list[str]:
    rows = json.loads(request.form.get("keyboard", '{"buttons": []}'))["buttons"]
    return [button["action"]["payload"] for row in rows for button in row]


def _vk_tap(payload: str, secret: str) -> HookRequest:
    event = {
        "type": "message_event",
        "event_id": "3f1c5a77e0d94b1c9c2d7b60a4f1e2d3c4b5a697",
        "v": "5.199",
        "group_id": _VK_GROUP,
        "secret": secret,
        "object": {
            "user_id": 555001,
            "peer_id": 555001,
            "event_id": "a1b2c3d4e5f6",
            "payload": json.loads(payload) if payload.startswith("{") else payload,
            "conversation_message_id": 31,
        },
    }
    return HookRequest("POST", {"content-type": "application/json"}, json.dumps(event).encode())


def _vk_forged(request: HookRequest) -> list[HookRequest]:
    event = json.loads(request.body)
    good = event["secret"]
    secrets = ("wrong", "", " ", good[:-1], good + "x", good.swapcase(), "ü", None, 5, [good])
    forged = [{**event, "secret": guess} for guess in secrets]
    forged += [{**event, "group_id": group} for group in (_VK_GROUP + 1, 0, str(_VK_GROUP), None)]
    forged += [{key: value for key, value in event.items() if key != missing} for missing in ("secret", "group_id")]
    # Only whoever asks for the confirmation code may come without a secret: not with a wrong one, nor for another.
    forged += [{**event, "type": "confirmation", "secret": "wrong"}]
    forged += [{"type": "confirmation", "group_id": _VK_GROUP + 1}]
    return [replace(request, body=json.dumps(one).encode()) for one in forged]


def _vk_error(code: int, words: str) -> Answer:
    echo = [{"key": "message", "value": "echoed"}, {"key": "peer_ids", "value": "555001"}]
    return _answer(200, {"error": {"error_code": code, "error_msg": words, "request_params": echo}})


def _email(url: str, mode: Mode, _hook_secrets: tuple[str, ...], timeout: float) -> Channel:
    keys = {"smtp": url, "from": "Support <support@example.org>", "user": "support", "timeout": timeout}
    keys |= {"password": SecretStr(_EMAIL_PASSWORD), "mode": mode}
    if mode is not Mode.SEND_ONLY:
        keys["lmtp_listen"] = "127.0.0.1:0"
    return registry.load("email")("email.support", registry.config_class("email").model_validate(keys), ())


_EMAIL_PASSWORD = "correct-horse-battery"


def _email_payloads(request: Recorded) -> list[str]:
    mail = message_from_bytes(request.body, policy=email.policy.default)
    html = mail.get_body(("html",))
    assert html is not None
    links = re.findall(r'<a href="([^"]+/r/[^"]+)"([^>]*)', html.get_content())
    return [link for link, attributes in links if "aria-hidden" not in attributes]


KINDS = (
    KindCase(
        kind="telegram",
        library="aiogram",
        make=_telegram,
        hook_secrets=("new-hook-secret", "old-hook-secret"),
        secrets=(_TELEGRAM_TOKEN, "AAH-secret", "new-hook-secret", "old-hook-secret"),
        address="555001",
        accepted=_answer(
            200,
            {"ok": True, "result": {"message_id": 77, "date": 1790000000, "chat": {"id": 555001, "type": "private"}}},
        ),
        throttled=_answer(
            429,
            {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 7",
                "parameters": {"retry_after": 7},
            },
            ("Retry-After", "7"),
        ),
        retry_after=7,
        out_of_order=_answer(502, {"ok": False, "error_code": 502, "description": "Bad Gateway"}),
        refused_credentials=_answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"}),
        garbage=Answer(200, b"<html>captive portal</html>", (("Content-Type", "text/html"),)),
        payloads=_telegram_payloads,
        tap=_telegram_tap,
        heard=heard.telegram,
        forged=partial(_with_header, name="x-telegram-bot-api-secret-token", values=("wrong",)),
    ),
    KindCase(
        kind="viber",
        library="aiohttp",
        make=_viber,
        hook_secrets=(_VIBER_TOKEN,),
        needs_hook_secret=False,
        impossible=frozenset({"opted_out", "window_closed", "not_editable", "tap_expired"}),
        secrets=(_VIBER_TOKEN, "secret-of-the-viber-bot"),
        address=_VIBER_CUSTOMER,
        accepted=_answer(200, {"status": 0, "status_message": "ok", "message_token": 5741311803571721087}),
        throttled=_answer(200, {"status": 12, "status_message": "tooManyRequests"}),
        retry_after=600,
        out_of_order=_answer(502, {}),
        refused_credentials=_answer(200, {"status": 2, "status_message": "invalidAuthToken"}),
        garbage=Answer(200, b"<html>captive portal</html>", (("Content-Type", "text/html"),)),
        payloads=_viber_payloads,
        tap=_viber_tap,
        heard=heard.viber,
        forged=_viber_forged,
    ),
    KindCase(
        kind="vk",
        library="vk_api",
        make=_vk,
        hook_secrets=("new-hook-secret", "old-hook-secret"),
        secrets=(_VK_TOKEN, "secret-of-the-community", "new-hook-secret", "old-hook-secret"),
        address="555001",
        accepted=_answer(200, {"response": [{"peer_id": 555001, "message_id": 10245, "conversation_message_id": 31}]}),
        throttled=_vk_error(6, "Too many requests per second"),
        retry_after=1,
        out_of_order=_vk_error(10, "Internal server error: could not check access_token now, check later."),
        refused_credentials=_vk_error(5, f"User authorization failed: invalid access_token {_VK_TOKEN} (4)."),
        garbage=Answer(200, b"<html>captive portal</html>", (("Content-Type", "text/html"),)),
        payloads=_vk_payloads,
        tap=_vk_tap,
        heard=heard.vk,
        written_tap=heard.vk_written,
        send_key=lambda request: request.form["random_id"],
        forged=_vk_forged,
        waiting="555001:555001:a1b2c3d4e5f6",
    ),
    KindCase(
        kind="email",
        library="aiosmtplib",
        make=_email,
        hook_secrets=("new-hook-secret", "old-hook-secret"),
        secrets=(_EMAIL_PASSWORD, b64encode(_EMAIL_PASSWORD.encode()).decode()[:-2]),
        address="ann@example.net",
        accepted=Replies(),
        throttled=Replies({"MAIL": "421 4.7.0 too many mails from support@example.org, ann@example.net"}),
        retry_after=60,
        out_of_order=Replies({"EHLO": "451 4.3.0 out of order"}),
        refused_credentials=Replies({"AUTH": "535 5.7.8 the password correct-horse-battery is wrong"}),
        garbage=Replies({"content": Garbage(b"it is a nice day\r\n")}),
        unsent={"timeout": Replies({"EHLO": Hang()}), "garbage": Replies({"AUTH": Garbage(b"it is a nice day\r\n")})},
        payloads=_email_payloads,
        send_key=lambda request: str(message_from_bytes(request.body)["Message-ID"]),
        tap=None,
        forged=lambda _: [],
        mode=Mode.SEND_ONLY,
        platform=partial(running_platform, SmtpPlatform, "smtp"),
        scheme="smtp",
        declared={"out_of_order": Unreachable, "no http": Unreachable},
        impossible=frozenset({"opted_out", "window_closed", "not_editable", "tap_expired"}),
    ),
)
