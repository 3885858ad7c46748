"""`/settings/audit`: who changed what, and from what to what."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.admin.keys import SCOPES
from bot.web.pages.admin.overview import COMPARISONS
from bot.web.pages.admin.webhooks import STATES
from bot.web.pages.digests import PERIOD_NAMES
from bot.web.pages.people import ROLES
from bot.web.pages.shell import Shell
from bot.web.pages.speech import Speech, mark
from bot.web.pages.surveys.noted import UNTOLD, WHOLE, NotedSurvey
from bot.web.pages.ticket_timeline import VOTES
from bot.web.pages.troubles import KINDS as JOBS
from bot.web.pages.visit import Visit
from ratings.reports.audit import audit_authors, audit_kinds, list_audit
from ratings.retention import BOUNDS
from ratings.rights import Right
from ratings.times import parse_instant

KINDS = {
    "survey": mark("survey"),
    "key": mark("API key"),
    "endpoint": mark("webhook"),
    "user": mark("user"),
    "channel": mark("channel"),
    "desk": mark("desk"),
    "job": mark("failed job"),
    "rating": mark("rating"),
    "customer": mark("customer"),
    "setting": mark("setting"),
    "digest": mark("digest"),
    "view": mark("saved view"),
}
DEEDS = {
    "created": mark("made"),
    "changed": mark("changed"),
    "removed": mark("removed"),
    "revoked": mark("revoked"),
    "held": mark("held"),
    "released": mark("released"),
    "replayed": mark("put back"),
    "corrected": mark("corrected"),
    "overruled": mark("overruled"),
    "new secret": mark("got a new secret"),
    "changed password": mark("got a new password"),
    "signed out": mark("signed out everywhere"),
    "exported": mark("given out"),
    "erased": mark("erased"),
}
"""What was done, in words; what is not here is shown as it is written."""

NAMES = {
    "role": mark("role"),
    "forms": mark("forms"),
    "agents": mark("ids at the desks"),
    "may_edit": mark("may correct ratings"),
    "shut_out": mark("shut out"),
    "signs_in_elsewhere": mark("signs in elsewhere"),
    "scope": mark("scope"),
    "url": mark("address"),
    "types": mark("events"),
    "description": mark("description"),
    "state": mark("state"),
    "position": mark("position among the events"),
    "personal_data_days": mark("days of personal data"),
    "comments_days": mark("days of comments"),
    "inbound_days": mark("days of what messengers told"),
    "audit_days": mark("days of the audit log"),
    "destination": mark("destination"),
    "period": mark("period"),
    "hour": mark("hour"),
    "language": mark("language"),
    "weekdays_only": mark("on working days only"),
    "filters": mark("filters"),
    "page": mark("page"),
    "name": mark("name"),
    "query": mark("filter"),
    "shared": mark("shared"),
    "value": mark("value"),
    "comment": mark("comment"),
    "why": mark("why"),
    "tickets": mark("tickets"),
    "cancelled": mark("called off"),
    "jobs": mark("failed jobs"),
    "id": mark("id"),
    "found_by": mark("found by"),
    "votes": mark("vote"),
    "account": mark("account"),
    "kind": mark("kind"),
    "twice": mark("although it may come twice"),
}
"""What differs, in words; the settings of a survey have words of their own."""

WORDS = {"true": mark("yes"), "false": mark("no"), "null": "—", "[]": "—", "{}": "—"}
WORDS_OF: Mapping[str, Mapping[str, str]] = {
    "role": {role.value: words[0] for role, words in ROLES.items()},
    "forms": {"null": mark("all")},
    **{name: {"null": mark("for good")} for name in BOUNDS},
    "scope": {scope.value: words for scope, words in SCOPES.items()},
    "state": {state.value: words for state, words in STATES.items()},
    "types": {"null": mark("all")},
    "period": PERIOD_NAMES,
    "value": {rule: words[0] for rule, words in COMPARISONS.items()},
    "votes": VOTES,
    "kind": JOBS,
    "found_by": {
        "customer": mark("the id at the desk"),
        "place": mark("an address with its account"),
        "email": mark("the mail address"),
        "phone": mark("the telephone number"),
    },
}
"""Values in words: of every field, and of some. All else is what somebody typed, and stands as it is."""

OBJECTS = {
    "setting": {"comparison": mark("how agents are compared"), "retention": mark("for how long data is kept")},
    "job": {"all": mark("all")},
}
"""What was changed, in words, where it has no name that somebody gave it."""

MAX_SHOWN = 400
LED_IN = 40
"""Characters that are alike before a difference, of a text whose beginning is too long to be shown."""

MISSING = object()
"""Of a side that says nothing of a name: null is something."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is different: what it is called, what it was and what it is (None: nothing)."""

    name: str
    before: str | None
    after: str | None


