"""JSON Schemas of what comes in, for the OpenAPI: the ticket, the reopen, a condition. Surveys are in `survey_schemas`.

They tell readers and generators what `ratings.ticket` accepts; that decides.
"""

from typing import Any

from ratings.conditions import FIELDS, MAX_TESTS, MAX_VALUES, OPERATORS
from ratings.reading import MAX_ID, MAX_NUMBER, MAX_URL
from ratings.scale import MAX_VALUE as LARGEST_VALUE
from ratings.scale import MIN_VALUE as SMALLEST_VALUE
from ratings.ticket import (
    CLOSERS,
    DIRECTIONS,
    KINDS,
    MAX_ADDRESS,
    MAX_ADDRESSES,
    MAX_NAME,
    MAX_REFERENCES,
    MAX_SHORT,
    MAX_TAGS,
)

Schema = dict[str, Any]

TIME: Schema = {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset"}
_WRITABLE = r"^[^\u0000]*$"


def ref(name: str) -> Schema:
    """Return a reference to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """Return the schema with null allowed."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    known = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    widened = {**schema, "type": [*known, "null"]}
    return {**widened, "enum": [*schema["enum"], None]} if "enum" in schema else widened


def thing(required: dict[str, Schema], optional: dict[str, Schema] | None = None, *, closed: bool = False) -> Schema:
    """Return the schema of an object."""
    schema: Schema = {"type": "object", "properties": {**required, **(optional or {})}}
    if required:
        schema["required"] = list(required)
    return {**schema, "additionalProperties": False} if closed else schema


def _text(limit: int, description: str = "") -> Schema:
    schema: Schema = {"type": ["string", "null"], "maxLength": limit, "pattern": _WRITABLE}
    return {**schema, "description": description} if description else schema


def _identity(limit: int = MAX_ID, description: str = "") -> Schema:
    schema: Schema = {"type": ["string", "integer", "null"], "maxLength": limit, "pattern": _WRITABLE}
    return {**schema, "description": description} if description else schema


_REQUIRED_ID: Schema = {
    "type": ["string", "integer"],
    "minLength": 1,
    "maxLength": MAX_ID,
    "pattern": _WRITABLE,
}
_LINK: Schema = {"type": ["string", "null"], "pattern": r"^(https?://[^\u0000]*)?$", "maxLength": MAX_URL}
_SECONDS: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": MAX_NUMBER}
_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_NUMBER}
_WHEN: Schema = {"type": ["string", "null"], "format": "date-time"}
_SLUG: Schema = {
    "type": "string",
    "pattern": r"^[a-z][a-z0-9_-]{0,31}\.[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
    "description": "the channel's account",
    "examples": ["telegram.support"],
}
_DESK: Schema = {"type": ["string", "null"], "pattern": r"^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$", "default": "api"}


def _words(values: tuple[str, ...], description: str) -> Schema:
    return {"type": ["string", "null"], "enum": [*values, "", None], "description": description}


def _party(description: str) -> Schema:
    members = thing({}, {"id": _identity(), "name": _identity(MAX_NAME), "email": _text(MAX_ADDRESS)})
    return {**members, "type": ["object", "null"], "description": description}


def _named(description: str) -> Schema:
    return {"anyOf": [_party(""), _identity()], "description": f"{description}; its name alone is its id as well"}


