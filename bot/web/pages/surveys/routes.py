"""The routes of all pages of surveys."""

from starlette.routing import BaseRoute

from bot.web.pages.shell import Shell
from bot.web.pages.surveys.listing import SurveyList


def survey_routes(shell: Shell) -> list[BaseRoute]:
    """Return the routes."""
    return [*SurveyList(shell).routes()]
