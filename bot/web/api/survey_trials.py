"""What an admin tries of a survey before it is used: previews, a test message, a rehearsal. Nothing of it is stored."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.destinations import cannot_tell
from bot.previews import SAMPLE_TICKET, previews, survey_warnings, test_detail
from bot.web.api.access import Access
from bot.web.api.bodies import answer, decode, read_json_body
from bot.web.api.errors import ApiProblem, wrong_fields
from bot.web.api.queries import no_parameters
from bot.web.api.survey_schemas import ANSWERED_ONLY
from bot.web.api.waiting import clock_stopped
from bot.zones import zone_of
from channels import registry
from channels.base import Channel
from net.guard import Guard
from ratings import reading
from ratings.errors import FieldError, InvalidInput, found
from ratings.store.closings import Installation
from ratings.store.keys import Scope
from ratings.store.rehearsing import MAX_DAYS, RehearsalTooLarge, rehearse
from ratings.store.store import Store
from ratings.store.surveys import load_surveys
from ratings.store.trials import QueueTest, Trial, trial
from ratings.survey import Survey, parse_survey
from ratings.texts import pick_language
from ratings.ticket import MAX_ADDRESS, MAX_SHORT, parse_ticket, ticket_to_dict
from ratings.times import Instant

DEFAULT_DAYS = 30
TEST_SECONDS = 5.0
"""How long the answer waits for the first try of a test message."""

_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a survey speaks through: the accounts, what decisions depend on, where customers reach this service, and which URLs are posted to."""

    channels: Mapping[str, Channel]
    installation: Installation
    public_url: str
    guard: Guard

    def warnings(self, survey: Survey) -> list[dict[str, object]]:
        """Return what cannot be said, and who cannot be told. Takes its time: a thread's work."""
        found = survey_warnings(survey, self.channels, self.public_url)
        for index, destination in enumerate(survey.alerts.to):
            if problem := cannot_tell(destination, self.channels, self.guard):
                found.append(
                    {"pointer": f"/alerts/to/{index}", "channel": None, "detail": f"nobody is told: {problem}"}
                )
        return found


class SurveyTrials:
    """`/v1/surveys/{survey_id}/preview`, `/test` and `/rehearse`."""

    def __init__(
        self,
        store: Store,
        access: Access,
        surroundings: Surroundings,
        max_body: int,
        clock: Callable[[], Instant],
    ) -> None:
        self._store = store
        self._access = access
        self._around = surroundings
        self._max_body = max_body
        self._clock = clock
        self._rehearsing = False

    async def preview(self, request: Request) -> Response:
        """Show what customers would see."""
        given = await self._read(request, ("draft", "language", "ticket"))
        survey, around = given.survey, self._around
        channels: Mapping[str, Channel | None] = around.channels or dict.fromkeys(registry.kinds())
        shown = await asyncio.to_thread(previews, survey, channels, given.language, given.ticket, around.public_url)
        warnings = await asyncio.to_thread(around.warnings, survey)
        return answer({"language": given.language, "channels": shown, "warnings": warnings})

    async def test(self, request: Request) -> Response:
        """Send the question to oneself."""
        given = await self._read(request, ("channel", "address", "draft", "language", "ticket"))
        errors: list[FieldError] = []
        account = given.body.get("channel")
        address = reading.identity(errors, given.body.get("address"), "/address", MAX_ADDRESS, required=True)
        if not isinstance(account, str) or account not in self._around.channels:
            listed = ", ".join(self._around.channels) or "none"
            errors.append(FieldError("/channel", f"{found(account)}; expected a configured account: {listed}"))
        if errors or address is None or not isinstance(account, str):
            raise wrong_fields(errors)
        detail = test_detail(given.survey, given.language, given.ticket)
        job_id = await self._store.writer.do(QueueTest(account, address, detail))
        tried = await self._tried(job_id)
        return answer({"job": job_id, "state": tried.state, "code": tried.code, "detail": tried.text}, 202)

    async def rehearse(self, request: Request) -> Response:
        """Decide the closings of the last days anew by a draft."""
        given = await self._read(request, ("draft", "days"))
        days = given.body.get("days", DEFAULT_DAYS)
        if type(days) is not int or not 1 <= days <= MAX_DAYS:
            raise wrong_fields([FieldError("/days", f"{found(days)}; expected a whole number from 1 to {MAX_DAYS}")])
        if self._rehearsing:
            raise ApiProblem(409, "another rehearsal runs: come again when it is done", headers={"retry-after": "5"})
        self._rehearsing = True
        try:
            with clock_stopped(request):
                rehearsed = await asyncio.to_thread(
                    rehearse,
                    self._store,
                    given.survey,
                    now=self._clock(),
                    days=days,
                    accounts=frozenset(self._around.channels),
                    installation=self._around.installation,
                    zone_of=zone_of,
                )
        except RehearsalTooLarge as error:
            raise wrong_fields([FieldError("/days", str(error))]) from None
        finally:
            self._rehearsing = False
        return answer({"survey": given.survey.id, **rehearsed.to_dict()})

    async def _tried(self, job_id: int) -> Trial:
        """Return what came of the first try, or how far it is when nobody should wait any longer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TEST_SECONDS
        while True:
            tried = await self._store.read(trial, job_id)
            if tried.tried or loop.time() >= until:
                return tried
            await asyncio.sleep(_LOOK_EVERY)

    async def _read(self, request: Request, known: tuple[str, ...]) -> "_Given":
        await self._access.require(request, Scope.ADMIN)
        no_parameters(request)
        body = decode(await read_json_body(request, self._max_body))
        survey = await find_survey(self._store, request.path_params["survey_id"])
        errors: list[FieldError] = []
        if not isinstance(body, dict):
            raise wrong_fields([FieldError("", f"{found(body)}; expected an object")])
        errors += [
            FieldError(f"/{key}", f"unknown key; expected one of {', '.join(known)}")
            for key in body
            if key not in known
        ]
        wanted = reading.text(errors, body.get("language"), "/language", MAX_SHORT)
        ticket: Mapping[str, Any] = SAMPLE_TICKET
        try:
            if body.get("draft") is not None:
                survey = parse_survey(own_members(body["draft"]), base=survey)
        except InvalidInput as wrong:
            errors += [FieldError(f"/draft{each.pointer}", each.detail) for each in wrong.errors]
        try:
            if body.get("ticket") is not None:
                ticket = ticket_to_dict(parse_ticket(body["ticket"], now=self._clock()))
        except InvalidInput as wrong:
            errors += [FieldError(f"/ticket{each.pointer}", each.detail) for each in wrong.errors]
        if errors:
            raise wrong_fields(errors)
        return _Given(body, survey, pick_language(wanted, survey.languages, survey.language), ticket)


@dataclass(frozen=True, slots=True)
class _Given:
    """A body, with the survey that it means (the draft, where there is one), its language and its ticket."""

    body: dict[str, Any]
    survey: Survey
    language: str
    ticket: Mapping[str, Any]


async def find_survey(store: Store, survey_id: str) -> Survey:
    """Return a survey in its newest version. Raises ApiProblem (404)."""
    for survey in await store.read(load_surveys):
        if survey.id == survey_id:
            return survey
    raise ApiProblem(404, "there is no such survey")


def own_members(data: object) -> object:
    """Return a change without what only answers tell, so that what was read can be sent back."""
    if not isinstance(data, dict):
        return data
    return {key: value for key, value in data.items() if key not in ANSWERED_ONLY}
