"""A scale: the ordered choices that a customer is shown.

A value is a whole number from 1 to 99; 0 is refused, because a missing answer must never look like one. Numbers of
different scales are never averaged, so a rating keeps the scale that it was given on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ratings.errors import FieldError, InvalidInput, found, step

MIN_CHOICES, MAX_CHOICES = 2, 10
MIN_VALUE, MAX_VALUE = 1, 99
MAX_NAME = 100
MAX_SYMBOL = 16  # characters: an emoji of several people joined together takes eleven
MAX_LABEL = 40  # characters: the shortest button of our channels (VK) holds as many
MAX_LANGUAGE = 35  # characters: the longest tag that RFC 5646 asks to allow for

_SCALE_KEYS = frozenset({"name", "choices", "one_is_best"})
_CHOICE_KEYS = frozenset({"value", "symbol", "labels", "satisfied"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to tap. `labels` maps a language ("ru") to the words for the symbol."""

    value: int
    symbol: str
    labels: Mapping[str, str]
    satisfied: bool

    def label(self, language: str) -> str:
        """The words in a language, else in English, else in any; the symbol when there are none."""
        labels = self.labels
        return labels.get(language) or labels.get("en") or next(iter(labels.values()), self.symbol)


@dataclass(frozen=True, slots=True)
class Scale:
    """Two to ten choices, kept in the order of their values. Raises InvalidInput when they make no scale.

    With `one_is_best` customers see the smallest value as the best one. What is counted is then its mirror image on the same
    scale, so that a larger number is always better; the value that was chosen is kept beside it.
    """

    name: str
    choices: tuple[Choice, ...]
    one_is_best: bool = False

    def __post_init__(self) -> None:
        errors = list(_faults(self.name, list(enumerate(self.choices)), len(self.choices), ""))
        if errors:
            raise InvalidInput(errors)
        object.__setattr__(self, "choices", tuple(sorted(self.choices, key=lambda choice: choice.value)))

    @property
    def values(self) -> tuple[int, ...]:
        """The values, the smallest first."""
        return tuple(choice.value for choice in self.choices)

    def counted(self, value: int) -> int:
        """The value as reports, thresholds and outcomes count it: a larger one is better. Its own inverse."""
        if not self.one_is_best:
            return value
        values = self.values
        return values[-1 - values.index(value)] if value in values else value

    def get(self, value: int) -> Choice | None:
        """The choice with this value, or None where the scale has none."""
        for choice in self.choices:
            if choice.value == value:
                return choice
        return None

    def to_dict(self) -> dict[str, object]:
        """Write the scale as JSON-able data; `from_dict` reads it back to an equal one."""
        return {
            "name": self.name,
            "choices": [
                {
                    "value": choice.value,
                    "symbol": choice.symbol,
                    "labels": dict(choice.labels),
                    "satisfied": choice.satisfied,
                }
                for choice in self.choices
            ],
            "one_is_best": self.one_is_best,
        }

    @classmethod
    def from_dict(cls, data: object, pointer: str = "") -> "Scale":
        """Read `{"name", "choices": [{"value", "symbol", "labels", "satisfied"}]}`.

        Raises InvalidInput with every wrong field; `pointer` is where the scale stands in a larger document.
        """
        if not isinstance(data, dict):
            raise InvalidInput([FieldError(pointer, f"{found(data)}; expected an object with name and choices")])
        errors = [
            FieldError(step(pointer, key), "unknown key; a scale has name, choices and one_is_best")
            for key in data
            if key not in _SCALE_KEYS
        ]
        name, listed, mirrored = data.get("name"), data.get("choices"), data.get("one_is_best", False)
        if not isinstance(mirrored, bool):
            errors.append(FieldError(step(pointer, "one_is_best"), f"{found(mirrored)}; expected true or false"))
        if not isinstance(name, str):
            errors.append(FieldError(step(pointer, "name"), f"{found(name)}; expected a string"))
        read: list[tuple[int, Choice]] = []
        if isinstance(listed, list):
            for index, item in enumerate(listed):
                choice = _read_choice(item, f"{pointer}/choices/{index}", errors)
                if choice is not None:
                    read.append((index, choice))
        else:
            errors.append(FieldError(step(pointer, "choices"), f"{found(listed)}; expected a list"))
        count = len(listed) if isinstance(listed, list) else MIN_CHOICES
        errors.extend(_faults(name if isinstance(name, str) else "-", read, count, pointer))
        if errors or not isinstance(name, str):
            raise InvalidInput(errors)
        return cls(name, tuple(choice for _, choice in read), mirrored is True)


