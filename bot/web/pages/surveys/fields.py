"""Fields of forms: each shows one setting of a survey as texts to type over, and reads them back. Pure.

A field is read only where something was typed over it. So a form changes what was changed in it and nothing else, also
where somebody's API wrote what no form can show.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.web.pages.speech import mark
from bot.web.pages.surveys.words import UNITS, in_unit
from ratings.errors import FieldError

Typed = dict[str, str]
"""What stands in a form: the name of each input, and its text. What is not ticked, or empty, need not be there."""

Problems = list[FieldError]

NUMBER = mark("a whole number is expected")
SHARE = mark("a number above 0, at most 100, is expected")
LENGTHS = dict(UNITS)
MAX_DIGITS = 12


class Field(Protocol):
    """One setting: `pointer` says which, as a JSON pointer into the survey."""

    @property
    def pointer(self) -> str:
        """Where in the survey it is."""

    def fill(self, value: Any) -> Typed:
        """Return the inputs that show a value."""

    def read(self, typed: Typed, problems: Problems) -> Any:
        """Return what the inputs say, for `parse_survey` to judge; what cannot be read at all becomes a problem."""

    def owns(self, name: str) -> bool:
        """True for the name of one of its inputs."""


def name_of(pointer: str) -> str:
    """Return the name of the input of a setting: /rules/every_s is rules.every_s."""
    return pointer.removeprefix("/").replace("/", ".")


@dataclass(frozen=True, slots=True)
class _Plain:
    """A setting of one input."""

    pointer: str

    @property
    def name(self) -> str:
        """The input's name."""
        return name_of(self.pointer)

    def owns(self, name: str) -> bool:
        """See Field."""
        return name == self.name


@dataclass(frozen=True, slots=True)
class Line(_Plain):
    """A text, or a word of a choice. `none`: an empty one is null, which is the default."""

    none: bool = False

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: value or ""}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field."""
        return typed.get(self.name, "").strip() or (None if self.none else "")


@dataclass(frozen=True, slots=True)
class Words(_Plain):
    """A text of the admin's own: it is kept as it was typed, and an empty one goes back to the built-in words."""

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: value or ""}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field."""
        return typed.get(self.name, "") or None


@dataclass(frozen=True, slots=True)
class Reaction(_Plain):
    """What is said after a rating: words, nothing at all (an own tick), or, when both are empty, the thanks."""

    @property
    def silent(self) -> str:
        """The tick's name."""
        return f"{self.name}.silent"

    def owns(self, name: str) -> bool:
        """See Field."""
        return name in {self.name, self.silent}

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: value or "", self.silent: "on" if value == "" else ""}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field."""
        return "" if typed.get(self.silent) else typed.get(self.name, "") or None


@dataclass(frozen=True, slots=True)
class Whole(_Plain):
    """A whole number; nothing typed is `empty`."""

    empty: int | None = None

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: "" if value == self.empty else str(value)}

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        return _whole(typed.get(self.name, ""), self.pointer, problems, self.empty)


@dataclass(frozen=True, slots=True)
class Share(_Plain):
    """A share, typed in per cent."""

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: "" if value == 1 else f"{round(value * 100, 10):g}"}

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        given = typed.get(self.name, "").replace(",", ".").replace("%", "").strip()
        if not given:
            return None
        try:
            share = float(given) / 100
        except ValueError:
            share = 0.0
        if not 0 < share <= 1:
            problems.append(FieldError(self.pointer, SHARE))
            return None
        return share


@dataclass(frozen=True, slots=True)
class Lasting(_Plain):
    """A duration of whole seconds: a number and its unit. Nothing typed is 0, or with `none` the default."""

    none: bool = False
    at: str = ""
    """The pointer under which a wrong one is named, where it is not its own."""

    @property
    def unit(self) -> str:
        """The name of the unit's input."""
        return f"{self.name}.unit"

    def owns(self, name: str) -> bool:
        """See Field."""
        return name in {self.name, self.unit}

    def fill(self, value: Any) -> Typed:
        """See Field."""
        number, unit = in_unit(value or 0)
        if not number:
            return {self.name: "" if not self.none else "0", self.unit: "h"}
        return {self.name: str(number), self.unit: unit}

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        number = _whole(typed.get(self.name, ""), self.at or self.pointer, problems, None)
        if number is None:
            return None if self.none else 0
        return number * LENGTHS.get(typed.get(self.unit, ""), 1)


