"""What of a result is not so yet, as parts of one comment; and which part a refusal is about. Pure.

https://pyrus.com/en/help/api/tasks: one comment changes fields and lists, closes or opens, and says something, all or nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from desks.base import Refusal, Result, Verb
from desks.pyrus import encoding
from desks.pyrus.config import FormSettings
from desks.pyrus.failures import ACTION_CODES, FIELD_CODES, LIST_CODES, PERSON_CODES
from desks.pyrus.history import Us, closed_at, closing_comment, instant, is_closed, ordered
from desks.pyrus.shapes import FINISHED, REOPENED, FieldOfForm, Form, Task
from desks.pyrus.values import flatten
from ratings.times import SECOND, Instant

REOPENS = frozenset({Verb.REOPEN_KEEP, Verb.REOPEN_CLEAR})
CLOSES = frozenset({Verb.CLOSE, Verb.CLOSE_UNRATED})
IN_FIELDS = frozenset({Verb.SCORE, Verb.COMMENT, Verb.RATED_AT, Verb.TAG, Verb.UNTAG})


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a comment, and the verb that it carries out."""

    verb: Verb
    sort: Literal["action", "assignee", "field", "list", "note"]
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write to a task that is closed, or not, and what cannot even be tried."""

    closed: bool
    parts: tuple[Part, ...]
    refused: tuple[Refusal, ...]


def plan(result: Result, task: Task, form: Form | None, settings: FormSettings, us: Us) -> Plan:
    """Compare what is wanted with what is. `form` may be None where no field is wanted."""
    maker = _Maker(result, task, form, settings)
    maker.fields()
    maker.tags()
    parts, refused = maker.parts, maker.refused
    action = _action(result, task, us)
    if action is not None:
        verb, content = action
        parts.append(Part(verb, "action", {"action": content}))
        if verb is Verb.REOPEN_CLEAR:
            clearing = _clearing(settings)
            if clearing:
                parts.append(Part(verb, "assignee", clearing))
            else:
                text = "neither queue nor person_field is set: the task was reopened for whom it was with"
                refused.append(Refusal(verb, "not_configured", text))
    if Verb.NOTE in result.verbs and result.note and not _said(result, task, us):
        parts.append(Part(Verb.NOTE, "note", {"text": result.note}))
    return Plan(is_closed(task, ordered(task)), tuple(parts), tuple(refused))


def compose(parts: Sequence[Part], *, closed: bool) -> dict[str, Any]:
    """One comment of these parts. It sends no survey of Pyrus's own, and a closed task neither opens nor notifies by it."""
    made: dict[str, Any] = {}
    for part in parts:
        for name, value in part.content.items():
            made[name] = [*made.get(name, ()), *value] if isinstance(value, list) else value
    if made.get("action") == FINISHED:
        made["skip_satisfaction"] = True
    elif closed and made.get("action") != REOPENED:
        made |= {"skip_auto_reopen": True, "skip_notification": True}
    return made


def blame(code: str, parts: Sequence[Part]) -> list[Part]:
    """The parts that a refusal is about: surely one of them. All, where the code says nothing of it."""
    if code in ACTION_CODES:
        found = [part for part in parts if part.sort == "action"]
        if found:
            return found
    if code in FIELD_CODES:
        found = [part for part in parts if "field_updates" in part.content]
    elif code in PERSON_CODES:
        found = [part for part in parts if part.sort == "assignee"]
    elif code in LIST_CODES:
        found = [part for part in parts if part.sort == "list"]
    else:
        found = []
    return found or list(parts)


