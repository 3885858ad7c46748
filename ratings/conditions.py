"""Conditions on a ticket: tests joined by all and any, read from JSON, evaluated with an explanation.

    {"all": [{"field": "priority", "in": ["high", "urgent"]}, {"any": [{"field": "tags", "has": "vip"}, …]}]}

What a test means: texts compare without case; numbers, and texts that read as numbers, by value; a list by its
elements (`is`, `in` and `has` want one that fits, `is_not` and `not_in` want none). A field that the ticket does not
have fits nothing: `is_not` and `not_in` are true, every other test is false.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from ratings import reading
from ratings.errors import FieldError, InvalidInput, found, step
from ratings.ticket import CLOSERS, DIRECTIONS, KINDS, Party, Ticket

MAX_DEPTH = 5  # groups inside one another
MAX_TESTS = 100  # in one condition
MAX_VALUES = 100  # in one `in` or `not_in`
MAX_TEXT = 200
MAX_SHOWN = 40  # characters of a seen text that a decision keeps; longer ones are people's words
MAX_DIGITS = 6  # more of them in a seen text may be a phone number

OPERATORS = ("is", "is_not", "in", "not_in", "ge", "le", "has")
FIELDS = ("priority", "form", "group", "kind", "direction", "channel", "tags", "talk_s", "closed_by")
_VOCABULARIES = {"kind": KINDS, "direction": DIRECTIONS, "closed_by": CLOSERS}

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Test:
    """One field against one value; for `in` and `not_in` against several."""

    field: str
    op: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class All:
    """True when every condition is."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - typing has Any
    """True when one condition is."""

    conditions: tuple["Condition", ...]


Condition = All | Any_ | Test


@dataclass(frozen=True, slots=True)
class Saw:
    """The test that decided, and what it saw: None for a missing field; long texts and likely addresses by their length."""

    test: Test
    seen: object

    def to_dict(self) -> dict[str, object]:
        """JSON-able, for the stored decision."""
        return {"test": condition_to_dict(self.test), "saw": self.seen}


def parse_condition(data: object, pointer: str = "") -> Condition:
    """Read `{"all": […]}`, `{"any": […]}` or `{"field": …, OPERATOR: …}`. Raises InvalidInput with every wrong field."""
    errors: list[FieldError] = []
    tests = [0]
    condition = _read(errors, data, pointer, 1, tests)
    if tests[0] > MAX_TESTS:
        errors.append(FieldError(pointer, f"{tests[0]} tests; expected at most {MAX_TESTS}"))
    if errors or condition is None:
        raise InvalidInput(errors)
    return condition


def condition_to_dict(condition: Condition) -> dict[str, object]:
    """Write a condition as the JSON data that `parse_condition` reads."""
    if isinstance(condition, Test):
        value = condition.value
        return {"field": condition.field, condition.op: list(value) if isinstance(value, tuple) else value}
    joint = "all" if isinstance(condition, All) else "any"
    return {joint: [condition_to_dict(one) for one in condition.conditions]}


def evaluate(condition: Condition, ticket: Ticket, account: str | None) -> tuple[bool, Saw]:
    """Is it true of the ticket, and which test decided? `account` is the channel account that would be used, if any.

    The deciding test is the first that settles the matter, else the last one tried.
    """
    if isinstance(condition, Test):
        seen = _seen(condition.field, ticket, account)
        return _fits(condition, seen), Saw(condition, shown(seen))
    settles = isinstance(condition, Any_)
    result, saw = evaluate(condition.conditions[0], ticket, account)
    for one in condition.conditions[1:]:
        if result is settles:
            break
        result, saw = evaluate(one, ticket, account)
    return result, saw


# --- reading ------------------------------------------------------------------------------------------------------


def _read(errors: reading.Errors, data: object, pointer: str, depth: int, tests: list[int]) -> Condition | None:
    if not isinstance(data, dict) or len(data.keys() & {"all", "any", "field"}) != 1:
        shape = f"{found(data)}; expected an object with exactly one of all, any, field"
        errors.append(FieldError(pointer, shape))
        return None
    if "field" in data:
        tests[0] += 1
        return _read_test(errors, data, pointer)
    joint = "all" if "all" in data else "any"
    errors.extend(FieldError(step(pointer, key), f"unknown key; {joint} stands alone") for key in data if key != joint)
    listed, inside = data[joint], step(pointer, joint)
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_TESTS:
        errors.append(FieldError(inside, f"{found(listed)}; expected a list of 1 to {MAX_TESTS} conditions"))
        return None
    if depth >= MAX_DEPTH:
        errors.append(FieldError(inside, f"nested too deep; expected at most {MAX_DEPTH} levels"))
        return None
    read = [_read(errors, item, step(inside, index), depth + 1, tests) for index, item in enumerate(listed)]
    conditions = tuple(one for one in read if one is not None)
    return All(conditions) if joint == "all" else Any_(conditions)


