"""The operations about surveys as the OpenAPI describes them."""

from bot.web.api import answers, survey_answers, survey_schemas
from bot.web.api.operations import Operation, parameter
from bot.web.api.schemas import Schema, ref
from ratings.store.keys import Scope

_ID = parameter("survey_id", {"type": "string"}, "the survey's id", "path", required=True)
_IF_MATCH = parameter(
    "If-Match", {"type": "string"}, "the ETag of the version that the change was made from", "header", required=True
)
_ONE = (401, 403, 404, 422, 500, 503)
_WRITING = (400, 401, 403, 404, 413, 415, 422, 500, 503)
_SAVED = "The survey as it now stands, its open invitations, and what cannot be said"

LIST_SURVEYS = Operation(
    "All surveys",
    "In their newest versions.",
    "surveys",
    Scope.READ,
    ((200, "The surveys", "Surveys"),),
    (401, 403, 422, 500, 503),
)
CREATE_SURVEY = Operation(
    "A new survey",
    "What is not named is the default. `Location` names it. 409 where there is one with this id.",
    "surveys",
    Scope.ADMIN,
    ((201, _SAVED, "SavedSurvey"),),
    (400, 401, 403, 409, 413, 415, 422, 500, 503),
    (),
    ref("NewSurvey"),
    etag=True,
)
GET_SURVEY = Operation(
    "One survey",
    "Its ETag is its version.",
    "surveys",
    Scope.READ,
    ((200, "The survey", "Survey"),),
    _ONE,
    (_ID,),
    etag=True,
)
CHANGE_SURVEY = Operation(
    "Change a survey",
    'What is not named stays. `{"enabled": false}` is the switch; it acts from the next decision on, in every process. '
    "The answer tells what the change does to invitations that are open.",
    "surveys",
    Scope.ADMIN,
    ((200, _SAVED, "SavedSurvey"),),
    (400, 401, 403, 404, 412, 413, 415, 422, 428, 500, 503),
    (_ID, _IF_MATCH),
    ref("SurveyChange"),
    etag=True,
)
SURVEY_VERSIONS = Operation(
    "The versions of a survey, the newest first",
    "Who saved which, what changed, and when the survey was off.",
    "surveys",
    Scope.READ,
    ((200, "All versions, and the times in which it was off", "SurveyVersions"),),
    _ONE,
    (_ID,),
)
PREVIEW_SURVEY = Operation(
    "What customers would see",
    "On every configured account, or on every kind where none is configured: the question, each reminder, the first message "
    "with its greeting, and what is said after each rating. `draft` is tried in place of the survey; nothing is stored.",
    "surveys",
    Scope.ADMIN,
    ((200, "Each channel, and what cannot be said", "Preview"),),
    _WRITING,
    (_ID,),
    ref("Previewing"),
)
TEST_SURVEY = Operation(
    "Send the question to oneself",
    "For real: by the account, its pace and its platform. Taps on it count nowhere and are answered so. The answer comes "
    "after the first try, or after five seconds.",
    "surveys",
    Scope.ADMIN,
    ((202, "How far it is", "TestMessage"),),
    _WRITING,
    (_ID,),
    ref("Testing"),
)
REHEARSE_SURVEY = Operation(
    "Rehearse a draft",
    "Decides the closings of the last `days` anew, as if the draft had been on: how many would have been asked, by reason, "
    "channel and agent, against what was. Nothing is sent or stored. 409 while another rehearsal runs.",
    "surveys",
    Scope.ADMIN,
    ((200, "What it found", "Rehearsal"),),
    (400, 401, 403, 404, 409, 413, 415, 422, 500, 503),
    (_ID,),
    ref("Rehearsing"),
)

SURVEY_COMPONENTS: dict[str, Schema] = {
    "Scale": survey_schemas.SCALE,
    "Survey": survey_schemas.SURVEY,
    "SurveyChange": survey_schemas.SURVEY_CHANGE,
    "NewSurvey": survey_schemas.NEW_SURVEY,
    "Surveys": answers.list_of("Survey"),
    "SavedSurvey": survey_answers.SAVED_SURVEY,
    "SurveyVersions": survey_answers.VERSIONS,
    "Previewing": survey_answers.PREVIEWING,
    "Preview": survey_answers.PREVIEW,
    "Testing": survey_answers.TESTING,
    "TestMessage": survey_answers.TEST_MESSAGE,
    "Rehearsing": survey_answers.REHEARSING,
    "Rehearsal": survey_answers.REHEARSAL,
}
