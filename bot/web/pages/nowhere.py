"""Every address that nothing else is at: a browser gets a page that leads on; all else is told what the API would tell."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import Visit

_ANYWHERE = "/{path:path}"


class Nowhere:
    """The last of all routes."""

    def __init__(self, shell: Shell) -> None:
        self._page = shell.page(_ANYWHERE, self.show, open_to_all=True)

    def routes(self) -> list[BaseRoute]:
        """Return the route."""
        return [_ForBrowsers(_ANYWHERE, self._page.endpoint)]

    async def show(self, visit: Visit) -> Response:
        """Say so."""
        return refuse(
            visit, 404, mark("There is no such page"), mark("The address is mistyped, or what it led to is gone.")
        )


class _ForBrowsers(Route):
    """Matches what a browser opens, and nothing else: a wrong method of another address must stay one."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        opened = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        if not opened or "text/html" not in Headers(scope=scope).get("accept", ""):
            return Match.NONE, {}
        return super().matches(scope)
