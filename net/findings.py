"""What `tapfive check` has to say of an account of a channel or of a desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from net.errors import DeliveryError

Level = Literal["ok", "warning", "error"]


class Phrase(str):
    """A text in English that remembers what it was made of, so that whoever shows it can say it in another language.

    `%(name)s` in the pattern are filled with the values, which may be phrases themselves. The value `told` is what
    somebody else said: it stays as it is. The pattern is written out where it is made: so the pages find it.
    """

    __slots__ = ("pattern", "values")
    pattern: str
    values: Mapping[str, object]

    def __new__(cls, pattern: str, **values: object) -> Self:
        """Fill the pattern."""
        made = super().__new__(cls, pattern % values)
        made.pattern, made.values = pattern, values
        return made


NOTHING = Phrase("")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `tapfive check` has to say. `id` is stable; a hint says what to do; `code` is an error's that was met."""

    id: str
    level: Level
    text: Phrase
    hint: Phrase = NOTHING
    code: str = ""


def failure(found: str, error: DeliveryError, hint: Phrase = NOTHING, level: Level = "error") -> Finding:
    """Return the finding that looking failed, in the error's own words."""
    return Finding(found, level, Phrase("%(told)s", told=error.text), hint, error.code)
