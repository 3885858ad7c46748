"""Conditions in a form: a row for each test, groups within groups. Pure.

A group at ask_when has `ask_when.joint` and rows `ask_when.0`, `ask_when.1` …; a row is a test (`.field`, `.op`, `.value`,
`.as`) or a group of its own (`.joint`).
"""

import json
from dataclasses import dataclass
from typing import Any

from bot.web.pages.speech import mark
from bot.web.pages.surveys.fields import Problems, Typed, as_json, lines, name_of
from bot.web.pages.surveys.rows import add_row, numbered, rows
from ratings.conditions import MAX_DEPTH, OPERATORS
from ratings.errors import FieldError

TEXT, NUMBER, SWITCH, JSON = "text", "number", "switch", "json"
KINDS = {TEXT: mark("as text"), NUMBER: mark("as a number"), SWITCH: mark("as yes or no"), JSON: mark("as JSON")}
"""How a value is meant."""

NUMBERS_ONLY = frozenset({"ge", "le"})
SEVERAL = frozenset({"in", "not_in"})
NEW_TEST: Typed = {"field": "priority", "op": "is", "value": "", "as": TEXT}

_YES = frozenset({"yes", "true", "1", "да"})
_NO = frozenset({"no", "false", "0", "нет"})
_WRONG_NUMBER = mark("a number is expected")
_WRONG_SWITCH = mark("yes or no is expected")
_WRONG_JSON = mark("JSON is expected: a text in quotes, a number, true or false")
_NO_VALUE = mark("a value is expected")


@dataclass(frozen=True, slots=True)
class ConditionField:
    """A condition, or none."""

    pointer: str

    @property
    def name(self) -> str:
        """The name of its outermost group."""
        return name_of(self.pointer)

    def owns(self, name: str) -> bool:
        """See Field."""
        return name.startswith(f"{self.name}.")

    def fill(self, value: Any) -> Typed:
        """See Field. A single test is shown as a group of one."""
        filled: Typed = {}
        if value is None:
            return filled
        _fill(filled, self.name, value if "field" not in value else {"all": [value]})
        return filled

    def read(self, typed: Typed, problems: Problems) -> Any:
        """See Field. Rows in which nothing is typed are left out."""
        kept = tidied(typed, self.name)
        return _read(kept, self.name, self.pointer, problems) if rows(kept, self.name) else None


def with_test(typed: Typed, group: str) -> Typed:
    """Return the form with one more test in a group."""
    return add_row({f"{group}.joint": "all"} | typed, group, NEW_TEST)


def with_group(typed: Typed, group: str) -> Typed:
    """Return the form with one more group in a group, with a test in it."""
    joint = {f"{group}.joint": "all"} | typed
    other = "any" if joint[f"{group}.joint"] == "all" else "all"
    more = add_row(joint, group, {"joint": other})
    return with_test(more, f"{group}.{rows(more, group)[-1]}")


def may_nest(group: str) -> bool:
    """True where a group may hold one more."""
    return group.count(".") < MAX_DEPTH - 2


def tidied(typed: Typed, group: str) -> Typed:
    """Return the form without tests that say nothing and groups that hold none; rows are numbered without gaps."""
    for number in rows(typed, group):
        name = f"{group}.{number}"
        if f"{name}.joint" in typed:
            typed = tidied(typed, name)
            empty = not rows(typed, name)
        else:
            empty = not typed.get(f"{name}.value", "").strip() and not typed.get(f"{name}.own", "").strip()
        if empty:
            typed = {key: text for key, text in typed.items() if not key.startswith(f"{name}.")}
    return numbered(typed, group)


def _fill(filled: Typed, name: str, condition: dict[str, Any]) -> None:
    if "field" not in condition:
        joint = "all" if "all" in condition else "any"
        filled[f"{name}.joint"] = joint
        for number, one in enumerate(condition[joint]):
            _fill(filled, f"{name}.{number}", one)
        return
    op = next(key for key in condition if key != "field")
    values = condition[op] if isinstance(condition[op], list) else [condition[op]]
    kind, text = _shown(values, several=op in SEVERAL)
    field = condition["field"]
    own = field.startswith("fields.")
    filled[f"{name}.field"] = "fields." if own else field
    if own:
        filled[f"{name}.own"] = field[len("fields.") :]
    filled |= {f"{name}.op": op, f"{name}.value": text, f"{name}.as": kind}


def _shown(values: list[Any], *, several: bool) -> tuple[str, str]:
    """Return how values are meant, and the text that shows them: one on each line."""
    kinds = {bool: SWITCH, str: TEXT, int: NUMBER, float: NUMBER}
    found = {kinds[type(value)] for value in values}
    plain = all(
        value == value.strip() and value and "\n" not in value and "\r" not in value
        for value in values
        if isinstance(value, str)
    )
    if len(found) > 1 or not plain:
        return JSON, "\n".join(map(as_json, values))
    texts = ["yes" if value is True else "no" if value is False else str(value) for value in values]
    return found.pop(), "\n".join(texts) if several else texts[0]


def _read(typed: Typed, name: str, pointer: str, problems: Problems) -> dict[str, Any]:
    if f"{name}.joint" in typed:
        joint = "any" if typed[f"{name}.joint"] == "any" else "all"
        inside = f"{pointer}/{joint}"
        return {
            joint: [_read(typed, f"{name}.{number}", f"{inside}/{number}", problems) for number in rows(typed, name)]
        }
    field, op = typed.get(f"{name}.field", ""), typed.get(f"{name}.op", "")
    if field == "fields.":
        field += typed.get(f"{name}.own", "").strip()
    kind = typed.get(f"{name}.as", TEXT)
    if kind == TEXT and (op in NUMBERS_ONLY or field == "talk_s"):
        kind = NUMBER
    texts = lines(typed.get(f"{name}.value", ""))
    at = f"{pointer}/{op if op in OPERATORS else ''}"
    values = [_value(text, kind, at, problems) for text in texts]
    if op in SEVERAL:
        return {"field": field, op: values}
    if len(values) != 1:
        problems.append(FieldError(at, _NO_VALUE))
    return {"field": field, op: values[0] if values else ""}


def _value(text: str, kind: str, pointer: str, problems: Problems) -> Any:
    try:
        if kind == NUMBER:
            number = json.loads(text.replace(",", "."))
            if type(number) in {int, float}:
                return number
        elif kind == SWITCH:
            if text.lower() in _YES | _NO:
                return text.lower() in _YES
        else:
            return json.loads(text) if kind == JSON else text
    except ValueError:
        pass
    wrong = {NUMBER: _WRONG_NUMBER, SWITCH: _WRONG_SWITCH, JSON: _WRONG_JSON}
    problems.append(FieldError(pointer, wrong[kind]))
    return text
