"""The operations about endpoints as the OpenAPI describes them."""

from bot.web.api.operations import IDEMPOTENCY, LIMIT, Operation
from bot.web.api.schemas import Schema, ref
from ratings.store.keys import Scope

_ID: Schema = {
    "name": "endpoint_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9]+$"},
    "description": "the endpoint's id",
}
_CURSOR: Schema = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "`next` of the page before",
}
_ONE = (401, 403, 404, 422, 500, 503)
_WRITING = (400, 401, 403, 404, 409, 413, 415, 422, 500, 503)

LIST_ENDPOINTS = Operation(
    "All endpoints",
    "Where events are posted, how far each got, and what is wrong with it.",
    "events",
    Scope.ADMIN,
    ((200, "The endpoints", "Endpoints"),),
    (401, 403, 422, 500, 503),
)
CREATE_ENDPOINT = Operation(
    "Have events posted somewhere",
    "Every event of the wanted types is posted there in order, signed by Standard Webhooks, and again until it is taken. The answer alone shows the secret.",
    "events",
    Scope.ADMIN,
    ((201, "The endpoint with its secret", "EndpointWithSecret"),),
    tuple(status for status in _WRITING if status != 404),  # noqa: PLR2004 - the status says it
    (IDEMPOTENCY,),
    ref("NewEndpoint"),
    replayed=True,
)
GET_ENDPOINT = Operation(
    "One endpoint",
    "How far it got, and what is wrong with it; never its secret.",
    "events",
    Scope.ADMIN,
    ((200, "The endpoint", "Endpoint"),),
    _ONE,
    (_ID,),
)
CHANGE_ENDPOINT = Operation(
    "Change an endpoint",
    "Pause it, switch it on (also one that was given up: it goes on where it stood), set it back by `since`, or change where and what it gets.",
    "events",
    Scope.ADMIN,
    ((200, "The endpoint", "Endpoint"),),
    tuple(status for status in _WRITING if status != 409),  # noqa: PLR2004 - the status says it
    (_ID,),
    ref("EndpointChange"),
)
DELETE_ENDPOINT = Operation(
    "Delete an endpoint",
    "With its secrets and the record of its deliveries.",
    "events",
    Scope.ADMIN,
    ((204, "It is gone", ""),),
    _ONE,
    (_ID,),
)
ROTATE_SECRET = Operation(
    "Give an endpoint a new secret",
    "The secrets before it sign beside it for `keep_s` more, so that the receiver can change in peace. The answer alone shows the new one.",
    "events",
    Scope.ADMIN,
    ((200, "The endpoint with its new secret", "EndpointWithSecret"),),
    _WRITING,
    (_ID, IDEMPOTENCY),
    ref("Rotation"),
    replayed=True,
)
TEST_ENDPOINT = Operation(
    "Send a test message",
    "Posts a signed message of the type `endpoint.test` now, whatever the endpoint's state, and answers what came of it. It is no event, and is not tried again.",
    "events",
    Scope.ADMIN,
    ((200, "What came of it", "Tested"),),
    _ONE,
    (_ID,),
)
DELIVERIES = Operation(
    "The tries to deliver to an endpoint, the newest first",
    "What failed is kept for 30 days; of what was taken, the last 200.",
    "events",
    Scope.ADMIN,
    ((200, "A page of tries", "Deliveries"),),
    _ONE,
    (_ID, LIMIT, _CURSOR),
)
