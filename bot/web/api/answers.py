"""JSON Schemas of what goes out, for the OpenAPI. Closed: an answer with a member that is not written here fails a test."""

from bot.web.api.schemas import TIME, Schema, maybe, ref, thing
from ratings.lifecycle import Delivery, EventType, State
from ratings.links import Evidence, LinkKind
from ratings.rules import SkipReason
from ratings.votes import VoteState

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_ID: Schema = {"type": "integer", "minimum": 1}
_VALUE: Schema = {"type": "integer"}
_PERCENT: Schema = {
    "type": ["number", "null"],
    "minimum": 0,
    "maximum": 100,
    "description": "percent; null: no data, which is not 0",
}
_COUNTS: Schema = {"type": "object", "additionalProperties": _COUNT}
_MEAN: Schema = {"type": ["number", "null"]}
_DECISION: Schema = {"type": "string", "enum": ["ask", "skip"]}
_REASON: Schema = {"type": ["string", "null"], "enum": [*(reason.value for reason in SkipReason), None]}

_TICKET = thing({"desk": _TEXT, "id": _TEXT, "url": maybe(_TEXT), "subject": maybe(_TEXT)}, closed=True)
ABOUT: dict[str, Schema] = {
    "channel": maybe(_TEXT) | {"description": "the channel's account"},
    "survey": maybe(_TEXT),
    "agent": maybe(thing({"id": maybe(_TEXT), "name": maybe(_TEXT)}, closed=True)),
    "group": maybe(_TEXT),
    "form": maybe(_TEXT),
    "priority": maybe(_TEXT),
    "ticket": _TICKET,
    "closed_at": TIME,
    "asked_at": maybe(TIME),
}

