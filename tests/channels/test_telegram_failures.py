"""What Telegram refuses and what that means; what check finds: tables."""

from typing import Any

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiohttp import ClientConnectorDNSError, ConnectionTimeoutError, InvalidURL, ServerDisconnectedError

from channels.base import (
    Finding,
    Mode,
)
from channels.telegram.exceptions import classify
from channels.telegram.failures import RULES, Act, clean, decide
from channels.telegram.findings import WebhookState, webhook_findings
from channels.telegram.methods import Send
from channels.telegram.updates import ALLOWED_UPDATES
from net.errors import (
    DeliveryError,
    Misconfigured,
    NotEditable,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    TapExpired,
    Throttled,
    Unreachable,
)

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"

# --- failures

FAILURES: list[tuple[int, str, Act, type[DeliveryError]]] = [
    (403, "Forbidden: bot was blocked by the user", "send", RecipientGone),
    (403, "Forbidden: user is deactivated", "send", RecipientGone),
    (403, "Forbidden: bot can't initiate conversation with a user", "send", RecipientGone),
    (403, "Forbidden: bot was kicked from the supergroup chat", "send", RecipientGone),
    (403, "Forbidden: bot is not a member of the channel chat", "send", RecipientGone),
    (403, "Forbidden: something new", "send", RecipientGone),
    (403, "Forbidden: something new", "account", Misconfigured),
    (400, "Bad Request: chat not found", "send", RecipientGone),
    (400, "Bad Request: private chat not found", "send", RecipientGone),
    (400, "Bad Request: PEER_ID_INVALID", "send", RecipientGone),
    (400, "Bad Request: INPUT_USER_DEACTIVATED", "send", RecipientGone),
    (400, "Bad Request: USER_IS_BLOCKED", "send", RecipientGone),
    (400, "Bad Request: not enough rights to send text messages to the chat", "send", Rejected),
    (400, "Bad Request: have no rights to send a message", "send", Rejected),
    (400, "Bad Request: TOPIC_CLOSED", "send", Rejected),
    (400, "Bad Request: message is too long", "send", Rejected),
    (400, "Bad Request: reply markup is too long", "send", Rejected),
    (400, "Bad Request: BUTTON_DATA_INVALID", "send", Rejected),
    (400, "Bad Request: SOMETHING_NEW", "send", Rejected),
    (400, "Bad Request: message to edit not found", "edit", NotEditable),
    (400, "Bad Request: message can't be edited", "edit", NotEditable),
    (400, "Bad Request: MESSAGE_ID_INVALID", "edit", NotEditable),
    (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        "acknowledge",
        TapExpired,
    ),
    (400, "Bad Request: QUERY_ID_INVALID", "acknowledge", TapExpired),
    (400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook", "account", Misconfigured),
    (400, "Logged out", "send", Misconfigured),
    (401, "Unauthorized", "send", Misconfigured),
    (404, "Not Found", "send", Misconfigured),
    (409, "Conflict: can't use getUpdates method while webhook is active", "account", Misconfigured),
    (409, "Conflict: terminated by other getUpdates request", "account", Misconfigured),
    (413, "Request Entity Too Large", "send", Rejected),
    (402, "Payment Required", "send", Rejected),
    (500, "Internal Server Error", "send", OutcomeUnknown),
    (502, "Bad Gateway", "send", OutcomeUnknown),
    (502, "Bad Gateway", "edit", Unreachable),
    (504, "Gateway Timeout", "acknowledge", Unreachable),
    (500, "Internal Server Error", "account", Unreachable),
]


@pytest.mark.parametrize(("code", "description", "act", "expected"), FAILURES)
def test_failures(code: int, description: str, act: Act, expected: type[DeliveryError]) -> None:
    failure = decide(code, description, act)
    assert type(failure) is expected
    assert failure is not None
    assert failure.platform_code.startswith(str(code))
    assert failure.text


def test_no_rule_hides_another() -> None:
    for rule in RULES:
        assert rule.part == rule.part.lower()
        first = next(other for other in RULES if other.code == rule.code and other.part in rule.part)
        assert first.error is rule.error


def test_an_edit_that_changes_nothing_is_success_and_only_an_edit() -> None:
    said = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    assert decide(400, said, "edit") is None
    assert isinstance(decide(400, said, "send"), Rejected)


@pytest.mark.parametrize(
    ("act", "description", "address", "retry_after", "scope"),
    [
        ("send", "Too Many Requests: retry after 35", "555001", 35, "account"),
        ("send", "Too Many Requests: retry after 35", "-1001234567890", 35, "recipient"),
        ("edit", "Too Many Requests: retry after 2", "555001", 2, "recipient"),
        ("acknowledge", "Too Many Requests: retry after 35", "", 35, "account"),
        ("send", "Too Many Requests", "555001", 5, "account"),
    ],
)
def test_429(act: Act, description: str, address: str, retry_after: int, scope: str) -> None:
    method = Send(chat_id=1, text="x")
    errors: list[TelegramAPIError] = [TelegramAPIError(method, description)]
    if "retry after" in description:
        errors.append(TelegramRetryAfter(method, description, retry_after))
    for error in errors:
        failure = classify(error, act, address)
        assert isinstance(failure, Throttled)
        assert (failure.retry_after, failure.scope) == (retry_after, scope)


def network(cause: BaseException) -> TelegramNetworkError:
    error = TelegramNetworkError(Send(chat_id=1, text="x"), "boom")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "send", "edit"),
    [
        (network(ConnectionTimeoutError()), Unreachable, Unreachable),
        (network(ClientConnectorDNSError.__new__(ClientConnectorDNSError)), Unreachable, Unreachable),
        (network(TimeoutError()), OutcomeUnknown, Unreachable),
        (network(ServerDisconnectedError()), OutcomeUnknown, Unreachable),
        (network(InvalidURL("nowhere")), Misconfigured, Misconfigured),
        (ClientDecodeError("x", ValueError(), "<html>"), OutcomeUnknown, Unreachable),
        (TypeError("argument of type 'NoneType' is not iterable"), OutcomeUnknown, Unreachable),
        (TelegramServerError(Send(chat_id=1, text="x"), "restart"), OutcomeUnknown, Unreachable),
        (TelegramBadRequest(Send(chat_id=1, text="x"), None), Rejected, Rejected),  # type: ignore[arg-type] # aiogram passes None on
        (TelegramForbiddenError(Send(chat_id=1, text="x"), "Forbidden: x"), RecipientGone, RecipientGone),
        (TelegramAPIError(Send(chat_id=1, text="x"), "Forbidden: x"), RecipientGone, RecipientGone),
    ],
)
def test_exceptions_of_aiogram(error: Exception, send: type[DeliveryError], edit: type[DeliveryError]) -> None:
    assert type(classify(error, "send", "555001")) is send
    assert type(classify(error, "edit", "555001")) is edit


