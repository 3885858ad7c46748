"""How a rating is written into a field of a form, by the field's type: https://pyrus.com/en/help/api/tasks. Pure."""

from collections.abc import Mapping
from typing import Any

from desks.base import Result
from desks.pyrus.shapes import Choice, FieldOfForm, FieldOfTask
from desks.pyrus.values import choice_ids, texts
from ratings.times import Instant, format_instant

NUMBERS = frozenset({"number", "money"})
CHOICE = "multiple_choice"
TEXT = "text"
DAYS = frozenset({"date", "due_date"})
MOMENT = "due_date_time"
SCORE_TYPES = NUMBERS | {CHOICE, TEXT}
COMMENT_TYPES = frozenset({TEXT})
RATED_AT_TYPES = DAYS | {MOMENT, TEXT}
TAG_TYPES = frozenset({CHOICE})
PERSON_TYPES = frozenset({"person"})


class NotWritable(ValueError):
    """The field cannot hold this. Says why, for the admin."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def score(field: FieldOfForm, result: Result, choices: Mapping[int, int]) -> Any:
    """The score as a number, as the choice that stands for it, or as a text. None empties the field."""
    if result.value is None:
        return None
    if field.type in NUMBERS:
        return result.value
    if field.type == TEXT:
        return str(result.value)
    if field.type != CHOICE:
        raise _unfit(field, SCORE_TYPES)
    options = living(field)
    wanted = choices.get(result.value)
    if wanted is None:
        names = [str(result.value), result.symbol, result.label, f"{result.value} {result.label}".strip()]
        by_name = {_folded(option.choice_value or ""): option.choice_id for option in options}
        wanted = next((by_name[_folded(name)] for name in names if name and _folded(name) in by_name), None)
    if wanted not in {option.choice_id for option in options}:
        raise NotWritable("no_choice", f"field {field.id} has no choice for {result.value}: see score_choices")
    return {"choice_ids": [wanted]}


def comment(field: FieldOfForm, result: Result) -> Any:
    """The customer's words. None empties the field."""
    if field.type not in COMMENT_TYPES:
        raise _unfit(field, COMMENT_TYPES)
    return None if result.value is None else (result.comment or None)


def rated_at(field: FieldOfForm, at: Instant | None) -> Any:
    """The day or the moment in UTC, as Pyrus has all times. None empties the field."""
    if field.type not in RATED_AT_TYPES:
        raise _unfit(field, RATED_AT_TYPES)
    if at is None:
        return None
    second = format_instant(at - at % 1000)
    return second[:10] if field.type in DAYS else second


def tags(field: FieldOfForm, held: FieldOfTask | None, tag: str, untag: tuple[str, ...]) -> Any:
    """The options that are to be set: those that are, without our earlier ones, and with the tag. None empties the field."""
    if field.type != CHOICE:
        raise _unfit(field, TAG_TYPES)
    options = living(field)
    leaving = {option.choice_id for option in options if option.choice_value in untag and option.choice_value != tag}
    left = [one for one in choice_ids(held) if one not in leaving]
    if tag:
        wanted = next((option.choice_id for option in options if option.choice_value == tag), None)
        if wanted is None:
            raise NotWritable("no_choice", f"field {field.id} has no choice with the tag's name")
        several = field.info is not None and bool(field.info.multiple_choice)
        left = [*(one for one in left if one != wanted), wanted] if several else [wanted]
    return {"choice_ids": left} if left else None


def is_so(field: FieldOfForm, held: FieldOfTask | None, value: Any) -> bool:
    """True when a task's field already holds what would be written."""
    if field.type == CHOICE:
        wanted: list[int] = value["choice_ids"] if value else []
        return set(choice_ids(held)) == set(wanted)
    found = texts(held)
    if value is None:
        return not found
    if not found:
        return False
    if field.type in NUMBERS:
        return _number(found[0]) == float(value)
    if field.type in DAYS:
        return found[0][:10] == str(value)
    return found[0].strip() == str(value).strip()


def living(field: FieldOfForm) -> list[Choice]:
    """The options that were not deleted."""
    return [one for one in (field.info.options if field.info else None) or () if not one.deleted]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _unfit(field: FieldOfForm, fitting: frozenset[str]) -> NotWritable:
    found = field.type or "of no type"
    return NotWritable("wrong_type", f"field {field.id} is {found}; it must be one of {', '.join(sorted(fitting))}")