ADDRESS = thing({"channel": _SLUG, "id": {**_REQUIRED_ID, "maxLength": MAX_ADDRESS}})
TICKET: Schema = {
    **thing(
        {"id": {**_REQUIRED_ID, "description": "the desk's id of the ticket"}, "closed_at": TIME},
        {
            "closing_id": _identity(
                description="the desk's id of this closing; without it, the second of closed_at tells"
            ),
            "desk": _DESK,
            "form": _named("the form, queue, inbox or phone line"),
            "kind": {**_words(KINDS, "what was closed"), "default": "ticket"},
            "direction": _words(DIRECTIONS, "of a call"),
            "subject": _text(MAX_NAME),
            "url": _LINK,
            "priority": _identity(MAX_SHORT),
            "group": _named("the agent's team at the closing"),
            "agent": _party("who helped, at the closing"),
            "closed_by": _words(CLOSERS, "who ended it"),
            "customer": {
                **thing(
                    {},
                    {
                        "id": _identity(),
                        "name": _text(MAX_NAME),
                        "language": _text(MAX_SHORT, "a tag such as ru or pt-BR: the language of the prompt"),
                        "timezone": _text(MAX_SHORT),
                        "email": _text(MAX_ADDRESS),
                        "phone": _identity(MAX_SHORT),
                    },
                ),
                "type": ["object", "null"],
            },
            "addresses": {
                "type": ["array", "null"],
                "items": ref("Address"),
                "maxItems": MAX_ADDRESSES,
                "description": "ways to the customer, in order of preference",
            },
            "address": {**maybe(ref("Address")), "description": "short for the first of addresses"},
            "thread": {
                **thing(
                    {},
                    {
                        "message_id": _text(MAX_NAME),
                        "references": {
                            "anyOf": [
                                {
                                    "type": "array",
                                    "items": _text(MAX_NAME) | {"type": "string"},
                                    "maxItems": MAX_REFERENCES,
                                },
                                {"type": "null"},
                            ]
                        },
                    },
                ),
                "type": ["object", "null"],
            },
            "opened_at": _WHEN,
            "first_response_at": _WHEN,
            "last_message_at": {**thing({}, {"customer": _WHEN, "agent": _WHEN}), "type": ["object", "null"]},
            "talk_s": _SECONDS,
            "handling_s": _SECONDS,
            "messages": {**thing({}, {"customer": _COUNT, "agent": _COUNT}), "type": ["object", "null"]},
            "tags": {
                "type": ["array", "null"],
                "items": {"type": "string", "maxLength": MAX_SHORT, "pattern": _WRITABLE},
                "maxItems": MAX_TAGS,
            },
            "fields": {
                "type": ["object", "null"],
                "description": "the desk's own data, for send rules; at most 64 KiB",
            },
            "recording_url": _LINK,
            "ask": {"type": ["boolean", "null"], "default": True, "description": "false: the agent's own “do not ask”"},
        },
    ),
    "description": "A closed ticket, chat or call. null and empty texts are “not said”; unknown members are kept in fields.raw.",
    "examples": [
        {
            "id": "T-1024",
            "closed_at": "2026-01-31T12:00:00+03:00",
            "form": "support",
            "priority": "high",
            "agent": {"id": "17", "name": "Anna"},
            "customer": {"id": "C-9", "language": "ru"},
            "address": {"channel": "telegram.support", "id": "123456789"},
        }
    ],
}
REOPENED: Schema = thing(
    {"id": _REQUIRED_ID},
    {"desk": _DESK, "reopened_at": {**TIME, "type": ["string", "null"], "description": "default: now"}},
)

_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_SEVERAL: Schema = {"type": "array", "items": _SCALAR, "minItems": 1, "maxItems": MAX_VALUES}
CONDITION: Schema = {
    "description": f"A test of one field ({', '.join(FIELDS)}, fields.<name>) with exactly one operator, or tests joined by all or any.",
    "oneOf": [
        thing({joint: {"type": "array", "items": ref("Condition"), "minItems": 1, "maxItems": MAX_TESTS}}, closed=True)
        for joint in ("all", "any")
    ]
    + [
        {
            **thing(
                {"field": {"type": "string", "pattern": rf"^({'|'.join(FIELDS)}|fields\..+)$"}},
                {operator: _SEVERAL if operator in {"in", "not_in"} else _SCALAR for operator in OPERATORS},
                closed=True,
            ),
            "minProperties": 2,
            "maxProperties": 2,
        }
    ],
    "examples": [{"all": [{"field": "priority", "in": ["high", "urgent"]}, {"field": "tags", "has": "vip"}]}],
}
RENDERING: Schema = {
    **thing(
        {"ticket": {**TICKET, "required": ["id"]}},
        {
            "notice": {"type": "string", "description": "HTML when it has a tag, else plain text"},
            "html": {"type": "string"},
            "text": {"type": "string"},
        },
        closed=True,
    ),
    "minProperties": 2,
    "examples": [
        {
            "html": "<p>Done!</p>${satisfaction:rating}",
            "ticket": {"id": "T-1", "customer": {"email": "ann@example.com"}},
        }
    ],
}
RATING_EDIT: Schema = thing(
    {
        "value": {
            "type": "integer",
            "minimum": SMALLEST_VALUE,
            "maximum": LARGEST_VALUE,
            "description": "what is to count; on a scale where customers see 1 as the best it is counted the other way round",
        },
        "why": {"type": "string", "minLength": 1, "maxLength": 500},
    },
    closed=True,
)
OVERRULING: Schema = thing(
    {"state": {"enum": ["confirmed", "quarantined"]}, "why": {"type": "string", "minLength": 1, "maxLength": 500}},
    closed=True,
)
