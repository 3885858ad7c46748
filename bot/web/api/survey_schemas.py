"""JSON Schemas of surveys and of what is done with them, for the OpenAPI. `ratings.survey` decides what is accepted."""

from collections.abc import Mapping
from typing import get_args

from bot.web.api.schemas import Schema, maybe, ref, thing
from ratings import alerting, outcomes, reading, release, send_rules, timing
from ratings.scale import MAX_CHOICES, MAX_LABEL, MAX_SYMBOL, MAX_VALUE, MIN_CHOICES, MIN_VALUE
from ratings.survey import MAX_BOUND, MAX_NAME, MAX_POSITION, OptOut, WhenPaused
from ratings.texts import MAX_TEMPLATE, OWN_KEYS
from ratings.ticket import CLOSERS

SCALE: Schema = thing(
    {
        "name": {"type": "string", "minLength": 1},
        "choices": {
            "type": "array",
            "minItems": MIN_CHOICES,
            "maxItems": MAX_CHOICES,
            "items": thing(
                {
                    "value": {"type": "integer", "minimum": MIN_VALUE, "maximum": MAX_VALUE},
                    "symbol": {"type": "string", "minLength": 1, "maxLength": MAX_SYMBOL},
                    "satisfied": {"type": "boolean"},
                },
                {
                    "labels": {
                        "type": "object",
                        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": MAX_LABEL},
                        "description": "language → words",
                    }
                },
                closed=True,
            ),
        },
    },
    {
        "one_is_best": {
            "type": "boolean",
            "default": False,
            "description": "the smallest value is the best one: what is counted is its mirror image, so that larger is better",
        }
    },
    closed=True,
)


def _seconds(least: int, description: str, most: int = timing.MAX_DURATION_S) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _texts(description: str, most: int, limit: int) -> Schema:
    items = {"type": "string", "maxLength": limit}
    return {"type": "array", "items": items, "maxItems": most, "description": description}


