"""Surveys: read, and changed by whoever saw their newest version (If-Match)."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import no_parameters, page
from ratings.store.keys import Scope
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import Survey, parse_survey, survey_to_dict

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


class SurveyRoutes:
    """`/v1/surveys`."""

    def __init__(self, store: Store, access: Access, max_body: int) -> None:
        self._store = store
        self._access = access
        self._max_body = max_body

    async def list(self, request: Request) -> Response:
        """List all surveys."""
        await self._access.require(request, Scope.READ)
        no_parameters(request)
        surveys = await self._store.read(load_surveys)
        return answer(page([survey_to_dict(survey) for survey in surveys], None))

    async def get(self, request: Request) -> Response:
        """Return one survey with its version as ETag."""
        await self._access.require(request, Scope.READ)
        no_parameters(request)
        return _shown(await self._find(request))

    async def change(self, request: Request) -> Response:
        """Change what the body names, if the survey still has the version that If-Match names."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = await read_json_body(request, self._max_body)
        survey = await self._find(request)
        wanted = request.headers.getlist("if-match")
        if not wanted:
            raise ApiProblem(428, f"this needs If-Match with the ETag that was read, now {etag(survey)}")
        if not matches(wanted, survey):
            raise _stale(survey)
        changed = parse_survey(decode(body), base=survey)
        saved = await self._store.writer.do(SaveSurvey(changed, survey.version, f"api:{key.name}"))
        if saved.conflict or saved.survey is None:
            raise _stale(saved.survey)
        return _shown(saved.survey)

    async def _find(self, request: Request) -> Survey:
        survey_id = request.path_params["survey_id"]
        for survey in await self._store.read(load_surveys):
            if survey.id == survey_id:
                return survey
        raise ApiProblem(404, "there is no such survey")


def etag(survey: Survey) -> str:
    """Return the entity tag of a survey's version."""
    return f'"{survey.version}"'


def matches(if_match: list[str], survey: Survey) -> bool:
    """Decide whether If-Match (RFC 9110 §13.1.1) names this version. `*` is any; a weak tag never matches."""
    given = ",".join(if_match).strip()
    return given == "*" or etag(survey) in _TAG.findall(given)


def _shown(survey: Survey) -> Response:
    data: dict[str, Any] = survey_to_dict(survey)
    return answer(data, headers={"etag": etag(survey)})


def _stale(survey: Survey | None) -> ApiProblem:
    now = "is gone" if survey is None else f"has the version {etag(survey)} now"
    headers = {} if survey is None else {"etag": etag(survey)}
    return ApiProblem(412, f"the survey {now}: read it again and repeat the change", headers=headers)
