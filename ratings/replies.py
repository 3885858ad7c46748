"""Read what a customer typed as a rating: deterministic, pure, the same answer for the same words.

A wrong rating is worse than a polite question, and a new question must never be swallowed. So a value is read only
where it leads the reply, alone or after words that say nothing else ("спасибо", "моя оценка:"), and where what follows
can only be a comment. A reply that names a value in a way that needs guessing is `Unclear`: ask. Anything else is
`NotAnAnswer`: words, a new question, a number of something.
"""

import re
import unicodedata
from dataclasses import dataclass

from ratings import reply_words as words
from ratings.reply_rest import comment_of, doubt, is_counted, is_separated, is_stop
from ratings.reply_scale import Meaning, Readings, Sort, Why, readings
from ratings.reply_text import INVISIBLE, Kind, fold, tokens, words_of
from ratings.scale import Scale

__all__ = ["MAX_REPLY", "Answer", "NotAnAnswer", "Reply", "Unclear", "Why", "read_reply"]

MAX_REPLY = 20_000
"""Characters; longer than a comment may be is no reply."""
_SHORT = 8  # words: more than these are a message of its own, not a rating that went wrong
_MAX_LEAD = 12  # words before the value
_MAX_PHRASE = 4  # words of the longest word of quality
_MAX_NUMBER = 3  # digits of a number that may be meant as a rating; longer ones are orders and invoices
_MAX_DIGITS = 32  # digits worth reading
_MAX_ENDING = 3  # letters of 5-й, 5-го, 5-ого
_NEAR = 4  # tokens that can say what a number counts
_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)
_MOOD = re.compile(r"[:;=]-?[()DdPp/|*]+|[()]{2,}|\*+")
_PASSED = frozenset("\"'«»“”„‘’([{)]}*_+.,!:;–—‒-•…·")
_MINUS = "-–—−"
_SUFFIXES = frozenset("+-–*")
_JOINING = frozenset(".,:/-–—(")
_STARS, _HOLLOW = frozenset("★⭐🌟"), "☆"


@dataclass(frozen=True, slots=True)
class Answer:
    """A value of the scale, and what else the customer wrote, in their own writing."""

    value: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Meant as a rating, most likely; ask politely for one value."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotAnAnswer:
    """No rating: a comment if one is awaited, else a message that belongs elsewhere."""


Reply = Answer | Unclear | NotAnAnswer


def read_reply(text: str, scale: Scale, language: str | None = None) -> Reply:
    """Read a reply by the scale that it was asked on.

    `language` (as in the scale's labels) only decides between labels that are the same word for two choices. Total:
    any text gives a reply, in time linear in its length.
    """
    if len(text) > MAX_REPLY:
        return NotAnAnswer()
    clean = unicodedata.normalize("NFC", text.strip().strip(INVISIBLE).strip())
    for choice in scale.choices:
        if clean and choice.symbol == clean:
            return Answer(choice.value)
    return _Reader(clean, readings(scale, language)).read()


@dataclass(frozen=True, slots=True)
class _Found:
    """A value at a place; the tokens before `end` are read."""

    meaning: Meaning
    end: int


