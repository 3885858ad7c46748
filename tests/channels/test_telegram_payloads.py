"""How Telegram's buttons lie, and the settings: tables."""

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
from net.errors import (
    Rejected,
)

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"

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
