"""What of a customer's words tells who they are or how they are reached: telephone and card numbers, papers, mail addresses. Pure.

For readers who are to learn what was said, and not by whom. It errs on the side of hiding: a long order number goes as well.
Dates and times stay.
"""

import re

HIDDEN = "•••"
"""What stands where something was."""

LONG = 9
"""So many digits, with nothing but blanks and dashes between them, are a number that somebody or something is known by."""

_BETWEEN = r"[ \t\u00a0\u202f().\-\u2010-\u2015\u2212]"
_MAIL = re.compile(r"[^\s@<>(),;:\"']{1,64}@[^\s@<>(),;:\"']{1,255}\.[^\W\d_]{2,24}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z\d]{4}){2,7}(?:[ \u00a0]?[A-Z\d]{1,4})?\b")
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:\d{4}|\d{2})"
_CLOCK = r"(?:[01]?\d|2[0-3])[:.][0-5]\d(?::[0-5]\d)?"
_DATE = (
    rf"(?<![\d.+\-])(?:{_DAY}(?P<dot>[./-]){_MONTH}(?P=dot){_YEAR}|\d{{4}}-(?:0[1-9]|1[0-2])-{_DAY})"
    rf"(?!\d)(?:[ ,T]{{1,2}}{_CLOCK}(?!\d))?(?!{_BETWEEN}?\d)"
)
_NUMBER = rf"\+?\(?\d(?:{_BETWEEN}{{0,3}}\d)+"
_DATE_OR_NUMBER = re.compile(rf"(?P<date>{_DATE})|(?P<number>{_NUMBER})")
_LOCAL = re.compile(
    r"(?:\d{2,3}[\-\u2010-\u2015]\d{2}[\-\u2010-\u2015]\d{2})|(?:\d{3} \d{2} \d{2})|(?:\d{3}[\-\u2010-\u2015]\d{4})"
)
"""A telephone number as it is called within a town: 123-45-67, 555-0199."""

_PAPER = re.compile(r"\b(?:паспорт\w*|загранпаспорт\w*|сери[яию]|passports?|снилс|инн)\b", re.IGNORECASE)
_OF_A_PAPER = re.compile(r"(?:\b[A-ZА-ЯЁІЇЄҐ]{1,3}[ \-]?)?\b[A-Z\d]*\d(?:[ \-]?[A-Z\d])*\d\b|\b\d{4,}\b")
_REACH = 60
"""Characters after the word for a paper in which its number is looked for."""

_FEWEST = 4
"""Digits of the number of a paper, or of a part of it."""


def mask(text: str) -> str:
    """Return a text without what tells who wrote it."""
    text = _MAIL.sub(HIDDEN, text)
    text = _IBAN.sub(HIDDEN, text)
    text = _hide_papers(text)
    return _DATE_OR_NUMBER.sub(_hide_number, text)


def _hide_number(found: re.Match[str]) -> str:
    number = found["number"]
    if number is None:
        return found[0]
    digits = _digits(number)
    if digits >= LONG or (digits > _FEWEST and (number.startswith("+") or _LOCAL.fullmatch(number))):
        return HIDDEN
    return number


def _hide_papers(text: str) -> str:
    """Hide the numbers that follow the word for a paper."""
    done: list[str] = []
    at = 0
    for word in _PAPER.finditer(text):
        if word.start() < at:
            continue
        end = min(word.end() + _REACH, len(text))
        while end < len(text) and text[end].isalnum():  # never through the middle of a number
            end += 1
        tail = _OF_A_PAPER.sub(lambda one: HIDDEN if _digits(one[0]) >= _FEWEST else one[0], text[word.end() : end])
        done += [text[at : word.end()], tail]
        at = end
    return "".join([*done, text[at:]])


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