class _Reader:
    """One reading of one text."""

    def __init__(self, text: str, known: Readings) -> None:
        self._text = text
        self._known = known
        self._tokens = tokens(text, known.pattern)
        self._asks = any(mark in text for mark in "?？¿")

    def read(self) -> Reply:
        whole = self._known.labels.get(" ".join(fold(self._text).split()))
        if whole is not None:
            return Unclear(Why.SEVERAL) if whole.value is None else Answer(whole.value)
        at, lead, is_doubtful = self._lead()
        found = self._value(at)
        if found is None or (found.meaning.sort is Sort.NUMBER and not self._may_lead(lead) and not is_doubtful):
            return self._no_value()
        if found.meaning.sort is Sort.NUMBER:
            return self._number_reply(found, lead, is_doubtful=is_doubtful)
        if is_doubtful:
            return self._unclear(Why.NEGATED, found.end)
        return self._judged(found.meaning, found.end, lead)

    # --- before the value

    def _lead(self) -> tuple[int, frozenset[str], bool]:
        """Pass over what may stand before a value: (where it may be, the words, whether they make it doubtful)."""
        at, passed, is_doubtful = self._skip(0), set[str](), False
        while len(passed) < _MAX_LEAD and (word := self._word(at)) and self._value(at) is None:
            if word in words.NEGATIONS or word in words.HEDGES:
                is_doubtful = True
            elif not (word in words.COURTESY or word in words.RATING_WORDS or word in words.GLUE):
                break
            passed.add(word)
            at = self._skip(at + 1)
        return at, frozenset(passed), is_doubtful

    @staticmethod
    def _may_lead(lead: frozenset[str]) -> bool:
        """True where words make a number a rating, or say nothing. "Team 5" and "the 5" name something."""
        if not lead or lead & words.RATING_WORDS:
            return True
        if lead <= words.COURTESY:
            return bool(lead & words.COURTESY_ALONE) or lead == {"вам"}
        return lead <= words.COURTESY_ALONE | words.GLUE_ALONE | words.ALL

    def _skip(self, at: int) -> int:
        """Pass over blanks and punctuation, but not over the minus of a number."""
        while self._kind(at) is Kind.SPACE or self._mark(at) in _PASSED:
            if self._mark(at) in _MINUS and self._kind(at + 1) is Kind.NUMBER and self._kind(at - 1) is not Kind.WORD:
                return at
            at += 1
        return at

    # --- the value

    def _kind(self, at: int) -> Kind | None:
        return self._tokens[at].kind if 0 <= at < len(self._tokens) else None

    def _word(self, at: int) -> str:
        return self._tokens[at].text if self._kind(at) is Kind.WORD else ""

    def _mark(self, at: int) -> str:
        """The mark at a place, or a blank, which is in no set of marks."""
        return self._tokens[at].text if self._kind(at) is Kind.MARK else " "

    def _past_blanks(self, at: int) -> int:
        while self._kind(at) is Kind.SPACE:
            at += 1
        return at

    def _value(self, at: int) -> _Found | None:
        """The value that stands at a place."""
        kind = self._kind(at)
        if kind is Kind.SYMBOL:
            return _Found(self._known.symbols[self._tokens[at].text], at + 1)
        if kind is Kind.NUMBER:
            return self._number(at)
        if kind is Kind.WORD:
            return self._phrase(at)
        return self._stars(at)

    def _number(self, at: int) -> _Found | None:
        end = at + 1
        if self._mark(end) == "-" and self._word(end + 1) in words.NUMBER_ENDINGS:
            end += 2  # 5-ка
        elif self._mark(end) == "-" and 0 < len(self._word(end + 1)) <= _MAX_ENDING:
            return None  # 5-й
        elif self._word(end) in words.NUMBER_ENDINGS:
            end += 1
        elif self._kind(end) is Kind.WORD:
            return None  # 5th
        meaning = self._known.number(self._tokens[at].text[:_MAX_DIGITS])
        return None if meaning.value is None and len(self._tokens[at].text) > _MAX_NUMBER else _Found(meaning, end)

    def _phrase(self, at: int) -> _Found | None:
        spoken, ends = list[str](), list[int]()
        while self._kind(at) is Kind.WORD and len(spoken) < _MAX_PHRASE:
            spoken.append(self._word(at))
            ends.append(at + 1)
            at = self._past_blanks(at + 1)
        for length in range(len(spoken), 0, -1):
            meaning = self._known.phrases.get(tuple(spoken[:length]))
            if meaning is not None:
                return _Found(meaning, ends[length - 1])
        number = words.NUMBERS.get(spoken[0])
        return None if number is None else _Found(self._known.number(str(number)), ends[0])

    def _stars(self, at: int) -> _Found | None:
        place = at
        while self._mark(place) in _STARS:
            place += 1
        full = place - at
        while self._mark(place) == _HOLLOW:
            place += 1
        return _Found(self._known.stars(full, place - at - full), place) if place - at > 1 else None

    # --- a number, and what belongs to it

    def _number_reply(self, found: _Found, lead: frozenset[str], *, is_doubtful: bool) -> Reply:
        end = self._suffix(found.end)
        top = self._ratio(end)
        if top is not None:
            end = self._suffix(top[1])
            if self._mark(end) in _JOINING and self._kind(end + 1) is Kind.NUMBER:
                return NotAnAnswer()  # 4/5/2026
            if top[0] != self._known.top:
                return self._unclear(Why.OUT_OF_SCALE, end)
        elif (other := self._joined(found, end)) is not None:
            return other
        rest = self._tokens[end:]
        if self._is_counted(found, end):
            return NotAnAnswer()
        if is_doubtful or found.meaning.value is None:
            first = next((token for token in rest if token.kind is Kind.WORD), None)
            is_alone = first is None or is_separated(rest) or first.text in words.FOLLOWING | words.ALTERNATIVE
            why = Why.NEGATED if is_doubtful else found.meaning.why
            return self._unclear(why, end) if is_alone else NotAnAnswer()
        return self._judged(found.meaning, end, lead)

    def _is_counted(self, found: _Found, end: int) -> bool:
        return end == found.end and is_counted(self._tokens[end : end + _NEAR])

    def _suffix(self, at: int) -> int:
        """Pass over 5+, 5-, 5*, "5 звёзд", "5 с плюсом"."""
        while self._mark(at) in _SUFFIXES and self._kind(at + 1) not in (Kind.NUMBER, Kind.WORD):
            at += 1
        place = self._past_blanks(at)
        while self._mark(place) in _STARS or self._mark(place) == "*":
            place += 1
            at = place
        if self._word(place) in words.RATING_UNITS:
            at = place + 1
            place = self._past_blanks(at)
        spoken, ends = list[str](), list[int]()
        while self._kind(place) is Kind.WORD and len(spoken) < _MAX_PHRASE:
            spoken.append(self._word(place))
            ends.append(place + 1)
            place = self._past_blanks(place + 1)
        for length in range(len(spoken), 0, -1):
            if tuple(spoken[:length]) in words.PLUS:
                return ends[length - 1]
        return at

    def _ratio(self, at: int) -> tuple[int, int] | None:
        """Read "/5" and "из 5": (of how many, where it ends)."""
        at = self._past_blanks(at)
        if self._word(at) == "out":
            at = self._past_blanks(at + 1)
        if self._mark(at) != "/" and self._word(at) not in words.OF:
            return None
        at = self._past_blanks(at + 1)
        if self._kind(at) is Kind.NUMBER:
            return int(self._tokens[at].text[:_MAX_DIGITS]), at + 1
        number = words.OUT_OF.get(self._word(at), words.NUMBERS.get(self._word(at)))
        return None if number is None else (number, at + 1)

    def _joined(self, found: _Found, at: int) -> Reply | None:
        """What two numbers side by side say: 4.5, 4-5, "4 или 5", 12:30, 5 000."""
        place = self._past_blanks(at)
        mark = self._mark(place)
        if mark in _JOINING or self._word(place) in words.ALTERNATIVE:
            place = self._past_blanks(place + 1)
        elif self._kind(place) is not Kind.NUMBER:
            return None
        token = self._tokens[place] if place < len(self._tokens) else None
        if token is None or (token.kind is Kind.WORD and token.text not in words.NUMBERS):
            return None
        if token.kind not in (Kind.NUMBER, Kind.WORD):
            return None
        is_long = token.kind is Kind.NUMBER and len(token.text) > 2  # noqa: PLR2004 - 5 000, 8 916
        is_compound = self._mark(place + 1) in _JOINING and self._kind(place + 2) is Kind.NUMBER
        if mark == ":" or is_long or (is_compound and mark != " "):
            return NotAnAnswer()
        other = self._value(place)
        if other is None or is_counted(self._tokens[other.end : other.end + _NEAR]):
            return NotAnAnswer()
        is_adjacent = mark != " " and place == at + 1
        if mark in ".," and is_adjacent:
            return self._unclear(Why.OUT_OF_SCALE, other.end)
        if not is_adjacent and mark not in "-–—" and other.meaning.value == found.meaning.value is not None:
            return None  # 5 5
        return self._unclear(Why.SEVERAL, other.end)

    # --- after the value

    def _judged(self, meaning: Meaning, end: int, lead: frozenset[str]) -> Reply:
        if meaning.value is None:
            return self._unclear(meaning.why, end)
        end = self._past_same(meaning.value, end)
        rest = self._tokens[end:]
        if is_stop(rest):
            return NotAnAnswer()
        if self._asks:
            return self._unclear(Why.QUESTION, end)
        why = Why.MIXED if _ADDRESS.search(self._text) else doubt(meaning, rest, lead, self._known)
        if why is not None:
            return self._unclear(why, end)
        return Answer(meaning.value, comment_of(self._text[rest[0].start :]) if rest else "")

    def _past_same(self, value: int, at: int) -> int:
        """Pass over the same value said again: "5 (пять)", 😍😍."""
        while True:
            place = at
            while self._kind(place) in (Kind.SPACE, Kind.MARK) and self._mark(place) not in words.COUNTED_MARKS:
                place += 1
            if self._kind(place) not in (Kind.SYMBOL, Kind.NUMBER) and self._word(place) not in words.NUMBERS:
                return at
            again = self._value(place)
            if again is None or again.meaning.value != value or self._is_counted(again, again.end):
                return at
            at = again.end

    # --- no answer

    def _unclear(self, why: Why, end: int) -> Reply:
        """Ask, if this is short enough to be meant as a rating; more words are a message of its own."""
        said = sum(token.kind is Kind.WORD for token in self._tokens[end:])
        return Unclear(why) if said <= _SHORT else NotAnAnswer()

    def _no_value(self) -> Reply:
        spoken = tuple(token.text for token in self._tokens if token.kind is Kind.WORD)
        numbers = [token.text for token in self._tokens if token.kind is Kind.NUMBER]
        if not spoken and len(numbers) == 1 and len(numbers[0]) < _MAX_NUMBER:
            is_negative = re.fullmatch(rf"[{_MINUS}]\d+", fold(self._text)) is not None
            return Unclear(Why.OUT_OF_SCALE) if is_negative else NotAnAnswer()
        if self._asks or len(spoken) > _SHORT:
            return NotAnAnswer()
        if not spoken and not numbers:
            is_mood = _MOOD.fullmatch(self._text) or any(unicodedata.category(each) == "So" for each in self._text)
            return Unclear(Why.MOOD) if is_mood else NotAnAnswer()
        if not numbers:
            typed = words_of(fold(self._text).translate(words.LAYOUT))
            meaning = self._known.phrases.get(typed)
            if meaning is None and len(typed) == 1 and typed[0] in words.NUMBERS:
                meaning = self._known.number(str(words.NUMBERS[typed[0]]))
            if meaning is not None and meaning.value is not None:
                return Answer(meaning.value)
            return Unclear(Why.MOOD) if spoken in words.VAGUE else NotAnAnswer()
        is_named = any(int(number) in self._known.numbers for number in numbers if len(number) < _MAX_NUMBER)
        is_rated = any(word in words.RATING_WORDS or word in words.RATING_UNITS for word in spoken)
        return Unclear(Why.MIXED) if is_named and is_rated else NotAnAnswer()
