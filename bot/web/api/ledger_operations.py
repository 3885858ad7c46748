"""The operations about a ticket's ledger and about recovery, as the OpenAPI describes them."""

from bot.web.api.answers import ABOUT, INVITATION
from bot.web.api.operations import INVITATIONS, Operation
from bot.web.api.schemas import TIME, Schema, maybe, ref, thing
from ratings.store.keys import Scope

_OF_TICKETS = ("survey", "form", "channel", "agent", "group", "priority", "tag")
_OF_TIMES = tuple(f"{name}_{end}" for name in ("rated", "asked", "closed") for end in ("from", "to"))
RECOVERY_FILTERS = (*_OF_TICKETS, *_OF_TIMES)
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_AGENT = thing({"id": maybe(_TEXT), "name": maybe(_TEXT)}, closed=True)
_ID: Schema = {"type": "integer", "minimum": 1}

TICKET = Operation(
    "Why a ticket was asked about, or not",
    "Every closing of the ticket with its decision, the rule and what it saw, when the customer could next be asked, and everything that was sent or written since.",
    "reports",
    Scope.READ,
    ((200, "The ticket's ledger", "TicketLedger"),),
    (401, 403, 404, 422, 500, 503),
    (
        {"name": "ticket_id", "in": "path", "required": True, "schema": _TEXT, "description": "the ticket's id"},
        {
            "name": "desk",
            "in": "query",
            "required": False,
            "schema": {"type": "string", "default": "api"},
            "description": "the desk that closed it",
        },
    ),
)
RECOVERIES = Operation(
    "Bad ratings that were asked about once more",
    "Pairs of ratings, the newest first rating first: both stand, and neither replaces the other. `rated_*` is about the first one.",
    "reports",
    Scope.READ,
    ((200, "A page of pairs", "Recoveries"),),
    (401, 403, 422, 500, 503),
    tuple(each for each in INVITATIONS.parameters if each["name"] in (*RECOVERY_FILTERS, "limit", "cursor")),
)

_ACT = thing(
    {
        "what": _TEXT | {"description": "the kind of act: prompt, reminder, desk …"},
        "by": maybe(_TEXT) | {"description": "the channel's account, or the desk"},
        "state": _TEXT,
        "due_at": TIME,
        "finished_at": maybe(TIME),
        "attempts": _COUNT,
        "problem": maybe(_TEXT),
    },
    closed=True,
)
LEDGER_COMPONENTS: dict[str, Schema] = {
    "TicketLedger": thing(
        {
            "desk": _TEXT,
            "id": _TEXT,
            "reopened_at": maybe(TIME),
            "closings": {
                "type": "array",
                "items": {
                    **INVITATION,
                    "properties": {**INVITATION["properties"], "acts": {"type": "array", "items": _ACT}},
                    "required": [*INVITATION["required"], "acts"],
                },
            },
        },
        closed=True,
    ),
    "Recovery": thing(
        {
            "ticket": ABOUT["ticket"],
            **{name: maybe(_TEXT) for name in ("survey", "channel", "form", "group")},
            "first": thing(
                {"invitation": _ID, "value": {"type": "integer"}, "rated_at": TIME, "agent": _AGENT}, closed=True
            ),
            "second": thing(
                {
                    "invitation": _ID,
                    "state": _TEXT,
                    "value": maybe({"type": "integer"}),
                    "rated_at": maybe(TIME),
                    "agent": _AGENT,
                },
                closed=True,
            ),
            "recovered": maybe({"type": "boolean"})
            | {"description": "the second rating is a satisfied one; null: none yet"},
            "time_to_recovery_s": maybe(_COUNT) | {"description": "from the first rating to the second"},
        },
        closed=True,
    ),
    "Recoveries": thing(
        {"items": {"type": "array", "items": ref("Recovery")}, "next": {"type": ["string", "null"]}}, closed=True
    ),
}
