"""What customers read: the built-in texts in four languages, and how a template becomes a message.

A template holds placeholders such as `{ticket.subject}`. When a value is missing, the quotes or brackets around it and
the punctuation that led to it go as well, so that nobody reads «» or None. A part in square brackets that holds a
placeholder vanishes whole: `How did we do[ with “{ticket.subject}”]?`
"""

import re
from collections.abc import Iterable, Mapping

from ratings.builtin_texts import BUILT_IN, REASONS

PLACEHOLDERS = (
    "ticket.id",
    "ticket.subject",
    "agent.name",
    "customer.name",
    "company",
    "symbol",
    "label",
    "value",
)
KEYS = tuple(BUILT_IN["en"])
OWN_KEYS = (*KEYS, "reminder_2", "reminder_3")
"""Texts that an admin may write. The second and third reminder say what the first says, unless they have words of their own."""

REACTION = "reaction."
"""The key of what is said after a rating begins with this and ends with the value; there are no built-in reactions."""

LANGUAGES = tuple(BUILT_IN)
MAX_TEMPLATE = 1_000  # characters
MAX_VALUE = 120  # characters of a value that a message repeats: a subject can be a whole letter
# What a platform shows in one small place: a button (VK holds 40) and a toast (Telegram holds 200).
_LIMITS = {"acknowledged": 120} | {key: 40 for key in KEYS if key.startswith("button_")}
_CHOICE_ONLY = ("symbol", "label", "value")  # short by themselves, so a toast with them stays within its 200

_REACTION_KEY = re.compile(r"reaction\.([1-9][0-9]?)").fullmatch  # as a scale's values are written
_PLACEHOLDER = re.compile(r"\{([a-z]+(?:\.[a-z]+)?)\}")
_SEGMENT = re.compile(r"\[([^\[\]]*\{[a-z]+(?:\.[a-z]+)?\}[^\[\]]*)\]")
_HOLE = "\0"  # stands for a missing value while a message is put together; templates and values hold no NUL
_WRAPPED = re.compile(r"(?:«\s*\0\s*»|“\s*\0\s*”|„\s*\0\s*[”“]|\"\s*\0\s*\"|'\s*\0\s*'|\(\s*\0\s*\))")
_LEADING = re.compile(r"(^|\n)[ \t]*\0[ \t,.;:!?—–-]*(\w?)")
_CLOSING = re.compile(r"[ \t]*[,:;—–-]?[ \t]*(?:[#№][ \t]*)?\0[ \t]*(?=[.,;:!?…)\n]|$)")
_INNER = re.compile(r"[ \t]*\0[ \t]*")


def render(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template. A value that is absent or blank is missing; none is read as a template again.

    Values are put on one line and cut to 120 characters. A placeholder that does not exist counts as missing: the
    check on saving (`check_text`) refuses it, and a customer must never see one.
    """
    if "{" not in template:
        return template

    def fill(match: re.Match[str]) -> str:
        value = " ".join(values.get(match[1], "").replace(_HOLE, " ").split())
        return (value if len(value) <= MAX_VALUE else value[: MAX_VALUE - 1].rstrip() + "…") or _HOLE

    def segment(match: re.Match[str]) -> str:
        known = all(values.get(name, "").strip() for name in _PLACEHOLDER.findall(match[1]))
        return match[1] if known else _HOLE

    message = _PLACEHOLDER.sub(fill, _SEGMENT.sub(segment, template))
    return _without_holes(message) if _HOLE in message else message


def check_text(template: str, key: str = "") -> list[str]:
    """What is wrong with a template, each in one sentence; [] when it may be saved. `key` is the text it is for."""
    wrong: list[str] = []
    limit = _LIMITS.get(key, MAX_TEMPLATE)
    if not template.strip() and (template or reaction_value(key) is None):  # an empty reaction says nothing
        wrong.append("empty; expected words")
    if len(template) > limit:
        wrong.append(f"{len(template)} characters; expected at most {limit}")
    if any(
        (character < " " and character not in "\n\t") or "\ud800" <= character <= "\udfff" for character in template
    ):
        wrong.append("a control character or half a surrogate pair; expected Unicode text")
    allowed = _CHOICE_ONLY if key in _LIMITS else PLACEHOLDERS
    listed = ", ".join(f"{{{name}}}" for name in allowed)
    wrong.extend(
        f"unknown placeholder {{{name}}}; expected one of {listed}"
        for name in dict.fromkeys(_PLACEHOLDER.findall(template))
        if name not in allowed
    )
    rest = _PLACEHOLDER.sub("", template)
    if "{" in rest or "}" in rest:
        wrong.append(f"a brace that belongs to no placeholder; expected one of {listed}")
    return wrong


def reaction_value(key: str) -> int | None:
    """The value that a reaction's key names; None for a key that is none."""
    named = _REACTION_KEY(key)
    return int(named[1]) if named else None


def pick_language(wanted: str | None, available: Iterable[str], default: str) -> str:
    """The available language nearest to the one wanted ("ru-RU" and "ru_RU" are served by "ru"), else the default."""
    if not wanted:
        return default
    known = {language.lower().replace("_", "-"): language for language in available}
    tag = wanted.strip().lower().replace("_", "-")
    while tag:
        if tag in known:
            return known[tag]
        tag = tag.rpartition("-")[0]
    return default


def reason_text(reason: str, language: str) -> str:
    """Why nobody was asked, in one phrase for staff (ru, else en). `reason` is a `ratings.rules.SkipReason`."""
    return REASONS[pick_language(language, REASONS, "en")].get(reason, reason)


def _without_holes(message: str) -> str:
    """Close the places of missing values."""
    while (closer := _WRAPPED.sub(_HOLE, message)) != message:
        message = closer
    while (closer := _LEADING.sub(lambda match: match[1] + match[2].upper(), message)) != message:
        message = closer
    while (closer := _CLOSING.sub("", message)) != message:
        message = closer
    return _INNER.sub(" ", message).strip()