def _switch(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _changeable(members: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object whose members may each be left out, or null for the default."""
    closed = thing({}, {name: maybe(schema) for name, schema in members.items()}, closed=True)
    return {**closed, "type": ["object", "null"]}


_CLOCK: Schema = {"type": "string", "pattern": "^([01]?[0-9]|2[0-4]):[0-5][0-9]$", "examples": ["22:00"]}
_WEEKDAYS: Schema = {
    "type": ["array", "null"],
    "items": {"type": "integer", "minimum": 1, "maximum": 7},
    "description": "1 is Monday, 7 Sunday; none: every day",
}
_HOURS: Schema = {
    **thing(
        {},
        {
            "quiet": {
                **thing({"from": _CLOCK, "to": _CLOCK}, closed=True),
                "type": ["object", "null"],
                "description": "nothing goes out from the one up to the other, also over midnight",
            },
            "weekdays": _WEEKDAYS,
        },
        closed=True,
    ),
    "type": ["object", "null"],
}
_OPENING: Schema = {
    **thing({"from": _CLOCK, "to": _CLOCK}, {"weekdays": _WEEKDAYS}, closed=True),
    "type": ["object", "null"],
    "description": "the desk's opening hours, by the survey's clock: what was closed outside of them is not asked about",
}
_TIMING: dict[str, Schema] = {
    "delay_s": _seconds(0, "from the closing to the prompt"),
    "reminders_s": {
        "type": "array",
        "items": _seconds(1, ""),
        "maxItems": timing.MAX_REMINDERS,
        "description": "each from the asking before it",
    },
    "lapse_after_s": _seconds(1, "from the last asking until it lapses"),
    "expires_after_s": _seconds(1, "from the closing: until then an answer counts"),
    "edit_window_s": _seconds(0, "from the rating: until then it may be changed"),
    "comment_window_s": _seconds(0, "from the rating: until then the next words are its comment"),
    "max_age_s": _seconds(1, "what was closed longer ago is not asked about"),
    "hours": _HOURS
    | {"description": "when prompts and reminders may go out, by the customer's clock; null: at any time"},
}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": reading.MAX_NUMBER}


def _rule(description: str) -> Schema:
    return _seconds(0, f"{description}; 0: it does not matter", send_rules.MAX_DURATION_S)


def _patterns(description: str) -> Schema:
    return _texts(
        f"{description}: patterns with * and ?, without case", send_rules.MAX_PATTERNS, send_rules.MAX_PATTERN
    )


_RULES: dict[str, Schema] = {
    "min_talk_s": _rule("calls with less talk are not asked about"),
    "min_customer_messages": _COUNT,
    "min_agent_messages": _COUNT,
    "both_sides": _switch("both sides have to have written"),
    "closed_by": {
        "type": "array",
        "items": {"enum": [*CLOSERS, ""]},
        "maxItems": len(CLOSERS),
        "description": "ask only about what these closed; none: whoever did",
    },
    "min_open_s": _rule("from the opening to the closing at least"),
    "max_open_s": _rule("from the opening to the closing at most"),
    "min_silence_s": _rule("from the last message to the closing at least"),
    "max_silence_s": _rule("from the last message to the closing at most"),
    "opening": _OPENING,
    "only_subjects": _patterns("ask only where one fits the subject"),
    "never_subjects": _patterns("never ask where one fits the subject"),
    "only_tags": _patterns("ask only where one fits a tag"),
    "never_tags": _patterns("never ask where one fits a tag"),
    "staff": _texts(
        "addresses, numbers or patterns of them: never asked", send_rules.MAX_STAFF, send_rules.MAX_PATTERN
    ),
    "share": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
        "description": "of the tickets that is asked about",
    },
    "every_s": _rule("between two askings of one customer, over all surveys and channels"),
    "again_after_s": _rule("a ticket closed again within this time is asked about once more only if nobody answered"),
    "recovery": _switch("after a bad rating, a reopen and a new closing ask once more"),
}
_VALUE = "^[1-9][0-9]?$"
_THENS: list[object] = [then.value for then in outcomes.Then]


def _levels(thens: list[object]) -> Schema:
    return {
        "type": "object",
        "patternProperties": {_VALUE: {"enum": thens}},
        "additionalProperties": False,
        "description": "value → what it does, over the default: the lower two fifths reopen, but what counts as satisfied; "
        "the others close. Of a change: null takes a value back to the default",
    }


_OUTCOMES: dict[str, Schema] = {
    "enabled": _switch("ratings close and reopen tickets"),
    "levels": _levels(_THENS),
    "clear_assignee": _switch("reopening takes the ticket from its assignee"),
    "tag_below": {
        "type": ["integer", "null"],
        "minimum": 2,
        "maximum": MAX_VALUE + 1,
        "description": "a value below this one tags the ticket, this one does not; null: none does",
    },
    "tag": {"type": "string", "minLength": 1, "maxLength": outcomes.MAX_TAG},
    "write": {
        "type": "array",
        "items": {"enum": [*outcomes.WRITABLE, ""]},
        "maxItems": len(outcomes.WRITABLE),
        "description": "what goes into the desk's own fields, where everybody who may read the ticket reads it",
    },
    "note": _switch("an internal note with each rating"),
    "close_lapsed": _switch("a ticket that nobody rated in time is closed without a rating"),
}
_ALERTS: dict[str, Schema] = {
    "value_max": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": MAX_VALUE,
        "description": "ratings at or below it are told; null: none for their value",
    },
    "words": _texts("a comment with one of them is told", alerting.MAX_WORDS, alerting.MAX_WORD),
    "to": _texts(
        "account:address such as email.support:head@example.org, or https://…",
        alerting.MAX_DESTINATIONS,
        alerting.MAX_DESTINATION,
    ),
    "per_hour": {"type": "integer", "minimum": 1, "maximum": alerting.MAX_PER_HOUR},
    "hours": _HOURS | {"description": "when to tell; {}: at any time"},
}
_RELEASE: dict[str, Schema] = {
    "to_agents": _switch("agents see their own ratings, once these are released"),
    "after_ratings": {
        "type": "integer",
        "minimum": release.MIN_RATINGS,
        "maximum": release.MAX_RATINGS,
        "description": "so many of an agent's ratings are released together",
    },
    "after_days": {
        "type": "integer",
        "minimum": 1,
        "maximum": release.MAX_DAYS,
        "description": "a rating is released after so many days at the latest",
    },
}
_LANGUAGE: Schema = {"type": "string", "pattern": "^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$"}
_TEMPLATE: Schema = {"type": "string", "maxLength": MAX_TEMPLATE}
_REACTION = r"^reaction\.[1-9][0-9]?$"
_PLAIN: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
    "enabled": _switch("the switch; it acts from the next decision on"),
    "position": {"type": "integer", "minimum": 0, "maximum": MAX_POSITION},
    "language": _LANGUAGE | {"description": "for customers whose language is not known"},
    "reverse": _switch("show the largest value first"),
    "fallback": _switch("ask at the ticket's next address when one takes no prompt"),
    "confirm_links": _switch("a link counts only after a touch of its page"),
    "opt_out": {"enum": list(get_args(OptOut)), "description": "what a customer's “never” covers"},
    "when_paused": {
        "enum": list(get_args(WhenPaused)),
        "description": "what switching it off does to prompts that are scheduled",
    },
    "greeting": _switch("the first message to an address says first who asks"),
    "scale": ref("Scale"),
}
_BOUND: dict[str, Schema] = {
    name: _texts(f"{what} it is bound to; none: every one", MAX_BOUND, reading.MAX_ID)
    for name, what in {
        "desks": "names of the desks",
        "forms": "ids of the forms, queues or phone lines",
        "groups": "ids of the groups",
        "channels": "accounts (telegram.support) or kinds (telegram)",
    }.items()
}
_WORDS: dict[str, Schema] = {
    "company": {"type": "string", "maxLength": MAX_NAME, "description": "the {company} of the texts"},
    "timezone": {
        "type": "string",
        "description": "an IANA zone for customers whose own is not known; empty: the installation's",
    },
}
_CHANGES: dict[str, Schema] = {
    **_PLAIN,
    **{name: maybe(schema) for name, schema in (_BOUND | _WORDS).items()},
    "texts": {
        "type": ["object", "null"],
        "additionalProperties": {
            **thing({}, {key: maybe(_TEMPLATE) for key in OWN_KEYS}, closed=True),
            "patternProperties": {_REACTION: maybe(_TEMPLATE)},
            "type": ["object", "null"],
        },
    },
    "ask_when": maybe(ref("Condition")),
    "skip_when": maybe(ref("Condition")),
    "rules": _changeable(_RULES),
    "timing": _changeable(_TIMING),
    "outcomes": _changeable({**_OUTCOMES, "levels": _levels([*_THENS, None])}),
    "alerts": _changeable(_ALERTS),
    "release": _changeable(_RELEASE),
}
_SURVEY: dict[str, Schema] = {
    "id": {"type": "string"},
    "version": {"type": "integer", "minimum": 1},
    **_PLAIN,
    **_BOUND,
    **_WORDS,
    "texts": {
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": _TEMPLATE},
        "description": "own words over the built-in ones: language → text → template; "
        "reaction.<value> is said after a rating of that value",
    },
    "ask_when": {**maybe(ref("Condition")), "description": "ask only when"},
    "skip_when": {**maybe(ref("Condition")), "description": "do not ask when"},
    "rules": thing(_RULES),
    "timing": thing(_TIMING),
    "outcomes": thing(_OUTCOMES),
    "alerts": thing(_ALERTS),
    "release": thing(_RELEASE),
}
_PAUSED_AT: Schema = {"type": ["string", "null"], "format": "date-time", "description": "since when it is off"}
SURVEY: Schema = thing({**_SURVEY, "paused_at": _PAUSED_AT})
ANSWERED_ONLY = ("paused_at", "open_invitations", "effect", "warnings")
"""What answers tell beside the survey itself; in a change it is ignored, so that what was read can be sent back."""
_IGNORED: dict[str, Schema] = {name: {"description": "ignored: answers tell it"} for name in ANSWERED_ONLY}
SURVEY_CHANGE: Schema = {
    **thing(
        {},
        {
            **_CHANGES,
            "id": {"type": "string", "description": "may be repeated, never changed"},
            "version": {"description": "ignored: If-Match tells the version"},
            **_IGNORED,
        },
        closed=True,
    ),
    "description": "What is not named stays; null goes back to the default (a JSON merge patch, RFC 7396).",
    "examples": [{"enabled": False}],
}
NEW_SURVEY: Schema = {
    **thing(
        {"id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}},
        {
            **_CHANGES,
            "version": {"type": "integer", "minimum": 1, "description": "a new survey's is 1, whatever stands here"},
        },
        closed=True,
    ),
    "description": "What is not named is the default.",
    "examples": [{"id": "sales", "name": "Sales", "forms": ["sales"]}],
}
