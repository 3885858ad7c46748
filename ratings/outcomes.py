"""Outcomes: what a rating, or its absence, does to the ticket on the desk. Pure.

Each value of the scale leaves the ticket as it is, closes it or reopens it, once; score, comment and tag follow every later
edit. The words for what is wanted (`score`, `tag`, `reopen_clear` …) are those of the desk contract.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ratings import reading
from ratings.errors import FieldError, found, step
from ratings.lifecycle import Invitation, State
from ratings.scale import MAX_VALUE, Scale
from ratings.texts import render

MAX_TAG = 60
WRITABLE = ("score", "comment", "rated_at")
DEFAULT_TAG = "Оценка {value}"

_VALUE = re.compile(r"[1-9][0-9]?").fullmatch  # as a scale's values are written


class Then(StrEnum):
    """What becomes of the ticket."""

    LEAVE = "leave"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What ratings do. `levels` overrides `default_levels` value by value; `enabled` off: no rating closes or reopens anything.

    `tag_below`: a rating below this value tags the ticket with `tag`; at it or above it does not. `write` names what goes
    into the desk's own fields, where everybody who may read the ticket reads it. `close_lapsed`, by itself, closes a
    ticket that nobody rated in time, without a rating.
    """

    enabled: bool = True
    levels: Mapping[int, Then] = field(default_factory=dict)
    clear_assignee: bool = False
    tag_below: int | None = None
    tag: str = DEFAULT_TAG
    write: tuple[str, ...] = ()
    note: bool = False
    close_lapsed: bool = False


NO_OUTCOMES = Outcomes()


@dataclass(frozen=True, slots=True)
class Told:
    """What the desk's ticket has of us already: the outcome, once there was one; the tag and the value that stand there."""

    outcome: str | None = None
    tag: str | None = None
    value: int | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written. `verbs` are names of the desk contract; `outcome` is what to remember once it is done."""

    verbs: frozenset[str]
    value: int | None = None
    comment: str = ""
    rated_at: int | None = None
    tag: str = ""
    untag: tuple[str, ...] = ()
    outcome: str | None = None


def default_levels(scale: Scale) -> dict[int, Then]:
    """Return what each value does by default: the lowest two fifths reopen, the others close. 1–2 and 3–5 of five.

    By value as it is counted: on a scale where 1 is best, those are the other end. What counts as satisfied never reopens.
    """
    values = scale.values
    few = max(1, len(values) * 2 // 5)
    content = {scale.counted(choice.value) for choice in scale.choices if choice.satisfied}
    return {value: Then.REOPEN if value in values[:few] and value not in content else Then.CLOSE for value in values}


def then_of(outcomes: Outcomes, scale: Scale, value: int) -> Then:
    """Return what a counted value does to the ticket."""
    return outcomes.levels.get(value) or default_levels(scale).get(value, Then.LEAVE)


def is_bad(outcomes: Outcomes, scale: Scale, value: int) -> bool:
    """True for a rating that asks for recovery: its value reopens the ticket, whether or not reopening is switched on."""
    return then_of(outcomes, scale, value) is Then.REOPEN


def tag_of(outcomes: Outcomes, value: int | None, symbol: str = "", label: str = "") -> str:
    """Return the ticket's tag for a counted value; "" for none: at the threshold there is none, below it there is."""
    if value is None or outcomes.tag_below is None or value >= outcomes.tag_below:
        return ""
    # Desks take a list of tags apart at its commas.
    return render(outcomes.tag, {"value": str(value), "symbol": symbol, "label": label.replace(",", "")})


def wanted(outcomes: Outcomes, scale: Scale, invitation: Invitation, told: Told, language: str) -> Wanted | None:
    """Return what the desk is to be told now; None for nothing. Reopening and closing happen once in an invitation's life."""
    raw = invitation.value
    value = None if raw is None else scale.counted(raw)
    choice = None if raw is None else scale.get(raw)
    verbs: set[str] = set()
    outcome = told.outcome
    if value is None and invitation.state is State.LAPSED and not told.written and outcome is None:
        if not outcomes.close_lapsed:
            return None
        return Wanted(frozenset({"close_unrated", "suppress_native"}), outcome="close_unrated")
    if value is None and not told.written:
        return None
    verbs.update(outcomes.write)
    tag = tag_of(outcomes, value, choice.symbol if choice else "", choice.label(language) if choice else "")
    untag = (told.tag,) if told.tag and told.tag != tag else ()
    if tag:
        verbs.add("tag")
    if untag:
        verbs.add("untag")
    if value is not None and outcome in {None, "close_unrated"} and outcomes.enabled:
        then = then_of(outcomes, scale, value)
        outcome = then.value
        if then is Then.REOPEN:
            verbs.add("reopen_clear" if outcomes.clear_assignee else "reopen_keep")
        elif then is Then.CLOSE:
            verbs.update(("close", "suppress_native"))
    if outcomes.note and value is not None:
        verbs.add("note")
    if not verbs:
        return None
    return Wanted(frozenset(verbs), value, invitation.comment, invitation.rated_at, tag, untag, outcome)


