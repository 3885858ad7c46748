"""The desk's tickets, and what results make of them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .signing import RefusedError

Json = dict[str, Any]

THEN = {"reopen_keep", "reopen_clear", "close", "close_unrated"}
VERBS = {"score", "comment", "rated_at", "tag", "untag", "note", "suppress_native"} | THEN
MEMBERS = {
    "score": ("value", "symbol", "label", "scale"),
    "comment": ("comment",),
    "rated_at": ("rated_at",),
    "tag": ("tag",),
    "untag": ("untag",),
    "note": ("note",),
}
"""Which verb brings which members: they are there with it, and only with it."""


@dataclass(slots=True)
class Ticket:
    """A ticket as its agents see it."""

    id: str
    told: Json
    status: str = "open"
    assignee: str = "ann"
    score: int | None = None
    label: str = ""
    comment: str = ""
    rated_at: str | None = None
    tags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    native_survey: bool = True


def read_result(content: Any) -> Json:
    """The `data` of a rating.result. Raises RefusedError for what is not exactly one."""
    if not isinstance(content, dict) or set(content) != {"type", "timestamp", "data"}:
        raise RefusedError(422, "type, timestamp and data are wanted, and nothing else")
    if content["type"] != "rating.result":
        raise RefusedError(422, "an unknown type")
    _time(content["timestamp"])
    data = content["data"]
    if not isinstance(data, dict) or not isinstance(data.get("ticket"), dict):
        raise RefusedError(422, "data names no ticket")
    verbs = data.get("verbs")
    if not isinstance(verbs, list) or any(verb not in VERBS or verbs.count(verb) > 1 for verb in map(str, verbs)):
        raise RefusedError(422, "verbs are a list of known ones, each once")
    members = {"ticket", "verbs", "then"} | {name for verb in verbs for name in MEMBERS.get(verb, ())}
    if set(data) != members:
        raise RefusedError(422, "the members are not those of the verbs")
    if data["then"] not in (THEN & set(verbs) or {"none"}):
        raise RefusedError(422, "then does not fit the verbs")
    _members(data)
    return data


def apply_result(ticket: Ticket, data: Json, refused: frozenset[str]) -> None:
    """Make the ticket so, but for the verbs that are refused."""
    verbs = set(data["verbs"]) - refused
    if "score" in verbs:
        ticket.score, ticket.label = data["value"], data["label"]
    if "comment" in verbs:
        ticket.comment = data["comment"]
    if "rated_at" in verbs:
        ticket.rated_at = data["rated_at"]
    if "untag" in verbs:
        ticket.tags = [tag for tag in ticket.tags if tag not in data["untag"]]
    if "tag" in verbs and data["tag"] not in ticket.tags:
        ticket.tags.append(data["tag"])
    if "note" in verbs:
        ticket.notes.append(data["note"])
    if "suppress_native" in verbs:
        ticket.native_survey = False
    if data["then"] in verbs:
        ticket.status = {"close": "closed", "close_unrated": "closed unrated"}.get(data["then"], "open")
        if data["then"] == "reopen_clear":
            ticket.assignee = ""


def _members(data: Json) -> None:
    wrong = [
        name
        for name in ("comment", "tag", "note", "label", "symbol", "scale")
        if not isinstance(data.get(name, ""), str)
    ]
    value = data.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        wrong.append("value")
    untag = data.get("untag", [])
    if not isinstance(untag, list) or any(not isinstance(tag, str) for tag in untag):
        wrong.append("untag")
    if wrong:
        raise RefusedError(422, f"{wrong[0]} is of another type")
    if data.get("rated_at") is not None:
        _time(data["rated_at"])


def _time(text: Any) -> None:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        raise RefusedError(422, "a time is RFC 3339 with an offset")
