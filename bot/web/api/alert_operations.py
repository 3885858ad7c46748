"""The operations about alerts as the OpenAPI describes them, and their schemas."""

from bot.web.api.answers import list_of
from bot.web.api.operations import LIMIT, Operation
from bot.web.api.schemas import TIME, Schema, maybe, thing
from net.guard import MAX_URL
from ratings.alerting import VALUE, WORDS
from ratings.reports.alerts import STATES
from ratings.store.keys import Scope

_PROBLEMS = (401, 403, 422, 500, 503)
_TEXT: Schema = {"type": "string"}
_CURSOR: Schema = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "`next` of the page before",
}
_URL: Schema = {
    "name": "url",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_URL},
    "description": "the destination, as the survey names it",
}

LIST_ALERTS = Operation(
    "Alerts, the newest first",
    "Whom was told of which bad ratings, who still waits to be, and what keeps it: a row for each rating, destination and reason.",
    "alerts",
    Scope.ADMIN,
    ((200, "A page of alerts", "Alerts"),),
    _PROBLEMS,
    (LIMIT, _CURSOR),
)
ALERT_SECRET = Operation(
    "The secret of a destination that is posted to",
    "It signs every alert to that URL by Standard Webhooks. It is derived from the newest server secret: after a change of that one, alerts are signed with the old one, too, as long as it is configured.",
    "alerts",
    Scope.ADMIN,
    ((200, "The secret", "AlertSecret"),),
    _PROBLEMS,
    (_URL,),
)

_ALERT = thing(
    {
        "id": {"type": "integer", "minimum": 1},
        "invitation": {"type": "integer", "minimum": 1},
        "survey": _TEXT,
        "destination": _TEXT,
        "reason": {"type": "string", "enum": [VALUE, WORDS]},
        "at": TIME,
        "state": {
            "type": "string",
            "enum": list(STATES),
            "description": "dropped: it was not so any more, or not wanted",
        },
        "said_at": maybe(TIME),
        "message": {"type": ["integer", "null"], "description": "the same for all that one message tells"},
        "tries": {"type": "integer", "minimum": 0},
        "problem": {"type": ["string", "null"], "description": "the code of what keeps it, or of what ended it"},
        "detail": {"type": ["string", "null"], "description": "the last try's failure, in words"},
        "value": {"type": ["integer", "null"], "description": "as it counts now; null: it does not"},
        "ticket": thing(
            {"desk": _TEXT, "id": _TEXT, "url": maybe(_TEXT), "subject": maybe(_TEXT)},
            closed=True,
        ),
    },
    closed=True,
)
ALERT_COMPONENTS: dict[str, Schema] = {
    "Alert": _ALERT,
    "Alerts": list_of("Alert"),
    "AlertSecret": thing({"url": _TEXT, "secret": {"type": "string", "pattern": "^whsec_"}}, closed=True),
}
