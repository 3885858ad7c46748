"""The operations that admins need, as the OpenAPI describes them, and their schemas."""

from typing import Any

from bot.web.api.admin import KINDS, MAX_ACCOUNT
from bot.web.api.answers import list_of
from bot.web.api.operations import LIMIT, Operation, parameter
from bot.web.api.schemas import TIME, Schema, maybe, ref, thing
from ratings.reports.jobs import ENDED_STATES
from ratings.retention import BOUNDS
from ratings.store.keys import Scope

_READING = (401, 403, 422, 500, 503)
_WRITING = (400, 401, 403, 413, 415, 422, 500, 503)
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NAME = parameter("account", _TEXT, "the account, such as telegram.support", "path", required=True)
_DESK = parameter("name", _TEXT, "the desk, as config.toml names it", "path", required=True)
_JOB = parameter("job_id", {"type": "string", "pattern": "^[0-9]+$"}, "the job's id", "path", required=True)
_CURSOR = parameter("cursor", _TEXT, "`next` of the page before")


def _words(name: str, words: tuple[str, ...], description: str) -> Schema:
    schema = {"type": "array", "items": {"type": "string", "enum": list(words)}, "minItems": 1, "maxItems": 20}
    return {**parameter(name, schema, description), "style": "form", "explode": True}


def _texts(name: str, description: str) -> Schema:
    items = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]+$"}
    schema = {"type": "array", "items": items, "minItems": 1, "maxItems": 20}
    return {**parameter(name, schema, description), "style": "form", "explode": True}


def _hold(summary: str, description: str, name: Schema, shown: str) -> Operation:
    return Operation(
        summary,
        description,
        "admin",
        Scope.ADMIN,
        ((200, "What is so now", shown),),
        (401, 403, 404, 422, 500, 503),
        (name,),
    )


_HELD = (
    "Nothing is sent by it, in no process, until it is released; what comes in is taken all the while. "
    "What was to be sent waits, and says so in its `state_reason`."
)
_RELEASED = (
    "What waited is due at once, as the pace allows. What is not wanted any more, or got too old meanwhile, does not go out; "
    "reminders keep their distance."
)
LIST_CHANNELS = Operation(
    "All accounts of channels",
    "Whether each is held or resting, what waits, what failed, the last error, and when it was last heard or sent by.",
    "admin",
    Scope.ADMIN,
    ((200, "The accounts", "Channels"),),
    _READING,
)
HOLD_CHANNEL = _hold("Hold an account", _HELD, _NAME, "Channel")
RELEASE_CHANNEL = _hold("Release an account", _RELEASED, _NAME, "Channel")
HOLD_DESK = _hold("Hold a desk", "Nothing is written to its tickets until it is released.", _DESK, "Desk")
RELEASE_DESK = _hold("Release a desk", "What waited is written, as it is then.", _DESK, "Desk")
LIST_JOBS = Operation(
    "Jobs that failed, the newest first",
    "What failed for good, and what may have been carried out and is not repeated by itself (`unknown`): for which ticket, on "
    "which account, how often it was tried, the error's code and the platform's own words.",
    "admin",
    Scope.ADMIN,
    ((200, "A page of jobs", "Jobs"),),
    _READING,
    (
        _words("state", ENDED_STATES, "one of these states"),
        _texts("account", "on one of these accounts; a desk's is `desk:` and its name"),
        _words("kind", KINDS, "of one of these kinds"),
        _texts("code", "with one of these errors"),
        LIMIT,
        _CURSOR,
    ),
)
REPLAY_JOB = Operation(
    "Put a job back that failed",
    "It is tried again as long as the first time, if it is still wanted. One that may have been carried out is put back only "
    "with `twice`.",
    "admin",
    Scope.ADMIN,
    ((200, "How many were put back", "Replayed"),),
    (400, 401, 403, 404, 409, 413, 415, 422, 500, 503),
    (_JOB,),
    ref("Replay"),
)
REPLAY_JOBS = Operation(
    "Put back all jobs that failed",
    "Or those of an account, or of a kind. Those that may have been carried out only with `twice`; `left` counts what was left.",
    "admin",
    Scope.ADMIN,
    ((200, "How many were put back", "Replayed"),),
    (400, 401, 403, 413, 415, 422, 500, 503),
    (),
    ref("Replays"),
)
LIST_AUDIT = Operation(
    "Changes of what is set, the newest first",
    "Who changed what, and from what to what. It holds no secrets, and no words or addresses of customers.",
    "admin",
    Scope.ADMIN,
    ((200, "A page of changes", "Changes"),),
    _READING,
    (
        parameter("by", _TEXT, "by this one: user:NAME, key:NAME or cli"),
        _texts("kind", "of one of these kinds"),
        parameter("object", _TEXT, "of this object"),
        LIMIT,
        _CURSOR,
    ),
)

