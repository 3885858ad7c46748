"""What VK's error codes mean: a table."""

import pytest

from channels.vk.failures import RULES, Act, clean, decide, decide_status, unsettled
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


@pytest.mark.parametrize(
    ("code", "act", "error"),
    [
        *((code, "send", RecipientGone) for code in (7, 18, 900, 901, 902, 945, 946)),
        *((code, "edit", RecipientGone) for code in (900, 901, 902)),
        *((code, "send", Rejected) for code in (15, 100, 911, 914, 943, 944, 950, 4711)),
        *((code, "edit", NotEditable) for code in (15, 100, 909, 910, 914, 920, 949)),
        *(
            (code, act, Misconfigured)
            for code in (5, 14, 27, 912)
            for act in ("send", "edit", "acknowledge", "account")
        ),
        *((code, "account", Misconfigured) for code in (7, 15, 100, 104, 203, 901, 2000)),
        *((code, act, Unreachable) for code in (1, 10) for act in ("send", "edit", "acknowledge", "account")),
        *((code, "send unprotected", OutcomeUnknown) for code in (1, 10)),
        (911, "edit", Rejected),
        (909, "send", Rejected),
    ],
)
def test_a_code_means(code: int, act: Act, error: type[DeliveryError]) -> None:
    failure = decide(code, "Words of VK", act)
    assert type(failure) is error
    assert failure.platform_code.startswith(str(code))
    assert failure.text


@pytest.mark.parametrize(
    ("code", "retry_after", "scope"), [(6, 1, "account"), (9, 300, "recipient"), (29, 3600, "account")]
)
def test_three_codes_ask_to_wait(code: int, retry_after: float, scope: str) -> None:
    failure = decide(code, "Too much", "send")
    assert isinstance(failure, Throttled)
    assert (failure.retry_after, failure.scope) == (retry_after, scope)


def test_a_late_tap_has_expired_and_other_mistakes_have_not() -> None:
    late = "One of the parameters specified was missing or invalid: invalid event_id"
    assert type(decide(100, late, "acknowledge")) is TapExpired
    assert type(decide(100, "One of the parameters … : event_data is too long", "acknowledge")) is Rejected


def test_a_missing_right_is_not_taken_for_a_customer_who_is_gone() -> None:
    words = "Access denied: no access to call this method. It cannot be called with current scopes."
    for code in (7, 15):
        for act in ("send", "edit", "account"):
            assert type(decide(code, words, act)) is Misconfigured


def test_bot_capabilities_that_are_off_are_told_with_where_to_switch_them_on() -> None:
    assert "bot capabilities" in decide(912, "This is a chat bot feature", "send").text


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, Misconfigured), (403, Misconfigured), (413, Rejected), (500, Unreachable), (502, Unreachable)],
)
def test_a_status_tells_of_what_stands_before_vk(status: int, error: type[DeliveryError]) -> None:
    assert type(decide_status(status, 1, "send")) is error


def test_a_429_says_how_long() -> None:
    failure = decide_status(429, 17, "send")
    assert isinstance(failure, Throttled)
    assert failure.retry_after == 17


def test_only_a_send_without_a_key_has_an_unknown_outcome() -> None:
    assert type(unsettled("?", "send unprotected")) is OutcomeUnknown
    for act in ("send", "edit", "acknowledge", "account"):
        assert type(unsettled("?", act)) is Unreachable


def test_every_rule_has_a_text_of_its_own_words() -> None:
    assert all(rule.text and clean(rule.text) == rule.text[:120] for rule in RULES.values())


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Access denied: user 555001 is hidden", "Access denied: user … is hidden"),
        ("invalid access_token vk1.a.Abc_d-123 (4).", "invalid access_token … (4)."),
        ("token 0a1b2c3d4e5f60718293 is over", "token … is over"),
        ("see https://rate.example.com/hooks/x for -900100", "see … for …"),
        ("mention [id1|Ann] and @ann", "mention … and …"),
        ("a\n  b", "a b"),
        ("x" * 500, "x" * 120),
    ],
)
def test_what_vk_said_is_kept_without_people_and_secrets(words: str, kept: str) -> None:
    assert clean(words) == kept
