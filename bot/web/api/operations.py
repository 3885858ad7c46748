"""Every operation of the API as the OpenAPI describes it: parameters, bodies, answers, errors."""

from dataclasses import dataclass, field
from typing import Any

from bot.web.api import answers, endpoint_schemas, schemas
from bot.web.api.idempotency import MAX_KEY
from bot.web.api.queries import MAX_NUMBER
from bot.web.api.reports import REASONS
from bot.web.api.schemas import Schema, ref
from bot.web.api.tickets import MAX_TICKETS
from bot.web.problems import CONTENT_TYPE
from ratings.reports.filters import INVITATION_STATES, PLACES, RANGES, STATES
from ratings.reports.lists import DEFAULT_LIMIT, MAX_LIMIT
from ratings.store.keys import Scope

_PROBLEMS = {
    400: "The body is no JSON, or a header cannot be read",
    401: "No live API key",
    403: "The key's scope is too small",
    404: "There is no such thing",
    409: "The first request with this Idempotency-Key still runs, or nothing is as it would have to be",
    412: "Somebody else changed the survey since it was read",
    413: "The body is too large",
    415: "The body is not called JSON, or is compressed",
    422: "Something is wrong; `errors` names every wrong field or parameter",
    428: "If-Match is missing",
    500: "The service failed",
    503: "More waits to be written than can be in time; come again",
}
_READING = (401, 403, 422, 500, 503)
_POSTING = (400, 401, 403, 409, 413, 415, 422, 500, 503)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `answers` are (status, what it says, the name of its schema: "" for none)."""

    summary: str
    description: str
    tag: str
    scope: Scope
    answers: tuple[tuple[int, str, str], ...]
    problems: tuple[int, ...]
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    etag: bool = False
    replayed: bool = field(default=False, kw_only=True)
    files: tuple[str, ...] = field(default=(), kw_only=True)
    """Media types of what is answered in place of JSON."""

    def describe(self) -> dict[str, Any]:
        """Return it as OpenAPI has it."""
        described: dict[str, Any] = {
            "summary": self.summary,
            "description": f"{self.description}\n\nNeeds a key with the scope `{self.scope.value}` or a larger one.",
            "tags": [self.tag],
            "security": [{"key": []}],
            "responses": {
                **{str(status): self._answer(text, name) for status, text, name in self.answers},
                **{str(status): _problem(status) for status in self.problems},
            },
        }
        if self.parameters:
            described["parameters"] = list(self.parameters)
        if self.body is not None:
            described["requestBody"] = {"required": True, "content": {"application/json": {"schema": self.body}}}
        return described

    def _answer(self, text: str, name: str) -> dict[str, Any]:
        if self.files:
            binary: Schema = {"type": "string", "format": "binary"}
            return {"description": text, "content": {each: {"schema": binary} for each in self.files}}
        if not name:
            return {"description": text}
        answer: dict[str, Any] = {"description": text, "content": {"application/json": {"schema": ref(name)}}}
        headers: dict[str, Any] = {}
        if self.etag:
            headers["ETag"] = {"description": "the survey's version", "required": True, "schema": {"type": "string"}}
        if self.replayed:
            headers["Idempotency-Replayed"] = {
                "description": "true when this is the answer of an earlier request under the same Idempotency-Key",
                "schema": {"type": "string", "enum": ["true"]},
            }
        return {**answer, "headers": headers} if headers else answer


def _problem(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": _PROBLEMS[status],
        "content": {CONTENT_TYPE: {"schema": ref("Problem")}},
    }
    if status == 401:  # noqa: PLR2004 - the status says it
        described["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    if status == 503:  # noqa: PLR2004 - the status says it
        described["headers"] = {"Retry-After": {"required": True, "schema": {"type": "string"}}}
    return described


def parameter(name: str, schema: Schema, description: str, where: str = "query", *, required: bool = False) -> Schema:
    """Return a parameter as OpenAPI has it."""
    return {"name": name, "in": where, "required": required, "schema": schema, "description": description}


def several(name: str, items: Schema, description: str) -> Schema:
    """Return a parameter that may hold several values, as OpenAPI has it."""
    schema = {"type": "array", "items": items, "minItems": 1, "maxItems": 100}
    return {**parameter(name, schema, description), "style": "form", "explode": True}


_TEXT: Schema = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000,]+$"}
_WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": 99}
_MOMENT: Schema = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
_ENDS = {"from": "at this time or later", "to": "before this time; a bare date includes its day"}
_COPIED = {
    "survey": "id of the survey",
    "form": "id of the form",
    "channel": "account of the channel, such as telegram.support",
    "agent": "id of the agent",
    "group": "id of the group",
    "priority": "priority",
    "tag": "tag; a ticket with one of them",
    "scale": "name of the scale that the rating is of",
}


def filters(states: tuple[str, ...], of: str) -> tuple[Schema, ...]:
    """The filters of every list and of the summary."""
    ranges = [
        parameter(f"{name}_{end}", _MOMENT, f"{name} {text} (RFC 3339, or a day of the installation's zone)")
        for name in RANGES
        for end, text in _ENDS.items()
    ]
    return (
        *(
            several(name, _TEXT, f"{text}; repeated or separated by commas, or with its own commas as `\\,`")
            for name, text in _COPIED.items()
        ),
        several("value", _WHOLE, "one of these values"),
        parameter("value_max", _WHOLE, "this value or a smaller one"),
        *ranges,
        several("weekday", {"type": "integer", "minimum": 1, "maximum": 7}, "rated on it; 1 is Monday, 7 is Sunday"),
        several("hour", {"type": "integer", "minimum": 0, "maximum": 23}, "rated in it; 17 is from 17:00 to 18:00"),
        several("without", {"type": "string", "enum": list(PLACES)}, "that has none of it"),
        parameter("has_comment", {"type": "boolean"}, "with a comment, or without one"),
        parameter(
            "q",
            {"type": "string", "minLength": 1},
            "every word begins a word of the comment",
        ),
        several("state", {"type": "string", "enum": list(states)}, f"state of the {of}"),
    )


LIMIT = parameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}, "items of a page"
)
_CURSOR = parameter("cursor", {"type": "string"}, "`next` of the page before")
_NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER}
IDEMPOTENCY = parameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!#-~]+$"},
    "for 24 hours, the same request under the same key gets the same answer and does nothing",
    "header",
)
INVITATION_ID = parameter(
    "invitation_id", {"type": "string", "pattern": "^[0-9]+$"}, "the invitation's id", "path", required=True
)

CLOSE = Operation(
    "A ticket was closed",
    "Decides once whether to ask the customer, and says so. Reported again, it answers the decision as first stored.",
    "tickets",
    Scope.WRITE,
    ((202, "Decided now", "Decision"), (200, "Decided before", "Decision")),
    _POSTING,
    (IDEMPOTENCY,),
    ref("Ticket"),
    replayed=True,
)
CLOSE_BATCH = Operation(
    "Many tickets were closed",
    f"At most {MAX_TICKETS}. The items are in the order of the tickets; a problem stands in the place of a bad one and harms no other.",
    "tickets",
    Scope.WRITE,
    ((200, "Each ticket's decision or problem", "Decisions"),),
    _POSTING,
    (IDEMPOTENCY,),
    {"type": "array", "items": ref("Ticket"), "maxItems": MAX_TICKETS},
    replayed=True,
)
REOPEN = Operation(
    "A ticket was reopened",
    "Cancels what was asked, or was to be asked, about earlier closings and is not answered.",
    "tickets",
    Scope.WRITE,
    ((200, "How many invitations were cancelled", "Cancelled"),),
    _POSTING,
    (IDEMPOTENCY,),
    ref("Reopened"),
    replayed=True,
)
RENDER = Operation(
    "A closing notice is about to be sent",
    "Takes the desk's own notice (`html`, `text` or both; or `notice`, either) and its ticket, decides, and puts the links in the place of `${satisfaction:rating}`; on a skip, nothing. Whoever is asked counts as asked now. The closing that is reported next (or the one with the `closing_id` given) finds this decision. Without the variable the notice comes back unchanged and nobody is asked.",
    "tickets",
    Scope.WRITE,
    ((200, "The decision, and each part as it is to be sent", "Rendered"),),
    _POSTING,
    (IDEMPOTENCY,),
    ref("Rendering"),
    replayed=True,
)
VOTES = Operation(
    "The votes of an invitation with their evidence",
    "Every vote, whatever became of it, the links that were opened, and the history of the rating.",
    "reports",
    Scope.READ,
    ((200, "Votes, hits and history, each the oldest first", "Votes"),),
    (401, 403, 404, 422, 500, 503),
    (INVITATION_ID,),
)
OVERRULE = Operation(
    "Overrule the evidence",
    "`confirmed`: the newest vote counts. `quarantined`: what counts does not. Nothing is deleted; the history keeps who and why.",
    "reports",
    Scope.ADMIN,
    ((200, "What is so now", "Votes"),),
    (400, 401, 403, 404, 409, 413, 415, 422, 500, 503),
    (INVITATION_ID,),
    ref("Overruling"),
)
RATINGS = Operation(
    "Ratings, the newest first",
    "Confirmed ones, unless `state` says otherwise.",
    "reports",
    Scope.READ,
    ((200, "A page of ratings", "Ratings"),),
    _READING,
    (*filters(STATES, "rating"), LIMIT, _CURSOR),
)
INVITATIONS = Operation(
    "Decisions and what became of them, the newest first",
    "One for every closing: asked, or skipped with the reason and what the rule saw.",
    "reports",
    Scope.READ,
    ((200, "A page of invitations", "Invitations"),),
    _READING,
    (
        *filters(INVITATION_STATES, "invitation"),
        several("reason", {"type": "string", "enum": list(REASONS)}, "why it was skipped"),
        several("ticket", {"type": "string", "minLength": 1}, "id of the ticket; repeated"),
        LIMIT,
        _CURSOR,
    ),
)
SUMMARY = Operation(
    "The summary of a period",
    "CSAT over `rated_*`, the funnel and the response rate over `asked_*`. Filters by value, comment, words and state only count `matching`: they never touch a denominator.",
    "reports",
    Scope.READ,
    ((200, "The summary", "Summary"),),
    _READING,
    filters(STATES, "rating"),
)
EVENTS = Operation(
    "Events after a number, in order",
    "A reader that has seen a number never finds an unseen smaller one later. `next` is the `since` of the next reading; null when nothing is new.",
    "reports",
    Scope.READ,
    ((200, "A page of events", "Events"),),
    _READING,
    (
        parameter("since", _NUMBER, "the last number that was seen; 0 is the beginning"),
        LIMIT,
        parameter("cursor", _NUMBER, "another name for `since`"),
    ),
)

COMPONENTS: dict[str, Schema] = {
    "Ticket": schemas.TICKET,
    "Address": schemas.ADDRESS,
    "Reopened": schemas.REOPENED,
    "Condition": schemas.CONDITION,
    "Decision": answers.DECISION,
    "Decisions": answers.DECISIONS,
    "Cancelled": answers.CANCELLED,
    "Rendering": schemas.RENDERING,
    "Rendered": answers.RENDERED,
    "Overruling": schemas.OVERRULING,
    "RatingEdit": schemas.RATING_EDIT,
    "Votes": answers.VOTES,
    "Rating": answers.RATING,
    "Invitation": answers.INVITATION,
    "Event": answers.EVENT,
    "Summary": answers.SUMMARY,
    "NewEndpoint": endpoint_schemas.NEW_ENDPOINT,
    "EndpointChange": endpoint_schemas.ENDPOINT_CHANGE,
    "Rotation": endpoint_schemas.ROTATION,
    "Endpoint": endpoint_schemas.ENDPOINT,
    "EndpointWithSecret": endpoint_schemas.ENDPOINT_WITH_SECRET,
    "Tested": endpoint_schemas.TESTED,
    "Delivery": endpoint_schemas.DELIVERY,
    "Problem": answers.PROBLEM,
    "Ratings": answers.list_of("Rating"),
    "Invitations": answers.list_of("Invitation"),
    "Events": answers.list_of("Event"),
    "Desk": answers.DESK,
    "Endpoints": answers.list_of("Endpoint"),
    "Desks": answers.list_of("Desk"),
    "Deliveries": answers.list_of("Delivery"),
}
SECURITY: dict[str, Any] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tf_…",
        "description": "A key of `tapfive apikey create NAME --scope SCOPE`; the scopes are read, write and admin, each includes the ones before it.",
    }
}
