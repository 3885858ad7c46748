"""What stands after a value: a comment, or a reason to doubt. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence

from ratings import reply_words as words
from ratings.reply_scale import Meaning, Readings, Sort, Why
from ratings.reply_text import Kind, Token

Tokens = Sequence[Token]
_LIST_MARKS = frozenset(".)\"'»”’")  # between a number and a word these also make a list: "1. Не работает вход"
_SEPARATORS = " \t\n.,!)*\"'»”“’]}_…;:–—-+\u20e3\ufe0e\ufe0f"
_MAX_SHOWN = 2  # digits of a number that may be a value


def significant(rest: Tokens) -> Iterator[Token]:
    """The tokens that are not blank."""
    return (token for token in rest if token.kind is not Kind.SPACE)


def is_counted(rest: Tokens) -> bool:
    """True where a number counts what follows it: 5 минут, 5 мая, 5 %."""
    following = next(significant(rest), None)
    if following is None:
        return False
    if following.kind is Kind.MARK:
        return following.text in words.COUNTED_MARKS
    if following.kind is not Kind.WORD or following.text in words.RATING_UNITS:
        return False
    return following.text in words.COUNTED_EXACTLY or following.text.startswith(words.COUNTED)


def is_stop(rest: Tokens) -> bool:
    """True where all the rest is a wish to be left alone."""
    return tuple(token.text for token in significant(rest) if token.kind is Kind.WORD) in words.STOP


def is_separated(rest: Tokens) -> bool:
    """True where more than a blank or a list's mark stands between the value and the next word."""
    for token in rest:
        if token.kind is Kind.WORD:
            return False
        if token.kind is Kind.SPACE and "\n" in token.text:
            return True
        if token.kind is not Kind.SPACE and token.text not in _LIST_MARKS:
            return True
    return True


def doubt(meaning: Meaning, rest: Tokens, lead: frozenset[str], known: Readings) -> Why | None:
    """Why a value is not certain for what stands around it; None when the rest is a comment."""
    if names_another(meaning, rest, known):
        return Why.SEVERAL
    if asks(rest):
        return Why.QUESTION
    if _is_contradicted(meaning, rest, known):
        return Why.MIXED
    if meaning.sort is Sort.NUMBER:
        return _doubt_number(meaning, rest, lead, known)
    is_rated = bool(lead & words.RATING_WORDS)
    if meaning.sort is Sort.SYMBOL and lead and not is_rated:
        return Why.MOOD  # "спасибо 🙂" is a smile
    spoken = [token.text for token in rest if token.kind is Kind.WORD]
    if meaning.sort is Sort.AGREEING and not (is_rated or lead & words.GLUE_ALONE):
        said = spoken or any(_is_telling(character) for token in rest for character in token.text)
        return Why.MIXED if said or lead - words.COURTESY else None
    if meaning.sort is Sort.BLAME or (meaning.sort is Sort.SYMBOL and meaning.value not in known.satisfied):
        return _doubt_blame(rest, spoken)
    return None if _is_agreeable(spoken) else Why.MIXED


def _is_contradicted(meaning: Meaning, rest: Tokens, known: Readings) -> bool:
    """True where an emoji of the rest feels otherwise: "отлично 😡", "5 👎"."""
    satisfied = meaning.value in known.satisfied
    for token in rest:
        if token.kind is Kind.SYMBOL and (known.symbols[token.text].value in known.satisfied) is not satisfied:
            return True
        if token.kind is not Kind.MARK or unicodedata.category(token.text) != "So":
            continue
        if satisfied and (
            token.text in words.DISPLEASED or (meaning.sort is not Sort.NUMBER and token.text not in words.PLEASED)
        ):
            return True
    return False


