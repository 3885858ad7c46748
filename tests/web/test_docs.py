"""docs/rating-page.md says what the page does."""

import re
from pathlib import Path

import pytest

from bot.web.rate.limits import MOST
from bot.web.rate.nonces import PAGE_LIFE
from bot.web.rate.requests import MAX_COMMENT, Act
from ratings.links import LinkKind
from ratings.store.pages import LESS
from ratings.times import DAY, HOUR

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rating-page.md").read_text()
SCRIPT = (Path(__file__).parents[2] / "bot/web/rate/static/rate.js").read_text()


@pytest.mark.parametrize("word", [*LinkKind, *Act])
def test_every_kind_and_act_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_the_limits_are_those_of_the_code() -> None:
    assert f"longer than {MAX_COMMENT} characters" in PAGE
    assert f"older than {PAGE_LIFE // HOUR} hours" in PAGE
    assert f"once in {LESS // DAY} days" in PAGE
    assert f"more than {MOST} posts of one token in a minute" in PAGE
    assert "for 2 seconds" in PAGE
    assert "WATCHED_MS = 2000;" in SCRIPT


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\((images/[^)]+)\)", PAGE)
    assert len(pictures) == 5
    assert all((DOCS / picture).is_file() for picture in pictures)
