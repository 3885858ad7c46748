"""What a preview shows, over every kind in the registry: made by what makes the real thing."""

from typing import cast

import pytest

from channels.base import Choice
from net.errors import Rejected
from tests.channels.kinds import KINDS, KindCase
from tests.channels.test_contract import FACES, LINKS, ONE_TO_TEN, WORDS, message, prompt


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.kind)
@pytest.mark.parametrize("choices", [FACES, ONE_TO_TEN], ids=["faces", "one to ten"])
async def test_a_preview_holds_the_text_and_every_choice(case: KindCase, choices: tuple[Choice, ...]) -> None:
    """Where choices are links, each stands in what is shown; elsewhere the buttons read as they are sent."""
    channel = case.idle()
    seen = channel.preview(prompt(choices=choices))
    assert WORDS in str(seen["text"])
    buttons = [label for row in cast("list[list[str]]", seen["buttons"]) for label in row]
    if channel.capabilities.choices == "links":
        assert buttons == []
        assert all(f"{LINKS.rate}/{choice.value}" in str(seen["html"]) for choice in choices)
    else:
        assert len(buttons) == len(choices)
        assert all(choice.symbol in label for choice, label in zip(choices, buttons, strict=True))
    words = channel.preview(message(channel))
    assert WORDS in str(words["text"])
    actions = [label for row in cast("list[list[str]]", words["buttons"]) for label in row]
    assert actions == [action.label for action in message(channel).actions]
    await channel.close()


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.kind)
async def test_a_preview_refuses_what_sending_refuses(case: KindCase) -> None:
    channel = case.idle()
    too_many = tuple(Choice(value, str(value), str(value)) for value in range(1, channel.capabilities.max_choices + 2))
    too_long = "x" * (channel.capabilities.max_text + 1)
    for refused in (prompt(choices=too_many), prompt(choices=()), prompt(text=" "), prompt(text=too_long)):
        with pytest.raises(Rejected):
            channel.preview(refused)
    await channel.close()
