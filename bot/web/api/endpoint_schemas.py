"""JSON Schemas about endpoints: what comes in, what goes out."""

from bot.web.api.endpoint_bodies import MAX_DESCRIPTION, MAX_KEEP_S, STATES, TYPES
from bot.web.api.queries import MAX_NUMBER
from bot.web.api.schemas import TIME, Schema, maybe, thing
from net.guard import MAX_URL
from ratings.deliveries import KEEP_SECRET, MAX_REPLY, EndpointState
from ratings.times import SECOND

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TYPES: Schema = {
    "type": ["array", "null"],
    "items": {"type": "string", "enum": list(TYPES)},
    "minItems": 1,
    "uniqueItems": True,
    "description": "only events of these types; null: all",
}
_NEW: dict[str, Schema] = {
    "types": _TYPES,
    "description": {"type": ["string", "null"], "maxLength": MAX_DESCRIPTION, "pattern": r"^[^\u0000]*$"},
    "state": {"type": "string", "enum": list(STATES)},
    "since": {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_NUMBER,
        "description": "go on after the event of this number; 0 begins with the first. A new endpoint gets only what is new",
    },
}
_URL: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_URL,
    "description": "where events are posted: https, without user and password, at a public address",
    "examples": ["https://crm.example.com/tapfive"],
}
NEW_ENDPOINT = thing({"url": _URL}, _NEW, closed=True) | {
    "examples": [{"url": "https://crm.example.com/tapfive", "types": ["rating.received", "rating.changed"]}]
}
ENDPOINT_CHANGE = thing({}, {"url": _URL, **_NEW}, closed=True) | {
    "description": "What is not named stays. `state` active switches on what was paused or disabled; it goes on where it stood.",
    "examples": [{"state": "active"}],
}
ROTATION = thing(
    {},
    {
        "keep_s": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_KEEP_S,
            "default": KEEP_SECRET // SECOND,
            "description": "seconds for which the secrets before the new one still sign",
        }
    },
    closed=True,
)

_ENDPOINT: dict[str, Schema] = {
    "id": {"type": "integer", "minimum": 1},
    "url": _TEXT,
    "types": {"type": ["array", "null"], "items": _TEXT},
    "description": _TEXT,
    "state": {"type": "string", "enum": [state.value for state in EndpointState]},
    "reason": maybe(_TEXT) | {"description": "why it is disabled"},
    "position": _COUNT | {"description": "the last event that it took, or does not want"},
    "waiting": _COUNT | {"description": "events after that one"},
    "failing_since": maybe(TIME),
    "tries": _COUNT | {"description": "tries of the next event that failed"},
    "next_at": maybe(TIME) | {"description": "when that is tried again"},
    "old_secrets_until": {
        "type": "array",
        "items": TIME,
        "description": "the secrets that still sign beside the newest, by the time until when",
    },
    "created_at": TIME,
    "created_by": _TEXT,
}
ENDPOINT = thing(_ENDPOINT, closed=True)
ENDPOINT_WITH_SECRET = thing(
    {**_ENDPOINT, "secret": {"type": "string", "pattern": "^whsec_", "description": "shown here alone"}}, closed=True
)
_REPLY: dict[str, Schema] = {
    "ok": {"type": "boolean"},
    "status": {"type": ["integer", "null"], "description": "null: no answer came"},
    "reply": {"type": ["string", "null"], "maxLength": MAX_REPLY, "description": "the beginning of the answer"},
    "problem": {"type": ["string", "null"], "description": "why no answer came"},
    "duration_ms": _COUNT,
}
TESTED = thing(_REPLY, closed=True)
DELIVERY = thing(
    {
        "id": {"type": "integer", "minimum": 1},
        "event": {"type": "integer", "minimum": 1, "description": "the event's number"},
        "at": TIME,
        **_REPLY,
    },
    closed=True,
)
