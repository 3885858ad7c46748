"""The demo's own judgement: it ends well only when what is stored is what the customers did, and no program's click counts."""

from dataclasses import replace
from typing import Any

import pytest

from bot.demo.browser import forms_of
from bot.demo.places import value_on
from bot.demo.result import Decision, Scanned, Stored, is_as_played, is_refuted
from bot.demo.story import PEOPLE, SCENES

DECISIONS = [
    Decision(scene, number, "ask" if scene.asked else "skip", None if scene.asked else "condition_excludes")
    for number, scene in enumerate(SCENES, 1)
]
RATINGS = [
    {"id": each.invitation, "value": each.scene.taps[-1], "comment": each.scene.comment}
    for each in DECISIONS
    if each.scene.taps
]
ASKED = sum(scene.asked for scene in SCENES)
AS_PLAYED = Stored(RATINGS, ASKED, len(SCENES) - ASKED)
SILENT = next(each.invitation for each in DECISIONS if each.scene.asked and not each.scene.taps)


def changed(**of_the_first: Any) -> list[dict[str, Any]]:
    return [{**RATINGS[0], **of_the_first}, *RATINGS[1:]]


def test_what_was_played_is_recognised() -> None:
    assert is_as_played(AS_PLAYED, DECISIONS)


@pytest.mark.parametrize(
    "stored",
    [
        replace(AS_PLAYED, ratings=RATINGS[1:]),
        replace(AS_PLAYED, ratings=changed(value=1)),
        replace(AS_PLAYED, ratings=changed(comment="words of somebody else")),
        replace(AS_PLAYED, ratings=[*RATINGS, {"id": SILENT, "value": 1, "comment": None}]),
        replace(AS_PLAYED, asked=AS_PLAYED.asked - 1),
        replace(AS_PLAYED, skipped=AS_PLAYED.skipped + 1),
    ],
    ids=["one is missing", "another value", "another comment", "one too many", "not asked", "skipped"],
)
def test_anything_else_is_not_what_was_played(stored: Stored) -> None:
    assert not is_as_played(stored, DECISIONS)


@pytest.mark.parametrize(
    ("scanned", "refuted"),
    [
        ([Scanned(6, 26, 0), Scanned(6, 26, 0)], True),
        ([Scanned(6, 26, 0), Scanned(6, 26, 1)], False),
        ([Scanned(6, 26, 0), Scanned(0, 0, 0)], False),
        ([], False),
    ],
    ids=["nothing counts", "a click counts", "a mail was not scanned", "no scanner"],
)
def test_the_scanner_is_refuted_where_it_came_and_achieved_nothing(scanned: list[Scanned], *, refuted: bool) -> None:
    assert is_refuted(scanned) is refuted


def test_the_story_has_a_rating_on_every_channel_and_a_silent_owner_of_a_protected_mailbox() -> None:
    assert {scene.account for scene in SCENES if scene.taps} == {person.account for person in PEOPLE}
    assert any(scene.person.protected and scene.taps for scene in SCENES)
    assert any(scene.person.protected and scene.asked and not scene.taps for scene in SCENES)
    assert any(scene.person.old_app and scene.taps for scene in SCENES)
    assert len({scene.ticket for scene in SCENES}) == len(SCENES)


def test_a_form_sends_what_a_browser_would() -> None:
    page = """
        <form method="post"><input name="outside" value="1"></form>
        <form id="rate" method="post" action="/r/abc">
        <input type="hidden" name="nonce" value="n&amp;1">
        <input type="radio" name="value" value="3"><input type="radio" name="value" value="4" checked>
        <textarea name="comment">
        </textarea><button>Send</button></form>
        <input name="nowhere" value="1">
    """
    forms = forms_of(page)
    assert list(forms) == ["rate"]
    assert forms["rate"].action == "/r/abc"
    assert forms["rate"].fields == {"nonce": "n&1", "value": "4", "comment": ""}


def test_a_button_is_known_by_its_symbol() -> None:
    assert [value_on(words) for words in ("😡", "😍 Чудово", "Изменить оценку")] == [1, 5, None]