_ONE_CUSTOMER = (
    "They are named in one of four ways: the `desk`'s id (`customer`), a `channel`'s account with an `address`, `email` or `phone`. "
    "Every stored ticket is looked through, which takes seconds for a million of them."
)
FIND_CUSTOMER = Operation(
    "Look for a customer",
    f"Shows by what names and addresses they are known, and how many tickets are theirs. {_ONE_CUSTOMER}",
    "customers",
    Scope.ADMIN,
    ((200, "Who was found", "Found"),),
    _WRITING,
    (),
    ref("Identity"),
)
EXPORT_CUSTOMER = Operation(
    "Give out everything that is known of a customer",
    f"Tickets, decisions, messages, votes, words, wishes. {_ONE_CUSTOMER}",
    "customers",
    Scope.ADMIN,
    ((200, "Everything that is known", "Known"),),
    _WRITING,
    (),
    ref("Identity"),
)
ERASE_CUSTOMER = Operation(
    "Erase a customer",
    "What is open of them is cancelled first. Values, times, forms, agents and groups stay, so that no report moves; names, "
    f"addresses and words go. A wish to get no messages is kept under a hash. {_ONE_CUSTOMER}",
    "customers",
    Scope.ADMIN,
    ((200, "How much was erased", "Erased"),),
    (400, 401, 403, 409, 413, 415, 422, 500, 503),
    (),
    ref("Identity"),
)

_PERIODS = "In whole days; null keeps for good. What is older is erased within the hour, values and counts stay."
SHOW_RETENTION = Operation(
    "For how long data is kept",
    _PERIODS,
    "customers",
    Scope.ADMIN,
    ((200, "The periods", "Periods"),),
    _READING,
)
PREVIEW_RETENTION = Operation(
    "What other periods would erase",
    f"Those that the body does not name are as they are set. Nothing is set by it. {_PERIODS}",
    "customers",
    Scope.ADMIN,
    ((200, "How many rows would go", "PeriodsTried"),),
    _WRITING,
    (),
    ref("PeriodsChange"),
)
SET_RETENTION = Operation(
    "Say for how long data is kept",
    f"Those that the body does not name stay. {_PERIODS} It cannot be undone: see first what they would erase.",
    "customers",
    Scope.ADMIN,
    ((200, "The periods as they are now", "Periods"),),
    _WRITING,
    (),
    ref("PeriodsChange"),
)

