"""The operations about desks, and about corrections of what they are told, as the OpenAPI describes them."""

from bot.web.api.operations import INVITATION_ID, Operation
from bot.web.api.schemas import Schema, ref
from ratings.store.keys import Scope

_NAME: Schema = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "the desk, such as pyrus.main",
}

LIST_DESKS = Operation(
    "All desks",
    "What waits to be written to each, what failed for good, and the last error in the desk's own words.",
    "desks",
    Scope.ADMIN,
    ((200, "The desks", "Desks"),),
    (401, 403, 422, 500, 503),
)
RETRY_DESK = Operation(
    "Try failed writes anew",
    "What failed for good, or was refused in part, is written again, and tried as long as the first time.",
    "desks",
    Scope.ADMIN,
    ((200, "What is so now", "Desk"),),
    (401, 403, 404, 422, 500, 503),
    (_NAME,),
)
EDIT_RATING = Operation(
    "Correct a rating",
    "Another value counts from now on, however old the rating is. The customer's words stay as they are, and nobody is told; the history keeps who and why, and the desk's score and tag follow.",
    "reports",
    Scope.ADMIN,
    ((200, "What is so now", "Votes"),),
    (400, 401, 403, 404, 409, 413, 415, 422, 500, 503),
    (INVITATION_ID,),
    ref("RatingEdit"),
)
