"""What an alert says: bad ratings as a plain text for staff, in the survey's language. Pure.

Customers' words are data: put on one line, cut, and without characters that turn or hide what stands beside them.
"""

import unicodedata
from collections.abc import Sequence

from ratings.alerting import VALUE, BadRating
from ratings.builtin_texts import ALERTS
from ratings.texts import pick_language

MAX_SHOWN = 10
"""Ratings that one message shows; it counts the rest."""

MAX_WORDS = 300
MAX_SHORT = 100
MAX_LINK = 500

_JOINERS = frozenset("\u200c\u200d")  # parts of emoji and of some scripts' words, and harmless
_FEW, _MANY = range(2, 5), range(11, 15)


def alert_text(ratings: Sequence[BadRating], language: str, most: int) -> str:
    """Return the message about ratings, of at most `most` UTF-16 code units; the first always stands in it."""
    language = pick_language(language, ALERTS, "en")
    told = "bad" if all(VALUE in rating.reasons for rating in ratings) else "worded"
    head = _counted(told, len(ratings), language)
    blocks = [_block(rating, language) for rating in ratings[:MAX_SHOWN]]
    while True:
        left = len(ratings) - len(blocks)
        foot = [_counted("more", left, language)] if left else []
        text = "\n\n".join([head, *blocks, *foot])
        if len(blocks) <= 1 or _units(text) <= most:
            return text
        blocks.pop()


def one_line(text: str, most: int) -> str:
    """Return a text on one line, cut to so many characters, without controls, invisible and turning characters."""
    plain = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )
    words = " ".join(plain.split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _block(rating: BadRating, language: str) -> str:
    say = ALERTS[language]
    choice = rating.scale.get(rating.scale.counted(rating.value))
    shown = [str(rating.value)]
    if choice is not None:
        label = choice.label(language)
        shown = [choice.symbol, str(choice.value), *([] if label == choice.symbol else [label])]
    subject = one_line(rating.subject, MAX_SHORT)
    ticket = say["ticket"][0].replace("{id}", one_line(rating.ticket_id, MAX_SHORT))
    lines = [" ".join(shown), f"{ticket} {_said('quoted', subject, language)}" if subject else ticket]
    lines += [
        _said(name, one_line(text, most), language)
        for name, text, most in (
            ("agent", rating.agent, MAX_SHORT),
            ("channel", rating.channel, MAX_SHORT),
            ("customer", rating.comment, MAX_WORDS),
        )
        if one_line(text, most)
    ]
    if rating.ticket_url and len(rating.ticket_url) <= MAX_LINK:
        lines.append(rating.ticket_url)
    return "\n".join(lines)


def _said(name: str, text: str, language: str) -> str:
    return ALERTS[language][name][0].replace("{text}", text)


def _counted(name: str, number: int, language: str) -> str:
    forms = ALERTS[language][name]
    return forms[min(_plural(number, language), len(forms) - 1)].replace("{n}", str(number))


def _plural(number: int, language: str) -> int:
    """Which plural form a number takes, by the Unicode CLDR's rules for cardinals."""
    if language == "en":
        return 0 if number == 1 else 1
    ones, tens = number % 10, number % 100
    if number == 1 if language == "pl" else ones == 1 and tens not in _MANY:
        return 0
    return 1 if ones in _FEW and tens not in _MANY else 2


def _units(text: str) -> int:
    """How a text is counted where it is counted most strictly: 😍 is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