_TWICE: Schema = {
    "type": "boolean",
    "default": False,
    "description": "also what may have been carried out: a customer may get a message a second time",
}
_ERROR = thing({"code": _TEXT, "text": maybe(_TEXT), "platform_code": maybe(_TEXT), "at": maybe(TIME)}, closed=True)
_CHANNEL = thing(
    {
        "name": _TEXT,
        "kind": _TEXT,
        "mode": _TEXT,
        "held_at": maybe(TIME),
        "held_by": maybe(_TEXT),
        "resting_until": maybe(TIME) | {"description": "the platform asked for it, or it cannot work as it is set up"},
        "waiting": _COUNT | {"description": "due now"},
        "oldest": maybe(TIME) | {"description": "since when the oldest of them is due"},
        "later": _COUNT | {"description": "due in time"},
        "in_hand": _COUNT,
        "failed": _COUNT,
        "unknown": _COUNT,
        "last_error": maybe(_ERROR),
        "heard_at": maybe(TIME),
        "sent_at": maybe(TIME),
    },
    closed=True,
)
_JOB_ITEM = thing(
    {
        "id": {"type": "integer", "minimum": 1},
        "kind": {"type": "string", "enum": list(KINDS)},
        "state": {"type": "string", "enum": list(ENDED_STATES)},
        "account": _TEXT,
        "code": _TEXT,
        "text": maybe(_TEXT),
        "platform_code": maybe(_TEXT),
        "tries": _COUNT,
        "created_at": TIME,
        "failed_at": TIME,
        "invitation": {"type": ["integer", "null"], "minimum": 1},
        "invitation_state": maybe(_TEXT),
        "customer": maybe(_TEXT),
        "ticket": maybe(thing({"desk": _TEXT, "id": _TEXT, "url": maybe(_TEXT), "subject": maybe(_TEXT)}, closed=True)),
    },
    closed=True,
)
_SAID: Schema = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": r"^[^\u0000]*\S[^\u0000]*$"}
_ANYTHING: Schema = {"type": ["object", "null"]}
_CHANGE = thing(
    {
        "id": {"type": "integer", "minimum": 1},
        "at": TIME,
        "by": _TEXT,
        "what": _TEXT,
        "kind": _TEXT,
        "object": _TEXT,
        "before": _ANYTHING,
        "after": _ANYTHING,
    },
    closed=True,
)


_DAYS: dict[str, Schema] = {
    name: {"type": ["integer", "null"], "minimum": least, "maximum": most} for name, (least, most) in BOUNDS.items()
}


def _body(names: dict[str, Schema]) -> dict[str, Any]:
    return {**thing({}, names, closed=True), "minProperties": 0}


ADMIN_COMPONENTS: dict[str, Schema] = {
    "Channel": _CHANNEL,
    "Channels": list_of("Channel"),
    "Job": _JOB_ITEM,
    "Jobs": list_of("Job"),
    "Replay": _body({"twice": _TWICE}),
    "Replays": _body(
        {
            "account": {
                "type": ["string", "null"],
                "minLength": 1,
                "maxLength": MAX_ACCOUNT,
                "pattern": r"^[^\u0000]+$",
            },
            "kind": {"type": ["string", "null"], "enum": [*KINDS, None]},
            "twice": _TWICE,
        }
    ),
    "Replayed": thing(
        {"jobs": _COUNT, "left": _COUNT | {"description": "they may have been carried out"}}, closed=True
    ),
    "Identity": {
        "oneOf": [
            thing({"customer": _SAID}, {"desk": _SAID}, closed=True),
            thing({"channel": _SAID, "address": _SAID}, closed=True),
            thing({"email": _SAID}, closed=True),
            thing({"phone": _SAID}, closed=True),
        ]
    },
    "Found": thing(
        {
            "at": TIME,
            **{name: {"type": "array", "items": _TEXT} for name in ("names", "emails", "phones", "customer_ids")},
            "addresses": {"type": "array", "items": thing({"channel": _TEXT, "address": _TEXT}, closed=True)},
            "tickets": _COUNT,
            "others_at_these_addresses": _COUNT | {"description": "other customers, of whom nothing is taken"},
        },
        closed=True,
    ),
    "Known": {"type": "object", "description": "the store's rows; their members may change with its tables"},
    "Erased": thing({"tickets": _COUNT, "cancelled": _COUNT}, closed=True),
    "Periods": thing(_DAYS, closed=True),
    "PeriodsChange": _body(_DAYS),
    "PeriodsTried": thing(
        {
            "periods": ref("Periods"),
            "erases": thing(dict.fromkeys(("tickets", "comments", "inbound", "audit"), _COUNT), closed=True),
        },
        closed=True,
    ),
    "Change": _CHANGE,
    "Changes": list_of("Change"),
}