PROBLEM: Schema = {
    **thing(
        {"type": {"type": "string"}, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
        {
            "errors": {
                "type": "array",
                "items": thing({"pointer": _TEXT, "detail": _TEXT}, closed=True),
                "description": "every wrong field by its JSON pointer into the body, or /name of a parameter",
            }
        },
        closed=True,
    ),
    "description": "RFC 9457 problem details",
}
DECISION = thing({"decision": _DECISION, "reason": _REASON, "invitation": _ID, "due_at": maybe(TIME)}, closed=True)
DECISIONS = thing({"items": {"type": "array", "items": {"oneOf": [ref("Decision"), ref("Problem")]}}}, closed=True)
RENDERED = thing(
    {
        "decision": {
            "type": ["string", "null"],
            "enum": ["ask", "skip", None],
            "description": "null: no variable, no decision",
        },
        "reason": _REASON,
        "invitation": maybe(_ID),
        "due_at": maybe(TIME),
    },
    {"notice": _TEXT, "html": _TEXT, "text": _TEXT},
    closed=True,
)
VOTES = thing(
    {
        "votes": {
            "type": "array",
            "items": thing(
                {
                    "id": _ID,
                    "value": _VALUE,
                    "state": {"type": "string", "enum": [state.value for state in VoteState]},
                    "source": _TEXT,
                    "kind": {"type": ["string", "null"], "enum": [*(kind.value for kind in LinkKind), None]},
                    "at": TIME,
                    "agent": maybe(_TEXT),
                    "evidence": {"type": "array", "items": {"enum": [evidence.value for evidence in Evidence]}},
                },
                closed=True,
            ),
        },
        "hits": {
            "type": "array",
            "items": thing(
                {"value": maybe(_VALUE), "method": _TEXT, "at": TIME, "agent": _TEXT, "prefetch": {"type": "boolean"}},
                closed=True,
            ),
            "description": "links that were opened: evidence, never votes",
        },
        "history": {
            "type": "array",
            "items": thing(
                {
                    "at": TIME,
                    "what": _TEXT,
                    "old": maybe(_TEXT),
                    "new": maybe(_TEXT),
                    "by": _TEXT,
                    "why": maybe(_TEXT),
                },
                closed=True,
            ),
        },
    },
    closed=True,
)
CANCELLED = thing({"cancelled": _COUNT}, closed=True)

RATING = thing(
    {
        "id": _ID,
        "value": _VALUE,
        "comment": maybe(_TEXT),
        "rated_at": TIME,
        "state": {"type": "string", "enum": [state.value for state in VoteState]},
        "satisfied": {"type": "boolean"},
        "scale": _TEXT,
        **ABOUT,
    },
    closed=True,
)
_DESK_RESULT = thing(
    {
        "outcome": maybe({"type": "string"}) | {"description": "leave, close, reopen or close_unrated, once done"},
        "tag": maybe(_TEXT) | {"description": "the tag of ours that stands on the ticket"},
        "value": maybe(_VALUE) | {"description": "the rating that the ticket was last told"},
        "written_at": maybe(TIME),
        "refused": {
            "type": "array",
            "items": thing({"verb": maybe(_TEXT), "code": _TEXT, "text": _TEXT}, closed=True),
            "description": "what the desk did not carry out, in its own words; verb null: all of it",
        },
        "waiting": _COUNT | {"description": "writes that are due or on their way"},
        "error": maybe(_TEXT) | {"description": "why the newest write waits or failed"},
    },
    closed=True,
)
DESK = thing(
    {
        "name": _TEXT,
        "kind": _TEXT,
        "held_at": maybe(TIME),
        "held_by": maybe(_TEXT),
        "waiting": _COUNT,
        "failed": _COUNT,
        "oldest": maybe(TIME) | {"description": "since when the oldest of both is there"},
        "last_error": maybe(_TEXT),
    },
    closed=True,
)
INVITATION = thing(
    {
        "id": _ID,
        "state": {"type": "string", "enum": [state.value for state in State]},
        "state_reason": maybe(_TEXT),
        "decision": _DECISION,
        "reason": _REASON,
        "detail": {"type": ["object", "null"], "description": "the rule that decided and what it saw"},
        "next_at": maybe(TIME)
        | {"description": "when this customer could next be asked, where the reason is one of time"},
        "chosen_by": maybe({"type": "array", "items": _TEXT})
        | {"description": "the bindings by which the survey was chosen"},
        "inclusion": {
            "type": ["number", "null"],
            "description": "the probability of being asked, where only a share is",
        },
        "recovery_of": maybe(_ID)
        | {"description": "the invitation with the bad rating that this one asks about once more"},
        "timezone": maybe(_TEXT) | {"description": "the customer's, where it is known"},
        "window_until": maybe(TIME) | {"description": "until when the messenger takes a prompt"},
        "decided_at": TIME,
        "due_at": maybe(TIME),
        "delivery": {"type": ["string", "null"], "enum": [*(delivery.value for delivery in Delivery), None]},
        "expires_at": TIME,
        "value": maybe(_VALUE),
        "rated_at": maybe(TIME),
        "desk_result": {"anyOf": [_DESK_RESULT, {"type": "null"}], "description": "what its desk has of the rating"},
        **ABOUT,
    },
    closed=True,
)
EVENT = thing(
    {
        "number": _ID,
        "type": {"type": "string", "enum": [kind.value for kind in EventType]},
        "at": TIME,
        "invitation": _ID,
        "value": maybe(_VALUE),
        "previous": maybe(_VALUE),
        "comment": maybe(_TEXT),
        "scale": maybe(_TEXT),
        "survey": maybe(_TEXT),
        "channel": maybe(_TEXT),
        "ticket": _TICKET,
    },
    closed=True,
)

_INTERVAL: Schema = {
    "type": ["array", "null"],
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
    "description": "Wilson, 95 %",
}
_OF_SCALE: dict[str, Schema] = {"csat": _PERCENT, "csat_interval": _INTERVAL, "mean": _MEAN}
SUMMARY = thing(
    {
        "timezone": _TEXT | {"description": "the zone whose days the filters count"},
        "ratings": _COUNT | {"description": "confirmed ones rated in the period"},
        "matching": _COUNT | {"description": "ratings that match every filter, those by value, comment and words too"},
        "states": _COUNTS,
        **_OF_SCALE,
        "distribution": maybe(_COUNTS),
        "scales": {
            "type": "array",
            "items": thing(
                {"scale": _TEXT, "ratings": _COUNT, "satisfied": _COUNT, **_OF_SCALE, "distribution": _COUNTS},
                closed=True,
            ),
            "description": "each scale by itself; csat, mean and distribution above are null while there are several",
        },
        "asked": thing(
            {"asked": _COUNT, "answered": _COUNT, "commented": _COUNT, "delivery": _COUNTS, "response_rate": _PERCENT},
            closed=True,
        )
        | {"description": "the invitations asked in the period, and what became of them"},
        "recovery": thing(
            {
                "asked_again": _COUNT,
                "answered": _COUNT,
                "recovered": _COUNT,
                "rate": _PERCENT | {"description": "recovered of answered; null: no data"},
                "median_s": {"type": ["integer", "null"], "description": "from the bad rating to the good one"},
            },
            closed=True,
        )
        | {
            "description": "bad ratings of the period that were asked about once more after the ticket was closed again"
        },
        "closed": thing(
            {
                "closed": _COUNT,
                "decided_to_ask": _COUNT,
                "skipped": _COUNTS | {"description": "by reason"},
                "states": _COUNTS,
                "held": _COUNTS | {"description": "of the scheduled ones, by what holds them"},
                "answered": _COUNT,
                "answered_of_closed": _PERCENT,
            },
            closed=True,
        )
        | {"description": "the tickets closed in the period: asks and skips add up to them"},
    },
    closed=True,
)


def list_of(name: str) -> Schema:
    """Return the schema of a page of something."""
    following: Schema = {"type": ["string", "null"], "description": "the cursor of what follows; null: nothing does"}
    return thing({"items": {"type": "array", "items": ref(name)}, "next": following}, closed=True)
