"""Surveys: read, and changed by whoever saw their newest version (If-Match)."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import ApiProblem
from bot.web.api.queries import no_parameters, page
from bot.web.api.survey_trials import Surroundings, find_survey, own_members
from ratings.store.keys import ApiKey, Scope
from ratings.store.pauses import RunPauses
from ratings.store.store import Store
from ratings.store.survey_history import list_versions, open_invitations, pauses
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import Survey, parse_survey, survey_to_dict
from ratings.times import format_instant

EFFECT = (
    "texts: new words from now on; scale, labels, timing, outcomes and language stay as they were decided for invitations "
    "that are open; rules are not applied to them again"
)
"""What an edit does to invitations that are open."""

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')


class SurveyRoutes:
    """`/v1/surveys`."""

    def __init__(self, store: Store, access: Access, surroundings: Surroundings, max_body: int) -> None:
        self._store = store
        self._access = access
        self._around = surroundings
        self._max_body = max_body

    async def list(self, request: Request) -> Response:
        """List all surveys."""
        key = await self._access.require(request, Scope.READ)
        no_parameters(request)
        surveys = await self._store.read(load_surveys)
        return answer(page([shown_survey(for_key(survey, key)) for survey in surveys], None))

    async def create(self, request: Request) -> Response:
        """Make a new survey."""
        key = await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        data = own_members(decode(await read_json_body(request, self._max_body)))
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name != "version"}
        saved = await self._store.writer.do(SaveSurvey(parse_survey(data), 0, key.by))
        if saved.conflict or saved.survey is None:
            raise ApiProblem(409, "there is a survey with this id: change it by PATCH")
        return await self._saved(saved.survey, 201, {"location": f"{request.url.path}/{saved.survey.id}"})

    async def versions(self, request: Request) -> Response:
        """List a survey's versions, the newest first, and when it was off."""
        await self._access.require(request, Scope.READ)
        no_parameters(request)
        survey = await self._find(request)
        versions = await self._store.read(list_versions, survey.id)
        items = [
            {
                "version": each.version,
                "at": format_instant(each.at),
                "by": each.by,
                "enabled": each.enabled,
                "changed": each.changed,
            }
            for each in reversed(versions)
        ]
        off = [
            {"from": format_instant(each.since), "to": None if each.until is None else format_instant(each.until)}
            for each in reversed(pauses(versions))
        ]
        return answer({**page(items, None), "paused": off})

    async def get(self, request: Request) -> Response:
        """Return one survey with its version as ETag."""
        key = await self._access.require(request, Scope.READ)
        no_parameters(request)
        survey = await self._find(request)
        return answer(shown_survey(for_key(survey, key)), headers={"etag": etag(survey)})

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
        changed = parse_survey(own_members(decode(body)), base=survey)
        saved = await self._store.writer.do(SaveSurvey(changed, survey.version, key.by))
        if saved.conflict or saved.survey is None:
            raise _stale(saved.survey)
        if not saved.survey.enabled and saved.survey.when_paused == "cancel":
            await self._store.writer.do(RunPauses())  # the first of them; upkeep does the rest
        return await self._saved(saved.survey)

    async def _saved(self, survey: Survey, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """Return a survey that was saved, with what that does and what cannot be said."""
        data = {
            **shown_survey(survey),
            "open_invitations": await self._store.read(open_invitations, survey.id),
            "effect": EFFECT,
            "warnings": await asyncio.to_thread(self._around.warnings, survey),
        }
        return answer(data, status, {"etag": etag(survey), **(headers or {})})

    async def _find(self, request: Request) -> Survey:
        return await find_survey(self._store, request.path_params["survey_id"])


def etag(survey: Survey) -> str:
    """Return the entity tag of a survey's version."""
    return f'"{survey.version}"'


def matches(if_match: list[str], survey: Survey) -> bool:
    """Decide whether If-Match (RFC 9110 §13.1.1) names this version. `*` is any; a weak tag never matches."""
    given = ",".join(if_match).strip()
    return given == "*" or etag(survey) in _TAG.findall(given)


def for_key(survey: Survey, key: ApiKey) -> Survey:
    """Return what a key may see: addresses of staff are for those who set them."""
    if key.scope.allows(Scope.ADMIN):
        return survey
    return replace(survey, alerts=replace(survey.alerts, to=()), rules=replace(survey.rules, staff=()))


def shown_survey(survey: Survey) -> dict[str, Any]:
    """Return a survey as it is answered: with since when it is off."""
    paused_at = None if survey.paused_at is None else format_instant(survey.paused_at)
    return {**survey_to_dict(survey), "paused_at": paused_at}


def _stale(survey: Survey | None) -> ApiProblem:
    now = "is gone" if survey is None else f"has the version {etag(survey)} now"
    headers = {} if survey is None else {"etag": etag(survey)}
    return ApiProblem(412, f"the survey {now}: read it again and repeat the change", headers=headers)