def _doubt_number(meaning: Meaning, rest: Tokens, lead: frozenset[str], known: Readings) -> Why | None:
    if lead & words.ALL and not lead & words.RATING_WORDS:
        return Why.MIXED  # "все 5": of what?
    first = next((token for token in rest if token.kind is Kind.WORD), None)
    if first is not None and not is_separated(rest) and first.text not in words.FOLLOWING | words.COURTESY_ALONE:
        return Why.MIXED
    spoken = [token.text for token in rest if token.kind is Kind.WORD][:4]
    for length in range(len(spoken), 0, -1):
        grade = words.GRADE_OF.get(tuple(spoken[:length]))
        if grade is not None:
            is_other = grade < 3 if meaning.value in known.satisfied else grade > 3  # noqa: PLR2004 - 3 goes with any
            return Why.MIXED if is_other else None
    return None


def _doubt_blame(rest: Tokens, spoken: list[str]) -> Why | None:
    if not spoken:
        return None
    if spoken[0] in words.CONDITION or any(word in words.CONTRAST for word in spoken):
        return Why.MIXED
    if not is_separated(rest) and rest[0].text != "." and spoken[0] not in words.FOLLOWING:
        return Why.MIXED
    if any(words.GRADE_OF.get((word,), 0) > 3 for word in spoken):  # noqa: PLR2004 - praise
        return Why.MIXED
    return None


def _is_agreeable(spoken: list[str]) -> bool:
    for place, word in enumerate(spoken):
        if tuple(spoken[place : place + 2]) in words.SIGN_OFF or (word,) in words.SIGN_OFF:
            return True
        if word not in words.AGREEABLE:
            return False
    return True


def names_another(meaning: Meaning, rest: Tokens, known: Readings) -> bool:
    """True where the rest names another value: as "5, нет, 3" does, and "2, ждал 3 дня" does not."""
    for place, token in enumerate(rest):
        if token.kind is Kind.SYMBOL and meaning.sort is Sort.SYMBOL and known.symbols[token.text] != meaning:
            return True
        number = _number(token)
        if number is None or known.numbers.get(number) in (None, meaning.value):
            continue
        before = rest[place - 1].text if place else " "
        if token.kind is Kind.NUMBER and (before in words.COUNTED_MARKS or before in "-.:," or before.isalpha()):
            continue
        if token.kind is Kind.WORD and number == 1:
            continue  # "no one", "ни один"
        following = _after(rest, place + 1)
        if following is None:
            return True
        if following.kind is Kind.WORD:
            if following.text in words.FOLLOWING | words.RATING_UNITS:
                return True
        elif following.text not in words.COUNTED_MARKS and not _is_compound(rest, place):
            return True
    return False


def _after(rest: Tokens, place: int) -> Token | None:
    while place < len(rest) and rest[place].kind is Kind.SPACE:
        place += 1
    return rest[place] if place < len(rest) else None


def _number(token: Token) -> int | None:
    if token.kind is Kind.NUMBER:
        return int(token.text) if len(token.text) <= _MAX_SHOWN else None
    return words.NUMBERS.get(token.text) if token.kind is Kind.WORD else None


def _is_compound(rest: Tokens, place: int) -> bool:
    """True for 12:30 and 2-3: a mark and digits follow at once."""
    after = rest[place + 1 : place + 3]
    return len(after) == 2 and after[0].text in "-–:.,/" and after[1].kind is Kind.NUMBER  # noqa: PLR2004 - the two


def asks(rest: Tokens) -> bool:
    """True where a clause of the rest begins with a question word."""
    is_start = True
    for token in rest:
        if token.kind is Kind.WORD:
            if is_start and token.text in words.ASKING:
                return True
            is_start = is_start and token.text in words.LINKING
        elif token.kind is not Kind.SPACE or "\n" in token.text:
            is_start = True
    return False


def comment_of(text: str) -> str:
    """The customer's words after the value; nothing where only punctuation is left."""
    kept = text.lstrip(_SEPARATORS).rstrip()
    return kept if any(map(_is_telling, kept)) else ""


def _is_telling(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN" or unicodedata.category(character) == "So"
