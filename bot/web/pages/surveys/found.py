"""What every page of surveys needs: the survey that it is about, who changed it, and how it is saved."""

from dataclasses import dataclass

from starlette.responses import Response

from bot.web.pages.shell import refuse
from bot.web.pages.speech import Say, mark
from bot.web.pages.visit import Form, Visit
from ratings.store.pauses import RunPauses
from ratings.store.survey_history import open_invitations
from ratings.store.surveys import SaveSurvey, SurveySaved, load_surveys
from ratings.survey import Survey


@dataclass(frozen=True, slots=True)
class Standing:
    """A survey with how many of its invitations wait: for their prompt, and for an answer."""

    survey: Survey
    scheduled: int
    asked: int


async def find_survey(visit: Visit) -> Survey | None:
    """Return the survey that the address names, in its newest version."""
    wanted = visit.request.path_params["survey_id"]
    for survey in await visit.shell.store.read(load_surveys):
        if survey.id == wanted:
            return survey
    return None


def no_survey(visit: Visit) -> Response:
    """Say that there is no such survey."""
    return refuse(visit, 404, mark("There is no such survey"), mark("Look for it in the list of surveys."))


def version_of(form: Form) -> int:
    """Return the version that a form was made from; 0, which no survey has, where it does not say."""
    given = form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0  # noqa: PLR2004 - no survey is saved a billion times


async def save(visit: Visit, survey: Survey, expected_version: int) -> SurveySaved:
    """Save a survey over the version that its form was made from; what it then cancels is cancelled at once."""
    writer = visit.shell.store.writer
    saved = await writer.do(SaveSurvey(survey, expected_version, visit.by))
    if not saved.conflict and not survey.enabled and survey.when_paused == "cancel":
        await writer.do(RunPauses())  # the first of them; upkeep does the rest
    return saved


async def standing(visit: Visit, survey: Survey) -> Standing:
    """Return a survey with what is open of it."""
    found = await visit.shell.store.read(open_invitations, survey.id)
    return Standing(survey, found["scheduled"], found["asked"])


def who(say: Say, by: str) -> str:
    """Name whoever saved a version: the store knows "user:ann", "api:crm", "cli" and the first migration."""
    kind, _, name = by.partition(":")
    if kind == "user" and name:
        return name
    if kind in {"api", "key"} and name:
        return say("the key “%(name)s”", name=name)
    if kind == "cli":
        return say("the command line")
    return say("Tapfive itself")
