"""The routes of all pages of surveys."""

from starlette.routing import BaseRoute

from bot.web.api.survey_trials import Surroundings
from bot.web.pages.shell import PACKAGE, Shell
from bot.web.pages.surveys.editor import Editor
from bot.web.pages.surveys.listing import SurveyList
from bot.web.pages.surveys.previewing import Previewing
from bot.web.pages.surveys.rehearsing import Rehearsing
from bot.web.pages.surveys.trying import Trying
from bot.web.pages.surveys.versions import Versions
from bot.web.pages.surveys.whole import Whole
from bot.web.static_files import StaticFile


def survey_routes(shell: Shell, around: Surroundings) -> list[BaseRoute]:
    """Return the routes."""
    files = [shell.add_file(StaticFile(PACKAGE, name), name) for name in ("surveys.css", "surveys.js")]
    editor = Editor(shell, around, Previewing(around), Rehearsing(shell, around))
    return [
        *files,
        *SurveyList(shell).routes(),
        *editor.routes(),
        *Versions(shell).routes(),
        *Trying(shell, around).routes(),
        *Whole(shell).routes(),
    ]
