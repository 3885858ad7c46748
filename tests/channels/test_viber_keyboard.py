"""Keyboards of Viber, as its schema wants them: tables."""

import html
import re
from typing import Any

import pytest

from channels.base import Action, ActionName, Choice, Message, Prompt
from channels.payloads import choice_payload, read_payload
from channels.viber.keyboard import COLUMNS, MAX_BUTTONS, MAX_LABEL, keyboard
from net.errors import Rejected

TOKEN = "ahx27k3zq6w5vtn4jrmcayde2fgb4hiou7"
FACES = tuple(Choice(value, symbol, f"{value} of 5") for value, symbol in enumerate("😡🙁😐🙂😍", start=1))


def prompt(*choices: Choice, token: str = TOKEN) -> Prompt:
    return Prompt(key="1", text="How did we do?", choices=choices or FACES, token=token, language="en")


def buttons(content: Prompt | Message) -> list[dict[str, Any]]:
    board = keyboard(content, input_field=None)
    return [] if board is None else list(board["Buttons"])


def test_the_keyboard_names_its_type_and_each_button_fills_its_row() -> None:
    board = keyboard(prompt(), input_field="hidden")
    assert board is not None
    assert (board["Type"], board["DefaultHeight"], board["InputFieldState"]) == ("keyboard", False, "hidden")
    assert [(button["Columns"], button["Rows"]) for button in board["Buttons"]] == [(COLUMNS, 1)] * 5
    assert {button["ActionType"] for button in board["Buttons"]} == {"reply"}


def test_an_old_app_gets_no_state_of_the_input_field() -> None:
    board = keyboard(prompt(), input_field=None)
    assert board is not None
    assert "InputFieldState" not in board


def test_what_comes_back_is_opaque_and_stays_out_of_the_chat() -> None:
    found = buttons(prompt())
    assert [button["ActionBody"] for button in found] == [choice_payload(TOKEN, value) for value in range(1, 6)]
    assert all(button["Silent"] is True for button in found)
    assert not any(re.fullmatch(r"\d+", button["ActionBody"]) for button in found), "a typed 5 is no tap"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(5, "😍", "excellent"), "😍 excellent"),
        (Choice(5, "5", "5"), "5"),
        (Choice(5, "😍", ""), "😍"),
        (Choice(5, "", "excellent"), "excellent"),
        (Choice(5, "😍", "<b>R&D</b>"), "😍 &lt;b&gt;R&amp;D&lt;/b&gt;"),
        (Choice(5, "😍", 'say "yes"'), '😍 say "yes"'),
    ],
)
def test_a_button_shows_symbol_and_words_and_no_mark_up_of_theirs(choice: Choice, expected: str) -> None:
    assert buttons(prompt(choice))[0]["Text"] == expected


@pytest.mark.parametrize(
    ("colour", "words"),
    [
        ("#ffffff", "#000000"),
        ("#000000", "#FFFFFF"),
        ("#f1c40f", "#000000"),
        ("#1e8449", "#FFFFFF"),
        ("#B03A2E", "#FFFFFF"),
    ],
)
def test_a_coloured_button_has_words_that_can_be_read_on_it(colour: str, words: str) -> None:
    (button,) = buttons(prompt(Choice(5, "😍", "R&D", colour)))
    assert button["BgColor"] == colour
    assert button["Text"] == f'<font color="{words}">😍 R&amp;D</font>'
    assert html.unescape(re.sub("<[^>]*>", "", button["Text"])) == "😍 R&D"


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#11223344", " #112233"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(Rejected):
        buttons(prompt(Choice(5, "😍", "x", colour)))


def test_actions_are_buttons_and_without_any_there_is_no_keyboard() -> None:
    actions = tuple(Action(name, name.value.title()) for name in ActionName)
    found = buttons(Message("Thank you!", actions, TOKEN))
    assert [button["Text"] for button in found] == ["Change", "Comment", "Skip", "Never"]
    assert [read_payload(button["ActionBody"]) for button in found] == [(TOKEN, name) for name in ActionName]
    assert keyboard(Message("Thank you!"), input_field="regular") is None


def test_as_many_rows_as_a_phone_shows() -> None:
    assert len(buttons(prompt(*(Choice(value, "x", "") for value in range(MAX_BUTTONS))))) == MAX_BUTTONS
    with pytest.raises(Rejected):
        buttons(prompt(*(Choice(value, "x", "") for value in range(MAX_BUTTONS + 1))))


@pytest.mark.parametrize(
    "refused",
    [
        Prompt(key="1", text="?", choices=(), token=TOKEN, language="en"),
        prompt(Choice(5, " ", " ")),
        prompt(token="5|x"),
        prompt(Choice(5, "", "x" * (MAX_LABEL + 1))),
        prompt(Choice(5, "", "&" * (MAX_LABEL // 5 + 1))),
    ],
    ids=["nothing to tap", "nothing to see", "no token of ours", "too long", "too long when escaped"],
)
def test_what_viber_would_not_take_is_refused(refused: Prompt) -> None:
    with pytest.raises(Rejected):
        keyboard(refused, input_field="hidden")


def test_the_longest_label_is_said() -> None:
    assert buttons(prompt(Choice(5, "", "x" * MAX_LABEL)))[0]["Text"] == "x" * MAX_LABEL