# --- JSON ---------------------------------------------------------------------------------------------------------

_KEYS = ("enabled", "levels", "clear_assignee", "tag_below", "tag", "write", "note", "close_lapsed")
_NAMES = dict(zip(_KEYS, _KEYS, strict=True))
_SWITCHES = frozenset({"enabled", "clear_assignee", "note", "close_lapsed"})


def outcomes_to_dict(outcomes: Outcomes) -> dict[str, object]:
    """Write outcomes as the JSON data that `read_outcomes` reads back to equal ones."""
    written: dict[str, object] = {key: getattr(outcomes, key) for key in _KEYS}
    written["levels"] = {str(value): then.value for value, then in outcomes.levels.items()}
    written["write"] = list(outcomes.write)
    return written


def read_outcomes(errors: reading.Errors, value: object, start: Outcomes, pointer: str) -> Outcomes:
    """Read outcomes over those of `start`: what is not named stays, null goes back to the default."""
    if value is None:
        return NO_OUTCOMES
    read = {key: getattr(start, key) for key in _KEYS}
    for key, given, at in reading.changes(errors, value, pointer, _NAMES, read, NO_OUTCOMES):
        read[key] = _read_one(errors, given, key, start, at)
    return Outcomes(**read)


def _read_one(errors: reading.Errors, given: object, key: str, start: Outcomes, at: str) -> object:
    if key in _SWITCHES:
        if not isinstance(given, bool):
            errors.append(FieldError(at, f"{found(given)}; expected true or false"))
        return given is True
    if key == "levels":
        return _levels(errors, given, start.levels, at)
    if key == "tag_below":
        if type(given) is int and 1 < given <= MAX_VALUE + 1:
            return given
        errors.append(
            FieldError(
                at, f"{found(given)}; expected a whole number from 2 to {MAX_VALUE + 1}: lower values are tagged"
            )
        )
        return None
    if key == "tag":
        return _tag(errors, given, at)
    return _write(errors, given, at)


def _write(errors: reading.Errors, given: object, at: str) -> tuple[str, ...]:
    listed = reading.texts(errors, given, at, len(WRITABLE), MAX_TAG)
    for index, one in enumerate(listed):
        if one not in WRITABLE:
            errors.append(FieldError(step(at, index), f"{found(one)}; expected one of {', '.join(WRITABLE)}"))
    return listed


def _tag(errors: reading.Errors, given: object, at: str) -> str:
    before = len(errors)
    tag = reading.text(errors, given, at, MAX_TAG) or ""
    if len(errors) > before:
        return tag
    bare = tag.replace("{value}", "").replace("{symbol}", "").replace("{label}", "")
    if not tag.strip() or any(character in bare for character in "{}\n\r,"):
        allowed = "words with {value}, {symbol} or {label}; no comma, no line break, no other brace"
        errors.append(FieldError(at, f"{found(given)}; expected {allowed}"))
    return tag


def _levels(errors: reading.Errors, given: object, start: Mapping[int, Then], at: str) -> dict[int, Then]:
    """What is named is merged into what there is; null takes a value back to the default."""
    levels = dict(start)
    for key, then in reading.members(errors, given, at).items():
        if not _VALUE(key):
            errors.append(FieldError(step(at, key), f"no value of a scale; expected 1 to {MAX_VALUE}"))
        elif then is None:
            levels.pop(int(key), None)
        elif then not in list(Then):
            errors.append(FieldError(step(at, key), f"{found(then)}; expected one of {', '.join(Then)}"))
        else:
            levels[int(key)] = Then(str(then))
    return dict(sorted(levels.items()))