@dataclass(frozen=True, slots=True)
class Lastings:
    """A list of durations, so many at the most; those that are empty are none."""

    pointer: str
    most: int

    @property
    def slots(self) -> list[Lasting]:
        """Return a field for each."""
        return [Lasting(f"{self.pointer}/{index}") for index in range(self.most)]

    def owns(self, name: str) -> bool:
        """See Field."""
        return any(slot.owns(name) for slot in self.slots)

    def fill(self, value: Any) -> Typed:
        """See Field."""
        filled: Typed = {}
        for index, slot in enumerate(self.slots):
            filled |= slot.fill(value[index] if index < len(value) else 0)
        return filled

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        return [seconds for slot in self.slots if (seconds := slot.read(typed, problems))]


@dataclass(frozen=True, slots=True)
class Lines(_Plain):
    """A list of texts, one on each line."""

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: "\n".join(value)}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field."""
        return lines(typed.get(self.name, ""))


@dataclass(frozen=True, slots=True)
class Switch(_Plain):
    """On or off, by a tick."""

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {self.name: "on" if value else ""}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field."""
        return bool(typed.get(self.name))


@dataclass(frozen=True, slots=True)
class Ticks:
    """Some of a few: a tick each. `make` turns a name into what the survey has."""

    pointer: str
    names: tuple[str, ...]
    make: Callable[[str], Any] = str

    def owns(self, name: str) -> bool:
        """See Field."""
        return name in {f"{name_of(self.pointer)}.{one}" for one in self.names}

    def fill(self, value: Any) -> Typed:
        """See Field."""
        ticked = {str(one) for one in value or ()}
        return {f"{name_of(self.pointer)}.{one}": "on" if one in ticked else "" for one in self.names}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field."""
        return [self.make(one) for one in self.names if typed.get(f"{name_of(self.pointer)}.{one}")]


@dataclass(frozen=True, slots=True)
class Levels:
    """What each value of the scale does to the ticket; "" is what it does by default."""

    values: tuple[int, ...]
    pointer: str = "/outcomes/levels"

    def owns(self, name: str) -> bool:
        """See Field."""
        return name in {f"outcomes.levels.{value}" for value in self.values}

    def fill(self, value: Any) -> Typed:
        """See Field."""
        return {f"outcomes.levels.{one}": value.get(str(one), "") for one in self.values}

    def read(self, typed: Typed, problems: Problems) -> Any:  # noqa: ARG002 - see Field
        """See Field. Null takes a value back to its default."""
        return {str(one): typed.get(f"outcomes.levels.{one}") or None for one in self.values}


@dataclass(frozen=True, slots=True)
class Group:
    """Fields of one form."""

    fields: tuple[Field, ...] = field(default_factory=tuple)

    def fill(self, survey: Mapping[str, Any]) -> Typed:
        """Return what the form shows of a survey, as `survey_to_dict` writes it."""
        filled: Typed = {}
        for one in self.fields:
            filled |= one.fill(at(survey, one.pointer))
        return {name: text for name, text in filled.items() if text}

    def taken(self, form: Iterable[tuple[str, str]]) -> Typed:
        """Return what was typed into the form; what is not one of its inputs is left out."""
        return {name: text for name, text in form if text and any(one.owns(name) for one in self.fields)}

    def change(self, survey: Mapping[str, Any], typed: Typed) -> tuple[dict[str, Any], Problems]:
        """Return the change that was typed over a survey, as a JSON merge patch, and what could not be read of it."""
        patch: dict[str, Any] = {}
        problems: Problems = []
        shown = self.fill(survey)
        for one in self.fields:
            if _of(one, typed) != _of(one, shown):
                put(patch, one.pointer, one.read(typed, problems))
        return patch, problems


def _of(one: Field, typed: Typed) -> Typed:
    # A unit alone says nothing: it is shown beside an empty number, too.
    kept = {name: text for name, text in typed.items() if one.owns(name) and text}
    return {name: text for name, text in kept.items() if not name.endswith(".unit") or name[: -len(".unit")] in kept}


def at(data: Mapping[str, Any], pointer: str) -> Any:
    """Return what stands at a pointer; None where nothing does."""
    here: Any = data
    for key in pointer.split("/")[1:]:
        here = here.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(here, Mapping) else None
    return here


def put(patch: dict[str, Any], pointer: str, value: Any) -> None:
    """Set what stands at a pointer."""
    *way, last = pointer.split("/")[1:]
    for key in way:
        patch = patch.setdefault(key, {})
    patch[last] = value


def lines(text: str) -> list[str]:
    """Return the lines of a text that have something on them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def as_json(value: Any) -> str:
    """Write a value as JSON, on one line."""
    return json.dumps(value, ensure_ascii=False)


def _whole(text: str, pointer: str, problems: Problems, empty: int | None) -> int | None:
    bare = "".join(text.split())
    if not bare:
        return empty
    if not (bare.isascii() and bare.isdigit() and len(bare) <= MAX_DIGITS):
        problems.append(FieldError(pointer, NUMBER))
        return empty
    return int(bare)
