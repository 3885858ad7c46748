"""What Viber refuses and what that means; what check finds: tables."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from channels.base import Mode
from channels.viber.config import ViberConfig
from channels.viber.events import EVENT_TYPES
from channels.viber.failures import STATUSES, Act, decide
from channels.viber.findings import Account, account_findings
from net.errors import DeliveryError, Misconfigured, RecipientGone, Rejected, Throttled, Unreachable

# --- failures

SENDING: dict[int, type[DeliveryError]] = {
    **dict.fromkeys((5, 6, 11, 21), RecipientGone),
    **dict.fromkeys((2, 7, 8, 9, 10, 15, 23, 24), Misconfigured),
    **dict.fromkeys((3, 4, 13, 14, 16, 17, 18, 19, 20, 22), Rejected),
    **dict.fromkeys((1, 25, 99, -1, 1000), Unreachable),
    12: Throttled,
}


@pytest.mark.parametrize("status", SENDING)
def test_a_refused_message(status: int) -> None:
    failure = decide(status, "send", 600)
    assert type(failure) is SENDING[status]
    assert failure.platform_code == str(status)
    assert failure.text


def test_every_status_that_viber_lists_has_its_meaning() -> None:
    assert set(range(1, 25)) - set(STATUSES) == {12}, "12 has no row: it is a wait"


@pytest.mark.parametrize("status", [*SENDING])
def test_a_refused_call_for_the_account_blames_no_customer(status: int) -> None:
    failure = decide(status, "account", 600)
    expected = {12: Throttled, 1: Unreachable, 25: Unreachable, 99: Unreachable, -1: Unreachable, 1000: Unreachable}
    assert type(failure) is expected.get(status, Misconfigured)


@pytest.mark.parametrize(("act", "scope"), [("send", "recipient"), ("account", "account")])
def test_too_many_messages_to_one_customer_stop_nobody_else(act: Act, scope: str) -> None:
    failure = decide(12, act, 600)
    assert isinstance(failure, Throttled)
    assert (failure.retry_after, failure.scope) == (600, scope)


# --- findings

OURS, THEIRS = "https://rate.example.com/hooks/channels/viber/support", "https://desk.example.com/viber?key=secret"
ALL = EVENT_TYPES


@pytest.mark.parametrize(
    ("webhook", "event_types", "mode", "url", "expected"),
    [
        (OURS, ALL, Mode.WEBHOOK, OURS, {"viber.token": "ok", "viber.webhook": "ok", "viber.event_types": "ok"}),
        (OURS, None, Mode.WEBHOOK, OURS, {"viber.token": "ok", "viber.webhook": "ok"}),
        (
            OURS,
            ("seen",),
            Mode.WEBHOOK,
            OURS,
            {"viber.token": "ok", "viber.webhook": "ok", "viber.event_types": "warning"},
        ),
        (OURS, (), Mode.RELAY, OURS, {"viber.token": "ok", "viber.webhook": "warning", "viber.event_types": "warning"}),
        (None, None, Mode.WEBHOOK, OURS, {"viber.token": "ok", "viber.webhook": "error"}),
        ("", (), Mode.WEBHOOK, OURS, {"viber.token": "ok", "viber.webhook": "error"}),
        (OURS, None, Mode.WEBHOOK, None, {"viber.token": "ok", "viber.webhook": "error"}),
        (THEIRS, None, Mode.WEBHOOK, OURS, {"viber.token": "ok", "viber.webhook": "error"}),
        (THEIRS, None, Mode.RELAY, OURS, {"viber.token": "ok", "viber.webhook": "ok"}),
        (THEIRS, (), Mode.SEND_ONLY, None, {"viber.token": "ok", "viber.webhook": "ok"}),
        ("", (), Mode.SEND_ONLY, None, {"viber.token": "ok", "viber.webhook": "warning"}),
        ("", (), Mode.RELAY, OURS, {"viber.token": "ok", "viber.webhook": "warning"}),
        ("https://[", None, Mode.RELAY, OURS, {"viber.token": "ok", "viber.webhook": "ok"}),
    ],
)
def test_findings(
    *,
    webhook: str | None,
    event_types: tuple[str, ...] | None,
    mode: Mode,
    url: str | None,
    expected: dict[str, str],
) -> None:
    found = account_findings(Account(0, "Support of Acme", webhook, event_types), mode, url)
    assert {finding.id: finding.level for finding in found} == expected
    for finding in found:
        assert finding.hint or finding.level == "ok"
        assert "secret" not in finding.text + finding.hint


# --- settings


@pytest.mark.parametrize(
    "keys",
    [
        {"token": SecretStr("a b c d e f g")},
        {"token": SecretStr("short")},
        {"token": SecretStr("ключ-от-бота-0")},
        {"token": SecretStr("line\nbreak-in-a-header")},
        {"sender": "x" * 29},
        {"sender": "  "},
        {"sender": "two\nlines"},
        {"api_url": "chatapi.viber.com/pa"},
        {"api_url": "https://chatapi.viber.com/pa?x=1"},
        {"mode": "polling"},
        {"api_version": 0},
        {"wait_when_throttled": 0},
        {"hook_secret": SecretStr("there-is-no-such-key")},
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ViberConfig.model_validate({"token": SecretStr("445da6az1s345z78-dazcczb2542zv51a"), **keys})


def test_the_longest_name_and_a_slash_too_many_are_fine() -> None:
    keys = {"token": SecretStr("445da6az1s345z78-dazcczb2542zv51a"), "sender": "Ж" * 28, "api_url": "http://h/pa/"}
    config = ViberConfig.model_validate(keys)
    assert (config.sender, config.api_url, config.hook_secret) == ("Ж" * 28, "http://h/pa", None)
