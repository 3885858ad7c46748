"""JSON Schemas of what is asked and answered about surveys beside the surveys themselves."""

from typing import Any

from bot.web.api.schemas import TIME, Schema, maybe, ref, thing
from bot.web.api.survey_schemas import SURVEY
from ratings.store.rehearsing import MAX_DAYS
from ratings.ticket import MAX_ADDRESS

_COUNT: Schema = {"type": "integer", "minimum": 0}
_WARNINGS: Schema = {
    "type": "array",
    "description": "what a channel could not say, and words that a language lacks",
    "items": thing(
        {
            "pointer": {"type": "string", "description": "into the survey"},
            "channel": {"type": ["string", "null"], "description": "the account; null: every one"},
            "detail": {"type": "string"},
        }
    ),
}
_OPEN: Schema = thing({"scheduled": _COUNT, "asked": _COUNT})
SAVED_SURVEY: Schema = thing(
    {
        **SURVEY["properties"],
        "open_invitations": _OPEN | {"description": "those that wait for their prompt, or for an answer"},
        "effect": {"type": "string", "description": "what a change does to them"},
        "warnings": _WARNINGS,
    }
)
VERSIONS: Schema = thing(
    {
        "items": {
            "type": "array",
            "items": thing(
                {
                    "version": {"type": "integer", "minimum": 1},
                    "at": TIME,
                    "by": {"type": "string"},
                    "enabled": {"type": "boolean"},
                    "changed": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "JSON pointers to what differs from the version before",
                    },
                }
            ),
        },
        "paused": {"type": "array", "items": thing({"from": TIME, "to": {**TIME, "type": ["string", "null"]}})},
        "next": {"type": "null"},
    }
)
_DRAFT: dict[str, Any] = {"anyOf": [ref("SurveyChange"), {"type": "null"}], "description": "tried over the survey"}
_LANGUAGE: Schema = {"type": ["string", "null"], "maxLength": 100, "description": "by default the survey's own"}
_TICKET: Schema = {**maybe(ref("Ticket")), "description": "whose values stand in the texts; by default a sample"}
PREVIEWING: Schema = thing({}, {"draft": _DRAFT, "language": _LANGUAGE, "ticket": _TICKET}, closed=True)
_SHOWN: Schema = {
    "description": "`text`, `buttons` row by row, what else the kind shows, and `problem` where it could not be said",
    **thing(
        {"text": {"type": "string"}},
        {
            "buttons": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "problem": {"type": "string"},
        },
    ),
}
_MAYBE_SHOWN: Schema = {**_SHOWN, "type": ["object", "null"]}
PREVIEW: Schema = thing(
    {
        "language": {"type": "string"},
        "channels": {
            "type": "array",
            "items": thing(
                {
                    "channel": {"type": "string"},
                    "question": _SHOWN,
                    "greeting": _MAYBE_SHOWN
                    | {"description": "the first message to an address; null: without greeting"},
                    "reminders": {"type": "array", "items": _SHOWN},
                    "answers": {
                        "type": "array",
                        "items": thing({"value": {"type": "integer"}, "shown": _MAYBE_SHOWN}),
                        "description": "after a rating of each value; none where that is said on the rating page",
                    },
                    "expired": _MAYBE_SHOWN,
                }
            ),
        },
        "warnings": _WARNINGS,
    }
)
TESTING: Schema = thing(
    {
        "channel": {"type": "string", "description": "the account"},
        "address": {"type": ["string", "integer"], "minLength": 1, "maxLength": MAX_ADDRESS},
    },
    {"draft": _DRAFT, "language": _LANGUAGE, "ticket": _TICKET},
    closed=True,
)
TEST_MESSAGE: Schema = thing(
    {
        "job": {"type": "integer"},
        "state": {"enum": ["sent", "failed", "waits"]},
        "code": {"type": ["string", "null"], "description": "of the last error"},
        "detail": {"type": ["string", "null"]},
    }
)
REHEARSING: Schema = thing(
    {}, {"draft": _DRAFT, "days": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": 30}}, closed=True
)
_COUNTS = {"closings": _COUNT, "asked": _COUNT, "was_asked": _COUNT}
REHEARSAL: Schema = thing(
    {
        "survey": {"type": "string"},
        "from": TIME,
        "to": TIME,
        **_COUNTS,
        "gained": _COUNT | {"description": "asked by the draft, and not when it was"},
        "lost": _COUNT | {"description": "asked when it was, and not by the draft"},
        "reasons": {
            "type": "array",
            "items": thing({"reason": {"type": "string"}, "skipped": _COUNT, "was_skipped": _COUNT}),
        },
        "channels": {"type": "array", "items": thing({"channel": {"type": ["string", "null"]}, **_COUNTS})},
        "agents": {
            "type": "array",
            "items": thing({"id": {"type": ["string", "null"]}, "name": {"type": ["string", "null"]}, **_COUNTS}),
        },
    }
)
