"""What buttons carry, how they lie, and the settings: tables."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from channels.base import (
    Action,
    ActionName,
    Choice,
    Message,
    Mode,
    Prompt,
)
from channels.telegram.config import TelegramConfig
from channels.telegram.keyboard import keyboard
from channels.telegram.payloads import action_payload, choice_payload, read_payload
from net.errors import (
    Rejected,
)

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"

# --- payloads


def test_payloads_fit_into_a_button() -> None:
    assert choice_payload(TOKEN, 5) == f"r1:{TOKEN}:5"
    assert [action_payload("a2", name) for name in ActionName] == ["r1:a2:c", "r1:a2:k", "r1:a2:s", "r1:a2:n"]
    assert len(choice_payload("a" * 40, 999).encode()) <= 64
    assert len(set(map(str, ActionName))) == len({action_payload("a", name) for name in ActionName})


@pytest.mark.parametrize("token", ["", "A2", "a" * 41, "a:b", "ä", "a1", "a\n"])
def test_a_token_of_another_shape_is_not_sent(token: str) -> None:
    with pytest.raises(Rejected):
        choice_payload(token, 5)
    with pytest.raises(Rejected):
        action_payload(token, ActionName.SKIP)


@pytest.mark.parametrize("value", [-1, 1000])
def test_a_value_of_more_than_three_digits_is_not_sent(value: int) -> None:
    with pytest.raises(Rejected):
        choice_payload(TOKEN, value)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("r1:abc:5", ("abc", 5)),
        ("r1:abc:0", ("abc", 0)),
        ("r1:abc:999", ("abc", 999)),
        ("r1:abc:c", ("abc", ActionName.CHANGE)),
        ("r1:abc:k", ("abc", ActionName.COMMENT)),
        ("r1:abc:s", ("abc", ActionName.SKIP)),
        ("r1:abc:n", ("abc", ActionName.NEVER)),
        *(
            (data, None)
            for data in (
                *("", "5", "r1", "r1:abc", "r1::5", "r1:abc:", "r1:abc:1000", "r1:abc:-1", "r1:abc:05", "r1:abc:5.0"),
                *("r1:abc:x", "r1:abc:cc", "r1:abc:5:5", "r2:abc:5", "R1:abc:5", "r1:ABC:5", " r1:abc:5", "r1:abc:5\n"),
                *("r1:abc:٥", "r1:abc:²", f"r1:{'a' * 41}:5", "r1:ab1:5", "r1:abc:5;drop table", "rate:5"),
            )
        ),
    ],
)
def test_only_exact_payloads_are_ours(data: str, read: tuple[str, int | ActionName] | None) -> None:
    assert read_payload(data) == read


# --- keyboard


def rows(content: Prompt | Message) -> list[list[str]]:
    return [[button.text for button in row] for row in keyboard(content)]


def prompt(*symbols: str) -> Prompt:
    choices = tuple(Choice(value, symbol, "label") for value, symbol in enumerate(symbols))
    return Prompt(key="k", text="t", choices=choices, token=TOKEN, language="en")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (prompt("😡", "🙁", "😐", "🙂", "😍"), [["😡", "🙁", "😐", "🙂", "😍"]]),
        (prompt("👍", "👎"), [["👍", "👎"]]),
        (prompt(*"12345678"), [list("12345678")]),
        (prompt(*"123456789"), [list("12345"), list("6789")]),
        (prompt(*"0123456789A"), [list("012345"), list("6789A")]),
        (prompt("", "🙂"), [["label", "🙂"]]),
        (Message("thanks"), []),
        (Message("thanks", (Action(ActionName.CHANGE, "Change"),), TOKEN), [["Change"]]),
        (Message("x", tuple(Action(name, name.value) for name in ActionName), TOKEN), [list(map(str, ActionName))]),
    ],
)
def test_keyboard(content: Prompt | Message, expected: list[list[str]]) -> None:
    assert rows(content) == expected


@pytest.mark.parametrize(
    "content", [prompt(), prompt(*"x" * 101), Message("x", (Action(ActionName.SKIP, " "),), TOKEN)]
)
def test_a_keyboard_that_telegram_would_refuse_is_not_sent(content: Prompt | Message) -> None:
    with pytest.raises(Rejected):
        keyboard(content)


# --- settings


def settings(**keys: Any) -> TelegramConfig:
    return TelegramConfig.model_validate({"token": SecretStr("42:AAH-x"), **keys})


def test_defaults() -> None:
    config = settings()
    assert config.api_url == "https://api.telegram.org"
    assert (config.pace.per_second, config.pace.per_recipient) == (30, 1)
    assert config.mode is Mode.WEBHOOK
    assert config.takeover is False
    assert settings(api_url="http://127.0.0.1:8081/").api_url == "http://127.0.0.1:8081"


@pytest.mark.parametrize(
    "keys",
    [
        {"token": SecretStr("AAH-secret")},
        {"token": SecretStr("42:AAH secret")},
        {"token": SecretStr("42:")},
        {"token": "42:AAH-secret"},
        {"api_url": "api.telegram.org"},
        {"api_url": "ftp://host"},
        {"mode": "pigeon"},
        {"poll_wait": 51},
        {"tokne": "x"},
    ],
)
def test_wrong_keys_stop_the_start_and_show_no_secret(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(**keys)
    if not isinstance(keys.get("token"), str):
        assert "AAH" not in str(refused.value)