class _Maker:
    """Collects the parts that write fields and lists."""

    def __init__(self, result: Result, task: Task, form: Form | None, settings: FormSettings) -> None:
        self.parts: list[Part] = []
        self.refused: list[Refusal] = []
        self._result = result
        self._task = task
        self._settings = settings
        self._known = {} if form is None else form.all_fields()
        self._held = flatten(task.fields)

    def fields(self) -> None:
        """Score, comment and time."""
        result, settings = self._result, self._settings
        self._field(
            Verb.SCORE,
            "score_field",
            settings.score_field,
            lambda field: encoding.score(field, result, settings.score_choices),
        )
        self._field(
            Verb.COMMENT, "comment_field", settings.comment_field, lambda field: encoding.comment(field, result)
        )
        at = None if result.value is None else result.rated_at
        self._field(
            Verb.RATED_AT, "rated_at_field", settings.rated_at_field, lambda field: encoding.rated_at(field, at)
        )

    def tags(self) -> None:
        """The tag, and away with the earlier ones: in lists where the tag has one, in the choice field else."""
        result, lists = self._result, self._settings.tag_list_ids
        verbs, held = result.verbs, set(self._task.list_ids or ())
        tag = result.tag if Verb.TAG in verbs else ""
        untag = tuple(one for one in result.untag if one != result.tag) if Verb.UNTAG in verbs else ()
        added = [lists[tag]] if tag in lists and lists[tag] not in held else []
        removed = [lists[one] for one in untag if one in lists and lists[one] in held and lists[one] != lists.get(tag)]
        if added:
            self.parts.append(Part(Verb.TAG, "list", {"added_list_ids": added}))
        if removed:
            self.parts.append(Part(Verb.UNTAG, "list", {"removed_list_ids": removed}))
        tag = "" if tag in lists else tag
        field_id = self._settings.tag_field
        if tag or (untag and field_id is not None):
            verb = Verb.TAG if tag else Verb.UNTAG
            held_field = None if field_id is None else self._held.get(field_id)
            wanted = {verb} & verbs
            if wanted:
                make = lambda field: encoding.tags(field, held_field, tag, untag)  # noqa: E731 - the same shape as above
                self._field(verb, "tag_field or tag_list_ids", field_id, make)

    def _field(self, verb: Verb, setting: str, field_id: int | None, encode: Callable[[FieldOfForm], Any]) -> None:
        if verb not in self._result.verbs:
            return
        if field_id is None:
            self.refused.append(Refusal(verb, "not_configured", f"{setting} is not set for this form"))
            return
        field = self._known.get(field_id)
        if field is None:
            self.refused.append(Refusal(verb, "no_field", f"the form has no field {field_id}: see {setting}"))
            return
        try:
            value = encode(field)
        except encoding.NotWritable as error:
            self.refused.append(Refusal(verb, error.code, error.text))
            return
        if not encoding.is_so(field, self._held.get(field_id), value):
            self.parts.append(Part(verb, "field", {"field_updates": [{"id": field_id, "value": value}]}))


def _action(result: Result, task: Task, us: Us) -> tuple[Verb, str] | None:
    """Whether to open or to close: only what nobody did, or undid, since the closing that was rated."""
    comments = ordered(task)
    closed, closing = is_closed(task, comments), closing_comment(comments)
    closing_id, rated_closing = result.ticket.get("closing_id"), instant(_text(result.ticket.get("closed_at")))
    for verb in sorted(result.verbs & REOPENS):
        if not closed:
            return None  # it is open, by us or by others
        if closing_id is not None and closing is not None:
            same = str(closing.id) == str(closing_id)
        else:
            same = rated_closing is None or _near(closed_at(task, closing), rated_closing)
        return (verb, REOPENED) if same else None  # else somebody closed it again
    for verb in sorted(result.verbs & CLOSES):
        if closed:
            return None
        turn = next((one for one in reversed(comments) if one.action in {FINISHED, REOPENED}), None)
        if turn is not None:
            return (verb, FINISHED) if turn.action == REOPENED and us.wrote(turn) else None
        others = [one for one in comments if not us.wrote(one)]
        later = rated_closing is not None and any(
            (at := instant(one.create_date)) is not None and at > rated_closing for one in others
        )
        return None if closing_id is not None or later else (verb, FINISHED)
    return None


def _clearing(settings: FormSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings.queue is not None:
        found["reassign_to"] = {"id": settings.queue}
    if settings.person_field is not None:
        found["field_updates"] = [{"id": settings.person_field, "value": None}]
    return found


def _said(result: Result, task: Task, us: Us) -> bool:
    """True when the note stands there already, since the closing."""
    since = instant(_text(result.ticket.get("closed_at")))
    for comment in ordered(task):
        at = instant(comment.create_date)
        young = since is None or at is None or at >= since - SECOND
        if young and us.wrote(comment) and (comment.text or "").strip() == result.note.strip():
            return True
    return False


def _near(one: Instant | None, other: Instant) -> bool:
    return one is not None and abs(one - other) <= SECOND


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
