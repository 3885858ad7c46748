"""A customer's text in the shape in which it is compared: folded characters, cut into tokens. Pure.

Folding joins what a reader sees as the same: case, ё and е, full-width digits, keycaps, typographic apostrophes, Polish
letters typed without their tails, Cyrillic words with Latin letters that look alike. Every token remembers where it
stood in the customer's own text, so that a comment is kept as it was written.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

# Presentation, not meaning: variation selectors 15 and 16, and the five skin tones (Unicode TR 51).
VARIATION = dict.fromkeys([0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])
# Characters of no width that phones leave around pasted text, and the soft hyphen.
INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2066\u2067\u2068\u2069\ufeff"
_JOINER = "\u200d"
_DROPPED = frozenset(INVISIBLE) | frozenset(map(chr, VARIATION))

_ALIKE = str.maketrans("aceopxyikmtbh", "асеорхуікмтвн")
_POLISH = {"ą": "a", "ć": "c", "ę": "e", "ł": "l", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z"}
_SPECIAL = {
    **_POLISH,
    "ё": "е",
    "`": "'", "´": "'", "ʼ": "'", "‘": "'", "’": "'", "ʹ": "'", "′": "'",
    "\u20e3": " ",  # the frame of a keycap: 1️⃣2️⃣ are two numbers, not twelve
    "🔟": " 10",
}  # fmt: skip
_PLAIN = frozenset(("Lu", "Ll", "Lo", "Lm", "Nd", "No", "Zs"))  # categories in which NFKC joins writings of one thing


class Kind(Enum):
    """What a token is."""

    SYMBOL = auto()  # a symbol of the scale
    NUMBER = auto()
    WORD = auto()
    SPACE = auto()
    MARK = auto()  # any other character: punctuation, an emoji


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the folded text; `start` and `end` are places in the customer's text."""

    kind: Kind
    text: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def fold_character(character: str) -> str:
    """What one character is compared as: nothing, itself, or several characters."""
    if character in _DROPPED:
        return ""
    if character < "\x7f":
        return _SPECIAL.get(character, character.lower())
    if character in _SPECIAL:
        return _SPECIAL[character]
    if unicodedata.category(character) not in _PLAIN:
        return character
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal)
    lowered = unicodedata.normalize("NFKC", character).lower()
    return "".join(_SPECIAL.get(each, each) for each in lowered)


def fold(text: str) -> str:
    """Fold a whole text."""
    return "".join(map(fold_character, unicodedata.normalize("NFC", text)))


def symbol_pattern(symbols: Sequence[str]) -> re.Pattern[str]:
    """Compile what cuts a folded text into tokens; `symbols` are folded, and go before everything else.

    A symbol that is part of a joined emoji (🙂 in 🙂‍↔️, a shaken head) is not the symbol.
    """
    ordered = sorted(symbols, key=len, reverse=True)
    named = "|".join(map(re.escape, ordered)) or r"(?!)"
    return re.compile(
        rf"(?P<symbol>(?<!{_JOINER})(?:{named})(?!{_JOINER}))|(?P<number>[0-9]+)"
        r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)|(?P<space>\s+)|(?P<mark>.)",
        re.DOTALL,
    )


def tokens(text: str, pattern: re.Pattern[str]) -> list[Token]:
    """Cut a text, already in NFC, into tokens."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for each in fold_character(character):
            folded.append(each)
            places.append(place)
    places.append(len(text))
    found: list[Token] = []
    for match in pattern.finditer("".join(folded)):
        kind = Kind[(match.lastgroup or "mark").upper()]
        piece = match.group()
        if kind is Kind.WORD:
            piece = _one_alphabet(piece)
        found.append(Token(kind, piece, places[match.start()], places[match.end()]))
    return found


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text that has nothing but words and punctuation; no words when it has numbers."""
    cut = tokens(unicodedata.normalize("NFC", text), _NO_SYMBOLS)
    if any(token.kind is Kind.NUMBER for token in cut):
        return ()
    return tuple(token.text for token in cut if token.kind is Kind.WORD)


def _one_alphabet(word: str) -> str:
    """A Cyrillic word with Latin letters that look alike ("oтличнo"), in Cyrillic; other words as they are."""
    if any("а" <= letter <= "ґ" for letter in word) and any("a" <= letter <= "z" for letter in word):
        return word.translate(_ALIKE)
    return word


_NO_SYMBOLS = symbol_pattern(())