def test_what_telegram_said_is_shown_without_what_is_private() -> None:
    said = clean(
        "bad webhook: https://h/bot42:AAH-x/sendMessage of 4200:AAH_x for 555001 @ann_b in -1001234567890 at 80"
    )
    for hidden in ("AAH", "555001", "ann", "1001234567890"):
        assert hidden not in said
    assert said.startswith("bad webhook")
    assert len(clean("x" * 1000)) == 120


# --- findings

OURS = "https://tapfive.example.org/hooks/channels/telegram/support"
THEIRS = "https://desk.example.com/telegram/their-secret"
NOW = 1790000000


def state(url: str = OURS, **more: Any) -> WebhookState:
    known: dict[str, Any] = {"allowed_updates": (), "pending": 0, "last_error_at": None, "last_error": ""}
    return WebhookState(**{**known, "url": url, **more})


@pytest.mark.parametrize(
    ("found", "mode", "url", "levels"),
    [
        (state(), Mode.WEBHOOK, OURS, {"webhook": "ok", "allowed_updates": "ok", "pending": "ok"}),
        (state(""), Mode.WEBHOOK, OURS, {"webhook": "error"}),
        (state(), Mode.WEBHOOK, None, {"webhook": "error"}),
        (state(THEIRS), Mode.WEBHOOK, OURS, {"webhook": "error"}),
        (state(""), Mode.POLLING, None, {"webhook": "ok"}),
        (state(THEIRS), Mode.POLLING, None, {"webhook": "error"}),
        (state(THEIRS), Mode.RELAY, OURS, {"webhook": "ok"}),
        (state(""), Mode.RELAY, OURS, {"webhook": "ok"}),
        (state(), Mode.RELAY, OURS, {"webhook": "warning"}),
        (state(THEIRS, allowed_updates=("message",)), Mode.SEND_ONLY, None, {"webhook": "ok"}),
        (state(allowed_updates=ALLOWED_UPDATES), Mode.WEBHOOK, OURS, {"allowed_updates": "ok"}),
        (state(allowed_updates=("message",)), Mode.WEBHOOK, OURS, {"allowed_updates": "error"}),
        (state(allowed_updates=("message", "callback_query")), Mode.RELAY, OURS, {"allowed_updates": "warning"}),
        (state(pending=100), Mode.WEBHOOK, OURS, {"pending": "warning"}),
        (state(last_error_at=NOW - 60, last_error="500"), Mode.WEBHOOK, OURS, {"delivery": "warning"}),
    ],
)
def test_findings(found: WebhookState, mode: Mode, url: str | None, levels: dict[str, str]) -> None:
    findings = {finding.id: finding for finding in webhook_findings(found, mode, url, NOW)}
    for name, level in levels.items():
        finding = findings[f"telegram.{name}"]
        assert finding.level == level
        assert finding.hint or level == "ok"
        assert "their-secret" not in finding.text + finding.hint
    if mode is Mode.SEND_ONLY:
        assert set(findings) == {"telegram.webhook"}


def test_an_old_delivery_error_is_history() -> None:
    findings: list[Finding] = webhook_findings(state(last_error_at=NOW - 7200, last_error="x"), Mode.WEBHOOK, OURS, NOW)
    assert "telegram.delivery" not in [finding.id for finding in findings]
