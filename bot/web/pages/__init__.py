"""Pages for managers and admins: see it, filter it, switch it, trust it. Server-rendered, over the same queries as the API."""

from starlette.routing import BaseRoute

from bot.charts.rendering import Drawing
from bot.oidc import Provider
from bot.web.api.survey_trials import Surroundings
from bot.web.live import Live
from bot.web.pages.admin import ADMIN_PLACES, AdminTools, admin_routes
from bot.web.pages.digests import DigestPages
from bot.web.pages.elsewhere import WAY, Elsewhere
from bot.web.pages.entrance import Entrance
from bot.web.pages.first_steps import FirstSteps
from bot.web.pages.home import Home
from bot.web.pages.nowhere import Nowhere
from bot.web.pages.people import People
from bot.web.pages.registry import Registry
from bot.web.pages.reporting.routes import Reporting
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.surveys import survey_routes
from bot.web.pages.tickets import Tickets
from ratings.rights import Right

SETTINGS_PLACES = (
    *ADMIN_PLACES[:-2],
    ("/settings/digests", mark("Digests"), Right.SETUP),
    ("/settings/users", mark("Users"), Right.PEOPLE),
    *ADMIN_PLACES[-2:],
)
"""The pages below /settings, in the order of their navigation: path, title, what they want."""


def page_routes(
    shell: Shell, around: Surroundings, live: Live, drawing: Drawing, provider: Provider | None, tools: AdminTools
) -> list[BaseRoute]:
    """Return the routes of all pages. `around` is what surveys speak through, `live` tells open pages what is new, `drawing` makes the pictures of charts.

    `provider` is where people may sign in, beside passwords; `tools` are what the admin's pages need beside the store.
    """
    shell.say_with(settings_places=SETTINGS_PLACES)
    reporting = Reporting(shell, drawing)
    first_steps = FirstSteps(shell)
    return [
        *shell.static_routes(),
        *Entrance(shell, [(WAY, provider.title)] if provider else []).routes(),
        *(Elsewhere(shell, provider).routes() if provider else []),
        *Home(shell, reporting, first_steps).routes(),
        *first_steps.routes(),
        *reporting.routes(),
        *People(shell, groups_rule=provider is not None and provider.groups_rule).routes(),
        *DigestPages(shell).routes(),
        *survey_routes(shell, around),
        *Registry(shell, live).routes(),
        *Tickets(shell).routes(),
        *admin_routes(shell, tools),
        *Nowhere(shell).routes(),
    ]


__all__ = ["AdminTools", "Shell", "page_routes"]