def _read_choice(data: object, pointer: str, errors: list[FieldError]) -> Choice | None:
    if not isinstance(data, dict):
        errors.append(FieldError(pointer, f"{found(data)}; expected an object with value, symbol, labels, satisfied"))
        return None
    before = len(errors)
    errors.extend(
        FieldError(step(pointer, key), "unknown key; a choice has value, symbol, labels and satisfied")
        for key in data
        if key not in _CHOICE_KEYS
    )
    value, symbol, satisfied = data.get("value"), data.get("symbol"), data.get("satisfied")
    labels = data.get("labels", {})
    if type(value) is not int:  # a bool is an int to isinstance
        errors.append(FieldError(step(pointer, "value"), f"{found(value)}; expected a whole number"))
    if not isinstance(symbol, str):
        errors.append(FieldError(step(pointer, "symbol"), f"{found(symbol)}; expected a string"))
    if not isinstance(satisfied, bool):
        errors.append(FieldError(step(pointer, "satisfied"), f"{found(satisfied)}; expected true or false"))
    if not isinstance(labels, dict):
        errors.append(FieldError(step(pointer, "labels"), f"{found(labels)}; expected an object of language: text"))
        return None
    for language, label in labels.items():
        if not isinstance(label, str):
            errors.append(FieldError(step(f"{pointer}/labels", language), f"{found(label)}; expected a string"))
    if len(errors) > before or type(value) is not int or not isinstance(symbol, str) or not isinstance(satisfied, bool):
        return None
    return Choice(value, symbol, dict(labels), satisfied)


def _faults(name: str, choices: list[tuple[int, Choice]], count: int, pointer: str) -> Iterator[FieldError]:
    """What is wrong with well-typed parts; each choice comes with its place in the input."""
    if not _plain(name, MAX_NAME):
        yield FieldError(f"{pointer}/name", f"{found(name)}; expected 1 to {MAX_NAME} characters on one line")
    if not MIN_CHOICES <= count <= MAX_CHOICES:
        yield FieldError(f"{pointer}/choices", f"{count} choices; expected {MIN_CHOICES} to {MAX_CHOICES}")
    values: set[int] = set()
    symbols: set[str] = set()
    for index, choice in choices:
        at = f"{pointer}/choices/{index}"
        if not MIN_VALUE <= choice.value <= MAX_VALUE:
            yield FieldError(f"{at}/value", f"{found(choice.value)}; expected {MIN_VALUE} to {MAX_VALUE}")
        elif choice.value in values:
            yield FieldError(f"{at}/value", f"{choice.value} stands twice; every value may stand once")
        values.add(choice.value)
        if not _plain(choice.symbol, MAX_SYMBOL):
            yield FieldError(
                f"{at}/symbol", f"{found(choice.symbol)}; expected 1 to {MAX_SYMBOL} characters on one line"
            )
        elif choice.symbol in symbols:
            yield FieldError(f"{at}/symbol", f"{found(choice.symbol)} stands twice; every symbol may stand once")
        symbols.add(choice.symbol)
        for language, label in choice.labels.items():
            if not _plain(language, MAX_LANGUAGE) or not _plain(label, MAX_LABEL):
                detail = f"{found(label)}; expected 1 to {MAX_LABEL} characters on one line, under a language's tag"
                yield FieldError(step(f"{at}/labels", language), detail)


def _plain(text: str, limit: int) -> bool:
    """True for a text with something to see, no controls and no lone surrogates. Emoji joiners are not 'printable'."""
    return (
        0 < len(text) <= limit
        and bool(text.strip())
        and not any(
            character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff" for character in text
        )
    )


def colours(count: int) -> tuple[str, ...]:
    """Return a colour for each of `count` choices, "#rrggbb", from red for the first to dark green for the last.

    Never the only sign: symbol and digit stand beside it. Between the five named ones it is a plain mixture.
    """
    return tuple(_mixed(index * (len(_COLOURS) - 1) / (count - 1)) for index in range(count))


def _mixed(place: float) -> str:
    below = min(int(place), len(_COLOURS) - 2)
    share = place - below
    pairs = zip(_COLOURS[below], _COLOURS[below + 1], strict=True)
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)


_COLOURS = ((0xD3, 0x2F, 0x2F), (0xF5, 0x7C, 0x00), (0xFB, 0xC0, 0x2D), (0x8B, 0xC3, 0x4A), (0x2E, 0x7D, 0x32))


def _choice(value: int, symbol: str, *, ru: str, en: str, uk: str, pl: str) -> Choice:
    return Choice(value, symbol, {"ru": ru, "en": en, "uk": uk, "pl": pl}, satisfied=value >= 4)  # noqa: PLR2004 - 4 and 5 are satisfied


DEFAULT_SCALE = Scale(
    "1-5",
    (
        _choice(1, "😡", ru="Очень плохо", en="Very bad", uk="Дуже погано", pl="Bardzo źle"),
        _choice(2, "🙁", ru="Плохо", en="Bad", uk="Погано", pl="Źle"),
        _choice(3, "😐", ru="Нормально", en="Okay", uk="Нормально", pl="Średnio"),
        _choice(4, "🙂", ru="Хорошо", en="Good", uk="Добре", pl="Dobrze"),
        _choice(5, "😍", ru="Отлично", en="Excellent", uk="Чудово", pl="Świetnie"),
    ),
)