class AuditPage:
    """`/settings/audit`."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the route."""
        return [self._shell.page("/settings/audit", self.show, right=Right.PEOPLE)]

    async def show(self, visit: Visit) -> Response:
        """Show changes, the newest first."""
        by, kind, object_ = (visit.query.get(name, "") for name in ("by", "kind", "object"))
        read = self._shell.store.read
        found = await read(
            list_audit,
            by=by or None,
            kinds=[kind] if kind else [],
            object_=object_ or None,
            cursor=visit.query.get("cursor") or None,
        )
        kept = {name: value for name, value in (("by", by), ("kind", kind), ("object", object_)) if value}
        return visit.render(
            "admin/audit.html",
            changes=[
                {**item, "at": parse_instant(item["at"]), "lines": said_lines(item, visit.speech)}
                for item in found.items
            ],
            following=None if found.next is None else urlencode({**kept, "cursor": found.next}),
            begins="cursor" not in visit.query,
            authors=await read(audit_authors),
            kinds=await read(audit_kinds),
            names=KINDS,
            deeds=DEEDS,
            objects=OBJECTS,
            by=by,
            kind=kind,
            object=object_,
            now=visit.now,
        )


def said_lines(item: Mapping[str, Any], speech: Speech) -> list[Line]:
    """Return what is different, a line each, in the reader's words."""
    if item["kind"] != "survey":
        return _said(
            differences(item), lambda name: _title(speech, name), lambda name, value: _word(speech, name, value)
        )
    noted = NotedSurvey(speech)
    found = {name: sides for name, sides in differences(item, WHOLE).items() if name not in UNTOLD}
    return _said(found, noted.title, noted.value)


def differences(item: Mapping[str, Any], whole: Collection[str] = ()) -> dict[str, tuple[Any, Any]]:
    """Return what was and what is (MISSING: nothing), by its name. Names of what is nested are joined by dots, but for what is `whole`."""
    before, after = (_flat(item[side], whole) for side in ("before", "after"))
    if item["before"] is None:
        after = {name: value for name, value in after.items() if value}  # of what is new, what it has
    sides = {name: (before.get(name, MISSING), after.get(name, MISSING)) for name in (*before, *after)}
    return {name: (was, now) for name, (was, now) in sides.items() if was != now}


def _flat(values: Any, whole: Collection[str], name: str = "") -> dict[str, Any]:
    if not isinstance(values, Mapping) or name in whole:
        return {} if values is None and not name else {name: values}
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, whole, f"{name}.{key}" if name else str(key))
    return flat


def _said(
    found: Mapping[str, tuple[Any, Any]], title: Callable[[str], str | None], say: Callable[[str, Any], str]
) -> list[Line]:
    lines = []
    for name, sides in found.items():
        texts = [None if value is MISSING else say(name, value) for value in sides]
        if texts[0] == texts[1]:  # words do not tell all: a scale's labels in the reader's language alone
            texts = [_written(value) for value in sides]
        lines.append(Line(title(name) or name, *_cut(*texts)))
    return lines


def _title(speech: Speech, name: str) -> str | None:
    return speech.say(NAMES[name]) if name in NAMES else None


def _word(speech: Speech, name: str, value: Any) -> str:
    written = _written(value)
    word = {**WORDS, **WORDS_OF.get(name, {})}.get(written)
    return written if word is None else speech.say(word)


def _written(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Return the beginnings of two texts, or what is around their first difference where that comes later."""
    alike = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(before or "", after or "", strict=False)))
    start = alike - LED_IN if alike >= MAX_SHOWN else 0
    return _part(before, start), _part(after, start)


def _part(text: str | None, start: int) -> str | None:
    if text is None:
        return None
    rest = text[start:]
    shown = rest if len(rest) <= MAX_SHOWN else f"{rest[:MAX_SHOWN]}…"
    return f"…{shown}" if start else shown
