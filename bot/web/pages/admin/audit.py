"""`/settings/audit`: who changed what, and from what to what."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.people import ROLES
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
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
    "enabled": mark("on"),
    "tickets": mark("tickets"),
    "cancelled": mark("called off"),
    "jobs": mark("failed jobs"),
}
"""What differs, in words; of a survey its fields as the API calls them, but for those here."""

WORDS = {"true": mark("yes"), "false": mark("no"), "null": "—", "[]": "—", "{}": "—"}
WORDS_OF = {
    "role": {role.value: words[0] for role, words in ROLES.items()},
    "forms": {"null": mark("all")},
    **{name: {"null": mark("for good")} for name in BOUNDS},
}
"""Values in words: of every field, and of some. All else is what somebody typed, and stands as it is."""

MAX_SHOWN = 400
_NOTHING = frozenset({"", "null", "false", "[]", "{}", "0"})


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
            changes=[{**item, "at": parse_instant(item["at"]), "lines": lines_of(item)} for item in found.items],
            following=None if found.next is None else urlencode({**kept, "cursor": found.next}),
            begins="cursor" not in visit.query,
            authors=await read(audit_authors),
            kinds=await read(audit_kinds),
            names=KINDS,
            deeds=DEEDS,
            fields=NAMES,
            words=lambda name: {**WORDS, **WORDS_OF.get(name, {})},
            by=by,
            kind=kind,
            object=object_,
            now=visit.now,
        )


def lines_of(item: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """Return what is different, a line each: its name, what it was, what it is (None: nothing). Names of what is nested are joined by dots."""
    before, after = (_flat(item[side]) for side in ("before", "after"))
    if item["before"] is None:
        after = {name: text for name, text in after.items() if text not in _NOTHING}  # of what is new, what it has
    names = dict.fromkeys((*before, *after))
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def _flat(values: Any, name: str = "") -> dict[str, str]:
    if not isinstance(values, Mapping):
        return {} if values is None and not name else {name: _written(values)}
    flat: dict[str, str] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{name}.{key}" if name else str(key))
    return flat


def _written(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