def _read_test(errors: reading.Errors, data: dict[str, object], pointer: str) -> Test | None:
    field, operators = data["field"], [key for key in data if key != "field"]
    before = len(errors)
    own = isinstance(field, str) and field.startswith("fields.") and len("fields.") < len(field) <= MAX_TEXT
    if not (own and reading.encodable(str(field)) and "\0" not in str(field)) and field not in FIELDS:
        detail = f"{found(field)}; expected one of {', '.join(FIELDS)} or fields.<name>"
        errors.append(FieldError(step(pointer, "field"), detail))
    if len(operators) != 1 or operators[0] not in OPERATORS:
        named = ", ".join(operators) or "no operator"
        errors.append(FieldError(pointer, f"{named[:MAX_TEXT]!a}; expected exactly one of {', '.join(OPERATORS)}"))
        return None
    op = operators[0]
    at, value = step(pointer, op), data[op]
    read: Scalar | tuple[Scalar, ...] | None
    if op in {"in", "not_in"}:
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
            errors.append(FieldError(at, f"{found(value)}; expected a list of 1 to {MAX_VALUES} values"))
            return None
        read = tuple(
            one
            for index, item in enumerate(value)
            if (one := _read_value(errors, item, str(field), op, step(at, index))) is not None
        )
    else:
        read = _read_value(errors, value, str(field), op, at)
    return None if len(errors) > before or read is None else Test(str(field), op, read)


def _read_value(errors: reading.Errors, value: object, field: str, op: str, pointer: str) -> Scalar | None:
    if op in {"ge", "le"} or field == "talk_s":
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= reading.MAX_NUMBER:
            return value
        errors.append(FieldError(pointer, f"{found(value)}; expected a number"))
        return None
    if field in _VOCABULARIES:
        return reading.one_of(errors, value or None, pointer, _VOCABULARIES[field])
    if isinstance(value, str):
        if not value:
            errors.append(FieldError(pointer, "empty; expected a value"))
        return reading.text(errors, value, pointer, MAX_TEXT)
    if isinstance(value, bool) or (isinstance(value, (int, float)) and abs(value) <= reading.MAX_NUMBER):
        return value
    errors.append(FieldError(pointer, f"{found(value)}; expected a string, a number, true or false"))
    return None


# --- evaluating ---------------------------------------------------------------------------------------------------


def _seen(field: str, ticket: Ticket, account: str | None) -> object:
    """What the ticket has under a field's name; None when it has nothing."""
    if field.startswith("fields."):
        return _dig(ticket.fields, field[len("fields.") :])
    if field == "channel":
        return account
    value = getattr(ticket, field)
    return value.id if isinstance(value, Party) else value or None


def _dig(fields: Mapping[str, object], path: str) -> object:
    """Follow a dotted path; a key that holds dots itself is found first."""
    here: object = fields
    while isinstance(here, Mapping):
        if path in here:
            return here[path]
        head, _, path = path.partition(".")
        if not path:
            return None
        here = here.get(head)
    return None


def _fits(test: Test, seen: object) -> bool:
    op, wanted = test.op, test.value
    elements = seen if isinstance(seen, (list, tuple)) else () if seen is None else (seen,)
    if isinstance(wanted, tuple):
        one_fits = any(_equal(element, value, test.field) for element in elements for value in wanted)
    elif op in {"ge", "le"}:
        number, limit = _number(seen), _number(wanted)
        if number is None or limit is None:
            return False
        return number >= limit if op == "ge" else number <= limit
    else:
        one_fits = any(_equal(element, wanted, test.field) for element in elements)
    return not one_fits if op in {"is_not", "not_in"} else one_fits


def _equal(seen: object, wanted: Scalar, field: str) -> bool:
    if isinstance(seen, bool) or isinstance(wanted, bool):
        return seen is wanted
    if isinstance(seen, str) and isinstance(wanted, str):
        if field == "channel" and "." not in wanted:
            seen = seen.partition(".")[0]
        return seen.casefold() == wanted.casefold()
    number = _number(seen)
    return number is not None and number == _number(wanted)


def _number(value: object) -> float | None:
    """A number, or a text that reads as one: desks write the numbers of their own fields either way."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= MAX_SHOWN:
        try:
            number = float(value)
        except ValueError:
            return None
        return number if isfinite(number) else None
    return None


def shown(seen: object) -> object:
    """Return a seen value as a decision may keep it: no words, no addresses."""
    if isinstance(seen, (list, tuple)):
        return [shown(element) for element in seen[:10]]
    if isinstance(seen, Mapping):
        return "an object"
    if isinstance(seen, str):
        digits = sum(map(str.isdigit, seen))
        if len(seen) > MAX_SHOWN or "@" in seen or "\n" in seen or digits > MAX_DIGITS:
            return f"a text of {len(seen)} characters"
    if isinstance(seen, int) and abs(seen) > reading.MAX_NUMBER:
        return "a long number"
    return seen
