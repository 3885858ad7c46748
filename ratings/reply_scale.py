"""What numbers, symbols and words mean on one scale. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import cache

from ratings import reply_words as words
from ratings.reply_text import fold, symbol_pattern, words_of
from ratings.scale import DEFAULT_SCALE, Scale

_MIN_REPEATED = 3  # 555 is five with force; 55 may be a number of something


class Why(StrEnum):
    """Why a reply is unclear."""

    SEVERAL = "several"  # more than one value: 4-5, "1 2 3 4 5"
    NEGATED = "negated"  # "не 5"
    OUT_OF_SCALE = "out_of_scale"  # 0, 10 of five, 4.5
    QUESTION = "question"  # a value, and a question that somebody has to see
    MIXED = "mixed"  # a value, and words that may take it back or be counted by it
    MOOD = "mood"  # a mood that is no choice: 👍, "так себе"


class Sort(Enum):
    """How a value was named: it decides what may stand around it."""

    NUMBER = auto()
    SYMBOL = auto()
    PRAISE = auto()
    AGREEING = auto()  # a word that also means "agreed"
    BLAME = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """The value, or None with the reason why it is none."""

    value: int | None
    sort: Sort
    why: Why = Why.SEVERAL


@dataclass(frozen=True, slots=True)
class Readings:
    """The tables of one scale. Keys are folded; `numbers` is what the customer sees -> value."""

    pattern: re.Pattern[str]
    symbols: Mapping[str, Meaning]
    labels: Mapping[str, Meaning]
    phrases: Mapping[tuple[str, ...], Meaning]
    numbers: Mapping[int, int]
    satisfied: frozenset[int]
    has_stars: bool

    @property
    def top(self) -> int:
        """The greatest number that the customer sees."""
        return max(self.numbers, default=0)

    def number(self, digits: str) -> Meaning:
        """Digits as a number of the scale; 05 and 55 are none of a scale of five."""
        whole = int(digits)
        if str(whole) != digits and len(digits) >= _MIN_REPEATED:
            return Meaning(None, Sort.NUMBER, Why.OUT_OF_SCALE)
        if len(digits) >= _MIN_REPEATED and len(set(digits)) == 1 and self.top < 10:  # noqa: PLR2004 - one digit each
            whole = int(digits[0])
        elif str(whole) != digits:
            return Meaning(None, Sort.NUMBER, Why.OUT_OF_SCALE)
        return Meaning(self.numbers.get(whole), Sort.NUMBER, Why.OUT_OF_SCALE)

    def stars(self, full: int, hollow: int) -> Meaning:
        """A row of stars: as many as the value, or filled up to the top with hollow ones."""
        told = self.has_stars and (full if not hollow or full + hollow == self.top else 0)
        return Meaning(self.numbers.get(told or 0), Sort.SYMBOL, Why.MOOD)


def readings(scale: Scale, language: str | None) -> Readings:
    """Make the tables of a scale; `language` decides between labels that are one word for two choices."""
    symbols: dict[str, Meaning] = {}
    for choice in scale.choices:
        symbol = fold(choice.symbol).strip()
        if symbol and not any(map(str.isalnum, symbol)):
            known = symbols.get(symbol)
            symbols[symbol] = Meaning(choice.value if known is None else None, Sort.SYMBOL)
    shown = {int(choice.symbol): choice.value for choice in scale.choices if re.fullmatch("[0-9]{1,4}", choice.symbol)}
    labels = _labels(scale, language)
    phrases = {key: each for label, each in labels.items() if (key := words_of(label))}
    if _is_default(scale):
        phrases = {**_default_phrases(), **phrases}
    identical = not shown and scale.values == tuple(range(1, len(scale.values) + 1))
    return Readings(
        pattern=symbol_pattern(tuple(symbols)),
        symbols=symbols,
        labels=labels,
        phrases=phrases,
        numbers=shown or {value: value for value in scale.values},
        satisfied=frozenset(choice.value for choice in scale.choices if choice.satisfied),
        has_stars=identical and not scale.one_is_best,  # more stars are better everywhere
    )


def _is_default(scale: Scale) -> bool:
    """True for the default five, whatever their labels: the words of quality are meant for these faces."""
    mine, default = (
        [(each.value, fold(each.symbol), each.satisfied) for each in one.choices] for one in (scale, DEFAULT_SCALE)
    )
    return mine == default


def _labels(scale: Scale, language: str | None) -> dict[str, Meaning]:
    """Folded labels, and symbols that are words, to what they mean."""
    meant: dict[str, dict[int, bool]] = {}
    for choice in scale.choices:
        named = [*choice.labels.items(), *([("", choice.symbol)] if any(map(str.isalpha, choice.symbol)) else [])]
        for tongue, label in named:
            choices = meant.setdefault(" ".join(fold(label).split()), {})
            choices[choice.value] = choices.get(choice.value, False) or tongue == language
    found: dict[str, Meaning] = {}
    for label, choices in meant.items():
        own = [value for value, is_own in choices.items() if is_own]
        value = next(iter(choices)) if len(choices) == 1 else own[0] if len(own) == 1 else None
        if label:
            found[label] = Meaning(value, _sort_of(scale, label, value))
    return found


def _sort_of(scale: Scale, label: str, value: int | None) -> Sort:
    spoken = words_of(label)
    choice = scale.get(value) if value is not None else None
    if spoken in words.AGREEING or choice is None:
        return Sort.AGREEING
    if choice.satisfied:
        return Sort.PRAISE
    return Sort.BLAME if spoken in words.GRADES[1] | words.GRADES[2] else Sort.AGREEING


@cache
def _default_phrases() -> dict[tuple[str, ...], Meaning]:
    found = {}
    for value, phrases in words.GRADES.items():
        sort = Sort.PRAISE if value > 2 else Sort.BLAME  # noqa: PLR2004 - 3 is said as carefully as praise
        found.update({each: Meaning(value, Sort.AGREEING if each in words.AGREEING else sort) for each in phrases})
    return found
