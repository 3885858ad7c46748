"""What the rating page shows, decided before any HTML is made. Pure.

Whoever holds the mail sees the page, so nothing of the ticket or the customer is in a view: texts are rendered with the
values of the choice alone, and a stored comment is only said to be there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.web.rate.requests import Act, Posted
from ratings.builtin_texts import BUILT_IN
from ratings.scale import Scale
from ratings.store.pages import Page
from ratings.survey import DEFAULT_SURVEY, Survey
from ratings.texts import LANGUAGES, pick_language, render
from ratings.votes import VoteState
from ratings.wording import choice_values

TONES = 5
"""Colours from the worst to the best: red, orange, yellow, light green, dark green."""

_NAMES = {"ru": "Русский", "en": "English", "uk": "Українська", "pl": "Polski"}
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})

Say = Callable[[str], str]
"""The words of a text, by its key."""


class Screen(StrEnum):
    """Which page it is; the values name the templates."""

    ASK = "ask"
    THANKS = "thanks"
    STANDS = "stands"
    EXPIRED = "expired"


class Asking(StrEnum):
    """What the page says of later askings."""

    NOTHING = ""  # before a vote: a program that presses every button must not find these
    CHOICES = "choices"
    OPTED_OUT = "opted_out"
    RESTING = "page_rests"


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language to switch to."""

    tag: str
    name: str
    current: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """A choice on the page. `tone` is 1 (worst) to 5 (best); `label` is "" where the symbol is all there is."""

    value: int
    symbol: str
    label: str
    tone: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Speech:
    """A language of the page: `wanted` is what the address asks for, "" when it is the invitation's own."""

    language: str
    direction: str
    wanted: str
    tongues: tuple[Tongue, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Everything that a template of the rating page needs. `alert` and `notice` are keys of texts, or ""."""

    screen: Screen
    speech: Speech
    say: Say
    token: str
    nonce: str
    tiles: tuple[Tile, ...]
    chosen: Tile | None = None
    linked: int | None = None
    before: bool = False
    commented: bool = False
    comment: str = ""
    alert: str = ""
    notice: str = ""
    asking: Asking = Asking.NOTHING
    live: bool = False  # the script may improve it
    reaction: str = ""  # the admin's words on this rating


def choose_language(survey: Survey, of_invitation: str, wanted: str) -> Speech:
    """Choose among the built-in languages and the invitation's own; `wanted` is what the address asks for."""
    own = pick_language(of_invitation, survey.languages, survey.language)
    tags = tuple(dict.fromkeys((*LANGUAGES, own)))
    language = pick_language(wanted, tags, own)
    direction = "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"
    tongues = tuple(Tongue(tag, _NAMES.get(tag, tag), tag == language) for tag in tags)
    return Speech(language, direction, language if wanted and language != own else "", tongues)


def plain_speech(language: str) -> tuple[Speech, Say]:
    """Return the built-in words, for a page that belongs to no invitation."""
    speech = choose_language(DEFAULT_SURVEY, language, "")
    return speech, lambda key: render(BUILT_IN[speech.language][key], {})


def words(survey: Survey, language: str, scale: Scale, value: int | None) -> Say:
    """Return the survey's words. They know the choice and nothing else."""
    values = choice_values(scale, value, language)
    return lambda key: render(survey.text(key, language), values)


def tones(scale: Scale) -> dict[int, int]:
    """Return the tone of each value. Where the smallest value is the satisfied end, the colours turn round."""
    choices = scale.choices
    falls = choices[0].satisfied and not choices[-1].satisfied
    last = len(choices) - 1
    ranks = {choice.value: (last - index if falls else index) for index, choice in enumerate(choices)}
    return {value: 1 + (2 * rank * (TONES - 1) + last) // (2 * last) for value, rank in ranks.items()}


def tiles(page: Page, language: str, checked: int | None) -> tuple[Tile, ...]:
    """Return the choices in the order in which they are shown."""
    tone = tones(page.scale)
    made = []
    for choice in page.scale.choices:
        label = choice.label(language)
        label = "" if label == choice.symbol else label
        made.append(Tile(choice.value, choice.symbol, label, tone[choice.value], choice.value == checked))
    return tuple(made[::-1] if page.reverse else made)


def screen_of(page: Page, linked: int | None) -> Screen:
    """Choose the screen of a visit. A link to another value than the one that counts is a wish to change it.

    A vote that does not count yet is asked for again where its link is followed: a person's touch then confirms it.
    """
    if not page.open:
        return Screen.STANDS if page.reason == "stands" else Screen.EXPIRED
    if _current(page) is None:
        return Screen.ASK
    return Screen.THANKS if linked is None or linked == page.value else Screen.ASK


def visit_view(page: Page, token: str, nonce: str, value: int | None, language: str, posted: int | None = None) -> View:
    """Return the view of a GET. `value` is the link's: one that the scale does not have chooses nothing.

    `posted` is the value of a form that led here: the thanks are for it, also where it has to wait beside one that counts.
    """
    linked = value if value is not None and page.scale.get(value) else None
    screen = screen_of(page, linked)
    if screen is Screen.ASK:
        return _view(page, token, nonce, screen, linked, language, linked=linked)
    thanked = posted is not None and screen is Screen.THANKS and page.scale.get(posted)
    return _view(page, token, nonce, screen, posted if thanked else _current(page), language)


def refused_view(page: Page, token: str, nonce: str, posted: Posted, alert: str) -> View:
    """Return the view after a form that was not taken: the same form again, with everything that was in it."""
    screen = screen_of(page, None)
    if posted.act is not Act.RATE:
        return _view(page, token, nonce, screen, _current(page), posted.language, alert=alert)
    if page.open:
        screen = Screen.ASK
    return _view(
        page, token, nonce, screen, posted.value, posted.language, alert=alert, comment=posted.comment, live=False
    )


def _view(
    page: Page,
    token: str,
    nonce: str,
    screen: Screen,
    checked: int | None,
    wanted: str,
    *,
    linked: int | None = None,
    alert: str = "",
    comment: str = "",
    live: bool = True,
) -> View:
    speech = choose_language(page.survey, page.language, wanted)
    shown = tiles(page, speech.language, checked)
    withdrawn = screen is Screen.ASK and page.vote_state is VoteState.WITHDRAWN
    return View(
        screen=screen,
        speech=speech,
        say=words(page.survey, speech.language, page.scale, page.value if screen is Screen.ASK else checked),
        token=token,
        nonce=nonce,
        tiles=shown,
        chosen=next((tile for tile in shown if tile.checked), None),
        linked=linked,
        before=page.value is not None,
        commented=bool(page.comment),
        comment=comment,
        alert=alert,
        notice="page_withdrawn" if withdrawn and not alert else "",
        asking=_asking(page, screen),
        live=live and screen is Screen.ASK,
        reaction=_reaction(page, checked, speech.language) if screen is Screen.THANKS else "",
    )


def _reaction(page: Page, value: int | None, language: str) -> str:
    """Return the admin's words on a rating; without the ticket's, since whoever holds the link reads them."""
    template = None if value is None else page.survey.reaction(value, language)
    values = {"company": page.survey.company, **choice_values(page.scale, value, language)}
    return render(template, values) if template else ""


def _current(page: Page) -> int | None:
    """What the customer chose last, as far as is known: they read here what they did, not what a report counts."""
    if page.value is not None:
        return page.value
    return None if page.vote_state is VoteState.WITHDRAWN else page.pending


def _asking(page: Page, screen: Screen) -> Asking:
    if page.opted_out:
        return Asking.OPTED_OUT
    if page.resting_until is not None:
        return Asking.RESTING
    return Asking.NOTHING if screen is Screen.ASK else Asking.CHOICES
