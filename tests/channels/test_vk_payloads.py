"""What VK's buttons carry and how they lie, the random_id, and the settings: tables."""

import json
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from channels.base import Action, ActionName, Choice, Message, Mode, Prompt
from channels.payloads import action_payload, choice_payload
from channels.vk.adapter import Vk
from channels.vk.buttons import button_payload, is_start, read_button
from channels.vk.client import random_id
from channels.vk.config import VkConfig
from channels.vk.keyboard import MAX_PAYLOAD, keyboard
from net.errors import Rejected
from tests.channels.vk_kit import KEY, PROMPT, THANKS, TOKEN

# --- buttons


def test_a_payload_is_an_object_in_a_string_and_fits() -> None:
    longest = button_payload(choice_payload("a" * 40, 999))
    assert json.loads(longest) == {"r": f"r1:{'a' * 40}:999"}
    assert len(longest) <= MAX_PAYLOAD
    assert button_payload(action_payload("a2", ActionName.NEVER)) == '{"r":"r1:a2:n"}'


FOREIGN: tuple[object, ...] = (
    *(None, 5, "", "{", "r1:abc:5", '"r1:abc:5"', "[]", [], {}, {"r": None}, {"r": 5}, {"r": ["r1:abc:5"]}),
    *({"r": "r1:abc:x"}, {"R": "r1:abc:5"}, {"command": "start"}, {"k": "Zk3v9Q", "r": 5}, "\ud800", "[" * 100_000),
)


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        ({"r": "r1:abc:5"}, ("abc", 5)),
        ('{"r":"r1:abc:5"}', ("abc", 5)),
        ({"r": "r1:abc:k", "more": [1]}, ("abc", ActionName.COMMENT)),
        *((foreign, None) for foreign in FOREIGN),
    ],
)
def test_only_our_payloads_are_ours(payload: object, read: object) -> None:
    assert read_button(payload) == read


@pytest.mark.parametrize(
    ("payload", "starts"),
    [('{"command":"start"}', True), ({"command": "start"}, True), ('{"command":"stop"}', False), ("start", False)],
)
def test_the_start_button_of_vk_is_known(payload: object, starts: bool) -> None:
    assert is_start(payload) is starts


# --- keyboard


def prompt(*symbols: str, client: str = "") -> Prompt:
    choices = tuple(Choice(value, symbol, "label") for value, symbol in enumerate(symbols))
    return Prompt(key="1", text="?", choices=choices, token=TOKEN, language="en", client=client)


def labels(content: Prompt | Message) -> list[list[str]]:
    return [[button.label for button in row] for row in keyboard(content).rows]


@pytest.mark.parametrize(
    ("count", "widths"),
    [(1, [1]), (2, [2]), (5, [5]), (6, [3, 3]), (7, [4, 3]), (10, [5, 5])],
)
def test_choices_lie_in_even_rows_of_at_most_five(count: int, widths: list[int]) -> None:
    symbols = [str(number) for number in range(count)]
    rows = labels(prompt(*symbols))
    assert [len(row) for row in rows] == widths
    assert [label for row in rows for label in row] == symbols


def test_actions_lie_two_by_two() -> None:
    names = tuple(Action(name, name.value) for name in ActionName)
    assert labels(Message("?", names, TOKEN)) == [["change", "comment"], ["skip", "never"]]
    assert labels(Message("?")) == []
    assert labels(prompt("")) == [["label"]]


@pytest.mark.parametrize(("client", "sort"), [("", "callback"), ("callback", "callback"), ("text", "text")])
def test_an_app_gets_the_buttons_that_it_knows(client: str, sort: str) -> None:
    assert keyboard(prompt("1", client=client)).sort == sort


def test_an_app_without_buttons_below_messages_gets_them_below_the_input_field() -> None:
    assert keyboard(prompt("1", client="below")).sort == "below"


@pytest.mark.parametrize(
    "content",
    [
        prompt(),
        prompt(*"12345678901"),
        prompt("x" * 41),
        Message("?", (Action(ActionName.SKIP, "x" * 41),), TOKEN),
        Message("?", (Action(ActionName.SKIP, " "),), TOKEN),
        Message("?", (Action(ActionName.SKIP, "Skip"),), "NO TOKEN"),
        Message("?", tuple(Action(ActionName.SKIP, "Skip") for _ in range(11)), TOKEN),
    ],
    ids=["nothing", "eleven", "long symbol", "long label", "empty label", "odd token", "eleven actions"],
)
def test_what_vk_would_refuse_is_refused_before(content: Prompt | Message) -> None:
    with pytest.raises(Rejected):
        keyboard(content)


def test_a_label_of_forty_characters_fits() -> None:
    assert labels(Message("?", (Action(ActionName.SKIP, "x" * 40),), TOKEN)) == [["x" * 40]]


# --- random_id


def test_the_same_key_has_the_same_random_id_and_another_key_another() -> None:
    keys = [f"question:{invitation}:{job}" for invitation in range(100) for job in range(100)]
    numbers = [random_id(key) for key in keys]
    assert numbers == [random_id(key) for key in keys]
    assert len(set(numbers)) == len(keys)
    assert all(-(2**31) <= number < 2**31 for number in numbers)
    assert random_id(PROMPT.key) != random_id(THANKS.key)


def test_a_random_id_is_never_0(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        def digest(self) -> bytes:
            return bytes(4)

    monkeypatch.setattr("channels.vk.client.blake2b", lambda *_, **__: Nothing())
    assert random_id("the one key in four thousand million whose digest is zero") == 1


def test_without_a_key_every_random_id_is_new() -> None:
    numbers = {random_id("") for _ in range(100)}
    assert len(numbers) == 100
    assert all(0 < number < 2**31 for number in numbers)


# --- settings

KEYS = {"token": SecretStr(KEY), "group_id": 9}


def test_the_settings_have_defaults() -> None:
    config = VkConfig.model_validate(KEYS)
    assert (config.mode, config.api_url, config.threads) == (Mode.WEBHOOK, "https://api.vk.ru", 8)
    assert config.pace == Vk.capabilities.pace


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": SecretStr("short")},
        {"token": SecretStr("vk1.a.with a blank in the middle")},
        {"token": KEY},
        {"group_id": 0},
        {"group_id": -9},
        {"hook_secret": SecretStr("x" * 51)},
        {"confirmation": ""},
        {"confirmation": "a1 b2"},
        {"api_url": "api.vk.ru"},
        {"api_url": "https://api.vk.ru?x=1"},
        {"threads": 0},
        {"threads": 65},
        {"poll_wait": 91},
        {"timeout": 0},
        {"nonsense": 1},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VkConfig.model_validate({**KEYS, **wrong})


def test_an_api_url_keeps_its_path_and_loses_its_last_slash() -> None:
    assert VkConfig.model_validate({**KEYS, "api_url": "http://proxy:8080/vk/"}).api_url == "http://proxy:8080/vk"
