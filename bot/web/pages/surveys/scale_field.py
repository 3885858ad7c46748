"""The scale in a form: a row for each choice, a column for each language of its labels. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.web.pages.surveys.fields import NUMBER, Problems, Typed
from bot.web.pages.surveys.rows import add_row, numbered, row, rows
from ratings.errors import FieldError

CHOICES = "scale.choices"
LANGUAGES = "scale.languages"
MAX_DIGITS = 3


@dataclass(frozen=True, slots=True)
class ScaleField:
    """The scale; it means something only as a whole, and is read as a whole."""

    pointer: str = "/scale"

    def owns(self, name: str) -> bool:
        """See Field."""
        return name.startswith("scale.")

    def fill(self, value: Any) -> Typed:
        """See Field."""
        filled = {"scale.name": value["name"], "scale.one_is_best": "on" if value["one_is_best"] else ""}
        for number, choice in enumerate(value["choices"]):
            at = f"{CHOICES}.{number}"
            filled |= {
                f"{at}.value": str(choice["value"]),
                f"{at}.symbol": choice["symbol"],
                f"{at}.satisfied": "on" if choice["satisfied"] else "",
            }
            filled |= {f"{at}.labels.{tag}": label for tag, label in choice["labels"].items()}
        return filled | {LANGUAGES: " ".join(label_languages(filled))}

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field."""
        choices = []
        for number in rows(typed, CHOICES):
            given = row(typed, f"{CHOICES}.{number}")
            value = given.get("value", "").strip()
            if not (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS):
                problems.append(FieldError(f"/scale/choices/{number}/value", NUMBER))
                continue
            labels = {name[len("labels.") :]: label for name, label in given.items() if name.startswith("labels.")}
            choices.append(
                {
                    "value": int(value),
                    "symbol": given.get("symbol", "").strip(),
                    "labels": {tag: label.strip() for tag, label in labels.items() if label.strip()},
                    "satisfied": bool(given.get("satisfied")),
                }
            )
        name = typed.get("scale.name", "").strip()
        return {"name": name, "choices": choices, "one_is_best": bool(typed.get("scale.one_is_best"))}


def label_languages(typed: Typed) -> list[str]:
    """Return the languages of the labels' columns: those kept in the form, and those that have labels."""
    begin, middle = f"{CHOICES}.", ".labels."
    labelled = [name.partition(middle)[2] for name in typed if name.startswith(begin) and middle in name]
    return list(dict.fromkeys([*typed.get(LANGUAGES, "").split(), *labelled]))


def with_language(typed: Typed, tag: str) -> Typed:
    """Return the form with a column for the labels of one more language."""
    wanted = tag.strip().lower()
    return typed | {LANGUAGES: " ".join(dict.fromkeys([*label_languages(typed), *wanted.split()[:1]]))}


def with_choice(typed: Typed) -> Typed:
    """Return the form with one more choice, its value above the others."""
    given = [typed.get(f"{CHOICES}.{number}.value", "") for number in rows(typed, CHOICES)]
    values = [int(value) for value in given if value.isascii() and value.isdigit()]
    return add_row(typed, CHOICES, {"value": str(max(values, default=0) + 1)})


def tidied(typed: Typed) -> Typed:
    """Return the form without choices of which nothing is typed but perhaps a value."""
    empty = [number for number in rows(typed, CHOICES) if not _has_words(row(typed, f"{CHOICES}.{number}").items())]
    kept = {
        name: text
        for name, text in typed.items()
        if not any(name.startswith(f"{CHOICES}.{number}.") for number in empty)
    }
    return numbered(kept, CHOICES)


def _has_words(given: Iterable[tuple[str, str]]) -> bool:
    return any(text.strip() for name, text in given if name != "value")
